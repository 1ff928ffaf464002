//! How a signature in X.509 and CMS was made: identifiers of RFC 4055, 5758, 8410, 9881 and 3279.
// Without certificates nobody reads or writes them.
#![cfg_attr(not(feature = "x509"), allow(dead_code))]

use std::fmt;

use der::asn1::AnyRef;
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifier, AlgorithmIdentifierRef, ObjectIdentifier};

use crate::error::{Error, ErrorKind, Result};
pub use crate::primitives::hash::Digest;
use crate::primitives::scheme::Scheme;

/// How a signature was made, as a certificate or a message names it.
///
/// It is told, never chosen: what bulla signs with follows from the key. `Display` gives OpenSSL's name.
///
/// ```
/// use bulla::{Digest, SignatureAlgorithm};
/// assert_eq!(SignatureAlgorithm::RsaPkcs1(Digest::Sha256).to_string(), "sha256WithRSAEncryption");
/// assert_eq!(SignatureAlgorithm::Ecdsa(Digest::Sha384).to_string(), "ecdsa-with-SHA384");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Digest),
    /// RSASSA-PSS (RFC 8017 section 8.1), its mask made with the same hash.
    #[non_exhaustive]
    RsaPss {
        /// The hash of message and mask.
        digest: Digest,
        /// Bytes of the salt.
        salt: u16,
    },
    /// ECDSA (FIPS 186-5 section 6) on whatever curve the key is.
    Ecdsa(Digest),
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ML-DSA-44 (FIPS 204).
    MlDsa44,
    /// ML-DSA-65 (FIPS 204).
    MlDsa65,
    /// ML-DSA-87 (FIPS 204).
    MlDsa87,
    /// DSA (FIPS 186-4 section 4), which is read only where old things are.
    Dsa(Digest),
}

use SignatureAlgorithm::{Dsa, Ecdsa, Ed25519, MlDsa44, MlDsa65, MlDsa87, RsaPkcs1, RsaPss};

