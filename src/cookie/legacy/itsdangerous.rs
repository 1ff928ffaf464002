//! Tokens of itsdangerous, and of what is built on it, as Flask's sessions.
use std::time::Duration;

use super::import::Import;
use super::old_token::OldToken;
use super::secrets::Secrets;
pub use super::signed::Derivation;
use super::signed::{Form, Signed};
use crate::encoding::base64url;
use crate::error::Result;
use crate::primitives::hash::Digest;

/// Reads tokens of itsdangerous, of version 1.0 and later: those of before counted the time from 2011.
///
/// A token is `VALUE.TIME.TAG` or `VALUE.TAG`. The tag is in base64url, and so are the time, seconds in as few bytes as hold
/// them, and a value that was serialised; a `.` before that says that it is compressed.
///
/// The source is `signer.py`, `timed.py` and `url_safe.py` of itsdangerous 2.2.0. Unless told otherwise it is HMAC-SHA-1 with
/// the derivation `django-concat`, as there. The salt is what the application gave; without one a signer has
/// `itsdangerous.Signer`, and a serializer `itsdangerous`.
///
/// Flask's sessions:
///
/// ```
/// use bulla::cookie::legacy::{Derivation, Import, ItsDangerous};
/// use std::time::Duration;
/// let import = Import::until("2027-02-15T00:00:00Z".parse()?);
/// # let import = import.clock(|| bulla::Time::from_unix(1_800_000_600));
/// let old = ItsDangerous::serialized(&import, ["correct horse battery staple"], "cookie-session")?
///     .derivation(Derivation::Hmac);
/// let token = old.accept("eyJ1c2VyIjo3fQ.a0nSAA.R7fmcXudToFbNPKNktJm0LiynlM", Duration::from_secs(31 * 86_400))?;
/// assert_eq!(token.data(), br#"{"user":7}"#);
/// assert_eq!(token.issued().map(|time| time.unix()), Some(1_800_000_000));
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct ItsDangerous(Signed);

static FORM: Form = Form { separator: '.', seconds };

impl ItsDangerous {
    /// What `TimestampSigner` and `Signer` made: the data is the text that was signed. With `Serializer` and `TimedSerializer`
    /// that is JSON.
    ///
    /// All the secrets that still count are given, in any order.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) without a secret, or if one has under 16 bytes.
    pub fn signed(
        import: &Import,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
        salt: &str,
    ) -> Result<Self> {
        Ok(ItsDangerous(Signed {
            import: import.clone(),
            secrets: Secrets::of(secrets)?,
            salt: salt.as_bytes().to_vec(),
            digest: Digest::Sha1,
            derivation: Derivation::default(),
            form: &FORM,
            packed: false,
        }))
    }

    /// What `URLSafeTimedSerializer` and `URLSafeSerializer` made: the data is JSON, or what another serializer wrote.
    ///
    /// # Errors
    /// As [`signed`](Self::signed).
    pub fn serialized(
        import: &Import,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
        salt: &str,
    ) -> Result<Self> {
        let ItsDangerous(signed) = Self::signed(import, secrets, salt)?;
        Ok(ItsDangerous(Signed { packed: true, ..signed }))
    }

    /// With another hash than SHA-1, in the HMAC and the derivation: `digest_method`.
    #[must_use]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.0.digest = digest;
        self
    }

    /// With another derivation of the key: `key_derivation`.
    #[must_use]
    pub fn derivation(mut self, derivation: Derivation) -> Self {
        self.0.derivation = derivation;
        self
    }

    /// Reads a token that says when it was made (`TimestampSigner`, `URLSafeTimedSerializer`), and takes it for so long from then.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic), whatever the reason: [`Import::watch`] is told that.
    pub fn accept(&self, token: &str, max_age: Duration) -> Result<OldToken> {
        self.0.accept(token, max_age)
    }

    /// Reads a token without a time (`Signer`, `URLSafeSerializer`). Nothing in it ends: whoever saw it once can come with it
    /// until the import is over.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn accept_endless(&self, token: &str) -> Result<OldToken> {
        self.0.accept_endless(token)
    }
}

/// Seconds since 1970, in as many bytes as they need, in base64url.
fn seconds(text: &str) -> Option<i64> {
    let mut room = [0; 8];
    let bytes = base64url::decode(text.as_bytes(), &mut room)?;
    let value = bytes.iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    i64::try_from(value).ok()
}
