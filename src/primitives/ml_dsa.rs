//! ML-DSA (FIPS 204): pure, hedged, with an empty context; from seeds, and from the expanded keys of RFC 9881.
use ml_dsa::common::typenum::Unsigned;
use ml_dsa::{
    EncodedVerifyingKey, ExpandedSigningKey, ExpandedSigningKeyBytes, Keypair, MlDsaParams, Signature,
    SigningKey, VerifyingKey,
};
use signature::{MultipartVerifier, RandomizedMultipartSigner};
use zeroize::Zeroizing;

use super::random::Source;
use crate::secret::SecretVec;

/// What an expanded key signs to prove itself; the signature is thrown away.
const PROBE: &[&[u8]] = &[b"bulla: does this key fit together?"];

/// The public key of a 32-byte seed.
pub(crate) fn public<P: MlDsaParams>(seed: &[u8]) -> Option<Vec<u8>> {
    let key = SigningKey::<P>::from_seed(seed.try_into().ok()?);
    Some(key.verifying_key().encode().to_vec())
}

/// A public key: any bytes of the right length are one (FIPS 204 section 3.6.2).
pub(crate) fn check_public<P: MlDsaParams>(bytes: &[u8]) -> Option<Vec<u8>> {
    let encoded: &EncodedVerifyingKey<P> = bytes.try_into().ok()?;
    Some(encoded.to_vec())
}

/// A signature with the key of a seed, hedged (FIPS 204 section 3.4).
pub(crate) fn sign<P: MlDsaParams>(seed: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
    let key = ExpandedSigningKey::<P>::from_seed(seed.try_into().ok()?);
    Some(key.try_multipart_sign_with_rng(&mut Source, message).ok()?.encode().to_vec())
}

/// `None` if it does not verify.
pub(crate) fn verify<P: MlDsaParams>(public: &[u8], message: &[&[u8]], signature: &[u8]) -> Option<()> {
    let encoded: &EncodedVerifyingKey<P> = public.try_into().ok()?;
    let signature = Signature::<P>::try_from(signature).ok()?;
    VerifyingKey::<P>::decode(encoded).multipart_verify(message, &signature).ok()
}

/// The expanded key of a seed (FIPS 204 algorithm 24).
pub(crate) fn expand<P: MlDsaParams>(seed: &[u8]) -> Option<SecretVec> {
    let key = ExpandedSigningKey::<P>::from_seed(seed.try_into().ok()?);
    #[expect(deprecated, reason = "RFC 9881 has this encoding")]
    let encoded = Zeroizing::new(key.to_expanded());
    Some(SecretVec::new(encoded.to_vec()))
}

/// The public key of an expanded key. `None` if it is none, or its signatures do not verify under that public key.
///
/// The latter shows a wrong `tr`, and a `t0` that is wrong by much. The crate has no way to compare `t0` itself; where
/// that is wrong by a little, most signatures are right, and [`sign_expanded`] gives out no other.
pub(crate) fn public_from_expanded<P: MlDsaParams>(expanded: &[u8]) -> Option<Vec<u8>> {
    let key = expanded_key::<P>(expanded)?;
    let public = key.verifying_key();
    sign_verified(&key, &public, PROBE)?;
    Some(public.encode().to_vec())
}

/// A signature with an expanded key, hedged, and verified before it is given out.
pub(crate) fn sign_expanded<P: MlDsaParams>(expanded: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
    let key = expanded_key::<P>(expanded)?;
    Some(sign_verified(&key, &key.verifying_key(), message)?.encode().to_vec())
}

fn sign_verified<P: MlDsaParams>(
    key: &ExpandedSigningKey<P>,
    public: &VerifyingKey<P>,
    message: &[&[u8]],
) -> Option<Signature<P>> {
    let signature = key.try_multipart_sign_with_rng(&mut Source, message).ok()?;
    public.multipart_verify(message, &signature).ok()?;
    Some(signature)
}

/// FIPS 204 algorithm 25. The crate panics where `s1` or `s2` is out of range, so that is seen to first.
fn expanded_key<P: MlDsaParams>(expanded: &[u8]) -> Option<ExpandedSigningKey<P>> {
    let encoded: &ExpandedSigningKeyBytes<P> = expanded.try_into().ok()?;
    // After rho, K and tr (32 + 32 + 64 bytes) come s1 and s2: l + k polynomials of 256 coefficients.
    let bits = bits_of_coefficient(P::Eta::U32)?;
    let vectors = (P::L::USIZE + P::K::USIZE) * 32 * bits;
    let in_range = are_small(expanded.get(128..)?.get(..vectors)?, bits, P::Eta::U32);
    #[expect(deprecated, reason = "RFC 9881 has this encoding")]
    in_range.then(|| ExpandedSigningKey::from_expanded(encoded))
}

/// Bits of eta minus a coefficient, which is from 0 to 2 eta. Eta is 2 or 4 (FIPS 204 table 1).
fn bits_of_coefficient(eta: u32) -> Option<usize> {
    match eta {
        2 => Some(3),
        4 => Some(4),
        _ => None,
    }
}

/// Whether all coefficients are from -eta to eta. All are looked at, whichever is out of range.
fn are_small(packed: &[u8], bits: usize, eta: u32) -> bool {
    // As many bytes as a coefficient has bits hold eight of them, the first in the lowest bits (FIPS 204 algorithm 17).
    packed.chunks(bits).fold(true, |small, group| {
        let word = group.iter().rev().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
        (0..8).fold(small, |small, i| small & (((word >> (bits * i)) & ((1 << bits) - 1)) <= 2 * eta))
    })
}
