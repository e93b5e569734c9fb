//! The first line of a Y4M stream.

use crate::{
    ContentError,
    plane::{check_bit_depth, check_size},
};

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Y4mHeader {
    /// Width of the luma plane, samples.
    pub width: usize,
    /// Height of the luma plane, samples.
    pub height: usize,
    /// Frames per second; `None` when the stream does not say (0:0).
    pub frame_rate: Option<f64>,
    /// Bits per sample, 8 to 12.
    pub bit_depth: u8,
    /// Samples of all other planes of a frame together.
    pub(crate) other_samples: u64,
}

fn bad(what: String) -> ContentError {
    ContentError::Header { what }
}

impl Y4mHeader {
    /// Reads the line, without its end.
    pub(crate) fn parse(line: &[u8]) -> Result<Y4mHeader, ContentError> {
        let text = std::str::from_utf8(line).map_err(|_| bad("is not text".to_owned()))?;
        let (mut width, mut height, mut rate, mut colour) = (None, None, None, "420");
        for parameter in text.split(' ').skip(1) {
            let Some(tag) = parameter.chars().next() else { continue };
            let value = &parameter[tag.len_utf8()..];
            match tag {
                'W' => width = Some(side(parameter, value)?),
                'H' => height = Some(side(parameter, value)?),
                'F' => rate = frame_rate(value)?,
                'C' => colour = value,
                'I' if !matches!(value, "p" | "?") => {
                    return Err(bad(format!(
                        "{parameter}: interlaced; deinterlace it first, only progressive is read"
                    )));
                }
                _ => {}
            }
        }
        let width = width.ok_or_else(|| bad("no width (W)".to_owned()))?;
        let height = height.ok_or_else(|| bad("no height (H)".to_owned()))?;
        check_size(width, height).map_err(|error| bad(error.to_string()))?;
        let (across, down, planes, bit_depth) = layout(colour)?;
        check_bit_depth(bit_depth).map_err(|error| bad(format!("C{colour}: {error}")))?;
        let plane = (width.div_ceil(across) * height.div_ceil(down)) as u64;
        let alpha = if planes == 3 { (width * height) as u64 } else { 0 };
        let other_samples = plane * planes.min(2) + alpha;
        Ok(Y4mHeader { width, height, frame_rate: rate, bit_depth, other_samples })
    }

    pub(crate) fn bytes_per_sample(&self) -> u64 {
        if self.bit_depth > 8 { 2 } else { 1 }
    }
}

fn side(parameter: &str, value: &str) -> Result<usize, ContentError> {
    value.parse().map_err(|_| bad(format!("{parameter}: not a whole number")))
}

fn frame_rate(value: &str) -> Result<Option<f64>, ContentError> {
    let parts = value.split_once(':').and_then(|(n, d)| Some((n.parse::<u32>().ok()?, d.parse::<u32>().ok()?)));
    match parts {
        Some((0, _) | (_, 0)) => Ok(None),
        Some((n, d)) => Ok(Some(f64::from(n) / f64::from(d))),
        None => Err(bad(format!("F{value}: not a ratio of whole numbers, as 30000:1001"))),
    }
}

/// Luma samples to one chroma sample across and down, planes beside luma, bit depth.
fn layout(colour: &str) -> Result<(usize, usize, u64, u8), ContentError> {
    let unknown = || bad(format!("C{colour}: unknown; mono, 420, 422, 444, 411 and 440 are read, 8 to 12 bits"));
    let (across, down, planes, rest) = if let Some(rest) = colour.strip_prefix("mono") {
        (1, 1, 0, rest)
    } else {
        let (sampling, rest) = colour.split_at_checked(3).ok_or_else(unknown)?;
        match sampling {
            "420" => (2, 2, 2, rest),
            "422" => (2, 1, 2, rest),
            "444" => (1, 1, 2, rest),
            "411" => (4, 1, 2, rest),
            "440" => (1, 2, 2, rest),
            _ => return Err(unknown()),
        }
    };
    match rest {
        "" => Ok((across, down, planes, 8)),
        // Where chroma sits.
        "jpeg" | "mpeg2" | "paldv" if down == 2 && across == 2 => Ok((across, down, planes, 8)),
        "alpha" if down == 1 && across == 1 && planes == 2 => Ok((across, down, 3, 8)),
        _ => {
            let depth = if planes == 0 { rest } else { rest.strip_prefix('p').ok_or_else(unknown)? };
            Ok((across, down, planes, depth.parse().map_err(|_| unknown())?))
        }
    }
}
