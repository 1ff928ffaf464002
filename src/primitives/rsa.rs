//! RSA (RFC 8017): encryption with OAEP (section 7.1) and with PKCS #1 v1.5 (7.2), signatures with PSS (8.1) and with PKCS
//! #1 v1.5 (8.2).
use std::sync::{LazyLock, OnceLock};

use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::hash::{self, Digest, digest, with_hash};
use super::random::{self, Source};
#[cfg(feature = "aws-lc")]
use super::{ec_aws_lc, rsa_aws_lc};
use crate::secret::{Secret, SecretVec};

/// The signature is not this key's for this message.
#[derive(Debug)]
pub(crate) struct Refused;

/// The numbers of a private key, big-endian and without leading zeros, in the order of RFC 8017 appendix A.1.2 from
/// the private exponent on: d, p, q, d mod (p - 1), d mod (q - 1), 1/q mod p.
pub(crate) type Numbers = [SecretVec; 6];

/// A public key.
#[derive(Clone)]
pub(crate) struct Public {
    /// Big-endian and without leading zeros, as the exponent.
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// As the crate wants it, when it does: making it ready costs more than most signatures of curves.
    ready: OnceLock<Option<RsaPublicKey>>,
}

/// A private key; the crate wipes it on drop.
pub(crate) struct Private(Box<RsaPrivateKey>);

impl Public {
    /// From modulus and exponent, big-endian. `None` if they make no key of that many bits (RFC 8017 section 3.1), or have an exponent
    /// that no key has.
    pub(crate) fn new(n: &[u8], e: &[u8], bits: std::ops::RangeInclusive<usize>) -> Option<Self> {
        let key = Public { modulus: trimmed(n), exponent: trimmed(e), ready: OnceLock::new() };
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        let is_fit = bits.contains(&usize::try_from(key.bits()).ok()?)
            && is_odd(&key.modulus)
            && is_odd(&key.exponent)
            && (3..=RsaPublicKey::MAX_PUB_EXPONENT).contains(&small(&key.exponent)?);
        is_fit.then_some(key)
    }

    fn ready(&self) -> Option<&RsaPublicKey> {
        let make = || {
            let (n, e) = (number(&self.modulus)?, number(&self.exponent)?);
            let bits = usize::try_from(self.bits()).ok()?;
            RsaPublicKey::new_with_size_limits(n, e, bits..=bits).ok()
        };
        self.ready.get_or_init(make).as_ref()
    }

    /// Modulus and public exponent, big-endian and without leading zeros.
    pub(crate) fn numbers(&self) -> [&[u8]; 2] {
        [&self.modulus, &self.exponent]
    }

    pub(crate) fn bits(&self) -> u32 {
        let first = self.modulus.first().map_or(8, |first| first.leading_zeros());
        u32::try_from(self.modulus.len()).map_or(0, |bytes| bytes.saturating_mul(8).saturating_sub(first))
    }

    /// Bytes of the modulus, and so of a ciphertext.
    pub(crate) fn size(&self) -> usize {
        self.modulus.len()
    }

