//! X25519 (RFC 7748), and the map from Ed25519 keys to it that age uses for SSH keys.
use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretVec};

/// What [`Scheme`](super::scheme::Scheme) asks of X25519, for keys of any length.
pub(crate) struct X25519;

impl X25519 {
    /// The public key of a 32-byte secret.
    pub(crate) fn public(secret: &[u8]) -> Option<Vec<u8>> {
        Some(public(secret.try_into().ok()?).to_vec())
    }

    /// A public key: 32 bytes that are not of low order. They stay as they are, reduced or not (RFC 7748 section 5).
    pub(crate) fn check_public(bytes: &[u8]) -> Option<Vec<u8>> {
        (!is_low_order(bytes.try_into().ok()?)).then(|| bytes.to_vec())
    }

    pub(crate) fn agree(secret: &[u8], peer: &[u8]) -> Option<SecretVec> {
        let shared = shared(secret.try_into().ok()?, peer.try_into().ok()?)?;
        Some(SecretVec::new(shared.expose().to_vec()))
    }
}

/// The public key of a secret.
pub(crate) fn public(secret: &[u8; 32]) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret)).to_bytes()
}

/// The shared secret; `None` if it is all zeros, which a point of low order brings about (RFC 7748 section 6.1).
pub(crate) fn shared(secret: &[u8; 32], public: &[u8; 32]) -> Option<Secret<32>> {
    let shared = StaticSecret::from(*secret).diffie_hellman(&PublicKey::from(*public));
    shared.was_contributory().then(|| Secret::filled_by(|bytes| bytes.copy_from_slice(shared.as_bytes())))
}

/// Whether a public share is of low order: then every secret, this one too, agrees on zeros.
pub(crate) fn is_low_order(public: &[u8; 32]) -> bool {
    shared(&[1; 32], public).is_none()
}

/// The X25519 key of an Ed25519 public key: the Montgomery u of the same point (RFC 7748 section 4.1).
pub(crate) fn public_from_ed25519(public: &[u8; 32]) -> Option<[u8; 32]> {
    let point = CompressedEdwardsY(*public).decompress()?;
    (!point.is_small_order()).then(|| point.to_montgomery().to_bytes())
}

/// The X25519 secret of an Ed25519 seed: the first half of its SHA-512 (RFC 8032 section 5.1.5).
pub(crate) fn secret_from_ed25519(seed: &[u8; 32]) -> Secret<32> {
    let hash: Zeroizing<[u8; 64]> = Zeroizing::new(Sha512::digest(seed).into());
    Secret::filled_by(|secret| secret.copy_from_slice(hash.split_at(32).0))
}
