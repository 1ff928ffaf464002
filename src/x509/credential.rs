//! A private key with its certificate and those that lead up from it, checked to fit each other.
use super::certificate::Certificate;
use crate::error::{Error, Result};
use crate::keys::{Passphrase, PrivateKey, PublicKey};
use crate::limits::CREDENTIAL_CHAIN;
use crate::secret::opaque_debug;

/// A private key, its certificate, and the chain above it.
///
/// That they fit is checked when it is made: the first certificate is the key's, each next one's key signed the one
/// before. Whether anybody trusts the last is another question, which [`Validation`](super::Validation) answers.
///
/// ```
/// use bulla::x509::{Authority, Credential};
/// use bulla::{KeyKind, Passphrase, PrivateKey};
/// let root = Authority::root(&"CN=Example Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let certificate = root.email(key.public(), &["bob@example.org".parse()?])?.sign()?;
/// // In any order:
/// let bob = Credential::new(key, [root.certificate().clone(), certificate])?;
/// assert_eq!(bob.certificate().subject(), "CN=bob@example.org".parse()?);
/// assert_eq!(bob.chain().len(), 2);
/// // The wrong key:
/// assert!(Credential::new(PrivateKey::generate(KeyKind::P256)?, bob.chain().to_vec()).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Credential {
    key: PrivateKey,
    /// The key's own certificate first. Never empty.
    chain: Vec<Certificate>,
    certificate: Certificate,
}

opaque_debug! {
    [] Credential = "Credential";
}

impl Credential {
    /// A key and certificates in any order: its own, and others up to a root, which need not be there.
    ///
    /// A certificate that does not belong to the chain is refused, and not passed over: it is most often a sign of the
    /// wrong file, and would go out with every message.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if none of the certificates is the key's, or one is not of its chain; the
    /// error names it.
    pub fn new(key: PrivateKey, certificates: impl IntoIterator<Item = Certificate>) -> Result<Self> {
        let (credential, others) = Self::gather(key, certificates)?;
        match others.first() {
            None => Ok(credential),
            Some(other) => {
                let why = format!("a certificate does not belong to its chain: that of {}", other.subject());
                Err(Error::usage("credential", why, "leave it out"))
            }
        }
    }

    /// Reads certificates and the key from PEM, in one text or two (then give `certificates` and `key` their own).
    /// `ask` gives the key's passphrase, and is called only if one is needed.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), [`Certificate::all_from_pem`] and [`PrivateKey::from_pem`].
    pub fn from_pem(certificates: &str, key: &str, ask: impl FnOnce() -> Result<Passphrase>) -> Result<Self> {
        let certificates = Certificate::all_from_pem(certificates)?;
        Self::new(PrivateKey::from_pem(key, ask)?, certificates)
    }

    /// As [`new`](Self::new), and gives back what does not belong to the chain.
    pub(super) fn gather(
        key: PrivateKey,
        certificates: impl IntoIterator<Item = Certificate>,
    ) -> Result<(Self, Vec<Certificate>)> {
        let mut others: Vec<Certificate> = Vec::new();
        for certificate in certificates {
            if !others.contains(&certificate) {
                others.push(certificate);
            }
            if others.len() > CREDENTIAL_CHAIN {
                return Err(Error::over_limit(
                    "credential",
                    "it has over 64 certificates",
                    "give its chain alone",
                ));
            }
        }
        let is_own =
            |certificate: &Certificate| certificate.public_key().is_ok_and(|own| own == *key.public());
        let own = others.iter().position(is_own).ok_or_else(|| {
            let why = "no certificate is for the private key";
            Error::usage("credential", why, "give the certificate that was issued for this key")
        })?;
        let certificate = others.remove(own);
        let mut chain = vec![certificate.clone()];
        while let Some(last) = chain.last().filter(|last| !is_root(last)) {
            let Some(next) = others.iter().position(|issuer| has_signed(issuer, last)) else { break };
            chain.push(others.remove(next));
        }
        Ok((Credential { key, chain, certificate }, others))
    }

    /// The key's own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key's own certificate, the one that signed it, and so on.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The private key, alone.
    #[must_use]
    pub fn into_key(self) -> PrivateKey {
        self.key
    }
}

fn is_root(certificate: &Certificate) -> bool {
    certificate.is_self_issued() && has_signed(certificate, certificate)
}

/// Whether one certificate's key signed another that names it. Old algorithms count: this is order, not trust.
fn has_signed(issuer: &Certificate, certificate: &Certificate) -> bool {
    let signed = || {
        let key = PublicKey::from_der_weak(issuer.public_key_info())?;
        let algorithm = certificate.signature_algorithm()?;
        key.check_signature(algorithm, certificate.as_signed(), certificate.signature())
    };
    issuer.subject() == certificate.issuer() && signed().is_ok()
}
