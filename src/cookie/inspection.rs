//! What a token says of itself, for people who look for a fault: without its type, and without believing it.
use serde::de::DeserializeOwned;

use super::scope::{KeyUse, Scope};
use super::stamp::{Stamp, stamp_of};
use crate::encoding::{base64url, cbor};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::token::{Frame, Header};
use crate::keys::{KeyId, KeyState, TokenKeyring};
use crate::limits::{COOKIE_CHARS, TOKEN_BYTES};
use crate::primitives::mac::MacKey;
use crate::primitives::siv::SivKey;
use crate::secret::SecretVec;
use crate::verified::Verified;

/// A token that was taken apart. Nothing in it is verified: anybody could have written it.
///
/// To let somebody in by it, take [`Tokens::accept`](super::Tokens::accept).
pub struct Inspection {
    token: Vec<u8>,
    header: Header,
    stamp: Stamp,
}

/// Which key signed a token, as [`Inspection::verify`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedBy {
    /// The key's id.
    pub key: KeyId,
    /// What the key is there for now.
    pub state: KeyState,
}

impl Inspection {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if it is none of this version, [`ErrorKind::OverLimit`] over 4096 characters.
    ///
    /// ```
    /// use bulla::cookie::Inspection;
    /// assert!(Inspection::of("no token").is_err());
    /// ```
    pub fn of(text: &str) -> Result<Self> {
        if text.len() > COOKIE_CHARS {
            return Err(Error::over_limit(
                "token",
                "it is longer than a cookie can be",
                "give the token alone",
            ));
        }
        let mut room = [0; TOKEN_BYTES];
        let token = base64url::decode(text.as_bytes(), &mut room).ok_or_else(malformed)?;
        let frame = Frame::cut(token, false).or_else(|| Frame::cut(token, true)).ok_or_else(malformed)?;
        let header = frame.fields().ok_or_else(malformed)?;
        let stamp = stamp_of(&header).ok_or_else(malformed)?;
        Ok(Inspection { token: token.to_vec(), header, stamp })
    }

    /// Whether its claims are encrypted.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.header.sealed
    }

    /// The first 4 bytes of the id of the key that it says to be under.
    #[must_use]
    pub fn mark(&self) -> [u8; 4] {
        self.header.key
    }

    /// Its session and times, as it says.
    #[must_use]
    pub fn untrusted_stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Its claims, as it says, in whatever shape they have; `None` if they are sealed, or of another shape.
    #[must_use]
    pub fn untrusted_claims<T: DeserializeOwned>(&self) -> Option<T> {
        self.frame().filter(|_| !self.is_sealed()).and_then(|frame| cbor::decode(frame.payload))
    }

    /// Looks whether a key of the ring signed it for this scope and purpose. That it has not ended is not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::NoKeyFits`] if the ring has no key with its mark, [`ErrorKind::Unauthentic`] if that one did not sign it so.
    pub fn verify(
        self,
        ring: &TokenKeyring,
        scope: &Scope,
        purpose: &str,
    ) -> Result<Verified<Self, SignedBy>> {
        let entry = ring.entries().iter().find(|entry| entry.mark() == self.header.key).ok_or_else(|| {
            let hint = "give the keyring that made it, if it was not dropped from there";
            Error::new(ErrorKind::NoKeyFits, "token", "the keyring has no key with its mark", hint)
        })?;
        let sign = if self.is_sealed() { KeyUse::SignSealed } else { KeyUse::Sign };
        let key = MacKey::new(&scope.key(entry.key.expose_bytes(), sign, purpose));
        let frame = self.frame().ok_or_else(malformed)?;
        key.verify(frame.signed, frame.tag).map_err(|_| {
            let why = "it was changed, or made for another name, purpose, audience or tenant";
            Error::new(ErrorKind::Unauthentic, "token", why, "look at what the program gives for these")
        })?;
        let by = SignedBy { key: entry.key.id(), state: entry.state };
        Ok(Verified::new(self, by))
    }

    fn frame(&self) -> Option<Frame<'_>> {
        Frame::cut(&self.token, self.header.sealed)
    }

    fn open(&self, ring: &TokenKeyring, scope: &Scope, purpose: &str) -> Option<SecretVec> {
        let entry = ring.entries().iter().find(|entry| entry.mark() == self.header.key)?;
        let key = SivKey::new(&scope.key(entry.key.expose_bytes(), KeyUse::Seal, purpose));
        let frame = self.frame()?;
        key.open(frame.header, frame.payload).ok()
    }
}

impl Verified<Inspection, SignedBy> {
    /// The claims, in whatever shape they have, opened if they were sealed. `None`: they have another shape.
    #[must_use]
    pub fn claims<T: DeserializeOwned>(
        &self,
        ring: &TokenKeyring,
        scope: &Scope,
        purpose: &str,
    ) -> Option<T> {
        match self.get().is_sealed() {
            true => self.get().open(ring, scope, purpose).and_then(|claims| cbor::decode(&claims)),
            false => self.get().untrusted_claims(),
        }
    }
}

fn malformed() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "token",
        "it is no token of bulla's",
        "give the token alone, as the cookie has it",
    )
}
