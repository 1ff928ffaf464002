//! AES-256-GCM-SIV (RFC 8452) under nonces that are drawn at random: one that came twice would tell of two equal plaintexts, and
//! nothing more.
use aes_gcm_siv::aead::inout::InOutBuf;
use aes_gcm_siv::aead::{AeadInOut, KeyInit};

use super::aead::Refused;
use super::random;
use crate::secret::{Secret, SecretVec};

/// Bytes of a nonce.
const NONCE: usize = 12;
/// Bytes of a tag.
const TAG: usize = 16;
/// Bytes that sealing adds.
pub(crate) const OVERHEAD: usize = NONCE + TAG;

/// A key with its schedule, which is wiped on drop.
pub(crate) struct SivKey(Box<aes_gcm_siv::Aes256GcmSiv>);

impl SivKey {
    pub(crate) fn new(key: &Secret<32>) -> Self {
        SivKey(Box::new(aes_gcm_siv::Aes256GcmSiv::new(key.expose().into())))
    }

    /// A nonce, the ciphertext and its tag. Refused if it is longer than the cipher can do.
    pub(crate) fn seal(&self, beside: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Refused> {
        let nonce: [u8; NONCE] = random::bytes();
        let mut sealed = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
        sealed.extend_from_slice(&nonce);
        sealed.resize(plaintext.len().saturating_add(NONCE), 0);
        let body = sealed.get_mut(NONCE..).unwrap_or_default();
        let buffer = InOutBuf::new(plaintext, body).map_err(|_| Refused)?;
        let tag = self.0.encrypt_inout_detached(&nonce.into(), beside, buffer).map_err(|_| Refused)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// What [`seal`](Self::seal) gave, opened.
    pub(crate) fn open(&self, beside: &[u8], sealed: &[u8]) -> Result<SecretVec, Refused> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or(Refused)?;
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(Refused)?;
        // Wiped, whether it is genuine or not: the cipher decrypts before it knows.
        let mut plaintext = SecretVec::new(vec![0; body.len()]);
        let buffer = InOutBuf::new(body, &mut plaintext).map_err(|_| Refused)?;
        self.0.decrypt_inout_detached(nonce.into(), beside, buffer, tag.into()).map_err(|_| Refused)?;
        Ok(plaintext)
    }
}
