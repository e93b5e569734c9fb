//! Steers a row of encodes towards a VMAF: forecast, encode, measure, learn from it, forecast again.

use encast::{Anchor, Estimate, Model, PredictOptions, PredictionFeatures, Target, predict_with};

use crate::failure::Failure;

/// Steps in an octave of bitrate that are told apart.
const PER_OCTAVE: f64 = 64.0;

/// Where no forecast reaches the target, this much below the best forecast is aimed at: the end of a curve is flat, and
/// its last half point would be bought with the most extreme setting.
const SHORT_OF_BEST: f64 = 0.5;

/// VMAF from which on it hardly tells one setting from another; targets above count as this one on the way to them.
const SATURATED: f64 = 98.5;

/// What is set to reach the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Knob {
    /// The encoder's constant-quality setting, in steps that it tells apart.
    Crf { step: f64 },
    /// An average bitrate, kbit/s.
    Bitrate,
}

impl Knob {
    /// A setting as a whole number that rises with quality.
    fn notch(self, setting: f64) -> i64 {
        match self {
            Knob::Crf { step } => -(setting / step).round() as i64,
            Knob::Bitrate => (setting.log2() * PER_OCTAVE).round() as i64,
        }
    }

    fn setting(self, notch: i64) -> f64 {
        match self {
            // Rounded to the step again: 23.1, not 23.100000000000001.
            Knob::Crf { step } => (-(notch as f64) * step * 1000.0).round() / 1000.0,
            Knob::Bitrate => {
                let kbps = (notch as f64 / PER_OCTAVE).exp2();
                if kbps < 100.0 { (kbps * 10.0).round() / 10.0 } else { kbps.round() }
            }
        }
    }

    /// Notches around a setting over which a forecast curve is steadier than the model's own steps; least and greatest
    /// slope that is believed, log odds of VMAF a notch.
    fn slopes(self) -> (i64, f64, f64) {
        match self {
            Knob::Crf { step } => ((8.0 / step).round() as i64, 0.05 * step, 0.5 * step),
            Knob::Bitrate => ((1.5 * PER_OCTAVE) as i64, 0.3 / PER_OCTAVE, 3.0 / PER_OCTAVE),
        }
    }
}

/// VMAF on a scale on which it is nearly straight over the CRF and over octaves of bitrate.
fn log_odds(vmaf: f64) -> f64 {
    let share = (vmaf / 100.0).clamp(0.001, SATURATED / 100.0);
    (share / (1.0 - share)).ln()
}

/// An encode that was made and measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// What was set: a CRF or kbit/s.
    pub setting: f64,
    /// What came out, kbit/s.
    pub bitrate_kbps: f64,
    /// Mean over frames.
    pub vmaf: f64,
    /// All planes, dB.
    pub psnr: Option<f64>,
    /// All planes.
    pub ssim: f64,
}

/// The state of a search.
pub struct Steering<'a> {
    /// What forecasts.
    pub model: &'a Model,
    /// The encode without a rate; what was measured is added to its anchors.
    pub request: PredictionFeatures,
    /// What is set.
    pub knob: Knob,
    /// Lowest and highest setting.
    pub limits: (f64, f64),
    /// VMAF to reach.
    pub target: f64,
    /// What was tried.
    pub tried: Vec<Tried>,
}

