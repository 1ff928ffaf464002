//! Sessions that end before their time: who keeps them in memory, and what is told to others about them.
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use super::claims::Subject;
use super::link::{Connection, Link, OnStale, Revocation};
use super::stamp::Stamp;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::limits::{REVOCATIONS, TOKEN_LEEWAY_SECONDS, TOKEN_LIFETIME_SECONDS};

/// How a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Standing {
    /// It goes on.
    Good,
    /// It was replaced or ended a moment ago: requests under way are answered, and it is not renewed.
    Ending,
    /// It has ended.
    Revoked,
    /// Nobody has told this host for too long whether it has: see [`OnStale`].
    Unknown,
}

/// The sessions that have ended before their time, as far as this process knows. Bounded in memory.
///
/// ```
/// use bulla::cookie::{Claims, Lifetime, Revocations, Scope, Standing, Subject, TokenKeys, Tokens};
/// use bulla::{Time, TokenKeyring};
/// # use serde::{Deserialize, Serialize};
/// use std::time::Duration;
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
/// # let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR, Time::now())?);
/// # let tokens = Tokens::<Login>::new(&keys, Scope::new("x")?)?;
/// let revocations = Revocations::new();
/// let session = *tokens.issue(&Login { user: 7 })?.stamp();
/// assert_eq!(revocations.standing(&session, None, Time::now()), Standing::Good);
/// revocations.end(&session, Duration::ZERO, Time::now())?;
/// assert_eq!(revocations.standing(&session, None, Time::now()), Standing::Revoked);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Default)]
pub struct Revocations {
    known: RwLock<Known>,
    connection: Option<Connection>,
}

/// What has ended has ended by every host's clock, also by one that is set back.
const ALWAYS: Time = Time::from_unix(0);

#[derive(Default)]
struct Known {
    sessions: BTreeMap<[u8; 32], (Time, Time)>,
    subjects: BTreeMap<Subject, (Time, Time)>,
    generation: u32,
    /// When what had ended was last forgotten.
    purged: Option<Time>,
}

impl Revocations {
    /// Nothing is revoked, and no other host has sessions of the same kind.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shares what is revoked with other hosts. When nothing was [heard](Self::heard) from them for longer than `bound`, it goes
    /// by `policy`.
    #[must_use]
    pub fn linked(link: impl Link, bound: Duration, policy: OnStale) -> Self {
        Revocations { known: RwLock::default(), connection: Some(Connection::new(link, bound, policy)) }
    }

    /// Takes note that all is known that other hosts had told by this moment: for who brings it from them.
    pub fn heard(&self, at: Instant) {
        if let Some(connection) = &self.connection {
            connection.heard(at);
        }
    }

    /// How long nothing was heard from other hosts; `None` if there are none.
    pub fn staleness(&self) -> Option<Duration> {
        self.connection.as_ref().map(Connection::staleness)
    }

