//! Base64 (RFC 4648 section 4) of what is long and no secret, such as sealed mail: read from a stream, written in lines.
use std::io::{self, BufRead, Read, Write};

use super::base64_tables::{Alphabet, NONE};

static STANDARD: Alphabet = Alphabet::STANDARD;

/// Base64 undone. White space may stand anywhere; anything else that is no digit is refused (RFC 2045 section 6.8 would have
/// it ignored, and two readers who ignore others see other bytes), and so are wrong padding and stray bits.
pub(crate) struct Decoder<R> {
    from: R,
    /// Decoded, and taken up to `taken`.
    ready: Vec<u8>,
    taken: usize,
    /// Bits of digits that do not make a group yet, and how many digits that were, with `=`.
    bits: u32,
    count: usize,
    /// `=` that were seen.
    padding: usize,
}

/// Digits that are decoded at a time.
const PIECE: usize = 32 * 1024;

impl<R: BufRead> Decoder<R> {
    pub(crate) fn new(from: R) -> Self {
        Decoder { from, ready: Vec::new(), taken: 0, bits: 0, count: 0, padding: 0 }
    }

    fn waiting(&self) -> &[u8] {
        self.ready.get(self.taken..).unwrap_or_default()
    }

    /// Decodes the next piece of the input; `false`: there is none.
    fn fill(&mut self) -> io::Result<bool> {
        let text = self.from.fill_buf()?;
        let text = text.get(..PIECE).unwrap_or(text);
        let length = text.len();
        if length == 0 {
            let is_whole = self.count == 0;
            return if is_whole { Ok(false) } else { Err(unsound()) };
        }
        self.ready.resize(length.div_ceil(4).saturating_mul(3).saturating_add(3), 0);
        let (mut rest, mut out) = (text, self.ready.as_mut_slice());
        let mut made: usize = 0;
        while let [next, after @ ..] = rest {
            if matches!(next, b'\r' | b'\n' | b' ' | b'\t') {
                rest = after;
                continue;
            }
            if self.count == 0 && self.padding == 0 {
                let groups = STANDARD.decode_groups(rest, out);
                if groups > 0 {
                    let bytes = groups.saturating_mul(3);
                    rest = rest.get(groups.saturating_mul(4)..).unwrap_or_default();
                    out = out.get_mut(bytes..).unwrap_or_default();
                    made = made.saturating_add(bytes);
                    continue;
                }
            }
            rest = after;
            match (*next, self.count) {
                // Padding stands for the last or the last two of a group, and ends it all.
                (b'=', 2 | 3) => self.padding = self.padding.saturating_add(1),
                (digit, _) if self.padding == 0 && STANDARD.value(3, digit) != NONE => {
                    self.bits |= STANDARD.value(self.count, digit);
                }
                _ => return Err(unsound()),
            }
            self.count = self.count.saturating_add(1);
            if self.count == 4 {
                let [_, bytes @ ..] = self.bits.to_be_bytes();
                let (bytes, stray) =
                    bytes.split_at_checked(3_usize.saturating_sub(self.padding)).unwrap_or_default();
                if stray.iter().any(|byte| *byte != 0) {
                    return Err(unsound());
                }
                let (slots, after) = out.split_at_mut_checked(bytes.len()).unwrap_or_default();
                slots.copy_from_slice(bytes);
                out = after;
                made = made.saturating_add(bytes.len());
                (self.bits, self.count) = (0, 0);
            }
        }
        self.ready.truncate(made);
        self.taken = 0;
        self.from.consume(length);
        Ok(true)
    }
}

fn unsound() -> io::Error {
    crate::error::Error::malformed("mail", "its base64 is not sound").into()
}

impl<R: BufRead> BufRead for Decoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.waiting().is_empty() && self.fill()? {}
        Ok(self.waiting())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.ready.len());
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

/// Digits of a line (RFC 2045 section 6.8), and the bytes that they are of.
const LINE: usize = 76;
const LINE_BYTES: usize = LINE / 4 * 3;
/// Lines that are written at a time.
const LINES: usize = 256;

/// Makes base64 in lines of 76 characters, each with CRLF.
pub(crate) struct Lines<W> {
    to: W,
    /// Bytes that do not fill a line yet.
    rest: Vec<u8>,
    made: Vec<u8>,
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(to: W) -> Self {
        Lines { to, rest: Vec::with_capacity(LINE_BYTES), made: Vec::new() }
    }

