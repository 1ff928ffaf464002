//! Private keys that sign or decrypt: made, read, written, and used.
use std::io::Read;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::algorithm::SignatureAlgorithm;
use super::kind::{KeyKind, rsa_bits, unsupported};
use super::material::Material;
use super::pkcs8;
use super::public::{PublicKey, is_separated, separated};
use super::remote::{self, RemoteKey, ToSign};
use super::{KdfLimits, Passphrase};
use crate::encoding::pem;
use crate::error::{Error, ErrorKind, Result};
use crate::primitives::ready::Ready;
use crate::primitives::{hash, rsa};
use crate::secret::SecretVec;

/// A private key: it signs, and its [`PublicKey`] checks what it signed. X25519 and ML-KEM are for encryption instead.
///
/// The key alone decides how: RSA-PSS with SHA-256, ECDSA with the curve's hash, Ed25519, ML-DSA. A signature is made
/// for a *context*, a few words that say what it is for, and is good for no other.
///
/// It is wiped on drop, and has no `Debug`, `Display` or `Clone`. It is stored encrypted unless a method that says so
/// ([`expose_pem`](Self::expose_pem)) writes it plain.
///
/// ```
/// use bulla::{KeyKind, Passphrase, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::Ed25519)?;
/// let passphrase = Passphrase::new("correct horse battery staple")?;
/// let text = key.to_pem(&passphrase)?;
/// let again = PrivateKey::from_pem(&text, || Ok(passphrase))?;
/// assert_eq!(again.public(), key.public());
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct PrivateKey {
    pub(super) material: Material,
    pub(super) public: PublicKey,
    /// Made of the material when it is first used.
    ready: OnceLock<Option<Box<Ready>>>,
}

impl PrivateKey {
    /// A new key. RSA takes seconds, all others well under a millisecond.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) for RSA of other than 2048 to 8192 bits.
    pub fn generate(kind: KeyKind) -> Result<Self> {
        match (kind, kind.scheme()) {
            (_, Some(scheme)) => Self::new(Material::Scheme(scheme, scheme.generate())),
            (KeyKind::Rsa { bits }, None) => {
                let bits = usize::try_from(bits).ok().filter(|bits| rsa_bits().contains(bits));
                let key = bits.and_then(rsa::Private::generate).ok_or_else(unsupported)?;
                Self::new(Material::Rsa(key))
            }
            _ => Err(unsupported()),
        }
    }

    /// A key that is kept elsewhere, and used there. [`check`](Self::check) tries whether it is there and works.
    ///
    /// ```
    /// use bulla::{KeyKind, PrivateKey, PublicKey, RemoteKey};
    /// struct Locked(PublicKey); // a key that does nothing
    /// impl RemoteKey for Locked {
    ///     fn public(&self) -> PublicKey {
    ///         self.0.clone()
    ///     }
    /// }
    /// let public = PrivateKey::generate(KeyKind::P256)?.public().clone();
    /// let key = PrivateKey::remote(Locked(public))?;
    /// assert_eq!(key.sign_plain(b"message").unwrap_err().kind(), bulla::ErrorKind::Unsupported);
    /// # Ok::<(), bulla::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a key that is read only where old things are: RSA of less than 2048
    /// bits, DSA.
    pub fn remote(key: impl RemoteKey + 'static) -> Result<Self> {
        let public = PublicKey::from_der(key.public().as_der())?;
        Ok(PrivateKey { material: Material::Remote(Box::new(key)), public, ready: OnceLock::new() })
    }

    /// Makes the public half, and so checks the private one.
    pub(super) fn new(material: Material) -> Result<Self> {
        Ok(PrivateKey { public: material.public()?, material, ready: OnceLock::new() })
    }

    /// The secret, ready for use; `None` if it is no scalar or seed, or not here.
    pub(super) fn ready(&self) -> Option<&Ready> {
        let made = self.ready.get_or_init(|| match &self.material {
            Material::Scheme(scheme, secret) => Ready::new(*scheme, secret).map(Box::new),
            _ => None,
        });
        made.as_deref()
    }

