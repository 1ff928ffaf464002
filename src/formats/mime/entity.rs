//! What an entity is to S/MIME (RFC 8551 section 3): signed in two parts, a CMS object, or neither. As it comes.
use std::io::{BufRead, Read};

use super::header::Header;
use super::multipart::{Part, Parts};
use super::parameters::Parameterized;
use super::transfer::Transfer;
use crate::error::{Error, Result};

/// An entity whose header was read; its body is what comes next.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) kind: Kind,
}

/// What an entity is to S/MIME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// multipart/signed (RFC 1847): its body is for [`Signed`]. `micalg` says which hashes it was signed with; only the
    /// signature itself tells.
    Signed { boundary: String, micalg: Option<String> },
    /// application/pkcs7-mime: a CMS object written in this way, and what it says to be (`smime-type`). Only the object itself
    /// tells.
    Cms { transfer: Transfer, said: Option<String> },
    /// Anything else.
    Other,
}

const SIGNATURE: [&str; 2] = ["application/pkcs7-signature", "application/x-pkcs7-signature"];
const MIME: [&str; 2] = ["application/pkcs7-mime", "application/x-pkcs7-mime"];

/// Reads the header of an entity, and says what its body is.
pub(crate) fn open(from: &mut (impl BufRead + ?Sized)) -> Result<Opened> {
    let header = Header::read(from)?;
    let kind = kind(&header)?;
    Ok(Opened { header, kind })
}

/// What an entity with this header is to S/MIME.
pub(crate) fn kind(header: &Header) -> Result<Kind> {
    let Some(media_type) = header.media_type()? else { return Ok(Kind::Other) };
    match media_type.value.as_str() {
        "multipart/signed" => signed(header, &media_type),
        value
            if MIME.contains(&value)
                || (value == "application/octet-stream" && is_named_p7m(header, &media_type)?) =>
        {
            Ok(Kind::Cms {
                transfer: header.transfer()?,
                said: media_type.get("smime-type").map(str::to_ascii_lowercase),
            })
        }
        _ => Ok(Kind::Other),
    }
}

/// A file name that says what the type does not (RFC 8551 section 3.2.1).
fn is_named_p7m(header: &Header, media_type: &Parameterized) -> Result<bool> {
    let disposition = header.parameterized("Content-Disposition")?;
    let name = disposition.as_ref().and_then(|disposition| disposition.get("filename"));
    let name = name.or(media_type.get("name")).unwrap_or_default().to_ascii_lowercase();
    Ok(name.ends_with(".p7m"))
}

/// RFC 8551 section 3.5.3. A protocol of others (PGP's, say) is no concern of ours.
fn signed(header: &Header, media_type: &Parameterized) -> Result<Kind> {
    let protocol = media_type.get("protocol").unwrap_or_default().to_ascii_lowercase();
    if !SIGNATURE.contains(&protocol.as_str()) {
        return Ok(Kind::Other);
    }
    Ok(Kind::Signed {
        boundary: boundary(header, media_type)?,
        micalg: media_type.get("micalg").map(str::to_ascii_lowercase),
    })
}

/// The boundary of a multipart.
pub(crate) fn boundary(header: &Header, media_type: &Parameterized) -> Result<String> {
    if header.transfer()? != Transfer::Plain {
        // RFC 2045 section 6.4: some readers would undo it before they look for the parts, and some not.
        return Err(Error::malformed("mail", "its parts are written in a transfer encoding"));
    }
    let boundary =
        media_type.get("boundary").ok_or_else(|| Error::malformed("mail", "it has no boundary"))?;
    Ok(boundary.to_owned())
}

/// The body of a multipart/signed: what is signed, and then the signature over it.
pub(crate) struct Signed<R> {
    parts: Parts<R>,
}

impl<R: Read> Signed<R> {
    pub(crate) fn new(body: R, boundary: &str) -> Result<Self> {
        Ok(Signed { parts: Parts::new(body, boundary)? })
    }

    /// What is signed, to the byte. Nothing of it is to be believed before [`signature`](Self::signature) is there and holds.
    pub(crate) fn content(&mut self) -> Result<Part<'_, R>> {
        self.parts.next()?.ok_or_else(not_two)
    }

    /// The CMS object with the signature, of at most so many bytes. Takes the body to its end.
    pub(crate) fn signature(mut self, most: usize) -> Result<Vec<u8>> {
        let mut part = self.parts.next()?.ok_or_else(not_two)?;
        let header = Header::read(&mut part)?;
        let its = header.media_type()?.map(|media_type| media_type.value).unwrap_or_default();
        if !SIGNATURE.contains(&its.as_str()) {
            return Err(Error::malformed("mail", "its second part is no signature"));
        }
        let mut signature = Vec::new();
        let room = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        header.transfer()?.decode(part).take(room).read_to_end(&mut signature)?;
        if signature.len() > most {
            let hint = "leave it: it may be hostile";
            return Err(Error::over_limit("mail", "its signature is too long", hint));
        }
        match self.parts.next()? {
            None => Ok(signature),
            Some(_) => Err(not_two()),
        }
    }
}

