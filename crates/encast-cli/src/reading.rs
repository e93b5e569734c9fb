//! What people and programs write for sizes, rates, lengths of time and moments, read as numbers.

use crate::time;

/// Width and height that a name of a height stands for: all of them are 16:9.
const NAMED_SIZES: [(&str, f64, f64); 14] = [
    ("240p", 426.0, 240.0),
    ("360p", 640.0, 360.0),
    ("480p", 854.0, 480.0),
    ("540p", 960.0, 540.0),
    ("576p", 1024.0, 576.0),
    ("720p", 1280.0, 720.0),
    ("900p", 1600.0, 900.0),
    ("1080p", 1920.0, 1080.0),
    ("1440p", 2560.0, 1440.0),
    ("2160p", 3840.0, 2160.0),
    ("4k", 3840.0, 2160.0),
    ("uhd", 3840.0, 2160.0),
    ("4320p", 7680.0, 4320.0),
    ("8k", 7680.0, 4320.0),
];

/// Below it a bare number is a bitrate in kbit/s, from it on in bit/s: 100 kbit/s are 100000 bit/s, and no stream has
/// 100 Gbit/s.
pub const BARE_BITS_FROM: f64 = 100_000.0;

/// Pixels of `1920x1080` (also ×, X), `1080p`, `4k`. Names are 16:9.
pub fn size(text: &str) -> Option<(f64, f64)> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(&(_, width, height)) = NAMED_SIZES.iter().find(|(name, ..)| *name == text) {
        return Some((width, height));
    }
    let (width, height) = text.split_once(['x', '×'])?;
    let whole = |part: &str| part.trim().parse::<u32>().ok().filter(|&pixels| pixels > 0).map(f64::from);
    Some((whole(width)?, whole(height)?))
}

/// kbit/s of `4000kbps`, `4000k`, `4M`, `2.5Mbps`, `2500000bps`, or of a bare number: kbit/s below
/// [`BARE_BITS_FROM`], else bit/s.
pub fn bitrate_kbps(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)?;
    let factor = match unit.trim() {
        "" => return Some(bare_bitrate_kbps(number)),
        "k" | "kbps" | "kbit/s" | "kb/s" | "kbit" => 1.0,
        "m" | "mbps" | "mbit/s" | "mb/s" | "mbit" => 1000.0,
        "bps" | "bit/s" | "b/s" => 0.001,
        _ => return None,
    };
    Some(number * factor)
}

/// kbit/s of a number without a unit.
pub fn bare_bitrate_kbps(number: f64) -> f64 {
    if number < BARE_BITS_FROM { number } else { number / 1000.0 }
}

/// Frames/s of `30`, `29.97`, `30000/1001`, `30fps`.
pub fn frame_rate(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix("fps").unwrap_or(&text).trim();
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value > 0.0);
    match text.split_once('/') {
        Some((above, below)) => Some(number(above)? / number(below)?),
        None => number(text),
    }
}

/// Seconds of `15s`, `90m`, `24h`, `7d`, `2w`, `1h30m`.
pub fn seconds(text: &str) -> Option<i64> {
    let (mut total, mut rest) = (0i64, text.trim());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let unit = rest[digits..].chars().next()?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(rest[..digits].parse::<i64>().ok()?.checked_mul(factor)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    Some(total)
}

/// A length of time on the command line.
pub fn seconds_argument(text: &str) -> Result<i64, String> {
    seconds(text)
        .filter(|&s| s > 0)
        .ok_or_else(|| "must be a length of time above 0, as 15s, 10m, 24h or 7d".to_owned())
}

/// A moment on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So many seconds ago.
    Ago(i64),
    /// Unix seconds.
    At(i64),
}

impl Moment {
    /// `now`, `7d` (ago), Unix seconds, or `2026-11-21T01:30:00Z`.
    pub fn parse(text: &str) -> Result<Moment, String> {
        let text = text.trim();
        if text == "now" {
            return Ok(Moment::Ago(0));
        }
        let unix = text.parse::<i64>().ok().filter(|&unix| unix >= 0).or_else(|| time::unix_of(text));
        unix.map(Moment::At).or_else(|| seconds(text).map(Moment::Ago)).ok_or_else(|| {
            "must be now, a length of time ago (7d, 24h), Unix seconds, or a time as 2026-11-21T01:30:00Z".to_owned()
        })
    }

    /// Unix seconds, at a given present.
    pub fn unix(self, now: i64) -> i64 {
        match self {
            Moment::Ago(seconds) => now - seconds,
            Moment::At(unix) => unix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_sizes_as_they_occur() {
        for (text, kbps) in [
            ("4000kbps", 4000.0),
            ("4000k", 4000.0),
            ("4M", 4000.0),
            ("10M", 10_000.0),
            ("2.5Mbps", 2500.0),
            ("2500000", 2500.0),
            ("2500", 2500.0),
            ("99999", 99_999.0),
            ("100000", 100.0),
            ("128000bps", 128.0),
            (" 4000 kbit/s", 4000.0),
        ] {
            assert_eq!(bitrate_kbps(text), Some(kbps), "{text}");
        }
        for bad in ["", "k", "-1k", "4G", "1e9", "auto", "4..0k", "0", "NaN"] {
            assert_eq!(bitrate_kbps(bad), None, "{bad}");
        }
        assert_eq!(size("1920x1080"), Some((1920.0, 1080.0)));
        assert_eq!(size("1280X720"), Some((1280.0, 720.0)));
        assert_eq!(size("1280×720"), Some((1280.0, 720.0)));
        assert_eq!(size("1080p"), Some((1920.0, 1080.0)));
        assert_eq!(size("4K"), Some((3840.0, 2160.0)));
        for bad in ["", "1080", "x", "0x0", "1920x", "-1x5", "1920x1080x3"] {
            assert_eq!(size(bad), None, "{bad}");
        }
        assert_eq!(frame_rate("29.97"), Some(29.97));
        assert_eq!(frame_rate("30000/1001"), Some(30000.0 / 1001.0));
        assert_eq!(frame_rate("60fps"), Some(60.0));
        for bad in ["", "1/0", "x", "-30", "inf"] {
            assert_eq!(frame_rate(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_read() {
        assert_eq!(seconds("7d"), Some(604_800));
        assert_eq!(seconds("1h30m"), Some(5400));
        for bad in ["", "7", "d", "7x", "99999999999999999w", "-1h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
        assert_eq!(Moment::parse("now"), Ok(Moment::Ago(0)));
        assert_eq!(Moment::parse("7d").map(|m| m.unix(1_000_000)), Ok(395_200));
        assert_eq!(Moment::parse("1795224660"), Ok(Moment::At(1_795_224_660)));
        assert_eq!(Moment::parse("2026-11-21T01:31:00Z"), Ok(Moment::At(1_795_224_660)));
        assert!(Moment::parse("yesterday").is_err() && Moment::parse("-5").is_err());
    }
}
