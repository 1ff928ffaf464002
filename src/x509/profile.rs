//! What a certificate is issued for: the names it carries, what its key may do, how long it lasts.
use super::address::{EmailAddress, Host, ServerName, is_host};
use super::attribute::NameAttribute;
use super::general_name::GeneralName;
use super::name::Name;
use super::usage::{CLIENT_AUTH, EMAIL_PROTECTION, ExtendedKeyUsage, KeyUsage, OCSP_SIGNING, SERVER_AUTH};
use crate::encoding::oid::KnownOid;
use crate::error::{Error, Result};
use crate::keys::KeyKind;
use crate::limits::GENERAL_NAMES;

/// What a certificate is issued for, and whom it speaks for.
///
/// It decides the key usage, the extended key usage and the alternative names. None lets its key sign certificates.
///
/// ```
/// use bulla::x509::Profile;
/// let mail = Profile::email(&["bob@example.org".parse()?])?;
/// let web = Profile::tls_server(&["www.example.org", "*.example.net", "192.0.2.1"])?;
/// assert!(Profile::tls_server(&["http://www.example.org/"]).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    purpose: Purpose,
    names: Vec<GeneralName>,
    subject: Name,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Email,
    TlsServer,
    TlsClient,
    OcspResponder,
    /// A key that vouches for itself, for whatever whoever trusts it uses it.
    Itself,
}

impl Profile {
    /// Signed and encrypted mail of these addresses.
    ///
    /// An address with letters beyond ASCII before the `@` becomes a `SmtpUTF8Mailbox`, all others a `rfc822Name`
    /// (RFC 9598 section 3). The subject is the first address, unless [`Issue::subject`](super::Issue::subject) says
    /// otherwise.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is no address, or more than 4096.
    pub fn email(addresses: &[EmailAddress]) -> Result<Self> {
        let name = |address: &EmailAddress| {
            let text = address.to_string();
            if text.is_ascii() { GeneralName::Email(text) } else { GeneralName::SmtpUtf8(text) }
        };
        Self::named(Purpose::Email, addresses.iter().map(name).collect())
    }

    /// A server of TLS with these names: hosts, `*.` and a domain for all hosts just below it, or addresses.
    ///
    /// The subject is the first name, unless [`Issue::subject`](super::Issue::subject) says otherwise.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is no name, more than 4096, or one that is no host or address.
    pub fn tls_server(hosts: &[impl AsRef<str>]) -> Result<Self> {
        let names = hosts.iter().map(|host| server(host.as_ref())).collect::<Result<_>>()?;
        Self::named(Purpose::TlsServer, names)
    }

    /// A client of TLS that shows who it is by this name.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the name is empty.
    pub fn tls_client(name: &Name) -> Result<Self> {
        Self::subjected(Purpose::TlsClient, name)
    }

    /// One that answers for the issuer whether its certificates are revoked (RFC 6960 section 4.2.2.2).
    ///
    /// Nobody can look up whether *it* is revoked (`id-pkix-ocsp-nocheck`), so it lasts a month only.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the name is empty.
    pub fn ocsp_responder(name: &Name) -> Result<Self> {
        Self::subjected(Purpose::OcspResponder, name)
    }

    pub(super) fn itself(name: &Name) -> Result<Self> {
        Self::subjected(Purpose::Itself, name)
    }

    fn subjected(purpose: Purpose, name: &Name) -> Result<Self> {
        let profile = Profile { purpose, names: Vec::new(), subject: name.clone() };
        profile.check_subject(name)?;
        Ok(profile)
    }