    /// Whether a session whose standing is unknown is to be asked for.
    pub(super) fn asks(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.policy == OnStale::Ask)
    }

    /// How a session stands, by the link itself if nothing was heard for too long and the policy is to ask.
    pub(super) async fn ask_if_stale(
        &self,
        session: &Stamp,
        subject: Option<&Subject>,
        now: Time,
    ) -> Result<Standing> {
        match self.standing(session, subject, now) {
            Standing::Unknown if self.asks() => self.ask(session, subject, now).await,
            standing => Ok(standing),
        }
    }

    /// How a session stands, by the link itself.
    ///
    /// # Errors
    /// Those of [`Link::ask`].
    pub async fn ask(&self, session: &Stamp, subject: Option<&Subject>, now: Time) -> Result<Standing> {
        if let Some(connection) = &self.connection {
            let mut answer = Known::default();
            for told in connection.link.ask(session.session().digest(), subject.copied()).await? {
                answer.apply(told, now)?;
                // The answer counts also where there is no room to keep it.
                let _ = self.apply(told, now);
            }
            match answer.standing(session, subject, now) {
                Standing::Good => {}
                standing => return Ok(standing),
            }
        }
        Ok(self.read().standing(session, subject, now))
    }

    /// Ends one session, after a `grace` in which requests that are under way are still answered.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn end(&self, session: &Stamp, grace: Duration, now: Time) -> Result<Revocation> {
        let (digest, until) = (session.session().digest(), session.until());
        let from = if grace.is_zero() { ALWAYS } else { now + grace };
        self.told(Revocation::Session { digest, from, until }, now)
    }

    /// [`end`](Self::end), at once, for who has the [digest](super::SessionId::digest) of a session alone, as in a table of sessions.
    /// `until` is when it ends anyhow.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn end_by_digest(&self, digest: [u8; 32], until: Time, now: Time) -> Result<Revocation> {
        self.told(Revocation::Session { digest, from: ALWAYS, until }, now)
    }

    /// Ends all sessions in which somebody proved who they are until now.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn end_all_of(&self, subject: Subject, now: Time) -> Result<Revocation> {
        let until = now + Duration::from_secs(TOKEN_LIFETIME_SECONDS);
        self.told(Revocation::Subject { subject, authenticated_until: now, until }, now)
    }

    /// Ends all tokens of generations before this one: everybody signs in anew.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub fn end_generations_before(&self, least: u32, now: Time) -> Result<Revocation> {
        self.told(Revocation::Generation(least), now)
    }

    /// Others are told even if there is no room here.
    fn told(&self, revocation: Revocation, now: Time) -> Result<Revocation> {
        if let Some(connection) = &self.connection {
            connection.link.tell(revocation);
        }
        self.apply(revocation, now).map(|()| revocation)
    }

    /// Takes note of what another host has revoked.
    ///
    /// # Errors
    /// [`ErrorKind::OverLimit`](crate::ErrorKind::OverLimit) if a million others are kept already: the session goes on, then.
    pub fn apply(&self, revocation: Revocation, now: Time) -> Result<()> {
        self.write().apply(revocation, now)
    }

    /// How a session stands that was just accepted.
    pub fn standing(&self, session: &Stamp, subject: Option<&Subject>, now: Time) -> Standing {
        match self.read().standing(session, subject, now) {
            Standing::Revoked => Standing::Revoked,
            _ if self.connection.as_ref().is_some_and(Connection::is_too_stale) => Standing::Unknown,
            standing => standing,
        }
    }

    /// Whether all that somebody has was ended.
    pub(super) fn has_subjects(&self) -> bool {
        !self.read().subjects.is_empty()
    }

    /// From when on somebody who signs in has a session that counts, if all that they had until then was ended.
    pub(super) fn counts_from(&self, subject: &Subject) -> Option<Time> {
        self.read()
            .subjects
            .get(subject)
            .map(|(authenticated_until, _)| *authenticated_until + Duration::from_secs(1))
    }

    /// The least generation that still counts: what new tokens are to be marked with.
    pub fn generation(&self) -> u32 {
        self.read().generation
    }

    /// All that is kept, for a snapshot.
    pub fn all(&self) -> Vec<Revocation> {
        let known = self.read();
        let sessions = known.sessions.iter();
        let sessions = sessions.map(|(digest, (from, until))| Revocation::Session {
            digest: *digest,
            from: *from,
            until: *until,
        });
        let subjects =
            known.subjects.iter().map(|(subject, (authenticated_until, until))| Revocation::Subject {
                subject: *subject,
                authenticated_until: *authenticated_until,
                until: *until,
            });
        sessions.chain(subjects).chain([Revocation::Generation(known.generation)]).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn standing(&self, session: &Stamp, subject: Option<&Subject>, now: Time) -> Standing {
        if session.generation() < self.generation {
            return Standing::Revoked;
        }
        let ended = subject.and_then(|subject| self.subjects.get(subject));
        if ended.is_some_and(|(authenticated_until, _)| session.authenticated() <= *authenticated_until) {
            return Standing::Revoked;
        }
        if self.sessions.is_empty() {
            return Standing::Good;
        }
        match self.sessions.get(&session.session().digest()) {
            Some((from, _)) if now >= *from => Standing::Revoked,
            Some(_) => Standing::Ending,
            None => Standing::Good,
        }
    }

    fn apply(&mut self, revocation: Revocation, now: Time) -> Result<()> {
        match revocation {
            // It needs no room, and is what helps when there is none.
            Revocation::Generation(least) => self.generation = self.generation.max(least),
            Revocation::Session { digest, from, until } => {
                if !self.sessions.contains_key(&digest) {
                    self.make_room(now)?;
                }
                let entry = self.sessions.entry(digest).or_insert((from, until));
                // Of two, the earlier end counts, and is kept as long as the later one says.
                *entry = (entry.0.min(from), entry.1.max(until));
            }
            Revocation::Subject { subject, authenticated_until, until } => {
                if !self.subjects.contains_key(&subject) {
                    self.make_room(now)?;
                }
                let entry = self.subjects.entry(subject).or_insert((authenticated_until, until));
                *entry = (entry.0.max(authenticated_until), entry.1.max(until));
            }
        }
        Ok(())
    }

    /// Forgets what has ended anyhow, if there are many.
    fn make_room(&mut self, now: Time) -> Result<()> {
        let is_full = |known: &Self| known.sessions.len().saturating_add(known.subjects.len()) >= REVOCATIONS;
        // Once a second at most, or a full table would be gone through for each that does not fit.
        if is_full(self) && self.purged != Some(now) {
            self.purged = Some(now);
            // Clocks of hosts differ.
            let now = now - Duration::from_secs(TOKEN_LEEWAY_SECONDS);
            self.sessions.retain(|_, (_, until)| now < *until);
            self.subjects.retain(|_, (_, until)| now < *until);
        }
        if is_full(self) {
            let hint = "raise the generation: everybody signs in anew";
            return Err(Error::over_limit("revocations", format!("there are {REVOCATIONS} already"), hint));
        }
        Ok(())
    }
}
