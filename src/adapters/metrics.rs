//! Sessions counted and timed through `metrics` (feature `metrics`), which brings it to Prometheus and others.
use std::sync::Arc;
use std::time::Duration;

use crate::cookie::{Claims, Event, Revocations, Sessions};

/// Counts all that happens to these sessions, and times the tokens that come. No label names anybody.
///
/// | name | kind | labels |
/// |---|---|---|
/// | `bulla_session_events_total` | counter | `event`: [`Event::word`]; `why`: [`Refusal::word`](crate::cookie::Refusal::word) of what was refused, else empty |
/// | `bulla_session_open_seconds` | histogram | |
///
/// ```
/// # use bulla::cookie::{Claims, Lifetime, Revocations, Scope, Sessions, Subject, TokenKeys};
/// # use bulla::{Time, TokenKeyring};
/// # use serde::{Deserialize, Serialize};
/// # use std::{sync::Arc, time::Duration};
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
/// # let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR, Time::now())?);
/// use bulla::adapters::metrics;
/// let sessions = Sessions::<Login>::new(&keys, Scope::new("__Host-session")?, Arc::new(Revocations::new()))?;
/// let sessions = metrics::observe(sessions);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub fn observe<C: Claims>(sessions: Sessions<C>) -> Sessions<C> {
    sessions.watch(count).time(record)
}

/// Says how many seconds ago other hosts were last heard from, in the gauge `bulla_revocations_staleness_seconds`: to be called
/// every now and then. Nothing is said if there are no other hosts; infinity, if they were never heard.
pub fn gauge_staleness(revocations: &Arc<Revocations>) {
    if let Some(staleness) = revocations.staleness() {
        let seconds = if staleness == Duration::MAX { f64::INFINITY } else { staleness.as_secs_f64() };
        metrics::gauge!("bulla_revocations_staleness_seconds").set(seconds);
    }
}

fn count(event: Event) {
    let why = if let Event::Refused(why) = event { why.word() } else { "" };
    metrics::counter!("bulla_session_events_total", "event" => event.word(), "why" => why).increment(1);
}

fn record(took: Duration) {
    metrics::histogram!("bulla_session_open_seconds").record(took.as_secs_f64());
}