    fn named(purpose: Purpose, mut names: Vec<GeneralName>) -> Result<Self> {
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.write()));
        let first = match names.first() {
            Some(_) if names.len() > GENERAL_NAMES => {
                return Err(Error::usage("certificate", "it has too many names", "issue several"));
            }
            Some(GeneralName::Ip(address)) => address.to_string(),
            Some(GeneralName::Email(text) | GeneralName::SmtpUtf8(text) | GeneralName::Dns(text)) => {
                text.clone()
            }
            _ => return Err(Error::usage("certificate", "it has no name", "say whom it shall speak for")),
        };
        // Longer than a common name may be: then the alternative names alone say it (RFC 5280 section 4.1.2.6).
        let subject = Name::new(&[(NameAttribute::CommonName, &first)]);
        Ok(Profile { purpose, names, subject: subject.or_else(|_| Name::new(&[]))? })
    }

    pub(super) fn subject(&self) -> &Name {
        &self.subject
    }

    pub(super) fn names(&self) -> &[GeneralName] {
        &self.names
    }

    pub(super) fn is_ocsp_responder(&self) -> bool {
        self.purpose == Purpose::OcspResponder
    }

    /// How long a certificate of this profile lasts if nobody says: docs/defaults.md has the reasons.
    pub(super) fn days(&self) -> u32 {
        match self.purpose {
            Purpose::Email => 730,
            Purpose::TlsServer => 90,
            Purpose::TlsClient | Purpose::Itself => 365,
            Purpose::OcspResponder => 30,
        }
    }

    /// What it is for; `None`: it does not say.
    pub(super) fn purpose(&self) -> Option<KnownOid> {
        Some(match self.purpose {
            Purpose::Email => EMAIL_PROTECTION,
            Purpose::TlsServer => SERVER_AUTH,
            Purpose::TlsClient => CLIENT_AUTH,
            Purpose::OcspResponder => OCSP_SIGNING,
            Purpose::Itself => return None,
        })
    }

    pub(super) fn extended_key_usage(&self) -> Option<ExtendedKeyUsage> {
        self.purpose().map(|purpose| ExtendedKeyUsage::of(&[purpose]))
    }

    /// What a key of this kind may do here.
    pub(super) fn key_usage(&self, kind: KeyKind) -> Result<KeyUsage> {
        match self.purpose {
            // RFC 8550 section 4.4.2, and RFC 9935 section 5 for ML-KEM.
            Purpose::Email | Purpose::Itself => Ok(abilities(kind)),
            // TLS of today only signs. But NSS takes no RSA server whose key may not encipher.
            Purpose::TlsServer if matches!(kind, KeyKind::Rsa { .. }) => Ok(abilities(kind)),
            Purpose::TlsServer | Purpose::TlsClient | Purpose::OcspResponder => signs(kind),
        }
    }

    /// Whether a subject says nothing that the alternative names do not.
    pub(super) fn check_subject(&self, subject: &Name) -> Result<()> {
        if subject.is_empty() && self.names.is_empty() {
            return Err(Error::usage("certificate", "its subject has no name", "write it like CN=Bob"));
        }
        for attribute in subject.attributes() {
            let text = attribute.text().unwrap_or_default();
            let claims = match attribute.kind() {
                // RFC 5280 section 4.1.2.6: addresses belong into the alternative names.
                NameAttribute::EmailAddress => true,
                // Old programs look for hosts and addresses there.
                NameAttribute::CommonName => match self.purpose {
                    Purpose::TlsServer => true,
                    Purpose::Email => text.contains('@'),
                    _ => false,
                },
                _ => false,
            };
            let named = self.names.iter().any(|name| match name {
                GeneralName::Email(name) | GeneralName::SmtpUtf8(name) | GeneralName::Dns(name) => {
                    *name == text
                }
                GeneralName::Ip(address) => address.to_string() == text,
                _ => false,
            });
            if claims && !named {
                return Err(Error::usage(
                    "certificate",
                    "its subject claims a name that the profile does not have",
                    format!(
                        "leave {attribute} out of the subject, or issue for it",
                        attribute = text.escape_debug()
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// What keys of a kind can do at all: RSA both, curves sign and agree (RFC 5753), others do one thing
/// (RFC 8410 section 5, RFC 9881 section 5, RFC 9935 section 5).
fn abilities(kind: KeyKind) -> KeyUsage {
    match kind {
        KeyKind::Rsa { .. } => KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT,
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => {
            KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_AGREEMENT
        }
        KeyKind::Dsa { .. } | KeyKind::Ed25519 | KeyKind::MlDsa44 | KeyKind::MlDsa65 | KeyKind::MlDsa87 => {
            KeyUsage::DIGITAL_SIGNATURE
        }
        KeyKind::X25519 => KeyUsage::KEY_AGREEMENT,
        KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => KeyUsage::KEY_ENCIPHERMENT,
    }
}

/// For what needs a key that signs.
pub(super) fn signs(kind: KeyKind) -> Result<KeyUsage> {
    if abilities(kind).allows(KeyUsage::DIGITAL_SIGNATURE) {
        return Ok(KeyUsage::DIGITAL_SIGNATURE);
    }
    let hint = "take a key that signs: RSA, P-256, Ed25519, ML-DSA; keys for encryption are for e-mail";
    Err(Error::usage("certificate", format!("a key of kind {kind} cannot sign"), hint))
}

/// A host, a wildcard or an address as a TLS server's name.
fn server(text: &str) -> Result<GeneralName> {
    if let Some(domain) = text.strip_prefix("*.") {
        // One label is all hosts of a top level domain; what ends in digits is no name.
        let is_name = domain.parse().is_ok_and(|host: ServerName| matches!(host.0, Host::Dns(_)));
        let sound = domain.contains('.') && is_host(domain) && is_name;
        let name = GeneralName::Dns(text.to_ascii_lowercase());
        let hint = "write it like *.example.org";
        return sound
            .then_some(name)
            .ok_or_else(|| Error::usage("host name", "the wildcard covers none", hint));
    }
    let host: ServerName = text.parse()?;
    let text = host.to_string();
    Ok(text.parse().map_or_else(|_| GeneralName::Dns(text.clone()), GeneralName::Ip))
}
