//! CBC with padding (RFC 5652 section 6.3), as it goes: AES (RFC 3565), and of old mail triple DES and RC2 (RFC 3370), with
//! which nothing is encrypted.
//!
//! CBC says nothing about who encrypted, and what fails here may say too much: the callers tell nobody what it was.

use cbc::cipher::array::Array;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser};
use cbc::cipher::{InnerIvInit, KeyInit, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};

use crate::secret::SecretVec;

/// Bytes of AES's blocks.
const BLOCK: usize = 16;

/// What is decrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    /// With three keys.
    TripleDes,
    /// With so many effective bits (RFC 2268 section 2), 1 to 1024. Its key may have another length, of 1 to 128 bytes.
    Rc2 {
        bits: u16,
    },
}

impl Cipher {
    /// AES with a key of so many bytes.
    pub(crate) fn aes(key: usize) -> Option<Self> {
        match key {
            16 => Some(Cipher::Aes128),
            24 => Some(Cipher::Aes192),
            32 => Some(Cipher::Aes256),
            _ => None,
        }
    }

    /// Bytes of the key; of RC2's as many as there are effective bits.
    #[cfg(test)]
    pub(crate) fn key_len(self) -> usize {
        match self {
            Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::TripleDes => 24,
            Cipher::Aes256 => 32,
            Cipher::Rc2 { bits } => usize::from(bits).div_ceil(8),
        }
    }

    /// Bytes of a block, and of the IV.
    pub(crate) fn block_len(self) -> usize {
        match self {
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => BLOCK,
            Cipher::TripleDes | Cipher::Rc2 { .. } => 8,
        }
    }
}

enum Encryption {
    Aes128(Encryptor<aes::Aes128>),
    Aes192(Encryptor<aes::Aes192>),
    Aes256(Encryptor<aes::Aes256>),
}

impl Encryption {
    fn new(key: &[u8], iv: &[u8; BLOCK]) -> Option<Self> {
        Some(match key.len() {
            16 => Encryption::Aes128(Encryptor::new_from_slices(key, iv).ok()?),
            24 => Encryption::Aes192(Encryptor::new_from_slices(key, iv).ok()?),
            32 => Encryption::Aes256(Encryptor::new_from_slices(key, iv).ok()?),
            _ => return None,
        })
    }

    /// Encrypts whole blocks in place; a rest that is none stays as it is.
    fn apply(&mut self, bytes: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(bytes);
        match self {
            Encryption::Aes128(cipher) => cipher.encrypt_blocks(blocks),
            Encryption::Aes192(cipher) => cipher.encrypt_blocks(blocks),
            Encryption::Aes256(cipher) => cipher.encrypt_blocks(blocks),
        }
    }
}

enum Decryption {
    Aes128(Decryptor<aes::Aes128>),
    Aes192(Decryptor<aes::Aes192>),
    Aes256(Decryptor<aes::Aes256>),
    TripleDes(Decryptor<des::TdesEde3>),
    Rc2(Decryptor<rc2::Rc2>),
}

impl Decryption {
    fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Self> {
        Some(match cipher {
            Cipher::Aes128 => Decryption::Aes128(with_key(key, iv)?),
            Cipher::Aes192 => Decryption::Aes192(with_key(key, iv)?),
            Cipher::Aes256 => Decryption::Aes256(with_key(key, iv)?),
            Cipher::TripleDes => Decryption::TripleDes(with_key(key, iv)?),
            Cipher::Rc2 { bits } => {
                if !(1..=128).contains(&key.len()) || !(1..=1024).contains(&bits) {
                    return None;
                }
                let cipher = rc2::Rc2::new_with_eff_key_len(key, bits.into());
                Decryption::Rc2(Decryptor::inner_iv_slice_init(cipher, iv).ok()?)
            }
        })
    }

    /// Decrypts whole blocks in place; a rest that is none stays as it is.
    fn apply(&mut self, bytes: &mut [u8]) {
        match self {
            Decryption::Aes128(cipher) => in_place(cipher, bytes),
            Decryption::Aes192(cipher) => in_place(cipher, bytes),
            Decryption::Aes256(cipher) => in_place(cipher, bytes),
            Decryption::TripleDes(cipher) => in_place(cipher, bytes),
            Decryption::Rc2(cipher) => in_place(cipher, bytes),
        }
    }
}

fn with_key<C: BlockCipherDecrypt + KeyInit>(key: &[u8], iv: &[u8]) -> Option<Decryptor<C>> {
    Decryptor::new_from_slices(key, iv).ok()
}

fn in_place<C: BlockModeDecrypt + BlockSizeUser>(cipher: &mut C, bytes: &mut [u8]) {
    let (blocks, _) = Array::slice_as_chunks_mut(bytes);
    cipher.decrypt_blocks(blocks);
}

/// Encrypts whole blocks with AES, without padding. `None`: the key has no length of AES, or the last block is not whole.
pub(crate) fn encrypt_blocks(key: &[u8], iv: &[u8; BLOCK], blocks: &[u8]) -> Option<SecretVec> {
    let mut bytes = whole(blocks, BLOCK)?;
    Encryption::new(key, iv)?.apply(&mut bytes);
    Some(bytes)
}

