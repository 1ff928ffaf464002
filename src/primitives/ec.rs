//! The NIST curves: ECDSA (FIPS 186-5 section 6) with the curve's own hash or with one that is named, and key agreement.
//! This is the engine in Rust alone; `ec_aws_lc` is a faster one.
use p256::elliptic_curve::Generate;
use signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use zeroize::Zeroizing;

use super::hash::{Digest, digest};
use super::random::Source;
use crate::secret::SecretVec;

/// A secret of a curve, ready for use, and what the curve is for besides; whoever computes it. Secrets are scalars,
/// big-endian, as long as the order.
pub(crate) trait Curve: Sized {
    /// The curve's own hash.
    const HASH: Digest;

    /// A new secret.
    fn generate() -> SecretVec;

    /// `None` if it is none: of another length, 0, or not below the order.
    fn new(secret: &[u8]) -> Option<Self>;

    /// The public key of a secret: an uncompressed point (SEC 1 section 2.3.3).
    fn public(secret: &[u8]) -> Option<Vec<u8>>;

    /// A public key, compressed or not, as an uncompressed point.
    fn check_public(bytes: &[u8]) -> Option<Vec<u8>>;

    /// A signature in DER (RFC 3279 section 2.2.3). Its nonce comes from the key, the message and fresh randomness together
    /// (as in RFC 6979 section 3.6), so that neither a weak source nor a repeated fault gives the key away.
    fn sign(&self, hash: Digest, message: &[&[u8]]) -> Option<Vec<u8>>;

    /// `None` if it does not verify. Of a hash that is longer than the order its first bits count, and one that is shorter
    /// is a number as it is (FIPS 186-5 section 6.4.2).
    ///
    /// Either of s and n - s will do: RFC 5480 and the peers have no low-s rule.
    fn verify_with(hash: Digest, public: &[u8], message: &[&[u8]], signature: &[u8]) -> Option<()>;

    /// The x coordinate of the common point (SP 800-56A section 5.7.1.2), as long as the field's numbers.
    fn agree(&self, peer: &[u8]) -> Option<SecretVec>;

    /// A public key made for this once, and what it has in common with a peer's.
    fn agree_once(peer: &[u8]) -> Option<(Vec<u8>, SecretVec)>;

    /// `None` if it does not verify with the curve's hash.
    fn verify(public: &[u8], message: &[&[u8]], signature: &[u8]) -> Option<()> {
        Self::verify_with(Self::HASH, public, message, signature)
    }
}

/// The curves' crates have the same names for their own types, so one text is written once and compiled for each.
macro_rules! curves {
    ($($(#[$doc:meta])* $curve:ident = $of:ident, $hash:ident;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $curve($of::ecdsa::SigningKey);

        impl Curve for $curve {
            const HASH: Digest = Digest::$hash;

            fn generate() -> SecretVec {
                // Not the crate's `SecretKey`: what that draws may be 0.
                let key = $of::ecdsa::SigningKey::generate_from_rng(&mut Source);
                SecretVec::new(Zeroizing::new(key.to_bytes()).to_vec())
            }

            fn new(secret: &[u8]) -> Option<Self> {
                // The crate's `from_slice` would pad a shorter one. 0 and what is not below the order it refuses.
                let scalar: &$of::FieldBytes = secret.try_into().ok()?;
                $of::ecdsa::SigningKey::from_bytes(scalar).ok().map($curve)
            }

            fn public(secret: &[u8]) -> Option<Vec<u8>> {
                Some(Self::new(secret)?.point())
            }

            fn check_public(bytes: &[u8]) -> Option<Vec<u8>> {
                Some(Self::verifying_key(bytes)?.to_sec1_point(false).as_bytes().to_vec())
            }

            fn sign(&self, hash: Digest, message: &[&[u8]]) -> Option<Vec<u8>> {
                let made: Option<$of::ecdsa::Signature> =
                    self.0.sign_prehash_with_rng(&mut Source, &digest(hash, message)).ok();
                Some(made?.to_der().as_bytes().to_vec())
            }

            fn verify_with(
                hash: Digest,
                public: &[u8],
                message: &[&[u8]],
                signature: &[u8],
            ) -> Option<()> {
                let signature = $of::ecdsa::Signature::from_der(signature).ok()?;
                Self::verifying_key(public)?.verify_prehash(&digest(hash, message), &signature).ok()
            }

            fn agree(&self, peer: &[u8]) -> Option<SecretVec> {
                let peer = Self::verifying_key(peer)?;
                let shared = $of::ecdh::diffie_hellman(self.0.as_nonzero_scalar(), peer.as_affine());
                Some(SecretVec::new(shared.raw_secret_bytes().to_vec()))
            }

            fn agree_once(peer: &[u8]) -> Option<(Vec<u8>, SecretVec)> {
                let once = $curve($of::ecdsa::SigningKey::generate_from_rng(&mut Source));
                Some((once.point(), once.agree(peer)?))
            }
        }

        impl $curve {
            fn point(&self) -> Vec<u8> {
                self.0.verifying_key().to_sec1_point(false).as_bytes().to_vec()
            }

            fn verifying_key(bytes: &[u8]) -> Option<$of::ecdsa::VerifyingKey> {
                is_point(bytes).then(|| $of::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok())?
            }
        }
    )+};
}

curves! {
    /// P-256 with SHA-256.
    P256 = p256, Sha256;
    /// P-384 with SHA-384.
    P384 = p384, Sha384;
    /// P-521 with SHA-512.
    P521 = p521, Sha512;
}

/// Compressed (RFC 5480 section 2.2 allows it) or uncompressed: not the identity (0), not compact (5), not hybrid (6, 7).
pub(super) fn is_point(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(2..=4))
}
