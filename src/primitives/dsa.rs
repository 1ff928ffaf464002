//! DSA (FIPS 186-4 section 4), to verify what is old: FIPS 186-5 has no DSA any more, and nothing here signs.
use dsa::{BoxedUint, Components, Signature, VerifyingKey};
use signature::hazmat::PrehashVerifier;

use super::hash::{Digest, digest};

/// A public key. Nothing of it is secret, so nothing here need be of constant time.
#[derive(Clone)]
pub(crate) struct Public(VerifyingKey);

/// What keys have in common: p, q and g (FIPS 186-4 section 4.1).
#[derive(Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub(crate) p: &'a [u8],
    pub(crate) q: &'a [u8],
    pub(crate) g: &'a [u8],
}

/// Bits of q (FIPS 186-4 section 4.2); programs have made all of them with p of any length.
const Q_BITS: [u32; 3] = [160, 224, 256];

impl Public {
    /// From numbers that are big-endian. `None` if p has not so many bits, q none of its lengths, or g and y are not of
    /// order q.
    ///
    /// Whether p and q are prime is not tried: who chose them could have signed anything anyhow.
    pub(crate) fn new(
        parameters: Parameters<'_>,
        y: &[u8],
        bits: std::ops::RangeInclusive<usize>,
    ) -> Option<Self> {
        let Parameters { p, q, g } = parameters;
        if p.len() > bits.end().div_ceil(8) || q.len() > p.len() {
            return None;
        }
        // What is calculated with p has to have its length; from_be_slice takes no longer number.
        let number = |bytes: &[u8], like: &[u8]| {
            BoxedUint::from_be_slice(bytes, u32::try_from(like.len()).ok()?.checked_mul(8)?).ok()
        };
        let (p, q, g, y) = (number(p, p)?, number(q, q)?, number(g, p)?, number(y, p)?);
        let size = usize::try_from(p.bits_vartime()).ok()?;
        if !bits.contains(&size) || !Q_BITS.contains(&q.bits_vartime()) || g >= p || y >= p {
            return None;
        }
        let components = Components::from_components_unchecked(p, q, g.clone()).ok()?;
        // The crate sees to the order of y. That of g it sees to if it is given as y.
        let _ = VerifyingKey::from_components(components.clone(), g).ok()?;
        VerifyingKey::from_components(components, y).ok().map(Public)
    }

    /// p, q, g and y, big-endian and without leading zeros.
    pub(crate) fn numbers(&self) -> [Vec<u8>; 4] {
        let components = self.0.components();
        let (p, q, g) = (components.p().as_ref(), components.q().as_ref(), components.g().as_ref());
        [p, q, g, self.0.y().as_ref()].map(|number| number.to_be_bytes_trimmed_vartime().into_vec())
    }

    /// Bits of p.
    pub(crate) fn bits(&self) -> u32 {
        self.0.components().p().bits_vartime()
    }

    /// Checks a signature in DER (RFC 3279 section 2.2.2). Of the hash its first bits count, as many as q has
    /// (FIPS 186-4 section 4.7).
    pub(crate) fn verify(&self, hash: Digest, message: &[&[u8]], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::try_from(signature) else { return false };
        self.0.verify_prehash(&digest(hash, message), &signature).is_ok()
    }
}
