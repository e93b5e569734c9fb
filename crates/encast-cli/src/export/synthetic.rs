//! A table made up for a start: forecasts of a model with the noise of its intervals. It says everywhere what it is.

use std::collections::BTreeMap;

use encast::{Encoder, Estimate, Field, Model, PredictOptions, PredictionFeatures, Scale, Target, predict_with};
use fastrand::Rng;

use super::sheet::Sheet;
use crate::failure::Failure;

/// What every title of such a table begins with.
pub const TITLE_PREFIX: &str = "synthetic-";

/// Rows of a title.
const ROWS_OF_TITLE: usize = 40;
/// Fewer titles teach nothing.
const FEWEST_TITLES: usize = 12;
/// Standard deviations from the middle to the end of an interval of 90 %.
const DEVIATIONS: f64 = 1.645;
/// Sizes that are drawn.
const SIZES: [(f64, f64); 5] = [(640.0, 360.0), (854.0, 480.0), (1280.0, 720.0), (1920.0, 1080.0), (3840.0, 2160.0)];
/// Complexity of the source that is drawn for each title, within what the model saw.
const CONTENT: [Field; 8] = [
    Field::SiMean,
    Field::SiStd,
    Field::TiMean,
    Field::TiStd,
    Field::SpatialEnergy,
    Field::TemporalEnergy,
    Field::Luminance,
    Field::StaticShare,
];

/// So many rows of the model's forecasts with noise; the same seed gives the same rows.
pub fn make(model: &Model, rows: usize, seed: u64) -> Result<Sheet, Failure> {
    let mut rng = Rng::with_seed(seed);
    let of_title = (rows / FEWEST_TITLES).clamp(1, ROWS_OF_TITLE);
    let targets: Vec<Target> = model.targets().into_iter().filter(|&target| target != Target::BitrateKbps).collect();
    let mut columns = vec!["title".to_owned(), "synthetic".to_owned()];
    columns.extend(Field::ALL.iter().map(|field| field.name().to_owned()));
    columns.extend(targets.iter().map(|target| target.name().to_owned()));
    let mut sheet = Sheet { columns, rows: Vec::with_capacity(rows) };
    let mut title = Title::default();
    for row in 0..rows {
        if row % of_title == 0 {
            title = Title::draw(model, row / of_title, &mut rng)?;
        }
        let (request, measured) = title.encode(model, &mut rng)?;
        let mut cells = vec![title.name.clone(), "1".to_owned()];
        cells.extend(Field::ALL.iter().map(|&field| match field {
            Field::Encoder => request.encoder.map(|encoder| encoder.to_string()).unwrap_or_default(),
            Field::Codec => request.codec_known().map(|codec| codec.to_string()).unwrap_or_default(),
            Field::Preset => request.preset.clone().unwrap_or_default(),
            _ => request.get(field).map(|value| value.to_string()).unwrap_or_default(),
        }));
        cells.extend(targets.iter().map(|target| measured.get(target).map(f64::to_string).unwrap_or_default()));
        sheet.rows.push(cells.iter().collect());
    }
    sheet.drop_empty(&["title", "synthetic", "bitrate_kbps", "resolution_width", "resolution_height"]);
    Ok(sheet)
}

/// A source that does not exist.
#[derive(Default)]
struct Title {
    name: String,
    source: PredictionFeatures,
    /// How far the title's errors lie off together, in standard deviations.
    shift: BTreeMap<Target, f64>,
}

impl Title {
    fn draw(model: &Model, number: usize, rng: &mut Rng) -> Result<Title, Failure> {
        let mut source = PredictionFeatures::default();
        for field in CONTENT {
            if let Some(range) = model.metadata().ranges.get(field.name()) {
                // Off the ends: combinations of extremes are no sources.
                let share = 0.15 + 0.5 * rng.f64() * rng.f64();
                source.set(field, Some(range.min + share * (range.max - range.min)));
            }
        }
        let (width, height) = SIZES[rng.usize(2..SIZES.len())];
        source.set(Field::SourceWidth, Some(width)).set(Field::SourceHeight, Some(height));
        let rate = [24.0, 25.0, 30.0, 50.0, 60.0][rng.usize(0..5)];
        source.set(Field::SourceFrameRate, Some(rate)).set(Field::FrameRate, Some(rate));
        source.set(Field::DurationS, Some(f64::from(rng.u32(10..=120))));
        source.set(Field::BitDepth, Some(8.0)).set(Field::FrameDrop, Some(0.0));
        source.set(Field::MotionIntensity, source.motion_known());
        let shift = Target::ALL.iter().map(|&target| (target, normal(rng))).collect();
        let mut title = Title { name: format!("{TITLE_PREFIX}{:05}", number + 1), source, shift };
        title.probe(model, rng)?;
        Ok(title)
    }

