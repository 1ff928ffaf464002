//! Where tokens count: under which name, for which audience and tenant; and the keys that follow from it.
use crate::encoding::pae::pae;
use crate::error::{Error, Result};
use crate::limits::COOKIE_CHARS;
use crate::primitives::hash;
use crate::secret::Secret;

/// Where tokens count. One that was made for another place is refused, for it is signed under another key.
///
/// ```
/// use bulla::cookie::Scope;
/// let scope = Scope::new("__Host-session")?.audience("https://shop.example").tenant("acme");
/// assert_eq!(scope.name(), "__Host-session");
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    name: String,
    audience: String,
    tenant: String,
}

impl Scope {
    /// The name that the token goes by: that of its cookie, with its prefix, or of the parameter of a link.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if it is no token of HTTP (RFC 9110 section 5.6.2), or over 256 characters.
    pub fn new(name: &str) -> Result<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || name.len() > COOKIE_CHARS / 16 || !name.bytes().all(is_letter) {
            let hint = "take letters, digits, - and _, as in __Host-session";
            return Err(Error::usage("token", "its name is not one that a cookie can have", hint));
        }
        Ok(Scope { name: name.to_owned(), audience: String::new(), tenant: String::new() })
    }

    /// For whom tokens are: an origin or an application, where several share keys.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// For which of several customers tokens are.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A key for one use under this scope: HKDF-SHA-256 (RFC 5869) over the master key, all parts of the context in `info` with
    /// their lengths, so that no two contexts are written alike (as CVE-2026-6873 of Django had them).
    pub(super) fn key(&self, master: &[u8; 32], r#use: KeyUse, purpose: &str) -> Secret<32> {
        let parts = [r#use.label(), &self.name, purpose, &self.audience, &self.tenant];
        hash::hkdf_sha256(master, b"", &pae(&parts.map(str::as_bytes)))
    }
}

/// What a derived key is used for.
#[derive(Clone, Copy)]
pub(super) enum KeyUse {
    /// The MAC of tokens whose claims can be read.
    Sign,
    /// The MAC of tokens whose claims are encrypted.
    SignSealed,
    /// Their encryption.
    Seal,
}

impl KeyUse {
    fn label(self) -> &'static str {
        match self {
            KeyUse::Sign => "bulla/token/v1/sign",
            KeyUse::SignSealed => "bulla/token/v1/sign-sealed",
            KeyUse::Seal => "bulla/token/v1/seal",
        }
    }
}