impl Steering<'_> {
    /// The forecast VMAF of a setting.
    pub fn forecast(&self, setting: f64) -> Result<Estimate, Failure> {
        let mut request = self.request.clone();
        match self.knob {
            Knob::Crf { .. } => request.crf = Some(setting),
            Knob::Bitrate => request.bitrate_kbps = Some(setting * self.miss(setting)),
        }
        let answer = predict_with(&request, self.model, &PredictOptions::default())?;
        answer.estimate(Target::Vmaf).ok_or_else(|| {
            let rate = if matches!(self.knob, Knob::Bitrate) { "a bitrate" } else { "a CRF" };
            Failure::Bad(format!("the model forecasts no VMAF from {rate} for this encoder"))
        })
    }

    /// Bitrate that came out for one that was asked for, at the nearest of those tried.
    fn miss(&self, asked: f64) -> f64 {
        let far = |tried: &&Tried| (tried.setting / asked).ln().abs();
        let nearest = self.tried.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
        nearest.map_or(1.0, |tried| tried.bitrate_kbps / tried.setting)
    }

    /// Takes what was measured.
    pub fn add(&mut self, tried: Tried) {
        self.request.anchors.push(Anchor {
            bitrate_kbps: Some(tried.bitrate_kbps),
            crf: matches!(self.knob, Knob::Crf { .. }).then_some(tried.setting),
            vmaf: Some(tried.vmaf),
            psnr: tried.psnr,
            ssim: Some(tried.ssim),
            ..Anchor::default()
        });
        self.tried.push(tried);
    }

    /// The one nearest to the target so far; of equals the earliest.
    pub fn best(&self) -> Option<&Tried> {
        let miss = |tried: &&Tried| (tried.vmaf - self.target).abs();
        self.tried.iter().min_by(|a, b| miss(a).total_cmp(&miss(b)))
    }

    /// The setting to try next; none when no other one could come nearer.
    pub fn next(&self) -> Result<Option<f64>, Failure> {
        let ends = [self.limits.0, self.limits.1].map(|end| self.knob.notch(end));
        let (mut lowest, mut highest) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let notch = |tried: &&Tried| self.knob.notch(tried.setting);
        let below = self.tried.iter().filter(|tried| tried.vmaf < self.target).max_by_key(notch);
        let above = self.tried.iter().filter(|tried| tried.vmaf >= self.target).min_by_key(notch);
        lowest = below.map_or(lowest, |tried| lowest.max(notch(&tried) + 1));
        highest = above.map_or(highest, |tried| highest.min(notch(&tried) - 1));
        if lowest > highest {
            return Ok(None);
        }
        if let (Some(_), Some(_)) = (below, above) {
            // Always into the bracket, however wrong a slope is.
            let inset = (highest - lowest) / 6;
            (lowest, highest) = (lowest + inset, highest - inset);
        }
        let next = match self.tried.iter().min_by(|a, b| self.away(a).total_cmp(&self.away(b))) {
            Some(near) if self.target.min(near.vmaf) < SATURATED => {
                let steps = (log_odds(self.target) - log_odds(near.vmaf)) / self.slope(near)?;
                (self.knob.notch(near.setting) + steps.round() as i64).clamp(lowest, highest)
            }
            _ => {
                let target = self.target.min(self.value(highest)? - SHORT_OF_BEST);
                self.forecast_notch(target, lowest, highest)?
            }
        };
        Ok(Some(self.knob.setting(next)))
    }

    /// Distance from the target, log odds of VMAF.
    fn away(&self, tried: &Tried) -> f64 {
        (log_odds(tried.vmaf) - log_odds(self.target)).abs()
    }

    /// Log odds of VMAF that a notch is worth around a measured setting: as measured between it and the next nearest to the
    /// target, or as forecast over a wide part of the curve, which evens out the steps of a model of trees.
    fn slope(&self, near: &Tried) -> Result<f64, Failure> {
        let (here, (wide, least, most)) = (self.knob.notch(near.setting), self.knob.slopes());
        // Two scores near 100 tell no slope; one tells a little, where nothing else does.
        let told = |tried: &&Tried| self.knob.notch(tried.setting) != here && tried.vmaf.min(near.vmaf) < SATURATED;
        let key = |tried: &Tried| (tried.vmaf >= SATURATED, self.away(tried));
        let other = self.tried.iter().filter(told).min_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let slope = match other {
            Some(other) => {
                (log_odds(other.vmaf) - log_odds(near.vmaf)) / (self.knob.notch(other.setting) - here) as f64
            }
            None => {
                let ends = [self.limits.0, self.limits.1].map(|end| self.knob.notch(end));
                let (from, to) = ((here - wide).max(ends[0].min(ends[1])), (here + wide).min(ends[0].max(ends[1])));
                (log_odds(self.value(to)?) - log_odds(self.value(from)?)) / (to - from).max(1) as f64
            }
        };
        Ok(slope.clamp(least, most))
    }

    fn value(&self, notch: i64) -> Result<f64, Failure> {
        self.forecast(self.knob.setting(notch)).map(|estimate| estimate.value)
    }

    /// The notch whose forecast is nearest to a target; forecasts never fall from notch to notch.
    fn forecast_notch(&self, target: f64, lowest: i64, highest: i64) -> Result<i64, Failure> {
        let (mut low, mut high) = (lowest, highest);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.value(middle)? >= target {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        if low > lowest && (self.value(low - 1)? - target).abs() < (self.value(low)? - target).abs() {
            low -= 1;
        }
        Ok(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steering(model: &Model, knob: Knob, limits: (f64, f64)) -> Steering<'_> {
        let request = PredictionFeatures {
            resolution_width: 640.0,
            resolution_height: 360.0,
            frame_rate: Some(25.0),
            codec: Some(encast::Codec::H264),
            ..PredictionFeatures::default()
        };
        Steering { model, request, knob, limits, target: 90.0, tried: Vec::new() }
    }

    /// An encoder that no model knows: far off the forecast, and steep.
    fn measured(setting: f64, knob: Knob) -> Tried {
        let quality = match knob {
            Knob::Crf { .. } => -(setting - 17.3),
            Knob::Bitrate => 6.0 * (setting / 5200.0).log2(),
        };
        let vmaf = 100.0 / (1.0 + (-quality / 3.0 - 2.0).exp());
        // An encoder that misses what is asked for.
        Tried { setting, bitrate_kbps: setting.max(30.0) * 1.3, vmaf, psnr: None, ssim: 0.9 }
    }

    #[test]
    fn a_stubborn_encoder_is_brought_to_the_target() {
        let model = Model::embedded().unwrap();
        for (knob, limits) in [(Knob::Crf { step: 0.1 }, (1.0, 51.0)), (Knob::Bitrate, (50.0, 50_000.0))] {
            let mut steering = steering(&model, knob, limits);
            for _ in 0..7 {
                let setting = steering.next().unwrap().unwrap();
                assert!((limits.0..=limits.1).contains(&setting));
                assert!(steering.tried.iter().all(|tried| tried.setting != setting), "{setting} twice");
                steering.add(measured(setting, knob));
                if (steering.best().unwrap().vmaf - 90.0).abs() <= 1.0 {
                    break;
                }
            }
            let best = steering.best().unwrap();
            assert!((best.vmaf - 90.0).abs() <= 1.0, "{knob:?}: {:?}", steering.tried);
        }
    }

    /// As a clip measured: far too good, then far too bad. A creep along either end would take dozens of encodes.
    #[test]
    fn a_wide_bracket_is_cut_down() {
        let model = Model::embedded().unwrap();
        let knob = Knob::Crf { step: 0.1 };
        let mut steering = steering(&model, knob, (1.0, 51.0));
        steering.target = 93.0;
        let curve = |crf: f64| if crf < 28.0 { 99.8 } else { 99.8 - 0.26 * (crf - 28.0).powi(2) };
        for crf in [24.6, 36.4] {
            steering.add(Tried { vmaf: curve(crf), ..measured(crf, knob) });
        }
        for _ in 0..4 {
            let crf = steering.next().unwrap().unwrap();
            steering.add(Tried { vmaf: curve(crf), ..measured(crf, knob) });
        }
        assert!((steering.best().unwrap().vmaf - 93.0).abs() <= 1.0, "{:?}", steering.tried);
    }

    /// Near 100 all settings look alike: the search must not creep along them one notch at a time.
    #[test]
    fn a_start_that_is_far_too_good_is_left_fast() {
        let model = Model::embedded().unwrap();
        let knob = Knob::Crf { step: 0.1 };
        let mut steering = steering(&model, knob, (1.0, 51.0));
        steering.add(measured(1.0, knob));
        assert!(steering.tried[0].vmaf > 99.0);
        assert!(steering.next().unwrap().unwrap() > 5.0);
    }

    #[test]
    fn what_no_setting_reaches_ends() {
        let model = Model::embedded().unwrap();
        let knob = Knob::Crf { step: 1.0 };
        let mut steering = steering(&model, knob, (30.0, 34.0));
        let mut count = 0;
        while let Some(setting) = steering.next().unwrap() {
            steering.add(Tried { vmaf: 20.0, ..measured(setting, knob) });
            count += 1;
        }
        assert!((1..=5).contains(&count));
        assert!(steering.tried.iter().any(|tried| tried.setting == 30.0), "the best setting was tried");
    }

    #[test]
    fn notches_keep_their_settings() {
        let crf = Knob::Crf { step: 0.1 };
        assert_eq!(crf.setting(crf.notch(23.1)), 23.1);
        assert!(crf.notch(22.0) > crf.notch(23.0));
        assert!((Knob::Bitrate.setting(Knob::Bitrate.notch(4000.0)) / 4000.0 - 1.0).abs() < 0.01);
    }
}
