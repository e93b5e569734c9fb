//! A rate–quality curve that goes through a title's measured encodes, and never falls when the rate rises.
//!
//! The learnt curve and its correction are taken on a fixed grid of rates. Where their sum would fall, neighbours are
//! pooled, weighed by how well each is known (isotonic regression; Ayer et al., 1955): a measured point stays where it was
//! measured, and the less certain ones give way. Between grid points the curve runs linearly. The grid depends on the
//! anchors only, never on the rate that is asked for.

use crate::{
    cell::Cell,
    codec::Codec,
    columns::{BitrateColumns, Column, Row, derive},
    error::Result,
    features::PredictionFeatures,
    field::Field,
    kriging::{Conditioned, MOST, Place, ResidualKernel, width},
    options::{Given, RecommendOptions},
    predict::Asked,
    recommend::{Choice, Recommendation},
    scale,
    smooth::{Along, Shared},
    target::{Scale, Target},
    variant::{Forecast, Variant},
};

/// Grid points in an octave of bitrate.
const PER_OCTAVE: f64 = 8.0;
/// Length scales around the anchors that the grid spans; beyond, a correction is below 2 % of a residual.
const REACH: f64 = 3.0;
/// The search for a bitrate ends when the bracket is narrower, octaves.
const PRECISION: f64 = 0.0005;

/// What a model has learnt of one point: the value on the learning scale, within the target's bounds, and the amplitude of
/// residuals there.
#[derive(Debug, Clone, Copy)]
struct Learnt {
    value: f64,
    amplitude: f64,
}

fn learnt(forecast: &Forecast<'_>, cell: Cell) -> Learnt {
    let variant = forecast.variant;
    let (lowest, highest) = variant.key.target.bounds();
    let linear = variant.key.target.scale() == Scale::Linear;
    let value = if linear { forecast.value.clamp(lowest, highest) } else { forecast.value };
    let (lower, upper) = forecast.around(cell);
    // Residuals grow with the root of the width of the forecast's own interval: between no growth and a proportional one
    // it errs least on unseen titles, and a residual near the top of a scale is not blown up below.
    Learnt { value, amplitude: ((upper - lower) / 2.0).max(1e-6).sqrt() }
}

/// Position along the rate, rising with quality: octaves of bitrate, or the CRF with a minus, both in grid steps.
#[derive(Clone, Copy)]
struct Axis(Given);

impl Axis {
    fn of_bitrate(log2_bitrate: f64) -> f64 {
        log2_bitrate * PER_OCTAVE
    }

    fn position(self, bitrate_kbps: Option<f64>, crf: Option<f64>) -> Option<f64> {
        match self.0 {
            Given::Bitrate => bitrate_kbps.map(|kbps| Axis::of_bitrate(kbps.log2())),
            Given::Crf => crf.map(|crf| -crf),
        }
    }

    /// Grid steps in a unit of the kernel's rate.
    fn steps_per_unit(self, codec: Option<Codec>) -> f64 {
        match (self.0, codec) {
            (Given::Bitrate, _) => PER_OCTAVE,
            // The same range of quality is spread over a longer scale.
            (Given::Crf, Some(Codec::Vp9 | Codec::Av1 | Codec::Vvc)) => 6.0 * 63.0 / 51.0,
            (Given::Crf, _) => 6.0,
        }
    }

    /// First and last position that a request may ask for.
    fn bounds(self) -> (f64, f64) {
        match self.0 {
            Given::Bitrate => {
                let (lowest, highest) = Field::BitrateKbps.hard_bounds();
                (Axis::of_bitrate(lowest.log2()), Axis::of_bitrate(highest.log2()))
            }
            Given::Crf => {
                let (lowest, highest) = Field::Crf.hard_bounds();
                (-highest, -lowest)
            }
        }
    }
}

/// One encode's settings; its rate is set anew for every point.
struct Settings<'a> {
    variant: &'a Variant,
    /// The model's curves: the same at every rate.
    along: Option<Along<'a>>,
    shared: Shared,
    axis: Axis,
    bitrate: BitrateColumns,
    row: Row,
    cell: Cell,
    place: Place,
    steps_per_unit: f64,
}

