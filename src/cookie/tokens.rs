//! Makes tokens, and accepts them: the one way from text to claims.
use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::{ArcSwap, Guard};
use zeroize::Zeroizing;

use super::claims::{Claims, purpose};
use super::ready::{Ready, ReadyKey};
use super::refusal::Refusal;
use super::scope::Scope;
use super::stamp::{SessionId, Stamp, Token, stamp_of};
use crate::clock::Time;
use crate::encoding::{base64url, cbor};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::token::{Frame, HEADER, Header, OVERHEAD};
use crate::keys::TokenKeys;
use crate::limits::{COOKIE_CHARS, TOKEN_BYTES, TOKEN_LEEWAY_SECONDS};
use crate::primitives::random;
use crate::verified::Verified;

/// Makes tokens with claims of one type, and accepts them again.
///
/// ```
/// use bulla::cookie::{Claims, Lifetime, Scope, Subject, TokenKeys, Tokens};
/// use bulla::{Time, TokenKeyring};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Serialize, Deserialize)]
/// struct Login {
///     user: u64,
/// }
/// const HOUR: Duration = Duration::from_secs(3600);
/// impl Claims for Login {
///     const PURPOSE: &'static str = "login";
///     const LIFETIME: Lifetime = Lifetime::new(HOUR, Duration::from_secs(12 * 3600));
///     fn subject(&self) -> Option<Subject> {
///         Some(Subject::of(self.user.to_be_bytes()))
///     }
/// }
///
/// let ring = TokenKeyring::generate(HOUR, HOUR * 24, Time::now())?;
/// let tokens = Tokens::<Login>::new(&TokenKeys::new(ring), Scope::new("__Host-session")?)?;
/// let token = tokens.issue(&Login { user: 7 })?;
/// let login = tokens.accept(token.expose_text())?;
/// assert_eq!(login.get().user, 7);
/// assert_eq!(login.by().until(), login.by().issued() + HOUR * 12);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Tokens<C> {
    keys: TokenKeys,
    scope: Scope,
    ready: ArcSwap<Ready>,
    clock: Arc<dyn Fn() -> Time + Send + Sync>,
    generation: AtomicU32,
    watch: Box<dyn Fn(Refusal) + Send + Sync>,
    claims: PhantomData<fn() -> C>,
}

impl<C: Claims> Tokens<C> {
    /// Tokens that count in this scope, under these keys.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if another type under these keys has the same [`PURPOSE`](Claims::PURPOSE), or the tokens last longer
    /// than the ring keeps its keys.
    pub fn new(keys: &TokenKeys, scope: Scope) -> Result<Self> {
        Self::by_clock(keys, scope, Arc::new(Time::now))
    }

    /// Tokens of another type beside these: the same keys, scope and clock.
    pub(super) fn beside<D: Claims>(&self) -> Result<Tokens<D>> {
        Tokens::by_clock(&self.keys, self.scope.clone(), Arc::clone(&self.clock))
    }

    fn by_clock(keys: &TokenKeys, scope: Scope, clock: Arc<dyn Fn() -> Time + Send + Sync>) -> Result<Self> {
        keys.register(purpose::<C>(), TypeId::of::<C>(), C::LIFETIME.absolute())?;
        let ready = Ready::of::<C>(keys, &scope);
        Ok(Tokens {
            keys: keys.clone(),
            scope,
            ready: ArcSwap::from_pointee(ready),
            clock,
            generation: AtomicU32::new(0),
            watch: Box::new(|_| {}),
            claims: PhantomData,
        })
    }

    /// Goes by this clock instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Calls this with the reason for each token that is refused: for logs and counters. Whoever sent the token must not
    /// learn it.
    #[must_use]
    pub fn watch(mut self, watch: impl Fn(Refusal) + Send + Sync + 'static) -> Self {
        self.watch = Box::new(watch);
        self
    }

    /// Begins another generation: sessions of those before it are refused here from now on. It never goes back.
    pub fn raise_generation(&self, least: u32) {
        self.generation.fetch_max(least, Ordering::Relaxed);
    }

    /// Where they count.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Begins a session: a token with a new number, for somebody who has just proved who they are, or for nobody yet.
    ///
    /// # Errors
    /// [`ErrorKind::OverLimit`] if the claims do not fit into a cookie (4096 characters with its name), [`ErrorKind::Usage`] if
    /// they cannot be written.
    pub fn issue(&self, claims: &C) -> Result<Token> {
        self.issue_from(claims, None)
    }

    /// [`issue`](Self::issue), as of this time at the earliest.
    pub(super) fn issue_from(&self, claims: &C, earliest: Option<Time>) -> Result<Token> {
        let now = self.now().max(earliest.unwrap_or(Time::from_unix(0)));
        self.write(claims, self.begun(now, now + C::LIFETIME.absolute()))
    }

