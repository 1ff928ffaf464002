//! RSA (RFC 8017): OAEP with SHA-256 for age's SSH keys (section 7.1), PSS (8.1) and PKCS #1 v1.5 (8.2) signatures.
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, Oaep, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use sha2::Sha256;

use super::hash::{Digest, digest, with_hash};
use super::random::Source;
use crate::secret::SecretVec;

/// The signature is not this key's for this message.
#[derive(Debug)]
pub(crate) struct Refused;

/// The numbers of a private key, big-endian and without leading zeros, in the order of RFC 8017 appendix A.1.2 from
/// the private exponent on: d, p, q, d mod (p - 1), d mod (q - 1), 1/q mod p.
pub(crate) type Numbers = [SecretVec; 6];

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

    /// Modulus and public exponent, big-endian and without leading zeros.
    pub(crate) fn numbers(&self) -> [Vec<u8>; 2] {
        [self.0.n_bytes().into_vec(), self.0.e_bytes().into_vec()]
    }

    pub(crate) fn bits(&self) -> u32 {
        self.0.n().bits_vartime()
    }

    /// PSS with one hash throughout and a salt of so many bytes (RFC 4055 section 3.1).
    pub(crate) fn verify_pss(
        &self,
        hash: Digest,
        salt: u16,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let hashed = digest(hash, message);
        let verified =
            with_hash!(hash, H => self.0.verify(Pss::<H>::new_with_salt(salt.into()), &hashed, signature));
        verified.map_err(|_| Refused)
    }

    /// PKCS #1 v1.5: old, and still what most programs write.
    pub(crate) fn verify_pkcs1(
        &self,
        hash: Digest,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let scheme = with_hash!(hash, H => Pkcs1v15Sign::new::<H>());
        self.0.verify(scheme, &digest(hash, message), signature).map_err(|_| Refused)
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

    /// A new key with the public exponent 65537.
    pub(crate) fn generate(bits: usize) -> Option<Self> {
        RsaPrivateKey::new(&mut Source, bits).ok().map(|key| Private(Box::new(key)))
    }

    pub(crate) fn public(&self) -> Public {
        Public(self.0.to_public_key())
    }

    pub(crate) fn numbers(&self) -> Option<Numbers> {
        let bytes = |number: &BoxedUint| SecretVec::new(number.to_be_bytes_trimmed_vartime().into_vec());
        let [p, q] = <&[_; 2]>::try_from(self.0.primes()).ok()?;
        let coefficient = self.0.crt_coefficient()?;
        Some([
            bytes(self.0.d()),
            bytes(p),
            bytes(q),
            bytes(self.0.dp()?),
            bytes(self.0.dq()?),
            bytes(&coefficient),
        ])
    }

    /// Signs as [`Public::verify_pss`] checks, blinded. `None` if the modulus is too short for hash and salt.
    pub(crate) fn sign_pss(&self, hash: Digest, salt: u16, message: &[&[u8]]) -> Option<Vec<u8>> {
        let hashed = digest(hash, message);
        with_hash!(hash, H => {
            let scheme = Pss::<H>::new_blinded_with_salt(salt.into());
            self.0.sign_with_rng(&mut Source, scheme, &hashed).ok()
        })
    }

    /// Signs as [`Public::verify_pkcs1`] checks, blinded.
    pub(crate) fn sign_pkcs1(&self, hash: Digest, message: &[&[u8]]) -> Option<Vec<u8>> {
        let scheme = with_hash!(hash, H => Pkcs1v15Sign::new::<H>());
        self.0.sign_with_rng(&mut Source, scheme, &digest(hash, message)).ok()
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
