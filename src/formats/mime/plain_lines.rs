//! Looks whether lines that pass are such that every program on the way leaves them alone (RFC 8551 section 3.1.3).
use std::io::{self, Read};

use super::lines::{count, count_crlf, lines};
use crate::error::{Error, ErrorKind};
use crate::limits::MIME_LINE_BYTES;

/// Passes ASCII in lines of at most 998 bytes, and refuses anything else.
pub(crate) struct PlainLines<R> {
    from: R,
    /// Bytes of the line so far.
    length: usize,
    last: u8,
}

impl<R: Read> PlainLines<R> {
    pub(crate) fn new(from: R) -> Self {
        PlainLines { from, length: 0, last: 0 }
    }

    fn look(&mut self, bytes: &[u8]) -> bool {
        // A CR belongs to the end of a line, whose LF may come with the bytes after.
        let is_cut = self.last == b'\r' && bytes.first().is_some_and(|byte| *byte != b'\n');
        let is_open = bytes.last() == Some(&b'\r');
        let is_lone = is_cut || count(bytes, b'\r') != count_crlf(bytes) + usize::from(is_open);
        if is_lone || !bytes.is_ascii() || count(bytes, 0) != 0 {
            return false;
        }
        lines(bytes).all(|line| self.is_short(line))
    }

    /// Whether a line, or what has come of it, is within the bound.
    fn is_short(&mut self, line: &[u8]) -> bool {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        self.length = self.length.saturating_add(text.len());
        let end = usize::from(text.last().unwrap_or(&self.last) == &b'\r');
        let is_short = self.length.saturating_sub(end) <= MIME_LINE_BYTES;
        self.last = line.last().copied().unwrap_or(self.last);
        if self.last == b'\n' {
            self.length = 0;
        }
        is_short
    }
}

impl<R: Read> Read for PlainLines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(out)?;
        let read = out.get(..count).unwrap_or_default();
        if self.look(read) {
            return Ok(count);
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            "mail",
            "it is long, and its lines are not plain ASCII of at most 998 bytes: they may be changed on the way",
            "sign it opaque, or write its parts in base64 first",
        )
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(parts: &[&[u8]]) -> bool {
        let mut lines = PlainLines::new(io::empty());
        parts.iter().all(|part| lines.look(part))
    }

    #[test]
    fn plain_lines_pass_wherever_they_are_cut() {
        let text = b"a\r\nb\nc\r\n\r\n\n";
        for at in 0..text.len() {
            assert!(passes(&[&text[..at], &text[at..]]), "{at}");
        }
        assert!(passes(&[&[b'x'; 998], b"\r\n", &[b'x'; 998], b"\r", b"\n"]));
    }

    #[test]
    fn what_may_be_changed_on_the_way_does_not() {
        for bad in [&b"\x80"[..], b"a\0b", b"a\rb", b"\rb", b"a\r\r\n"] {
            assert!(!passes(&[bad]), "{bad:?}");
        }
        assert!(!passes(&[b"a\r", b"b"]));
        assert!(!passes(&[&[b'x'; 999]]));
    }
}
