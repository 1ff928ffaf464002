//! Which certificate is meant, by either of two ways to name it (RFC 5652 sections 5.3 and 6.2.1).
use std::borrow::Cow;

use crate::encoding::ber::implicit_octets;
use crate::encoding::tlv::{self, INTEGER, SEQUENCE, Tlv};

/// A signer's or a recipient's certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CertificateId<'a> {
    /// The issuer's name in DER, and the bytes of the serial number.
    IssuerAndSerial(&'a [u8], &'a [u8]),
    /// In BER it may have come in pieces.
    KeyId(Cow<'a, [u8]>),
}

impl<'a> CertificateId<'a> {
    /// SignerIdentifier and RecipientIdentifier, which are the same.
    pub(super) fn read(id: &Tlv<'a>) -> tlv::Result<Self> {
        match id.tag {
            SEQUENCE => {
                let mut fields = id.inside();
                let issuer = fields.expect(SEQUENCE)?.whole();
                let serial = fields.expect(INTEGER)?.value();
                fields.end()?;
                Ok(CertificateId::IssuerAndSerial(issuer, serial))
            }
            _ => Ok(CertificateId::KeyId(implicit_octets(id, 0)?)),
        }
    }

    /// It in DER.
    pub(crate) fn write(&self) -> Vec<u8> {
        match self {
            CertificateId::IssuerAndSerial(issuer, serial) => {
                tlv::sequence(&[issuer, &tlv::wrap(INTEGER, &[serial])])
            }
            CertificateId::KeyId(id) => tlv::wrap(tlv::primitive(0), &[id]),
        }
    }
}
