//! Bundles of certificates and CRLs: PKCS #7 or CMS SignedData that nobody signed (RFC 5652 section 5.1).
use std::fmt;

use spki::ObjectIdentifier;

use super::certificate::Certificate;
use super::crl::Crl;
use crate::encoding::ber;
use crate::encoding::pem;
use crate::encoding::tlv::{self, INTEGER, OID, SEQUENCE, SET, Walker};
use crate::error::{Error, Result};
use crate::limits::PKCS7_BYTES;

const WHAT: &str = "PKCS #7";

/// id-data and id-signedData (RFC 5652 sections 4 and 5.1).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// What programs write into PEM: RFC 7468 sections 8 and 9, and OpenSSL of old.
const LABELS: [&str; 3] = ["PKCS7", "CMS", "PKCS #7 SIGNED DATA"];

/// Certificates and CRLs in one file, as CAs hand out chains: PKCS #7 "certs-only".
///
/// Nothing protects it: anybody can put in or take out what they like. It may come from a signed message; what was signed,
/// and by whom, is not looked at here. Each certificate is kept as its bytes are, so that one odd one does not keep the
/// others back.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let certificate = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?;
/// use bulla::x509::Bundle;
/// let bytes = Bundle::new().with(&certificate).to_der();
/// let bundle = Bundle::from_der(&bytes)?;
/// assert_eq!(bundle.certificates().next().unwrap()?.as_der(), certificate.as_der());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    certificates: Vec<Vec<u8>>,
    crls: Vec<Vec<u8>>,
    others: usize,
}

impl Bundle {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one in DER or BER.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is none, [`OverLimit`](crate::ErrorKind::OverLimit) if it is over
    /// 64 MiB or nested too deep.
    pub fn from_der(bytes: &[u8]) -> Result<Self> {
        // A certificate whose issuer signed BER must stay as it is: only what is no DER outside of the certificates is
        // made so.
        if bytes.len() <= PKCS7_BYTES
            && let Ok(bundle) = read(bytes)
        {
            return Ok(bundle);
        }
        let der = ber::to_der(WHAT, bytes, PKCS7_BYTES)?;
        read(&der).map_err(|_| Error::malformed(WHAT, "it is no SignedData as RFC 5652 has it"))
    }

    /// Reads the first one of a PEM text, under the label `PKCS7` or `CMS` (RFC 7468 sections 8 and 9).
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der), and [`Malformed`](crate::ErrorKind::Malformed) if there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        if text.len() / 2 > PKCS7_BYTES {
            return Err(Error::over_limit(
                WHAT,
                "it is too long",
                "split it, or leave it: it may be hostile",
            ));
        }
        let blocks = pem::blocks(text, |label| LABELS.contains(&label))?;
        let block = blocks.first().ok_or_else(|| Error::malformed(WHAT, "there is none in the PEM"))?;
        Self::from_der(&block.bytes)
    }

    /// The certificates, in their order, each read when it is asked for.
    ///
    /// # Errors
    /// Each can fail as [`Certificate::from_der`] does.
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = Result<Certificate>> {
        self.certificates_der().map(Certificate::from_der)
    }

    /// The certificates' bytes, whether they are sound certificates or not.
    pub fn certificates_der(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.certificates.iter().map(Vec::as_slice)
    }

    /// The CRLs, in their order, each read when it is asked for.
    ///
    /// # Errors
    /// Each can fail as [`Crl::from_der`] does.
    pub fn crls(&self) -> impl ExactSizeIterator<Item = Result<Crl>> {
        self.crls_der().map(Crl::from_der)
    }

    /// The CRLs' bytes, whether they are sound CRLs or not.
    pub fn crls_der(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.crls.iter().map(Vec::as_slice)
    }

    /// How many other things are in it: attribute certificates, OCSP responses, and what bulla does not know.
    #[must_use]
    pub fn others(&self) -> usize {
        self.others
    }

    /// Adds a certificate.
    #[must_use]
    pub fn with(mut self, certificate: &Certificate) -> Self {
        self.certificates.push(certificate.as_der().to_vec());
        self
    }

    /// Adds a CRL.
    #[must_use]
    pub fn with_crl(mut self, crl: &Crl) -> Self {
        self.crls.push(crl.as_der().to_vec());
        self
    }

    /// The bundle in DER: SignedData of version 1, with no content and no signer. A set has no order of its own, and DER
    /// gives it one; which certificate was first is lost. What bulla does not know is left out.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let oid = |oid: ObjectIdentifier| tlv::wrap(OID, &[oid.as_bytes()]);
        let none = tlv::wrap(SET, &[]);
        let content = tlv::sequence(&[&oid(DATA)]);
        let [certificates, crls] =
            [(0, &self.certificates), (1, &self.crls)].map(|(number, all)| set(number, all));
        let signed = tlv::sequence(&[&tlv::number(1), &none, &content, &certificates, &crls, &none]);
        tlv::sequence(&[&oid(SIGNED_DATA), &tlv::wrap(tlv::constructed(0), &[&signed])])
    }

    /// The bundle in PEM, under the label `PKCS7`, which more programs know than `CMS`.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // What fits the memory fits its own encoding.
        pem::encode("PKCS7", &self.to_der()).unwrap_or_default()
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bundle { certificates, crls, others } = self;
        let counts = [("certificates", certificates.len()), ("crls", crls.len()), ("others", *others)];
        let mut shown = f.debug_struct("Bundle");
        counts.iter().for_each(|(name, count)| _ = shown.field(name, count));
        shown.finish()
    }
}

/// `[number] IMPLICIT SET OF` in DER's order (X.690 section 11.6), or nothing.
fn set(number: u8, all: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    sorted.sort_unstable();
    if sorted.is_empty() { Vec::new() } else { tlv::wrap(tlv::constructed(number), &sorted) }
}

/// ContentInfo with SignedData. What the signers signed is passed over.
fn read(der: &[u8]) -> tlv::Result<Bundle> {
    let mut info = tlv::only(der, SEQUENCE)?.inside();
    if info.expect(OID)?.value() != SIGNED_DATA.as_bytes() {
        return Err(tlv::Unsound);
    }
    let mut explicit = info.expect(tlv::constructed(0))?.inside();
    info.end()?;
    let mut signed = explicit.sequence()?;
    explicit.end()?;
    signed.expect(INTEGER)?;
    signed.expect(SET)?;
    signed.expect(SEQUENCE)?;
    let mut bundle = Bundle::new();
    if let Some(certificates) = signed.optional(tlv::constructed(0))? {
        bundle.certificates = sequences(certificates.inside(), &mut bundle.others)?;
    }
    if let Some(crls) = signed.optional(tlv::constructed(1))? {
        bundle.crls = sequences(crls.inside(), &mut bundle.others)?;
    }
    signed.expect(SET)?;
    signed.end()?;
    Ok(bundle)
}

/// Certificates and CRLs are SEQUENCEs; their alternatives are tagged (RFC 5652 sections 10.2.1 and 10.2.2).
fn sequences(mut all: Walker<'_>, others: &mut usize) -> tlv::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    while !all.is_done() {
        let one = all.any()?;
        if one.tag == SEQUENCE {
            found.push(one.whole().to_vec());
        } else {
            *others += 1;
        }
    }
    Ok(found)
}
