//! What this side shows: certificates with their keys, by the name that is asked for, replaced while connections go on.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm as Algorithm, SignatureScheme};

use crate::error::{Error, ErrorKind, Result};
use crate::keys::{Digest, KeyKind, PrivateKey, SignatureAlgorithm};
use crate::limits::TLS_NAMES;
use crate::primitives::tls;
use crate::secret::opaque_debug;
use crate::x509::{Credential, GeneralName, OcspResponse};

/// What one side of a connection shows of itself: certificates with their keys, or a bare key.
///
/// All clones are one thing: what [`replace`](Self::replace) puts in its place counts for every connection that begins later,
/// wherever a clone is in use, and connections that there are go on. So a key that was unlocked once serves all.
///
/// ```
/// use bulla::tls::Credentials;
/// # use bulla::{KeyKind, PrivateKey, x509::{Authority, Credential}};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let issue = |name: &str| {
/// #     let key = PrivateKey::generate(KeyKind::P256)?;
/// #     let certificate = root.tls_server(key.public(), &[name])?.sign()?;
/// #     Credential::new(key, [certificate])
/// # };
/// let ours = Credentials::new([issue("www.example.org")?, issue("mail.example.org")?])?;
/// // A year later:
/// ours.replace([issue("www.example.org")?, issue("mail.example.org")?])?;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    shown: Arc<ArcSwap<Shown>>,
    bare: bool,
}

opaque_debug! {
    [] Credentials = "Credentials";
    [] Kept = "Kept";
}

/// Never empty: there is a first.
struct Shown {
    all: Vec<Arc<CertifiedKey>>,
    /// Places in `all` by the names of hosts, wildcards with their `*`.
    by_name: HashMap<String, Vec<usize>>,
}

impl Credentials {
    /// Shows the first of them, and to clients that ask for a host by name the first that has a certificate for it, with a key
    /// that the client can check signatures of.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is none, [`Unsupported`](crate::ErrorKind::Unsupported) for keys that TLS has
    /// no signatures of (ML-DSA, X25519), [`OverLimit`](crate::ErrorKind::OverLimit) for over 100 000 names.
    pub fn new<C: Into<Arc<Credential>>>(credentials: impl IntoIterator<Item = C>) -> Result<Self> {
        let shown = Shown::of(credentials)?;
        Ok(Credentials { shown: Arc::new(ArcSwap::from_pointee(shown)), bare: false })
    }

    /// Shows this key without a certificate (raw public keys, RFC 7250), to peers that know it beforehand:
    /// [`KnownKeys::bare`](super::KnownKeys::bare).
    ///
    /// # Errors
    /// As those of [`new`](Self::new).
    pub fn bare(key: impl Into<Arc<PrivateKey>>) -> Result<Self> {
        let shown = Shown::of_key(key.into())?;
        Ok(Credentials { shown: Arc::new(ArcSwap::from_pointee(shown)), bare: true })
    }

    /// Shows these instead from now on. Stapled responses are to be given again.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), after which nothing has changed; [`Usage`](crate::ErrorKind::Usage) if it is a bare key that
    /// is shown.
    pub fn replace<C: Into<Arc<Credential>>>(&self, credentials: impl IntoIterator<Item = C>) -> Result<()> {
        if self.bare {
            return Err(mixed());
        }
        self.shown.store(Arc::new(Shown::of(credentials)?));
        Ok(())
    }

    /// Shows this bare key instead from now on.
    ///
    /// # Errors
    /// Those of [`bare`](Self::bare), after which nothing has changed; [`Usage`](crate::ErrorKind::Usage) if it is certificates
    /// that are shown.
    pub fn replace_bare(&self, key: impl Into<Arc<PrivateKey>>) -> Result<()> {
        if !self.bare {
            return Err(mixed());
        }
        self.shown.store(Arc::new(Shown::of_key(key.into())?));
        Ok(())
    }

