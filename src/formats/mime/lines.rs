//! Lines of mail: they end in CRLF, or in LF where a mail went through a pipe. A CR alone ends none.
use std::io::{self, BufRead, Write};

/// Where a byte stands first.
pub(crate) fn find(text: &[u8], byte: u8) -> Option<usize> {
    // Of the searches in the standard library, this is the one that goes by words of the machine.
    let taken = BufRead::skip_until(&mut &*text, byte).ok()?;
    let at = taken.checked_sub(1)?;
    (text.get(at) == Some(&byte)).then_some(at)
}

/// Bytes whose hits are counted in a byte, so that the compiler looks at many of them at a time.
const COUNTED: usize = 255;

/// How often a byte is in a text.
pub(crate) fn count(text: &[u8], byte: u8) -> usize {
    let of = |piece: &[u8]| piece.iter().map(|one| u8::from(*one == byte)).sum::<u8>();
    text.chunks(COUNTED).map(|piece| usize::from(of(piece))).sum()
}

/// How often CRLF is in a text.
pub(crate) fn count_crlf(text: &[u8]) -> usize {
    let of = |(first, second): (&[u8], &[u8])| {
        let pairs = first.iter().zip(second);
        pairs.map(|(cr, lf)| u8::from(*cr == b'\r') & u8::from(*lf == b'\n')).sum::<u8>()
    };
    let next = text.split_at_checked(1).map_or(&[][..], |(_, next)| next);
    text.chunks(COUNTED).zip(next.chunks(COUNTED)).map(|pieces| usize::from(of(pieces))).sum()
}

/// The lines of a text, each with its end. The last may have none.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = find(rest, b'\n').map_or(rest.len(), |end| end.saturating_add(1));
        let (line, after) = rest.split_at_checked(length)?;
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

/// A line without its end.
pub(crate) fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text))
}

/// White space in a line.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The canonical form for a signature (RFC 8551 section 3.1.1): every line ends in CRLF. A lone CR is passed on.
pub(crate) struct Canonical<W> {
    to: W,
    after_cr: bool,
    /// What was made of a piece. Empty between calls.
    made: Vec<u8>,
}

/// Bytes that are made canonical at a time.
const PIECE: usize = 16 * 1024;

impl<W: Write> Canonical<W> {
    pub(crate) fn new(to: W) -> Self {
        Canonical { to, after_cr: false, made: Vec::new() }
    }

    /// Of a text that goes on after this byte.
    pub(crate) fn after(last: u8, to: W) -> Self {
        Canonical { after_cr: last == b'\r', ..Self::new(to) }
    }

    /// Where it was written to: nothing is held back.
    pub(crate) fn into_inner(self) -> W {
        self.to
    }

    fn piece(&mut self, piece: &[u8]) -> io::Result<()> {
        let mut after_cr = self.after_cr;
        // What is canonical already goes on as it is.
        let mut plain = 0_usize;
        for line in lines(piece) {
            let text = line.strip_suffix(b"\n");
            if text.is_some_and(|text| !text.last().map_or(after_cr, |last| *last == b'\r')) {
                break;
            }
            after_cr = line.last() == Some(&b'\r');
            plain = plain.saturating_add(line.len());
        }
        let (plain, rest) = piece.split_at_checked(plain).unwrap_or_default();
        self.to.write_all(plain)?;
        self.made.clear();
        for line in lines(rest) {
            match line.strip_suffix(b"\n") {
                Some(text) if !text.last().map_or(after_cr, |last| *last == b'\r') => {
                    self.made.extend_from_slice(text);
                    self.made.extend_from_slice(b"\r\n");
                }
                _ => self.made.extend_from_slice(line),
            }
            after_cr = line.last() == Some(&b'\r');
        }
        self.after_cr = after_cr;
        self.to.write_all(&self.made)
    }
}

impl<W: Write> Write for Canonical<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes.chunks(PIECE).try_for_each(|piece| self.piece(piece))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// [`Canonical`], of a text at hand.
pub(crate) fn canonical(text: &[u8]) -> Vec<u8> {
    let mut canonical = Canonical::new(Vec::with_capacity(text.len()));
    // A vector takes everything.
    let _ = canonical.write_all(text);
    canonical.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(text: &[u8], piece: usize) -> Vec<u8> {
        let mut canonical = Canonical::new(Vec::new());
        text.chunks(piece).for_each(|piece| canonical.write_all(piece).unwrap());
        canonical.into_inner()
    }

    #[test]
    fn lines_end_in_lf_or_crlf_and_nothing_else() {
        let found: Vec<&[u8]> = lines(b"a\r\n\nb\rc\n\r\nd").collect();
        assert_eq!(found, [&b"a\r\n"[..], b"\n", b"b\rc\n", b"\r\n", b"d"]);
        let texts: Vec<&[u8]> = found.into_iter().map(without_end).collect();
        assert_eq!(texts, [&b"a"[..], b"", b"b\rc", b"", b"d"]);
        assert_eq!((lines(b"").count(), lines(b"\n").count()), (0, 1));
        assert_eq!((without_end(b"a\r\n\r\n"), without_end(b"a\r")), (&b"a\r\n"[..], &b"a\r"[..]));
    }

    #[test]
    fn a_byte_is_found_where_it_stands_first() {
        assert_eq!(find(b"abcb", b'b'), Some(1));
        assert_eq!(find(b"ab", b'b'), Some(1));
        assert_eq!((find(b"ab", b'c'), find(b"", b'c')), (None, None));
    }

    #[test]
    fn what_is_counted_is_what_is_there() {
        for length in [0, 1, 2, 254, 255, 256, 257, 510, 511, 512, 2000] {
            for pattern in [&b"\r\n"[..], b"\n\r", b"\r", b"a\r\nb\r\rc\n\n"] {
                let text: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
                let pairs = text.windows(2).filter(|pair| *pair == b"\r\n").count();
                assert_eq!(count_crlf(&text), pairs, "{pattern:?} {length}");
                let returns = text.iter().filter(|byte| **byte == b'\r').count();
                assert_eq!(count(&text, b'\r'), returns, "{pattern:?} {length}");
            }
        }
    }

    #[test]
    fn the_canonical_form_has_crlf_and_changes_nothing_else() {
        for (text, want) in [
            (&b"a\nb\r\nc\r\r\n\n"[..], &b"a\r\nb\r\nc\r\r\n\r\n"[..]),
            (b"a\r\nb\rc", b"a\r\nb\rc"),
            (b"a\r\nb\nc\r\nd\r", b"a\r\nb\r\nc\r\nd\r"),
            (b"\n", b"\r\n"),
            (b"", b""),
        ] {
            for piece in [1, 2, 3, 100] {
                assert_eq!(in_pieces(text, piece), want, "{text:?} {piece}");
            }
        }
        let long = "x\n".repeat(PIECE);
        assert_eq!(canonical(long.as_bytes()), long.replace('\n', "\r\n").as_bytes());
    }
}
