//! Time as certificates and tokens count it, and the one place that asks what time it is.
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment in UTC, in whole seconds since 1970-01-01T00:00:00Z, without leap seconds (as POSIX counts).
///
/// Shown and read as RFC 3339 writes it.
///
/// ```
/// use bulla::Time;
/// let then: Time = "2026-01-31T12:00:00Z".parse()?;
/// assert_eq!(then.unix(), 1_769_860_800);
/// assert_eq!(then.to_string(), "2026-01-31T12:00:00Z");
/// assert!(then + std::time::Duration::from_secs(1) > then);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A moment as the calendar writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

const DAY: i64 = 86_400;

/// A third of the time that the precise clock takes, which is much of what a token takes.
#[cfg(target_os = "linux")]
fn now() -> Time {
    Time(rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse).tv_sec)
}

#[cfg(not(target_os = "linux"))]
fn now() -> Time {
    SystemTime::now().into()
}

/// A moment of a clock that nobody sets.
#[cfg(any(feature = "cookie", feature = "tls"))]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

impl Time {
    /// The system's time. (On Linux as of the kernel's last tick, ten milliseconds ago at most.)
    #[must_use]
    pub fn now() -> Self {
        now()
    }

    /// So many seconds after (or before) 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Time(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// `None` for what no calendar has: month 13, 30 February, second 60.
    pub(crate) fn from_civil(civil: Civil) -> Option<Self> {
        let Civil { year, month, day, hour, minute, second } = civil;
        let sound = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        sound.then(|| Time(days_from_civil(year, month, day) * DAY + of_day))
    }

    pub(crate) fn civil(self) -> Civil {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let of_day = self.0.rem_euclid(DAY);
        let small = |n: i64| u8::try_from(n).unwrap_or_default();
        let (hour, minute, second) = (small(of_day / 3600), small(of_day / 60 % 60), small(of_day % 60));
        Civil { year, month, day, hour, minute, second }
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
/// The year begins in March, so that the leap day is its last.
fn days_from_civil(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The way back, from the same page.
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or_default(), u8::try_from(day).unwrap_or_default())
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Time(seconds(after)),
            // Rounded down, as the seconds after are.
            Err(before) => {
                let before = before.duration();
                Time(-seconds(before) - i64::from(before.subsec_nanos() > 0))
            }
        }
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;

    /// Fractions of a second are dropped; stops at the end of what 64 bits count.
    fn add(self, duration: Duration) -> Self {
        Time(self.0.saturating_add_unsigned(duration.as_secs()))
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Self;

    /// Fractions of a second are dropped; stops at the beginning of what 64 bits count.
    fn sub(self, duration: Duration) -> Self {
        Time(self.0.saturating_sub_unsigned(duration.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(Time(unix).to_string(), text);
        }
    }

    #[test]
    fn every_day_of_eight_hundred_years_comes_back() {
        for day in -200_000..100_000 {
            let time = Time(day * DAY + 12_345);
            assert_eq!(Time::from_civil(time.civil()), Some(time));
        }
    }
}
