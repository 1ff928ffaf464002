//! How long old tokens are taken at all; and what is the same for each of them: length, times, and one error.
use std::sync::Arc;
use std::time::Duration;

use super::old_token::OldToken;
use super::quoted::unquoted;
use crate::clock::Time;
use crate::cookie::refusal::Refusal;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{COOKIE_CHARS, TOKEN_LEEWAY_SECONDS};

/// How long old tokens are taken at all. Every reader of them needs one; several can share it.
///
/// ```
/// use bulla::cookie::legacy::{Import, M2Crypto};
/// let import = Import::until("2027-02-15T00:00:00Z".parse()?).watch(|why| eprintln!("old token: {why}"));
/// let old = M2Crypto::sha256(&import, [b"twenty random bytes."])?;
/// assert!(old.accept("exp=1.5&data=alice&digest=").is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Import {
    until: Time,
    clock: Arc<dyn Fn() -> Time + Send + Sync>,
    watch: Arc<dyn Fn(Refusal) + Send + Sync>,
}

impl Import {
    /// From this moment on no old token is taken, however long it would last. Take the day on which the last one that is worth
    /// keeping will have ended.
    #[must_use]
    pub fn until(end: Time) -> Self {
        Import { until: end, clock: Arc::new(Time::now), watch: Arc::new(|_| {}) }
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
        self.watch = Arc::new(watch);
        self
    }

    /// Reads a token, if it is not too long or too late for that, and looks at its times.
    pub(super) fn accept(
        &self,
        text: &str,
        read: impl FnOnce(&str) -> std::result::Result<OldToken, Refusal>,
    ) -> Result<OldToken> {
        self.attempt(text, read).map_err(|why| {
            (self.watch)(why);
            Error::new(
                ErrorKind::Unauthentic,
                "old token",
                "it does not count, or not any more",
                "begin anew: sign in",
            )
        })
    }

    fn attempt(
        &self,
        text: &str,
        read: impl FnOnce(&str) -> std::result::Result<OldToken, Refusal>,
    ) -> std::result::Result<OldToken, Refusal> {
        if text.len() > COOKIE_CHARS {
            return Err(Refusal::Oversize);
        }
        let now = (self.clock)();
        if now >= self.until {
            return Err(Refusal::Expired);
        }
        let token = read(&unquoted(text).ok_or(Refusal::Malformed)?)?;
        if token.issued.is_some_and(|issued| issued > now + Duration::from_secs(TOKEN_LEEWAY_SECONDS)) {
            return Err(Refusal::NotYet);
        }
        if token.ends.is_some_and(|end| now >= end) {
            return Err(Refusal::Expired);
        }
        Ok(token)
    }
}
