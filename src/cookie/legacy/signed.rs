//! What itsdangerous and Django share: a value, perhaps a time, and an HMAC over them, joined by a letter.
use std::time::Duration;

use super::import::Import;
use super::old_token::OldToken;
use super::secrets::Secrets;
use crate::clock::Time;
use crate::cookie::refusal::Refusal;
use crate::encoding::{base64url, zlib};
use crate::error::Result;
use crate::limits::{OLD_TOKEN_INFLATED_BYTES, TOKEN_BYTES};
use crate::primitives::hash::{self, Digest};
use crate::secret::{SecretVec, equal};

/// Reads what was signed in one way, under one salt.
pub(super) struct Signed {
    pub(super) import: Import,
    pub(super) secrets: Secrets,
    pub(super) salt: Vec<u8>,
    pub(super) digest: Digest,
    pub(super) derivation: Derivation,
    pub(super) form: &'static Form,
    /// Whether the value is JSON in base64url, perhaps compressed.
    pub(super) packed: bool,
}

/// What a library joins the parts with, and how it writes a time.
pub(super) struct Form {
    pub(super) separator: char,
    pub(super) seconds: fn(&str) -> Option<i64>,
}

/// How itsdangerous makes the key of the HMAC from the secret and the salt: its `key_derivation`.
///
/// ```
/// assert_eq!(bulla::cookie::legacy::Derivation::default(), bulla::cookie::legacy::Derivation::DjangoConcat);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Derivation {
    /// `django-concat`: a hash of the salt, `signer` and the secret. The default.
    #[default]
    DjangoConcat,
    /// `concat`: a hash of the salt and the secret.
    Concat,
    /// `hmac`: an HMAC of the salt under the secret, as in Flask's sessions.
    Hmac,
    /// `none`: the secret itself. The salt counts for nothing, so a token of any other use is taken, too.
    None,
}

impl Signed {
    /// Reads a token that says when it was made, and ends so long after.
    pub(super) fn accept(&self, text: &str, max_age: Duration) -> Result<OldToken> {
        self.import.accept(text, |text| {
            let signed = self.verified(text)?;
            let (value, time) = signed.rsplit_once(self.form.separator).ok_or(Refusal::Malformed)?;
            let issued = (self.form.seconds)(time).map(Time::from_unix).ok_or(Refusal::Malformed)?;
            Ok(OldToken { data: self.data(value)?, issued: Some(issued), ends: Some(issued + max_age) })
        })
    }

    /// Reads a token that does not say when it was made.
    pub(super) fn accept_endless(&self, text: &str) -> Result<OldToken> {
        self.import.accept(text, |text| {
            let data = self.data(self.verified(text)?)?;
            Ok(OldToken { data, issued: None, ends: None })
        })
    }

    /// What stands before the tag, if the tag is right.
    fn verified<'t>(&self, text: &'t str) -> std::result::Result<&'t str, Refusal> {
        let (signed, tag) = text.rsplit_once(self.form.separator).ok_or(Refusal::Malformed)?;
        let mut room = [0; 64];
        let tag = base64url::decode(tag.as_bytes(), &mut room).ok_or(Refusal::Malformed)?;
        let fits =
            |secret: &[u8]| equal(&hash::hmac(self.digest, &self.key(secret), &[signed.as_bytes()]), tag);
        if self.secrets.iter().any(fits) { Ok(signed) } else { Err(Refusal::Forged) }
    }

    fn key(&self, secret: &[u8]) -> SecretVec {
        SecretVec::new(match self.derivation {
            Derivation::DjangoConcat => hash::digest(self.digest, &[&self.salt, b"signer", secret]),
            Derivation::Concat => hash::digest(self.digest, &[&self.salt, secret]),
            Derivation::Hmac => hash::hmac(self.digest, secret, &[&self.salt]),
            Derivation::None => secret.to_vec(),
        })
    }

    fn data(&self, value: &str) -> std::result::Result<Vec<u8>, Refusal> {
        if self.packed { unpacked(value).ok_or(Refusal::Unfit) } else { Ok(value.as_bytes().to_vec()) }
    }
}

fn unpacked(value: &str) -> Option<Vec<u8>> {
    let compressed = value.strip_prefix('.');
    let mut room = [0; TOKEN_BYTES];
    let bytes = base64url::decode(compressed.unwrap_or(value).as_bytes(), &mut room)?;
    match compressed {
        Some(_) => zlib::inflate(bytes, OLD_TOKEN_INFLATED_BYTES),
        None => Some(bytes.to_vec()),
    }
}
