//! BER (X.690) made DER enough to be parsed: definite shortest lengths, strings in one piece. Stands before every parser
//! of CMS, PKCS #7 and PKCS #12.
//!
//! What changes: indefinite and needlessly long lengths, strings in pieces (however deep), a `TRUE` other than 0xff. All
//! other bytes stay as they came. A SET is *not* sorted: CMS digests signed attributes as they were sent, so sorting them
//! would break sound signatures, and make sound what its signer never wrote.
//!
//! What no schema can tell apart stays, too: `[0]` with values in it may hold a SEQUENCE's parts, or the pieces of an
//! implicitly tagged string. The parser knows which, and asks [`implicit_octets`].
//!
//! A certificate inside is rewritten with the rest, which breaks its signature if its issuer signed BER. So a parser first
//! takes its input for DER, and comes here with what is none.
use std::borrow::Cow;

use super::tlv::{self, OCTET_STRING, Tlv};
use crate::error::{Error, Result};
use crate::limits::BER_DEPTH;
use crate::secret::SecretVec;

/// One value, at most `most` bytes of it, without anything after it. What is DER already is not copied.
///
/// Takes time linear in the input, and memory of at most twice the input beside the output. `what` is for the error.
pub(crate) fn to_der<'a>(what: &'static str, input: &'a [u8], most: usize) -> Result<Cow<'a, [u8]>> {
    if input.len() > most.min(LONGEST) {
        return Err(Error::over_limit(what, "it is too long", "split it, or leave it: it may be hostile"));
    }
    normal(input).map_err(|flaw| flaw.in_(what))
}

/// [`to_der`] for what was encrypted: each copy is wiped.
pub(crate) fn secret_to_der(what: &'static str, input: SecretVec, most: usize) -> Result<SecretVec> {
    let der = match to_der(what, &input, most)? {
        // Made with its whole room at once, so that it left no copies behind.
        Cow::Owned(der) => Some(SecretVec::new(der)),
        Cow::Borrowed(_) => None,
    };
    Ok(der.unwrap_or(input))
}

/// The bytes of an OCTET STRING behind `[number] IMPLICIT`, in one piece or (X.690 section 8.14.4) in several.
pub(crate) fn implicit_octets<'a>(tlv: &Tlv<'a>, number: u8) -> tlv::Result<Cow<'a, [u8]>> {
    if tlv.tag == tlv::primitive(number) {
        return Ok(Cow::Borrowed(tlv.value()));
    }
    if tlv.tag != tlv::constructed(number) {
        return Err(tlv::Unsound);
    }
    let mut pieces = tlv.inside();
    let mut whole = Vec::with_capacity(tlv.value().len());
    while !pieces.is_done() {
        whole.extend_from_slice(pieces.expect(OCTET_STRING)?.value());
    }
    Ok(Cow::Owned(whole))
}

/// Lengths are kept in 32 bits; with room, because DER can be a little longer than BER (see `size`).
const LONGEST: usize = 1 << 31;

/// What is wrong with the input.
#[derive(Debug)]
pub(super) enum Flaw {
    Depth,
    /// There are not enough bytes to tell.
    Cut,
    Broken(&'static str),
}

impl Flaw {
    pub(super) fn in_(self, what: &'static str) -> Error {
        match self {
            Flaw::Depth => Error::over_limit(
                what,
                format!("it is nested more than {BER_DEPTH} deep"),
                "leave it: no sound program writes so, and it may be hostile",
            ),
            Flaw::Cut => Error::malformed(what, "it ends too early"),
            Flaw::Broken(why) => Error::malformed(what, why),
        }
    }
}

pub(super) type Walk<T> = std::result::Result<T, Flaw>;

const CUT: Flaw = Flaw::Cut;
pub(super) const OUTSIDE: Flaw = Flaw::Broken("a length leads outside of what holds it");

fn normal(input: &[u8]) -> Walk<Cow<'_, [u8]>> {
    let mut events = Events::new(input);
    let mut der = true;
    while let Some(event) = events.next()? {
        der &= event.is_der();
    }
    if der {
        return Ok(Cow::Borrowed(input));
    }
    let (lengths, size) = measure(input)?;
    write(input, &lengths, size).map(Cow::Owned)
}

