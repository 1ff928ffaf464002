//! Encrypts and decrypts a content piece by piece, with whichever cipher its object names.
use super::files::Pieces;
use super::spool::Spool;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::algorithm::{Aes, Cipher};
use crate::primitives::aead_stream::{self, StreamAead};
use crate::primitives::cbc::{self, CbcOpener, CbcSealer};
use crate::primitives::random;
use crate::secret::SecretVec;

/// Bytes of an AEAD's tag.
const TAG: usize = 16;

/// AES-256-GCM (RFC 5084), with a nonce of its own: the key is of this message alone.
pub(super) fn aes_256_gcm() -> Cipher {
    Cipher::AesGcm { aes: Aes::Aes256, nonce: random::bytes(), tag: TAG }
}

/// AES-128-GCM (RFC 5084).
pub(super) fn aes_128_gcm() -> Cipher {
    Cipher::AesGcm { aes: Aes::Aes128, nonce: random::bytes(), tag: TAG }
}

/// ChaCha20-Poly1305 (RFC 8103).
pub(super) fn chacha20_poly1305() -> Cipher {
    Cipher::ChaCha20Poly1305 { nonce: random::bytes() }
}

/// AES-256-CBC (RFC 3565), which nothing protects from change: with a signature inside alone.
pub(super) fn aes_256_cbc() -> Cipher {
    Cipher::AesCbc { aes: Aes::Aes256, iv: random::bytes() }
}

/// A new key for a cipher.
pub(super) fn content_key(cipher: &Cipher) -> SecretVec {
    let mut key = SecretVec::new(vec![0; cipher.key_len()]);
    random::fill(&mut key);
    key
}

fn aead(cipher: &Cipher) -> Option<(StreamAead, &[u8; 12])> {
    match cipher {
        Cipher::AesGcm { aes, nonce, .. } => Some((
            match aes {
                Aes::Aes128 => StreamAead::Aes128Gcm,
                Aes::Aes192 => StreamAead::Aes192Gcm,
                Aes::Aes256 => StreamAead::Aes256Gcm,
            },
            nonce,
        )),
        Cipher::ChaCha20Poly1305 { nonce } => Some((StreamAead::ChaCha20Poly1305, nonce)),
        Cipher::AesCbc { .. } | Cipher::TripleDesCbc { .. } | Cipher::Rc2Cbc { .. } => None,
    }
}

/// Encrypts what passes.
pub(super) enum Sealing {
    Aead(Box<aead_stream::Sealer>),
    Cbc(Box<CbcSealer>),
}

impl Sealing {
    /// `None`: the key does not fit, or the cipher is for reading alone.
    pub(super) fn new(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        match (aead(cipher), cipher) {
            (Some((kind, nonce)), _) => {
                Some(Sealing::Aead(Box::new(aead_stream::Sealer::new(kind, key, nonce, &[])?)))
            }
            (None, Cipher::AesCbc { iv, .. }) => Some(Sealing::Cbc(Box::new(CbcSealer::new(key, iv)?))),
            _ => None,
        }
    }

    /// Appends to `out` what is encrypted so far.
    pub(super) fn update(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Sealing::Aead(sealer) => {
                let start = out.len();
                out.extend_from_slice(plaintext);
                sealer.update(out.get_mut(start..).unwrap_or_default()).map_err(|_| too_long())
            }
            Sealing::Cbc(sealer) => {
                sealer.update(plaintext, out);
                Ok(())
            }
        }
    }

    /// Appends what is left, and gives the tag.
    pub(super) fn finish(self, out: &mut Vec<u8>) -> Vec<u8> {
        match self {
            Sealing::Aead(sealer) => sealer.finish().to_vec(),
            Sealing::Cbc(sealer) => {
                sealer.finish(out);
                Vec::new()
            }
        }
    }
}

/// Decrypts what passes. Nothing that comes out is known to be good before [`finish`](Self::finish).
pub(super) enum Unsealing {
    Aead(Box<aead_stream::Opener>),
    Cbc(Box<CbcOpener>),
}

impl Unsealing {
    pub(super) fn new(cipher: &Cipher, key: &[u8]) -> Option<Self> {
        if let Some((kind, nonce)) = aead(cipher) {
            return Some(Unsealing::Aead(Box::new(aead_stream::Opener::new(kind, key, nonce, &[])?)));
        }
        let (kind, iv) = match cipher {
            Cipher::AesCbc { aes, iv } => (cbc::Cipher::aes(aes.key_len())?, iv.as_slice()),
            Cipher::TripleDesCbc { iv } => (cbc::Cipher::TripleDes, iv.as_slice()),
            Cipher::Rc2Cbc { bits, iv } => (cbc::Cipher::Rc2 { bits: *bits }, iv.as_slice()),
            Cipher::AesGcm { .. } | Cipher::ChaCha20Poly1305 { .. } => return None,
        };
        Some(Unsealing::Cbc(Box::new(CbcOpener::new(kind, key, iv)?)))
    }

    /// Appends to `out` what is decrypted so far.
    pub(super) fn update(&mut self, ciphertext: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Unsealing::Aead(opener) => {
                let start = out.len();
                out.extend_from_slice(ciphertext);
                opener.update(out.get_mut(start..).unwrap_or_default()).map_err(|_| Error::unauthentic())
            }
            Unsealing::Cbc(opener) => {
                opener.update(ciphertext, out);
                Ok(())
            }
        }
    }

    /// Appends what is left, and says whether the tag holds; of CBC, whether there is a padding.
    pub(super) fn finish(self, tag: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Unsealing::Aead(opener) => opener.finish(tag).map_err(|_| Error::unauthentic()),
            Unsealing::Cbc(opener) => opener.finish(out).ok_or_else(Error::unauthentic),
        }
    }
}

/// Whether the tag holds over a plaintext and over attributes that came after it (RFC 5083 section 2.2 has them absorbed
/// first): it is made again, over what was decrypted.
pub(super) fn check_with_attributes(
    cipher: &Cipher,
    key: &[u8],
    attributes: &[u8],
    plaintext: &mut Spool,
    tag: &[u8],
) -> Result<()> {
    let failed = |error| Error::io("temporary file", error);
    let (kind, nonce) = aead(cipher).ok_or_else(Error::unauthentic)?;
    let mut sealer = aead_stream::Sealer::new(kind, key, nonce, attributes).ok_or_else(Error::unauthentic)?;
    let mut reader = plaintext.reader().map_err(failed)?;
    let mut pieces = Pieces::new();
    loop {
        let read = pieces.next(&mut reader).map_err(failed)?;
        if read.is_empty() {
            break;
        }
        sealer.update(read).map_err(|_| Error::unauthentic())?;
    }
    let made = sealer.finish();
    // The length of the tag was compared with the object's own word before.
    let made = made.get(..tag.len()).filter(|made| made.len() >= 12).ok_or_else(Error::unauthentic)?;
    if crate::secret::equal(made, tag) { Ok(()) } else { Err(Error::unauthentic()) }
}

fn too_long() -> Error {
    let why = "it is longer than one key of its cipher may encrypt";
    Error::new(ErrorKind::Unsupported, "mail", why, "split it, or encrypt it as a file")
}
