//! What a key may be used for: key usage, extended key usage, basic constraints (RFC 5280 sections 4.2.1.3, 4.2.1.9, 4.2.1.12).
use std::fmt;

use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Unsound};
use crate::limits::GENERAL_NAMES;

/// What a certificate's key may do (RFC 5280 section 4.2.1.3).
///
/// ```
/// use bulla::x509::KeyUsage;
/// let usage = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT;
/// assert!(usage.allows(KeyUsage::DIGITAL_SIGNATURE));
/// assert!(!usage.allows(KeyUsage::CERTIFICATE_SIGN));
/// assert_eq!(usage.to_string(), "Digital Signature, Key Encipherment");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Sign anything but certificates and CRLs.
    pub const DIGITAL_SIGNATURE: Self = KeyUsage(1);
    /// Sign what the signer shall not be able to deny (`nonRepudiation`, `contentCommitment`).
    pub const CONTENT_COMMITMENT: Self = KeyUsage(1 << 1);
    /// Encrypt keys: RSA and ML-KEM recipients.
    pub const KEY_ENCIPHERMENT: Self = KeyUsage(1 << 2);
    /// Encrypt data itself.
    pub const DATA_ENCIPHERMENT: Self = KeyUsage(1 << 3);
    /// Agree on keys: elliptic-curve recipients.
    pub const KEY_AGREEMENT: Self = KeyUsage(1 << 4);
    /// Sign certificates.
    pub const CERTIFICATE_SIGN: Self = KeyUsage(1 << 5);
    /// Sign CRLs.
    pub const CRL_SIGN: Self = KeyUsage(1 << 6);
    /// With key agreement: encrypt only.
    pub const ENCIPHER_ONLY: Self = KeyUsage(1 << 7);
    /// With key agreement: decrypt only.
    pub const DECIPHER_ONLY: Self = KeyUsage(1 << 8);

    /// Whether all of these are allowed.
    #[must_use]
    pub fn allows(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    /// Whether one of these is allowed.
    #[must_use]
    pub fn allows_one_of(self, some: Self) -> bool {
        self.0 & some.0 != 0
    }

    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let bytes = tlv::only(value, tlv::BIT_STRING)?.named_bits()?;
        let bits = bytes
            .iter()
            .take(2)
            .zip([0, 8])
            .fold(0u16, |sum, (byte, shift)| sum | u16::from(byte.reverse_bits()) << shift);
        Ok(KeyUsage(bits & 0x1ff))
    }

    pub(super) fn write(self) -> Vec<u8> {
        let [low, high] = self.0.to_le_bytes().map(u8::reverse_bits);
        let bytes: &[u8] = if high != 0 { &[low, high] } else { &[low] };
        let unused =
            bytes.last().map_or(0, |last| u8::try_from(last.trailing_zeros().min(7)).unwrap_or_default());
        tlv::wrap(tlv::BIT_STRING, &[&[unused], bytes])
    }
}

impl std::ops::BitOr for KeyUsage {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        KeyUsage(self.0 | other.0)
    }
}

/// As OpenSSL names them.
impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 9] = [
            "Digital Signature",
            "Non Repudiation",
            "Key Encipherment",
            "Data Encipherment",
            "Key Agreement",
            "Certificate Sign",
            "CRL Sign",
            "Encipher Only",
            "Decipher Only",
        ];
        let set: Vec<&str> =
            (0..).zip(NAMES).filter(|(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name).collect();
        f.write_str(&set.join(", "))
    }
}

/// What a certificate is for (RFC 5280 section 4.2.1.12).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExtendedKeyUsage(Vec<Oid>);

