//! Times in certificates (RFC 5280 section 4.1.2.5): UTCTime until 2049, GeneralizedTime beyond.
use std::time::Duration;

use crate::clock::{Civil, Time};
use crate::encoding::tlv::{self, Tlv, Unsound};

/// How far the clock of whoever tells of revocations and ours may be apart: what OpenSSL's `ocsp` allows.
pub(super) const LEEWAY: Duration = Duration::from_secs(5 * 60);

/// UTCTime as `YYMMDDhhmmssZ`, GeneralizedTime as `YYYYMMDDhhmmssZ`: the forms of RFC 5280, and no other.
pub(crate) fn read(tlv: &Tlv<'_>) -> tlv::Result<Time> {
    let (digits, z) = tlv.value().split_last_chunk::<1>().ok_or(Unsound)?;
    if z != b"Z" || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Unsound);
    }
    let (year, rest) = match (tlv.tag, digits.len()) {
        (tlv::UTC_TIME, 12) => {
            let (year, rest) = digits.split_at(2);
            let year = number(year);
            // RFC 5280 section 4.1.2.5.1.
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (tlv::GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at(4);
            (number(year), rest)
        }
        _ => return Err(Unsound),
    };
    let (pairs, _) = rest.as_chunks::<2>();
    let [month, day, hour, minute, second] = pairs else { return Err(Unsound) };
    let two = |pair: &[u8; 2]| u8::try_from(number(pair)).unwrap_or(u8::MAX);
    let civil = Civil {
        year,
        month: two(month),
        day: two(day),
        hour: two(hour),
        minute: two(minute),
        second: two(second),
    };
    Time::from_civil(civil).ok_or(Unsound)
}

fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')))
}

/// `None` for a year that has not four digits.
pub(crate) fn write(time: Time) -> Option<Vec<u8>> {
    let Civil { year, month, day, hour, minute, second } = time.civil();
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    match year {
        1950..2050 => Some(tlv::wrap(tlv::UTC_TIME, &[format!("{:02}{rest}", year % 100).as_bytes()])),
        0..10_000 => Some(tlv::wrap(tlv::GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tag: u8, text: &str) -> Option<String> {
        let der = tlv::wrap(tag, &[text.as_bytes()]);
        read(&tlv::only(&der, tag).unwrap()).ok().map(|time| time.to_string())
    }

    #[test]
    fn both_forms_are_read_and_written() {
        for (tag, text, shown) in [
            (tlv::UTC_TIME, "500101120100Z", "1950-01-01T12:01:00Z"),
            (tlv::UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z"),
            (tlv::GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00Z"),
            (tlv::GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(parse(tag, text).as_deref(), Some(shown));
            assert_eq!(write(shown.parse().unwrap()).unwrap(), tlv::wrap(tag, &[text.as_bytes()]));
        }
    }

    #[test]
    fn other_forms_and_impossible_dates_are_refused() {
        for text in [
            "2601311200Z",
            "260131120000",
            "260131120000+0100",
            "26013112000-Z",
            "260230120000Z",
            "260131126000Z",
            "Z",
        ] {
            assert_eq!(parse(tlv::UTC_TIME, text), None, "{text}");
        }
        for text in ["20260131120000.5Z", "202601311200Z", "20261331120000Z"] {
            assert_eq!(parse(tlv::GENERALIZED_TIME, text), None, "{text}");
        }
    }
}
