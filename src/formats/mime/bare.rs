//! CMS objects without a header: as a file in DER or BER, in PEM, or in base64 alone.
use std::io::{self, BufRead, Read};

use super::lines::{find, is_blank, without_end};
use crate::encoding::base64_stream::Decoder;
use crate::encoding::input::Input;
use crate::encoding::tlv::SEQUENCE;
use crate::error::{Error, Result};
use crate::limits::ARMOR_WHITESPACE_BYTES;

/// How an object is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As it is, in DER or BER.
    Binary,
    /// Between two lines that say what it is (RFC 7468).
    Pem,
    Base64,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// What is between them is a ContentInfo: by RFC 7468 section 9 and 8, as OpenSSL and as GnuPG write it.
const LABELS: [&[u8]; 5] =
    [b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA", b"SIGNED MESSAGE", b"ENCRYPTED MESSAGE"];

/// How an object begins in base64, whose first byte is that of a SEQUENCE and whose second one a length of more than 127
/// bytes, or an indefinite one: no field of a header has the first line that goes with it.
const BASE64: &[u8] = b"MI";

impl Form {
    /// Looks at the beginning, and takes nothing. `None`: it is no bare object; mail, perhaps.
    pub(crate) fn of<R: Read>(from: &mut Input<R>) -> Result<Option<Self>> {
        let look = ARMOR_WHITESPACE_BYTES.saturating_add(BEGIN.len().max(LOOK));
        let start = from.peek(look).map_err(|error| Error::io("mail", error))?;
        if start.first() == Some(&SEQUENCE) {
            return Ok(Some(Form::Binary));
        }
        let text = start.trim_ascii_start();
        if text.starts_with(BEGIN) {
            return Ok(Some(Form::Pem));
        }
        let line = without_end(super::lines::lines(text).next().unwrap_or_default());
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/= \t\r".contains(byte);
        Ok((line.starts_with(BASE64) && line.iter().all(is_digit)).then_some(Form::Base64))
    }

    /// The object, in DER or BER.
    pub(crate) fn decode<R: BufRead>(self, from: R) -> Result<Object<R>> {
        match self {
            Form::Binary => Ok(Object::Binary(from)),
            Form::Pem => Ok(Object::Pem(Decoder::new(Inside::new(from)?))),
            Form::Base64 => Ok(Object::Base64(Decoder::new(from))),
        }
    }
}

/// Bytes of a first line that are looked at: a field's name would end before, and so do the lines of PEM that are known.
const LOOK: usize = 128;

/// The bytes of an object, as they come.
pub(crate) enum Object<R> {
    Binary(R),
    Pem(Decoder<Inside<R>>),
    Base64(Decoder<R>),
}

impl<R: BufRead> BufRead for Object<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Object::Binary(from) => from.fill_buf(),
            Object::Pem(decoder) => decoder.fill_buf(),
            Object::Base64(decoder) => decoder.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Object::Binary(from) => from.consume(count),
            Object::Pem(decoder) => decoder.consume(count),
            Object::Base64(decoder) => decoder.consume(count),
        }
    }
}

impl<R: BufRead> Read for Object<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

/// What stands between the two lines of PEM.
pub(crate) struct Inside<R> {
    from: R,
    label: &'static [u8],
    ended: bool,
}

impl<R: BufRead> Inside<R> {
    fn new(mut from: R) -> Result<Self> {
        pass_space(&mut from)?;
        let line = line(&mut from)?;
        let label = line.strip_prefix(BEGIN).and_then(|line| line.strip_suffix(DASHES));
        let label = label.and_then(|label| LABELS.into_iter().find(|known| *known == label));
        let Some(label) = label else {
            return Err(Error::malformed("PEM", "it does not say that it is a message of CMS"));
        };
        Ok(Inside { from, label, ended: false })
    }

    /// The last line, and nothing but white space after it: a second object would be one that nobody sees.
    fn end(&mut self) -> Result<()> {
        let line = line(&mut self.from)?;
        let label = line.strip_prefix(END).and_then(|line| line.strip_suffix(DASHES));
        if label != Some(self.label) {
            return Err(Error::malformed("PEM", "it does not end as it began"));
        }
        pass_space(&mut self.from)?;
        if !self.from.fill_buf()?.is_empty() {
            return Err(Error::malformed("PEM", "something follows after its end"));
        }
        self.ended = true;
        Ok(())
    }
}

