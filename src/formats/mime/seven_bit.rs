//! An entity made fit to be signed (RFC 8551 section 3.1.3): 7 bits, CRLF, and nothing that servers on the way would change.
use std::borrow::Cow;
use std::io::{Read, Write};

use super::entity::boundary;
use super::header::Header;
use super::lines::Canonical;
use super::multipart::Parts;
use super::quoted::{self, is_safe, is_seven_bit};
use super::transfer::Transfer;
use crate::encoding::base64_stream;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{MIME_DEPTH, SEVEN_BIT_BYTES};

/// The same entity with safe lines: parts that have others get another transfer encoding, all else stays, but for CRLF. What
/// stands before and after the parts of a multipart that changes is left out: nobody is to see it.
///
/// What must not be changed, because others signed it or because RFC 2046 section 5.2.1 forbids it, is refused if it is not 7bit.
pub(crate) fn to_seven_bit(entity: &[u8]) -> Result<Cow<'_, [u8]>> {
    if entity.len() > SEVEN_BIT_BYTES {
        return Err(Error::over_limit(
            "mail",
            "it is too long to be written in 7 bits",
            "write it in base64 yourself",
        ));
    }
    let mut out = Vec::with_capacity(entity.len());
    write(entity, TEXT, MIME_DEPTH, &mut out)?;
    Ok(if out == entity { Cow::Borrowed(entity) } else { Cow::Owned(out) })
}

const TEXT: &str = "text/plain";
const MESSAGE: &str = "message/rfc822";

/// Writes an entity. `default`: its media type if it says none.
fn write(entity: &[u8], default: &str, depth: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut body = entity;
    let header = Header::read(&mut body)?;
    if !is_seven_bit(header.raw()) {
        return Err(unfit(
            "a field of its header is no short line of ASCII",
            "write it as RFC 2047 and 2231 do",
        ));
    }
    let media_type = header.media_type()?;
    let value = media_type.as_ref().map_or(default, |media_type| media_type.value.as_str());
    let is_fixed = value.starts_with("message/") || value == "multipart/signed";
    if is_safe(body) || (is_fixed && is_seven_bit(body)) {
        canonical(header.raw(), out)?;
        return canonical(body, out);
    }
    if is_fixed {
        let why = "a signed part or a mail in it is not in 7 bits, and must not be changed";
        return Err(unfit(why, "attach it as a file: application/octet-stream in base64"));
    }
    match &media_type {
        Some(media_type) if value.starts_with("multipart/") => {
            let boundary = boundary(&header, media_type)?;
            let inside = if value == "multipart/digest" { MESSAGE } else { TEXT };
            head(&header, "7bit", out)?;
            multipart(body, &boundary, inside, depth, out)
        }
        _ => leaf(&header, body, value, out),
    }
}

