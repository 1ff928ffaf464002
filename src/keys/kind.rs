//! The kinds of asymmetric keys, and how X.509 names them.
use std::fmt;

use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef, ObjectIdentifier};

use crate::error::{Error, ErrorKind};
use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};
use crate::primitives::scheme::Scheme;

/// The kind of a [`PrivateKey`](crate::PrivateKey) or [`PublicKey`](crate::PublicKey). It alone decides what the key
/// is for, and how is signed.
///
/// ```
/// use bulla::{KeyKind, PrivateKey};
/// for kind in [KeyKind::Ed25519, KeyKind::P256, KeyKind::MlDsa65] {
///     let key = PrivateKey::generate(kind)?;
///     assert_eq!(key.public().kind(), kind);
/// }
/// assert_eq!(KeyKind::P256.to_string(), "P-256");
/// assert_ne!(KeyKind::rsa(2048), KeyKind::RSA_3072);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA (RFC 8017) with a modulus of so many bits: 2048 to 8192.
    #[non_exhaustive]
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
    /// NIST P-256, for ECDSA with SHA-256 (FIPS 186-5).
    P256,
    /// NIST P-384, for ECDSA with SHA-384.
    P384,
    /// NIST P-521, for ECDSA with SHA-512.
    P521,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ML-DSA-44 (FIPS 204): post-quantum, NIST's category 2.
    MlDsa44,
    /// ML-DSA-65 (FIPS 204): category 3.
    MlDsa65,
    /// ML-DSA-87 (FIPS 204): category 5.
    MlDsa87,
    /// X25519 (RFC 7748): others agree on a key with it. It does not sign.
    X25519,
    /// ML-KEM-512 (FIPS 203): others encrypt to it, post-quantum, NIST's category 1. It does not sign.
    MlKem512,
    /// ML-KEM-768 (FIPS 203): category 3.
    MlKem768,
    /// ML-KEM-1024 (FIPS 203): category 5.
    MlKem1024,
    /// DSA (FIPS 186-4) with a modulus of so many bits: public keys in old certificates, and
    /// [`legacy::DsaPublicKey`](crate::legacy::DsaPublicKey).
    #[non_exhaustive]
    Dsa {
        /// Bits of the modulus.
        bits: u32,
    },
}

impl KeyKind {
    /// RSA of 3072 bits: the least that NIST SP 800-57 puts beside AES-128.
    pub const RSA_3072: Self = KeyKind::Rsa { bits: 3072 };
    /// RSA of 4096 bits.
    pub const RSA_4096: Self = KeyKind::Rsa { bits: 4096 };

    /// RSA of so many bits.
    #[must_use]
    pub fn rsa(bits: u32) -> Self {
        KeyKind::Rsa { bits }
    }

    /// `None`: RSA and DSA, which have no scheme of one size.
    pub(super) fn scheme(self) -> Option<Scheme> {
        match self {
            KeyKind::Rsa { .. } | KeyKind::Dsa { .. } => None,
            KeyKind::P256 => Some(Scheme::P256),
            KeyKind::P384 => Some(Scheme::P384),
            KeyKind::P521 => Some(Scheme::P521),
            KeyKind::Ed25519 => Some(Scheme::Ed25519),
            KeyKind::MlDsa44 => Some(Scheme::MlDsa44),
            KeyKind::MlDsa65 => Some(Scheme::MlDsa65),
            KeyKind::MlDsa87 => Some(Scheme::MlDsa87),
            KeyKind::X25519 => Some(Scheme::X25519),
            KeyKind::MlKem512 => Some(Scheme::MlKem512),
            KeyKind::MlKem768 => Some(Scheme::MlKem768),
            KeyKind::MlKem1024 => Some(Scheme::MlKem1024),
        }
    }

