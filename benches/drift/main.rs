//! How soon a shift of one encoder is found, how often an alarm is false, and what a correction is worth: on real residuals of
//! titles that no model saw. `drift [--half 0|1] [--mirrored yes|no] [--repeats N] [--threshold F] [--streams FILE] MODEL TABLE [MODEL TABLE …]`, each table holding titles
//! that its model was not trained on. Prints JSON; benches/drift/results.py makes the page of it.

mod streams;

use std::{fs::File, io::Write as _};

use encast::{
    Anchor, EncodeTable, Encoder, Model, Monitor, MonitorOptions, Observation, PredictOptions, PredictionFeatures,
    Target, load_model, predict_with,
};
use serde_json::json;
use streams::{Kind, Row, Step, load, measured, stream};

type Failure = Box<dyn std::error::Error>;

const ENCODERS: [Encoder; 4] = [Encoder::Libx264, Encoder::Libx265, Encoder::LibvpxVp9, Encoder::Libsvtav1];
/// Observations of the shifted encoder after the shift that count as in time.
const IN_TIME: usize = 50;
/// Streams of each kind, encoder and sign.
const REPEATS: u64 = 10;
/// Observations without a shift, in streams of this length.
const QUIET: usize = 10_000;
const QUIET_STREAMS: u64 = 10;
/// Of those that are written for other detectors.
const WRITTEN_STREAMS: u64 = 2;

struct World {
    rows: Vec<Row>,
    models: Vec<Model>,
    half: u8,
    options: MonitorOptions,
    mirrored: bool,
}

/// What became of one shifted stream.
struct Outcome {
    /// Observations of the encoder after the shift until its stream was in alarm.
    delay: Option<usize>,
    /// The stream was in alarm before.
    before: bool,
    /// What the correction would add after `IN_TIME` observations of the encoder.
    offset: f64,
}

impl World {
    fn monitor(&self) -> Result<Monitor, Failure> {
        Ok(Monitor::new(&self.models[0], &self.options)?)
    }

    fn shifted(&self, kind: Kind, encoder: Encoder, shift: f64, target: Target, seed: u64) -> Result<Outcome, Failure> {
        let (steps, before) = stream(&self.rows, self.half, kind, 1, (seed, self.mirrored));
        let mut monitor = self.monitor()?;
        let (mut seen, mut delay, mut early) = (0, None, false);
        let alarm = |monitor: &Monitor| {
            let mut streams = monitor.streams().into_iter();
            streams.any(|stream| stream.target == target && stream.encoder == Some(encoder) && stream.alarm())
        };
        for (at, step) in steps.iter().enumerate() {
            let row = &self.rows[step.row];
            let is_shifted = at >= before && row.features.encoder == Some(encoder);
            let by = if is_shifted { shift } else { 0.0 };
            let (vmaf, psnr) = if target == Target::Vmaf { (by, 0.0) } else { (0.0, by) };
            let measured = measured(&self.rows, step, vmaf, psnr);
            if at == before {
                early = alarm(&monitor);
            }
            let observation = Observation { features: &row.features, measured: &measured, told: None, at_site: false };
            monitor.observe(&self.models[row.fold], &observation)?;
            if is_shifted {
                seen += 1;
                if delay.is_none() && alarm(&monitor) {
                    delay = Some(seen);
                }
                if seen == IN_TIME {
                    break;
                }
            }
        }
        let offset = monitor.correction().get(target, Some(encoder.codec()));
        Ok(Outcome { delay, before: early, offset })
    }

