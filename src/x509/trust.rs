//! Whom one trusts to issue certificates: from PEM, a directory, the system or Mozilla; never nobody.
#[cfg(feature = "tls")]
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::{fmt, fs, io};

use super::certificate::Certificate;
use super::extension;
use super::name::{Name, NameKey};
use super::name_constraints::NameConstraints;
use super::usage::KeyUsage;
use crate::error::{Error, Result};
use crate::limits::{ANCHOR_FILE_BYTES, ANCHORS};
#[cfg(feature = "tls")]
use crate::primitives::hash;

/// Those whom one trusts to issue certificates. There is always at least one.
///
/// A certificate that is no CA's may be among them: it then vouches for itself alone.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let pem = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?.to_pem();
/// use bulla::x509::TrustAnchors;
/// let anchors = TrustAnchors::from_pem(&pem)?;
/// assert_eq!(anchors.len(), 1);
/// assert!(TrustAnchors::from_pem("").is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct TrustAnchors {
    anchors: Vec<Anchor>,
    /// Places in `anchors`.
    by_name: HashMap<NameKey, Vec<usize>>,
}

/// A name and its key (RFC 5280 section 6.1.1 (d)), and what the anchor may certify.
#[derive(Clone)]
pub(super) struct Anchor {
    pub(super) subject: Name,
    pub(super) public_key_info: Vec<u8>,
    pub(super) constraints: Option<NameConstraints>,
    /// How many CAs may follow it; `None`: any number.
    pub(super) path_length: Option<u32>,
    /// Where it came as a certificate: Mozilla's list has names and keys alone.
    pub(super) certificate: Option<Certificate>,
    /// Whether it may issue: a certificate that says it is no CA's may not.
    pub(super) issues: bool,
}

impl TrustAnchors {
    /// All certificates of a PEM text.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if one is not sound or there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::new(Certificate::all_from_pem(text)?)
    }

    /// These certificates.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is none, [`Malformed`](crate::ErrorKind::Malformed) if one's constraints cannot be
    /// read: what they forbid would be allowed.
    pub fn new(certificates: impl IntoIterator<Item = Certificate>) -> Result<Self> {
        let anchors: Vec<Anchor> = certificates.into_iter().map(Anchor::of).collect::<Result<_>>()?;
        Self::of(anchors)
    }

    fn of(anchors: Vec<Anchor>) -> Result<Self> {
        if anchors.is_empty() {
            let hint = "give at least one certificate of somebody who is trusted";
            return Err(Error::usage("trust anchors", "there is none", hint));
        }
        if anchors.len() > ANCHORS {
            return Err(Error::over_limit("trust anchors", "there are over 4096", "trust fewer"));
        }
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, anchor) in anchors.iter().enumerate() {
            by_name.entry(anchor.subject.key()).or_default().push(at);
        }
        Ok(TrustAnchors { anchors, by_name })
    }

    /// All certificates of the files of a directory that end in `.pem`, `.crt` or `.cer`, PEM or DER. Files that are no
    /// certificate, and folders, are passed over.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io), [`Usage`](crate::ErrorKind::Usage) if there is none.
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |error: io::Error| Error::io(path.display().to_string(), error);
        let mut certificates = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let named = file.extension().and_then(|end| end.to_str());
            if named.is_some_and(|end| ["pem", "crt", "cer"].contains(&end)) && file.is_file() {
                let mut bytes = Vec::new();
                fs::File::open(&file)
                    .and_then(|file| file.take(ANCHOR_FILE_BYTES).read_to_end(&mut bytes))
                    .map_err(|error| Error::io(file.display().to_string(), error))?;
                certificates.extend(certificates_of(&bytes).unwrap_or_default());
            }
        }
        Self::new(certificates)
    }

    /// Those whom the system trusts. Certificates of the store that bulla cannot read are passed over.
    ///
    /// Where the environment has `SSL_CERT_FILE` or `SSL_CERT_DIR`, what they name stands in the place of the system's store,
    /// as it does for OpenSSL.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) if the system's store cannot be read, [`Usage`](crate::ErrorKind::Usage) if it is empty.
    #[cfg(feature = "system-roots")]
    pub fn system() -> Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        let anchors: Vec<Anchor> = found
            .certs
            .iter()
            .filter_map(|der| Certificate::from_der(der).and_then(Anchor::of).ok())
            .collect();
        match found.errors.first() {
            Some(error) if anchors.is_empty() => {
                Err(Error::io("the system's trust store", io::Error::other(error.to_string())))
            }
            _ => Self::of(anchors),
        }
    }

    /// Those whom Mozilla trusts for web servers, as the crate webpki-roots has them. Not for mail: that list is another.
    ///
    /// # Errors
    /// None in practice: the list is part of the program.
    #[cfg(feature = "mozilla-roots")]
    pub fn mozilla() -> Result<Self> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter();
        let anchors = roots.map(|root| {
            Anchor::of_fields(&root.subject, &root.subject_public_key_info, root.name_constraints.as_deref())
        });
        Self::of(anchors.collect::<Result<_>>()?)
    }

    /// These and those.
    ///
    /// # Errors
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if they are over 4096.
    pub fn and(self, others: &TrustAnchors) -> Result<Self> {
        Self::of(self.anchors.into_iter().chain(others.anchors.iter().cloned()).collect())
    }

    /// How many there are: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Their names in DER: who asks for certificates of theirs tells of them.
    #[cfg(feature = "tls")]
    pub(crate) fn names(&self) -> impl Iterator<Item = Vec<u8>> {
        self.anchors.iter().map(|anchor| anchor.subject.as_der().to_vec())
    }

    /// A digest of them all, whatever their order: a directory is read in another one on each host.
    #[cfg(feature = "tls")]
    pub(crate) fn digest(&self) -> [u8; 32] {
        let one = |anchor: &Anchor| {
            let certificate = anchor.certificate.as_ref().map_or(&[][..], Certificate::as_der);
            [anchor.subject.as_der(), &anchor.public_key_info, certificate].map(hash::sha256).concat()
        };
        let digests: BTreeSet<Vec<u8>> = self.anchors.iter().map(one).collect();
        hash::sha256(&digests.into_iter().flatten().collect::<Vec<u8>>())
    }

    /// Those that have this name and may issue.
    pub(super) fn issuers<'a>(&'a self, name: &NameKey) -> impl Iterator<Item = &'a Anchor> {
        let places = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.anchors.get(*at)).filter(|anchor| anchor.issues)
    }

    /// The one that is this very certificate.
    pub(super) fn itself(&self, certificate: &Certificate) -> Option<&Anchor> {
        self.anchors.iter().find(|anchor| anchor.certificate.as_ref() == Some(certificate))
    }
}

