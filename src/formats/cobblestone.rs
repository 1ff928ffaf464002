//! C2SP chunked-encryption, instance Cobblestone-256: the payload of L1 and L2.
//!
//! <https://c2sp.org/chunked-encryption>, with AES-256-GCM and SHA-512.
use crate::limits::COBBLESTONE_CHUNKS;
use crate::primitives::aead::{Cipher, NONCE, Refused, TAG};
use crate::primitives::{hash, random};
use crate::secret::{Secret, equal};

/// Plaintext bytes of every chunk but the last, which has fewer.
pub(crate) const CHUNK: usize = 16 * 1024;
const SALT: usize = 24;
const COMMITMENT: usize = 32;
/// Bytes before the first chunk: salt and commitment.
pub(crate) const PREFIX: usize = SALT + COMMITMENT;

/// The keys of one message.
pub(crate) struct Cobblestone {
    cipher: Cipher,
    base_nonce: [u8; NONCE],
}

impl Cobblestone {
    /// Begins a new message; gives what precedes its chunks.
    pub(crate) fn begin(input_key: &Secret<32>, context: &[u8]) -> (Self, Vec<u8>) {
        let salt = random::bytes::<SALT>();
        let (message, commitment) = Self::derive(input_key, &salt, context);
        (message, [&salt[..], &commitment[..]].concat())
    }

    /// Begins to open a message. Refused unless key, salt and context are those it was sealed with.
    pub(crate) fn resume(
        input_key: &Secret<32>,
        prefix: &[u8; PREFIX],
        context: &[u8],
    ) -> Result<Self, Refused> {
        let (salt, given) = prefix.split_first_chunk::<SALT>().ok_or(Refused)?;
        let (message, commitment) = Self::derive(input_key, salt, context);
        if equal(&commitment, given) { Ok(message) } else { Err(Refused) }
    }

    fn derive(input_key: &Secret<32>, salt: &[u8; SALT], context: &[u8]) -> (Self, [u8; COMMITMENT]) {
        let label = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
        let okm = hash::expand_sha512::<76>(input_key.expose(), &[label, salt, context]);
        let (key, rest) = split_array::<32>(okm.expose());
        let (base_nonce, rest) = split_array::<NONCE>(rest);
        let (commitment, _) = split_array::<COMMITMENT>(rest);
        let cipher = Cipher::aes_256_gcm(key);
        (Cobblestone { cipher, base_nonce: *base_nonce }, *commitment)
    }

    /// Seals chunk `index`; `out` is [`TAG`] bytes longer than `plaintext`.
    pub(crate) fn seal(&self, index: u64, plaintext: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        self.cipher.seal(&self.nonce(index)?, plaintext, out)
    }

    /// Opens chunk `index`; `out` is [`TAG`] bytes shorter than `sealed`.
    pub(crate) fn open(&self, index: u64, sealed: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        if sealed.len() > CHUNK + TAG {
            return Err(Refused);
        }
        self.cipher.open(&self.nonce(index)?, sealed, out)
    }

    /// Base nonce XOR chunk number.
    fn nonce(&self, index: u64) -> Result<[u8; NONCE], Refused> {
        if index >= COBBLESTONE_CHUNKS {
            return Err(Refused);
        }
        let mut nonce = self.base_nonce;
        if let Some(low) = nonce.last_chunk_mut::<8>() {
            *low = (u64::from_be_bytes(*low) ^ index).to_be_bytes();
        }
        Ok(nonce)
    }
}

/// Splits off the first `N` bytes of a slice that is known to have them.
pub(crate) fn split_array<const N: usize>(bytes: &[u8]) -> (&[u8; N], &[u8]) {
    bytes.split_first_chunk::<N>().unwrap_or((&[0; N], &[]))
}