impl<'a> Settings<'a> {
    fn new(variant: &'a Variant, features: &PredictionFeatures, row: Row, names: &mut Names) -> Settings<'a> {
        let axis = Axis(variant.key.given);
        let encoder = names.number(&format!("{:?} {:?}", features.codec_known(), features.encoder));
        let preset = names.number(&format!("{:?}", features.preset));
        let size = (features.resolution_width * features.resolution_height).log2();
        let shared = Shared::default();
        Settings {
            variant,
            along: variant.along(&row, &shared),
            shared,
            axis,
            bitrate: BitrateColumns::of(features),
            row,
            cell: Cell::of_request(features),
            place: Place { rate: 0.0, size, encoder, preset },
            steps_per_unit: axis.steps_per_unit(features.codec_known()),
        }
    }

    fn place(&self, position: f64) -> Place {
        Place { rate: position / self.steps_per_unit, ..self.place }
    }

    fn learnt(&self, position: f64) -> Learnt {
        let mut row = self.row;
        match self.axis.0 {
            Given::Bitrate => self.bitrate.set(&mut row, position / PER_OCTAVE),
            Given::Crf => row[Column::Crf as usize] = -position as f32,
        }
        learnt(&self.forecast(&row), self.cell)
    }

    /// The model's own forecast of a row of these settings.
    fn forecast(&self, row: &Row) -> Forecast<'a> {
        self.variant.forecast(row, (self.along.as_ref(), &self.shared), self.variant.flat.predict_with_spread(row))
    }

    /// As the curve runs: linearly between grid points.
    fn on_grid(&self, position: f64) -> Learnt {
        let (below, share) = (position.floor(), position - position.floor());
        let low = self.learnt(below);
        if share == 0.0 {
            return low;
        }
        let high = self.learnt(below + 1.0);
        let mix = |low: f64, high: f64| low + share * (high - low);
        Learnt { value: mix(low.value, high.value), amplitude: mix(low.amplitude, high.amplitude) }
    }
}

/// Numbers for names, within one request.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        let known = self.0.iter().position(|other| other == name);
        known.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        }) as u32
    }
}

/// The curve of one model, for one request's settings.
pub(crate) struct AnchoredCurve<'a, 'b> {
    asked: &'b Asked<'a>,
    variant: &'a Variant,
    settings: Settings<'a>,
    process: Conditioned,
    /// Position of the first grid value.
    first: f64,
    values: Vec<f64>,
}

/// A point of the curve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    /// On the learning scale.
    pub value: f64,
    /// Factor of the interval's width, above 0 to 1.
    pub width: f64,
}

impl Point {
    /// The model's own forecast of the same point, with what the anchors say.
    pub(crate) fn sharpen<'a>(&self, forecast: Forecast<'a>) -> Forecast<'a> {
        Forecast { value: self.value, scale: forecast.scale * self.width, ..forecast }
    }
}

impl<'a, 'b> AnchoredCurve<'a, 'b> {
    /// The curve of a model; `None` when no anchor says anything of it.
    pub(crate) fn of(asked: &'b Asked<'a>, variant: &'a Variant) -> Result<Option<AnchoredCurve<'a, 'b>>> {
        let (target, axis) = (variant.key.target, Axis(variant.key.given));
        let mut names = Names::default();
        let settings = Settings::new(variant, asked.features, asked.row, &mut names);
        let mut residuals = Vec::new();
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for anchor in &asked.features.anchors {
            let position = axis.position(anchor.bitrate_kbps, anchor.crf);
            let (Some(position), Some(measured)) = (position, anchor.measured(target)) else { continue };
            let request = anchor.as_request(asked.features);
            let of_anchor = Settings::new(variant, &request, derive(&request)?, &mut names);
            let forecast = of_anchor.on_grid(position);
            let expected = forecast.value + asked.corrected_by(target, &request);
            let residual = scale::to_learning(target, measured, &request) - expected;
            let place = of_anchor.place(position);
            (lowest, highest) = (lowest.min(place.rate), highest.max(place.rate));
            residuals.push((place, residual / forecast.amplitude));
        }
        if residuals.is_empty() {
            return Ok(None);
        }
        // The nearest in settings, whatever the rate: the same ones at every point of the curve. Of equals the latest.
        if residuals.len() > MOST {
            residuals.reverse();
            let far = |place: &Place| {
                let here = &settings.place;
                let names =
                    f64::from(u8::from(place.encoder != here.encoder) * 2 + u8::from(place.preset != here.preset));
                names + (place.size - here.size).abs()
            };
            residuals.sort_by(|(a, _), (b, _)| far(a).total_cmp(&far(b)));
        }
        let kernel = ResidualKernel::of(variant.key.known);
        let process = Conditioned::on(kernel, &residuals);
        let (from, to) = axis.bounds();
        let reach = REACH * kernel.length_rate;
        let first = ((lowest - reach) * settings.steps_per_unit).max(from).floor();
        let last = ((highest + reach) * settings.steps_per_unit).min(to).ceil().max(first + 1.0);
        let count = (last - first) as usize + 1;
        let mut curve = AnchoredCurve { asked, variant, settings, process, first, values: Vec::with_capacity(count) };
        let mut pool = Pool::with_capacity(count);
        for step in 0..count {
            let position = first + step as f64;
            let Learnt { value, amplitude } = curve.settings.learnt(position);
            let (mean, left) = curve.process.at(&curve.settings.place(position));
            pool.add(value + amplitude * mean, 1.0 / (amplitude * amplitude * left));
        }
        pool.into_values(&mut curve.values);
        Ok(Some(curve))
    }

