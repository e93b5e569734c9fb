//! Sizes to choose from.

use std::fmt;

use crate::{
    error::{Error, Result},
    features::PredictionFeatures,
    field::Field,
};

/// A size of pictures, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Size {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
    pub height: u32,
}

/// The shorter sides that ladders usually have.
const LINES: [u32; 8] = [288, 360, 480, 540, 720, 1080, 1440, 2160];

impl Size {
    /// Pixels of a picture.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The request at this size.
    pub(crate) fn of(self, features: &PredictionFeatures) -> PredictionFeatures {
        PredictionFeatures {
            resolution_width: f64::from(self.width),
            resolution_height: f64::from(self.height),
            ..features.clone()
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// The usual sizes that are no larger than the source, from the smallest: 288, 360, 480, 540, 720, 1080, 1440 and 2160
/// lines (columns, when the source is higher than wide) in the source's shape, the longer side rounded to an even number;
/// and the source's own size.
pub fn usual_sizes(source: Size) -> Vec<Size> {
    let (shorter, longer) = (source.width.min(source.height), source.width.max(source.height));
    let even = |side: f64| ((side / 2.0).round() * 2.0) as u32;
    let mut sizes: Vec<Size> = LINES
        .into_iter()
        .filter(|&lines| lines < shorter)
        .map(|lines| {
            let long = even(f64::from(longer) * f64::from(lines) / f64::from(shorter.max(1)));
            match source.width >= source.height {
                true => Size { width: long, height: lines },
                false => Size { width: lines, height: long },
            }
        })
        .collect();
    sizes.push(source);
    sizes
}

/// Width and height of the source, or else the encoded ones.
fn sides_of_source(features: &PredictionFeatures) -> Option<(f64, f64)> {
    let known = |side: f64| (!side.is_nan() && side != 0.0).then_some(side);
    features
        .source_width
        .zip(features.source_height)
        // Never absent, but 0 in a default request, and NaN where a caller over C does not know it.
        .or_else(|| known(features.resolution_width).zip(known(features.resolution_height)))
}

/// A request that knows its source's size, if there is any size to take for it: where sizes are compared, one of an unknown
/// source would count as not scaled, however small it is.
pub(crate) fn with_source(features: &PredictionFeatures) -> PredictionFeatures {
    let mut features = features.clone();
    (features.source_width, features.source_height) = sides_of_source(&features).unzip();
    features
}

/// The source's size, or else the encoded one.
pub(crate) fn of_source(features: &PredictionFeatures) -> Result<Size> {
    let missing = Error::MissingField {
        field: Field::SourceWidth.name(),
        needed: "sizes are needed, or the source's size to choose them by",
    };
    let (width, height) = sides_of_source(features).ok_or(missing)?;
    for (field, side) in [(Field::SourceWidth, width), (Field::SourceHeight, height)] {
        let (lowest, highest) = field.hard_bounds();
        if !(side.is_finite() && (lowest..=highest).contains(&side)) {
            return Err(Error::invalid(field, side, format!("a finite number from {lowest} to {highest}")));
        }
    }
    Ok(Size { width: width.round() as u32, height: height.round() as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_sizes_keep_the_shape() {
        let of = |width, height| -> Vec<String> {
            usual_sizes(Size { width, height }).iter().map(Size::to_string).collect()
        };
        assert_eq!(of(1280, 720), ["512x288", "640x360", "854x480", "960x540", "1280x720"]);
        assert_eq!(of(1920, 800).last().unwrap(), "1920x800");
        assert_eq!(of(1920, 800)[4], "1728x720");
        assert_eq!(of(720, 1280), ["288x512", "360x640", "480x854", "540x960", "720x1280"]);
        assert_eq!(of(160, 90), ["160x90"]);
    }

    #[test]
    fn source_of_unknown_size_is_missing_and_of_a_wrong_one_invalid() {
        let mut features = PredictionFeatures::new(1000.0, f64::NAN, 720.0, 30.0, 0.0, 0.5);
        assert!(matches!(of_source(&features), Err(Error::MissingField { field: "source_width", .. })));
        features.resolution_width = 0.0;
        assert!(matches!(of_source(&features), Err(Error::MissingField { field: "source_width", .. })));
        features.resolution_width = f64::INFINITY;
        assert!(matches!(of_source(&features), Err(Error::InvalidField { field: "source_width", .. })));
        (features.source_width, features.source_height) = (Some(1280.0), Some(720.0));
        assert_eq!(of_source(&features).unwrap(), Size { width: 1280, height: 720 });
    }
}
