//! "Remember me": a cookie that begins sessions for months, and of which a stolen copy shows itself.
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::claims::{Claims, Lifetime, Subject};
use super::refusal::Refusal;
use super::revocation::{Revocations, Standing};
use super::stamp::{Stamp, Token};
use super::store::{Store, key, key_of_subject};
use super::tokens::Tokens;
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::REPLACED_GRACE_SECONDS;
use crate::primitives::random;
use crate::verified::Verified;

/// Recognises who signed in weeks ago, by a token that is replaced each time it is used.
///
/// The tokens that one browser was given in turn are a *series*: the session's number stays, and each has a number of its own,
/// of which the store knows the newest. Who steals a token and uses it replaces it, and when its owner comes with the old one,
/// or the other way round, **an old number shows that there are two of them**. It cannot be told who is who, so the series ends,
/// and all sessions of its owner with it: both have to sign in, and one of them cannot.
/// (Barry Jaspan, "Improved Persistent Login Cookie Best Practice"; for OAuth RFC 9700 section 4.14.2.)
///
/// Requests that are under way together with the first one still come with the number that it replaced. So that one is recognised
/// for 10 seconds more, and a number is replaced once in that time at most. Clocks of hosts should agree within seconds. A browser
/// that never receives the answer with its new token comes back with the old one, and is taken for a thief: that is the price.
///
/// It **begins a login session**, and is asked only when there is none. Nobody has proved anything by coming with it, so the
/// session is begun by [`OptionalSession::begin_as_of`](super::OptionalSession::begin_as_of), with the time at which they last
/// did: what asks for a fresh proof, to change a password, say, is not content with that. Never give it the time of now.
///
/// ```
/// use bulla::cookie::{
///     Claims, Lifetime, MemoryStore, Recognition, Remember, Revocations, Scope, Series, Sessions, Subject, TokenKeys, Tokens,
/// };
/// use bulla::{Time, TokenKeyring};
/// use serde::{Deserialize, Serialize};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// #[derive(Serialize, Deserialize)]
/// struct Remembered {
///     user: u64,
/// }
/// const DAY: Duration = Duration::from_secs(86_400);
/// impl Claims for Remembered {
///     const PURPOSE: &'static str = "remember";
///     const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(30 * 86_400), Duration::from_secs(180 * 86_400));
///     fn subject(&self) -> Option<Subject> {
///         Some(Subject::of(self.user.to_be_bytes()))
///     }
/// }
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bulla::Result<()> {
/// # let keys = TokenKeys::new(TokenKeyring::generate(DAY, DAY * 200, Time::now())?);
/// // The sessions of the site, and what is revoked of them, which both look at.
/// let revocations = Arc::new(Revocations::new());
/// let sessions = Arc::new(Sessions::<Login>::new(&keys, Scope::new("__Host-session")?, Arc::clone(&revocations))?);
/// let tokens = Tokens::<Series<Remembered>>::new(&keys, Scope::new("__Host-remember")?)?;
/// let remember = Remember::new(tokens, MemoryStore::new(), revocations);
///
/// // They signed in, with a tick at "remember me":
/// let cookie = remember.begin(Remembered { user: 7 }).await?;
///
/// // Another day, and a request without a session. In a handler this is the `OptionalSession` of the request.
/// let visit = sessions.open(None);
/// match remember.accept(cookie.expose_text()).await? {
///     Recognition::Known { who, replacement } => {
///         let login = Login { user: who.get().user };
///         visit.begin_as_of(&login, who.by().authenticated())?;
///         if let Some(replacement) = replacement {
///             // Set the cookie anew.
///         }
///     }
///     Recognition::Stolen { .. } => { /* Clear the cookie, and warn its owner by mail. */ }
/// }
///
/// // They sign out:
/// remember.forget(cookie.expose_text()).await?;
/// # Ok(())
/// # }
/// ```
pub struct Remember<C, S> {
    tokens: Tokens<Series<C>>,
    store: S,
    revocations: Arc<Revocations>,
}

/// Claims, and which token of its series it is that carries them. [`Sealed`](super::Sealed) claims are sealed in it, too.
#[derive(Serialize, Deserialize)]
pub struct Series<C> {
    number: Number,
    claims: C,
}

type Number = [u8; 16];

impl<C: Claims> Claims for Series<C> {
    const PURPOSE: &'static str = C::PURPOSE;
    const LIFETIME: Lifetime = C::LIFETIME;
    const SEALED: bool = C::SEALED;

    fn subject(&self) -> Option<Subject> {
        self.claims.subject()
    }
}

/// Who came with a token.
#[must_use]
pub enum Recognition<C> {
    /// Somebody who is remembered.
    Known {
        /// Who; and when they proved it, which was not now.
        who: Verified<C, Stamp>,
        /// What to set in the cookie's place. `None`: nothing, another answer brings it or has just brought it.
        replacement: Option<Token>,
    },
    /// A token that was replaced before: there is a copy of it. The series is over, and so are all sessions of its owner.
    Stolen {
        /// Whose.
        subject: Subject,
    },
}

impl<C: Claims, S: Store> Remember<C, S> {
    /// Series of these tokens, whose numbers are kept in the store; all that somebody has is ended through the revocations. It
    /// takes the tokens whole: nothing else is to accept any of that type.
    #[must_use]
    pub fn new(tokens: Tokens<Series<C>>, store: S, revocations: Arc<Revocations>) -> Self {
        Remember { tokens, store, revocations }
    }

    /// Begins a series for somebody who has just proved who they are.
    ///
    /// # Errors
    /// Those of [`Tokens::issue`] and of the store, and [`ErrorKind::Usage`] for claims that are nobody's.
    pub async fn begin(&self, claims: C) -> Result<Token> {
        let subject = claims.subject().ok_or_else(|| {
            let hint = "say in Claims::subject whose they are";
            Error::usage("remember me", "the claims are nobody's", hint)
        })?;
        // As sessions are begun: of the generation that counts, and after the last time at which all of theirs were ended.
        self.tokens.raise_generation(self.revocations.generation());
        let from = self.revocations.counts_from(&subject);
        let forgotten = self.forgotten_until(&subject).await?.map(|until| until + Duration::from_secs(1));
        let number = random::bytes();
        let token = self.tokens.issue_from(&Series { number, claims }, from.max(forgotten))?;
        let place = Place { newest: number, before: number, changed: token.stamp().issued(), is_over: false };
        let (key, until) = (key_of(token.stamp()), token.stamp().idle_until());
        self.store.put(&key, &place.to_bytes(), until).await?;
        Ok(token)
    }

    /// Recognises somebody by a token, and replaces it.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`] if it does not count, or not any more, and those of the store; with a stolen token those of
    /// [`Revocations::apply`], too.
    pub async fn accept(&self, text: &str) -> Result<Recognition<C>> {
        let token = self.tokens.accept(text)?;
        let stamp = *token.by();
        let Series { number, claims } = token.into_inner();
        let subject = claims.subject().ok_or_else(|| self.tokens.refusal(Refusal::Unfit))?;
        let now = self.tokens.now();
        match self.revocations.ask_if_stale(&stamp, Some(&subject), now).await? {
            Standing::Good => {}
            Standing::Unknown => return Err(unheard()),
            Standing::Ending | Standing::Revoked => return Err(self.tokens.refusal(Refusal::Ended)),
        }
        if self.forgotten_until(&subject).await?.is_some_and(|until| stamp.authenticated() <= until) {
            return Err(self.tokens.refusal(Refusal::Ended));
        }
        let key = key_of(&stamp);
        let kept = self.store.get(&key).await?;
        let kept = kept.ok_or_else(|| self.tokens.refusal(Refusal::Ended))?;
        let place = Place::parse(&kept).ok_or_else(unreadable)?;
        if number != place.newest && !(number == place.before && place.is_fresh(now)) {
            return self.stolen(&key, subject).await;
        }
        if place.is_over {
            return Err(self.tokens.refusal(Refusal::Ended));
        }
        if place.is_fresh(now) {
            return Ok(Recognition::Known { who: Verified::new(claims, stamp), replacement: None });
        }

        let next = Place { newest: random::bytes(), before: number, changed: now, is_over: false };
        let series = Series { number: next.newest, claims };
        let token = self.tokens.renew(&stamp, &series)?;
        let until = token.stamp().idle_until();
        let is_first = self.store.swap(&key, Some(&kept), &next.to_bytes(), until).await?;
        // Where another was first, its answer brings the replacement; unless the series has ended meanwhile.
        let goes_on = |kept: Vec<u8>| Place::parse(&kept).is_some_and(|place| !place.is_over);
        if !is_first && !self.store.get(&key).await?.is_some_and(goes_on) {
            return Err(self.tokens.refusal(Refusal::Ended));
        }
        let who = Verified::new(series.claims, stamp);
        Ok(Recognition::Known { who, replacement: is_first.then_some(token) })
    }

    /// Ends a series: when they sign out. A token that does not count any more has nothing to forget.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget(&self, text: &str) -> Result<()> {
        let Ok(token) = self.tokens.accept(text) else { return Ok(()) };
        let key = key_of(token.by());
        // A request that is under way may replace the number meanwhile; it does so once.
        for _ in 0..4 {
            let Some(kept) = self.store.get(&key).await? else { return Ok(()) };
            let place = Place::parse(&kept).ok_or_else(unreadable)?;
            // The number stays: who signs out with a stolen copy must not keep its owner from showing that there are two.
            let over = Place { is_over: true, ..place };
            if self.store.swap(&key, Some(&kept), &over.to_bytes(), token.by().until()).await? {
                return Ok(());
            }
        }
        self.store.remove(&key).await
    }

    /// Ends all series of somebody: together with [`Revocations::end_all_of`], after a new password, say. That alone is
    /// forgotten with the program, unless hosts are linked, and series last for months; this is kept in the store.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_all_of(&self, subject: Subject) -> Result<()> {
        let now = self.tokens.now();
        let until = now + C::LIFETIME.absolute();
        self.store.put(&all_of(&subject), &now.unix().to_be_bytes(), until).await
    }

    /// Series that began until then are over.
    async fn forgotten_until(&self, subject: &Subject) -> Result<Option<Time>> {
        let Some(kept) = self.store.get(&all_of(subject)).await? else { return Ok(None) };
        let seconds = kept.try_into().map_err(|_| unreadable())?;
        Ok(Some(Time::from_unix(i64::from_be_bytes(seconds))))
    }

    async fn stolen(&self, key: &[u8; 32], subject: Subject) -> Result<Recognition<C>> {
        // For the watch: the caller gets more than an error.
        drop(self.tokens.refusal(Refusal::Stolen));
        let ended = self.revocations.end_all_of(subject, self.tokens.now());
        let forgotten = self.forget_all_of(subject).await;
        // Whether or not that could be: the thief's series does not go on.
        self.store.remove(key).await?;
        forgotten?;
        ended?;
        Ok(Recognition::Stolen { subject })
    }
}

