//! What must hold of every model of another library that could be read.

use encast_trees::{
    FlatEnsemble,
    exchange::{
        ForeignModel,
        onnx::{OnnxLabels, read, write},
    },
};

/// Larger models only cost time.
const MOST_COLUMNS: usize = 64;

/// Both evaluators say the same, bit for bit, and so does the model that ONNX makes of it, but for rounding.
pub fn agrees(model: &ForeignModel) {
    let ensemble = &model.ensemble;
    if ensemble.columns() > MOST_COLUMNS {
        return;
    }
    let flat = FlatEnsemble::new(ensemble);
    let names: Vec<String> = (0..ensemble.columns()).map(|at| format!("c{at}")).collect();
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    let written = write(ensemble, &OnnxLabels { columns: &columns, producer: ("fuzz", "0"), metadata: &[] });
    // A base or a leaf may be too large for single precision.
    let again = read(&written.expect("every column has a name")).ok();
    for value in [f32::NAN, 0.0, -1.0, 1e-40, 3.5, 1e30] {
        let row = vec![value; ensemble.columns()];
        let forecast = ensemble.predict(&row);
        assert_eq!(forecast.to_bits(), flat.predict(&row).to_bits());
        if let Some(again) = &again {
            let most: f64 = ensemble
                .members()
                .iter()
                .map(|m| m.base.abs() + m.trees.iter().map(|t| f64::from(t.evaluate(&row).abs())).sum::<f64>())
                .sum();
            assert!((forecast - again.ensemble.predict(&row)).abs() <= 1e-6 * most + 1e-30);
        }
    }
}
