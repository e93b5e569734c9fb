//! What a Rust program does with encast: forecast, recommend, train on own measurements, save, reload.
//!
//! `encast-example FOLDER` writes its bundle to the folder.

use std::path::PathBuf;

use encast::{
    Codec, Model, PredictionFeatures, PredictionTargets, RecommendOptions, Recommendation, Target, TrainOptions,
    load_model, predict, recommend_bitrate, retrain, save_model,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);

    // The default model is embedded: nothing has to exist on disk.
    let model = Model::embedded()?;
    let request = PredictionFeatures {
        codec: Some(Codec::H264),
        preset: Some("medium".to_owned()),
        duration_s: Some(600.0),
        ..PredictionFeatures::new(2500.0, 1280.0, 720.0, 30.0, 0.0, 0.4)
    };
    let answer = predict(&request, &model)?;
    for (target, estimate) in answer.estimates() {
        println!(
            "{target:>15} {:12.4} ({:.4} to {:.4}) {}",
            estimate.value,
            estimate.lower,
            estimate.upper,
            target.unit()
        );
    }
    println!("     confidence {:12.2}", answer.confidence);

    let goal = RecommendOptions { target_vmaf: 90.0, ..Default::default() };
    match recommend_bitrate(&request, &model, &goal)? {
        Recommendation::Reached(choice) => println!("VMAF 90 at {:.0} kbit/s", choice.setting),
        Recommendation::Unreachable(best) => println!("VMAF 90 is unreachable, {:.1} is not", best.vmaf.value),
        Recommendation::OverLimit(over) => println!("{} would be {:.1}", over.limit.name(), over.forecast),
    }

    // Train on own measurements. These are made up for the demonstration: eight titles of rising difficulty.
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for title in 0..8 {
        for step in 0..12 {
            let bitrate = 300.0 * 1.4f64.powi(step);
            features.push(PredictionFeatures { bitrate_kbps: Some(bitrate), ..request.clone() });
            let mut measured = PredictionTargets::of_title(format!("title {title}"));
            let difficulty = 9.0 + f64::from(title) / 4.0;
            measured.set(Target::Vmaf, Some(98.0 / (1.0 + (difficulty - bitrate.log2()).exp())));
            targets.push(measured);
        }
    }
    let options = TrainOptions { version: "my-model-1".to_owned(), ..Default::default() };
    let own = retrain(&features, &targets, &options)?;
    let path = folder.join("my-model.encast");
    save_model(&own, &path)?;
    let reloaded = load_model(&path)?;
    assert_eq!(predict(&request, &own)?, predict(&request, &reloaded)?);
    let r2 = reloaded.metadata().metrics.vmaf_r2.unwrap_or(f64::NAN);
    println!("trained {}: VMAF R² by title {r2:.2}, saved to {}", reloaded.metadata().version, path.display());
    Ok(())
}
