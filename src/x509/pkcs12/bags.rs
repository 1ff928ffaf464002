//! What is in a PKCS #12 file: bags of keys, certificates and other things (RFC 7292 section 4.2).
use spki::ObjectIdentifier;

use super::password::Text;
use super::sealed;
use super::syntax::{Algorithm, Content, WHAT, to_der, unsound};
use crate::encoding::tlv::{self, BMP_STRING, OCTET_STRING, OID, SEQUENCE, SET, Tlv, Walker};
use crate::error::{Error, Result};
use crate::keys::PrivateKey;
use crate::keys::work::Budget;
use crate::limits::{PKCS12_BAGS, PKCS12_DEPTH};
use crate::secret::{SecretVec, opaque_debug};
use crate::x509::certificate::Certificate;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// Kinds of bags (RFC 7292 section 4.2); CRLs and secrets are among the others.
const KEY: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.1");
pub(super) const SHROUDED_KEY: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.2");
pub(super) const CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.3");
const SAFE_CONTENTS: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.6");
/// What a certificate bag holds (RFC 7292 section 4.2.3); the other kind is SDSI.
pub(super) const X509: ObjectIdentifier = oid("1.2.840.113549.1.9.22.1");
/// Attributes of bags (RFC 2985 sections 5.5.1 and 5.5.2).
pub(super) const FRIENDLY_NAME: ObjectIdentifier = oid("1.2.840.113549.1.9.20");
pub(super) const LOCAL_KEY_ID: ObjectIdentifier = oid("1.2.840.113549.1.9.21");
/// Oracle's: the certificate is one to trust for these purposes.
pub(super) const TRUSTED_KEY_USAGE: ObjectIdentifier = oid("2.16.840.1.113894.746875.1.1");

/// A private key of a PKCS #12 file, with what the file says of it.
pub struct Pkcs12Key {
    pkcs8: SecretVec,
    label: Label,
}

impl Pkcs12Key {
    /// The key itself.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a kind of key that bulla does not use,
    /// [`Malformed`](crate::ErrorKind::Malformed) for one whose parts do not agree.
    pub fn key(&self) -> Result<PrivateKey> {
        PrivateKey::from_der(&self.pkcs8, || {
            Err(Error::malformed(WHAT, "one of its keys is encrypted twice"))
        })
    }

    /// The name that somebody gave it: *friendlyName*.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.label.name.as_deref()
    }

    /// What ties it to its certificate: *localKeyId*.
    #[must_use]
    pub fn local_key_id(&self) -> Option<&[u8]> {
        self.label.local_key_id.as_deref()
    }
}

/// A certificate of a PKCS #12 file, with what the file says of it.
pub struct Pkcs12Certificate {
    der: Vec<u8>,
    label: Label,
}

impl Pkcs12Certificate {
    /// The certificate.
    ///
    /// # Errors
    /// Those of [`Certificate::from_der`].
    pub fn certificate(&self) -> Result<Certificate> {
        Certificate::from_der(&self.der)
    }

    /// Its bytes as they stand in the file, whether they are a sound certificate or not.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The name that somebody gave it: *friendlyName*.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.label.name.as_deref()
    }

    /// What ties it to its key: *localKeyId*.
    #[must_use]
    pub fn local_key_id(&self) -> Option<&[u8]> {
        self.label.local_key_id.as_deref()
    }
}

opaque_debug! {
    [] Pkcs12Key = "Pkcs12Key";
    [] Pkcs12Certificate = "Pkcs12Certificate";
}

/// Attributes of a bag.
#[derive(Default)]
struct Label {
    name: Option<String>,
    local_key_id: Option<Vec<u8>>,
}

/// All that was found.
#[derive(Default)]
pub(super) struct Bags {
    pub(super) keys: Vec<Pkcs12Key>,
    pub(super) certificates: Vec<Pkcs12Certificate>,
    pub(super) others: usize,
}

/// Reads an AuthenticatedSafe (RFC 7292 section 4.1) whose MAC is right.
pub(super) fn read(content: &[u8], text: &Text, legacy: bool, budget: &mut Budget) -> Result<Bags> {
    let content = to_der(content)?;
    let mut safes = tlv::only(&content, SEQUENCE).map_err(unsound)?.inside();
    let mut reading = Reading { text, legacy, budget, bags: Bags::default(), count: 0 };
    while !safes.is_done() {
        match Content::read(&mut safes)? {
            Content::Data(plain) => reading.contents(&to_der(plain)?)?,
            Content::Encrypted { algorithm, sealed } => {
                let plain = reading.open(&algorithm, &sealed)?;
                reading.contents(&plain)?;
            }
        }
    }
    Ok(reading.bags)
}

struct Reading<'a> {
    text: &'a Text,
    legacy: bool,
    budget: &'a mut Budget,
    bags: Bags,
    count: usize,
}

