//! What a token says, and what of it belongs to its type: its purpose, and how long it lasts.
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::TOKEN_LIFETIME_SECONDS;
use crate::primitives::hash;

/// What a token says. A type has one purpose and one lifetime; a token of one type is never taken for one of another.
///
/// The claims are written as CBOR with the names of their fields, so a field can be added with `#[serde(default)]` while older
/// tokens last. A change that older tokens do not fit asks for another [`PURPOSE`](Self::PURPOSE).
///
/// ```
/// use bulla::cookie::{Claims, Lifetime, Subject};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Serialize, Deserialize)]
/// struct Login {
///     user: u64,
/// }
///
/// impl Claims for Login {
///     const PURPOSE: &'static str = "login";
///     const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(30 * 60), Duration::from_secs(12 * 3600));
///
///     fn subject(&self) -> Option<Subject> {
///         Some(Subject::of(self.user.to_be_bytes()))
///     }
/// }
/// ```
pub trait Claims: Serialize + DeserializeOwned + 'static {
    /// What tokens of this type are for: `login`, `password-reset`. No other type under the same keys may have it.
    const PURPOSE: &'static str;

    /// How long they last.
    const LIFETIME: Lifetime;

    /// Whether the claims are encrypted, too: see [`Sealed`].
    #[doc(hidden)]
    const SEALED: bool = false;

    /// What follows the purpose, in tokens that bulla makes beside those of a type.
    #[doc(hidden)]
    const PURPOSE_TAIL: &'static str = "";

    /// Whose they are, so that all that somebody has can be revoked at once. `None`: nobody's, as before a login.
    fn subject(&self) -> Option<Subject>;
}

/// The whole of a type's purpose.
pub(super) fn purpose<C: Claims>() -> String {
    [C::PURPOSE, C::PURPOSE_TAIL].concat()
}

/// How long a token lasts: so long without being used, and so long at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    idle: Duration,
    absolute: Duration,
}

impl Lifetime {
    /// Ends when it was not renewed for `idle`, and `absolute` after it was issued in any case. In whole seconds.
    ///
    /// # Panics
    /// If `idle` is under a second or over `absolute`, or `absolute` is over 400 days. In a constant, as
    /// [`Claims::LIFETIME`] is one, this is an error of compilation.
    #[must_use]
    pub const fn new(idle: Duration, absolute: Duration) -> Self {
        assert!(idle.as_secs() > 0, "a token lasts a second at least");
        assert!(idle.as_secs() <= absolute.as_secs(), "a token cannot idle for longer than it lasts");
        assert!(absolute.as_secs() <= TOKEN_LIFETIME_SECONDS, "a token lasts 400 days at most");
        Lifetime { idle, absolute }
    }

    /// Ends so long after it was issued, used or not: for links in mail and the like. In whole seconds.
    ///
    /// # Panics
    /// If it is under a second or over 400 days; in a constant this is an error of compilation.
    #[must_use]
    pub const fn fixed(absolute: Duration) -> Self {
        Self::new(absolute, absolute)
    }

    /// How long it lasts without being renewed.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        self.idle
    }

    /// How long it lasts at all.
    #[must_use]
    pub const fn absolute(&self) -> Duration {
        self.absolute
    }
}

/// Whose a token is: a hash of the name that an application knows somebody by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subject([u8; 32]);

impl Subject {
    /// That of a user's number, name or the like, in bytes.
    ///
    /// ```
    /// use bulla::cookie::Subject;
    /// assert_ne!(Subject::of(7_u64.to_be_bytes()), Subject::of("alice"));
    /// ```
    #[must_use]
    pub fn of(name: impl AsRef<[u8]>) -> Self {
        Subject(hash::sha256(&[b"bulla/subject/v1", name.as_ref()].concat()))
    }

    pub(super) fn from_digest(digest: [u8; 32]) -> Self {
        Subject(digest)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Claims that nobody but the servers can read: they are encrypted, and then signed like all others.
///
/// The times and the session's number stay readable. Everything that [`Claims`] without this wrapper promise holds as well.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed<C>(pub C);

impl<C: Claims> Claims for Sealed<C> {
    const PURPOSE: &'static str = C::PURPOSE;
    const LIFETIME: Lifetime = C::LIFETIME;
    const SEALED: bool = true;
    const PURPOSE_TAIL: &'static str = C::PURPOSE_TAIL;

    fn subject(&self) -> Option<Subject> {
        self.0.subject()
    }
}

impl<C> std::ops::Deref for Sealed<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}
