//! Writes the small models that are seeds of the target `bundle`, and the models of the target `calls`:
//! `cargo run --example small_models`.

use std::{error::Error, path::Path};

use encast::{
    Encoder, ModelKind, PredictionFeatures, PredictionTargets, ResourceProfile, Target, TrainOptions, Tuning, retrain,
    save_model,
};

fn rows() -> (Vec<PredictionFeatures>, Vec<PredictionTargets>) {
    let mut rows = (Vec::new(), Vec::new());
    for title in 0..4 {
        for (at, rate) in [300.0, 800.0, 2000.0, 5000.0, 12000.0].into_iter().enumerate() {
            for (width, height) in [(640.0, 360.0), (1280.0, 720.0)] {
                let mut request = PredictionFeatures::new(rate, width, height, 25.0, 0.0, 0.2 * f64::from(title));
                request.encoder = Some([Encoder::Libx264, Encoder::Libx265][at % 2]);
                request.preset = Some("medium".to_owned());
                request.crf = Some(45.0 - 5.0 * at as f64);
                request.duration_s = Some(10.0);
                let mut targets = PredictionTargets::of_title(format!("title {title}"));
                let vmaf = 100.0 - 4e4 * f64::from(1 + title) / (rate + 500.0) * (height / 720.0_f64).sqrt();
                targets.set(Target::Vmaf, Some(vmaf.max(0.0)));
                targets.set(Target::BitrateKbps, Some(rate));
                targets.set(Target::CpuSeconds, Some(width * height / 1e5 * f64::from(1 + title)));
                rows.0.push(request);
                rows.1.push(targets);
            }
        }
    }
    rows
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/bundle");
    let (features, targets) = rows();
    let tuning = Tuning { trees: Some(2), leaves: Some(3), centres: 2, steps: 2, ..Tuning::default() };
    let profile = ResourceProfile {
        name: "p".to_owned(),
        usd_per_cpu_hour: 0.04,
        watts_per_cpu: 8.0,
        pue: 1.2,
        grid_g_per_kwh: 300.0,
        source: "made up".to_owned(),
    };
    let options = TrainOptions { tuning, profile: Some(profile), ..TrainOptions::default() };
    let boosting = TrainOptions { model_kind: ModelKind::Boosting, ..options.clone() };
    // Curves are large: of one target alone.
    let options = TrainOptions { targets: vec![Target::Vmaf], ..options };
    for (name, options) in [("blend", options), ("boosting", boosting)] {
        let model = retrain(&features, &targets, &options)?;
        for extension in ["encast", "json"] {
            save_model(&model, &folder.join(format!("{name}.{extension}")))?;
        }
    }
    Ok(())
}