    /// The trial encode, as the model thinks that it would come out.
    fn probe(&mut self, model: &Model, rng: &mut Rng) -> Result<(), Failure> {
        let mut trial = self.source.clone();
        (trial.resolution_width, trial.resolution_height) = (640.0, 360.0);
        (trial.crf, trial.encoder, trial.preset) = (Some(28.0), Some(Encoder::Libx264), Some("veryfast".to_owned()));
        let values = self.measured(&trial, model, rng)?;
        for (target, field) in [
            (Target::BitrateKbps, Field::ProbeBitrateKbps),
            (Target::Psnr, Field::ProbePsnr),
            (Target::Vmaf, Field::ProbeVmaf),
        ] {
            let known = model.metadata().ranges.contains_key(field.name());
            self.source.set(field, values.get(&target).copied().filter(|_| known));
        }
        Ok(())
    }

    fn encode(&self, model: &Model, rng: &mut Rng) -> Result<(PredictionFeatures, BTreeMap<Target, f64>), Failure> {
        let about = model.metadata();
        let mut request = self.source.clone();
        let most = self.source.source_width.unwrap_or(f64::INFINITY);
        let sizes: Vec<(f64, f64)> = SIZES.iter().copied().filter(|size| size.0 <= most).collect();
        (request.resolution_width, request.resolution_height) = sizes[rng.usize(0..sizes.len())];
        if !about.encoders.is_empty() {
            let encoder = about.encoders[rng.usize(0..about.encoders.len())];
            request.encoder = Some(encoder);
            request.preset =
                about.presets_of.get(&encoder).and_then(|known| known.get(rng.usize(0..known.len().max(1))).cloned());
        }
        let by_crf = about.ranges.contains_key(Field::Crf.name()) && rng.bool();
        if by_crf {
            let (lowest, highest) = request.encoder.map_or((18.0, 45.0), Encoder::crf_range);
            let middle = lowest + (highest - lowest) * (0.35 + 0.5 * rng.f64());
            request.crf = Some(middle.round());
        } else {
            // A tenth to four times a usual rate of the size, evenly on the logarithm.
            let usual = 0.07 * request.resolution_width * request.resolution_height * 30.0 / 1000.0;
            request.bitrate_kbps = Some((usual * (0.1f64.ln() + rng.f64() * 40f64.ln()).exp()).round());
        }
        let mut measured = self.measured(&request, model, rng)?;
        // The bitrate that comes out is an input of the row, as in every table.
        request.bitrate_kbps = measured.remove(&Target::BitrateKbps).or(request.bitrate_kbps);
        Ok((request, measured))
    }

    /// Forecasts with noise: as much as the intervals promise, half of its variance the title's own.
    fn measured(
        &self,
        request: &PredictionFeatures,
        model: &Model,
        rng: &mut Rng,
    ) -> Result<BTreeMap<Target, f64>, Failure> {
        let answer = predict_with(request, model, &PredictOptions::default())?;
        let noisy = |(target, estimate): (Target, Estimate)| {
            let own = self.shift.get(&target).copied().unwrap_or(0.0);
            let off = (0.5f64.sqrt() * (own + normal(rng))).clamp(-2.5, 2.5) / DEVIATIONS;
            let log = target.scale() != Scale::Linear;
            let scaled = |value: f64| if log { value.max(f64::MIN_POSITIVE).log2() } else { value };
            let (middle, lower, upper) = (scaled(estimate.value), scaled(estimate.lower), scaled(estimate.upper));
            let value = middle + off * if off < 0.0 { middle - lower } else { upper - middle };
            let (lowest, highest) = target.bounds();
            (target, if log { value.exp2() } else { value }.clamp(lowest, highest))
        };
        Ok(answer.estimates().map(noisy).collect())
    }
}

/// A number of the standard normal distribution (Box and Muller).
fn normal(rng: &mut Rng) -> f64 {
    let (radius, angle) = ((-2.0 * (1.0 - rng.f64()).ln()).sqrt(), std::f64::consts::TAU * rng.f64());
    radius * angle.cos()
}