    /// Sends an OCSP response along with the certificate that it is about, in the place of the one before (RFC 6066 section 8). A
    /// server gets one of its CA now and then, and gives it here.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if it is about none of the certificates that are shown.
    pub fn staple(&self, response: &OcspResponse) -> Result<()> {
        let about: Vec<_> = response.answers().filter_map(|answer| Some(answer.ok()?.serial)).collect();
        let mut found = false;
        self.shown.rcu(|shown| {
            found = false;
            let all = shown.all.iter().map(|one| {
                let serial = one.end_entity_cert().ok().and_then(|der| serial_of(der));
                match serial {
                    Some(serial) if about.contains(&serial) => {
                        found = true;
                        let mut one = CertifiedKey::clone(one);
                        one.ocsp = Some(response.as_der().to_vec());
                        Arc::new(one)
                    }
                    _ => Arc::clone(one),
                }
            });
            Shown { all: all.collect(), by_name: shown.by_name.clone() }
        });
        if found {
            return Ok(());
        }
        let why = "it is about none of the certificates that are shown";
        Err(Error::usage("OCSP response", why, "ask the CA about the certificate in use"))
    }

    pub(super) fn resolver(&self) -> Arc<Resolver> {
        Arc::new(Resolver { shown: Arc::clone(&self.shown), bare: self.bare })
    }
}

fn serial_of(der: &CertificateDer<'_>) -> Option<crate::x509::Serial> {
    crate::x509::Certificate::from_der(der).ok().map(|certificate| certificate.serial())
}

fn mixed() -> Error {
    let why = "certificates and bare keys do not take each other's place";
    Error::usage("credentials", why, "begin with new ones, and a new client or server")
}

impl Shown {
    fn of<C: Into<Arc<Credential>>>(credentials: impl IntoIterator<Item = C>) -> Result<Self> {
        let (mut all, mut by_name) = (Vec::new(), HashMap::<String, Vec<usize>>::new());
        for credential in credentials {
            let credential: Arc<Credential> = credential.into();
            for name in credential.certificate().alternative_names()? {
                if let GeneralName::Dns(name) = name {
                    by_name.entry(name.to_ascii_lowercase()).or_default().push(all.len());
                }
            }
            if by_name.len() > TLS_NAMES {
                return Err(Error::over_limit("credentials", "they have over 100 000 names", "show fewer"));
            }
            let chain = credential.chain().iter().map(|one| CertificateDer::from(one.as_der().to_vec()));
            let chain = chain.collect();
            all.push(Arc::new(CertifiedKey::new(chain, signing_key(Kept::InCredential(credential))?)));
        }
        if all.is_empty() {
            return Err(Error::usage("credentials", "there is none", "give a certificate with its key"));
        }
        Ok(Shown { all, by_name })
    }

    fn of_key(key: Arc<PrivateKey>) -> Result<Self> {
        let shown = vec![CertificateDer::from(key.public().as_der().to_vec())];
        let one = CertifiedKey::new(shown, signing_key(Kept::Bare(key))?);
        Ok(Shown { all: vec![Arc::new(one)], by_name: HashMap::new() })
    }

    /// The first for that name whose signatures the peer can check.
    fn find(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = |one: &&Arc<CertifiedKey>| one.key.choose_scheme(schemes).is_some();
        let named = name.and_then(|name| {
            let wild = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
            let exact = self.by_name.get(name).into_iter().flatten();
            let wild = wild.and_then(|wild| self.by_name.get(&wild)).into_iter().flatten();
            exact.chain(wild).filter_map(|place| self.all.get(*place)).find(fits)
        });
        // Who asks for a name that nobody here has will see so in the certificate.
        named.or_else(|| self.all.iter().find(fits)).cloned()
    }
}

