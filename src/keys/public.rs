//! Public keys, which verify signatures or are encrypted to: read and written as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
use std::fmt;
use std::io::Read;
use std::ops::RangeInclusive;
use std::str::FromStr;

use der::asn1::BitStringRef;
use der::{Decode, Encode};
use spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use super::algorithm::{Digest, SignatureAlgorithm};
use super::dsa;
use super::kind::{Algorithm, KeyKind, rsa_bits, unsupported};
use crate::encoding::pem;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{KEY_FILE_BYTES, RSA_MAX_BITS, RSA_MIN_BITS_OLD};
use crate::primitives::scheme::Scheme;
use crate::primitives::{self, hash, rsa};
use crate::verified::Verified;

/// A public key: whoever has it can check what its [`PrivateKey`](crate::PrivateKey) signed; those of X25519 and ML-KEM are
/// for encryption instead.
///
/// It is compared, and its fingerprint taken, by its SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7).
///
/// ```
/// use bulla::{KeyKind, PrivateKey, PublicKey};
/// let key = PrivateKey::generate(KeyKind::Ed25519)?;
/// let public = PublicKey::from_pem(&key.public().to_pem())?;
/// let signature = key.sign("release", b"bulla 1.0")?;
/// let release = public.verify("release", b"bulla 1.0", &signature)?;
/// assert_eq!(release.get(), &b"bulla 1.0");
/// assert!(public.verify("release", b"bulla 1.1", &signature).is_err());
/// assert!(public.verify("invoice", b"bulla 1.0", &signature).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct PublicKey {
    material: Material,
    der: Vec<u8>,
}

#[derive(Clone)]
pub(super) enum Material {
    Rsa(rsa::Public),
    Scheme(Scheme, Vec<u8>),
    /// Of old certificates only.
    Dsa(primitives::dsa::Public),
}

