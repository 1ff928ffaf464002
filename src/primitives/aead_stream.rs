//! Authenticated encryption as it goes, for messages too long for memory: AES-GCM (SP 800-38D) and ChaCha20-Poly1305
//! (RFC 8439) with nonces of 96 bits, the same as from one call.
//!
//! What is decrypted is not authentic before [`Opener::finish`] said so: until then the callers keep it to themselves.

use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U16;
use chacha20::ChaCha20;
use chacha20::cipher::{BlockCipherEncrypt, BlockSizeUser, KeyInit, KeyIvInit};
use chacha20::cipher::{StreamCipher, StreamCipherSeek};
use ctr::Ctr32BE;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use poly1305::Poly1305;
use zeroize::{Zeroize, Zeroizing};

use super::aead::{NONCE, Refused, TAG};
use crate::secret::equal;

/// Bytes of what both hashes take at once.
const BLOCK: usize = 16;
/// Bytes that are encrypted and then hashed while they are near. A multiple of [`BLOCK`].
const STRETCH: usize = 16 * 1024;

/// Which cipher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StreamAead {
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
}

impl StreamAead {
    /// Bytes of the key.
    #[cfg(test)]
    pub(crate) fn key_len(self) -> usize {
        match self {
            StreamAead::Aes128Gcm => 16,
            StreamAead::Aes192Gcm => 24,
            StreamAead::Aes256Gcm | StreamAead::ChaCha20Poly1305 => 32,
        }
    }

    /// Bytes of the longest message: what a counter of 32 bits reaches (SP 800-38D section 5.2.1.1). RFC 8439 section 2.8 has
    /// one block more for `ChaCha20`, under the last number, which the crate does not use.
    fn most(self) -> u64 {
        match self {
            StreamAead::ChaCha20Poly1305 => (1 << 38) - 128,
            _ => (1 << 36) - 32,
        }
    }
}

/// Encrypts as it goes.
pub(crate) struct Sealer(Stream);

impl Sealer {
    /// `None`: the key has another length. The nonce is of this message alone, under this key.
    pub(crate) fn new(kind: StreamAead, key: &[u8], nonce: &[u8; NONCE], aad: &[u8]) -> Option<Self> {
        Stream::new(kind, key, nonce, aad).map(Sealer)
    }

