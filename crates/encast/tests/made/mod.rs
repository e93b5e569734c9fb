//! Made-up encodes by a closed form, for tests of mechanics (never for figures).
#![allow(dead_code)]

use std::sync::OnceLock;

use encast::*;

/// A logistic rate–quality curve whose midpoint moves with the title's complexity, the size and the codec.
pub fn vmaf(bitrate_kbps: f64, height: f64, complexity: f64, codec: Codec) -> f64 {
    let midpoint = 9.0 + complexity + (height / 720.0).log2() - if codec == Codec::Hevc { 0.7 } else { 0.0 };
    let ceiling = if height < 1000.0 { 90.0 } else { 98.0 };
    ceiling / (1.0 + (-1.1 * (bitrate_kbps.log2() - midpoint)).exp())
}

/// `titles` titles × 2 codecs × 2 sizes × 6 bitrates.
pub fn table(titles: usize) -> (Vec<PredictionFeatures>, Vec<PredictionTargets>) {
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    for title in 0..titles {
        let complexity = (title as f64 * 0.618).fract() * 3.0;
        for codec in [Codec::H264, Codec::Hevc] {
            for (width, height) in [(1280.0, 720.0), (1920.0, 1080.0)] {
                for step in 0..6 {
                    let bitrate = 250.0 * 2f64.powi(step) * (1.0 + title as f64 / 50.0);
                    let vmaf = vmaf(bitrate, height, complexity, codec);
                    features.push(PredictionFeatures {
                        bitrate_kbps: Some(bitrate),
                        crf: Some(45.0 - 4.0 * f64::from(step) + complexity),
                        codec: Some(codec),
                        preset: Some(if title % 2 == 0 { "medium" } else { "veryfast" }.to_owned()),
                        source_width: Some(1920.0),
                        source_height: Some(1080.0),
                        si_mean: Some(20.0 + 10.0 * complexity),
                        ti_mean: Some(4.0 + 6.0 * complexity),
                        probe_bitrate_kbps: Some(200.0 * complexity.exp2()),
                        probe_psnr: Some(40.0 - 3.0 * complexity),
                        probe_vmaf: Some(60.0 - 10.0 * complexity),
                        duration_s: Some(10.0),
                        frame_rate: Some(if title % 3 == 0 { 25.0 } else { 30.0 }),
                        resolution_width: width,
                        resolution_height: height,
                        ..Default::default()
                    });
                    let mut measured = PredictionTargets::of_title(format!("made {title}"));
                    measured
                        .set(Target::Vmaf, Some(vmaf))
                        .set(Target::Psnr, Some(25.0 + vmaf / 5.0 - complexity))
                        .set(Target::CpuSeconds, Some(width * height * 300.0 / 2e7 * (1.0 + complexity / 4.0)));
                    targets.push(measured);
                }
            }
        }
    }
    (features, targets)
}

/// A model trained once on the made-up table, shared by the tests of one file.
pub fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| {
        let (features, targets) = table(16);
        let options = TrainOptions {
            version: "made-up".to_owned(),
            trained_at: 1_763_683_200,
            profile: Some(profile()),
            vmaf_model: Some("closed form".to_owned()),
            ..Default::default()
        };
        retrain(&features, &targets, &options).unwrap()
    })
}

pub fn profile() -> ResourceProfile {
    ResourceProfile {
        name: "made-up".to_owned(),
        usd_per_cpu_hour: 0.036,
        watts_per_cpu: 10.0,
        pue: 1.5,
        grid_g_per_kwh: 400.0,
        source: "made up for the tests".to_owned(),
    }
}

/// A request that the made-up model knows everything of.
pub fn request() -> PredictionFeatures {
    PredictionFeatures {
        codec: Some(Codec::H264),
        preset: Some("medium".to_owned()),
        source_width: Some(1920.0),
        source_height: Some(1080.0),
        si_mean: Some(35.0),
        ti_mean: Some(13.0),
        duration_s: Some(60.0),
        bitrate_kbps: Some(2000.0),
        resolution_width: 1280.0,
        resolution_height: 720.0,
        frame_rate: Some(30.0),
        ..Default::default()
    }
}
