//! Content-Transfer-Encoding (RFC 2045 section 6): base64 and quoted-printable undone as they come.
use std::io::{self, BufRead, Read};

use super::lines::{is_blank, without_end};
use crate::encoding::base64_stream;
use crate::error::{Error, Result};
use crate::limits::QUOTED_LINE_BYTES;

/// How the bytes of a body are written in mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transfer {
    /// As they are: 7bit, 8bit or binary.
    Plain,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// By the value of the field; without one the body is 7bit.
    pub(crate) fn of(value: Option<&str>) -> Result<Self> {
        match value.map(str::to_ascii_lowercase).as_deref() {
            None | Some("7bit" | "8bit" | "binary") => Ok(Transfer::Plain),
            Some("base64") => Ok(Transfer::Base64),
            Some("quoted-printable") => Ok(Transfer::QuotedPrintable),
            Some(_) => Err(Error::malformed("mail", "its transfer encoding is none that RFC 2045 knows")),
        }
    }

    /// The bytes that were meant.
    pub(crate) fn decode<R: BufRead>(self, body: R) -> Decoder<R> {
        match self {
            Transfer::Plain => Decoder::Plain(body),
            Transfer::Base64 => Decoder::Base64(base64_stream::Decoder::new(body)),
            Transfer::QuotedPrintable => Decoder::Quoted(Quoted::new(body)),
        }
    }
}

/// A body with its transfer encoding undone.
pub(crate) enum Decoder<R> {
    Plain(R),
    Base64(base64_stream::Decoder<R>),
    Quoted(Quoted<R>),
}

impl<R: BufRead> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Decoder::Plain(body) => body.fill_buf(),
            Decoder::Base64(decoder) => decoder.fill_buf(),
            Decoder::Quoted(quoted) => quoted.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Decoder::Plain(body) => body.consume(count),
            Decoder::Base64(decoder) => decoder.consume(count),
            Decoder::Quoted(quoted) => quoted.consume(count),
        }
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

/// Quoted-printable undone, line by line.
pub(crate) struct Quoted<R> {
    from: R,
    line: Vec<u8>,
    ready: Vec<u8>,
    taken: usize,
}

/// Bytes of quoted-printable text that are undone at a time.
const GATHERED: usize = 8192;

impl<R: BufRead> Quoted<R> {
    fn new(from: R) -> Self {
        Quoted { from, line: Vec::new(), ready: Vec::new(), taken: 0 }
    }

    fn waiting(&self) -> &[u8] {
        self.ready.get(self.taken..).unwrap_or_default()
    }

    /// Reads one more line; `false`: there is none.
    fn fill(&mut self) -> Result<bool> {
        self.line.clear();
        let most = u64::try_from(QUOTED_LINE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        (&mut self.from).take(most).read_until(b'\n', &mut self.line)?;
        if self.line.len() > QUOTED_LINE_BYTES {
            let hint = "leave it: RFC 2045 allows 76 characters, and it may be hostile";
            return Err(Error::over_limit("mail", "a line of its quoted-printable text is too long", hint));
        }
        decode_line(&self.line, &mut self.ready)
            .ok_or_else(|| Error::malformed("mail", "its quoted-printable text is not sound"))?;
        Ok(!self.line.is_empty())
    }
}

impl<R: BufRead> BufRead for Quoted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.waiting().is_empty() {
            self.ready.clear();
            self.taken = 0;
            // Many lines at a time: whoever reads from here has work to do for each piece.
            while self.ready.len() < GATHERED && self.fill()? {}
        }
        Ok(self.waiting())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.ready.len());
    }
}

impl<R: BufRead> Read for Quoted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

/// Undoes one line; `None`: it is not sound.
fn decode_line(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = without_end(line);
    let (_, end) = line.split_at_checked(text.len())?;
    // White space at the end of a line was added on the way (section 6.7, rule 3).
    let blanks = text.iter().rev().take_while(|byte| is_blank(**byte)).count();
    let (text, _) = text.split_at_checked(text.len().saturating_sub(blanks))?;
    let (text, is_soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
    let mut pieces = text.split(|byte| *byte == b'=');
    out.extend_from_slice(pieces.next()?);
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok();
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        out.extend_from_slice(rest);
    }
    if !is_soft {
        out.extend_from_slice(end);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// However the bytes come.
    fn decode(transfer: Transfer, text: &[u8]) -> Result<Vec<u8>> {
        let read = |room: usize| {
            let mut bytes = Vec::new();
            transfer.decode(io::BufReader::with_capacity(room, text)).read_to_end(&mut bytes)?;
            Ok::<_, Error>(bytes)
        };
        let whole = read(text.len().max(1));
        for room in [1, 2, 3, 5, 77] {
            assert_eq!(read(room).ok(), whole.as_ref().ok().cloned(), "{room}");
        }
        whole
    }

    #[test]
    fn quoted_printable_is_read_with_its_soft_ends_of_lines() {
        let decode = |text: &str| decode(Transfer::QuotedPrintable, text.as_bytes()).ok();
        assert_eq!(decode("a=3Db =\r\nc \t\r\nd=c3=a4\n").as_deref(), Some("a=b c\r\nd\u{e4}\n".as_bytes()));
        for (text, want) in
            [("x=", "x"), ("", ""), ("=\n=\n\n", "\n"), ("x= \r\ny", "xy"), ("x\r\r\n", "x\r\r\n")]
        {
            assert_eq!(decode(text).as_deref(), Some(want.as_bytes()), "{text:?}");
        }
        for bad in ["=4", "=zz", "a==3D", "=+1", "x=\r", "=4\n1"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_line_of_quoted_printable_text_has_a_bound() {
        let line = |length: usize| "x".repeat(length - 1) + "\n";
        let two = line(QUOTED_LINE_BYTES).repeat(2);
        assert_eq!(decode(Transfer::QuotedPrintable, two.as_bytes()).unwrap(), two.as_bytes());
        let over = decode(Transfer::QuotedPrintable, line(QUOTED_LINE_BYTES + 1).as_bytes()).unwrap_err();
        assert_eq!(over.kind(), ErrorKind::OverLimit);
    }

    #[test]
    fn what_is_not_encoded_and_what_is_in_base64_come_out() {
        assert_eq!(decode(Transfer::Plain, b"a=3D\n").unwrap(), b"a=3D\n");
        assert_eq!(decode(Transfer::Base64, b"aGVs\r\nbG8=\r\n").unwrap(), b"hello");
    }

    #[test]
    fn an_encoding_that_nobody_knows_is_refused() {
        assert_eq!(Transfer::of(Some("BASE64")).unwrap(), Transfer::Base64);
        assert_eq!(Transfer::of(None).unwrap(), Transfer::Plain);
        assert!(Transfer::of(Some("x-uuencode")).is_err());
    }
}
