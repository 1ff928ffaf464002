//! RSA signatures verified by AWS-LC, which is several times as fast; what it does not know is left to the crate `rsa`.
use aws_lc_rs::digest::Digest as Hashed;
pub(super) use aws_lc_rs::signature::RsaParameters;
use aws_lc_rs::signature::{self, RsaPublicKeyComponents};

use super::hash::Digest;

/// Bits of keys that its algorithms take.
const BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// PKCS #1 v1.5 with this hash (RFC 8017 section 8.2).
pub(super) fn pkcs1(hash: Digest) -> Option<&'static RsaParameters> {
    match hash {
        Digest::Sha1 => Some(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Digest::Sha224 => None,
        Digest::Sha256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Digest::Sha384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Digest::Sha512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
    }
}

/// PSS with this hash throughout, and a salt that is as long (RFC 8017 section 8.1).
pub(super) fn pss(hash: Digest, salt: u16) -> Option<&'static RsaParameters> {
    match (hash, salt) {
        (Digest::Sha256, 32) => Some(&signature::RSA_PSS_2048_8192_SHA256),
        (Digest::Sha384, 48) => Some(&signature::RSA_PSS_2048_8192_SHA384),
        (Digest::Sha512, 64) => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

/// Whether the key of this modulus and exponent, of so many bits, made a signature; `None` if it is not for this engine to say.
pub(super) fn holds(
    [n, e]: [&[u8]; 2],
    bits: u32,
    algorithm: &'static RsaParameters,
    hashed: &Hashed,
    signature: &[u8],
) -> Option<bool> {
    if !BITS.contains(&bits) {
        return None;
    }
    let key = RsaPublicKeyComponents { n, e }.to_parsed_public_key(algorithm).ok()?;
    Some(key.verify_digest_sig(hashed, signature).is_ok())
}
