//! Private keys in bytes: PKCS #8 (RFC 5958), encrypted (RFC 8018) or not, with PKCS #1 and SEC 1 inside or alone.
use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::referenced::OwnedToRef;
use der::{Decode, Encode, Sequence, Tag, TagNumber, Tagged};
use pkcs5::EncryptionScheme;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::kind::{Algorithm, rsa_bits, unsupported};
use super::material::{Material, unsound};
use super::work::Budget;
use super::{KdfLimits, Passphrase, pbes2};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{KEY_FILE_BYTES, RSA_MAX_BITS};
use crate::primitives::rsa;
use crate::primitives::scheme::Scheme;
use crate::secret::{SecretVec, equal};

/// Iterations of PBKDF2-HMAC-SHA-256: OWASP (2023).
const ITERATIONS: u32 = 600_000;

/// EncryptedPrivateKeyInfo (RFC 5958 section 3), whatever encrypted it.
#[derive(Sequence)]
struct Sealed<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    data: &'a OctetStringRef,
}

/// Reads PKCS #8, asking for a passphrase if it is encrypted; or SEC 1 or PKCS #1 alone.
pub(super) fn read(
    der: &[u8],
    ask: impl FnOnce() -> Result<Passphrase>,
    limits: KdfLimits,
) -> Result<Material> {
    if der.len() > KEY_FILE_BYTES {
        return Err(Error::over_limit("private key", "it is too long", "no key is that long"));
    }
    if let Ok(info) = PrivateKeyInfoRef::from_der(der) {
        return from_info(&info);
    }
    if let Ok(sealed) = Sealed::from_der(der) {
        let scheme = EncryptionScheme::try_from(sealed.algorithm).ok();
        let scheme = scheme.filter(pbes2::is_current).ok_or_else(old_encryption)?;
        let plain = decrypt(&scheme, sealed.data.as_bytes(), &ask()?, limits)?;
        return from_info(&PrivateKeyInfoRef::from_der(&plain).map_err(|_| wrong_passphrase())?);
    }
    // A number and bytes, or numbers alone: no form can be taken for another.
    if sec1::EcPrivateKey::from_der(der).is_ok() { from_sec1(der, None) } else { from_pkcs1(der) }
}

fn from_info(info: &PrivateKeyInfoRef<'_>) -> Result<Material> {
    let algorithm = Algorithm::read(&info.algorithm).ok_or_else(unsupported)?;
    let bytes = info.private_key.as_bytes();
    let key = match algorithm {
        Algorithm::Rsa => from_pkcs1(bytes),
        Algorithm::Scheme(Scheme::P256 | Scheme::P384 | Scheme::P521) => from_sec1(bytes, Some(algorithm)),
        Algorithm::Scheme(scheme @ (Scheme::Ed25519 | Scheme::X25519)) => {
            // CurvePrivateKey (RFC 8410 section 7).
            let secret = <&OctetStringRef>::from_der(bytes).map_err(|_| unsound())?.as_bytes();
            Ok(Material::Scheme(scheme, copy(secret)))
        }
        Algorithm::Scheme(scheme) => from_seed_or_expanded(scheme, bytes),
    }?;
    // A public key that is there must be the private one's (RFC 5958 section 2).
    let given = info.public_key.as_ref().map(|bits| bits.as_bytes().ok_or_else(unsound)).transpose()?;
    let Some(given) = given else { return Ok(key) };
    let public = key.public()?;
    let own = SubjectPublicKeyInfoRef::from_der(public.as_der()).map_err(|_| unsound())?;
    if own.subject_public_key.as_bytes() == Some(given) { Ok(key) } else { Err(unsound()) }
}

/// RSAPrivateKey (RFC 8017 appendix A.1.2).
pub(super) fn from_pkcs1(der: &[u8]) -> Result<Material> {
    let key = pkcs1::RsaPrivateKeyRef::from_der(der).map_err(|_| unsound())?;
    let numbers = [&key.modulus, &key.public_exponent, &key.private_exponent, &key.prime1, &key.prime2];
    let [n, e, d, p, q] = numbers.map(|number| number.as_bytes());
    if [n, e, d, p, q].iter().any(|number| number.len() > RSA_MAX_BITS / 8) {
        return Err(unsupported());
    }
    let key = rsa::Private::new(n, e, d, [p, q]).ok_or_else(unsound)?;
    let bits = usize::try_from(key.public().bits()).unwrap_or(usize::MAX);
    if !rsa_bits().contains(&bits) {
        return Err(unsupported());
    }
    Ok(Material::Rsa(key))
}