fn all_of(subject: &Subject) -> [u8; 32] {
    key_of_subject("remember-all", subject)
}

fn key_of(series: &Stamp) -> [u8; 32] {
    key("remember", "", series)
}

/// Where a series stands: what the store keeps of it.
struct Place {
    newest: Number,
    /// What that replaced.
    before: Number,
    changed: Time,
    /// Its owner has signed out, or somebody with a copy.
    is_over: bool,
}

impl Place {
    /// Whether it changed a moment ago, so that requests are under way that know nothing of it.
    fn is_fresh(&self, now: Time) -> bool {
        now < self.changed + Duration::from_secs(REPLACED_GRACE_SECONDS)
    }

    fn to_bytes(&self) -> Vec<u8> {
        [&self.newest[..], &self.before, &self.changed.unix().to_be_bytes(), &[u8::from(self.is_over)]]
            .concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (newest, rest) = bytes.split_first_chunk()?;
        let (before, rest) = rest.split_first_chunk()?;
        let (changed, over) = rest.split_first_chunk()?;
        let is_over = match over {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let changed = Time::from_unix(i64::from_be_bytes(*changed));
        Some(Place { newest: *newest, before: *before, changed, is_over })
    }
}

fn unreadable() -> Error {
    let hint = "look at what else writes into the store";
    Error::new(ErrorKind::Malformed, "remember me", "what the store keeps of a series is none", hint)
}

fn unheard() -> Error {
    let hint = "keep the cookie, and answer that they come back in a moment (503)";
    Error::new(ErrorKind::Undetermined, "remember me", "other hosts were not heard from for too long", hint)
}
