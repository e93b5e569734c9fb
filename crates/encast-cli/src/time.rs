//! The clock, read only here: when a model was trained, when an encode was measured.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::Failure;

/// Unix seconds of `SOURCE_DATE_EPOCH` when it is set (for builds that can be repeated), otherwise of now.
pub fn trained_at() -> Result<i64, Failure> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => match text.trim().parse::<i64>() {
            // The end of year 9999: beyond it RFC 3339 has no date.
            Ok(seconds) if (0..=253_402_300_799).contains(&seconds) => Ok(seconds),
            _ => Err(Failure::Bad(format!(
                "SOURCE_DATE_EPOCH = {text}: must be a whole number of seconds from 0 to 253402300799"
            ))),
        },
        Ok(_) | Err(std::env::VarError::NotPresent) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
        }
        Err(error) => Err(Failure::Bad(format!("SOURCE_DATE_EPOCH: {error}"))),
    }
}

/// Now, Unix seconds.
pub fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

/// Now, UTC, RFC 3339: `2026-11-21T01:30:00Z`.
pub fn now() -> String {
    let unix =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    let (days, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Unix seconds of what [`now`] gives; none for anything else.
pub fn unix_of(text: &str) -> Option<i64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let three = |text: &str, mark: char| -> Option<[i64; 3]> {
        let parts: Vec<i64> = text.split(mark).map(|part| part.parse().ok()).collect::<Option<_>>()?;
        parts.try_into().ok()
    };
    let ([year, month, day], [hour, minute, second]) = (three(date, '-')?, three(clock, ':')?);
    let valid = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let valid = valid && (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    // The inverse of `civil`: years are counted from March.
    let (year, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month_from_march + 2) / 5 + day - 1;
    let days = era * 146_097 + day_of_era - 719_468;
    valid.then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// UTC date and time as a version: `2026.11.21-0130`.
pub fn version_of(unix: i64) -> String {
    let (days, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}.{month:02}.{day:02}-{:02}{:02}", second / 3600, second / 60 % 60)
}

/// Year, month, day of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Years are counted from
/// March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_utc_dates() {
        assert_eq!(version_of(0), "1970.01.01-0000");
        assert_eq!(version_of(951_827_696), "2000.02.29-1234");
        assert_eq!(version_of(1_795_224_660), "2026.11.21-0131");
        assert_eq!(version_of(4_107_542_399), "2100.02.28-2359");
        assert_eq!(version_of(4_107_542_400), "2100.03.01-0000");
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        assert_eq!(unix_of("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_of("2000-02-29T12:34:56Z"), Some(951_827_696));
        assert_eq!(unix_of("2026-11-21T01:31:00Z"), Some(1_795_224_660));
        assert_eq!(unix_of("2100-03-01T00:00:00Z"), Some(4_107_542_400));
        for bad in ["", "2026-11-21", "2026-11-21T01:31:00", "2026-13-21T01:31:00Z", "2026-11-21T01:61:00Z", "aTbZ"] {
            assert_eq!(unix_of(bad), None, "{bad}");
        }
    }
}