    /// Reads the first private key of a PEM text: PKCS #8 (RFC 5958), plain or encrypted (RFC 8018, PBES2), PKCS #1
    /// (RFC 8017) or SEC 1 (RFC 5915). `ask` gives the passphrase, and is called only if one is needed.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if there is no key, or none whose parts agree;
    /// [`NoKeyFits`](crate::ErrorKind::NoKeyFits) if the passphrase is wrong;
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if trying it would take too much memory or work;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for other kinds of keys and for old encryption; what `ask` gives.
    pub fn from_pem(text: &str, ask: impl FnOnce() -> Result<Passphrase>) -> Result<Self> {
        let blocks = pem::blocks(text, |label| label.ends_with("PRIVATE KEY"))?;
        let block =
            blocks.first().ok_or_else(|| Error::malformed("private key", "there is none in the PEM"))?;
        match block.label.as_str() {
            "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => Self::from_der(&block.bytes, ask),
            "RSA PRIVATE KEY" => Self::new(pkcs8::from_pkcs1(&block.bytes)?),
            "EC PRIVATE KEY" => Self::new(pkcs8::from_sec1(&block.bytes, None)?),
            "OPENSSH PRIVATE KEY" => Err(Error::new(
                ErrorKind::Unsupported,
                "private key",
                "it is in OpenSSH's own form, which is read to open files only",
                "use it as an identity (decrypt -i), or make another key",
            )),
            _ => Err(unsupported()),
        }
    }

    /// Reads PKCS #8 in DER, plain or encrypted, PKCS #1 or SEC 1.
    ///
    /// # Errors
    /// Those of [`from_pem`](Self::from_pem).
    pub fn from_der(der: &[u8], ask: impl FnOnce() -> Result<Passphrase>) -> Result<Self> {
        Self::new(pkcs8::read(der, ask, KdfLimits::default())?)
    }

    /// The key in PEM, encrypted under a passphrase as other programs read it: PKCS #8, PBES2 with PBKDF2-HMAC-SHA-256
    /// (600 000 iterations) and AES-256-CBC (RFC 8018).
    ///
    /// The format has no authentication: a changed file may give an error of any kind, but no key that does not agree
    /// with itself.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a key that is kept elsewhere.
    pub fn to_pem(&self, passphrase: &Passphrase) -> Result<String> {
        pem::encode("ENCRYPTED PRIVATE KEY", &pkcs8::encrypt(&pkcs8::write(&self.material)?, passphrase)?)
    }

    /// The key in PEM, *not encrypted* (PKCS #8): whoever sees it can sign with it.
    ///
    /// # Errors
    /// Those of [`to_pem`](Self::to_pem).
    pub fn expose_pem(&self) -> Result<Zeroizing<String>> {
        pem::encode("PRIVATE KEY", &pkcs8::write(&self.material)?).map(Zeroizing::new)
    }

    /// PKCS #8, not encrypted.
    pub(crate) fn to_pkcs8(&self) -> Result<SecretVec> {
        pkcs8::write(&self.material)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its kind, and with RSA its size.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.public.kind()
    }

    /// Signs a message for a context, a few words that say what the signature is for.
    ///
    /// What is signed is 64 spaces, `bulla signature v1: `, the context, a NUL and the SHA-512 of the message: the
    /// construction of TLS 1.3 (RFC 8446 section 4.4.3).
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a context that is empty or has a NUL in it, and for a key that does not sign:
    /// X25519, ML-KEM.
    pub fn sign(&self, context: &str, message: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        self.make(&separated(context, &hash::sha512(&[message.as_ref()]))?)
    }

