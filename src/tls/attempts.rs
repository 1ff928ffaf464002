//! How often passwords may be tried, counted for each name, whether somebody has it or not.
//!
//! It is the generic cell rate algorithm (ITU-T I.371 annex A), with one number for each counter: when it will be empty again. A name
//! has the counter that its keyed hash says, so the memory is bounded, and nobody can have a counter forgotten by trying other names.
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::limits::{PASSWORD_COUNTERS, PASSWORD_TRIES};

/// So many at once, and one more each time that so many seconds have passed.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    at_once: u32,
    seconds: u32,
}

impl Rate {
    /// Ten, and one more each minute: half a million guesses in a year.
    pub(super) const USUAL: Self = Rate { at_once: 10, seconds: 60 };

    pub(super) fn new(at_once: u32, one_more_after: Duration) -> Result<Self> {
        let seconds = u32::try_from(one_more_after.as_secs()).ok().filter(|seconds| *seconds > 0);
        match seconds.filter(|_| (1..=PASSWORD_TRIES).contains(&at_once)) {
            Some(seconds) => Ok(Rate { at_once, seconds }),
            None => {
                let why = "1 to 100 tries at once, and a second at least until there is one more";
                Err(Error::usage("tries of passwords", why, "give figures that are within these"))
            }
        }
    }

    /// The longest that anybody waits for.
    fn full(self) -> i64 {
        i64::from(self.at_once).saturating_mul(self.seconds.into())
    }
}

/// The counters.
pub(super) struct Attempts {
    names: RandomState,
    /// In seconds since 1970.
    empty_at: Mutex<Vec<i64>>,
}

/// A try that was counted.
pub(super) struct Attempt(usize);

impl Attempts {
    pub(super) fn new() -> Self {
        Attempts { names: RandomState::new(), empty_at: Mutex::new(vec![i64::MIN; PASSWORD_COUNTERS]) }
    }

    /// Counts a try; or says how long to wait for one, and does not count it.
    pub(super) fn count(&self, user: &str, rate: Rate, now: Time) -> std::result::Result<Attempt, Duration> {
        let now = now.unix();
        let mut counters = self.counters();
        let hash = usize::try_from(self.names.hash_one(user) >> 32).unwrap_or_default();
        let number = hash % PASSWORD_COUNTERS;
        let Some(counter) = counters.get_mut(number) else { return Err(Duration::MAX) };
        // A clock that was set back makes nobody wait for longer than from full to empty.
        let full = now.saturating_add(rate.full());
        let after = (*counter).clamp(now, full).saturating_add(rate.seconds.into());
        match u64::try_from(after.saturating_sub(full)) {
            Ok(seconds) if seconds > 0 => Err(Duration::from_secs(seconds)),
            _ => {
                *counter = after;
                Ok(Attempt(number))
            }
        }
    }

    /// Takes back one that was counted, since it was right.
    pub(super) fn forgive(&self, attempt: &Attempt, rate: Rate) {
        if let Some(counter) = self.counters().get_mut(attempt.0) {
            *counter = counter.saturating_sub(rate.seconds.into());
        }
    }

    /// Whoever panicked over them left them as sound as they were.
    fn counters(&self) -> MutexGuard<'_, Vec<i64>> {
        self.empty_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn so_many_may_be_tried_at_once_and_then_one_each_time() {
        let (attempts, rate, now) =
            (Attempts::new(), Rate::new(3, SECOND * 10).unwrap(), Time::from_unix(1000));
        (0..3).for_each(|_| assert!(attempts.count("alice", rate, now).is_ok()));
        assert_eq!(attempts.count("alice", rate, now).err(), Some(SECOND * 10));
        assert_eq!(attempts.count("alice", rate, now + SECOND * 9).err(), Some(SECOND));
        let again = attempts.count("alice", rate, now + SECOND * 10).unwrap();
        assert_eq!(attempts.count("alice", rate, now + SECOND * 10).err(), Some(SECOND * 10));
        attempts.forgive(&again, rate);
        assert!(attempts.count("alice", rate, now + SECOND * 10).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (attempts, rate) = (Attempts::new(), Rate::new(3, SECOND * 10).unwrap());
        let (day, later) = (Time::from_unix(86_400), Time::from_unix(86_400 * 9));
        (0..3).for_each(|_| assert!(attempts.count("alice", rate, later).is_ok()));
        assert_eq!(attempts.count("alice", rate, day).err(), Some(SECOND * 10));
        assert!(attempts.count("bob", rate, day).is_ok());
    }

    #[test]
    fn rates_without_end_or_sense_are_refused() {
        for (at_once, after) in [(0, SECOND), (101, SECOND), (1, Duration::ZERO), (1, Duration::MAX)] {
            assert!(Rate::new(at_once, after).is_err());
        }
    }
}
