//! A PKCS #12 file as a whole: its MAC first, then what is in it.
use super::bags::{self, Bags, Pkcs12Certificate, Pkcs12Key};
use super::builder::Pkcs12Builder;
use super::mac::Mac;
use super::password;
use super::syntax::{Content, WHAT, to_der, unsound, unsupported};
use crate::encoding::tlv::{self, INTEGER, SEQUENCE};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::work::Budget;
use crate::keys::{KdfLimits, Passphrase};
use crate::secret::opaque_debug;
use crate::x509::credential::Credential;

/// What a PKCS #12 file (`.p12`, `.pfx`) holds: private keys, their certificates, and those of CAs.
///
/// Its MAC is always checked, with the passphrase, before anything inside is looked at. Whoever knows the passphrase can
/// have made it: nothing here says that a certificate is to be trusted.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let certificate = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?;
/// use bulla::Passphrase;
/// use bulla::x509::Pkcs12;
/// let passphrase = Passphrase::new("correct horse battery staple")?;
/// let bytes = Pkcs12::builder().key("Bob", &key)?.certificate(&certificate).to_der(&passphrase)?;
///
/// let file = Pkcs12::read(&bytes, Some(&passphrase))?;
/// let entry = &file.keys()[0];
/// assert_eq!(entry.name(), Some("Bob"));
/// assert_eq!(entry.key()?.public(), key.public());
/// assert_eq!(file.certificate_of(entry).unwrap().as_der(), certificate.as_der());
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Pkcs12 {
    bags: Bags,
}

opaque_debug! {
    [] Pkcs12 = "Pkcs12";
}

impl Pkcs12 {
    /// Reads a file in DER or BER. Without a passphrase, as Java's trust stores often are, `None`; an empty one and none at
    /// all are told apart by some programs, so both are tried.
    ///
    /// It reads what the programs of today write: AES in PBES2 (RFC 8018), and nothing encrypted at all; a MAC by HMAC
    /// (RFC 7292 appendix B) or PBMAC1 (RFC 9579), with SHA-224 or better.
    ///
    /// # Errors
    /// [`NoKeyFits`](ErrorKind::NoKeyFits) if the passphrase is wrong or the file was changed;
    /// [`Unauthentic`](ErrorKind::Unauthentic) if it has no MAC that could tell;
    /// [`OverLimit`](ErrorKind::OverLimit) if trying would take too much work or memory, or it is over 16 MiB;
    /// [`Unsupported`](ErrorKind::Unsupported) if it is encrypted with RC2 or triple DES or its MAC is of SHA-1 (see
    /// [`read_legacy`](Self::read_legacy)), or to a key; [`Malformed`](ErrorKind::Malformed) if it is none.
    pub fn read(bytes: &[u8], passphrase: Option<&Passphrase>) -> Result<Self> {
        Self::read_with(bytes, passphrase, false)
    }

    /// [`read`](Self::read) for old files, encrypted with RC2 or triple DES, which whoever got hold of one may have read, or
    /// with a MAC of SHA-1, as OpenSSL wrote it until 3.0.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_legacy(bytes: &[u8], passphrase: Option<&Passphrase>) -> Result<Self> {
        Self::read_with(bytes, passphrase, true)
    }

    fn read_with(bytes: &[u8], passphrase: Option<&Passphrase>, legacy: bool) -> Result<Self> {
        let der = to_der(bytes)?;
        // PFX (RFC 7292 section 4).
        let mut pfx = tlv::only(&der, SEQUENCE).map_err(unsound)?.inside();
        if pfx.expect(INTEGER).and_then(|version| version.small()).map_err(unsound)? != 3 {
            return Err(unsupported("its version is not 3", "export it again"));
        }
        let Content::Data(content) = Content::read(&mut pfx)? else { return Err(unsound(tlv::Unsound)) };
        if pfx.is_done() {
            return Err(Error::new(
                ErrorKind::Unauthentic,
                WHAT,
                "it has no MAC, so nothing tells whether it was changed",
                "do not use it; export it again under a passphrase, with a MAC",
            ));
        }
        let mac = Mac::read(&mut pfx)?;
        pfx.end().map_err(unsound)?;
        if mac.is_old() && !legacy {
            let hint = "export it again, or read it as the old file it is (read_legacy, --legacy)";
            return Err(unsupported("its MAC is made with SHA-1", hint));
        }
        let mut budget = Budget::new(KdfLimits::default());
        let text = mac.verify(content, password::texts(passphrase), &mut budget)?;
        Ok(Pkcs12 { bags: bags::read(content, &text, legacy, &mut budget)? })
    }

    /// Makes a new file.
    pub fn builder() -> Pkcs12Builder {
        Pkcs12Builder::new()
    }

    /// The private keys, in their order.
    #[must_use]
    pub fn keys(&self) -> &[Pkcs12Key] {
        &self.bags.keys
    }

    /// The X.509 certificates, in their order: of the keys, and of CAs.
    #[must_use]
    pub fn certificates(&self) -> &[Pkcs12Certificate] {
        &self.bags.certificates
    }

    /// How many other things are in it: CRLs, secrets, and what bulla does not know.
    #[must_use]
    pub fn others(&self) -> usize {
        self.bags.others
    }

    /// The certificate that speaks about a key: it has the same public key. `None` if there is none, or the key is of a
    /// kind that bulla does not use.
    #[must_use]
    pub fn certificate_of(&self, key: &Pkcs12Key) -> Option<&Pkcs12Certificate> {
        let key = key.key().ok()?;
        // Not by localKeyId: that is what a program wrote, this is what is.
        self.certificates().iter().find(|certificate| {
            certificate
                .certificate()
                .and_then(|found| found.public_key())
                .is_ok_and(|found| found == *key.public())
        })
    }

    /// The key, its certificate and the chain above it, of a file that holds one key. What else is in the file is passed
    /// over.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage) if there is no key, or several, or no certificate for it; those of
    /// [`Pkcs12Key::key`].
    pub fn credential(&self) -> Result<Credential> {
        match self.keys() {
            [key] => self.credential_of(key),
            [] => Err(Error::usage(WHAT, "there is no private key in it", "export it again, with its key")),
            _ => Err(Error::usage(WHAT, "there are several private keys in it", "choose one of its keys")),
        }
    }

    /// One of the keys, its certificate and the chain above it.
    ///
    /// # Errors
    /// Those of [`credential`](Self::credential).
    pub fn credential_of(&self, key: &Pkcs12Key) -> Result<Credential> {
        let certificates = self.certificates().iter().filter_map(|one| one.certificate().ok());
        Credential::gather(key.key()?, certificates).map(|(credential, _)| credential)
    }
}