/// id-RSASSA-PSS and id-mgf1 (RFC 4055 sections 3.1 and 2.2).
const PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// Hash functions: RFC 4055 section 2.1.
pub(crate) const DIGESTS: [(Digest, ObjectIdentifier); 5] = [
    (Digest::Sha1, ObjectIdentifier::new_unwrap("1.3.14.3.2.26")),
    (Digest::Sha224, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4")),
    (Digest::Sha256, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1")),
    (Digest::Sha384, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2")),
    (Digest::Sha512, ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3")),
];

/// All that have no parameters but NULL, with OpenSSL's names: RFC 3279 section 2.2, RFC 4055 section 5, RFC 5758
/// sections 3.1 and 3.2, RFC 8410 section 3, RFC 9881 section 2; the last two are NIST's.
const NAMED: [(SignatureAlgorithm, ObjectIdentifier, &str); 19] = [
    (RsaPkcs1(Digest::Sha1), oid("1.2.840.113549.1.1.5"), "sha1WithRSAEncryption"),
    (RsaPkcs1(Digest::Sha224), oid("1.2.840.113549.1.1.14"), "sha224WithRSAEncryption"),
    (RsaPkcs1(Digest::Sha256), oid("1.2.840.113549.1.1.11"), "sha256WithRSAEncryption"),
    (RsaPkcs1(Digest::Sha384), oid("1.2.840.113549.1.1.12"), "sha384WithRSAEncryption"),
    (RsaPkcs1(Digest::Sha512), oid("1.2.840.113549.1.1.13"), "sha512WithRSAEncryption"),
    (Ecdsa(Digest::Sha1), oid("1.2.840.10045.4.1"), "ecdsa-with-SHA1"),
    (Ecdsa(Digest::Sha224), oid("1.2.840.10045.4.3.1"), "ecdsa-with-SHA224"),
    (Ecdsa(Digest::Sha256), oid("1.2.840.10045.4.3.2"), "ecdsa-with-SHA256"),
    (Ecdsa(Digest::Sha384), oid("1.2.840.10045.4.3.3"), "ecdsa-with-SHA384"),
    (Ecdsa(Digest::Sha512), oid("1.2.840.10045.4.3.4"), "ecdsa-with-SHA512"),
    (Ed25519, oid("1.3.101.112"), "ED25519"),
    (MlDsa44, oid("2.16.840.1.101.3.4.3.17"), "ML-DSA-44"),
    (MlDsa65, oid("2.16.840.1.101.3.4.3.18"), "ML-DSA-65"),
    (MlDsa87, oid("2.16.840.1.101.3.4.3.19"), "ML-DSA-87"),
    (Dsa(Digest::Sha1), oid("1.2.840.10040.4.3"), "dsaWithSHA1"),
    (Dsa(Digest::Sha224), oid("2.16.840.1.101.3.4.3.1"), "dsa_with_SHA224"),
    (Dsa(Digest::Sha256), oid("2.16.840.1.101.3.4.3.2"), "dsa_with_SHA256"),
    (Dsa(Digest::Sha384), oid("2.16.840.1.101.3.4.3.3"), "dsa_with_SHA384"),
    (Dsa(Digest::Sha512), oid("2.16.840.1.101.3.4.3.4"), "dsa_with_SHA512"),
];

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// RSASSA-PSS-params (RFC 4055 section 3.1), whose members all have a default.
#[derive(Sequence)]
struct PssParameters<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifier<AlgorithmIdentifierRef<'a>>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

impl SignatureAlgorithm {
    /// What bulla itself makes and checks with an RSA key: RFC 4055 section 3.1 recommends a salt as long as the hash.
    pub(super) const PSS_SHA256: Self = RsaPss { digest: Digest::Sha256, salt: 32 };

    /// How a key that is not RSA signs, if it does; a curve goes with its hash.
    pub(super) fn of(scheme: Scheme) -> Option<Self> {
        match scheme {
            Scheme::P256 => Some(Ecdsa(Digest::Sha256)),
            Scheme::P384 => Some(Ecdsa(Digest::Sha384)),
            Scheme::P521 => Some(Ecdsa(Digest::Sha512)),
            Scheme::Ed25519 => Some(Ed25519),
            Scheme::MlDsa44 => Some(MlDsa44),
            Scheme::MlDsa65 => Some(MlDsa65),
            Scheme::MlDsa87 => Some(MlDsa87),
            Scheme::X25519 | Scheme::MlKem512 | Scheme::MlKem768 | Scheme::MlKem1024 => None,
        }
    }

    /// Reads a whole AlgorithmIdentifier, with the parameters that the algorithm's RFC asks for and no others.
    ///
    /// PKCS #1 v1.5 is good without its NULL, too (RFC 4055 section 5).
    pub(crate) fn from_der(der: &[u8]) -> Result<Self> {
        let identifier = AlgorithmIdentifierRef::from_der(der).map_err(|_| unsound())?;
        if identifier.oid == PSS {
            return Self::read_pss(identifier.parameters.ok_or_else(unsound)?);
        }
        let named = NAMED.iter().find(|(_, oid, _)| *oid == identifier.oid);
        let (algorithm, ..) = *named.ok_or_else(unsupported)?;
        match identifier.parameters {
            None => Ok(algorithm),
            Some(null) if null.is_null() && matches!(algorithm, RsaPkcs1(_)) => Ok(algorithm),
            Some(_) => Err(unsound()),
        }
    }

    fn read_pss(parameters: AnyRef<'_>) -> Result<Self> {
        // A default that is written out is not DER. Old programs wrote it, and it says nothing else.
        let given: PssParameters<'_> = parameters.decode_as().map_err(|_| unsound())?;
        let digest = given.hash.as_ref().map_or(Ok(Digest::Sha1), read_digest)?;
        let mask = match &given.mask {
            None => Digest::Sha1,
            Some(mask) if mask.oid == MGF1 => read_digest(mask.parameters.as_ref().ok_or_else(unsound)?)?,
            Some(_) => return Err(unsupported()),
        };
        if mask != digest || given.trailer.is_some_and(|trailer| trailer != 1) {
            return Err(unsupported());
        }
        Ok(RsaPss { digest, salt: given.salt.unwrap_or(20) })
    }

    /// The AlgorithmIdentifier in DER.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let der = match self {
            RsaPss { digest, salt } => pss_der(digest, salt),
            _ => {
                let named = NAMED.iter().find(|(named, ..)| *named == self);
                let parameters = matches!(self, RsaPkcs1(_)).then_some(AnyRef::NULL);
                named.map_or(Err(der::ErrorKind::Failed.into()), |(_, oid, _)| {
                    AlgorithmIdentifierRef { oid: *oid, parameters }.to_der()
                })
            }
        };
        // Each is in the tables, and so has an encoding.
        der.unwrap_or_default()
    }

    /// The hash, of those that hash the message first.
    pub(crate) fn digest(self) -> Option<Digest> {
        match self {
            RsaPkcs1(digest) | Ecdsa(digest) | RsaPss { digest, .. } | Dsa(digest) => Some(digest),
            Ed25519 | MlDsa44 | MlDsa65 | MlDsa87 => None,
        }
    }

    /// Whether it holds for reading old things at most: SHA-1, and all of DSA.
    pub(crate) fn is_weak(self) -> bool {
        matches!(self, Dsa(_)) || self.digest() == Some(Digest::Sha1)
    }
}

impl Digest {
    /// Reads an AlgorithmIdentifier in DER.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self> {
        read_digest(&AlgorithmIdentifierRef::from_der(der).map_err(|_| unsound())?)
    }

    /// The AlgorithmIdentifier in DER, without parameters (RFC 5754 section 2).
    pub(crate) fn to_der(self) -> Vec<u8> {
        let named = DIGESTS.iter().find(|(named, _)| *named == self);
        let der = named.map(|(_, oid)| AlgorithmIdentifierRef { oid: *oid, parameters: None }.to_der());
        // Each is in the table, and so has an encoding.
        der.and_then(|der| der.ok()).unwrap_or_default()
    }
}

/// The parameters of a hash are NULL or absent, and both are to be taken (RFC 4055 section 2.1).
fn read_digest(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Digest> {
    if identifier.parameters.is_some_and(|parameters| !parameters.is_null()) {
        return Err(unsound());
    }
    let found = DIGESTS.iter().find(|(_, oid)| *oid == identifier.oid);
    found.map(|(digest, _)| *digest).ok_or_else(unsupported)
}

fn pss_der(digest: Digest, salt: u16) -> der::Result<Vec<u8>> {
    let named = DIGESTS.iter().find(|(named, _)| *named == digest);
    let (_, oid) = named.ok_or(der::ErrorKind::Failed)?;
    let hash = AlgorithmIdentifierRef { oid: *oid, parameters: Some(AnyRef::NULL) };
    let is_default = digest == Digest::Sha1;
    let parameters = PssParameters {
        hash: (!is_default).then_some(hash),
        mask: (!is_default).then_some(AlgorithmIdentifier { oid: MGF1, parameters: Some(hash) }),
        salt: (salt != 20).then_some(salt),
        trailer: None,
    };
    AlgorithmIdentifier { oid: PSS, parameters: Some(parameters) }.to_der()
}

fn unsound() -> Error {
    Error::malformed("signature algorithm", "it has not the parameters that it should have")
}

fn unsupported() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "signature algorithm",
        "bulla does not know it",
        "use RSA, ECDSA, Ed25519 or ML-DSA",
    )
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(named, ..)| named == self) {
            Some((_, _, name)) => f.write_str(name),
            None => f.write_str("rsassaPss"),
        }
    }
}