    /// Encrypts the next bytes in place. Refused if the message is too long for the cipher: then `bytes` is as it was.
    pub(crate) fn update(&mut self, bytes: &mut [u8]) -> Result<(), Refused> {
        self.0.count(bytes.len())?;
        for stretch in bytes.chunks_mut(STRETCH) {
            self.0.keystream.apply(stretch)?;
            self.0.authenticator.update(stretch);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> [u8; TAG] {
        self.0.tag()
    }
}

/// Decrypts as it goes.
pub(crate) struct Opener(Stream);

impl Opener {
    /// `None`: the key has another length.
    pub(crate) fn new(kind: StreamAead, key: &[u8], nonce: &[u8; NONCE], aad: &[u8]) -> Option<Self> {
        Stream::new(kind, key, nonce, aad).map(Opener)
    }

    /// Decrypts the next bytes in place, which are not authentic yet. Refused if the message is too long for the cipher: then
    /// `bytes` is as it was.
    pub(crate) fn update(&mut self, bytes: &mut [u8]) -> Result<(), Refused> {
        self.0.count(bytes.len())?;
        for stretch in bytes.chunks_mut(STRETCH) {
            self.0.authenticator.update(stretch);
            self.0.keystream.apply(stretch)?;
        }
        Ok(())
    }

    /// Whether all that was given is authentic. A tag may be cut, to 12 bytes at least (RFC 5084 section 3.2): what is not of
    /// 12 to 16 bytes is refused.
    pub(crate) fn finish(self, tag: &[u8]) -> Result<(), Refused> {
        let made = Zeroizing::new(self.0.tag());
        let made = made.get(..tag.len()).filter(|_| tag.len() >= 12).ok_or(Refused)?;
        if equal(made, tag) { Ok(()) } else { Err(Refused) }
    }
}

struct Stream {
    keystream: Keystream,
    authenticator: Authenticator,
    /// What the tag is masked with: GCM's first block of keystream.
    mask: Zeroizing<[u8; TAG]>,
    /// Bytes that may still come.
    left: u64,
    aad: u64,
    length: u64,
}

impl Stream {
    fn new(kind: StreamAead, key: &[u8], nonce: &[u8; NONCE], aad: &[u8]) -> Option<Self> {
        let (keystream, hash, mask) = match kind {
            StreamAead::Aes128Gcm => gcm(key, nonce, Keystream::Aes128)?,
            StreamAead::Aes192Gcm => gcm(key, nonce, Keystream::Aes192)?,
            StreamAead::Aes256Gcm => gcm(key, nonce, Keystream::Aes256)?,
            StreamAead::ChaCha20Poly1305 => chacha20_poly1305(key, nonce)?,
        };
        let mut authenticator = Authenticator { hash, rest: [0; BLOCK], filled: 0 };
        authenticator.update(aad);
        authenticator.pad();
        let aad = aad.len().try_into().ok()?;
        Some(Stream { keystream, authenticator, mask, left: kind.most(), aad, length: 0 })
    }

    fn count(&mut self, bytes: usize) -> Result<(), Refused> {
        let bytes = u64::try_from(bytes).map_err(|_| Refused)?;
        self.left = self.left.checked_sub(bytes).ok_or(Refused)?;
        self.length = self.length.saturating_add(bytes);
        Ok(())
    }

    fn tag(mut self) -> [u8; TAG] {
        self.authenticator.pad();
        let lengths = match self.authenticator.hash {
            // In bits (SP 800-38D section 7.1 step 5); no length above comes near 2^61.
            Hash::GHash(_) => [self.aad, self.length].map(|length| length.wrapping_mul(8).to_be_bytes()),
            // In bytes (RFC 8439 section 2.8).
            Hash::Poly1305(_) => [self.aad, self.length].map(u64::to_le_bytes),
        };
        self.authenticator.update(lengths.as_flattened());
        let mut tag = self.authenticator.hash.finish();
        tag.iter_mut().zip(self.mask.iter()).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

type Parts = (Keystream, Hash, Zeroizing<[u8; TAG]>);

/// SP 800-38D section 7.1: the hash's key is the encryption of zeros, and the counter begins with 1, which masks the tag.
fn gcm<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit>(
    key: &[u8],
    nonce: &[u8; NONCE],
    of: impl FnOnce(Box<Ctr32BE<C>>) -> Keystream,
) -> Option<Parts>
where
    Ctr32BE<C>: StreamCipher + KeyIvInit,
{
    let mut hash_key = Array([0; BLOCK]);
    C::new_from_slice(key).ok()?.encrypt_block(&mut hash_key);
    let hash = Hash::GHash(Box::new(GHash::new(&hash_key)));
    hash_key.as_mut_slice().zeroize();
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *nonce;
    let first = [a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 1];
    let mut cipher = Box::new(Ctr32BE::<C>::new_from_slices(key, &first).ok()?);
    let mut mask = Zeroizing::new([0; TAG]);
    cipher.try_apply_keystream(&mut *mask).ok()?;
    Some((of(cipher), hash, mask))
}

/// RFC 8439 section 2.8: the hash's key is from block 0 of the keystream, the message is under those from 1 on.
fn chacha20_poly1305(key: &[u8], nonce: &[u8; NONCE]) -> Option<Parts> {
    let mut cipher = Box::new(ChaCha20::new_from_slices(key, nonce).ok()?);
    let mut hash_key = Zeroizing::new([0; 32]);
    cipher.try_apply_keystream(&mut *hash_key).ok()?;
    cipher.try_seek(64u32).ok()?;
    let hash = Poly1305::new_from_slice(&*hash_key).ok()?;
    Some((Keystream::ChaCha20(cipher), Hash::Poly1305(Box::new(hash)), Zeroizing::new([0; TAG])))
}

/// The ciphers wipe themselves on drop.
enum Keystream {
    Aes128(Box<Ctr32BE<aes::Aes128>>),
    Aes192(Box<Ctr32BE<aes::Aes192>>),
    Aes256(Box<Ctr32BE<aes::Aes256>>),
    ChaCha20(Box<ChaCha20>),
}

impl Keystream {
    fn apply(&mut self, bytes: &mut [u8]) -> Result<(), Refused> {
        match self {
            Keystream::Aes128(cipher) => cipher.try_apply_keystream(bytes),
            Keystream::Aes192(cipher) => cipher.try_apply_keystream(bytes),
            Keystream::Aes256(cipher) => cipher.try_apply_keystream(bytes),
            Keystream::ChaCha20(cipher) => cipher.try_apply_keystream(bytes),
        }
        .map_err(|_| Refused)
    }
}

/// They wipe themselves on drop, too.
enum Hash {
    GHash(Box<GHash>),
    Poly1305(Box<Poly1305>),
}

impl Hash {
    fn update(&mut self, blocks: &[Array<u8, U16>]) {
        match self {
            Hash::GHash(hash) => hash.update(blocks),
            Hash::Poly1305(hash) => hash.update(blocks),
        }
    }

    fn finish(self) -> [u8; TAG] {
        match self {
            Hash::GHash(hash) => hash.finalize().into(),
            Hash::Poly1305(hash) => hash.finalize().into(),
        }
    }
}

/// A hash of blocks, fed with bytes.
struct Authenticator {
    hash: Hash,
    /// The begin of a block: ciphertext, and so no secret.
    rest: [u8; BLOCK],
    filled: usize,
}

impl Authenticator {
    fn update(&mut self, mut bytes: &[u8]) {
        if self.filled > 0 {
            let room = self.rest.get_mut(self.filled..).unwrap_or_default();
            let fitting = room.len().min(bytes.len());
            let (head, tail) = bytes.split_at_checked(fitting).unwrap_or_default();
            room.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
            self.filled = self.filled.saturating_add(fitting);
            bytes = tail;
            if self.filled < BLOCK {
                return;
            }
            self.pad();
        }
        let (blocks, tail) = Array::slice_as_chunks(bytes);
        self.hash.update(blocks);
        self.rest.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        self.filled = tail.len();
    }

    /// Takes in what there is of a block, filled up with zeros.
    fn pad(&mut self) {
        if self.filled > 0 {
            self.rest.get_mut(self.filled..).unwrap_or_default().fill(0);
            self.hash.update(&[Array(self.rest)]);
            self.filled = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [StreamAead; 4] =
        [StreamAead::Aes128Gcm, StreamAead::Aes192Gcm, StreamAead::Aes256Gcm, StreamAead::ChaCha20Poly1305];

    #[test]
    fn a_message_longer_than_the_cipher_reaches_is_refused_and_left_as_it_is() {
        for kind in KINDS {
            let key = vec![1; kind.key_len()];
            let mut sealer = Sealer::new(kind, &key, &[2; 12], b"").unwrap();
            let mut opener = Opener::new(kind, &key, &[2; 12], b"").unwrap();
            (sealer.0.left, opener.0.left) = (20, 20);
            let mut bytes = [3; 16];
            assert!(sealer.update(&mut bytes).is_ok() && opener.update(&mut bytes).is_ok());
            assert_eq!(bytes, [3; 16]);
            let mut more = [3; 5];
            assert!(sealer.update(&mut more).is_err() && opener.update(&mut more).is_err(), "{kind:?}");
            assert_eq!(more, [3; 5]);
            assert!(sealer.update(&mut more[..4]).is_ok() && opener.update(&mut more[..4]).is_ok());
            assert_eq!(more, [3; 5]);
            assert!(sealer.update(&mut []).is_ok(), "nothing is never too much");
            assert!(sealer.update(&mut more[..1]).is_err());
        }
    }

    /// The crates' counters reach as far as the limit, and no further: keystream is never used twice.
    #[test]
    fn the_limit_is_where_the_counter_ends() {
        for kind in KINDS {
            let mut sealer = Sealer::new(kind, &vec![1; kind.key_len()], &[2; 12], b"").unwrap();
            let block: u64 = if kind == StreamAead::ChaCha20Poly1305 { 64 } else { 16 };
            // The first block of all is not the message's.
            let end = kind.most() + block;
            let near = end - 3 * block;
            match &mut sealer.0.keystream {
                Keystream::Aes128(cipher) => cipher.try_seek(near).unwrap(),
                Keystream::Aes192(cipher) => cipher.try_seek(near).unwrap(),
                Keystream::Aes256(cipher) => cipher.try_seek(near).unwrap(),
                Keystream::ChaCha20(cipher) => cipher.try_seek(near).unwrap(),
            }
            sealer.0.left = u64::MAX;
            let mut rest = vec![0; usize::try_from(3 * block).unwrap()];
            assert!(sealer.update(&mut rest).is_ok(), "{kind:?}");
            assert!(rest.iter().any(|byte| *byte != 0));
            assert!(sealer.update(&mut [0]).is_err(), "{kind:?}");
        }
    }
}
