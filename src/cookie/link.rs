//! What hosts tell each other of sessions that ended before their time, and how fresh what they told is.
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::claims::Subject;
use crate::clock::{self, Time};
use crate::error::Result;

/// What ends before its time. Hosts tell it to each other; none of it opens a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Revocation {
    /// One session, by the [digest](super::SessionId::digest) of its number.
    Session {
        /// The digest.
        digest: [u8; 32],
        /// Until then it is not renewed, and from then on it is refused: requests that are under way are still answered.
        from: Time,
        /// From then on it has ended anyhow, and this need not be kept.
        until: Time,
    },
    /// All that somebody has.
    Subject {
        /// Whose sessions.
        subject: Subject,
        /// Those in which they last proved who they are at this time, or before.
        authenticated_until: Time,
        /// From then on they have ended anyhow.
        until: Time,
    },
    /// All tokens of generations before this one.
    Generation(u32),
}

/// What to go by while other hosts were not heard from for too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnStale {
    /// What is known: a session that was revoked elsewhere meanwhile goes on until it is heard of.
    Allow,
    /// Nothing: nobody has a session.
    Deny,
    /// The [`Link`] itself, at each request; and if it does not answer, nobody has a session.
    Ask,
}

/// The way to other hosts, for [`Revocations::linked`](super::Revocations::linked): a database that all of them reach.
pub trait Link: Send + Sync + 'static {
    /// Tells all other hosts. It returns at once, and tells it again until it has arrived.
    fn tell(&self, revocation: Revocation);

    /// What is known there about one session, by its [digest](super::SessionId::digest), about its owner, and about
    /// generations. It answers or fails within a deadline of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if there is no answer.
    fn ask(&self, session: [u8; 32], subject: Option<Subject>) -> Answer<'_>;
}

/// What a [`Link`] answers.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Revocation>>> + Send + 'a>>;

/// A link, and when it was last heard from.
pub(super) struct Connection {
    pub(super) link: Box<dyn Link>,
    pub(super) policy: OnStale,
    bound: Duration,
    begun: Instant,
    /// Milliseconds from `begun`, and one; zero: never.
    heard: AtomicU64,
}

impl Connection {
    pub(super) fn new(link: impl Link, bound: Duration, policy: OnStale) -> Self {
        Connection {
            link: Box::new(link),
            policy,
            bound,
            begun: clock::monotonic(),
            heard: AtomicU64::new(0),
        }
    }

    pub(super) fn heard(&self, at: Instant) {
        let after = at.saturating_duration_since(self.begun).as_millis();
        let after = u64::try_from(after).unwrap_or(u64::MAX).saturating_add(1);
        self.heard.fetch_max(after, Ordering::Relaxed);
    }

    pub(super) fn staleness(&self) -> Duration {
        let Some(heard) = self.heard.load(Ordering::Relaxed).checked_sub(1) else { return Duration::MAX };
        clock::monotonic().saturating_duration_since(self.begun).saturating_sub(Duration::from_millis(heard))
    }

    pub(super) fn is_too_stale(&self) -> bool {
        self.policy != OnStale::Allow && self.staleness() > self.bound
    }
}
