//! What is written into the log: when something changes, or once a minute, and nothing that names anybody.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Error;

const MINUTE: Duration = Duration::from_secs(60);

/// What a background task has seen.
pub(super) struct Notes {
    /// What the task is for.
    what: &'static str,
    is_away: bool,
    last: Option<Instant>,
    last_cut: Option<Instant>,
    unsaid: u64,
}

impl Notes {
    pub(super) fn new(what: &'static str) -> Self {
        Notes { what, is_away: false, last: None, last_cut: None, unsaid: 0 }
    }

    pub(super) fn away(&mut self, error: &Error) {
        if !self.is_away {
            tracing::warn!(what = self.what, %error, "Redis does not answer as it should");
        }
        self.is_away = true;
    }

    pub(super) fn back(&mut self) {
        if self.is_away {
            tracing::warn!(what = self.what, "Redis answers again");
        }
        self.is_away = false;
    }

    /// Takes note of a feed that broke off.
    pub(super) fn cut(&mut self) {
        if self.last_cut.is_none_or(|last| last.elapsed() >= MINUTE) {
            tracing::warn!(what = self.what, "the feed was cut, emptied or replaced: all is read anew");
            self.last_cut = Some(Instant::now());
        }
    }

    /// Takes note of something that was not taken, which somebody may put there again and again.
    pub(super) fn refused(&mut self, error: &Error) {
        if self.last.is_none_or(|last| last.elapsed() >= MINUTE) {
            tracing::warn!(what = self.what, %error, "what lies in Redis was refused");
            self.last = Some(Instant::now());
        }
    }

    /// Takes note of entries that were skipped.
    pub(super) fn strange(&mut self, entries: usize, all: &AtomicU64) {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        all.fetch_add(entries, Ordering::Relaxed);
        self.unsaid = self.unsaid.saturating_add(entries);
        if self.unsaid > 0 && self.last.is_none_or(|last| last.elapsed() >= MINUTE) {
            tracing::warn!(
                what = self.what,
                entries = self.unsaid,
                "entries in Redis that no host with the key wrote: skipped"
            );
            (self.last, self.unsaid) = (Some(Instant::now()), 0);
        }
    }
}
