//! HMAC-SHA-256 (RFC 2104) under a key that was made ready: its own blocks are hashed once, not for each message.
use sha2::block_api::compress256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::aead::Refused;
use crate::secret::Secret;

/// Bytes of a tag.
pub(crate) const TAG: usize = 32;

/// Bytes that SHA-256 takes at once (FIPS 180-4 section 5.2.1).
const BLOCK: usize = 64;

type State = [u32; 8];

/// What SHA-256 begins with (FIPS 180-4 section 5.3.3).
const START: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A key, with what each tag begins and ends with. It is wiped on drop.
///
/// Of the crate `hmac` this takes the compression function alone: with a state that keeps a buffer, and wipes it, a short message
/// takes a third more. The tests compare the two.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct MacKey {
    inner: State,
    outer: State,
}

impl MacKey {
    pub(crate) fn new(key: &Secret<32>) -> Self {
        let begun = |pad: u8| {
            let (mut block, mut state) = ([pad; BLOCK], START);
            block.iter_mut().zip(key.expose()).for_each(|(byte, key)| *byte ^= key);
            compress256(&mut state, &[block]);
            block.zeroize();
            state
        };
        MacKey { inner: begun(0x36), outer: begun(0x5c) }
    }

    pub(crate) fn tag(&self, message: &[u8]) -> [u8; TAG] {
        finish(self.outer, &finish(self.inner, message))
    }

    /// Compares in constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8; TAG]) -> Result<(), Refused> {
        // By words: by bytes the comparison takes a quarter as long as all the rest.
        let is_same = words(&self.tag(message)).ct_eq(&words(tag));
        if bool::from(is_same) { Ok(()) } else { Err(Refused) }
    }
}

/// The hash of a block that was compressed into the state before, and the message (FIPS 180-4 sections 5.1.1 and 6.2).
fn finish(mut state: State, message: &[u8]) -> [u8; TAG] {
    let (blocks, rest) = message.as_chunks::<BLOCK>();
    compress256(&mut state, blocks);
    // What is left, a bit, zeros, and the length in bits at the end of a block.
    let bits = u64::try_from(message.len()).unwrap_or(u64::MAX).saturating_add(64).saturating_mul(8);
    let mut last = [[0; BLOCK]; 2];
    let used = if rest.len() < BLOCK - 8 { 1 } else { 2 };
    let last = last.get_mut(..used).unwrap_or_default();
    let bytes = last.as_flattened_mut();
    if let Some((start, [bit, ..])) = bytes.split_at_mut_checked(rest.len()) {
        start.copy_from_slice(rest);
        *bit = 0x80;
    }
    if let Some(length) = bytes.last_chunk_mut() {
        *length = bits.to_be_bytes();
    }
    compress256(&mut state, last);
    let mut hash = [0; TAG];
    let (fours, _) = hash.as_chunks_mut();
    fours.iter_mut().zip(state).for_each(|(four, word)| *four = word.to_be_bytes());
    hash
}

fn words(tag: &[u8; TAG]) -> [u64; TAG / 8] {
    let mut words = [0; TAG / 8];
    let (eights, _) = tag.as_chunks();
    words.iter_mut().zip(eights).for_each(|(word, eight)| *word = u64::from_ne_bytes(*eight));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::hash::hmac_sha256;

    #[test]
    fn messages_of_every_length_get_the_tag_of_the_crate_hmac() {
        for (length, key) in (0..=300_usize).zip([[0; 32], [7; 32], [0xff; 32]].into_iter().cycle()) {
            let message: Vec<u8> = (0..length).map(|at| (at * 89 + length) as u8).collect();
            let (mac, wanted) =
                (MacKey::new(&Secret::filled_by(|bytes| *bytes = key)), hmac_sha256(&key, &message));
            assert_eq!(mac.tag(&message), wanted, "{length}");
            assert!(mac.verify(&message, &wanted).is_ok());
            for bit in 0..256 {
                let mut other = wanted;
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(mac.verify(&message, &other).is_err());
            }
        }
    }
}
