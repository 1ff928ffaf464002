//! Requests and SPKACs as text.
use std::fmt;

use super::extension;
use super::key::{algorithm, key, signature};
use super::sheet::Sheet;
use crate::encoding::tlv;
use crate::x509::request::Request;
use crate::x509::request_attribute::RequestAttribute;
use crate::x509::spkac::Spkac;

/// Bytes of an attribute that are shown when nobody knows what they say.
const MOST: usize = 1024;

/// Everything that is in it but the challenge password, in the words of `openssl req -text`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(f);
        sheet.line("Certificate Request:")?;
        sheet.inside(|sheet| {
            sheet.line(format_args!("Version: {}", self.version()))?;
            sheet.line(format_args!("Subject: {}", self.subject()))?;
            key(sheet, self.public_key_info())?;
            let mut attributes = self.attributes().peekable();
            if attributes.peek().is_some() {
                sheet.line("Attributes:")?;
                sheet.inside(|sheet| attributes.try_for_each(|one| attribute(sheet, &one)))?;
            }
            signature(sheet, &outer_algorithm(self.as_der()), self.signature())
        })
    }
}

fn attribute(sheet: &mut Sheet<'_, '_>, attribute: &RequestAttribute) -> fmt::Result {
    match attribute {
        RequestAttribute::Extensions(extensions) => {
            sheet.line("Requested Extensions:")?;
            sheet.inside(|sheet| extensions.iter().try_for_each(|one| extension::one(sheet, one)))
        }
        RequestAttribute::ChallengePassword => sheet.line("Challenge Password: (not shown)"),
        RequestAttribute::UnstructuredName(name) => sheet.line(format_args!("Unstructured Name: {name}")),
        RequestAttribute::Other(id, values) => {
            sheet.line(format_args!("{id}:"))?;
            sheet.inside(|sheet| values.iter().try_for_each(|value| sheet.dump(value, MOST)))
        }
    }
}

/// Everything that is in it, in the words of `openssl spkac`.
impl fmt::Display for Spkac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(f);
        sheet.line("Netscape SPKI:")?;
        sheet.inside(|sheet| {
            key(sheet, self.public_key_info())?;
            sheet.line(format_args!("Challenge String: {}", self.challenge()))?;
            signature(sheet, &outer_algorithm(self.as_der()), self.signature())
        })
    }
}

/// The second of three fields: what is signed, how, and the signature.
fn outer_algorithm(der: &[u8]) -> String {
    let found = tlv::only(der, tlv::SEQUENCE).and_then(|tlv| {
        let mut inside = tlv.inside();
        inside.any()?;
        inside.any()
    });
    algorithm(found.map_or(&[], |found| found.whole()))
}