/// The length that each value with others in it will have, in their order, and that of the whole.
fn measure(input: &[u8]) -> Walk<(Vec<u32>, usize)> {
    let mut lengths = Vec::new();
    // Of those open: its place in `lengths`, bytes of its tag, bytes inside so far.
    let mut open: Vec<(usize, usize, usize)> = Vec::with_capacity(BER_DEPTH);
    let mut total = 0;
    let mut events = Events::new(input);
    while let Some(event) = events.next()? {
        let more = match event {
            Event::Open { tag, string, .. } => {
                open.push((lengths.len(), tag.len(), usize::from(string == Some(Pieces::Bits))));
                lengths.push(0);
                continue;
            }
            Event::Value { tag, content, .. } => size(tag.len(), content.len()),
            Event::Piece { content, .. } => content.len(),
            Event::Close => {
                let (place, tag, length) = open.pop().ok_or(CUT)?;
                if let Some(slot) = lengths.get_mut(place) {
                    *slot = u32::try_from(length).map_err(|_| OUTSIDE)?;
                }
                size(tag, length)
            }
        };
        let sum = open.last_mut().map_or(&mut total, |(.., length)| length);
        *sum = sum.saturating_add(more);
    }
    Ok((lengths, total))
}

fn write(input: &[u8], lengths: &[u32], size: usize) -> Walk<Vec<u8>> {
    let mut out = Vec::with_capacity(size);
    let mut lengths = lengths.iter();
    // Where the count of unused bits of the open BIT STRING stands.
    let mut unused_at = 0;
    let mut events = Events::new(input);
    while let Some(event) = events.next()? {
        match event {
            Event::Value { tag, content, .. } => {
                head(&mut out, tag, content.len());
                match (tag, content) {
                    ([tlv::BOOLEAN], [1..=0xff]) => out.push(0xff),
                    _ => out.extend_from_slice(content),
                }
            }
            Event::Open { tag, string, .. } => {
                let length = lengths.next().copied().unwrap_or_default();
                let length = usize::try_from(length).map_err(|_| OUTSIDE)?;
                match (string, tag) {
                    // A string in one piece is primitive; its tag has one byte.
                    (Some(_), [first, ..]) => head(&mut out, &[first & !CONSTRUCTED], length),
                    _ => head(&mut out, tag, length),
                }
                if string == Some(Pieces::Bits) {
                    unused_at = out.len();
                    out.push(0);
                }
            }
            Event::Piece { content, unused } => {
                out.extend_from_slice(content);
                if let (Some(unused), Some(slot)) = (unused, out.get_mut(unused_at)) {
                    *slot = unused;
                }
            }
            Event::Close => {}
        }
    }
    Ok(out)
}

/// Bytes of a value with its tag and its shortest length.
fn size(tag: usize, length: usize) -> usize {
    let more = if length < 0x80 { 0 } else { digits(length) };
    (tag + 1 + more).saturating_add(length)
}

/// Bytes that a number takes.
fn digits(number: usize) -> usize {
    size_of::<usize>() - usize::try_from(number.leading_zeros() / 8).unwrap_or_default()
}

fn head(out: &mut Vec<u8>, tag: &[u8], length: usize) {
    out.extend_from_slice(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let count = digits(length);
            out.push(0x80 | u8::try_from(count).unwrap_or_default());
            let bytes = length.to_be_bytes();
            out.extend_from_slice(bytes.get(bytes.len() - count..).unwrap_or_default());
        }
    }
}

/// Of the first byte of a tag (X.690 section 8.1.2): holds values.
pub(super) const CONSTRUCTED: u8 = 0x20;
/// Of the first byte of a tag: the class; none of these bits is set for universal.
const CLASS: u8 = 0xc0;
/// Of the first byte of a tag: its number, or 31 for one that follows.
const NUMBER: u8 = 0x1f;

/// Strings that may come in pieces.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Pieces {
    Bits,
    Bytes,
}

/// What the walk comes by.
#[derive(Debug)]
enum Event<'a> {
    Value {
        tag: &'a [u8],
        content: &'a [u8],
        der: bool,
    },
    /// Of a string in pieces, only the outermost opens; inside of it come pieces alone.
    Open {
        tag: &'a [u8],
        string: Option<Pieces>,
        der: bool,
    },
    Piece {
        content: &'a [u8],
        unused: Option<u8>,
    },
    Close,
}