    /// The point at the request's own rate.
    pub(crate) fn at_request(&self) -> Option<Point> {
        let features = self.asked.features;
        self.settings.axis.position(features.bitrate_kbps, features.crf).map(|position| self.at(position))
    }

    fn at(&self, position: f64) -> Point {
        let (_, left) = self.process.at(&self.settings.place(position));
        let (start, end) = (self.values[0], self.values[self.values.len() - 1]);
        let (target, steps) = (self.variant.key.target, position - self.first);
        let value = if steps < 0.0 {
            self.settings.learnt(position).value.min(start)
        } else if steps >= (self.values.len() - 1) as f64 {
            self.settings.learnt(position).value.max(end)
        } else {
            let (below, share) = (steps as usize, steps.fract());
            self.values[below] + share * (self.values[below + 1] - self.values[below])
        };
        let (lowest, highest) = target.bounds();
        let value = if target.scale() == Scale::Linear { value.clamp(lowest, highest) } else { value };
        Point { value, width: width(left) }
    }

    /// The smallest bitrate that reaches a VMAF; the curve is one of bitrates.
    pub(crate) fn search(&self, options: &RecommendOptions) -> Recommendation {
        let point = |log2_bitrate: f64| self.at(Axis::of_bitrate(log2_bitrate));
        let choice = |bitrate_kbps: f64| {
            let log2_bitrate = bitrate_kbps.log2();
            let mut row = self.settings.row;
            self.settings.bitrate.set(&mut row, log2_bitrate);
            let vmaf = self.asked.estimate_of(&point(log2_bitrate).sharpen(self.settings.forecast(&row)));
            Choice { setting: bitrate_kbps, vmaf, assured_vmaf: vmaf.value }
        };
        let (lowest, highest) = (options.min_bitrate_kbps, options.max_bitrate_kbps);
        let target = options.target_vmaf - self.asked.shift(Target::Vmaf);
        let reaches = |log2_bitrate: f64| point(log2_bitrate).value >= target;
        let (mut below, mut above) = (lowest.log2(), highest.log2());
        if !reaches(above) {
            return Recommendation::Unreachable(choice(highest));
        }
        if reaches(below) {
            return Recommendation::Reached(choice(lowest));
        }
        while above - below > PRECISION {
            let middle = (below + above) / 2.0;
            if reaches(middle) {
                above = middle;
            } else {
                below = middle;
            }
        }
        let mut bitrate_kbps = above.exp2().clamp(lowest, highest);
        // Rounding may leave the forecast a hair below the target.
        while !reaches(bitrate_kbps.log2()) && bitrate_kbps < highest {
            bitrate_kbps = (bitrate_kbps * PRECISION.exp2()).min(highest);
        }
        Recommendation::Reached(choice(bitrate_kbps))
    }
}

/// Pools neighbours that fall until nothing falls: the rising sequence with the least weighted squared change.
struct Pool {
    /// Mean, weight and number of values of each pool, rising.
    pools: Vec<(f64, f64, usize)>,
}

impl Pool {
    fn with_capacity(count: usize) -> Pool {
        Pool { pools: Vec::with_capacity(count) }
    }

    fn add(&mut self, value: f64, weight: f64) {
        let mut new = (value, weight, 1);
        while let Some(&(mean, weight, count)) = self.pools.last()
            && mean > new.0
        {
            self.pools.pop();
            let both = weight + new.1;
            new = ((mean * weight + new.0 * new.1) / both, both, count + new.2);
        }
        self.pools.push(new);
    }

    fn into_values(self, values: &mut Vec<f64>) {
        for (mean, _, count) in self.pools {
            values.extend(std::iter::repeat_n(mean, count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_is_pooled_by_weight() {
        let mut pool = Pool::with_capacity(5);
        for (value, weight) in [(1.0, 1.0), (4.0, 1.0), (2.0, 3.0), (2.0, 1.0), (9.0, 1.0)] {
            pool.add(value, weight);
        }
        let mut values = Vec::new();
        pool.into_values(&mut values);
        // (4 + 3 · 2 + 2) / 5 for the three in the middle.
        assert_eq!(values, [1.0, 2.4, 2.4, 2.4, 9.0]);
    }
}
