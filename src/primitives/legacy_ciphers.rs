//! RC2 (RFC 2268) and triple DES (FIPS 46-3) in CBC, to read old PKCS #12 files with. Nothing is encrypted with them.
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};

use crate::secret::SecretVec;

/// What old files are encrypted with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LegacyCipher {
    /// RC2 with a key of 40 bits.
    Rc2Bits40,
    /// RC2 with a key of 128 bits.
    Rc2Bits128,
    /// Triple DES with two keys.
    TwoKeyTripleDes,
    /// Triple DES with three keys.
    TripleDes,
}

impl LegacyCipher {
    /// Bytes of the key.
    pub(crate) fn key_len(self) -> usize {
        match self {
            LegacyCipher::Rc2Bits40 => 5,
            LegacyCipher::Rc2Bits128 | LegacyCipher::TwoKeyTripleDes => 16,
            LegacyCipher::TripleDes => 24,
        }
    }

    /// Decrypts CBC and takes the padding off (RFC 8018 section 6.1.1, with blocks of 8 bytes). `None`: the key, the
    /// IV or the data has a wrong length, or there is no padding.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8; 8], sealed: &[u8]) -> Option<SecretVec> {
        if key.len() != self.key_len() {
            return None;
        }
        match self {
            LegacyCipher::Rc2Bits40 | LegacyCipher::Rc2Bits128 => open::<rc2::Rc2>(key, iv, sealed),
            LegacyCipher::TwoKeyTripleDes => open::<des::TdesEde2>(key, iv, sealed),
            LegacyCipher::TripleDes => open::<des::TdesEde3>(key, iv, sealed),
        }
    }
}

fn open<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8], sealed: &[u8]) -> Option<SecretVec> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    let mut buffer = SecretVec::new(sealed.to_vec());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}