impl Event<'_> {
    fn is_der(&self) -> bool {
        match self {
            Event::Value { tag: [tlv::BOOLEAN], content, der } => *der && matches!(content, [0 | 0xff]),
            Event::Value { der, .. } => *der,
            Event::Open { string, der, .. } => *der && string.is_none(),
            Event::Piece { .. } => false,
            Event::Close => true,
        }
    }
}

/// A value whose inside is being walked.
struct Frame {
    /// Where it ends, or with an indefinite length: where the innermost definite one around it does.
    end: usize,
    indefinite: bool,
    /// The universal number of the string whose pieces are inside.
    string: Option<u8>,
    /// It is itself a piece of one.
    piece: bool,
}

/// Walks over the input, and checks all that BER asks of tags and lengths. Never calls itself.
struct Events<'a> {
    input: &'a [u8],
    at: usize,
    open: Vec<Frame>,
    begun: bool,
    /// A piece of the open BIT STRING had unused bits: it must be the last.
    last_bits: bool,
}

impl<'a> Events<'a> {
    fn new(input: &'a [u8]) -> Self {
        Events { input, at: 0, open: Vec::with_capacity(BER_DEPTH), begun: false, last_bits: false }
    }

    fn next(&mut self) -> Walk<Option<Event<'a>>> {
        loop {
            if self.open.is_empty() && self.begun {
                let done = self.at == self.input.len();
                return if done { Ok(None) } else { Err(Flaw::Broken("something follows after its end")) };
            }
            if self.closes()? {
                match self.open.pop() {
                    Some(Frame { piece: false, .. }) => return Ok(Some(Event::Close)),
                    _ => continue,
                }
            }
            self.begun = true;
            if let Some(event) = self.read()? {
                return Ok(Some(event));
            }
        }
    }

    /// Whether the innermost open value ends here; takes its end-of-contents octets (X.690 section 8.1.5).
    fn closes(&mut self) -> Walk<bool> {
        let Some(frame) = self.open.last() else { return Ok(false) };
        if !frame.indefinite {
            return Ok(self.at == frame.end);
        }
        let rest = self.input.get(self.at..frame.end).unwrap_or_default();
        match rest {
            [] => Err(Flaw::Broken("the end of an indefinite length is missing")),
            [0, 0, ..] => {
                self.at += 2;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Reads a tag and a length, and all of a value that holds no others.
    fn read(&mut self) -> Walk<Option<Event<'a>>> {
        let limit = self.open.last().map_or(self.input.len(), |frame| frame.end);
        let rest = self.input.get(self.at..limit).ok_or(CUT)?;
        let (tag, after) = tag(rest)?;
        let (length, shortest, after) = length(after)?;
        let string = self.open.last().and_then(|frame| frame.string);
        let first = tag.first().copied().unwrap_or_default();
        let constructed = first & CONSTRUCTED != 0;
        check_form(first)?;
        if let Some(string) = string {
            check_piece(string, first)?;
        }
        self.at = limit - after.len();
        let (end, indefinite) = match length {
            Some(length) => (end_of(self.at, length, limit).ok_or(OUTSIDE)?, false),
            None if constructed => (limit, true),
            None => return Err(Flaw::Broken("a value without others in it has an indefinite length")),
        };
        if !constructed {
            let content = self.input.get(self.at..end).ok_or(OUTSIDE)?;
            self.at = end;
            return self.value(tag, content, shortest, string).map(Some);
        }
        if self.open.len() >= BER_DEPTH {
            return Err(Flaw::Depth);
        }
        let begins = if string.is_none() { pieces(first) } else { None };
        if begins.is_some() {
            self.last_bits = false;
        }
        let inside = string.or(begins.map(|_| first & NUMBER));
        self.open.push(Frame { end, indefinite, string: inside, piece: string.is_some() });
        let opened = Event::Open { tag, string: begins, der: shortest && !indefinite };
        Ok(string.is_none().then_some(opened))
    }

    fn value(
        &mut self,
        tag: &'a [u8],
        content: &'a [u8],
        shortest: bool,
        string: Option<u8>,
    ) -> Walk<Event<'a>> {
        match string {
            None if tag == [tlv::BOOLEAN] && content.len() != 1 => {
                Err(Flaw::Broken("a BOOLEAN has other than one byte"))
            }
            None => Ok(Event::Value { tag, content, der: shortest }),
            Some(tlv::BIT_STRING) => {
                let (unused, content) = content.split_first().ok_or(Flaw::Broken("a BIT STRING is empty"))?;
                if self.last_bits || *unused > 7 || (*unused > 0 && content.is_empty()) {
                    return Err(Flaw::Broken("a BIT STRING has unused bits where there can be none"));
                }
                self.last_bits = *unused > 0;
                Ok(Event::Piece { content, unused: Some(*unused) })
            }
            Some(_) => Ok(Event::Piece { content, unused: None }),
        }
    }
}

