//! Times as text (RFC 3339): what users write for [`Time`].
use std::str::FromStr;

use crate::clock::{Civil, Time};
use crate::error::{Error, Result};

/// RFC 3339 section 5.6; a fraction of a second is dropped, and an offset is turned into UTC.
impl FromStr for Time {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage("time", "it is not written as RFC 3339 does", "write it like 2026-01-31T12:00:00Z")
        };
        rfc3339(text).ok_or_else(wrong)
    }
}

fn rfc3339(text: &str) -> Option<Time> {
    let (date_and_time, rest) = text.split_at_checked(19)?;
    let mut civil = [0; 6];
    // Where each number is, and the character before it.
    let places: [(std::ops::Range<usize>, &str); 6] =
        [(0..4, ""), (5..7, "-"), (8..10, "-"), (11..13, "T"), (14..16, ":"), (17..19, ":")];
    for (number, (range, before)) in civil.iter_mut().zip(places) {
        let sign = date_and_time.get(range.start - before.len()..range.start)?;
        if !sign.eq_ignore_ascii_case(before) {
            return None;
        }
        *number = digits(date_and_time.get(range)?)?;
    }
    let [year, month, day, hour, minute, second] = civil;
    let small = |n: i64| u8::try_from(n).ok();
    let local = Time::from_civil(Civil {
        year,
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
    })?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (zone.len() < fraction.len()).then_some(zone)?
        }
        None => rest,
    };
    Some(Time::from_unix(local.unix() - offset(zone)?))
}

/// Seconds that a zone is before UTC's time: `Z`, `+01:00`.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let sound = zone.len() == 6 && hours < 24 && minutes < 60;
    sound.then_some(sign * (hours * 3600 + minutes * 60))
}

/// Decimal digits and nothing else: `parse` alone would take a sign.
fn digits(text: &str) -> Option<i64> {
    let sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in
            ["1969-12-31T23:59:59Z", "2000-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        {
            assert_eq!(text.parse::<Time>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn offsets_and_fractions_are_turned_into_whole_utc_seconds() {
        for text in ["2026-01-31T13:00:00+01:00", "2026-01-31t12:00:00.987z", "2026-01-31T06:30:00-05:30"] {
            assert_eq!(text.parse::<Time>().unwrap().unix(), 1_769_860_800, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-01-31",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:60Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+1:00",
            "+026-01-31T12:00:00Z",
            "2026-01-31T12:00:00ZZ",
            "2026-01-31T12:00:00+24:00",
            "2026/01/31T12:00:00Z",
            "٢٠٢٦-01-31T12:00:00Z",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
