//! SignedData (RFC 5652 section 5): content, certificates and signers, as they came.
use super::attribute::{self, Attributes, CONTENT_TYPE, MESSAGE_DIGEST};
use super::certificate_id::CertificateId;
use super::content::{members, unsound};
use crate::encoding::tlv::{self, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv, Unsound, Walker};
use crate::error::Result;
use crate::limits::{CMS_CERTIFICATES, CMS_SIGNERS};

/// What follows the content: certificates, and who signed.
pub(crate) struct Tail<'a> {
    /// X.509 certificates, in DER; those of other kinds are left out.
    pub(crate) certificates: Vec<&'a [u8]>,
    /// CRLs, in DER.
    pub(crate) crls: Vec<&'a [u8]>,
    pub(crate) signers: Vec<SignerInfo<'a>>,
}

/// One signature (section 5.3).
pub(crate) struct SignerInfo<'a> {
    pub(crate) signer: CertificateId<'a>,
    /// AlgorithmIdentifier, in DER.
    pub(crate) digest_algorithm: &'a [u8],
    pub(crate) signed_attributes: Option<Attributes<'a>>,
    /// AlgorithmIdentifier, in DER.
    pub(crate) signature_algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Tail<'a> {
    /// Reads the fields after the content, in DER.
    ///
    /// # Errors
    /// `OverLimit` if there are too many of something, `Malformed`.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self> {
        let [certificates, crls, infos] = fields(der).map_err(unsound)?;
        let infos = members(infos, CMS_SIGNERS, "signers")?;
        Ok(Tail {
            certificates: sequences(certificates, "certificates")?,
            crls: sequences(crls, "CRLs")?,
            signers: infos.iter().map(SignerInfo::read).collect::<Result<_>>()?,
        })
    }
}

/// What is in the three fields after the content; nothing in those that are left out.
fn fields(der: &[u8]) -> tlv::Result<[Walker<'_>; 3]> {
    let mut fields = Walker::new(der);
    let mut optional = |number| {
        let set = fields.optional(tlv::constructed(number))?;
        Ok(set.map_or(Walker::new(&[]), |set| set.inside()))
    };
    let (certificates, crls) = (optional(0)?, optional(1)?);
    let infos = fields.expect(SET)?.inside();
    fields.end()?;
    Ok([certificates, crls, infos])
}

/// The value of each hash's AlgorithmIdentifier in a list of them (section 5.1), for readers who digest while they read. What
/// a signer says counts.
///
/// # Errors
/// `OverLimit` if there are more than signers may be, `Malformed`.
pub(crate) fn digest_algorithms(set: &[u8]) -> Result<Vec<&[u8]>> {
    let list = tlv::only(set, SET).map_err(unsound)?.inside();
    let all = members(list, CMS_SIGNERS, "hashes")?;
    if all.iter().any(|one| one.tag != SEQUENCE) {
        return Err(unsound(Unsound));
    }
    Ok(all.iter().map(Tlv::whole).collect())
}

/// Those of a set that are SEQUENCEs: certificates and CRLs of X.509. Attribute certificates and the like are passed over.
fn sequences<'a>(set: Walker<'a>, what: &str) -> Result<Vec<&'a [u8]>> {
    let all = members(set, CMS_CERTIFICATES, what)?;
    Ok(all.iter().filter(|one| one.tag == SEQUENCE).map(Tlv::whole).collect())
}

impl<'a> SignerInfo<'a> {
    fn read(info: &Tlv<'a>) -> Result<Self> {
        let (signer, signed_attributes) = Self::fields(info).map_err(unsound)?;
        // What is too much is told from what is not sound.
        let signed_attributes = signed_attributes.map(|set| Attributes::read(&set)).transpose()?;
        Ok(SignerInfo { signed_attributes, ..signer })
    }