/// anyExtendedKeyUsage.
pub(super) const ANY_PURPOSE: KnownOid = KnownOid::new_unwrap("2.5.29.37.0");
/// id-kp-serverAuth.
pub(super) const SERVER_AUTH: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.3.1");
/// id-kp-clientAuth.
pub(super) const CLIENT_AUTH: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.3.2");
/// id-kp-emailProtection.
pub(super) const EMAIL_PROTECTION: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.3.4");
/// id-kp-OCSPSigning (RFC 6960 section 4.2.2.2).
pub(super) const OCSP_SIGNING: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.3.9");

impl ExtendedKeyUsage {
    /// The purposes, as object identifiers.
    #[must_use]
    pub fn purposes(&self) -> &[Oid] {
        &self.0
    }

    /// Whether it names this purpose.
    #[must_use]
    pub fn contains(&self, purpose: &Oid) -> bool {
        self.0.contains(purpose)
    }

    pub(super) fn has(&self, purpose: &KnownOid) -> bool {
        self.0.iter().any(|oid| oid.is(purpose))
    }

    pub(super) fn of(purposes: &[KnownOid]) -> Self {
        ExtendedKeyUsage(purposes.iter().map(Oid::known).collect())
    }

    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let mut walker = tlv::only(value, tlv::SEQUENCE)?.inside();
        let mut purposes = Vec::new();
        while !walker.is_done() {
            if purposes.len() >= GENERAL_NAMES {
                return Err(Unsound);
            }
            purposes.push(Oid::from_value(walker.expect(tlv::OID)?.value()).ok_or(Unsound)?);
        }
        if purposes.is_empty() { Err(Unsound) } else { Ok(ExtendedKeyUsage(purposes)) }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let purposes: Vec<Vec<u8>> =
            self.0.iter().map(|oid| tlv::wrap(tlv::OID, &[oid.as_bytes()])).collect();
        tlv::sequence(&purposes.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// As OpenSSL names them.
impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(KnownOid, &str); 8] = [
            (SERVER_AUTH, "TLS Web Server Authentication"),
            (CLIENT_AUTH, "TLS Web Client Authentication"),
            (KnownOid::new_unwrap("1.3.6.1.5.5.7.3.3"), "Code Signing"),
            (EMAIL_PROTECTION, "E-mail Protection"),
            (KnownOid::new_unwrap("1.3.6.1.5.5.7.3.8"), "Time Stamping"),
            (OCSP_SIGNING, "OCSP Signing"),
            (KnownOid::new_unwrap("1.3.6.1.5.5.7.3.36"), "Document Signing"),
            (ANY_PURPOSE, "Any Extended Key Usage"),
        ];
        let name = |oid: &Oid| {
            let known = NAMES.iter().find(|(known, _)| oid.is(known));
            known.map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
        };
        f.write_str(&self.0.iter().map(name).collect::<Vec<_>>().join(", "))
    }
}

/// Whether a certificate's key is a CA's, and how many CAs may follow it (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BasicConstraints {
    /// Whether the key may sign certificates.
    pub is_ca: bool,
    /// How many CAs that are not self-issued may stand between this one and the end of the path; `None`: any number.
    pub path_length: Option<u32>,
}

impl BasicConstraints {
    pub(super) fn new(is_ca: bool, path_length: Option<u32>) -> Self {
        BasicConstraints { is_ca, path_length }
    }

    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let mut inside = tlv::only(value, tlv::SEQUENCE)?.inside();
        // Old tools wrote the default FALSE, which DER leaves out; that does no harm.
        let is_ca = inside.optional(tlv::BOOLEAN)?.map(|tlv| tlv.boolean()).transpose()?.unwrap_or(false);
        let path_length = inside.optional(tlv::INTEGER)?.map(|tlv| tlv.small()).transpose()?;
        inside.end()?;
        Ok(BasicConstraints { is_ca, path_length })
    }

    pub(super) fn write(self) -> Vec<u8> {
        let ca: &[u8] = if self.is_ca { &[tlv::BOOLEAN, 1, 0xff] } else { &[] };
        let length = self.path_length.map(tlv::number).unwrap_or_default();
        tlv::sequence(&[ca, &length])
    }
}
