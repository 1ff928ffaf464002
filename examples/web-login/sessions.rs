//! Which sessions were seen, for their owners to look at and to end.
//!
//! bulla needs no such list: a session is in its cookie. This one is in memory, so it has what came to this host; a site with
//! several hosts keeps it in its database.
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bulla::Time;
use bulla::cookie::{Claims, Revocations, Session, Stamp, Standing};

use crate::Login;

#[derive(Default)]
pub(crate) struct SeenSessions(Mutex<BTreeMap<String, Seen>>);

#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) user: String,
    /// What it calls itself.
    pub(crate) browser: String,
    pub(crate) at: Time,
    pub(crate) stamp: Stamp,
}

/// A name for a session that is no secret: a hash of its number.
pub(crate) fn name(stamp: &Stamp) -> String {
    stamp.session().digest().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SeenSessions {
    /// Takes note of a session, and forgets those that are over.
    pub(crate) fn note(&self, session: &Session<Login>, browser: &str, now: Time) {
        let (stamp, user) = (*session.stamp(), session.claims().user.clone());
        let browser = browser.chars().take(200).collect();
        let mut all = self.all();
        all.retain(|_, seen| now < seen.stamp.idle_until());
        all.insert(name(&stamp), Seen { user, browser, at: now, stamp });
    }

    /// Those of somebody that go on: what was ended is known to the revocations.
    pub(crate) fn of(&self, owner: &Login, revocations: &Revocations, now: Time) -> BTreeMap<String, Seen> {
        let mut all = self.all().clone();
        all.retain(|_, seen| {
            let standing = revocations.standing(&seen.stamp, owner.subject().as_ref(), now);
            seen.user == owner.user && now < seen.stamp.idle_until() && standing == Standing::Good
        });
        all
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    pub(crate) fn begun(&self) -> Time {
        self.stamp.until() - Login::LIFETIME.absolute()
    }
}
