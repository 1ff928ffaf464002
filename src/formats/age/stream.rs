//! age's payload (C2SP age.md, "Payload"): STREAM of ChaCha20-Poly1305 in chunks of 64 KiB.
use crate::primitives::aead::{Cipher, NONCE, Refused};
use crate::primitives::{hash, random};
use crate::secret::Secret;

/// Plaintext bytes of every chunk but the last, which may have fewer.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes before the first chunk: a nonce.
pub(crate) const PREFIX: usize = 16;

/// The key of one payload.
pub(crate) struct Stream(Cipher);

impl Stream {
    /// Begins a new payload; gives what precedes its chunks.
    pub(crate) fn begin(file_key: &Secret<16>) -> (Self, Vec<u8>) {
        let nonce = random::bytes::<PREFIX>();
        (Self::resume(file_key, &nonce), nonce.to_vec())
    }

    /// Begins to open a payload. Nothing is authentic before its first chunk has been opened.
    pub(crate) fn resume(file_key: &Secret<16>, nonce: &[u8; PREFIX]) -> Self {
        let key = hash::hkdf_sha256(file_key.expose(), nonce, b"payload");
        Stream(Cipher::chacha20_poly1305(key.expose()))
    }

    pub(crate) fn seal(
        &self,
        index: u64,
        last: bool,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        self.0.seal(&nonce(index, last)?, plaintext, out)
    }

    pub(crate) fn open(&self, index: u64, last: bool, sealed: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        if out.len() > CHUNK {
            return Err(Refused);
        }
        self.0.open(&nonce(index, last)?, sealed, out)
    }
}

/// An 11-byte big-endian counter and a flag on the last chunk.
fn nonce(index: u64, last: bool) -> Result<[u8; NONCE], Refused> {
    if index >= crate::limits::AGE_CHUNKS {
        return Err(Refused);
    }
    let mut nonce = [0; NONCE];
    // The counter is in bytes 3 to 10, the flag in byte 11.
    let counter = u128::from(index) << 8 | u128::from(last);
    nonce.copy_from_slice(counter.to_be_bytes().split_at(4).1);
    Ok(nonce)
}
