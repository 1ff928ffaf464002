//! A content key under a key of a password: id-alg-PWRI-KEK (RFC 3211 section 2.3) with AES, and of old mail with triple DES,
//! which is only opened.

use subtle::{ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};
use zeroize::Zeroize;

use super::cbc::{self, Cipher};
use super::random;
use crate::secret::SecretVec;

/// Bytes before the key: its length, and three of the key with all their bits turned.
const HEAD: usize = 4;
/// The longest that is looked at: room for the longest key, of 255 bytes, and for padding that is longer than it need be.
const LONGEST: usize = 512;
/// Bytes of AES's blocks.
const BLOCK: usize = 16;

/// Wraps a key of 3 to 255 bytes under one of AES (section 2.3.1). `None`: one of them has another length.
pub(crate) fn wrap(kek: &[u8], iv: &[u8; BLOCK], key: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(key.len()).ok()?;
    let check = key.first_chunk::<3>()?.map(|byte| !byte);
    // Two blocks are the least, so that both encryptions reach all.
    let padded = key.len().checked_add(HEAD)?.next_multiple_of(BLOCK).max(2 * BLOCK);
    let mut block = SecretVec::new(vec![0; padded]);
    random::fill(&mut block);
    for (to, from) in block.iter_mut().zip([length].iter().chain(&check).chain(key)) {
        *to = *from;
    }
    let once = cbc::encrypt_blocks(kek, iv, &block)?;
    // The second goes on from the first's last block.
    let twice = cbc::encrypt_blocks(kek, once.last_chunk()?, &once)?;
    Some(twice.to_vec())
}

/// Unwraps what [`wrap`] wrapped (section 2.3.2). `None`: another key did, it was changed, or a length is wrong; which, nobody
/// is to learn. One time in some 2^24 another key gives something: what is under that is authentic, or it is not.
pub(crate) fn unwrap(kek: &[u8], iv: &[u8; BLOCK], wrapped: &[u8]) -> Option<SecretVec> {
    unwrap_by(Cipher::aes(kek.len())?, kek, iv, wrapped)
}

/// The same with triple DES.
pub(crate) fn unwrap_triple_des(kek: &[u8], iv: &[u8; 8], wrapped: &[u8]) -> Option<SecretVec> {
    unwrap_by(Cipher::TripleDes, kek, iv, wrapped)
}

fn unwrap_by(cipher: Cipher, kek: &[u8], iv: &[u8], wrapped: &[u8]) -> Option<SecretVec> {
    let block = cipher.block_len();
    if !(2 * block..=LONGEST).contains(&wrapped.len()) || !wrapped.len().is_multiple_of(block) {
        return None;
    }
    // The last block of the first encryption was the IV of the second. It is found first, from the last two.
    let (_, last_two) = wrapped.split_at_checked(wrapped.len().checked_sub(2 * block)?)?;
    let (before_last, last) = last_two.split_at_checked(block)?;
    let outer_iv = cbc::decrypt_blocks(cipher, kek, before_last, last)?;
    let once = cbc::decrypt_blocks(cipher, kek, &outer_iv, wrapped)?;
    let plain = cbc::decrypt_blocks(cipher, kek, iv, &once)?;
    key_of(plain)
}

