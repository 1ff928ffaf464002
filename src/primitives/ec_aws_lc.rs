//! The NIST curves by AWS-LC, whose assembler for P-256 is some four times as fast; what it does not do goes to `ec`.
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, UnparsedPublicKey as Peer};
use aws_lc_rs::digest::{Digest as Hashed, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};

use super::ec::{self, Curve, is_point};
use super::hash::{Digest, digest};
use crate::secret::SecretVec;

/// A curve with what AWS-LC signs (with the curve's own hash) and verifies on it.
macro_rules! curves {
    ($($(#[$doc:meta])* $curve:ident = $ecdh:ident, signs $signs:expr, verifies $verifies:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $curve(Key);

        impl Curve for $curve {
            const HASH: Digest = ec::$curve::HASH;

            fn generate() -> SecretVec {
                generate(&$signs).unwrap_or_else(ec::$curve::generate)
            }

            fn new(secret: &[u8]) -> Option<Self> {
                Key::new(&$ecdh, &$signs, secret).map($curve)
            }

            fn public(secret: &[u8]) -> Option<Vec<u8>> {
                Some(private_key(&$ecdh, secret)?.compute_public_key().ok()?.as_ref().to_vec())
            }

            fn check_public(bytes: &[u8]) -> Option<Vec<u8>> {
                ec::$curve::check_public(bytes)
            }

            fn sign(&self, hash: Digest, message: &[&[u8]]) -> Option<Vec<u8>> {
                match self.0.sign(hash, message) {
                    Some(signature) => Some(signature),
                    None => ec::$curve::new(&self.0.secret)?.sign(hash, message),
                }
            }

            fn verify_with(hash: Digest, public: &[u8], message: &[&[u8]], signature: &[u8]) -> Option<()> {
                match $verifies.iter().find(|(own, _)| *own == hash) {
                    Some((_, algorithm)) => verify(algorithm, public, &hashed(hash, message)?, signature),
                    None => ec::$curve::verify_with(hash, public, message, signature),
                }
            }

            fn agree(&self, peer: &[u8]) -> Option<SecretVec> {
                agree(&self.0.ecdh, peer)
            }

            fn agree_once(peer: &[u8]) -> Option<(Vec<u8>, SecretVec)> {
                let once = agreement::PrivateKey::generate(&$ecdh).ok()?;
                Some((once.compute_public_key().ok()?.as_ref().to_vec(), agree(&once, peer)?))
            }
        }
    )+};
}

curves! {
    /// P-256 with SHA-256.
    P256 = ECDH_P256,
        signs (Digest::Sha256, &signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        verifies [
            (Digest::Sha1, &signature::ECDSA_P256_SHA1_ASN1),
            (Digest::Sha256, &signature::ECDSA_P256_SHA256_ASN1),
            (Digest::Sha384, &signature::ECDSA_P256_SHA384_ASN1),
            (Digest::Sha512, &signature::ECDSA_P256_SHA512_ASN1),
        ];
    /// P-384 with SHA-384.
    P384 = ECDH_P384,
        signs (Digest::Sha384, &signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        verifies [
            (Digest::Sha256, &signature::ECDSA_P384_SHA256_ASN1),
            (Digest::Sha384, &signature::ECDSA_P384_SHA384_ASN1),
            (Digest::Sha512, &signature::ECDSA_P384_SHA512_ASN1),
        ];
    /// P-521 with SHA-512.
    P521 = ECDH_P521,
        signs (Digest::Sha512, &signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        verifies [
            (Digest::Sha1, &signature::ECDSA_P521_SHA1_ASN1),
            (Digest::Sha224, &signature::ECDSA_P521_SHA224_ASN1),
            (Digest::Sha256, &signature::ECDSA_P521_SHA256_ASN1),
            (Digest::Sha384, &signature::ECDSA_P521_SHA384_ASN1),
            (Digest::Sha512, &signature::ECDSA_P521_SHA512_ASN1),
        ];
}

/// A secret as AWS-LC takes it, for either use.
struct Key {
    secret: SecretVec,
    ecdsa: EcdsaKeyPair,
    /// The hash that goes with `ecdsa`.
    hash: Digest,
    ecdh: agreement::PrivateKey,
}

impl Key {
    fn new(
        ecdh: &'static agreement::Algorithm,
        (hash, ecdsa): &(Digest, &'static EcdsaSigningAlgorithm),
        secret: &[u8],
    ) -> Option<Self> {
        let ecdh = private_key(ecdh, secret)?;
        let public = ecdh.compute_public_key().ok()?;
        let ecdsa = EcdsaKeyPair::from_private_key_and_public_key(ecdsa, secret, public.as_ref()).ok()?;
        Some(Key { secret: SecretVec::new(secret.to_vec()), ecdsa, hash: *hash, ecdh })
    }

    /// `None` for another hash than the key's.
    fn sign(&self, hash: Digest, message: &[&[u8]]) -> Option<Vec<u8>> {
        let hashed = (hash == self.hash).then(|| hashed(hash, message))??;
        Some(self.ecdsa.sign_digest(&hashed).ok()?.as_ref().to_vec())
    }
}

fn private_key(ecdh: &'static agreement::Algorithm, secret: &[u8]) -> Option<agreement::PrivateKey> {
    // The library would take 0.
    let is_zero = secret.iter().fold(0, |all, byte| all | byte) == 0;
    (!is_zero).then(|| agreement::PrivateKey::from_private_key(ecdh, secret).ok())?
}

fn generate((_, algorithm): &(Digest, &'static EcdsaSigningAlgorithm)) -> Option<SecretVec> {
    let key = EcdsaKeyPair::generate(algorithm).ok()?;
    Some(SecretVec::new(key.private_key().as_be_bytes().ok()?.as_ref().to_vec()))
}

/// Hashed by our own means, since the message comes in parts.
pub(super) fn hashed(hash: Digest, message: &[&[u8]]) -> Option<Hashed> {
    let algorithm = match hash {
        Digest::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha224 => &SHA224,
        Digest::Sha256 => &SHA256,
        Digest::Sha384 => &SHA384,
        Digest::Sha512 => &SHA512,
    };
    Hashed::import_less_safe(&digest(hash, message), algorithm).ok()
}

fn verify(
    algorithm: &'static EcdsaVerificationAlgorithm,
    public: &[u8],
    hashed: &Hashed,
    signature: &[u8],
) -> Option<()> {
    // The library would take hybrid points and SubjectPublicKeyInfo, too.
    is_point(public)
        .then(|| UnparsedPublicKey::new(algorithm, public).verify_digest(hashed, signature).ok())?
}

fn agree(key: &agreement::PrivateKey, peer: &[u8]) -> Option<SecretVec> {
    let shared = |x: &[u8]| Ok(SecretVec::new(x.to_vec()));
    is_point(peer).then(|| agreement::agree(key, Peer::new(key.algorithm(), peer), (), shared).ok())?
}
