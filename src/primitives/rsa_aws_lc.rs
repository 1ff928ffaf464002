//! RSA signatures verified by AWS-LC, which is several times as fast; what it does not know is left to the crate `rsa`.
use aws_lc_rs::signature::{self, RsaParameters, RsaPublicKeyComponents};

use super::ec_aws_lc::hashed;
use super::hash::Digest;
use super::rsa::{Public, Refused};

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

/// `None` if it is not for this engine to say.
pub(super) fn verify(
    key: &Public,
    algorithm: &'static RsaParameters,
    hash: Digest,
    message: &[&[u8]],
    signature: &[u8],
) -> Option<Result<(), Refused>> {
    if !BITS.contains(&key.bits()) {
        return None;
    }
    let [n, e] = key.numbers();
    let parsed = RsaPublicKeyComponents { n, e }.to_parsed_public_key(algorithm).ok()?;
    Some(parsed.verify_digest_sig(&hashed(hash, message)?, signature).map_err(|_| Refused))
}
