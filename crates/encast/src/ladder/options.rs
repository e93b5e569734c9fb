//! What a ladder shall be.

use crate::{
    error::{Error, Result},
    field::Field,
    options::PredictOptions,
};

use super::{rungs::Steps, sizes::Size};

/// A just noticeable difference of VMAF: 6 points (Ozer, *Finding the just noticeable difference with Netflix VMAF*, 2017).
const JND: f64 = 6.0;

/// What a ladder shall be.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderOptions {
    /// Encoded sizes to choose from, at most 64; empty, the default: [`crate::usual_sizes`] of the source.
    pub sizes: Vec<Size>,
    /// Bitrates that get a rung each, kbit/s, at most 64; empty, the default: rungs by steps of VMAF.
    pub bitrates_kbps: Vec<f64>,
    /// Least VMAF between two rungs, above 0 and at most 100. Default 6, one just noticeable difference. With
    /// `bitrates_kbps` not looked at, like the next three.
    pub step_vmaf: f64,
    /// Least ratio of the bitrates of two rungs, 1–16. Default 1.2: a forecast may jump by more than a step at once.
    pub min_bitrate_ratio: f64,
    /// The highest rung is the cheapest that reaches this VMAF, or the best that there is, 0–100. Default 95.
    pub top_vmaf: f64,
    /// No rung has less VMAF than this, 0–100. Default 40.
    pub bottom_vmaf: f64,
    /// The bitrates to look at (`min_bitrate_kbps` to `max_bitrate_kbps`), assurance, limits on time and cost of each
    /// rung, range of CRFs, and the profile. `target_vmaf` is not looked at.
    pub predict: PredictOptions,
}

impl Default for LadderOptions {
    fn default() -> Self {
        LadderOptions {
            sizes: Vec::new(),
            bitrates_kbps: Vec::new(),
            step_vmaf: JND,
            min_bitrate_ratio: 1.2,
            top_vmaf: 95.0,
            bottom_vmaf: 40.0,
            predict: PredictOptions::default(),
        }
    }
}

/// Most sizes, and most bitrates.
const MOST: usize = 64;

impl LadderOptions {
    /// Checks every value.
    ///
    /// # Errors
    /// [`Error::InvalidField`].
    pub fn check(&self) -> Result<()> {
        self.predict.check()?;
        let check = |field, value: f64, holds: bool, bound: &str| match holds {
            true => Ok(()),
            false => Err(Error::InvalidField { field, value: value.to_string(), bound: bound.to_owned() }),
        };
        let (step, top, bottom) = (self.step_vmaf, self.top_vmaf, self.bottom_vmaf);
        check("step_vmaf", step, step > 0.0 && step <= 100.0, "above 0 and at most 100")?;
        let ratio = self.min_bitrate_ratio;
        check("min_bitrate_ratio", ratio, (1.0..=16.0).contains(&ratio), "from 1 to 16")?;
        check("top_vmaf", top, (0.0..=100.0).contains(&top), "from 0 to 100")?;
        check("bottom_vmaf", bottom, bottom >= 0.0 && bottom <= top, &format!("from 0 to top_vmaf = {top}"))?;
        check("sizes", self.sizes.len() as f64, self.sizes.len() <= MOST, "at most 64 sizes")?;
        let (lowest, highest) = Field::ResolutionWidth.hard_bounds();
        for size in &self.sizes {
            for (field, side) in [(Field::ResolutionWidth, size.width), (Field::ResolutionHeight, size.height)] {
                let side = f64::from(side);
                check(field.name(), side, (lowest..=highest).contains(&side), &format!("from {lowest} to {highest}"))?;
            }
        }
        check(
            "bitrates_kbps",
            self.bitrates_kbps.len() as f64,
            self.bitrates_kbps.len() <= MOST,
            "at most 64 of them",
        )?;
        let (lowest, highest) = Field::BitrateKbps.hard_bounds();
        for &bitrate in &self.bitrates_kbps {
            let within = format!("a finite number from {lowest} to {highest}");
            check("bitrates_kbps", bitrate, (lowest..=highest).contains(&bitrate), &within)?;
        }
        Ok(())
    }

    /// How rungs are placed, when by steps.
    pub(super) fn steps(&self) -> Option<Steps> {
        let (step, ratio) = (self.step_vmaf, self.min_bitrate_ratio);
        let steps = Steps { step, ratio, top: self.top_vmaf, bottom: self.bottom_vmaf };
        self.bitrates_kbps.is_empty().then_some(steps)
    }
}
