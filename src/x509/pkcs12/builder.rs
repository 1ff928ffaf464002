//! New PKCS #12 files: AES-256 under PBKDF2, and a MAC that every reader can check.
use der::Encode;
use spki::ObjectIdentifier;

use super::bags::{CERTIFICATE, FRIENDLY_NAME, LOCAL_KEY_ID, SHROUDED_KEY, TRUSTED_KEY_USAGE, X509};
use super::mac;
use super::password::Text;
use super::syntax::{DATA, ENCRYPTED_DATA, WHAT, unsound};
use crate::encoding::tlv::{self, BMP_STRING, OCTET_STRING, OID, SET};
use crate::error::{Error, Result};
use crate::keys::{KdfCost, Passphrase, PrivateKey, PublicKey, pbes2};
use crate::limits::PBKDF2_MAX_ITERATIONS;
use crate::primitives::hash;
use crate::secret::{SecretVec, opaque_debug};
use crate::x509::certificate::Certificate;
use crate::x509::credential::Credential;
use crate::x509::usage::ANY_PURPOSE;

/// Makes a PKCS #12 file. See [`Pkcs12`](super::Pkcs12).
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let certificate = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?;
/// # let ca = certificate.clone();
/// use bulla::Passphrase;
/// use bulla::x509::Pkcs12;
/// let bytes = Pkcs12::builder()
///     .key("Bob's key", &key)?
///     .certificate(&certificate)              // tied to the key, because it speaks about it
///     .certificate_named("Our CA", &ca)
///     .to_der(&Passphrase::new("correct horse battery staple")?)?;
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct Pkcs12Builder {
    keys: Vec<Key>,
    certificates: Vec<Entry>,
    pbmac1: bool,
}

struct Entry {
    name: Option<String>,
    certificate: Certificate,
    trusted: bool,
}

struct Key {
    name: String,
    pkcs8: SecretVec,
    public: PublicKey,
}

opaque_debug! {
    [] Pkcs12Builder = "Pkcs12Builder";
}

impl Pkcs12Builder {
    pub(super) fn new() -> Self {
        Pkcs12Builder { keys: Vec::new(), certificates: Vec::new(), pbmac1: false }
    }

    /// Adds a private key under a name that people will see: Java's *alias*, NSS's *nickname*. It may be empty.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the key is there already, or cannot be written.
    pub fn key(mut self, name: &str, key: &PrivateKey) -> Result<Self> {
        let public = key.public().clone();
        if self.keys.iter().any(|known| known.public == public) {
            return Err(Error::usage(WHAT, "the same key is given twice", "give it once"));
        }
        self.keys.push(Key { name: name.to_owned(), pkcs8: key.to_pkcs8()?, public });
        Ok(self)
    }

    /// Adds a key, its certificate and the chain above it.
    ///
    /// # Errors
    /// Those of [`key`](Self::key).
    pub fn credential(self, name: &str, credential: &Credential) -> Result<Self> {
        let builder = self.key(name, credential.key())?;
        Ok(credential.chain().iter().fold(builder, Self::certificate))
    }

    /// Adds a certificate. If it speaks about one of the keys, it is tied to it and has its name.
    pub fn certificate(self, certificate: &Certificate) -> Self {
        self.entry(None, certificate, false)
    }

    /// Adds a certificate under a name of its own.
    pub fn certificate_named(self, name: &str, certificate: &Certificate) -> Self {
        self.entry(Some(name), certificate, false)
    }

    /// Adds a certificate that Java, when it takes the file for a trust store, shall trust as a CA for everything. Without
    /// that mark Java does not see a certificate that belongs to no key. No other program minds it.
    pub fn trusted_by_java(self, name: &str, certificate: &Certificate) -> Self {
        self.entry(Some(name), certificate, true)
    }

    fn entry(mut self, name: Option<&str>, certificate: &Certificate, trusted: bool) -> Self {
        self.certificates.push(Entry {
            name: name.map(str::to_owned),
            certificate: certificate.clone(),
            trusted,
        });
        self
    }

    /// Makes the MAC by PBMAC1 (RFC 9579), which NIST's rules allow. Old readers do not know it; OpenSSL does from 3.4.
    pub fn pbmac1(mut self) -> Self {
        self.pbmac1 = true;
        self
    }

    /// The file, in DER. What is in it is encrypted with AES-256-CBC under PBKDF2-HMAC-SHA-256, and the MAC is
    /// HMAC-SHA-256 (RFC 7292 appendix B): OpenSSL, NSS, Java, GnuTLS and Python's cryptography read that. gpgsm 2.2 does
    /// not.
    ///
    /// How much work a guess at the passphrase takes follows from its [cost](Passphrase::cost): 600 000 iterations of each
    /// derivation unless it says otherwise. .NET refuses so many unless it is told not to; it reads what was made with
    /// [`KdfCost::Low`], 100 000 iterations.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if nothing was given, or so many keys that reading them would take too long.
    pub fn to_der(&self, passphrase: &Passphrase) -> Result<Vec<u8>> {
        if self.keys.is_empty() && self.certificates.is_empty() {
            return Err(Error::usage(WHAT, "there is nothing to put in it", "give a key or a certificate"));
        }
        let iterations = iterations(passphrase.kdf_cost());
        self.check_work(iterations)?;
        let text = Text::of(&passphrase.expose_text());
        let mut safes = Vec::new();
        if !self.certificates.is_empty() {
            safes.push(encrypted(&self.certificate_bags(), &text, iterations)?);
        }
        if !self.keys.is_empty() {
            let bags = self.keys.iter().map(|key| key.bag(&text, iterations)).collect::<Result<Vec<_>>>()?;
            safes.push(data(&tlv::sequence(&slices(&bags))));
        }
        let content = tlv::sequence(&slices(&safes));
        let mac = match self.pbmac1 {
            true => mac::write_pbmac1(&content, &text, iterations),
            // One hash an iteration where PBKDF2 takes two, so a guess costs half: one bit. Twice as many iterations would
            // give it back, but NSS and GnuTLS write 600 000 here too, and some readers stop at a million.
            false => mac::write(&content, &text, iterations),
        };
        Ok(tlv::sequence(&[&tlv::number(3), &data(&content), &mac]))
    }

