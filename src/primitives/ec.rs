//! The NIST curves: ECDSA (FIPS 186-5 section 6) with the curve's own hash or with one that is named, and key agreement.
use p256::elliptic_curve::Generate;
use signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use zeroize::Zeroizing;

use super::hash::{Digest, digest};
use super::random::Source;
use crate::secret::SecretVec;

/// The curves' crates have the same names for their own types, so one text is written once and compiled for each.
macro_rules! curves {
    ($($(#[$doc:meta])* $curve:ident = $of:ident, $hash:ident;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $curve;

        impl $curve {
            /// A new secret: a scalar, big-endian, as long as the order.
            pub(crate) fn generate() -> SecretVec {
                // Not the crate's `SecretKey`: what that draws may be 0.
                let key = $of::ecdsa::SigningKey::generate_from_rng(&mut Source);
                SecretVec::new(Zeroizing::new(key.to_bytes()).to_vec())
            }

            /// The public key of a secret: an uncompressed point (SEC 1 section 2.3.3).
            pub(crate) fn public(secret: &[u8]) -> Option<Vec<u8>> {
                Some(Self::signing_key(secret)?.verifying_key().to_sec1_point(false).as_bytes().to_vec())
            }

            /// A public key, compressed or not, as an uncompressed point.
            pub(crate) fn check_public(bytes: &[u8]) -> Option<Vec<u8>> {
                Some(Self::verifying_key(bytes)?.to_sec1_point(false).as_bytes().to_vec())
            }

            /// A signature in DER (RFC 3279 section 2.2.3), with the curve's hash.
            pub(crate) fn sign(secret: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
                Self::sign_with(Digest::$hash, secret, message)
            }

            /// A signature with any hash. Its nonce follows RFC 6979 section 3.6: from the key, the message and fresh
            /// randomness, so that neither a weak source nor a repeated fault gives the key away.
            pub(crate) fn sign_with(hash: Digest, secret: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
                let key = Self::signing_key(secret)?;
                let made: Option<$of::ecdsa::Signature> =
                    key.sign_prehash_with_rng(&mut Source, &digest(hash, message)).ok();
                Some(made?.to_der().as_bytes().to_vec())
            }

            /// `None` if it does not verify with the curve's hash.
            pub(crate) fn verify(public: &[u8], message: &[&[u8]], signature: &[u8]) -> Option<()> {
                Self::verify_with(Digest::$hash, public, message, signature)
            }

            /// `None` if it does not verify. Of a hash that is longer than the order its first bits count, and one that
            /// is shorter is a number as it is (FIPS 186-5 section 6.4.2).
            ///
            /// Either of s and n - s will do: RFC 5480 and the peers have no low-s rule.
            pub(crate) fn verify_with(
                hash: Digest,
                public: &[u8],
                message: &[&[u8]],
                signature: &[u8],
            ) -> Option<()> {
                let signature = $of::ecdsa::Signature::from_der(signature).ok()?;
                Self::verifying_key(public)?.verify_prehash(&digest(hash, message), &signature).ok()
            }

            /// The x coordinate of the common point (SP 800-56A section 5.7.1.2), as long as the field's numbers.
            pub(crate) fn agree(secret: &[u8], peer: &[u8]) -> Option<SecretVec> {
                let (key, peer) = (Self::signing_key(secret)?, Self::verifying_key(peer)?);
                let shared = $of::ecdh::diffie_hellman(key.as_nonzero_scalar(), peer.as_affine());
                Some(SecretVec::new(shared.raw_secret_bytes().to_vec()))
            }

            fn signing_key(secret: &[u8]) -> Option<$of::ecdsa::SigningKey> {
                // The crate's `from_slice` would pad a shorter one. 0 and what is not below the order it refuses.
                let scalar: &$of::FieldBytes = secret.try_into().ok()?;
                $of::ecdsa::SigningKey::from_bytes(scalar).ok()
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
fn is_point(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(2..=4))
}
