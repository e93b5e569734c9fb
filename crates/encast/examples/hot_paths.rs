//! Repeats one hot path so often; `scripts/instruction-counts.sh` counts the instructions of a repetition.
//!
//! `hot_paths NAME TIMES`, or `hot_paths` to list the names.

use std::{error::Error, hint::black_box};

use encast::{Encoder, Model, PredictOptions, PredictionFeatures, RecommendOptions, predict_batch, predict_with};
use encast_trees::{Ensemble, FlatEnsemble, Member, Node, Rows, Tree};

const NAMES: [&str; 10] = [
    "forecast-six-fields",
    "forecast-content",
    "forecast-probe",
    "recommend-bitrate",
    "batch-of-256",
    "load-default-model",
    "trees-31-single",
    "trees-31-batch-of-64",
    "trees-64-single",
    "trees-256-batch-of-64",
];

fn request(name: &str) -> PredictionFeatures {
    let mut request = PredictionFeatures::new(2500.0, 1280.0, 720.0, 30.0, 0.01, 0.5);
    if name == "forecast-six-fields" {
        return request;
    }
    request = PredictionFeatures {
        encoder: Some(Encoder::Libx264),
        preset: Some("medium".to_owned()),
        threads: Some(4.0),
        passes: Some(1.0),
        source_width: Some(1920.0),
        source_height: Some(1080.0),
        source_frame_rate: Some(30.0),
        bit_depth: Some(8.0),
        si_mean: Some(40.0),
        si_std: Some(4.0),
        ti_mean: Some(12.0),
        ti_std: Some(3.0),
        spatial_energy: Some(10.0),
        temporal_energy: Some(0.8),
        luminance: Some(60.0),
        static_share: Some(0.2),
        ..request
    };
    if name == "forecast-probe" {
        (request.probe_bitrate_kbps, request.probe_psnr, request.probe_vmaf) = (Some(800.0), Some(38.0), Some(70.0));
    }
    request
}

/// Numbers between 0 and 1 that are the same everywhere.
struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }
}

const COLUMNS: usize = 12;

/// Trees that halve their leaves again and again, at thresholds of 200 different values.
fn trees(count: usize, leaves: usize) -> Result<Ensemble, Box<dyn Error>> {
    let mut dice = Dice(7);
    let mut made = Vec::with_capacity(count);
    for _ in 0..count {
        let mut nodes: Vec<Node> = Vec::new();
        let mut pending = vec![(leaves, None)];
        while let Some((leaves, parent)) = pending.pop() {
            let here = nodes.len();
            if let Some(parent) = parent {
                let parent: &mut Node = &mut nodes[parent];
                parent.right = here as u32;
            }
            if leaves == 1 {
                nodes.push(Node::leaf(dice.unit()));
                continue;
            }
            let column = (dice.unit() * COLUMNS as f32) as u16;
            nodes.push(Node { value: (dice.unit() * 200.0).floor() / 200.0, right: 0, column, missing_left: true });
            pending.push((leaves / 2, Some(here)));
            pending.push((leaves - leaves / 2, None));
        }
        made.push(Tree::new(nodes, COLUMNS)?);
    }
    Ok(Ensemble::new(COLUMNS, vec![Member { base: 0.0, trees: made }])?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = arguments.as_slice() else {
        println!("{}", NAMES.join("\n"));
        return Ok(());
    };
    let times: usize = times.parse()?;
    if let Some(kind) = name.strip_prefix("trees-") {
        let (leaves, way) = kind.split_once('-').ok_or("no such path")?;
        let flat = FlatEnsemble::new(&trees(100, leaves.parse()?)?);
        let mut dice = Dice(3);
        let values: Vec<f32> = (0..64 * COLUMNS).map(|_| dice.unit()).collect();
        let rows = Rows::new(&values, COLUMNS)?;
        let mut out = [0.0; 64];
        for time in 0..times {
            match way {
                "single" => out[time % 64] = flat.predict(black_box(rows.row(time % 64))),
                _ => flat.predict_batch(black_box(rows), &mut out)?,
            }
        }
        black_box(out);
        return Ok(());
    }
    let model = Model::embedded()?;
    let (request, options) = (request(name), PredictOptions::default());
    let many: Vec<PredictionFeatures> = (0..256)
        .map(|row| PredictionFeatures { bitrate_kbps: Some(300.0 + 20.0 * f64::from(row)), ..request.clone() })
        .collect();
    for _ in 0..times {
        match name.as_str() {
            "recommend-bitrate" => {
                black_box(encast::recommend_bitrate(black_box(&request), &model, &RecommendOptions::default())?);
            }
            "batch-of-256" => drop(black_box(predict_batch(black_box(&many), &model, &options)?)),
            "load-default-model" => drop(black_box(Model::embedded()?)),
            name if NAMES.contains(&name) => {
                black_box(predict_with(black_box(&request), &model, &options)?);
            }
            other => return Err(format!("no such path: {other}").into()),
        }
    }
    Ok(())
}