/// Where a value of that length ends, if it is not outside of what holds it.
fn end_of(at: usize, length: u64, limit: usize) -> Option<usize> {
    at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= limit)
}

/// A tag (X.690 section 8.1.2) of up to five bytes, and what follows it.
pub(super) fn tag(bytes: &[u8]) -> Walk<(&[u8], &[u8])> {
    let (first, more) = bytes.split_first().ok_or(CUT)?;
    let length = if first & NUMBER == NUMBER {
        let long = more.iter().take(4).position(|byte| byte & 0x80 == 0);
        let too_many = if more.len() < 4 { CUT } else { Flaw::Broken("a tag has too many bytes") };
        let long = long.ok_or(too_many)? + 1;
        // The shortest form is the only one, in BER too.
        if matches!(more, [0x80, ..]) || (long == 1 && matches!(more, [0..=30, ..])) {
            return Err(Flaw::Broken("a tag is not written the shortest way"));
        }
        1 + long
    } else {
        1
    };
    bytes.split_at_checked(length).ok_or(CUT)
}

/// A length (X.690 section 8.1.3), `None` if indefinite; whether it is written as DER has it; and what follows it.
pub(super) fn length(bytes: &[u8]) -> Walk<(Option<u64>, bool, &[u8])> {
    let (first, rest) = bytes.split_first().ok_or(CUT)?;
    match *first {
        short @ 0..0x80 => Ok((Some(short.into()), true, rest)),
        0x80 => Ok((None, false, rest)),
        0xff => Err(Flaw::Broken("a length begins with 0xff, which means nothing")),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f)).ok_or(CUT)?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let significant = bytes.get(zeros..).unwrap_or_default();
            if significant.len() > size_of::<u64>() {
                return Err(OUTSIDE);
            }
            let length = significant.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
            Ok((Some(length), zeros == 0 && length >= 0x80, rest))
        }
    }
}

/// Universal types that can hold values, must, or cannot (X.690 sections 8.2 to 8.23).
pub(super) fn check_form(first: u8) -> Walk<()> {
    if first & CLASS != 0 {
        return Ok(());
    }
    let constructed = first & CONSTRUCTED != 0;
    match first & NUMBER {
        0 => Err(Flaw::Broken("an end of contents stands where no indefinite length ends")),
        // EXTERNAL, EMBEDDED PDV, SEQUENCE, SET, CHARACTER STRING.
        8 | 11 | 16 | 17 | 29 if !constructed => Err(Flaw::Broken("a SEQUENCE or SET holds no values")),
        // BOOLEAN, INTEGER, NULL, OBJECT IDENTIFIER, REAL, ENUMERATED, RELATIVE-OID, TIME.
        1 | 2 | 5 | 6 | 9 | 10 | 13 | 14 if constructed => {
            Err(Flaw::Broken("a number or another plain type holds values"))
        }
        _ => Ok(()),
    }
}

/// Whether values of a universal tag in one piece may come in several.
pub(super) fn is_string(first: u8) -> bool {
    pieces(first).is_some()
}

/// Whether a value with others in it is a string in pieces.
fn pieces(first: u8) -> Option<Pieces> {
    if first & CLASS != 0 {
        return None;
    }
    match first & NUMBER {
        3 => Some(Pieces::Bits),
        // OCTET STRING, ObjectDescriptor, UTF8String, the strings of one alphabet, times, and the wide ones.
        4 | 7 | 12 | 18..=28 | 30 => Some(Pieces::Bytes),
        _ => None,
    }
}

/// The pieces of a string are of its own type, or OCTET STRINGs in a string of characters (X.690 section 8.23.6).
fn check_piece(string: u8, first: u8) -> Walk<()> {
    let number = first & NUMBER;
    let fits = number == string || (number == OCTET_STRING && string != tlv::BIT_STRING);
    if first & CLASS == 0 && fits { Ok(()) } else { Err(Flaw::Broken("a string has pieces of another type")) }
}