    /// Alarms that begin in a stream without a shift, by target, and the mean absolute errors of VMAF without and with correction.
    fn quiet(&self, kind: Kind, seed: u64) -> Result<(usize, usize, usize, [f64; 2]), Failure> {
        let (steps, _) = stream(&self.rows, self.half, kind, QUIET, (seed, self.mirrored));
        let mut monitor = self.monitor()?;
        let (mut alarms, mut psnr_alarms, mut on) = (0, 0, Vec::new());
        let mut errors = [0.0; 2];
        for step in &steps {
            let row = &self.rows[step.row];
            let measured = measured(&self.rows, step, 0.0, 0.0);
            let correction = monitor.correction();
            let offset = correction.get(Target::Vmaf, row.features.codec_known());
            let plain = predict_with(&row.features, &self.models[row.fold], &PredictOptions::default())?;
            let vmaf = measured.get(Target::Vmaf).unwrap_or(f64::NAN);
            let forecast = plain.predicted_vmaf.unwrap_or(f64::NAN);
            errors[0] += (vmaf - forecast).abs();
            errors[1] += (vmaf - (forecast + offset).clamp(0.0, 100.0)).abs();
            let observation = Observation { features: &row.features, measured: &measured, told: None, at_site: false };
            monitor.observe(&self.models[row.fold], &observation)?;
            let now: Vec<_> =
                monitor.streams().into_iter().filter(|s| s.alarm()).map(|s| (s.target, s.encoder)).collect();
            alarms += now.iter().filter(|key| key.0 == Target::Vmaf && !on.contains(*key)).count();
            psnr_alarms += now.iter().filter(|key| key.0 == Target::Psnr && !on.contains(*key)).count();
            on = now;
        }
        Ok((steps.len(), alarms, psnr_alarms, errors))
    }

    /// Writes residuals of a stream for other detectors: raw ones, and those of forecasts with the title's earlier encodes as
    /// anchors, both in half widths of their intervals.
    fn write(&self, out: &mut File, kind: Kind, shift: Option<(Encoder, f64)>, seed: u64) -> Result<(), Failure> {
        let least = if shift.is_some() { 1 } else { QUIET };
        let (steps, before) = stream(&self.rows, self.half, kind, least, (seed, self.mirrored));
        let mut anchors: std::collections::BTreeMap<&str, Vec<Anchor>> = Default::default();
        let mut seen = 0;
        for (at, step) in steps.iter().enumerate() {
            let row = &self.rows[step.row];
            let is_shifted = shift.filter(|(encoder, _)| at >= before && row.features.encoder == Some(*encoder));
            let measured = measured(&self.rows, step, is_shifted.map_or(0.0, |(_, shift)| shift), 0.0);
            let vmaf = measured.get(Target::Vmaf).unwrap_or(f64::NAN);
            let of_title = anchors.entry(&step.title).or_default();
            let anchored = PredictionFeatures { anchors: of_title.clone(), ..row.features.clone() };
            let raw = self.standardised(&row.features, row.fold, vmaf)?;
            let near = self.standardised(&anchored, row.fold, vmaf)?;
            let encoder = row.features.encoder.map_or("", |encoder| encoder.name());
            let shifted = shift.map_or(String::new(), |(encoder, shift)| format!("{} {shift:+}", encoder.name()));
            let after = usize::from(at >= before && shift.is_some());
            writeln!(out, "{}\t{shifted}\t{seed}\t{encoder}\t{after}\t{raw}\t{near}", kind.name())?;
            // Anchors of a title are its first encodes: later ones may be shifted themselves.
            if of_title.len() < 16 {
                of_title.push(self.anchor(step, vmaf));
            }
            seen += usize::from(is_shifted.is_some());
            if seen == IN_TIME {
                break;
            }
        }
        Ok(())
    }

    fn standardised(&self, features: &PredictionFeatures, fold: usize, vmaf: f64) -> Result<f64, Failure> {
        let answer = predict_with(features, &self.models[fold], &PredictOptions::default())?;
        let estimate = answer.estimate(Target::Vmaf).ok_or("no VMAF")?;
        Ok((vmaf - estimate.value) / ((estimate.upper - estimate.lower) / 2.0).max(0.5))
    }