fn multipart(body: &[u8], boundary: &str, default: &str, depth: usize, out: &mut Vec<u8>) -> Result<()> {
    let Some(depth) = depth.checked_sub(1) else {
        let why = format!("it has parts more than {MIME_DEPTH} deep");
        return Err(Error::over_limit("mail", why, "leave it: it may be hostile"));
    };
    let mut parts = Parts::new(body, boundary)?;
    let mut inside = Vec::new();
    while let Some(mut part) = parts.next()? {
        inside.clear();
        part.read_to_end(&mut inside)?;
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        write(&inside, default, depth, out)?;
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(())
}

/// A part that is not safe as it is: text in quoted-printable, all else in base64.
fn leaf(header: &Header, body: &[u8], value: &str, out: &mut Vec<u8>) -> Result<()> {
    let transfer = header.transfer()?;
    let mut content = Vec::new();
    transfer.decode(body).read_to_end(&mut content)?;
    // In UTF-16, say, the bytes of an end of a line are other characters, too.
    let is_text = value.starts_with("text/") && !content.contains(&0);
    if transfer == Transfer::QuotedPrintable || (transfer == Transfer::Plain && is_text) {
        head(header, "quoted-printable", out)?;
        out.extend_from_slice(&quoted::encode(&content));
    } else {
        head(header, "base64", out)?;
        out.extend_from_slice(&base64_stream::encode(&content));
    }
    Ok(())
}

/// Writes a header with another transfer encoding. 7bit is not said if nothing was.
fn head(header: &Header, encoding: &str, out: &mut Vec<u8>) -> Result<()> {
    const NAME: &str = "Content-Transfer-Encoding";
    let is_other = |name: &str| !name.eq_ignore_ascii_case(NAME);
    let says = header.fields().any(|field| !is_other(field.name));
    for field in header.fields().filter(|field| is_other(field.name)) {
        canonical(field.whole, out)?;
    }
    if says || encoding != "7bit" {
        out.extend_from_slice(format!("{NAME}: {encoding}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn canonical(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    Ok(Canonical::new(out).write_all(text)?)
}

fn unfit(why: &'static str, hint: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "mail", why, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(entity: &str) -> String {
        String::from_utf8(to_seven_bit(entity.as_bytes()).unwrap().into_owned()).unwrap()
    }

    fn refusal(entity: &str) -> ErrorKind {
        to_seven_bit(entity.as_bytes()).unwrap_err().kind()
    }

    #[test]
    fn what_is_fit_already_is_not_copied_or_gets_crlf_and_no_more() {
        let fit = "Subject: \r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nbefore\r\n--b\r\n\r\nx\r\n--b--\r\nafter";
        assert!(matches!(to_seven_bit(fit.as_bytes()), Ok(Cow::Borrowed(same)) if same == fit.as_bytes()));
        assert_eq!(made(&fit.replace("\r\n", "\n")), fit);
        for same in ["A: b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nx", "\r\n", "", "A: b"] {
            assert_eq!(made(same), same);
        }
    }

    #[test]
    fn text_gets_quoted_printable_and_all_else_base64() {
        for (entity, want) in [
            ("\n\u{e4}\n", "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A4\r\n"),
            (
                "content-transfer-encoding:\n 8bit\nContent-Type: text/html\n\nFrom a \n",
                "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=46rom a=20\r\n",
            ),
            (
                "Content-Type: image/x\nA: b\n\n\u{e4}\n",
                "Content-Type: image/x\r\nA: b\r\nContent-Transfer-Encoding: base64\r\n\r\nw6QK\r\n",
            ),
            (
                "Content-Type: text/x\n\na\0\n",
                "Content-Type: text/x\r\nContent-Transfer-Encoding: base64\r\n\r\nYQAK\r\n",
            ),
            // Encoded already, but with blanks that could get lost.
            (
                "Content-Transfer-Encoding: base64\n\nYQ== \n",
                "Content-Transfer-Encoding: base64\r\n\r\nYQ==\r\n",
            ),
            (
                "Content-Type: image/x\nContent-Transfer-Encoding: quoted-printable\n\n=20 \n",
                "Content-Type: image/x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=20\r\n",
            ),
        ] {
            assert_eq!(made(entity), want);
            assert_eq!(made(want), want);
        }
    }

    #[test]
    fn only_the_parts_that_are_not_fit_are_changed() {
        let entity = "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: binary\n\nbefore\n--b\n\n\u{e4}\n--b\n\
            Content-Type: multipart/digest; boundary=c\n\n--c\n\nTo: x \n--c--\n\n--b\nA: b\n\nx\n\n--b--\nafter\n";
        let want = "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\n--b\n\
            Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n--b\n\
            Content-Type: multipart/digest; boundary=c\n\n--c\n\nTo: x \n--c--\n\n--b\nA: b\n\nx\n\n--b--\n";
        assert_eq!(made(entity), want.replace('\n', "\r\n"));
    }

    #[test]
    fn what_must_not_be_changed_is_refused_if_it_is_not_fit() {
        let signed = "Content-Type: multipart/signed; boundary=b\n\n--b\n\nx \n--b--\n";
        for fixed in [signed, "Content-Type: message/rfc822\n\nFrom: x \n\nFrom y\n"] {
            assert_eq!(made(fixed), fixed.replace('\n', "\r\n"));
            assert_eq!(refusal(&fixed.replace("x ", "\u{e4}")), ErrorKind::Unsupported);
        }
        assert_eq!(refusal("Subject: \u{e4}\n\n"), ErrorKind::Unsupported);
        assert_eq!(refusal(&format!("Subject: {}\n\n", "x".repeat(999))), ErrorKind::Unsupported);
        for bad in [
            "Content-Transfer-Encoding: x-other\n\n\u{e4}",
            "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n\u{e4}",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\u{e4}\n--bc\n--b--\n",
        ] {
            assert_eq!(refusal(bad), ErrorKind::Malformed, "{bad:?}");
        }
    }

    #[test]
    fn depth_and_length_have_bounds() {
        let nested = |depth: usize| {
            (0..depth).fold("\n\u{e4}".to_owned(), |inner, at| {
                format!("Content-Type: multipart/mixed; boundary=b{at}b\n\n--b{at}b\n{inner}\n--b{at}b--\n")
            })
        };
        assert!(made(&nested(MIME_DEPTH)).contains("=C3=A4"));
        assert_eq!(refusal(&nested(MIME_DEPTH + 1)), ErrorKind::OverLimit);
        let line = format!("{}\n", "x".repeat(511));
        let mut longest = line.repeat(SEVEN_BIT_BYTES / line.len());
        longest.replace_range(..1, "\n");
        assert!(to_seven_bit(longest.as_bytes()).is_ok());
        longest.push('x');
        assert_eq!(refusal(&longest), ErrorKind::OverLimit);
    }
}
