//! Strict PEM armor (RFC 7468 section 3, figure 3): what mail and chat carry.
use std::io::{self, BufRead, Read, Write};

use super::base64;
use crate::error::{Error, Result};
use crate::limits::ARMOR_WHITESPACE_BYTES;

/// Bytes that fill a line, and its characters.
const LINE_BYTES: usize = 48;
const LINE_CHARS: usize = 64;

/// Which label an armor has; the label says what is inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Label {
    Bulla,
    Age,
}

impl Label {
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Label::Bulla => "-----BEGIN BULLA ENCRYPTED FILE-----",
            Label::Age => "-----BEGIN AGE ENCRYPTED FILE-----",
        }
    }

    fn end(self) -> &'static str {
        match self {
            Label::Bulla => "-----END BULLA ENCRYPTED FILE-----",
            Label::Age => "-----END AGE ENCRYPTED FILE-----",
        }
    }
}

/// Writes an armor round what is written to it. Ends with [`finish`](Armorer::finish).
pub(crate) struct Armorer<W> {
    inner: W,
    label: Label,
    begun: bool,
    /// Less than a line.
    pending: Vec<u8>,
}

impl<W: Write> Armorer<W> {
    pub(crate) fn new(inner: W, label: Label) -> Self {
        Armorer { inner, label, begun: false, pending: Vec::with_capacity(LINE_BYTES) }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            writeln!(self.inner, "{}", self.label.begin())?;
            self.begun = true;
        }
        Ok(())
    }

    /// Writes the last line and the end; without it the armor is cut short.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.begin()?;
        if !self.pending.is_empty() {
            writeln!(self.inner, "{}", base64::encode_padded(&self.pending))?;
        }
        writeln!(self.inner, "{}", self.label.end())?;
        Ok(self.inner)
    }

    pub(crate) fn get_ref(&self) -> &W {
        &self.inner
    }
}

impl<W: Write> Write for Armorer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        let mut lines = String::with_capacity(bytes.len().saturating_mul(3) / 2);
        for piece in bytes.chunks(LINE_BYTES) {
            let mut piece = piece;
            while !piece.is_empty() {
                let room = LINE_BYTES.saturating_sub(self.pending.len()).min(piece.len());
                let (now, later) = piece.split_at(room);
                self.pending.extend_from_slice(now);
                piece = later;
                if self.pending.len() == LINE_BYTES {
                    lines.push_str(&base64::encode_padded(&self.pending));
                    lines.push('\n');
                    self.pending.clear();
                }
            }
        }
        self.inner.write_all(lines.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads what is inside an armor.
pub(crate) struct Dearmorer<B> {
    inner: B,
    label: Label,
    state: State,
    /// The bytes of the line that is being handed out.
    line: Vec<u8>,
    taken: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Lines,
    /// A line that only the end may follow has been read.
    LastLine,
    Done,
    Failed,
}

impl<B: BufRead> Dearmorer<B> {
    /// Reads the white space and the first line, which the caller has recognised.
    pub(crate) fn new(mut inner: B, label: Label) -> Result<Self> {
        let white = skip_whitespace(&mut inner)?;
        if white > ARMOR_WHITESPACE_BYTES {
            return Err(bad("there is too much white space before it"));
        }
        let line = read_line(&mut inner)?;
        if line.text != label.begin().as_bytes() || !line.ended {
            return Err(bad("its first line is not a sound PEM line"));
        }
        Ok(Dearmorer { inner, label, state: State::Lines, line: Vec::new(), taken: 0 })
    }

    pub(crate) fn into_inner(self) -> B {
        self.inner
    }

    /// Reads the next line into `self.line`, empty at the end.
    fn next_line(&mut self) -> Result<()> {
        self.line.clear();
        self.taken = 0;
        if self.state == State::Done {
            return Ok(());
        }
        if self.state == State::Failed {
            return Err(bad("it is not sound"));
        }
        let before = std::mem::replace(&mut self.state, State::Failed);
        let line = read_line(&mut self.inner)?;
        if line.text == self.label.end().as_bytes() {
            return self.read_trailer(line.ended);
        }
        if before == State::LastLine {
            return Err(bad("a line follows one that should be the last"));
        }
        if line.text.is_empty() || line.text.len() > LINE_CHARS || !line.ended {
            return Err(bad("a line is empty, over 64 characters or has no end"));
        }
        let text = std::str::from_utf8(&line.text).map_err(|_| bad("a line is not base64"))?;
        self.line = base64::decode_padded(text).ok_or_else(|| bad("a line is not canonical base64"))?;
        self.state = if self.line.len() == LINE_BYTES { State::Lines } else { State::LastLine };
        Ok(())
    }

    fn read_trailer(&mut self, ended: bool) -> Result<()> {
        if ended {
            let white = skip_whitespace(&mut self.inner)?;
            if white > ARMOR_WHITESPACE_BYTES || !self.inner.fill_buf()?.is_empty() {
                return Err(bad("something follows its last line"));
            }
        }
        self.state = State::Done;
        Ok(())
    }
}

impl<B: BufRead> Read for Dearmorer<B> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut got: usize = 0;
        let mut out = out;
        while !out.is_empty() {
            let count = self.fill_buf()?.read(out)?;
            if count == 0 {
                break;
            }
            self.consume(count);
            got = got.saturating_add(count);
            out = out.split_at_mut_checked(count).map_or(&mut [], |(_, rest)| rest);
        }
        Ok(got)
    }
}

