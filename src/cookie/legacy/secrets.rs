//! The secrets that old tokens were signed with: one, or those of a rotation.
use crate::error::{Error, Result};
use crate::limits::OLD_SECRET_BYTES;
use crate::secret::SecretVec;

/// At least one, and none so short that it could be guessed.
pub(super) struct Secrets(Vec<SecretVec>);

impl Secrets {
    pub(super) fn of(secrets: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self> {
        let secrets: Vec<_> =
            secrets.into_iter().map(|secret| SecretVec::new(secret.as_ref().to_vec())).collect();
        if secrets.is_empty() || secrets.iter().any(|secret| secret.len() < OLD_SECRET_BYTES) {
            let why = "there is no secret, or one has under 16 bytes, and with it anybody could make tokens";
            return Err(Error::usage("old token", why, "let those who have such tokens sign in anew"));
        }
        Ok(Secrets(secrets))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|secret| secret.as_slice())
    }
}