/// ECPrivateKey (RFC 5915 section 3). Inside PKCS #8 the curve is `known`; the key may name it again.
pub(super) fn from_sec1(der: &[u8], known: Option<Algorithm>) -> Result<Material> {
    let key = sec1::EcPrivateKey::from_der(der).map_err(|_| unsound())?;
    let named = match key.parameters.and_then(sec1::EcParameters::named_curve) {
        Some(curve) => Some(Algorithm::curve(&curve).ok_or_else(unsupported)?),
        None => None,
    };
    let algorithm = match (known, named) {
        (Some(known), Some(named)) if known != named => return Err(unsound()),
        (known, named) => known.or(named).ok_or_else(unsupported)?,
    };
    let Algorithm::Scheme(scheme) = algorithm else { return Err(unsound()) };
    let secret = scalar(scheme, key.private_key).ok_or_else(unsound)?;
    let own = scheme.public(&secret).ok_or_else(unsound)?;
    let private = Material::Scheme(scheme, secret);
    match key.public_key {
        Some(given) if scheme.check_public(given).as_deref() != Some(&own) => Err(unsound()),
        _ => Ok(private),
    }
}

/// A scalar as long as its curve asks (RFC 5915 section 3). GnuTLS writes it as an INTEGER's bytes instead: with a zero
/// before a high bit, and without zeros else, so that every fourth key of P-521 is short. No key that was drawn at random
/// lacks over eight bytes.
fn scalar(scheme: Scheme, written: &[u8]) -> Option<SecretVec> {
    let length = match scheme {
        Scheme::P256 => 32,
        Scheme::P384 => 48,
        Scheme::P521 => 66,
        _ => return None,
    };
    let digits = match written {
        fixed if fixed.len() == length => fixed,
        [0, digits @ ..] if digits.first().is_some_and(|first| *first >= 0x80) => digits,
        [1..0x80, ..] => written,
        _ => return None,
    };
    let zeros = length.checked_sub(digits.len()).filter(|zeros| *zeros <= 8)?;
    let mut scalar = SecretVec::new(Vec::with_capacity(length));
    scalar.resize(zeros, 0);
    scalar.extend_from_slice(digits);
    Some(scalar)
}

/// Seed and expanded key together (RFC 9881 section 6, RFC 9935 section 6).
#[derive(Sequence)]
struct Both<'a> {
    seed: &'a OctetStringRef,
    expanded: &'a OctetStringRef,
}

/// `[0] IMPLICIT`.
const SEED: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };

/// The three forms of an ML-DSA key (RFC 9881 section 6) and of an ML-KEM key (RFC 9935 section 6).
fn from_seed_or_expanded(scheme: Scheme, der: &[u8]) -> Result<Material> {
    let any = AnyRef::from_der(der).map_err(|_| unsound())?;
    if any.tag() == SEED {
        return Ok(Material::Scheme(scheme, copy(any.value())));
    }
    if let Ok(both) = Both::from_der(der) {
        let key = Material::Scheme(scheme, copy(both.seed.as_bytes()));
        let own = scheme.expand(both.seed.as_bytes()).ok_or_else(unsound)?;
        return if equal(&own, both.expanded.as_bytes()) { Ok(key) } else { Err(unsound()) };
    }
    let expanded = <&OctetStringRef>::from_der(der).map_err(|_| unsound())?;
    Ok(Material::Expanded(scheme, copy(expanded.as_bytes())))
}

/// PKCS #8, not encrypted.
pub(super) fn write(key: &Material) -> Result<SecretVec> {
    if let Material::Remote(_) = key {
        let why = "it is kept elsewhere, and does not come out";
        return Err(Error::usage("private key", why, "use it where it is"));
    }
    write_der(key).map_err(|_| Error::usage("private key", "it cannot be written", "make another"))
}

fn write_der(key: &Material) -> der::Result<SecretVec> {
    let (algorithm, bytes) = match key {
        Material::Rsa(rsa) => (Algorithm::Rsa, write_pkcs1(rsa)?),
        Material::Scheme(scheme, secret) => (Algorithm::Scheme(*scheme), write_scheme(*scheme, secret)?),
        Material::Expanded(scheme, secret) => {
            (Algorithm::Scheme(*scheme), OctetStringRef::new(secret)?.to_der()?.into())
        }
        Material::Remote(_) => return Err(der::ErrorKind::Failed.into()),
    };
    let algorithm = algorithm.write();
    let info = PrivateKeyInfoRef::new(algorithm.owned_to_ref(), OctetStringRef::new(&bytes)?);
    Ok(SecretVec::new(info.to_der()?))
}

fn write_scheme(scheme: Scheme, secret: &SecretVec) -> der::Result<SecretVec> {
    let der = match scheme {
        Scheme::P256 | Scheme::P384 | Scheme::P521 => {
            let public = scheme.public(secret);
            let key =
                sec1::EcPrivateKey { private_key: secret, parameters: None, public_key: public.as_deref() };
            key.to_der()?
        }
        Scheme::Ed25519 | Scheme::X25519 => OctetStringRef::new(secret)?.to_der()?,
        _ => AnyRef::new(SEED, secret)?.to_der()?,
    };
    Ok(SecretVec::new(der))
}