/// The name of a public key: the SHA-256 of its SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7), shown in
/// hexadecimal. All certificates of a key share it. That of one certificate is another type,
/// [`x509::CertificateFingerprint`](crate::x509::CertificateFingerprint), so that a pin cannot be held against the wrong
/// one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a key that is known only by its SubjectPublicKeyInfo.
    #[cfg(feature = "x509")]
    pub(crate) fn of(der: &[u8]) -> Self {
        Fingerprint(hash::sha256(der))
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is no sound key (a point that is not on its curve, say),
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a kind that bulla does not know or a modulus of other than 2048 to 8192 bits.
    pub fn from_der(spki: &[u8]) -> Result<Self> {
        Self::read(spki, rsa_bits())
    }

    /// [`from_der`](Self::from_der) for keys that are too weak by now, too: RSA from 1024 bits, DSA. Good for reading what
    /// is old.
    pub(crate) fn from_der_weak(spki: &[u8]) -> Result<Self> {
        if let Some(key) = dsa::read(spki)? {
            return Self::new(Material::Dsa(key));
        }
        Self::read(spki, RSA_MIN_BITS_OLD..=RSA_MAX_BITS)
    }

    fn read(spki: &[u8], rsa_bits: RangeInclusive<usize>) -> Result<Self> {
        if spki.len() > KEY_FILE_BYTES {
            return Err(Error::over_limit("public key", "it is too long", "no key is that long"));
        }
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| unsound())?;
        let algorithm = Algorithm::read(&info.algorithm).ok_or_else(unsupported)?;
        let bytes = info.subject_public_key.as_bytes().ok_or_else(unsound)?;
        match algorithm {
            Algorithm::Rsa => Self::from_pkcs1(bytes, rsa_bits),
            Algorithm::Scheme(scheme) => {
                let point = scheme.check_public(bytes).ok_or_else(unsound)?;
                Self::new(Material::Scheme(scheme, point))
            }
        }
    }

    fn from_pkcs1(bytes: &[u8], bits: RangeInclusive<usize>) -> Result<Self> {
        let key = pkcs1::RsaPublicKeyRef::from_der(bytes).map_err(|_| unsound())?;
        let (n, e) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
        if n.len() > RSA_MAX_BITS / 8 {
            return Err(unsupported());
        }
        Self::new(Material::Rsa(rsa::Public::new(n, e, bits).ok_or_else(unsupported)?))
    }

    /// Reads the first block `PUBLIC KEY` (RFC 7468 section 13) or `RSA PUBLIC KEY` (PKCS #1) of a PEM text.
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der), and [`Malformed`](crate::ErrorKind::Malformed) if there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        let blocks = pem::blocks(text, |label| ["PUBLIC KEY", "RSA PUBLIC KEY"].contains(&label))?;
        let block =
            blocks.first().ok_or_else(|| Error::malformed("public key", "there is none in the PEM"))?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_der(&block.bytes),
            _ => Self::from_pkcs1(&block.bytes, rsa_bits()),
        }
    }

    pub(super) fn new(material: Material) -> Result<Self> {
        let (algorithm, bytes) = match &material {
            Material::Dsa(key) => {
                let der = dsa::write(key).map_err(|_| unsound())?;
                return Ok(PublicKey { material, der });
            }
            Material::Scheme(scheme, bytes) => (Algorithm::Scheme(*scheme), bytes.clone()),
            Material::Rsa(key) => (Algorithm::Rsa, rsa_public(key).map_err(|_| unsound())?),
        };
        let subject_public_key = BitStringRef::from_bytes(&bytes).map_err(|_| unsound())?;
        let info = SubjectPublicKeyInfo { algorithm: algorithm.write(), subject_public_key };
        let der = info.to_der().map_err(|_| unsound())?;
        Ok(PublicKey { material, der })
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }

    /// The SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The SubjectPublicKeyInfo in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // What was read or made fits its own encoding.
        pem::encode("PUBLIC KEY", &self.der).unwrap_or_default()
    }

    /// Its kind, and with RSA its size.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match &self.material {
            Material::Rsa(key) => KeyKind::Rsa { bits: key.bits() },
            Material::Dsa(key) => KeyKind::Dsa { bits: key.bits() },
            Material::Scheme(scheme, _) => KeyKind::of(*scheme),
        }
    }

    /// Its name: the SHA-256 of the SubjectPublicKeyInfo.
    ///
    /// ```
    /// use bulla::{Fingerprint, KeyKind, PrivateKey};
    /// let key = PrivateKey::generate(KeyKind::P256)?;
    /// let shown = key.public().fingerprint().to_string();
    /// assert_eq!(shown.parse::<Fingerprint>()?, key.public().fingerprint());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(hash::sha256(&self.der))
    }

    /// Checks what [`PrivateKey::sign`](crate::PrivateKey::sign) signed for the same context.
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) if the signature is not this key's for this message and context;
    /// [`Usage`](crate::ErrorKind::Usage) for a context that is empty or has a NUL in it, and a key that is not for
    /// signatures.
    pub fn verify<T: AsRef<[u8]>>(
        &self,
        context: &str,
        message: T,
        signature: &[u8],
    ) -> Result<Verified<T, PublicKey>> {
        let signed = separated(context, &hash::sha512(&[message.as_ref()]))?;
        self.check(&signed, signature)?;
        Ok(Verified::new(message, self.clone()))
    }

    /// [`verify`](Self::verify) for a stream, which is read to its end; gives its length in bytes.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify), and [`Io`](crate::ErrorKind::Io).
    pub fn verify_stream(
        &self,
        context: &str,
        from: impl Read,
        signature: &[u8],
    ) -> Result<Verified<u64, PublicKey>> {
        let (digest, length) = hash::sha512_stream(from)?;
        self.check(&separated(context, &digest)?, signature)?;
        Ok(Verified::new(length, self.clone()))
    }

    /// Checks a signature over the message alone, without a context, as other programs make them: RSA-PSS with SHA-256
    /// and a salt of 32 bytes or PKCS #1 v1.5 with SHA-256 (RFC 8017 section 8), ECDSA over the curve's hash in DER, Ed25519, ML-DSA.
    ///
    /// What such a signature was made *for* is not to be seen. Between programs of your own, use
    /// [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) if the signature is not this key's for this message;
    /// [`Usage`](crate::ErrorKind::Usage) for a key that is not for signatures.
    pub fn verify_plain<T: AsRef<[u8]>>(
        &self,
        message: T,
        signature: &[u8],
    ) -> Result<Verified<T, PublicKey>> {
        match &self.material {
            // Of other programs this is the most usual.
            Material::Rsa(key)
                if key.verify_pkcs1(Digest::Sha256, &[message.as_ref()], signature).is_ok() => {}
            _ => self.check(message.as_ref(), signature)?,
        }
        Ok(Verified::new(message, self.clone()))
    }

    fn check(&self, signed: &[u8], signature: &[u8]) -> Result<()> {
        self.check_signature(self.own_algorithm()?, signed, signature)
    }

    /// How bulla signs with this key.
    pub(super) fn own_algorithm(&self) -> Result<SignatureAlgorithm> {
        match &self.material {
            Material::Rsa(_) => Ok(SignatureAlgorithm::PSS_SHA256),
            Material::Dsa(_) => Err(does_not_sign(self.kind())),
            Material::Scheme(scheme, _) => {
                SignatureAlgorithm::of(*scheme).ok_or_else(|| does_not_sign(self.kind()))
            }
        }
    }

    /// Whether a key of this kind makes such signatures.
    pub(super) fn can_sign_by(&self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm::{Ecdsa, RsaPkcs1, RsaPss};
        match (&self.material, algorithm) {
            (Material::Rsa(_), RsaPkcs1(_) | RsaPss { .. }) => true,
            (Material::Scheme(Scheme::P256 | Scheme::P384 | Scheme::P521, _), Ecdsa(_)) => true,
            (Material::Scheme(scheme, _), _) => SignatureAlgorithm::of(*scheme) == Some(algorithm),
            _ => false,
        }
    }

    /// Checks a signature of a certificate or message, which says itself how it was made.
    ///
    /// A weak algorithm verifies as any other: whether that is good enough is for the caller to say.
    pub(crate) fn check_signature(
        &self,
        algorithm: SignatureAlgorithm,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        use SignatureAlgorithm::{Dsa, Ecdsa, RsaPkcs1, RsaPss};
        let signed = &[signed];
        let good = match (&self.material, algorithm) {
            (Material::Rsa(key), RsaPkcs1(hash)) => key.verify_pkcs1(hash, signed, signature).is_ok(),
            (Material::Rsa(key), RsaPss { digest, salt }) => {
                key.verify_pss(digest, salt, signed, signature).is_ok()
            }
            (Material::Dsa(key), Dsa(hash)) => key.verify(hash, signed, signature),
            (Material::Scheme(scheme, key), Ecdsa(hash)) => {
                scheme.verify_ecdsa(hash, key, signed, signature).is_ok()
            }
            (Material::Scheme(scheme, key), _) if SignatureAlgorithm::of(*scheme) == Some(algorithm) => {
                scheme.verify(key, signed, signature).is_ok()
            }
            _ => false,
        };
        if good { Ok(()) } else { Err(not_signed()) }
    }
}

