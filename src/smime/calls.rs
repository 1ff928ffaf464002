//! The short calls: sign, verify, encrypt and open with nothing said but by whom and for whom.
use super::addressees::Addressees;
use super::encryption::Encryption;
use super::entity::Entity;
use super::message::{Enveloped, Opened, Signed};
use super::opening::Opening;
use super::signer::Signer;
use super::signing::Signing;
use super::trust::{Expect, Trust};
use super::verification::Verification;
use crate::error::Result;
use crate::verified::Verified;
use crate::x509::Credential;

impl Entity {
    /// Signs it, in two parts: see [`Signing`].
    ///
    /// # Errors
    /// Those of [`Signing::entity`].
    pub fn sign(&self, credential: &Credential) -> Result<Signed> {
        Signing::by(credential).entity(self)
    }

    /// Encrypts it without a signature: see [`Encryption`].
    ///
    /// # Errors
    /// Those of [`Encryption::entity`].
    pub fn encrypt(&self, addressees: &Addressees<'_>) -> Result<Enveloped> {
        Encryption::to(addressees).entity(self)
    }
}

impl Signed {
    /// Verifies it: see [`Verification`].
    ///
    /// # Errors
    /// Those of [`Verification::bytes`].
    pub fn verify(self, trust: &Trust<'_>, expect: Expect<'_>) -> Result<Verified<Entity, Signer>> {
        Verification::new(trust, expect).bytes(self.as_bytes())
    }

    /// Encrypts it: see [`Encryption`].
    ///
    /// # Errors
    /// Those of [`Encryption::entity`].
    pub fn encrypt(&self, addressees: &Addressees<'_>) -> Result<Enveloped> {
        Encryption::to(addressees).entity(self.entity())
    }
}

impl Enveloped {
    /// Opens it: see [`Opening`].
    ///
    /// # Errors
    /// Those of [`Opening::bytes`].
    pub fn open(self, credential: &Credential) -> Result<Opened> {
        Opening::with(credential).bytes(self.as_bytes())
    }
}
