//! Public keys, algorithms and signatures as text.
use std::fmt;

use super::sheet::Sheet;
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Tlv};
use crate::keys::{Fingerprint, PublicKey, SignatureAlgorithm};

/// Bytes of a key or a signature that are shown: all of ML-DSA-87's.
const MOST: usize = 8192;

/// Algorithms that bulla has no use for, by OpenSSL's names.
const OTHERS: [(KnownOid, &str); 12] = [
    (KnownOid::new_unwrap("1.2.840.113549.1.1.2"), "md2WithRSAEncryption"),
    (KnownOid::new_unwrap("1.2.840.113549.1.1.4"), "md5WithRSAEncryption"),
    (KnownOid::new_unwrap("1.2.840.113549.1.1.10"), "rsassaPss"),
    (KnownOid::new_unwrap("1.2.840.113549.1.1.1"), "rsaEncryption"),
    (KnownOid::new_unwrap("1.2.840.10045.2.1"), "id-ecPublicKey"),
    (KnownOid::new_unwrap("1.2.840.10040.4.1"), "dsaEncryption"),
    (KnownOid::new_unwrap("1.2.840.10046.2.1"), "X9.42 DH"),
    (KnownOid::new_unwrap("1.3.101.111"), "X448"),
    (KnownOid::new_unwrap("1.3.101.113"), "ED448"),
    (KnownOid::new_unwrap("1.2.156.10197.1.501"), "SM2-with-SM3"),
    (KnownOid::new_unwrap("1.2.643.7.1.1.3.2"), "GOST R 34.10-2012 with GOST R 34.11-2012 (256 bit)"),
    (KnownOid::new_unwrap("1.2.643.7.1.1.3.3"), "GOST R 34.10-2012 with GOST R 34.11-2012 (512 bit)"),
];

/// The name of a signature's AlgorithmIdentifier.
pub(in crate::x509) fn algorithm(der: &[u8]) -> String {
    match SignatureAlgorithm::from_der(der) {
        Ok(SignatureAlgorithm::RsaPss { digest, salt }) => {
            format!("rsassaPss ({digest}, MGF1 with the same, salt of {salt} bytes)")
        }
        Ok(algorithm) => algorithm.to_string(),
        Err(_) => other(der),
    }
}

fn other(der: &[u8]) -> String {
    let id = tlv::only(der, tlv::SEQUENCE).and_then(|tlv| tlv.inside().expect(tlv::OID));
    let Some(id) = id.ok().and_then(|id| Oid::from_value(id.value())) else {
        return "(not sound)".to_owned();
    };
    let known = OTHERS.iter().find(|(known, _)| id.is(known));
    known.map_or_else(|| id.to_string(), |(_, name)| (*name).to_owned())
}

/// A signature, and how it was made.
pub(in crate::x509) fn signature(sheet: &mut Sheet<'_, '_>, algorithm: &str, value: &[u8]) -> fmt::Result {
    sheet.line(format_args!("Signature Algorithm: {algorithm}"))?;
    sheet.line("Signature Value:")?;
    sheet.inside(|sheet| sheet.dump(value, MOST))
}

/// A SubjectPublicKeyInfo.
pub(super) fn key(sheet: &mut Sheet<'_, '_>, info: &[u8]) -> fmt::Result {
    sheet.line("Subject Public Key Info:")?;
    sheet.inside(|sheet| {
        let parts = tlv::only(info, tlv::SEQUENCE).map(|tlv| tlv.inside()).and_then(|mut inside| {
            let parts = (inside.expect(tlv::SEQUENCE)?, inside.expect(tlv::BIT_STRING)?.bits()?);
            inside.end().map(|()| parts)
        });
        match (PublicKey::from_der_weak(info), &parts) {
            (Ok(key), _) => sheet.line(format_args!("Public Key: {}", key.kind()))?,
            (Err(_), Ok((algorithm, _))) => {
                sheet.line(format_args!("Public Key: {} (of no use to bulla)", other(algorithm.whole())))?;
            }
            (Err(_), Err(_)) => sheet.line("Public Key: (not sound)")?,
        }
        sheet.inside(|sheet| match parts {
            Ok((_, bits)) => numbers(sheet, bits).unwrap_or_else(|| sheet.dump(bits, MOST)),
            Err(_) => sheet.dump(info, MOST),
        })?;
        sheet.line(format_args!("Key Fingerprint (SHA-256): {}", Fingerprint::of(info)))
    })
}

/// An RSAPublicKey (RFC 8017 appendix A.1.1), if that is what it is.
fn numbers(sheet: &mut Sheet<'_, '_>, bits: &[u8]) -> Option<fmt::Result> {
    let mut inside = tlv::only(bits, tlv::SEQUENCE).ok()?.inside();
    let [modulus, exponent] = [inside.expect(tlv::INTEGER).ok()?, inside.expect(tlv::INTEGER).ok()?];
    inside.end().ok()?;
    let write = |sheet: &mut Sheet<'_, '_>, modulus: Tlv<'_>| {
        sheet.line("Modulus:")?;
        sheet.inside(|sheet| sheet.dump(modulus.value(), MOST))?;
        match exponent.small() {
            Ok(small) => sheet.line(format_args!("Exponent: {small} ({small:#x})")),
            Err(_) => {
                sheet.line("Exponent:")?;
                sheet.inside(|sheet| sheet.dump(exponent.value(), MOST))
            }
        }
    };
    Some(write(sheet, modulus))
}
