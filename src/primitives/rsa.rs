//! RSA encryption with OAEP (RFC 8017 section 7.1), SHA-256 throughout, for age's SSH keys.
use rsa::{BoxedUint, Oaep, RsaPrivateKey, RsaPublicKey};
use sha2::Sha256;

use super::random::Source;
use crate::secret::SecretVec;

/// A public key.
#[derive(Clone)]
pub(crate) struct Public(RsaPublicKey);

/// A private key; the crate wipes it on drop.
pub(crate) struct Private(Box<RsaPrivateKey>);

impl Public {
    /// From modulus and exponent, big-endian. `None` if they make no key of that many bits.
    pub(crate) fn new(n: &[u8], e: &[u8], bits: std::ops::RangeInclusive<usize>) -> Option<Self> {
        RsaPublicKey::new_with_size_limits(number(n)?, number(e)?, bits).ok().map(Public)
    }

    pub(crate) fn seal(&self, label: &str, plaintext: &[u8]) -> Option<Vec<u8>> {
        let padding = Oaep::<Sha256>::new_with_label(label.as_bytes());
        self.0.encrypt(&mut Source, padding, plaintext).ok()
    }
}

impl Private {
    /// From its parts, big-endian; checked against each other.
    pub(crate) fn new(n: &[u8], e: &[u8], d: &[u8], primes: [&[u8]; 2]) -> Option<Self> {
        let [p, q] = primes;
        let primes = vec![number(p)?, number(q)?];
        let key = RsaPrivateKey::from_components(number(n)?, number(e)?, number(d)?, primes).ok()?;
        Some(Private(Box::new(key)))
    }

    /// Opens, blinded. Decryption is not free of timing differences (RUSTSEC-2023-0071); blinding hides what they say.
    pub(crate) fn open(&self, label: &str, sealed: &[u8]) -> Option<SecretVec> {
        let padding = Oaep::<Sha256>::new_with_label(label.as_bytes());
        self.0.decrypt_blinded(&mut Source, padding, sealed).ok().map(SecretVec::new)
    }
}

fn number(big_endian: &[u8]) -> Option<BoxedUint> {
    let bits = big_endian.len().checked_mul(8)?;
    BoxedUint::from_be_slice(big_endian, bits.try_into().ok()?).ok()
}
