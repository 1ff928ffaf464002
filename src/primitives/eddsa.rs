//! Ed25519 (RFC 8032 section 5.1): pure, without a context.
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use signature::{MultipartSigner, MultipartVerifier};

/// A secret, ready for use; the crate wipes it on drop.
pub(crate) struct Secret(SigningKey);

impl Secret {
    /// From a 32-byte seed.
    pub(crate) fn new(seed: &[u8]) -> Option<Self> {
        Some(Secret(SigningKey::from_bytes(seed.try_into().ok()?)))
    }

    /// A signature. Nothing in it is random (RFC 8032 section 5.1.6); the message is read twice.
    pub(crate) fn sign(&self, message: &[&[u8]]) -> Option<Vec<u8>> {
        Some(self.0.try_multipart_sign(message).ok()?.to_bytes().to_vec())
    }
}

/// The public key of a 32-byte seed.
pub(crate) fn public(seed: &[u8]) -> Option<Vec<u8>> {
    Some(Secret::new(seed)?.0.verifying_key().to_bytes().to_vec())
}

/// A public key: a point, in its one encoding (RFC 8032 section 5.1.3), not of small order.
pub(crate) fn check_public(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(verifying_key(bytes)?.to_bytes().to_vec())
}

/// `None` if it does not verify.
///
/// These are the checks of the crate's `verify_strict`, which takes no message in parts: beside what RFC 8032
/// section 5.1.7 asks for (with no cofactor, and s below the order), neither the key nor R is of small order.
pub(crate) fn verify(public: &[u8], message: &[&[u8]], signature: &[u8]) -> Option<()> {
    let signature = Signature::from_slice(signature).ok()?;
    let r = CompressedEdwardsY(*signature.r_bytes()).decompress()?;
    if r.is_small_order() {
        return None;
    }
    verifying_key(public)?.multipart_verify(message, &signature).ok()
}

fn verifying_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let key = VerifyingKey::try_from(bytes).ok()?;
    // The crate takes a y that is not reduced; the key would then have a second encoding.
    (key.to_edwards().compress().as_bytes() == bytes && !key.is_weak()).then_some(key)
}