fn not_two() -> Error {
    Error::malformed("mail", "it is signed, and has not two parts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const SIGNED: &str = "From: bob@example.org\r\nContent-Type: multipart/signed; boundary=b;\r\n \
        protocol=\"application/x-pkcs7-signature\"; micalg=SHA-256\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
        hello\r\n\r\n--b\r\nContent-Type: application/x-pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        AAE=\r\n--b--\r\n";

    fn kind(text: &str) -> Result<Kind> {
        open(&mut text.as_bytes()).map(|opened| opened.kind)
    }

    /// What is signed, and the signature.
    fn both(text: &str, most: usize) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut from = text.as_bytes();
        let Kind::Signed { boundary, .. } = open(&mut from)?.kind else { panic!("it is signed") };
        let mut signed = Signed::new(from, &boundary)?;
        let mut content = Vec::new();
        signed.content()?.read_to_end(&mut content)?;
        Ok((content, signed.signature(most)?))
    }

    #[test]
    fn a_signed_entity_gives_its_first_part_to_the_byte() {
        let want = (b"Content-Type: text/plain\r\n\r\nhello\r\n".to_vec(), vec![0, 1]);
        assert_eq!(both(SIGNED, 2).unwrap(), want);
        let micalg = Some("sha-256".to_owned());
        assert_eq!(kind(SIGNED).unwrap(), Kind::Signed { boundary: "b".to_owned(), micalg });
        assert_eq!(both(SIGNED, 1).unwrap_err().kind(), ErrorKind::OverLimit);
    }

    #[test]
    fn a_cms_object_is_found_by_type_or_file_name() {
        for head in [
            "Content-Type: application/pkcs7-mime; smime-type=Enveloped-data",
            "content-type: APPLICATION/X-PKCS7-MIME; smime-type=enveloped-data",
        ] {
            let text = format!("{head}\nContent-Transfer-Encoding: base64\n\nAAE=\n");
            let mut from = text.as_bytes();
            let Kind::Cms { transfer, said } = open(&mut from).unwrap().kind else { panic!("{head}") };
            let mut object = Vec::new();
            transfer.decode(from).read_to_end(&mut object).unwrap();
            assert_eq!((object.as_slice(), said.as_deref()), (&[0, 1][..], Some("enveloped-data")));
        }
        for head in [
            "Content-Type: application/octet-stream; name=smime.P7M",
            "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"smime.p7m\"",
        ] {
            let want = Kind::Cms { transfer: Transfer::Plain, said: None };
            assert_eq!(kind(&format!("{head}\n\nx")).unwrap(), want, "{head}");
        }
        for other in
            ["", "Content-Type: application/octet-stream\n", "Content-Type: text/plain; name=a.p7m\n"]
        {
            assert_eq!(kind(&format!("{other}\nx")).unwrap(), Kind::Other, "{other}");
        }
    }

    #[test]
    fn what_is_signed_in_a_way_that_readers_differ_in_is_refused() {
        let other = |from: &str, to: &str| {
            assert!(SIGNED.contains(from), "{from}");
            both(&SIGNED.replace(from, to), 2).is_err()
        };
        assert!(other("boundary=b;", "boundary=b; boundary=c;"));
        assert!(other("boundary=b;", ""));
        assert!(other("From:", "Content-Type: text/plain\r\nFrom:"));
        assert!(other("From: ", "Content-Transfer-Encoding: base64\r\nFrom: "));
        assert!(other("hello", "--b2"));
        assert!(other("hello", "--b\r\n\r\nhello"));
        assert!(other("--b--", "--b\r\n\r\nhello\r\n--b--"));
        assert!(other("--b--\r\n", "--b--\r\n--b\r\n"));
        assert!(other("Content-Type: application/x-pkcs7-signature", "Content-Type: text/plain"));
        assert!(other("AAE=", "AAE"));
        assert!(other("\r\n--b\r\nContent-Type: application", "\r\nContent-Type: application"));
        let pgp = SIGNED.replace("x-pkcs7-signature\"", "pgp-signature\"");
        assert!(matches!(kind(&pgp), Ok(Kind::Other)));
    }
}
