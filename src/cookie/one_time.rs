//! Tokens that count once: links in mail to set a new password, or to confirm an address.
use std::time::Duration;

use super::claims::Claims;
use super::refusal::Refusal;
use super::stamp::{Stamp, Token};
use super::store::{Store, key};
use super::tokens::Tokens;
use crate::error::Result;
use crate::limits::TOKEN_LEEWAY_SECONDS;
use crate::verified::Verified;

/// Tokens that count once over all hosts that share the store.
///
/// Programs fetch links before people do: scanners of mail, previews, browsers that guess what is wanted next. So what a link
/// leads to (GET) only [checks](Self::check) the token and shows a button, and what the button sends (POST)
/// [redeems](Self::redeem) it.
///
/// A token that nobody has used is not ended by another that was. **Who asked twice for a new password has two links**, and
/// somebody else who reads the mail later could use the second. So the claims say what the token is to replace, and a token
/// whose word on that is out of date is refused: how many passwords there have been, as here, or a hash of the stored hash of the
/// password. (The time of the last change beside [`Stamp::issued`] would do on a single host; clocks of several differ.)
///
/// ```
/// use bulla::cookie::{Claims, Lifetime, MemoryStore, OneTime, Scope, Subject, TokenKeys, Tokens};
/// use bulla::{Time, TokenKeyring};
/// use serde::{Deserialize, Serialize};
/// use std::time::Duration;
///
/// #[derive(Serialize, Deserialize)]
/// struct NewPassword {
///     user: u64,
///     /// So many passwords they have had.
///     passwords: u32,
/// }
/// const HOUR: Duration = Duration::from_secs(3600);
/// impl Claims for NewPassword {
///     const PURPOSE: &'static str = "new-password";
///     const LIFETIME: Lifetime = Lifetime::fixed(HOUR);
///     fn subject(&self) -> Option<Subject> {
///         Some(Subject::of(self.user.to_be_bytes()))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bulla::Result<()> {
/// # let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR * 24, Time::now())?);
/// let tokens = Tokens::<NewPassword>::new(&keys, Scope::new("token")?)?;
/// let links = OneTime::new(tokens, MemoryStore::new());
/// let mut passwords = 1; // of the user, from the database
///
/// // Two mails go out, with a link like https://shop.example/password?token=…
/// let first = links.issue(&NewPassword { user: 7, passwords })?;
/// let second = links.issue(&NewPassword { user: 7, passwords })?;
///
/// // GET: shows the form, as often as it is asked for.
/// let _link = links.check(first.expose_text()).await?;
/// // POST: sets the new password.
/// let link = links.redeem(first.expose_text()).await?;
/// assert!(link.get().passwords == passwords);
/// passwords += 1;
///
/// assert!(links.check(first.expose_text()).await.is_err()); // used up
/// let late = links.redeem(second.expose_text()).await?;
/// assert!(late.get().passwords != passwords); // out of date: refuse it
/// # Ok(())
/// # }
/// ```
///
/// When a password was changed, all sessions of its owner are over, too: [`Revocations::end_all_of`](super::Revocations::end_all_of).
pub struct OneTime<C, S> {
    tokens: Tokens<C>,
    store: S,
}

/// What is kept of a token that was used.
const USED: &[u8] = b"used";

impl<C: Claims, S: Store> OneTime<C, S> {
    /// Tokens that are kept note of in this store. It takes them whole: nothing else is to accept any of that type.
    #[must_use]
    pub fn new(tokens: Tokens<C>, store: S) -> Self {
        OneTime { tokens, store }
    }

    /// Makes one.
    ///
    /// # Errors
    /// Those of [`Tokens::issue`].
    pub fn issue(&self, claims: &C) -> Result<Token> {
        self.tokens.issue(claims)
    }

    /// Looks at one without using it up: to ask somebody whether they want what it is for. Nothing may change by it.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic) if it does not count, or not any more, and those of the store.
    pub async fn check(&self, text: &str) -> Result<Verified<C, Stamp>> {
        let token = self.tokens.accept(text)?;
        match self.store.get(&mark(token.by())).await? {
            None => Ok(token),
            Some(_) => Err(self.tokens.refusal(Refusal::Used)),
        }
    }

    /// Uses one up. Of several who try that at one time, on one host or on many, one succeeds.
    ///
    /// What it is for is done after that. If it fails, or the store's answer was lost, the token is used up all the same:
    /// let them ask for another.
    ///
    /// # Errors
    /// As [`check`](Self::check). A store that cannot be asked accepts nothing.
    pub async fn redeem(&self, text: &str) -> Result<Verified<C, Stamp>> {
        let token = self.tokens.accept(text)?;
        // For a host whose clock is behind the token lasts a moment longer than for the store.
        let until = token.by().until() + Duration::from_secs(TOKEN_LEEWAY_SECONDS);
        match self.store.swap(&mark(token.by()), None, USED, until).await? {
            true => Ok(token),
            false => Err(self.tokens.refusal(Refusal::Used)),
        }
    }
}

fn mark(token: &Stamp) -> [u8; 32] {
    key("one-time", "", token)
}