    /// A file that our own reader would refuse is none.
    fn check_work(&self, iterations: u32) -> Result<()> {
        let derivations = self.keys.len().saturating_add(2);
        let work = u32::try_from(derivations).unwrap_or(u32::MAX).saturating_mul(iterations);
        if work > PBKDF2_MAX_ITERATIONS {
            let why = "so many keys that each reader would work on it for long";
            return Err(Error::usage(WHAT, why, "make several files, or lower the passphrase's cost"));
        }
        Ok(())
    }

    fn certificate_bags(&self) -> Vec<u8> {
        let bags: Vec<Vec<u8>> = self.certificates.iter().map(|entry| self.bag(entry)).collect();
        tlv::sequence(&slices(&bags))
    }

    fn bag(&self, entry: &Entry) -> Vec<u8> {
        let der = tlv::wrap(OCTET_STRING, &[entry.certificate.as_der()]);
        let value = tlv::sequence(&[&oid(X509), &tlv::wrap(tlv::constructed(0), &[&der])]);
        let public = entry.certificate.public_key().ok();
        let own = self.keys.iter().find(|key| public.as_ref() == Some(&key.public));
        let name = entry.name.as_deref().or(own.map(|key| key.name.as_str()));
        let mut attributes = labels(name.unwrap_or_default(), own);
        if entry.trusted {
            attributes.push(attribute(TRUSTED_KEY_USAGE, &tlv::wrap(OID, &[ANY_PURPOSE.as_bytes()])));
        }
        bag(CERTIFICATE, &value, attributes)
    }
}

/// Iterations of each derivation. OWASP (2023) asks 600 000 for PBKDF2-HMAC-SHA-256, and NSS and GnuTLS write so many. The
/// least is such that .NET, which takes at most 600 000 for all of a file (KB5025823), reads it; the most such that Java,
/// which takes at most 5 000 000, does.
fn iterations(cost: KdfCost) -> u32 {
    match cost {
        KdfCost::Low => 100_000,
        KdfCost::High => 1_500_000,
        KdfCost::Standard | KdfCost::Nist => 600_000,
    }
}

impl Key {
    /// PKCS8ShroudedKeyBag (RFC 7292 section 4.2.2).
    fn bag(&self, text: &Text, iterations: u32) -> Result<Vec<u8>> {
        let (scheme, sealed) = pbes2::encrypt(&self.pkcs8, &text.utf8, iterations)?;
        let algorithm = scheme.to_der().map_err(|_| unsound(tlv::Unsound))?;
        let value = tlv::sequence(&[&algorithm, &tlv::wrap(OCTET_STRING, &[&sealed])]);
        Ok(bag(SHROUDED_KEY, &value, labels(&self.name, Some(self))))
    }

    /// The same for the key and its certificate, and for no other.
    fn id(&self) -> Vec<u8> {
        let digest = hash::sha256(self.public.as_der());
        digest.iter().copied().take(20).collect()
    }
}

/// SafeBag (RFC 7292 section 4.2).
fn bag(kind: ObjectIdentifier, value: &[u8], mut attributes: Vec<Vec<u8>>) -> Vec<u8> {
    // DER: the elements of a SET OF in ascending order (X.690 section 11.6).
    attributes.sort();
    let set = if attributes.is_empty() { Vec::new() } else { tlv::wrap(SET, &slices(&attributes)) };
    tlv::sequence(&[&oid(kind), &tlv::wrap(tlv::constructed(0), &[value]), &set])
}

/// Attributes that people and programs find a key and its certificate by.
fn labels(name: &str, key: Option<&Key>) -> Vec<Vec<u8>> {
    let mut attributes = Vec::new();
    if !name.is_empty() {
        let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        attributes.push(attribute(FRIENDLY_NAME, &tlv::wrap(BMP_STRING, &[&utf16])));
    }
    if let Some(key) = key {
        attributes.push(attribute(LOCAL_KEY_ID, &tlv::wrap(OCTET_STRING, &[&key.id()])));
    }
    attributes
}

fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&oid(kind), &tlv::wrap(SET, &[value])])
}

/// ContentInfo with id-data.
fn data(content: &[u8]) -> Vec<u8> {
    let octets = tlv::wrap(OCTET_STRING, &[content]);
    tlv::sequence(&[&oid(DATA), &tlv::wrap(tlv::constructed(0), &[&octets])])
}

/// ContentInfo with EncryptedData (RFC 5652 section 8).
fn encrypted(plain: &[u8], text: &Text, iterations: u32) -> Result<Vec<u8>> {
    let (scheme, sealed) = pbes2::encrypt(plain, &text.utf8, iterations)?;
    let algorithm = scheme.to_der().map_err(|_| unsound(tlv::Unsound))?;
    let info = tlv::sequence(&[&oid(DATA), &algorithm, &tlv::wrap(tlv::primitive(0), &[&sealed])]);
    let encrypted = tlv::sequence(&[&tlv::number(0), &info]);
    Ok(tlv::sequence(&[&oid(ENCRYPTED_DATA), &tlv::wrap(tlv::constructed(0), &[&encrypted])]))
}

fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv::wrap(OID, &[oid.as_bytes()])
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}