impl<B: BufRead> BufRead for Dearmorer<B> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.line.len() {
            self.next_line()?;
        }
        Ok(self.line.split_at_checked(self.taken).map_or(&[], |(_, waiting)| waiting))
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.line.len());
    }
}

struct Line {
    text: Vec<u8>,
    /// Whether an LF or CRLF ended it, or the input did.
    ended: bool,
}

/// Reads a line of at most 128 bytes; a longer one comes back cut, and is then too long for any use.
fn read_line(from: &mut impl BufRead) -> Result<Line> {
    let mut text = Vec::with_capacity(LINE_CHARS + 2);
    from.take(128).read_until(b'\n', &mut text)?;
    let ended = text.pop_if(|byte| *byte == b'\n').is_some();
    if ended {
        text.pop_if(|byte| *byte == b'\r');
    }
    Ok(Line { text, ended })
}

/// Takes white space, up to one byte more than is allowed, and says how much there was.
fn skip_whitespace(from: &mut impl BufRead) -> Result<usize> {
    let mut count: usize = 0;
    while count <= ARMOR_WHITESPACE_BYTES {
        match from.fill_buf()?.first() {
            Some(b' ' | b'\t' | b'\r' | b'\n') => from.consume(1),
            _ => break,
        }
        count = count.saturating_add(1);
    }
    Ok(count)
}

fn bad(why: &'static str) -> Error {
    Error::malformed("armor", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armored(bytes: &[u8]) -> Vec<u8> {
        let mut armorer = Armorer::new(Vec::new(), Label::Bulla);
        armorer.write_all(bytes).unwrap();
        armorer.finish().unwrap()
    }

    fn dearmored(text: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Dearmorer::new(text, Label::Bulla)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn armor_of_any_length_comes_back() {
        for length in [0, 1, 2, 47, 48, 49, 96, 1000] {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
            assert_eq!(dearmored(&armored(&bytes)).unwrap(), bytes);
        }
    }

    #[test]
    fn armor_with_anything_odd_is_refused() {
        let good = String::from_utf8(armored(&[5; 61])).unwrap();
        assert!(dearmored(good.replace('\n', "\r\n").as_bytes()).is_ok());
        assert!(dearmored(format!(" \n{good}\n ").as_bytes()).is_ok());
        for bad in [
            good.replace("-----END", "------END"),
            good.replacen('\n', "\n\n", 1),
            good.replacen('\n', "\nVersion: 1\n", 1),
            good.replacen('\n', " \n", 2),
            format!("{good}x"),
            format!("{}{good}", " ".repeat(1025)),
            good.replace('=', ""),
        ] {
            assert_ne!(bad, good);
            assert!(dearmored(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