    /// It without its signed attributes, and these.
    fn fields(info: &Tlv<'a>) -> tlv::Result<(Self, Option<Tlv<'a>>)> {
        if info.tag != SEQUENCE {
            return Err(Unsound);
        }
        let mut fields = info.inside();
        let version = fields.expect(INTEGER)?.small()?;
        let signer = CertificateId::read(&fields.any()?)?;
        // Version and way of naming say the same twice (section 5.3); one that does not would be read in two ways.
        let fits = match signer {
            CertificateId::IssuerAndSerial(..) => version == 1,
            CertificateId::KeyId(_) => version == 3,
        };
        let digest_algorithm = fields.expect(SEQUENCE)?.whole();
        let signed_attributes = fields.optional(tlv::constructed(0))?;
        let signature_algorithm = fields.expect(SEQUENCE)?.whole();
        let signature = fields.expect(OCTET_STRING)?.value();
        // Not signed, and so never believed: counter-signatures and time-stamps may be in it.
        fields.optional(tlv::constructed(1))?;
        fields.end()?;
        if !fits {
            return Err(Unsound);
        }
        let without =
            SignerInfo { signer, digest_algorithm, signed_attributes: None, signature_algorithm, signature };
        Ok((without, signed_attributes))
    }

    /// The version that SignedData has with it alone (section 5.1); with several, it has the highest of theirs.
    pub(crate) fn version(&self) -> u32 {
        match self.signer {
            CertificateId::IssuerAndSerial(..) => BY_ISSUER,
            CertificateId::KeyId(_) => 3,
        }
    }

    /// It in DER, without the attributes that nobody signed. `None`: nothing but the content was signed.
    pub(crate) fn without_unsigned(&self) -> Option<Vec<u8>> {
        let signed_attributes = self.signed_attributes.as_ref()?.inside();
        let kept = NewSignerInfo {
            signer: self.signer.clone(),
            digest_algorithm: self.digest_algorithm,
            signed_attributes,
            signature_algorithm: self.signature_algorithm,
            signature: self.signature,
        };
        Some(kept.to_der())
    }

    /// The content type and the digest that the signer signed; `None`: nothing but the content was signed.
    pub(crate) fn about(&self) -> tlv::Result<Option<(&'a [u8], &'a [u8])>> {
        let Some(attributes) = &self.signed_attributes else { return Ok(None) };
        let value = |kind, tag| match attributes.only(kind)? {
            Some(value) if value.tag == tag => Ok(value.value()),
            _ => Err(Unsound),
        };
        Ok(Some((value(&CONTENT_TYPE, OID)?, value(&MESSAGE_DIGEST, OCTET_STRING)?)))
    }
}

/// A signature that is being written.
pub(crate) struct NewSignerInfo<'a> {
    pub(crate) signer: CertificateId<'a>,
    /// AlgorithmIdentifier, in DER.
    pub(crate) digest_algorithm: &'a [u8],
    /// What is inside of the set of signed attributes.
    pub(crate) signed_attributes: &'a [u8],
    /// AlgorithmIdentifier, in DER.
    pub(crate) signature_algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl NewSignerInfo<'_> {
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let (version, id) = match &self.signer {
            CertificateId::IssuerAndSerial(issuer, serial) => {
                (1, tlv::sequence(&[issuer, &tlv::wrap(INTEGER, &[serial])]))
            }
            CertificateId::KeyId(id) => (3, tlv::wrap(tlv::primitive(0), &[id])),
        };
        tlv::sequence(&[
            &tlv::number(version),
            &id,
            self.digest_algorithm,
            &tlv::wrap(tlv::constructed(0), &[self.signed_attributes]),
            self.signature_algorithm,
            &tlv::wrap(OCTET_STRING, &[self.signature]),
        ])
    }
}

/// The version of SignedData in which all signers are named by their issuers (section 5.1). What is written here is data, and
/// X.509: nothing else makes it higher than a signer does.
pub(crate) const BY_ISSUER: u32 = 1;

/// What stands before the content: the version, and with which hashes it was digested.
pub(crate) fn head(version: u32, mut digest_algorithms: Vec<Vec<u8>>) -> Vec<u8> {
    digest_algorithms.sort_unstable();
    digest_algorithms.dedup();
    [tlv::number(version), tlv::wrap(SET, &[&attribute::inside_of_set(digest_algorithms)])].concat()
}

