//! Times training and prediction on a table from a file; `benches/speed/speed.py` runs it beside LightGBM.
//!
//! `speed FILE ROWS COLUMNS REPEATS`: the file holds the features row by row, then the targets, as little-endian f32.
//! Prints one JSON object; times are medians, in nanoseconds.

use std::{error::Error, hint::black_box, time::Instant};

use encast_trees::{BinnedRows, BoostingParams, FlatEnsemble, Rows, Sample};

fn median(repeats: usize, mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..repeats {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_nanos() as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, rows, columns, repeats] = arguments.as_slice() else {
        return Err("usage: speed FILE ROWS COLUMNS REPEATS".into());
    };
    let (rows, columns, repeats): (usize, usize, usize) = (rows.parse()?, columns.parse()?, repeats.parse()?);
    let bytes = std::fs::read(file)?;
    let (numbers, _) = bytes.as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|&number| f32::from_le_bytes(number)).collect();
    if numbers.len() != rows * (columns + 1) {
        return Err(format!("{} numbers in the file, {} expected", numbers.len(), rows * (columns + 1)).into());
    }
    let (values, targets) = numbers.split_at(rows * columns);
    let table = Rows::new(values, columns)?;
    let params = BoostingParams::new().trees(400).learning_rate(0.05).max_leaves(31).threads(1).seed(1).check()?;

    let mut ensemble = None;
    let training = median(repeats, || {
        let binned = BinnedRows::new(table, 255)?;
        let sample = Sample { binned: &binned, targets, weights: None, rows: None, columns: None };
        ensemble = Some(params.fit(&sample, None)?.ensemble);
        Ok(())
    })?;
    let model = FlatEnsemble::new(&ensemble.ok_or("no repeat")?);
    let mut out = vec![0.0; rows];
    let batch = median(repeats, || Ok(model.predict_batch(table, &mut out)?))?;
    let single = median(repeats, || {
        (0..rows).for_each(|row| _ = black_box(model.predict(black_box(table.row(row)))));
        Ok(())
    })?;
    let squared: f64 = out.iter().zip(targets).map(|(a, &b)| (a - f64::from(b)).powi(2)).sum();
    println!(
        "{{\"trees\":{},\"training_ns\":{training},\"batch_ns\":{batch},\"single_ns\":{single},\"rmse\":{}}}",
        model.trees(),
        (squared / rows as f64).sqrt()
    );
    Ok(())
}
