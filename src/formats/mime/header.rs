//! The header of a MIME entity (RFC 5322 section 2.2): its fields, as they came, up to the empty line.
use std::io::{BufRead, Read};
use std::ops::Range;

use super::lines::{find, is_blank, without_end};
use super::parameters::Parameterized;
use super::transfer::Transfer;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{MIME_FIELDS, MIME_HEADER_BYTES};

/// One field of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    /// Everything after the colon, folds and all, without the end of its last line.
    pub(crate) raw: &'a [u8],
    /// The whole field, from its name to the end of its last line.
    pub(crate) whole: &'a [u8],
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value in one line (RFC 5322 section 2.2.3), without white space around it. `None` if it is not UTF-8.
    pub(crate) fn value(&self) -> Option<String> {
        let text = std::str::from_utf8(self.raw).ok()?;
        let unfolded: String = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        Some(unfolded.trim().to_owned())
    }
}

/// The fields of a header, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    raw: Vec<u8>,
    fields: Vec<Place>,
}

/// Where a field stands.
#[derive(Clone, Debug)]
struct Place {
    name: Range<usize>,
    value: Range<usize>,
    end: usize,
}

impl Header {
    /// Reads a header with the empty line after it, or up to the end if there is no body. What follows is the body.
    pub(crate) fn read(from: &mut (impl BufRead + ?Sized)) -> Result<Self> {
        let (mut raw, mut fields) = (Vec::new(), Vec::<Place>::new());
        loop {
            let start = raw.len();
            // With room for one byte too many, which tells a line over the bound from one that ends at it.
            let room = MIME_HEADER_BYTES.saturating_sub(start).saturating_add(2);
            let room = u64::try_from(room).unwrap_or(u64::MAX);
            let mut bounded = (&mut *from).take(room);
            bounded.read_until(b'\n', &mut raw).map_err(|error| Error::io("mail", error))?;
            let line = raw.get(start..).unwrap_or_default();
            let text = without_end(line);
            if text.is_empty() {
                return Ok(Header { raw, fields });
            }
            if raw.len() > MIME_HEADER_BYTES || fields.len() > MIME_FIELDS {
                let hint = "leave it: it may be hostile";
                return Err(Error::over_limit("mail", "its header is too long", hint));
            }
            if text.iter().any(|byte| matches!(byte, b'\r' | 0)) {
                // Some programs take a CR for the end of a line, and a NUL for that of everything.
                return Err(Error::malformed("mail", "its header has a CR or NUL within a line"));
            }
            let (end, next) = (start.saturating_add(text.len()), raw.len());
            if text.first().copied().is_some_and(is_blank) {
                let Some(last) = fields.last_mut() else {
                    return Err(Error::malformed("mail", "its header begins with a continued line"));
                };
                (last.value.end, last.end) = (end, next);
            } else {
                let name = field_name(text).ok_or_else(|| no_field(text, fields.is_empty()))?;
                let colon = start.saturating_add(name.len());
                fields.push(Place { name: start..colon, value: colon.saturating_add(1)..end, end: next });
            }
        }
    }

    /// All that was read: the fields and the empty line.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub(crate) fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'_>> + ExactSizeIterator {
        let part = |range: Range<usize>| self.raw.get(range).unwrap_or_default();
        self.fields.iter().map(move |place| Field {
            name: std::str::from_utf8(part(place.name.clone())).unwrap_or_default(),
            raw: part(place.value.clone()),
            whole: part(place.name.start..place.end),
        })
    }

    /// The value of a field that may be there once. Twice is refused: which of them counts is what readers differ in.
    pub(crate) fn only(&self, name: &str) -> Result<Option<String>> {
        let mut found = self.fields().filter(|field| field.is(name));
        let Some(first) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(Error::malformed("mail", format!("the field {name} is there twice")));
        }
        let value = first.value();
        value.map(Some).ok_or_else(|| Error::malformed("mail", format!("the field {name} is no text")))
    }

    /// The media type; `None`: it does not say, and so is text/plain.
    pub(crate) fn media_type(&self) -> Result<Option<Parameterized>> {
        self.parameterized("Content-Type")
    }

    /// A field that has a value with parameters.
    pub(crate) fn parameterized(&self, name: &str) -> Result<Option<Parameterized>> {
        let Some(value) = self.only(name)? else { return Ok(None) };
        let read = Parameterized::read(&value);
        read.map(Some).ok_or_else(|| Error::malformed("mail", format!("the field {name} is not sound")))
    }

    /// How the body is written.
    pub(crate) fn transfer(&self) -> Result<Transfer> {
        Transfer::of(self.only("Content-Transfer-Encoding")?.as_deref())
    }
}