/// The certificates of a file, PEM or DER.
fn certificates_of(bytes: &[u8]) -> Result<Vec<Certificate>> {
    match str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN ") => Certificate::all_from_pem(text),
        _ => Ok(vec![Certificate::from_der(bytes)?]),
    }
}

impl Anchor {
    fn of(certificate: Certificate) -> Result<Self> {
        let constraints = certificate.read(&extension::NAME_CONSTRAINTS, NameConstraints::read)?;
        let basic = certificate.basic_constraints()?;
        let usage = certificate.key_usage()?;
        let signs = usage.is_none_or(|usage| usage.allows(KeyUsage::CERTIFICATE_SIGN));
        let issues = match basic {
            Some(constraints) => constraints.is_ca && signs,
            // Roots of versions that had no extensions, and those that say it by the key usage alone. Nobody's leaf:
            // version 3 without basicConstraints is no CA's (RFC 5280 section 4.2.1.9).
            None => certificate.is_self_issued() && signs && (certificate.version() < 3 || usage.is_some()),
        };
        Ok(Anchor {
            subject: certificate.subject(),
            public_key_info: certificate.public_key_info().to_vec(),
            constraints,
            path_length: basic.and_then(|constraints| constraints.path_length),
            certificate: Some(certificate),
            issues,
        })
    }

    /// Subject, key and constraints without their outermost tag and length, as webpki has them.
    #[cfg(feature = "mozilla-roots")]
    fn of_fields(subject: &[u8], key: &[u8], constraints: Option<&[u8]>) -> Result<Self> {
        use crate::encoding::tlv;
        let unsound = |tlv::Unsound| Error::malformed("trust anchor", "its constraints are not sound");
        let read = |inside: &[u8]| NameConstraints::read(&tlv::sequence(&[inside])).map_err(unsound);
        Ok(Anchor {
            subject: Name::from_der(&tlv::sequence(&[subject]))?,
            public_key_info: tlv::sequence(&[key]),
            constraints: constraints.map(read).transpose()?,
            path_length: None,
            certificate: None,
            issues: true,
        })
    }
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.anchors.iter().map(|anchor| &anchor.subject)).finish()
    }
}