fn write_pkcs1(key: &rsa::Private) -> der::Result<SecretVec> {
    let public = key.public();
    let [n, e] = public.numbers();
    let numbers = key.numbers().ok_or(der::ErrorKind::Failed)?;
    let [d, p, q, dp, dq, qinv] = &numbers;
    let key = pkcs1::RsaPrivateKeyRef {
        modulus: UintRef::new(n)?,
        public_exponent: UintRef::new(e)?,
        private_exponent: UintRef::new(d)?,
        prime1: UintRef::new(p)?,
        prime2: UintRef::new(q)?,
        exponent1: UintRef::new(dp)?,
        exponent2: UintRef::new(dq)?,
        coefficient: UintRef::new(qinv)?,
        other_prime_infos: None,
    };
    Ok(SecretVec::new(key.to_der()?))
}

/// Encrypts with PBES2 (RFC 8018 section 6.2).
pub(super) fn encrypt(plain: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>> {
    let (scheme, sealed) = pbes2::encrypt(plain, passphrase.as_typed(), ITERATIONS)?;
    let encrypted_data = OctetStringRef::new(&sealed).map_err(|_| unsound())?;
    let info = EncryptedPrivateKeyInfoRef { encryption_algorithm: scheme, encrypted_data };
    info.to_der().map_err(|_| unsound())
}

fn decrypt(
    scheme: &EncryptionScheme,
    sealed: &[u8],
    passphrase: &Passphrase,
    limits: KdfLimits,
) -> Result<SecretVec> {
    let mut budget = Budget::new(limits);
    // Other programs take what is typed; it may have been typed on another system.
    let mut texts = vec![passphrase.as_typed()];
    if passphrase.as_bytes() != passphrase.as_typed() {
        texts.push(passphrase.as_bytes());
    }
    for text in texts {
        if let Some(plain) = pbes2::decrypt(scheme, text, sealed, &mut budget)? {
            // CBC has no tag: a wrong passphrase gives a right padding once in 256 times.
            if PrivateKeyInfoRef::from_der(&plain).is_ok() {
                return Ok(plain);
            }
        }
    }
    Err(wrong_passphrase())
}

fn old_encryption() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "private key",
        "it is encrypted in an old way, or one that bulla does not know",
        "encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc",
    )
}

fn wrong_passphrase() -> Error {
    Error::new(
        ErrorKind::NoKeyFits,
        "private key",
        "the passphrase is wrong, or the file damaged",
        "type it again",
    )
}

fn copy(bytes: &[u8]) -> SecretVec {
    SecretVec::new(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ECPrivateKey with this scalar, and no public key to compare with.
    fn sec1(curve: &str, secret: &[u8]) -> Vec<u8> {
        let curve = sec1::EcParameters::NamedCurve(curve.parse().unwrap());
        sec1::EcPrivateKey { private_key: secret, parameters: Some(curve), public_key: None }
            .to_der()
            .unwrap()
    }

    const CURVES: [(&str, usize); 3] =
        [("1.2.840.10045.3.1.7", 32), ("1.3.132.0.34", 48), ("1.3.132.0.35", 66)];

    #[test]
    fn a_scalar_that_gnutls_wrote_as_a_number_is_the_same_key() {
        for (curve, length) in CURVES {
            // The highest byte of P-521 is 0 or 1.
            let high = if length == 66 { &[0, 0x80][..] } else { &[0x80][..] };
            for head in [high, &[0, 0x80], &[0, 0x7f], &[0, 0, 0x80], &[0, 0, 1]] {
                let secret = [head, &vec![7; length - head.len()]].concat();
                let number = UintRef::new(&secret).unwrap().to_der().unwrap();
                let number = AnyRef::from_der(&number).unwrap().value();
                let fixed = from_sec1(&sec1(curve, &secret), None).unwrap();
                let read = from_sec1(&sec1(curve, number), None).unwrap();
                assert!(read.public().unwrap() == fixed.public().unwrap(), "{curve} {head:02x?}");
            }
        }
    }

    #[test]
    fn a_scalar_that_is_neither_as_long_as_its_curve_asks_nor_a_number_is_refused() {
        for (curve, length) in CURVES {
            let secret = vec![1; length];
            assert!(from_sec1(&sec1(curve, &secret), None).is_ok(), "{curve}");
            assert!(from_sec1(&sec1(curve, &secret[8..]), None).is_ok(), "{curve}");
            let high = vec![0x80; length - 2];
            for other in [
                &[][..],
                &[0],
                &secret[9..],
                &[1],
                &[&[0], &secret[2..]].concat(),
                &[&[0, 0], &secret[3..]].concat(),
                &[&[0], &secret[..]].concat(),
                &[&[0, 0], &secret[..]].concat(),
                &[&[1], &secret[..]].concat(),
                // Below zero.
                &high,
                &vec![0; length],
            ] {
                assert!(from_sec1(&sec1(curve, other), None).is_err(), "{curve} {other:02x?}");
            }
        }
    }
}
