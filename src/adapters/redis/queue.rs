//! What this host has revoked and not told yet.
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::cookie::Revocation;

/// How many wait at most: those before them are told with all that this host knows.
const LENGTH: usize = 10_000;

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// That there is something.
    pub(super) news: Notify,
}

#[derive(Default)]
struct Waiting {
    revocations: VecDeque<Revocation>,
    has_lost: bool,
}

impl Queue {
    /// Never waits. Of too many the oldest goes: it is kept in memory since long, and told from there.
    pub(super) fn push(&self, revocation: Revocation) {
        let mut waiting = self.waiting();
        if waiting.revocations.len() >= LENGTH {
            waiting.revocations.pop_front();
            waiting.has_lost = true;
        }
        waiting.revocations.push_back(revocation);
        drop(waiting);
        self.news.notify_one();
    }

    /// What is to be told, which stays until it [`was`](Self::told); `None` if some was lost and all has to be told.
    pub(super) fn next(&self) -> Option<Vec<Revocation>> {
        let waiting = self.waiting();
        (!waiting.has_lost).then(|| waiting.revocations.iter().take(512).copied().collect())
    }

    /// The first so many were told.
    pub(super) fn told(&self, count: usize) {
        let mut waiting = self.waiting();
        let count = count.min(waiting.revocations.len());
        waiting.revocations.drain(..count);
    }

    /// From now on nothing is lost: to be called before all that is known is told.
    pub(super) fn begin_anew(&self) {
        self.waiting().has_lost = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        let waiting = self.waiting();
        waiting.revocations.is_empty() && !waiting.has_lost
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
