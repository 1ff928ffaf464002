//! What stands outside of a protected content in a mail, and what inside: the fields of the message, and those of the content.
use std::io::{self, BufRead, Write};

use crate::encoding::base64_stream::Lines;
use crate::error::Result;
use crate::formats::cms::content::{self, SIGNED_DATA};
use crate::formats::mime::header::Header;
use crate::formats::mime::lines::canonical;
use crate::keys::Digest;
use crate::primitives::random;

/// The names of the parts, as RFC 8551 section 3.2.1 has them.
const SIGNATURE_PART: &str = "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
    Content-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n";

/// A header in two.
pub(super) struct Split {
    /// Of the message: from whom, to whom, about what. Each line ends in CRLF.
    pub(super) message: Vec<u8>,
    /// Of the content: `Content-…`.
    pub(super) content: Vec<u8>,
}

impl Split {
    /// Splits a header. The fields of the content go where the content goes (RFC 8551 section 3.1).
    pub(super) fn of(header: &Header) -> Self {
        let (mut message, mut content) = (Vec::new(), Vec::new());
        for field in header.fields() {
            let lower = field.name.to_ascii_lowercase();
            let into = match lower.as_str() {
                // Written anew.
                "mime-version" => continue,
                name if name.starts_with("content-") => &mut content,
                _ => &mut message,
            };
            into.extend(canonical(field.whole));
            if !into.ends_with(b"\n") {
                into.extend_from_slice(b"\r\n");
            }
        }
        Split { message, content }
    }

    /// The fields of the content with the empty line after them. Content without a type is text (RFC 2045 section 5.2), and
    /// is said to be here: some readers take a part without fields for no part. It is said to be UTF-8 if it begins so, which
    /// ASCII does, too; in which other letters it is nobody knows.
    pub(super) fn content_header(&self, body: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        if !self.content.is_empty() {
            return Ok([self.content.as_slice(), b"\r\n"].concat());
        }
        // The last letter may be cut.
        let is_utf8 =
            str::from_utf8(body.fill_buf()?).map_or_else(|error| error.error_len().is_none(), |_| true);
        let charset = if is_utf8 { "; charset=utf-8" } else { "" };
        Ok(format!("Content-Type: text/plain{charset}\r\n\r\n").into_bytes())
    }

    /// The header of a mail that has these fields of the message, and this type.
    pub(super) fn message_header(&self, content_fields: &str) -> Vec<u8> {
        [&self.message, b"MIME-Version: 1.0\r\n".as_slice(), content_fields.as_bytes(), b"\r\n"].concat()
    }
}

/// Whether its lines are none (RFC 2045 section 6.2), and must stay as they are.
pub(super) fn is_binary(header: &Header) -> Result<bool> {
    let transfer = header.only("Content-Transfer-Encoding")?;
    Ok(transfer.is_some_and(|transfer| transfer.eq_ignore_ascii_case("binary")))
}

/// The fields of a mail that is one CMS object (RFC 8551 section 3.2), of a type that is known or not.
pub(super) fn object_fields(smime_type: Option<&str>) -> String {
    let smime_type = smime_type.map(|known| format!(" smime-type={known};")).unwrap_or_default();
    format!(
        "Content-Type: application/pkcs7-mime;{smime_type}\r\n name=\"smime.p7m\"\r\n\
         Content-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"smime.p7m\"\r\n"
    )
}

/// The fields of a mail that is signed in two parts (RFC 8551 section 3.5.3).
pub(super) fn signed_fields(boundary: &str, micalg: &str) -> String {
    format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
         micalg=\"{micalg}\";\r\n boundary=\"{boundary}\"\r\n"
    )
}

/// A boundary that stands in no content: `=_` is in no base64 and no quoted-printable text, and 128 random bits are in nothing.
pub(super) fn boundary() -> String {
    let random = random::bytes::<16>();
    "=_bulla-".chars().chain(random.iter().flat_map(|byte| hexadecimal(*byte))).collect()
}

fn hexadecimal(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default())
}

/// RFC 8551 section 3.5.3.2.
pub(super) fn micalg(digests: &[Digest]) -> String {
    let mut names: Vec<String> =
        digests.iter().map(|digest| digest.to_string().to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(",")
}

/// What follows the content of a mail that is signed in two parts: the signature (the fields of SignedData), and the end.
pub(super) fn write_signature(boundary: &str, signed_data: &[u8], into: &mut dyn Write) -> io::Result<()> {
    into.write_all(format!("\r\n--{boundary}\r\n{SIGNATURE_PART}").as_bytes())?;
    let mut lines = Lines::new(&mut *into);
    lines.write_all(&content::write(&SIGNED_DATA, signed_data))?;
    lines.finish()?;
    into.write_all(format!("--{boundary}--\r\n").as_bytes())
}
