//! Certificates as text.
use std::fmt;

use super::extension::extensions;
use super::key::{algorithm, key, signature};
use super::sheet::Sheet;
use crate::clock::Time;
use crate::encoding::tlv;
use crate::error::Result;
use crate::x509::certificate::Certificate;

/// Everything that is in it, in the order and words of `openssl x509 -text`, moments as RFC 3339 writes them.
///
/// What is odd is said to be odd. Control characters in names are escaped, so that a certificate cannot draw on a
/// terminal, nor forge a line of this text.
///
/// ```
/// use bulla::x509::Issue;
/// use bulla::{KeyKind, PrivateKey};
/// let certificate = Issue::self_signed(&"CN=Bob".parse()?, &PrivateKey::generate(KeyKind::P256)?)?;
/// let text = certificate.to_string();
/// assert!(text.starts_with("Certificate:\n    Version: 3\n    Serial Number: "));
/// assert!(text.contains("\n    Subject: CN=Bob\n"));
/// # Ok::<(), bulla::Error>(())
/// ```
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(f);
        sheet.line("Certificate:")?;
        sheet.inside(|sheet| {
            let (inner, outer) = algorithms(self);
            sheet.line(format_args!("Version: {}", self.version()))?;
            sheet.line(format_args!("Serial Number: {}", self.serial()))?;
            sheet.line(format_args!("Signature Algorithm: {inner}"))?;
            sheet.line(format_args!("Issuer: {}", self.issuer()))?;
            sheet.line("Validity")?;
            sheet.inside(|sheet| {
                sheet.line(format_args!("Not Before: {}", moment(self.not_before())))?;
                sheet.line(format_args!("Not After : {}", moment(self.not_after())))
            })?;
            sheet.line(format_args!("Subject: {}", self.subject()))?;
            key(sheet, self.public_key_info())?;
            unique_identifiers(sheet, self)?;
            if !self.raw_extensions().is_empty() {
                sheet.line("X509v3 extensions:")?;
                sheet.inside(|sheet| extensions(sheet, self.raw_extensions()))?;
            }
            signature(sheet, &outer, self.signature())?;
            sheet.line(format_args!("Fingerprint (SHA-256): {}", self.fingerprint()))
        })
    }
}

fn moment(time: Result<Time>) -> String {
    time.map_or_else(|_| "(not sound)".to_owned(), |time| time.to_string())
}

/// How the certificate says that it is signed: inside of what is signed, and outside. They should not differ.
fn algorithms(certificate: &Certificate) -> (String, String) {
    let outer = tlv::only(certificate.as_der(), tlv::SEQUENCE).and_then(|tlv| {
        let mut inside = tlv.inside();
        inside.any()?;
        inside.any()
    });
    let inner = tlv::only(certificate.as_signed(), tlv::SEQUENCE).and_then(|tlv| {
        let mut inside = tlv.inside();
        inside.optional(tlv::constructed(0))?;
        inside.any()?;
        inside.any()
    });
    let [inner, outer] = [inner, outer].map(|found| found.map_or(&[][..], |found| found.whole()));
    let differs = if inner == outer { "" } else { " (not as inside of what is signed)" };
    (algorithm(inner), format!("{}{differs}", algorithm(outer)))
}

/// What version 2 had to tell apart those of the same name (RFC 5280 section 4.1.2.8).
fn unique_identifiers(sheet: &mut Sheet<'_, '_>, certificate: &Certificate) -> fmt::Result {
    let mut inside =
        tlv::only(certificate.as_signed(), tlv::SEQUENCE).map_or(tlv::Walker::new(&[]), |tlv| tlv.inside());
    while let Ok(field) = inside.any() {
        let head = match field.tag {
            0x81 => "Issuer Unique ID:",
            0x82 => "Subject Unique ID:",
            _ => continue,
        };
        sheet.line(head)?;
        sheet.inside(|sheet| sheet.dump(field.value(), 256))?;
    }
    Ok(())
}