/// What stands after it: certificates, CRLs and signers. A set of nothing is left out.
pub(crate) fn tail(certificates: Vec<Vec<u8>>, crls: Vec<Vec<u8>>, signers: Vec<Vec<u8>>) -> Vec<u8> {
    let if_any = |number: u8, all: Vec<Vec<u8>>| match attribute::inside_of_set(all).as_slice() {
        [] => Vec::new(),
        inside => tlv::wrap(tlv::constructed(number), &[inside]),
    };
    let signers = tlv::wrap(SET, &[&attribute::inside_of_set(signers)]);
    [if_any(0, certificates), if_any(1, crls), signers].concat()
}

#[cfg(test)]
mod tests {
    use super::super::content;
    use super::*;

    fn oid(id: &str) -> Vec<u8> {
        tlv::wrap(OID, &[spki::ObjectIdentifier::new_unwrap(id).as_bytes()])
    }

    fn attribute(id: &str, values: &[&[u8]]) -> Vec<u8> {
        tlv::sequence(&[&oid(id), &tlv::wrap(SET, values)])
    }

    const TYPE: &str = "1.2.840.113549.1.9.3";
    const DIGEST: &str = "1.2.840.113549.1.9.4";

    fn usual() -> Vec<Vec<u8>> {
        let digest = tlv::wrap(OCTET_STRING, &[&[7; 32]]);
        vec![attribute(TYPE, &[&oid("1.2.840.113549.1.7.1")]), attribute(DIGEST, &[&digest])]
    }

    fn signer(version: u8, id: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
        let algorithm = tlv::sequence(&[&oid("2.16.840.1.101.3.4.2.1")]);
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        let attributes = if attributes.is_empty() { Vec::new() } else { tlv::wrap(0xa0, &attributes) };
        tlv::sequence(&[
            &[INTEGER, 1, version],
            id,
            &algorithm,
            &attributes,
            &algorithm,
            &tlv::wrap(OCTET_STRING, &[b"signature"]),
        ])
    }

    fn tail(signers: &[&[u8]]) -> Vec<u8> {
        [tlv::wrap(0xa0, &[&tlv::sequence(&[]), &[0xa2, 0]]), tlv::wrap(SET, signers)].concat()
    }

    #[test]
    fn a_message_gives_its_parts_as_they_came() {
        let key = [0x80, 2, 1, 2];
        let tail = tail(&[&signer(3, &key, &usual())]);
        let signed = Tail::read(&tail).unwrap();
        assert_eq!((signed.certificates.len(), signed.crls.len()), (1, 0));
        let [signer] = signed.signers.as_slice() else { panic!("one signed") };
        assert_eq!(signer.signer, CertificateId::KeyId([1, 2][..].into()));
        assert_eq!(signer.about(), Ok(Some((content::DATA.as_bytes(), &[7; 32][..]))));
        let attributes = signer.signed_attributes.as_ref().unwrap().to_be_signed();
        assert_eq!(attributes, tlv::wrap(SET, &[&usual().concat()]));
    }

    #[test]
    fn a_signer_that_can_be_read_in_two_ways_is_refused() {
        let (key, name) = ([0x80, 1, 1], tlv::sequence(&[&tlv::sequence(&[]), &[INTEGER, 1, 5]]));
        let is_read =
            |signer: Vec<u8>| Tail::read(&tail(&[&signer])).is_ok_and(|tail| tail.signers[0].about().is_ok());
        assert!(is_read(signer(1, &name, &usual())) && is_read(signer(3, &key, &usual())));
        // Without attributes: nothing is said twice, and whether to take it is not for the reader of the structure.
        assert!(is_read(signer(1, &name, &[])));
        assert!(!is_read(signer(3, &name, &usual())) && !is_read(signer(1, &key, &usual())));
        let [kind, digest] = usual().try_into().unwrap();
        for wrong in [
            vec![kind.clone()],
            vec![digest.clone()],
            vec![kind.clone(), digest.clone(), digest.clone()],
            vec![kind.clone(), attribute(DIGEST, &[])],
            vec![kind.clone(), attribute(DIGEST, &[&[4, 1, 1], &[4, 1, 2]])],
            vec![kind, attribute(DIGEST, &[&[5, 0]])],
        ] {
            assert!(!is_read(signer(1, &name, &wrong)));
        }
    }
}