/// The key in what came out. The length is of whoever made it: it is checked against the bytes that there are, before
/// anything is taken by it (CVE-2025-9230), and all checks are one.
fn key_of(mut plain: SecretVec) -> Option<SecretVec> {
    let (head, rest) = plain.split_first_chunk::<HEAD>()?;
    let [length, check @ ..] = *head;
    let room = u8::try_from(rest.len()).unwrap_or(u8::MAX);
    let mut sound = !length.ct_lt(&3) & !length.ct_gt(&room);
    for (turned, byte) in check.iter().zip(rest) {
        sound &= turned.ct_eq(&!byte);
    }
    if !bool::from(sound) {
        return None;
    }
    plain.copy_within(HEAD.., 0);
    plain.get_mut(length.into()..)?.zeroize();
    plain.truncate(length.into());
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::super::cbc::CbcOpener;
    use super::super::hash::Digest;
    use super::super::pbe::pbkdf2;
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// Section 3, the second example: PBKDF2 with HMAC-SHA-1 (RFC 8018), and triple DES.
    #[test]
    fn the_example_of_rfc_3211_comes_out() {
        let text = b"All n-entities must communicate with other n-entities via n-1 entiteeheehees";
        let kek = pbkdf2(Digest::Sha1, text, &unhex("1234567878563412"), 500, 24);
        assert_eq!(kek[..], unhex("6a8970bf68c92caea84a8df28510858607126380cc47ab2d"));
        let iv = unhex("baf1ca7931213c4e").try_into().unwrap();
        let wrapped =
            unhex("c03c514abdb9e2c5aac038572b5e24553876b377aafb82eca5a9d73f8ab143d9ec74e6cad7db260c");
        let key = unhex("8c637d887223a2f965b566eb014b0fa5d52300a3f7ea40fffc577203c71baf3b");
        assert_eq!(unwrap_triple_des(&kek, &iv, &wrapped).unwrap()[..], key);
    }

    /// By `openssl cms -encrypt -pwri_password secret` (3.0): salt, IV and wrapped key, IV and content.
    const OPENSSL: [[&str; 5]; 3] = [
        [
            "292ffa2f0786025a",
            "a5551973e1f3a83249945db8dc199934",
            "00303f475cdd6c46b495d180214ec5831706ad3c9ae3fb343996a8d0200d4ffe",
            "ad11c918bb139d7b7238a5091840a203",
            "920b9d6275768a94e6af41b2e74dcb184f188c413a5ae24a88e73476e5c5f25f",
        ],
        [
            "ea78e38e922815ec",
            "0195935a3207ba2f54f35835156c455c",
            "4c8166fc9e159ba3ff2f9db51ae130fd05562b7ca62ca976b3d75b63b13e013c",
            "45b6a566b7841bf070ad6f754e341806",
            "3e00dc49634d2683b615b554226e4753580efa96141fe5dfd3763ee4d97f091b",
        ],
        [
            "fb3a5451d6c9a7cb",
            "4b2bb9993b94248c726d08046379414f",
            "e4fadff2a50252a93f9f5d5848191655c52d59b1cbf40d84ad17ab5eb6e27c05d2cf4e974e8969132f79e55ed8b88420",
            "ffe4aea8b61cf97880aba45d2444f624",
            "60702b47e18fbcebdd54e1b55393a65f4fd770579517e53148d8061632583cfb",
        ],
    ];

    #[test]
    fn what_openssl_encrypted_with_a_password_opens() {
        for (vector, length) in OPENSSL.into_iter().zip([16, 24, 32]) {
            let [salt, iv, wrapped, content_iv, content] = vector.map(unhex);
            let kek = pbkdf2(Digest::Sha1, b"secret", &salt, 2048, length);
            let key = unwrap(&kek, iv[..].try_into().unwrap(), &wrapped).unwrap();
            let mut opener = CbcOpener::new(Cipher::aes(length).unwrap(), &key, &content_iv).unwrap();
            let mut opened = Vec::new();
            opener.update(&content, &mut opened);
            opener.finish(&mut opened).unwrap();
            assert_eq!(opened, b"Content of this message.", "{length}");
        }
    }

    #[test]
    fn each_length_of_key_comes_back_under_each_length_of_key() {
        for kek in [16, 24, 32] {
            for length in [3, 5, 16, 24, 28, 29, 32, 44, 45, 255] {
                let key: Vec<u8> = (0..length).collect();
                let [one, two] = [(); 2].map(|()| wrap(&vec![1; kek], &[2; 16], &key).unwrap());
                assert!(one.len() >= 32 && one.len() < usize::from(length) + 36 && one.len() % 16 == 0);
                assert_eq!(unwrap(&vec![1; kek], &[2; 16], &one).unwrap()[..], key);
                assert_eq!(unwrap(&vec![1; kek], &[2; 16], &two).unwrap()[..], key);
                let full = (usize::from(length) + 4).is_multiple_of(16) && length > 16;
                assert_eq!(one == two, full, "{length}: what fills it up is chance");
            }
        }
    }

    #[test]
    fn what_is_changed_cut_or_under_another_key_does_not_come_out() {
        let wrapped = wrap(&[1; 32], &[2; 16], &[3; 44]).unwrap();
        assert_eq!(wrapped.len(), 48);
        for at in 0..48 {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            // A change in the last blocks may leave the head as it was: the check is of three bytes.
            let opened = unwrap(&[1; 32], &[2; 16], &changed);
            assert!(opened.is_none_or(|key| key[..] != [3; 44]), "byte {at}");
            assert!(unwrap(&[1; 32], &[2; 16], &wrapped[..at]).is_none(), "{at} bytes");
        }
        assert!(unwrap(&[4; 32], &[2; 16], &wrapped).is_none());
        // All bits of the head turned alike would pass: it says little that it is this IV.
        let other = std::array::from_fn(|at| at as u8);
        assert!(unwrap(&[1; 32], &other, &wrapped).is_none());
        assert!(unwrap(&[1; 32], &[2; 16], &[0; 528]).is_none());
        for length in [0, 8, 15, 17, 31, 33] {
            assert!(unwrap(&vec![1; length], &[2; 16], &wrapped).is_none(), "a key of {length} bytes");
            assert!(wrap(&vec![1; length], &[2; 16], &[3; 32]).is_none(), "a key of {length} bytes");
        }
        for length in [0, 1, 2, 256, 1000] {
            assert!(wrap(&[1; 16], &[2; 16], &vec![3; length]).is_none(), "{length} bytes");
        }
        for length in [0, 8, 16, 24, 520] {
            assert!(unwrap_triple_des(&[1; 24], &[2; 8], &vec![0; length]).is_none(), "{length} bytes");
        }
        assert!(unwrap_triple_des(&[1; 16], &[2; 8], &[0; 40]).is_none());
    }

    /// Every byte of length before every number of bytes: nothing beyond them is looked at (CVE-2025-9230).
    #[test]
    fn no_length_reaches_beyond_what_there_is() {
        for room in [12, 28, 44, 252, 268, 508] {
            for length in 0..=255u8 {
                let mut plain = SecretVec::new(vec![7; HEAD + room]);
                plain[..HEAD].copy_from_slice(&[length, !7, !7, !7]);
                let key = key_of(plain.clone());
                let expected = (3..=room).contains(&length.into()).then(|| vec![7; length.into()]);
                assert_eq!(key.map(|key| key.to_vec()), expected, "{length} of {room}");
                for at in 1..HEAD {
                    let mut wrong = plain.clone();
                    wrong[at] ^= 0x10;
                    assert!(key_of(wrong).is_none(), "{length} of {room}");
                }
            }
        }
        for length in 0..HEAD {
            assert!(key_of(SecretVec::new(vec![0; length])).is_none());
        }
    }
}