    pub(super) fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::P256 => KeyKind::P256,
            Scheme::P384 => KeyKind::P384,
            Scheme::P521 => KeyKind::P521,
            Scheme::Ed25519 => KeyKind::Ed25519,
            Scheme::MlDsa44 => KeyKind::MlDsa44,
            Scheme::MlDsa65 => KeyKind::MlDsa65,
            Scheme::MlDsa87 => KeyKind::MlDsa87,
            Scheme::X25519 => KeyKind::X25519,
            Scheme::MlKem512 => KeyKind::MlKem512,
            Scheme::MlKem768 => KeyKind::MlKem768,
            Scheme::MlKem1024 => KeyKind::MlKem1024,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyKind::Rsa { bits } => write!(f, "RSA {bits}"),
            KeyKind::Dsa { bits } => write!(f, "DSA {bits}"),
            KeyKind::P256 => f.write_str("P-256"),
            KeyKind::P384 => f.write_str("P-384"),
            KeyKind::P521 => f.write_str("P-521"),
            KeyKind::Ed25519 => f.write_str("Ed25519"),
            KeyKind::MlDsa44 => f.write_str("ML-DSA-44"),
            KeyKind::MlDsa65 => f.write_str("ML-DSA-65"),
            KeyKind::MlDsa87 => f.write_str("ML-DSA-87"),
            KeyKind::X25519 => f.write_str("X25519"),
            KeyKind::MlKem512 => f.write_str("ML-KEM-512"),
            KeyKind::MlKem768 => f.write_str("ML-KEM-768"),
            KeyKind::MlKem1024 => f.write_str("ML-KEM-1024"),
        }
    }
}

/// What an AlgorithmIdentifier of a key says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rsa,
    Scheme(Scheme),
}

/// rsaEncryption (RFC 3279 section 2.3.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey (RFC 5480 section 2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Curves of EC keys (RFC 5480 section 2.1.1.1).
const CURVES: [(Scheme, ObjectIdentifier); 3] = [
    (Scheme::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (Scheme::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (Scheme::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
];
/// Keys whose identifier says it all: RFC 8410 section 3, RFC 9881 section 2, RFC 9935 section 3.
const PLAIN: [(Scheme, ObjectIdentifier); 8] = [
    (Scheme::Ed25519, ObjectIdentifier::new_unwrap("1.3.101.112")),
    (Scheme::MlDsa44, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17")),
    (Scheme::MlDsa65, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18")),
    (Scheme::MlDsa87, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19")),
    (Scheme::X25519, ObjectIdentifier::new_unwrap("1.3.101.110")),
    (Scheme::MlKem512, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.1")),
    (Scheme::MlKem768, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.2")),
    (Scheme::MlKem1024, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.3")),
];

impl Algorithm {
    /// Reads an identifier; `None` if it is of another kind, or has not the parameters of its kind.
    pub(super) fn read(identifier: &AlgorithmIdentifierRef<'_>) -> Option<Self> {
        let parameters = identifier.parameters;
        if identifier.oid == RSA {
            return parameters.is_none_or(|any| any.is_null()).then_some(Algorithm::Rsa);
        }
        if identifier.oid == EC {
            let curve: ObjectIdentifier = parameters?.decode_as().ok()?;
            return Self::curve(&curve);
        }
        let (scheme, _) = PLAIN.iter().find(|(_, oid)| *oid == identifier.oid)?;
        parameters.is_none().then_some(Algorithm::Scheme(*scheme))
    }

    pub(super) fn curve(curve: &ObjectIdentifier) -> Option<Self> {
        CURVES.iter().find(|(_, oid)| oid == curve).map(|(scheme, _)| Algorithm::Scheme(*scheme))
    }

    pub(super) fn write(self) -> AlgorithmIdentifierOwned {
        let Algorithm::Scheme(scheme) = self else {
            return AlgorithmIdentifierOwned { oid: RSA, parameters: Some(der::asn1::Null.into()) };
        };
        match CURVES.iter().find(|(curve, _)| *curve == scheme) {
            Some((_, curve)) => AlgorithmIdentifierOwned { oid: EC, parameters: Some(curve.into()) },
            None => {
                let named = PLAIN.iter().find(|(plain, _)| *plain == scheme);
                // Every scheme is in one of the tables.
                AlgorithmIdentifierOwned { oid: named.map_or(EC, |(_, oid)| *oid), parameters: None }
            }
        }
    }
}

/// Whether an RSA modulus has a size that we use.
pub(super) fn rsa_bits() -> std::ops::RangeInclusive<usize> {
    RSA_MIN_BITS..=RSA_MAX_BITS
}

pub(super) fn unsupported() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "key",
        "it is of a kind or size that bulla does not use",
        "use RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519, ML-DSA, X25519 or ML-KEM",
    )
}
