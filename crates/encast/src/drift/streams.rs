//! Residuals of the model's own forecasts, by target, codec and encoder: bias and drift.

use std::collections::BTreeMap;

use crate::{
    codec::{Codec, Encoder},
    correction::Correction,
    drift::{
        cusum::{Cusum, Found, KEPT},
        innovation::Innovation,
        window::Window,
    },
    target::{Scale, Target},
};

/// Statistic at which a stream is in alarm: so rare on streams of unseen titles without a shift that there is at most one
/// false alarm in 10,000 observations (docs/drift.md).
const THRESHOLD: f64 = 10.0;

/// The shift that is looked for, on the scale that the target is learnt on. A lasting bias of less than half of it is no
/// alarm.
const fn looked_for(target: Target) -> f64 {
    match (target, target.scale()) {
        (Target::Vmaf, _) => 1.0,
        (Target::Psnr, _) => 0.3,
        (Target::Ssim, _) => 0.005,
        (_, Scale::Linear) => 5.0,
        (_, Scale::Log) => 0.1,
        (_, Scale::LogPerMegapixel) => 0.15,
    }
}

/// Residuals (measured minus the model's own forecast) of one target, codec and encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftStream {
    /// What is forecast.
    pub target: Target,
    /// The codec, when it is known.
    pub codec: Option<Codec>,
    /// The encoder, when it is known.
    pub encoder: Option<Encoder>,
    /// Observations so far.
    pub count: u64,
    /// Mean residual over the window, on the scale that the target is learnt on: the target's unit for VMAF, PSNR, SSIM and
    /// percentages, octaves (base-2 logarithms) for amounts.
    pub bias: f64,
    /// The estimated shift since [`since`](Self::since), as `bias`; shrunk towards 0, titles counted as random effects.
    pub shift: f64,
    /// The drift statistic: a CUSUM of log-likelihood ratios.
    pub statistic: f64,
    /// Statistic from which on the stream is in alarm.
    pub threshold: f64,
    /// Number of the first observation of the shift, from 1; 0 while nothing speaks for one.
    pub since: u64,
}

impl DriftStream {
    /// Statistic over threshold: 1 and more is an alarm.
    pub fn score(&self) -> f64 {
        self.statistic / self.threshold
    }

    /// Whether the stream is in alarm.
    pub fn alarm(&self) -> bool {
        self.statistic >= self.threshold
    }
}

/// What a correction would add to the forecasts of a target for a codec.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset {
    /// One of [`Correction::TARGETS`].
    pub target: Target,
    /// The codec, when it is known.
    pub codec: Option<Codec>,
    /// What is added, as [`Correction`] counts it; 0 where too little speaks for anything else.
    pub offset: f64,
    /// Observations since the shift began.
    pub count: u64,
}

/// Order is that of the lists that come of it.
type Key = (Target, Option<Codec>, Option<Encoder>);

#[derive(Debug)]
struct Stream {
    count: u64,
    residuals: Window<f32>,
    cusum: Cusum,
    /// Observations, each counting less the more of its target and codec came after it: the stream's part in what is encoded now.
    recent: f64,
    /// Observations of the target and codec when that was reckoned last.
    at: u64,
}

impl Stream {
    /// The same when so many observations of its target and codec were made, of whichever encoder.
    fn recent_at(&self, at: u64) -> f64 {
        self.recent * KEPT.powf((at - self.at) as f64)
    }

    fn describe(&self, (target, codec, encoder): Key) -> DriftStream {
        let Found { statistic, since, shift, .. } = self.cusum.found();
        let sum: f64 = self.residuals.iter().map(|&residual| f64::from(residual)).sum();
        DriftStream {
            target,
            codec,
            encoder,
            count: self.count,
            bias: sum / self.residuals.len().max(1) as f64,
            shift,
            statistic,
            threshold: self.cusum.threshold,
            since: if statistic > 0.0 { since + 1 } else { 0 },
        }
    }
}

/// All streams.
#[derive(Debug)]
pub(super) struct Streams {
    streams: BTreeMap<Key, Stream>,
    /// Observations of each target and codec.
    counts: BTreeMap<(Target, Option<Codec>), u64>,
    window: usize,
    threshold: f64,
}

impl Streams {
    pub fn new(window: usize, factor: f64) -> Streams {
        Streams { streams: BTreeMap::new(), counts: BTreeMap::new(), window, threshold: THRESHOLD * factor }
    }

    /// Adds a residual and its innovation; the score of its stream after it, and when a shift has ended, after which observation it
    /// had begun.
    pub fn add(
        &mut self,
        key: Key,
        (number, title): (u64, Option<u64>),
        residual: f64,
        innovation: &Innovation,
    ) -> (f64, Option<u64>) {
        let at = self.counts.entry((key.0, key.1)).or_default();
        *at += 1;
        let stream = self.streams.entry(key).or_insert_with(|| Stream {
            count: 0,
            residuals: Window::new(self.window),
            cusum: Cusum::new(looked_for(key.0), self.threshold),
            recent: 0.0,
            at: *at,
        });
        let ended = stream.cusum.add(number, title, innovation);
        let found = stream.cusum.found();
        (stream.recent, stream.at) = (stream.recent_at(*at) + 1.0, *at);
        stream.count += 1;
        stream.residuals.push(residual as f32);
        (found.statistic / self.threshold, ended)
    }

    pub fn list(&self) -> Vec<DriftStream> {
        self.streams.iter().map(|(&key, stream)| stream.describe(key)).collect()
    }

    /// What a correction would add: the mean shift of a codec's encoders, each weighed by its part in the newest observations, and
    /// only as far as its statistic has come to an alarm. So where nothing has shifted, next to nothing is added.
    pub fn offsets(&self) -> Vec<Offset> {
        let mut sums: BTreeMap<(Target, Option<Codec>), (f64, f64, u64)> = BTreeMap::new();
        for (&(target, codec, _), stream) in &self.streams {
            let Some(&at) = self.counts.get(&(target, codec)).filter(|_| Correction::TARGETS.contains(&target)) else {
                continue;
            };
            let found = stream.cusum.found();
            let sum = sums.entry((target, codec)).or_default();
            let share = (found.statistic / self.threshold).min(1.0);
            let weight = stream.recent_at(at);
            sum.0 += weight * share * found.shift;
            sum.1 += weight;
            sum.2 += found.count;
        }
        let offset = |((target, codec), (sum, weight, count)): (_, (f64, f64, u64))| {
            let bound = Correction::bound(target);
            let offset = if weight > 0.0 { (sum / weight).clamp(-bound, bound) } else { 0.0 };
            Offset { target, codec, offset, count }
        };
        sums.into_iter().map(offset).collect()
    }
}