impl Reading<'_> {
    fn open(&mut self, algorithm: &Algorithm<'_>, sealed: &[u8]) -> Result<SecretVec> {
        sealed::open(algorithm, sealed, self.text, self.legacy, self.budget)
    }

    /// SafeContents (RFC 7292 section 4.2).
    fn contents(&mut self, contents: &[u8]) -> Result<()> {
        let bags = tlv::only(contents, SEQUENCE).map_err(unsound)?;
        self.bags(bags.inside(), 0)
    }

    fn bags(&mut self, mut bags: Walker<'_>, depth: usize) -> Result<()> {
        if depth > PKCS12_DEPTH {
            return Err(over_limit("its bags are nested too deep"));
        }
        while !bags.is_done() {
            self.count += 1;
            if self.count > PKCS12_BAGS {
                return Err(over_limit("it has too many bags"));
            }
            let (kind, value, label) = bag(&mut bags).map_err(unsound)?;
            if kind == SAFE_CONTENTS.as_bytes() {
                if value.tag != SEQUENCE {
                    return Err(unsound(tlv::Unsound));
                }
                self.bags(value.inside(), depth + 1)?;
            } else if kind == KEY.as_bytes() {
                let pkcs8 = SecretVec::new(value.whole().to_vec());
                self.bags.keys.push(Pkcs12Key { pkcs8, label });
            } else if kind == SHROUDED_KEY.as_bytes() {
                let (algorithm, sealed) = shrouded(&value).map_err(unsound)?;
                let pkcs8 = self.open(&algorithm, sealed)?;
                self.bags.keys.push(Pkcs12Key { pkcs8, label });
            } else {
                self.certificate(kind, &value, label).map_err(unsound)?;
            }
        }
        Ok(())
    }

    /// CertBag (RFC 7292 section 4.2.3); all else is counted.
    fn certificate(&mut self, kind: &[u8], value: &Tlv<'_>, label: Label) -> tlv::Result<()> {
        if kind == CERTIFICATE.as_bytes() {
            let mut bag = inside(value)?;
            if bag.expect(OID)?.value() == X509.as_bytes() {
                let mut explicit = bag.expect(tlv::constructed(0))?.inside();
                let der = explicit.expect(OCTET_STRING)?.value().to_vec();
                explicit.end()?;
                bag.end()?;
                self.bags.certificates.push(Pkcs12Certificate { der, label });
                return Ok(());
            }
        }
        self.bags.others += 1;
        Ok(())
    }
}

/// SafeBag: its kind, its value and its attributes.
fn bag<'a>(bags: &mut Walker<'a>) -> tlv::Result<(&'a [u8], Tlv<'a>, Label)> {
    let mut bag = bags.sequence()?;
    let kind = bag.expect(OID)?.value();
    let mut explicit = bag.expect(tlv::constructed(0))?.inside();
    let value = explicit.any()?;
    explicit.end()?;
    let attributes = bag.optional(SET)?;
    bag.end()?;
    let label = attributes.map(label).transpose()?;
    Ok((kind, value, label.unwrap_or_default()))
}

/// Attributes that we know; of two of a kind the first counts.
fn label(set: Tlv<'_>) -> tlv::Result<Label> {
    let mut label = Label::default();
    let mut attributes = set.inside();
    while !attributes.is_done() {
        let mut attribute = attributes.sequence()?;
        let kind = attribute.expect(OID)?.value();
        let values = attribute.expect(SET)?;
        attribute.end()?;
        let Ok(value) = values.inside().any() else { continue };
        if kind == FRIENDLY_NAME.as_bytes() && value.tag == BMP_STRING && label.name.is_none() {
            label.name = utf16(value.value());
        } else if kind == LOCAL_KEY_ID.as_bytes() && value.tag == OCTET_STRING && label.local_key_id.is_none()
        {
            label.local_key_id = Some(value.value().to_vec());
        }
    }
    Ok(label)
}

/// A BMPString; characters beyond the BMP come as two surrogates, whatever the standard says.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let name: String = char::decode_utf16(units).collect::<std::result::Result<_, _>>().ok()?;
    // Windows takes C's end of a text for a part of it.
    Some(name.trim_end_matches('\0').to_owned())
}

/// EncryptedPrivateKeyInfo (RFC 5958 section 3).
fn shrouded<'a>(value: &Tlv<'a>) -> tlv::Result<(Algorithm<'a>, &'a [u8])> {
    let mut info = inside(value)?;
    let algorithm = Algorithm::read(&mut info)?;
    let sealed = info.expect(OCTET_STRING)?.value();
    info.end()?;
    Ok((algorithm, sealed))
}

fn inside<'a>(value: &Tlv<'a>) -> tlv::Result<Walker<'a>> {
    if value.tag == SEQUENCE { Ok(value.inside()) } else { Err(tlv::Unsound) }
}

fn over_limit(why: &'static str) -> Error {
    Error::over_limit(WHAT, why, "split it; if you do not know who made it, leave it: it may be hostile")
}
