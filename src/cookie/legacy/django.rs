//! What Django's module `signing` made, and the cookies that stand on it.
use std::time::Duration;

use super::import::Import;
use super::old_token::OldToken;
use super::secrets::Secrets;
use super::signed::{Derivation, Form, Signed};
use crate::error::Result;
use crate::primitives::hash::Digest;
use crate::secret::SecretVec;

/// Reads what Django signed.
///
/// A token is `VALUE:TIME:TAG` or `VALUE:TAG`. The time is in seconds to the base of 62, the tag in base64url, and so is a value
/// that was dumped; a `.` before that says that it is compressed.
///
/// The source is `core/signing.py`, `utils/crypto.py` and `contrib/sessions/backends/signed_cookies.py` of Django 5.2.19. It is
/// HMAC-SHA-256, as since Django 3.1; for older ones say [`digest`](Self::digest)`(Digest::Sha1)`. The secrets are `SECRET_KEY` and
/// what of `SECRET_KEY_FALLBACKS` still counts, in any order.
///
/// Sessions that Django kept in cookies:
///
/// ```
/// use bulla::cookie::legacy::{Django, Import};
/// use std::time::Duration;
/// let import = Import::until("2027-02-15T00:00:00Z".parse()?);
/// # let import = import.clock(|| bulla::Time::from_unix(1_800_000_600));
/// let old = Django::sessions(&import, ["correct horse battery staple"])?;
/// let token = old.accept("eyJfYXV0aF91c2VyX2lkIjoiNyJ9:1xocE4:Aewzb0a9akYrPjh1z68JgQ29jrvzfAQCXx2kJHFD3dQ", Duration::from_secs(14 * 86_400))?;
/// assert_eq!(token.data(), br#"{"_auth_user_id":"7"}"#);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Django(Signed);

static FORM: Form = Form { separator: ':', seconds };

impl Django {
    /// What `TimestampSigner.sign` and `Signer.sign` made: the data is the text that was signed. Without a salt of the
    /// application's it is `django.core.signing.TimestampSigner` or `django.core.signing.Signer`.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) without a secret, or if one has under 16 bytes.
    pub fn signed(
        import: &Import,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
        salt: &str,
    ) -> Result<Self> {
        Ok(Self::of(import, Secrets::of(secrets)?, salt, false))
    }

    /// What `signing.dumps` and `sign_object` made: the data is JSON, or what another serializer wrote. Without a salt of the
    /// application's that of `signing.dumps` is `django.core.signing`.
    ///
    /// # Errors
    /// As [`signed`](Self::signed).
    pub fn dumped(
        import: &Import,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
        salt: &str,
    ) -> Result<Self> {
        Ok(Self::of(import, Secrets::of(secrets)?, salt, true))
    }

    /// Sessions of the backend `signed_cookies`: the data is the session's dictionary in JSON. They count for `SESSION_COOKIE_AGE`,
    /// two weeks unless set. Those of other backends are in the server's own store, and need no reader.
    ///
    /// # Errors
    /// As [`signed`](Self::signed).
    pub fn sessions(import: &Import, secrets: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self> {
        Self::dumped(import, secrets, "django.contrib.sessions.backends.signed_cookies")
    }

    /// What `set_signed_cookie` made for a cookie of this name, with this salt (or `""`), in Django 5.2.15, 6.0.6 and later.
    ///
    /// # Errors
    /// As [`signed`](Self::signed).
    pub fn cookie(
        import: &Import,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
        name: &str,
        salt: &str,
    ) -> Result<Self> {
        // Python counts characters.
        let salt = format!("django.http.cookies.v2:{}:{salt}{name}", salt.chars().count());
        Ok(Self::of(import, of_cookies(secrets)?, &salt, false))
    }

    /// What `set_signed_cookie` made before that, where the name and the salt were joined as they are (CVE-2026-6873): a cookie
    /// `ab` with the salt `c` passes for a cookie `a` with the salt `bc`. Read these only if no two of the application's names and
    /// salts join to the same text, or it does not matter that their values can be exchanged.
    ///
    /// # Errors
    /// As [`signed`](Self::signed).
    pub fn cookie_with_ambiguous_salt(
        import: &Import,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
        name: &str,
        salt: &str,
    ) -> Result<Self> {
        Ok(Self::of(import, of_cookies(secrets)?, &format!("{name}{salt}"), false))
    }

    /// With another hash than SHA-256, in the HMAC and in the derivation of its key: SHA-1 before Django 3.1.
    #[must_use]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.0.digest = digest;
        self
    }

    /// Reads a token that says when it was made, and takes it for so long from then. All do but those of a bare `Signer`.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic), whatever the reason: [`Import::watch`] is told that.
    pub fn accept(&self, token: &str, max_age: Duration) -> Result<OldToken> {
        self.0.accept(token, max_age)
    }

    /// Reads a token without a time (`Signer`). Nothing in it ends: whoever saw it once can come with it until the import is
    /// over.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn accept_endless(&self, token: &str) -> Result<OldToken> {
        self.0.accept_endless(token)
    }

    fn of(import: &Import, secrets: Secrets, salt: &str, packed: bool) -> Self {
        Django(Signed {
            import: import.clone(),
            secrets,
            salt: salt.as_bytes().to_vec(),
            digest: Digest::Sha256,
            derivation: Derivation::DjangoConcat,
            form: &FORM,
            packed,
        })
    }
}

/// The secrets with what Django puts before them for cookies.
fn of_cookies(secrets: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Secrets> {
    const BEFORE: &[u8] = b"django.http.cookies";
    let secrets = Secrets::of(secrets)?;
    Secrets::of(secrets.iter().map(|secret| SecretVec::new([BEFORE, secret].concat())))
}

/// Seconds since 1970 to the base of 62: digits, capitals, small letters.
fn seconds(text: &str) -> Option<i64> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        b'a'..=b'z' => Some(byte - b'a' + 36),
        _ => None,
    };
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_i64, |value, byte| value.checked_mul(62)?.checked_add(digit(byte)?.into()))
}