/// As rustls asks for what is to be shown.
pub(super) struct Resolver {
    shown: Arc<ArcSwap<Shown>>,
    bare: bool,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.load();
        if let [only] = &shown.all[..] {
            return Some(Arc::clone(only));
        }
        let name = hello.server_name().map(str::to_ascii_lowercase);
        // Where none fits, rustls finds so with the first, and says what is missing: without any it would say "access denied".
        shown.find(name.as_deref(), hello.signature_schemes()).or_else(|| shown.all.first().cloned())
    }

    fn only_raw_public_keys(&self) -> bool {
        self.bare
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.shown.load().find(None, schemes)
    }

    fn only_raw_public_keys(&self) -> bool {
        self.bare
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A key, with whom it is kept.
#[derive(Clone)]
enum Kept {
    InCredential(Arc<Credential>),
    Bare(Arc<PrivateKey>),
}

impl Kept {
    fn key(&self) -> &PrivateKey {
        match self {
            Kept::InCredential(credential) => credential.key(),
            Kept::Bare(key) => key,
        }
    }
}

/// The key as rustls uses it: by AWS-LC where it is here, and by itself where it is kept elsewhere.
fn signing_key(kept: Kept) -> Result<Arc<dyn SigningKey>> {
    let schemes = schemes(kept.key().kind());
    if schemes.is_empty() {
        let why = format!("TLS has no signatures of {} here", kept.key().kind());
        return Err(Error::new(
            ErrorKind::Unsupported,
            "credentials",
            why,
            "take a key of P-256, P-384, P-521, Ed25519 or RSA",
        ));
    }
    match kept.key().to_pkcs8().ok().as_ref().and_then(tls::signing_key) {
        Some(key) => Ok(key),
        None => Ok(Arc::new(Elsewhere { kept, schemes })),
    }
}

/// The signatures that a kind of keys makes (RFC 8446 section 4.2.3), best first. PKCS #1 v1.5 is for TLS 1.2 alone.
fn schemes(kind: KeyKind) -> &'static [(SignatureScheme, SignatureAlgorithm)] {
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    use SignatureScheme as S;
    match kind {
        KeyKind::P256 => &[(S::ECDSA_NISTP256_SHA256, Ecdsa(Digest::Sha256))],
        KeyKind::P384 => &[(S::ECDSA_NISTP384_SHA384, Ecdsa(Digest::Sha384))],
        KeyKind::P521 => &[(S::ECDSA_NISTP521_SHA512, Ecdsa(Digest::Sha512))],
        KeyKind::Ed25519 => &[(S::ED25519, Ed25519)],
        KeyKind::Rsa { .. } => &[
            (S::RSA_PSS_SHA256, RsaPss { digest: Digest::Sha256, salt: 32 }),
            (S::RSA_PSS_SHA384, RsaPss { digest: Digest::Sha384, salt: 48 }),
            (S::RSA_PSS_SHA512, RsaPss { digest: Digest::Sha512, salt: 64 }),
            (S::RSA_PKCS1_SHA256, RsaPkcs1(Digest::Sha256)),
            (S::RSA_PKCS1_SHA384, RsaPkcs1(Digest::Sha384)),
            (S::RSA_PKCS1_SHA512, RsaPkcs1(Digest::Sha512)),
        ],
        _ => &[],
    }
}

type Scheme = (SignatureScheme, SignatureAlgorithm);

/// A key on a token, or with a service, that signs when it is asked to.
#[derive(Debug)]
struct Elsewhere {
    kept: Kept,
    schemes: &'static [Scheme],
}

impl SigningKey for Elsewhere {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self.schemes.iter().find(|(scheme, _)| offered.contains(scheme))?;
        Some(Box::new(ElsewhereBy { kept: self.kept.clone(), scheme }))
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(self.kept.key().public().as_der()))
    }

    fn algorithm(&self) -> Algorithm {
        match self.kept.key().kind() {
            KeyKind::Rsa { .. } => Algorithm::RSA,
            KeyKind::Ed25519 => Algorithm::ED25519,
            _ => Algorithm::ECDSA,
        }
    }
}

#[derive(Debug)]
struct ElsewhereBy {
    kept: Kept,
    scheme: &'static Scheme,
}

impl Signer for ElsewhereBy {
    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, rustls::Error> {
        let signed = self.kept.key().sign_with(self.scheme.1, message);
        signed.map_err(|error| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme.0
    }
}
