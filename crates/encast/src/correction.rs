//! What is added to forecasts, by codec: what observations have taught since the model was trained.

use crate::{
    codec::Codec,
    error::{Error, Result},
    target::Target,
};

/// What is added to the forecasts of a codec, on the scale that each target is learnt on: VMAF points and dB as they are,
/// of amounts octaves (the base-2 logarithm of a factor). The default adds nothing, and then forecasts are the same to the
/// bit as without it.
///
/// Forecast, interval, recommended bitrate, ladders and what follows from times move together; values stay within the
/// bounds of their target, and more bitrate never forecasts less quality. Anchors are held against the corrected forecast.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Correction {
    offsets: [[f64; Correction::CODECS]; Correction::TARGETS.len()],
}

impl Correction {
    /// The targets that can be corrected.
    pub const TARGETS: [Target; 5] =
        [Target::Vmaf, Target::Psnr, Target::BitrateKbps, Target::EncodeSeconds, Target::CpuSeconds];

    /// Places for codecs, by their number; 0 is for requests whose codec is not known.
    pub const CODECS: usize = 8;

    fn place(target: Target, codec: Option<Codec>) -> Option<(usize, usize)> {
        let at = Correction::TARGETS.iter().position(|&corrected| corrected == target)?;
        Some((at, codec.map_or(0, |codec| codec as usize)))
    }

    /// The largest offset of a target, either way.
    pub const fn bound(target: Target) -> f64 {
        match target {
            Target::Vmaf => 100.0,
            Target::Psnr => 60.0,
            _ => 10.0,
        }
    }

    /// What is added to a target of a codec (`None`: of requests that name none); 0 for targets that are not corrected.
    pub fn get(&self, target: Target, codec: Option<Codec>) -> f64 {
        Correction::place(target, codec).map_or(0.0, |(target, codec)| self.offsets[target][codec])
    }

    /// Sets what is added; a target that is not one of [`Correction::TARGETS`] is left alone. It is checked when it is
    /// used.
    pub fn set(&mut self, target: Target, codec: Option<Codec>, offset: f64) -> &mut Self {
        if let Some((target, codec)) = Correction::place(target, codec) {
            self.offsets[target][codec] = offset;
        }
        self
    }

    /// Whether it adds nothing.
    pub fn is_zero(&self) -> bool {
        self.offsets.as_flattened().iter().all(|&offset| offset == 0.0)
    }

    /// Checks every offset.
    ///
    /// # Errors
    /// [`Error::InvalidField`] for one that is not finite or beyond its bound.
    pub fn check(&self) -> Result<()> {
        for (&target, offsets) in Correction::TARGETS.iter().zip(&self.offsets) {
            let bound = Correction::bound(target);
            if let Some(offset) = offsets.iter().find(|offset| !(-bound..=bound).contains(*offset)) {
                let (field, bound) = ("correction", format!("for {target} a finite number from -{bound} to {bound}"));
                return Err(Error::InvalidField { field, value: offset.to_string(), bound });
            }
        }
        Ok(())
    }
}