    /// [`sign`](Self::sign) for a stream, which is read to its end. The signature is the same as for its bytes.
    ///
    /// # Errors
    /// Those of [`sign`](Self::sign), and [`Io`](crate::ErrorKind::Io).
    ///
    /// ```
    /// use bulla::{KeyKind, PrivateKey};
    /// let key = PrivateKey::generate(KeyKind::MlDsa65)?;
    /// let signature = key.sign_stream("backup", &b"a large file"[..])?;
    /// assert_eq!(*key.public().verify_stream("backup", &b"a large file"[..], &signature)?.get(), 12);
    /// assert!(key.public().verify("backup", b"a large file", &signature).is_ok());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn sign_stream(&self, context: &str, from: impl Read) -> Result<Vec<u8>> {
        let (digest, _) = hash::sha512_stream(from)?;
        self.make(&separated(context, &digest)?)
    }

    /// Signs the message alone, without a context, as other programs do, RSA by PSS: see
    /// [`PublicKey::verify_plain`](crate::PublicKey::verify_plain).
    ///
    /// Nothing says what such a signature was made for: whoever gets you to sign a message of theirs can use the signature
    /// wherever the key is trusted.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the key cannot sign, and for a message that begins as what
    /// [`sign`](Self::sign) signs does: it would be a signature for a context.
    pub fn sign_plain(&self, message: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        let message = message.as_ref();
        if is_separated(message) {
            let why = "it begins as a signature of bulla's for a context does";
            return Err(Error::usage("message", why, "sign with a context: `sign`"));
        }
        self.make(message)
    }

    /// Signs what a [`RemoteKey`] is asked to, as it is asked to: for one that hands on to a `PrivateKey`, perhaps in
    /// another process. Whoever may ask can get anything signed.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the key does not sign so, or the algorithm is too weak.
    pub fn sign_as_asked(&self, what: &ToSign<'_>) -> Result<Vec<u8>> {
        self.sign_with(what.algorithm(), what.message())
    }

    fn make(&self, signed: &[u8]) -> Result<Vec<u8>> {
        self.sign_with(self.public.own_algorithm()?, signed)
    }

    /// How this key signs certificates: RSA by PKCS #1 v1.5, which every program can check.
    #[cfg(feature = "x509")]
    pub(crate) fn signature_algorithm(&self) -> Result<SignatureAlgorithm> {
        match self.kind() {
            KeyKind::Rsa { .. } => Ok(SignatureAlgorithm::RsaPkcs1(super::algorithm::Digest::Sha256)),
            _ => self.public.own_algorithm(),
        }
    }

    /// Signs as [`PublicKey::check_signature`] checks; never with a weak algorithm, nor with one of another key.
    pub(crate) fn sign_with(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>> {
        use SignatureAlgorithm::{Ecdsa, RsaPkcs1, RsaPss};
        let parts = &[message];
        let signature = match (&self.material, algorithm) {
            _ if algorithm.is_weak() => None,
            (Material::Remote(key), _) if self.public.can_sign_by(algorithm) => {
                return remote::sign(&**key, &self.public, algorithm, message);
            }
            (Material::Rsa(key), RsaPkcs1(hash)) => key.sign_pkcs1(hash, parts),
            (Material::Rsa(key), RsaPss { digest, salt }) => key.sign_pss(digest, salt, parts),
            (Material::Scheme(..), Ecdsa(hash)) => self.ready().and_then(|key| key.sign_ecdsa(hash, parts)),
            (Material::Scheme(scheme, _), _) if SignatureAlgorithm::of(*scheme) == Some(algorithm) => {
                self.ready().and_then(|key| key.sign(parts))
            }
            (Material::Expanded(scheme, secret), _) if SignatureAlgorithm::of(*scheme) == Some(algorithm) => {
                scheme.sign_expanded(secret, parts)
            }
            _ => None,
        };
        signature.ok_or_else(|| {
            Error::usage(
                "private key",
                format!("{} cannot sign by {algorithm}", self.kind()),
                "take another key",
            )
        })
    }
}