    /// PSS with one hash throughout and a salt of so many bytes (RFC 4055 section 3.1).
    pub(crate) fn verify_pss(
        &self,
        hash: Digest,
        salt: u16,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Refused> {
        #[cfg(feature = "aws-lc")]
        if let Some(holds) = self.by_aws_lc(rsa_aws_lc::pss(hash, salt), hash, message, signature) {
            return if holds { Ok(()) } else { Err(Refused) };
        }
        self.verify_pss_in_rust(hash, salt, message, signature)
    }

    fn verify_pss_in_rust(
        &self,
        hash: Digest,
        salt: u16,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Refused> {
        let (key, hashed) = (self.ready().ok_or(Refused)?, digest(hash, message));
        let verified =
            with_hash!(hash, H => key.verify(Pss::<H>::new_with_salt(salt.into()), &hashed, signature));
        verified.map_err(|_| Refused)
    }

    /// PKCS #1 v1.5: old, and still what most programs write.
    pub(crate) fn verify_pkcs1(
        &self,
        hash: Digest,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Refused> {
        #[cfg(feature = "aws-lc")]
        if let Some(holds) = self.by_aws_lc(rsa_aws_lc::pkcs1(hash), hash, message, signature) {
            return if holds { Ok(()) } else { Err(Refused) };
        }
        self.verify_pkcs1_in_rust(hash, message, signature)
    }

    fn verify_pkcs1_in_rust(&self, hash: Digest, message: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        let scheme = with_hash!(hash, H => Pkcs1v15Sign::new::<H>());
        let key = self.ready().ok_or(Refused)?;
        key.verify(scheme, &digest(hash, message), signature).map_err(|_| Refused)
    }

    #[cfg(feature = "aws-lc")]
    fn by_aws_lc(
        &self,
        algorithm: Option<&'static rsa_aws_lc::RsaParameters>,
        hash: Digest,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Option<bool> {
        let hashed = ec_aws_lc::hashed(hash, message)?;
        rsa_aws_lc::holds(self.numbers(), self.bits(), algorithm?, &hashed, signature)
    }

    /// OAEP with a hash of the label and one of the mask. `None` if the secret is too long for the key.
    pub(crate) fn seal_oaep(
        &self,
        digest: Digest,
        mask: Digest,
        label: &[u8],
        secret: &[u8],
    ) -> Option<Vec<u8>> {
        with_hash!(digest, H => with_hash!(mask, M => {
            let padding = Oaep::<H, M>::new_with_mgf_hash_and_label(label);
            self.ready()?.encrypt(&mut Source, padding, secret).ok()
        }))
    }

    /// PKCS #1 v1.5, for those who know nothing better. `None` if the secret is too long for the key.
    pub(crate) fn seal_pkcs1(&self, secret: &[u8]) -> Option<Vec<u8>> {
        self.ready()?.encrypt(&mut Source, Pkcs1v15Encrypt, secret).ok()
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
        let (modulus, exponent) = (self.0.n_bytes().into_vec(), self.0.e_bytes().into_vec());
        Public { modulus, exponent, ready: OnceLock::new() }
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

    /// Opens what [`Public::seal_oaep`] sealed, blinded. Decryption is not free of timing differences
    /// (RUSTSEC-2023-0071); blinding hides what they say.
    pub(crate) fn open_oaep(
        &self,
        digest: Digest,
        mask: Digest,
        label: &[u8],
        sealed: &[u8],
    ) -> Option<SecretVec> {
        with_hash!(digest, H => with_hash!(mask, M => {
            let padding = Oaep::<H, M>::new_with_mgf_hash_and_label(label);
            self.0.decrypt_blinded(&mut Source, padding, sealed).ok().map(SecretVec::new)
        }))
    }

    /// Opens what [`Public::seal_pkcs1`] sealed, a secret of so many bytes, blinded.
    ///
    /// Whether the padding is sound does not show: whoever can see that opens anything, ciphertext by ciphertext
    /// (Bleichenbacher; RFC 3218). What is not sound gives some secret of that length, for the same ciphertext always the
    /// same (draft-irtf-cfrg-rsa-guidance section 7.2): were it another each time, asking twice would tell. So `None` is
    /// only a ciphertext of the wrong length, and all that fails later must fail alike.
    pub(crate) fn open_pkcs1(&self, sealed: &[u8], length: usize) -> Option<SecretVec> {
        if sealed.len() != self.0.size() {
            return None;
        }
        // Made in any case, and before: the time it takes says nothing.
        let made_up = made_up(&self.rejection_key(), sealed, length);
        // The crate makes up a message where the padding is not sound, of a length that it makes up, too. What it does
        // refuse is public: a number that is not below the modulus.
        let opened = self.0.decrypt_blinded(&mut Source, Pkcs1v15Encrypt, sealed).unwrap_or_default();
        Some(choose(&SecretVec::new(opened), made_up))
    }

    /// A secret of this key alone, for no other use than this one (as KDK in that draft).
    fn rejection_key(&self) -> Secret<32> {
        let d = SecretVec::new(self.0.d().to_be_bytes().into_vec());
        hash::hkdf_sha256(&d, b"", b"bulla: RSA with PKCS #1 v1.5, implicit rejection")
    }
}

/// What [`Private::open_pkcs1`] gives, for the answer of a key that somebody else keeps: the answer if it has so many
/// bytes, or else what nobody can foretell, for one ciphertext the same as long as the process runs.
pub(crate) fn settle_pkcs1(answer: &[u8], sealed: &[u8], length: usize) -> SecretVec {
    static KEY: LazyLock<Secret<32>> = LazyLock::new(|| Secret::filled_by(|key| random::fill(key)));
    choose(answer, made_up(&KEY, sealed, length))
}

/// So many bytes that follow from a ciphertext and from how many they are, and that only who has the key can know.
fn made_up(key: &Secret<32>, sealed: &[u8], length: usize) -> SecretVec {
    let seed = hash::hmac_sha256(key.expose(), &[&length.to_be_bytes(), sealed].concat());
    let seed = Zeroizing::new(seed);
    let mut bytes = SecretVec::new(Vec::with_capacity(length));
    for counter in 0..length.div_ceil(64) {
        let block = SecretVec::new(hash::sha512(&[&*seed, &counter.to_be_bytes()]).to_vec());
        let missing = length - bytes.len();
        bytes.extend(block.iter().take(missing));
    }
    bytes
}

/// The message if it is as long as `otherwise`, and that if not: without a branch on which of the two.
fn choose(message: &[u8], mut otherwise: SecretVec) -> SecretVec {
    let fits = message.len().ct_eq(&otherwise.len());
    for (byte, of_message) in otherwise.iter_mut().zip(message.iter().chain(std::iter::repeat(&0))) {
        byte.conditional_assign(of_message, fits);
    }
    otherwise
}

fn trimmed(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default().to_vec()
}

/// `None` from 2^64 on.
fn small(number: &[u8]) -> Option<u64> {
    (number.len() <= 8).then(|| number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

fn number(big_endian: &[u8]) -> Option<BoxedUint> {
    let bits = big_endian.len().checked_mul(8)?;
    BoxedUint::from_be_slice(big_endian, bits.try_into().ok()?).ok()
}