/// Decrypts whole blocks, without padding. `None`: a length is wrong.
pub(crate) fn decrypt_blocks(cipher: Cipher, key: &[u8], iv: &[u8], blocks: &[u8]) -> Option<SecretVec> {
    let mut bytes = whole(blocks, cipher.block_len())?;
    Decryption::new(cipher, key, iv)?.apply(&mut bytes);
    Some(bytes)
}

fn whole(bytes: &[u8], block: usize) -> Option<SecretVec> {
    bytes.len().is_multiple_of(block).then(|| SecretVec::new(bytes.to_vec()))
}

/// Encrypts with AES as it goes.
pub(crate) struct CbcSealer {
    cipher: Encryption,
    /// The begin of a block.
    rest: SecretVec,
}

impl CbcSealer {
    /// `None`: the key has no length of AES. The IV is of this message alone, and nobody foresees it.
    pub(crate) fn new(key: &[u8], iv: &[u8; BLOCK]) -> Option<Self> {
        let cipher = Encryption::new(key, iv)?;
        Some(CbcSealer { cipher, rest: SecretVec::new(Vec::with_capacity(BLOCK)) })
    }

    /// Appends to `out` what is encrypted so far.
    pub(crate) fn update(&mut self, plaintext: &[u8], out: &mut Vec<u8>) {
        let all = self.rest.len().saturating_add(plaintext.len());
        let start = out.len();
        if take_blocks(&mut self.rest, plaintext, all % BLOCK, out) {
            self.cipher.apply(out.get_mut(start..).unwrap_or_default());
        }
    }

    /// Appends the last block, with its padding.
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) {
        // 1 to 16: `rest` has fewer bytes than a block.
        let missing = BLOCK.saturating_sub(self.rest.len());
        let padding = [u8::try_from(missing).unwrap_or_default(); BLOCK];
        self.update(padding.get(..missing).unwrap_or_default(), out);
    }
}

/// Decrypts as it goes. What comes out is not authentic, or not yet.
pub(crate) struct CbcOpener {
    cipher: Decryption,
    block: usize,
    /// The end of what came, and the last block if that is whole: it may have the padding in it.
    rest: SecretVec,
}

impl CbcOpener {
    /// `None`: the key or the IV has a wrong length.
    pub(crate) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Self> {
        let block = cipher.block_len();
        let cipher = Decryption::new(cipher, key, iv)?;
        Some(CbcOpener { cipher, block, rest: SecretVec::new(Vec::with_capacity(block)) })
    }

    /// Appends to `out` what is decrypted so far.
    pub(crate) fn update(&mut self, ciphertext: &[u8], out: &mut Vec<u8>) {
        let all = self.rest.len().saturating_add(ciphertext.len());
        // 1 to `block` bytes are left, if there are any.
        let left = all.checked_sub(1).map_or(0, |all| all % self.block + 1);
        let start = out.len();
        if take_blocks(&mut self.rest, ciphertext, left, out) {
            self.cipher.apply(out.get_mut(start..).unwrap_or_default());
        }
    }

    /// Appends what is before the padding; all of the last block, if there is none that is sound. `None`: the last block is
    /// not whole.
    ///
    /// That the padding is not sound is no error: who sends changed messages would learn from it, try by try, what is in them
    /// (Vaudenay, EUROCRYPT 2002).
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Option<()> {
        if self.rest.len() != self.block {
            return None;
        }
        self.cipher.apply(&mut self.rest);
        out.extend(unpadded(&self.rest).unwrap_or(&self.rest));
        Some(())
    }
}

/// Appends to `out` what is in `rest` and then `input`, but for the last `left` bytes, which are in `rest` afterwards. Whether
/// there was anything.
fn take_blocks(rest: &mut SecretVec, input: &[u8], left: usize, out: &mut Vec<u8>) -> bool {
    // Where `left` exceeds the input, `rest` has no block yet, and all stays.
    let Some((blocks, left)) = input.len().checked_sub(left).and_then(|at| input.split_at_checked(at)) else {
        rest.extend(input);
        return false;
    };
    out.reserve(rest.len().saturating_add(blocks.len()));
    out.extend(rest.iter());
    out.extend(blocks);
    rest.clear();
    rest.extend(left);
    true
}

/// A last block without its padding: as many bytes as each of them says. The bytes are all looked at, in one time.
fn unpadded(block: &[u8]) -> Option<&[u8]> {
    let last = *block.last()?;
    let length = u8::try_from(block.len()).ok()?;
    let mut sound = last.ct_gt(&0) & !last.ct_gt(&length);
    for (from_end, byte) in (0u8..).zip(block.iter().rev()) {
        let is_padding: Choice = from_end.ct_lt(&last);
        sound &= !is_padding | byte.ct_eq(&last);
    }
    if !bool::from(sound) {
        return None;
    }
    block.get(..block.len().checked_sub(last.into())?)
}