/// One short line, without its end and blanks before that.
fn line(from: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let most = u64::try_from(LOOK).unwrap_or(u64::MAX);
    from.take(most).read_until(b'\n', &mut line)?;
    let text = without_end(&line);
    let blanks = text.iter().rev().take_while(|byte| is_blank(**byte)).count();
    line.truncate(text.len().saturating_sub(blanks));
    Ok(line)
}

fn pass_space(from: &mut impl BufRead) -> Result<()> {
    loop {
        let waiting = from.fill_buf()?;
        let count = waiting.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let is_all = !waiting.is_empty() && count == waiting.len();
        from.consume(count);
        if !is_all {
            return Ok(());
        }
    }
}

impl<R: BufRead> BufRead for Inside<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // No digit of base64 is a hyphen.
        if !self.ended && self.from.fill_buf()?.first() == Some(&b'-') {
            self.end()?;
        }
        if self.ended {
            return Ok(&[]);
        }
        let waiting = self.from.fill_buf()?;
        if waiting.is_empty() {
            return Err(Error::malformed("PEM", "its end is missing").into());
        }
        Ok(find(waiting, b'-').and_then(|end| waiting.get(..end)).unwrap_or(waiting))
    }

    fn consume(&mut self, count: usize) {
        self.from.consume(count);
    }
}

impl<R: BufRead> Read for Inside<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64_stream::encode;
    use crate::encoding::tlv::wrap;

    /// `None`: it is no bare object. However the bytes come.
    fn read(text: &[u8]) -> Option<Result<Vec<u8>>> {
        let once = |room: usize| {
            let mut input = Input::new(io::BufReader::with_capacity(room, text), room);
            let form = Form::of(&mut input).unwrap()?;
            let mut bytes = Vec::new();
            Some(form.decode(input).and_then(|mut object| Ok(object.read_to_end(&mut bytes).map(|_| bytes)?)))
        };
        let whole = once(1 << 20);
        let short = once(3);
        assert_eq!(whole.is_some(), short.is_some());
        if let (Some(whole), Some(short)) = (&whole, &short) {
            assert_eq!(whole.as_ref().ok(), short.as_ref().ok());
        }
        whole
    }

    fn pem(label: &str, object: &[u8]) -> String {
        let lines = String::from_utf8(encode(object)).unwrap();
        format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
    }

    #[test]
    fn an_object_is_read_in_each_form() {
        for object in [wrap(SEQUENCE, &[&[7; 1000]]), [&[SEQUENCE, 0x80][..], &[7; 1000], &[0, 0]].concat()] {
            let base64 = encode(&object);
            let crlf = pem("CMS", &object).replace("\r\n", "\n").replace('\n', "\r\n");
            let mut texts =
                vec![object.clone(), base64.clone(), [b" \r\n", &base64[..]].concat(), crlf.into()];
            texts.extend(LABELS.map(|label| pem(str::from_utf8(label).unwrap(), &object).into()));
            texts.push(format!("\n\n{} \n \n", pem("PKCS7", &object).trim()).into());
            texts.push(pem("PKCS7", &object).trim().into());
            texts.push(base64.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect());
            for text in texts {
                assert_eq!(read(&text).unwrap().unwrap(), object, "{:?}", String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn mail_is_no_bare_object() {
        for text in [
            "From: x\n\nMIIB",
            "MIME-Version: 1.0\n\n",
            "MIx: y\n",
            "",
            "\nMIME-Version: 1.0",
            "A\n-----BEGIN CMS-----\n",
        ] {
            assert!(read(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn pem_that_is_not_sound_or_is_something_else_is_refused() {
        let good = pem("CMS", &wrap(SEQUENCE, &[&[7; 100]]));
        assert!(read(good.as_bytes()).unwrap().is_ok());
        for bad in [
            good.replace("CMS", "CERTIFICATE"),
            good.replace("BEGIN CMS", "BEGIN PKCS7"),
            good.replace("-----END CMS-----", ""),
            good.replace("-----END CMS-----", "-----END CMS----"),
            good.replace("-----END CMS-----", "-----END CMS-----x"),
            good.replace("-----\nM", "-----\nProc-Type: x\nM"),
            good.replace("BwcH", "Bw-H"),
            good.replace("BwcH\r\n", "BwcHB\r\n"),
            format!("{good}x"),
            good.repeat(2),
            format!("-----BEGIN {}", "x".repeat(10_000)),
        ] {
            assert_ne!(bad, good);
            assert!(read(bad.as_bytes()).unwrap().is_err(), "{bad}");
        }
    }
}
