//! Keys derived of what two sides share: those that wrap a content key, and the cipher's own (RFC 9709).
use crate::error::{Error, Result};
use crate::formats::cms::algorithm::ContentEncryption;
use crate::formats::cms::key_algorithm::{Kdf, KeyAgreement, KeyWrap, kem_info, shared_info};
use crate::formats::cms::password_algorithm::Pbkdf2;
use crate::keys::Digest;
use crate::primitives::{hash, kdf, key_wrap, pbe};
use crate::secret::SecretVec;

/// The salt of RFC 9709 section 2.
const CEK_SALT: &[u8] = b"The Cryptographic Message Syntax";

/// Of a secret agreed on by ECDH (RFC 5753 section 7.2) or X25519 (RFC 8418 section 2).
pub(super) fn of_agreement(how: KeyAgreement, shared: &[u8], ukm: Option<&[u8]>) -> Result<SecretVec> {
    let (info, length) = (shared_info(how.wrap, ukm), how.wrap.key_len());
    match how.kdf {
        Kdf::X963(digest) => kdf::x963(digest, shared, &info, length),
        // RFC 8418 section 2.2: user keying material is the salt, too.
        Kdf::Hkdf(digest) => kdf::hkdf(digest, shared, ukm.unwrap_or_default(), &info, length),
    }
    .ok_or_else(Error::unauthentic)
}

/// Of the secret in an encapsulation (RFC 9629 section 5, RFC 9936 section 2.2.1).
pub(super) fn of_encapsulation(
    digest: Digest,
    shared: &[u8],
    wrap: KeyWrap,
    ukm: Option<&[u8]>,
) -> Result<SecretVec> {
    let info = kem_info(wrap, ukm);
    kdf::hkdf(digest, shared, &[], &info, wrap.key_len()).ok_or_else(Error::unauthentic)
}

/// Of a passphrase (RFC 8018 section 5.2). The caller has looked at the count of iterations.
pub(super) fn of_passphrase(passphrase: &[u8], how: &Pbkdf2<'_>, length: usize) -> SecretVec {
    pbe::pbkdf2(how.prf, passphrase, how.salt, how.iterations, length)
}

/// How many iterations PBKDF2 makes for a key of so many bytes: it begins anew for each block of the hash.
pub(super) fn iterations(how: &Pbkdf2<'_>, length: usize) -> u32 {
    let blocks = u32::try_from(length.div_ceil(pbe::output_len(how.prf))).unwrap_or(u32::MAX);
    how.iterations.saturating_mul(blocks)
}

/// Opens what was wrapped. Everything that fails is one error.
pub(super) fn unwrap(wrap: KeyWrap, kek: &[u8], wrapped: &[u8]) -> Result<SecretVec> {
    let key = match wrap {
        KeyWrap::Aes(aes) if aes.key_len() == kek.len() => key_wrap::unwrap(kek, wrapped),
        KeyWrap::Aes(_) => None,
        KeyWrap::TripleDes => key_wrap::unwrap_triple_des(kek, wrapped),
    };
    key.ok_or_else(Error::unauthentic)
}

/// The cipher's key: the content key, or derived of it and of the cipher's identifier (RFC 9709 section 2).
///
/// So a message of GCM that somebody relabels as CBC, to have it decrypted without its tag, comes out as noise.
pub(super) fn of_content(encryption: &ContentEncryption, content_key: SecretVec) -> Result<SecretVec> {
    let Some(identifier) = &encryption.bound else { return Ok(content_key) };
    kdf::hkdf(Digest::Sha256, &content_key, CEK_SALT, identifier, content_key.len())
        .ok_or_else(Error::unauthentic)
}

/// The name that some give to a key whose certificate gives none: the SHA-1 of its bits (RFC 5280 section 4.2.1.2).
pub(super) fn made_up_id(bits: &[u8]) -> Vec<u8> {
    hash::digest(Digest::Sha1, &[bits])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9709 appendix A.1.
    #[test]
    fn a_key_bound_to_its_cipher_is_that_of_the_rfc() {
        let identifier = b"\x30\x1b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06\x30\x0e\x04\x0c\x5c\x79\x05\x8b\xa2\xf4\x34\x47\x63\x9d\x29\xe2";
        let key = 0xc702_e7d0_a9e0_64b0_9ba5_5245_fb73_3cf3_u128.to_be_bytes();
        let right = 0x2124_ffb2_9fac_4e0f_bbc7_d5d8_7492_bff3_u128.to_be_bytes();
        let plain = ContentEncryption::read(identifier).unwrap();
        let bound = ContentEncryption::new(plain.cipher, true);
        let of = |encryption: &ContentEncryption| {
            of_content(encryption, SecretVec::new(key.to_vec())).unwrap().to_vec()
        };
        assert_eq!((of(&plain), of(&bound)), (key.to_vec(), right.to_vec()));
        let mut other = bound.clone();
        other.bound.as_mut().unwrap()[5] ^= 1;
        assert_ne!(of(&other), right);
    }
}