    fn anchor(&self, step: &Step, vmaf: f64) -> Anchor {
        let features = &self.rows[step.row].features;
        Anchor {
            bitrate_kbps: features.bitrate_kbps,
            resolution_width: Some(features.resolution_width),
            resolution_height: Some(features.resolution_height),
            codec: features.codec,
            encoder: features.encoder,
            preset: features.preset.clone(),
            vmaf: Some(vmaf),
            ..Anchor::default()
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() -> Result<(), Failure> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut option = |name: &str| -> Option<String> {
        let at = args.iter().position(|arg| arg == name)?;
        args.remove(at);
        (at < args.len()).then(|| args.remove(at))
    };
    let half = option("--half").map_or(Ok(1), |half| half.parse())?;
    let threshold = option("--threshold").map_or(Ok(1.0), |factor| factor.parse())?;
    let file = option("--streams");
    let mirrored = option("--mirrored").is_none_or(|mirrored| mirrored != "no");
    let quick = option("--repeats").map_or(Ok(REPEATS), |repeats| repeats.parse())?;
    let (mut models, mut tables) = (Vec::new(), Vec::new());
    for pair in args.chunks(2) {
        let [model, table] = pair else { return Err("a model and a table each".into()) };
        models.push(load_model(model)?);
        tables.push(EncodeTable::read(table)?);
    }
    let rows = load(&models, &tables)?;
    let world = World { rows, models, half, options: MonitorOptions { threshold, ..Default::default() }, mirrored };
    if let Some(file) = file {
        let mut out = File::create(file)?;
        for kind in Kind::ALL {
            for seed in 0..WRITTEN_STREAMS {
                world.write(&mut out, kind, None, 1000 + seed)?;
            }
            for (encoder, sign) in ENCODERS.into_iter().flat_map(|encoder| [(encoder, 1.0), (encoder, -1.0)]) {
                for seed in 0..quick {
                    world.write(&mut out, kind, Some((encoder, sign)), seed)?;
                }
            }
        }
        return Ok(());
    }
    let mut kinds = Vec::new();
    for kind in Kind::ALL {
        let (mut observed, mut alarms, mut psnr_alarms, mut errors) = (0, 0, 0, [0.0; 2]);
        for seed in 0..QUIET_STREAMS {
            let (count, of_vmaf, of_psnr, of_stream) = world.quiet(kind, 1000 + seed)?;
            (observed, alarms, psnr_alarms) = (observed + count, alarms + of_vmaf, psnr_alarms + of_psnr);
            errors = [errors[0] + of_stream[0], errors[1] + of_stream[1]];
        }
        let mut shifts = Vec::new();
        for (target, size) in
            [(Target::Vmaf, 1.0), (Target::Vmaf, 2.0), (Target::Vmaf, 4.0), (Target::Psnr, 0.3), (Target::Psnr, 1.0)]
        {
            let (mut in_time, mut total, mut delays, mut left) = (0, 0, Vec::new(), Vec::new());
            for (encoder, sign) in ENCODERS.into_iter().flat_map(|encoder| [(encoder, 1.0), (encoder, -1.0)]) {
                for seed in 0..quick {
                    let outcome = world.shifted(kind, encoder, sign * size, target, seed)?;
                    left.push((sign * size - outcome.offset).abs());
                    if outcome.before {
                        continue;
                    }
                    total += 1;
                    in_time += usize::from(outcome.delay.is_some());
                    delays.push(outcome.delay.map_or(f64::INFINITY, |delay| delay as f64));
                }
            }
            let mean = left.iter().sum::<f64>() / left.len() as f64;
            let median_delay = median(delays);
            shifts.push(json!({"target": target.name(), "shift": size, "streams": total,
                "in_time": in_time as f64 / total as f64,
                "median_delay": if median_delay.is_finite() { json!(median_delay) } else { json!(null) },
                "left_mean": mean, "left_median": median(left.clone()), "left_within": left.iter().filter(|l| **l <= 0.7).count() as f64 / left.len() as f64}));
        }
        let of = |alarms: usize| alarms as f64 * 1e4 / observed as f64;
        kinds.push(json!({"kind": kind.name(), "observations": observed, "false_alarms_per_10000": of(alarms),
            "false_alarms_psnr_per_10000": of(psnr_alarms), "mae": errors[0] / observed as f64, "mae_corrected": errors[1] / observed as f64,
            "shifts": shifts}));
    }
    println!(
        "{:#}",
        json!({"half": world.half, "mirrored": mirrored, "threshold": threshold, "rows": world.rows.iter().filter(|row| row.half == half).count(), "kinds": kinds})
    );
    Ok(())
}