/// What stands before the colon: visible ASCII (RFC 5322 section 3.6.8). White space before the colon, which old mail may
/// have (section 4.5), is refused: one reader sees a field there, and another none.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let name = find(line, b':').and_then(|end| line.get(..end)).filter(|name| !name.is_empty());
    name.filter(|name| name.iter().all(u8::is_ascii_graphic))
}

fn no_field(line: &[u8], is_first: bool) -> Error {
    let because = |why, hint| Error::new(ErrorKind::Malformed, "mail", why, hint);
    match is_first {
        _ if line.starts_with("\u{feff}".as_bytes()) => {
            because("it begins with a byte order mark", "save it without one")
        }
        true => because(
            "it begins with a line that is no field: it is no mail",
            "begin it with fields (From: …), or with an empty line if there are none",
        ),
        false => Error::malformed("mail", "a line of its header is no field"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<(Header, &[u8])> {
        let mut rest = text;
        Header::read(&mut rest).map(|header| (header, rest))
    }

    #[test]
    fn fields_are_read_with_their_folds_and_the_body_begins_after_the_empty_line() {
        let (header, body) = read(b"Subject: a\r\n b\r\nX:\r\n\r\nbody\r\n").unwrap();
        assert_eq!(body, b"body\r\n");
        let first = Field { name: "Subject", raw: b" a\r\n b", whole: b"Subject: a\r\n b\r\n" };
        assert_eq!(header.fields().next(), Some(first));
        assert_eq!(header.fields().map(|field| field.whole).collect::<Vec<_>>()[1], b"X:\r\n");
        assert_eq!(header.raw(), b"Subject: a\r\n b\r\nX:\r\n\r\n");
        assert_eq!(header.only("subject").unwrap().as_deref(), Some("a b"));
        assert_eq!(header.only("x").unwrap().as_deref(), Some(""));
        assert_eq!(header.only("y").unwrap(), None);
        let (header, body) = read(b"\nbody").unwrap();
        assert!(header.fields().len() == 0 && body == b"body");
        let (header, body) = read(b"A: b").unwrap();
        assert!(header.fields().len() == 1 && body.is_empty());
    }

    #[test]
    fn what_readers_differ_in_is_refused() {
        for text in [
            "A: b\nno field\n\n",
            " folded: x\n\n",
            "A : b\n\n",
            ": b\n\n",
            "\u{e4}: b\n\n",
            "A: x\ry\n\n",
            "A: x\0y\n\n",
            "A: x\r\r\n\n",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text:?}");
        }
        let (header, _) = read(b"A: 1\na: 2\nB: \xff\n\n").unwrap();
        for name in ["A", "B"] {
            assert!(header.only(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_header_without_end_is_over_its_bound() {
        let fields = |count: usize| "A: b\n".repeat(count) + "\n";
        let line = |length: usize| format!("A: {}\r\n\r\n", "b".repeat(length - 5));
        assert_eq!(read(fields(MIME_FIELDS + 1).as_bytes()).unwrap().0.fields().len(), MIME_FIELDS + 1);
        assert!(read(line(MIME_HEADER_BYTES).as_bytes()).unwrap().1.is_empty());
        for text in [fields(MIME_FIELDS + 2), line(MIME_HEADER_BYTES + 1), "b".repeat(1 << 20)] {
            assert_eq!(read(text.as_bytes()).unwrap_err().kind(), ErrorKind::OverLimit);
        }
    }
}