    /// Writes the last line. Without this what was written is cut short.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let rest = std::mem::take(&mut self.rest);
        self.encode(&rest)?;
        Ok(self.to)
    }

    /// Each line but the last is whole.
    fn encode(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(LINES * LINE_BYTES) {
            self.made.resize(piece.len().div_ceil(LINE_BYTES).saturating_mul(LINE + 2), 0);
            let mut length: usize = 0;
            for (line, out) in piece.chunks(LINE_BYTES).zip(self.made.chunks_mut(LINE + 2)) {
                length = length.saturating_add(encode_line(line, out));
            }
            self.to.write_all(self.made.get(..length).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut more = bytes;
        if !self.rest.is_empty() {
            let room = LINE_BYTES.saturating_sub(self.rest.len()).min(bytes.len());
            let (first, after) = bytes.split_at_checked(room).unwrap_or_default();
            self.rest.extend_from_slice(first);
            more = after;
            if self.rest.len() < LINE_BYTES {
                return Ok(bytes.len());
            }
            let line = std::mem::take(&mut self.rest);
            self.encode(&line)?;
        }
        let whole = more.len().saturating_sub(more.len() % LINE_BYTES);
        let (lines, rest) = more.split_at_checked(whole).unwrap_or_default();
        self.rest.extend_from_slice(rest);
        self.encode(lines)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes one line with its end, and says how long it is.
fn encode_line(bytes: &[u8], out: &mut [u8]) -> usize {
    let (threes, rest) = bytes.as_chunks::<3>();
    let (fours, _) = out.as_chunks_mut::<4>();
    for (three, four) in threes.iter().zip(&mut *fours) {
        *four = STANDARD.digits(*three);
    }
    let mut length = threes.len().saturating_mul(4);
    let last = match *rest {
        [a, b] => STANDARD
            .digits([a, b, 0])
            .first_chunk()
            .map(|[first, second, third]| [*first, *second, *third, b'=']),
        [a] => STANDARD.digits([a, 0, 0]).first_chunk().map(|[first, second]| [*first, *second, b'=', b'=']),
        _ => None,
    };
    if let (Some(last), Some(four)) = (last, fours.get_mut(threes.len())) {
        *four = last;
        length = length.saturating_add(4);
    }
    if let Some([cr, lf, ..]) = out.get_mut(length..) {
        (*cr, *lf) = (b'\r', b'\n');
        length = length.saturating_add(2);
    }
    length
}

/// All at once, in lines.
pub(crate) fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Lines::new(Vec::with_capacity(bytes.len().div_ceil(LINE_BYTES).saturating_mul(LINE + 2)));
    // Writing to memory cannot fail.
    let _ = lines.write_all(bytes);
    lines.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64::encode_padded;

    /// However the bytes come.
    fn decode(text: &[u8]) -> Option<Vec<u8>> {
        let read = |room: usize| {
            let mut bytes = Vec::new();
            Decoder::new(io::BufReader::with_capacity(room, text)).read_to_end(&mut bytes).ok().map(|_| bytes)
        };
        let whole = read(text.len().max(1));
        for room in [1, 2, 3, 5, 77, 1000] {
            assert_eq!(read(room), whole, "{room}");
        }
        whole
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 7 + at / 256 * 31) as u8).collect()
    }

    #[test]
    fn base64_is_read_over_lines_and_nothing_else_is_passed_over() {
        for (text, want) in [
            ("aGVs\r\nbG8=\r\n", "hello"),
            ("", ""),
            (" \t\r\n", ""),
            ("a GV\tsb\nG8 = ", "hello"),
            ("aGVsbA = =", "hell"),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(want.as_bytes()), "{text:?}");
        }
        for bad in [
            "aGVsbG8",
            "aGVsbA=",
            "aGVsbA",
            "aGVsb",
            "aGVs!bG8=",
            "aGVsbG8=aGVsbG8=",
            "aGVsbG8==",
            "=",
            "aGVs=",
            "aGVsb===",
            "aGVsbG9=",
            "aGVsbB==",
            "aGVsbG8=\n--b--",
            "aGVs-_8=",
            "aGVs\u{e4}G8=",
            "aGVs\0bG8=",
            "aGVs\x0cbG8=",
            "aGVsbA=x=",
        ] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn each_byte_that_is_no_digit_is_refused_wherever_it_stands() {
        let good = encode(&bytes(57));
        for byte in (0..=255_u8).filter(|byte| STANDARD.value(0, *byte) == NONE && !b" \t\r\n".contains(byte))
        {
            for at in [0, 1, 2, 3, 17, 40, 66, 75] {
                let mut bad = good.clone();
                bad[at] = byte;
                let mut read = Decoder::new(&bad[..]);
                assert!(io::copy(&mut read, &mut io::sink()).is_err(), "{byte} at {at}");
            }
        }
    }

    #[test]
    fn lines_have_76_digits_and_say_what_base64_says() {
        for length in
            [0, 1, 2, 3, 56, 57, 58, 113, 114, 1000, LINES * LINE_BYTES - 1, LINES * LINE_BYTES, 100_000]
        {
            let bytes = bytes(length);
            let text = encode(&bytes);
            let lines: Vec<&str> = str::from_utf8(&text).unwrap().split_terminator("\r\n").collect();
            assert_eq!(lines.concat(), encode_padded(&bytes), "{length}");
            assert!(lines.iter().rev().skip(1).all(|line| line.len() == 76), "{length}");
            assert!(lines.last().is_none_or(|line| (1..=76).contains(&line.len())), "{length}");
            assert!(text.is_empty() || text.ends_with(b"\r\n"), "{length}");
            assert_eq!(decode(&text), Some(bytes), "{length}");
        }
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let bytes = bytes(40_000);
        for piece in [1, 2, 56, 57, 58, 1000] {
            let mut lines = Lines::new(Vec::new());
            bytes.chunks(piece).for_each(|piece| lines.write_all(piece).unwrap());
            assert_eq!(lines.finish().unwrap(), encode(&bytes), "{piece}");
        }
    }
}