    /// Begins a session for somebody who proved at an earlier time who they are, and is [remembered](super::Remember) since: what
    /// asks for a fresh proof is not content with it.
    ///
    /// Tokens end a lifetime after that proof (docs/token-format.md, 4.2). So that the session lasts, it counts as half of the
    /// lifetime ago where it is earlier; the session has the other half.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_as_of(&self, claims: &C, authenticated: Time) -> Result<Token> {
        let now = self.now();
        let authenticated = authenticated.max(now - C::LIFETIME.absolute() / 2).min(now);
        let begun = self.begun(now, authenticated + C::LIFETIME.absolute());
        self.write(claims, Stamp { authenticated, ..begun })
    }

    /// Goes on with a session: the same number and the same end, and another time until it has idled too long. The claims may
    /// have changed, yet not whose they are: for that take [`issue`](Self::issue).
    ///
    /// # Errors
    /// As [`issue`](Self::issue); and [`ErrorKind::Expired`] if the session is over.
    pub fn renew(&self, session: &Stamp, claims: &C) -> Result<Token> {
        let now = self.unfinished(session)?;
        // The clock of the host where they signed in may be ahead of this one's.
        let issued = now.max(session.authenticated);
        self.write(claims, Stamp { issued, idle_until: idle_end::<C>(now, session.until), ..*session })
    }

    /// Goes on with a session for somebody who has proved again who they are: the same end, and a new number, so that a token
    /// that was stolen before gains nothing.
    ///
    /// # Errors
    /// As [`renew`](Self::renew).
    pub fn reauthenticate(&self, session: &Stamp, claims: &C) -> Result<Token> {
        self.reauthenticate_from(session, claims, None)
    }

    /// [`reauthenticate`](Self::reauthenticate), as of this time at the earliest.
    pub(super) fn reauthenticate_from(
        &self,
        session: &Stamp,
        claims: &C,
        earliest: Option<Time>,
    ) -> Result<Token> {
        let now = self.unfinished(session)?;
        // The clock of the host where they signed in may be ahead of this one's, here, too.
        let now = now.max(session.authenticated).max(earliest.unwrap_or(session.authenticated));
        self.write(claims, Stamp { generation: session.generation, ..self.begun(now, session.until) })
    }

    /// Reads a token. What comes back is genuine, made for this type and scope, and has not ended.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`], whatever the reason: [`watch`](Self::watch) is told that.
    pub fn accept(&self, text: &str) -> Result<Verified<C, Stamp>> {
        self.decode(text).map_err(|why| self.refusal(why))
    }

    /// Tells the watch why, and the caller nothing of it.
    pub(super) fn refusal(&self, why: Refusal) -> Error {
        (self.watch)(why);
        let hint = "begin anew: sign in";
        Error::new(ErrorKind::Unauthentic, "token", "it does not count, or not any more", hint)
    }

    /// The time by the clock that it goes by.
    pub fn now(&self) -> Time {
        (self.clock)()
    }

    /// The stamp of a new session.
    fn begun(&self, now: Time, until: Time) -> Stamp {
        Stamp {
            session: SessionId(random::bytes()),
            issued: now,
            authenticated: now,
            idle_until: idle_end::<C>(now, until),
            until,
            generation: self.generation.load(Ordering::Relaxed),
        }
    }

    fn unfinished(&self, session: &Stamp) -> Result<Time> {
        let now = self.now();
        if now < session.until {
            return Ok(now);
        }
        Err(Error::new(ErrorKind::Expired, "token", "its session is over", "begin a new one"))
    }

    /// The keys as they are now. They are derived anew when the ring is another one.
    fn ready(&self) -> Guard<Arc<Ready>> {
        let ready = self.ready.load();
        if ready.replaced == self.keys.replaced() {
            return ready;
        }
        self.ready.store(Arc::new(Ready::of::<C>(&self.keys, &self.scope)));
        self.ready.load()
    }

    fn write(&self, claims: &C, stamp: Stamp) -> Result<Token> {
        let ready = self.ready();
        let key = ready.active().ok_or_else(unwritable)?;
        // Most fit into it: growing would leave copies behind. The header is written when the length is known.
        let mut room = Vec::with_capacity(SHORT);
        room.resize(HEADER, 0);
        let mut token = Zeroizing::new(cbor::encode(room, claims).ok_or_else(unwritable)?);
        let payload = token.get(HEADER..).unwrap_or_default();
        let length =
            payload.len().saturating_add(if C::SEALED { crate::primitives::siv::OVERHEAD } else { 0 });
        let header = header::<C>(key, &stamp).and_then(|header| header.to_bytes(length));
        let header = header.ok_or_else(|| self.too_long(length))?;
        if let Some(seal) = &key.seal {
            let sealed = seal.seal(&header, payload).map_err(|_| unwritable())?;
            // In another place: that of the claims is wiped.
            token = Zeroizing::new([&header[..], &sealed].concat());
        }
        if let Some(place) = token.first_chunk_mut() {
            *place = header;
        }
        let tag = key.mac.tag(&token);
        token.extend_from_slice(&tag);
        let text = Zeroizing::new(base64url::encode(&token));
        if text.len() > self.room() {
            return Err(self.too_long(length));
        }
        Ok(Token { text, stamp })
    }

    /// Characters that a cookie of this name has for its value.
    fn room(&self) -> usize {
        COOKIE_CHARS.saturating_sub(self.scope.name().len())
    }

    fn too_long(&self, payload: usize) -> Error {
        let room = self.room() / 4 * 3;
        let why = format!(
            "its claims take {payload} bytes, and a cookie has room for {}",
            room.saturating_sub(OVERHEAD)
        );
        Error::over_limit("token", why, "say less in it, and keep the rest on the server")
    }

    /// [`accept`](Self::accept) with the reason, which the watcher was told.
    pub(super) fn read(&self, text: &str) -> std::result::Result<Verified<C, Stamp>, Refusal> {
        self.decode(text).inspect_err(|why| (self.watch)(*why))
    }

    fn decode(&self, text: &str) -> std::result::Result<Verified<C, Stamp>, Refusal> {
        if text.len() > self.room() {
            return Err(Refusal::Oversize);
        }
        // Most are short, and zeros cost time, too. Nothing is wiped: the text, which says the same, is the caller's.
        if text.len() <= SHORT / 3 * 4 {
            self.read_into(text, &mut [0; SHORT])
        } else {
            self.read_into(text, &mut [0; TOKEN_BYTES])
        }
    }

    fn read_into(&self, text: &str, room: &mut [u8]) -> std::result::Result<Verified<C, Stamp>, Refusal> {
        let token = base64url::decode(text.as_bytes(), room).ok_or(Refusal::Malformed)?;
        let frame = Frame::cut(token, C::SEALED).ok_or(Refusal::Malformed)?;
        let ready = self.ready();
        let key = ready.marked(frame.key()).ok_or(Refusal::UnknownKey)?;
        key.mac.verify(frame.signed, frame.tag).map_err(|_| Refusal::Forged)?;
        // From here on it is what a holder of the key wrote.
        let stamp = frame.fields().and_then(|header| stamp_of(&header)).ok_or(Refusal::Malformed)?;
        let stamp = self.in_time(stamp, key)?;
        let claims = match &key.seal {
            Some(seal) => {
                seal.open(frame.header, frame.payload).ok().and_then(|payload| cbor::decode(&payload))
            }
            None => cbor::decode(frame.payload),
        };
        Ok(Verified::new(claims.ok_or(Refusal::Unfit)?, stamp))
    }

    fn in_time(&self, stamp: Stamp, key: &ReadyKey) -> std::result::Result<Stamp, Refusal> {
        let now = self.now();
        let leeway = std::time::Duration::from_secs(TOKEN_LEEWAY_SECONDS);
        if stamp.issued > now + leeway || stamp.authenticated > stamp.issued {
            return Err(Refusal::NotYet);
        }
        if key.last_issue.is_some_and(|last| stamp.issued > last + leeway) {
            return Err(Refusal::LateKey);
        }
        // The type may have been given a shorter life since.
        let until = stamp.until.min(stamp.authenticated + C::LIFETIME.absolute());
        let idle_until = stamp.idle_until.min(idle_end::<C>(stamp.issued, until));
        if now >= until {
            return Err(Refusal::Expired);
        }
        if now >= idle_until {
            return Err(Refusal::Idle);
        }
        if stamp.generation < self.generation.load(Ordering::Relaxed) {
            return Err(Refusal::OldGeneration);
        }
        Ok(Stamp { until, idle_until, ..stamp })
    }
}

/// Bytes of a token for which there is a small buffer: to fill it with zeros, or to wipe it, takes time, too.
const SHORT: usize = 256;

fn idle_end<C: Claims>(from: Time, until: Time) -> Time {
    until.min(from + C::LIFETIME.idle())
}

/// `None`: a time before 1970.
fn header<C: Claims>(key: &ReadyKey, stamp: &Stamp) -> Option<Header> {
    let seconds = |time: Time| u64::try_from(time.unix()).ok();
    Some(Header {
        sealed: C::SEALED,
        key: key.mark,
        session: stamp.session.0,
        issued: seconds(stamp.issued)?,
        authenticated: seconds(stamp.authenticated)?,
        idle_until: seconds(stamp.idle_until)?,
        until: seconds(stamp.until)?,
        generation: stamp.generation,
    })
}

fn unwritable() -> Error {
    Error::usage("token", "its claims cannot be written", "look at what their Serialize does")
}