/// It says no more: which part did not fit would help whoever tries.
pub(super) fn not_signed() -> Error {
    Error::new(
        ErrorKind::Unauthentic,
        "signature",
        "it is not this key's for this message and this context",
        "do not use the message; get a good copy, or give the context it was signed for",
    )
}

/// What is signed for a context: the construction of TLS 1.3 (RFC 8446 section 4.4.3) over the SHA-512 of the message.
///
/// 64 spaces, a text that names bulla and the context, a NUL, the hash. A signature for one context is none for another,
/// nor one of TLS.
pub(super) fn separated(context: &str, digest: &[u8; 64]) -> Result<Vec<u8>> {
    if context.is_empty() || context.contains('\0') {
        let why = "it is empty, or has a NUL in it";
        return Err(Error::usage("context", why, "say in a few words what is signed, such as \"invoice\""));
    }
    Ok([&SPACES[..], INTRODUCTION, context.as_bytes(), &[0], digest].concat())
}

const SPACES: [u8; 64] = [b' '; 64];
const INTRODUCTION: &[u8] = b"bulla signature v1: ";

/// Whether it begins as what is signed for a context does: then a plain signature of it might be one for a context.
pub(super) fn is_separated(message: &[u8]) -> bool {
    message.strip_prefix(&SPACES).is_some_and(|rest| rest.starts_with(INTRODUCTION))
}

fn rsa_public(key: &rsa::Public) -> der::Result<Vec<u8>> {
    let [n, e] = key.numbers();
    let modulus = der::asn1::UintRef::new(n)?;
    pkcs1::RsaPublicKeyRef { modulus, public_exponent: der::asn1::UintRef::new(e)? }.to_der()
}

fn does_not_sign(kind: KeyKind) -> Error {
    let why = match kind {
        KeyKind::Dsa { .. } => format!("{kind} is of old, and signs nothing any more"),
        _ => format!("{kind} is for encryption, and signs nothing"),
    };
    Error::usage("key", why, "take a key that signs: Ed25519, ML-DSA, P-256 or RSA")
}

fn unsound() -> Error {
    Error::malformed("public key", "it is no sound key")
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for PublicKey {}

impl std::hash::Hash for PublicKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kind(), self.fingerprint())
    }
}

impl Fingerprint {
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// As it is shown: 64 hexadecimal digits.
impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits: Vec<u8> =
            text.bytes().filter_map(|byte| char::from(byte).to_digit(16)?.try_into().ok()).collect();
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(no_fingerprint()) };
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) if text.len() == 64 => Ok(Fingerprint(bytes)),
            _ => Err(no_fingerprint()),
        }
    }
}

fn no_fingerprint() -> Error {
    Error::usage(
        "fingerprint of a key",
        "it has not 64 hexadecimal digits",
        "give what `bulla key show` shows",
    )
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
