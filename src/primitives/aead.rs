//! Authenticated encryption: AES-256-GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439).
//!
//! Everything here takes a nonce, so nothing here is public. The callers derive a fresh key for each message.
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit, Tag};
use zeroize::Zeroize;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// A check failed. One word, nothing inside: why the ciphertext was refused is nobody's business.
#[derive(Debug)]
pub(crate) struct Refused;

/// A cipher with its key schedule. Both ciphers wipe theirs on drop.
pub(crate) enum Cipher {
    Aes256Gcm(Box<aes_gcm::Aes256Gcm>),
    ChaCha20Poly1305(Box<chacha20poly1305::ChaCha20Poly1305>),
}

impl Cipher {
    pub(crate) fn aes_256_gcm(key: &[u8; KEY]) -> Self {
        Cipher::Aes256Gcm(Box::new(aes_gcm::Aes256Gcm::new(key.into())))
    }

    pub(crate) fn chacha20_poly1305(key: &[u8; KEY]) -> Self {
        Cipher::ChaCha20Poly1305(Box::new(chacha20poly1305::ChaCha20Poly1305::new(key.into())))
    }

    /// Encrypts `plaintext` into `out`, which is [`TAG`] bytes longer.
    ///
    /// Refused if the lengths do not fit, or the plaintext is too long for the cipher.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE], plaintext: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        let (body, tag) = out.split_at_mut_checked(plaintext.len()).ok_or(Refused)?;
        let buffer = InOutBuf::new(plaintext, body).map_err(|_| Refused)?;
        let made: Tag<aes_gcm::Aes256Gcm> = match self {
            Cipher::Aes256Gcm(c) => c.encrypt_inout_detached(nonce.into(), b"", buffer),
            Cipher::ChaCha20Poly1305(c) => c.encrypt_inout_detached(nonce.into(), b"", buffer),
        }
        .map_err(|_| Refused)?;
        if tag.len() != TAG {
            return Err(Refused);
        }
        tag.copy_from_slice(&made);
        Ok(())
    }

    /// Decrypts `sealed` (ciphertext and tag) into `out`, which is [`TAG`] bytes shorter.
    ///
    /// When it is refused, `out` holds zeros: an unverified byte never leaves
    /// (RUSTSEC-2023-0096 is what happens otherwise).
    pub(crate) fn open(&self, nonce: &[u8; NONCE], sealed: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        let (body, tag) = sealed.split_last_chunk::<TAG>().ok_or(Refused)?;
        let buffer = InOutBuf::new(body, &mut *out).map_err(|_| Refused)?;
        let opened = match self {
            Cipher::Aes256Gcm(c) => c.decrypt_inout_detached(nonce.into(), b"", buffer, tag.into()),
            Cipher::ChaCha20Poly1305(c) => c.decrypt_inout_detached(nonce.into(), b"", buffer, tag.into()),
        };
        opened.map_err(|_| {
            out.zeroize();
            Refused
        })
    }

    /// [`seal`](Self::seal) into a new vector.
    pub(crate) fn seal_vec(&self, nonce: &[u8; NONCE], plaintext: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut out = vec![0; plaintext.len().saturating_add(TAG)];
        self.seal(nonce, plaintext, &mut out)?;
        Ok(out)
    }
}
