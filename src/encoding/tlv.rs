//! DER (X.690) as X.509 needs it: walks over tags, lengths and values without a copy, and wraps them again.
use std::ops::Range;

/// The bytes are no DER, or not the DER that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsound;

pub(crate) type Result<T> = std::result::Result<T, Unsound>;

// Tags (X.690 section 8.1.2): universal ones, and context-specific ones by their number.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const VISIBLE_STRING: u8 = 0x1a;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// `[number]`, holding a single value's bytes.
pub(crate) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// `[number]`, holding other values.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One value within a text of DER.
#[derive(Clone, Copy)]
pub(crate) struct Tlv<'a> {
    text: &'a [u8],
    pub(crate) tag: u8,
    start: usize,
    body: usize,
    end: usize,
}

impl<'a> Tlv<'a> {
    /// Without tag and length.
    pub(crate) fn value(&self) -> &'a [u8] {
        self.text.get(self.body..self.end).unwrap_or_default()
    }

    /// With tag and length.
    pub(crate) fn whole(&self) -> &'a [u8] {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// Where `whole` lies in the text that the first walker was made on.
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Where `value` lies in it.
    pub(crate) fn value_range(&self) -> Range<usize> {
        self.body..self.end
    }

    /// Walks over what is inside.
    pub(crate) fn inside(&self) -> Walker<'a> {
        Walker { text: self.text, at: self.body, end: self.end }
    }

    /// A BIT STRING of whole bytes.
    pub(crate) fn bits(&self) -> Result<&'a [u8]> {
        match self.value().split_first() {
            Some((0, bytes)) if self.tag == BIT_STRING => Ok(bytes),
            _ => Err(Unsound),
        }
    }

    /// A BIT STRING as DER has named bits (X.690 section 11.2.2): unused bits and trailing zero bits are not there.
    pub(crate) fn named_bits(&self) -> Result<&'a [u8]> {
        let (unused, bytes) = self.value().split_first().ok_or(Unsound)?;
        let last = bytes.last().copied();
        let sound = *unused < 8
            && match last {
                None => *unused == 0,
                // Old tools wrote trailing zero bits; the unused ones at least are zero.
                Some(last) => u32::from(*unused) <= last.trailing_zeros().min(8),
            };
        if self.tag == BIT_STRING && sound { Ok(bytes) } else { Err(Unsound) }
    }

    pub(crate) fn boolean(&self) -> Result<bool> {
        match (self.tag, self.value()) {
            (BOOLEAN, [0xff]) => Ok(true),
            (BOOLEAN, [0]) => Ok(false),
            _ => Err(Unsound),
        }
    }

    /// A number of at most 32 bits, INTEGER, ENUMERATED or implicitly tagged as one.
    pub(crate) fn small(&self) -> Result<u32> {
        let value = integer(self.value())?;
        if value.first().is_some_and(|first| first & 0x80 != 0) {
            return Err(Unsound);
        }
        value
            .iter()
            .try_fold(0u32, |sum, byte| sum.checked_mul(256)?.checked_add(u32::from(*byte)))
            .ok_or(Unsound)
    }
}

/// The bytes of an INTEGER, if they are the fewest that say it (X.690 section 8.3.2).
pub(crate) fn integer(value: &[u8]) -> Result<&[u8]> {
    match value {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(Unsound),
        _ => Ok(value),
    }
}

/// Goes over values that follow each other.
#[derive(Clone, Copy)]
pub(crate) struct Walker<'a> {
    text: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Walker { text, at: 0, end: text.len() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// The tag of the next value, if there is one.
    pub(crate) fn tag(&self) -> Option<u8> {
        if self.is_done() { None } else { self.text.get(self.at).copied() }
    }

    /// The next value. Lengths are the shortest possible and stay inside; tags have one byte.
    pub(crate) fn any(&mut self) -> Result<Tlv<'a>> {
        let rest = self.text.get(self.at..self.end).ok_or(Unsound)?;
        let (tag, rest) = rest.split_first().ok_or(Unsound)?;
        let (first, rest) = rest.split_first().ok_or(Unsound)?;
        let (length, header) = match *first {
            short @ 0..=0x7f => (usize::from(short), 2),
            long @ 0x81..=0x84 => {
                let count = usize::from(long & 0x7f);
                let bytes = rest.get(..count).ok_or(Unsound)?;
                let length = bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
                let least = if count == 1 { 0x80 } else { 1 << (8 * (count - 1)) };
                if length < least {
                    return Err(Unsound);
                }
                (usize::try_from(length).map_err(|_| Unsound)?, 2 + count)
            }
            _ => return Err(Unsound),
        };
        if tag & 0x1f == 0x1f {
            return Err(Unsound);
        }
        let body = self.at + header;
        let end = body.checked_add(length).filter(|end| *end <= self.end).ok_or(Unsound)?;
        let tlv = Tlv { text: self.text, tag: *tag, start: self.at, body, end };
        self.at = end;
        Ok(tlv)
    }

    /// The next value, which has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Tlv<'a>> {
        if self.tag() == Some(tag) { self.any() } else { Err(Unsound) }
    }

    /// The next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Tlv<'a>>> {
        if self.tag() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// The inside of the next value, a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Walker<'a>> {
        Ok(self.expect(SEQUENCE)?.inside())
    }

    /// Nothing is left.
    pub(crate) fn end(&self) -> Result<()> {
        if self.is_done() { Ok(()) } else { Err(Unsound) }
    }
}

/// The only value of a text, which has this tag.
pub(crate) fn only(text: &[u8], tag: u8) -> Result<Tlv<'_>> {
    let mut walker = Walker::new(text);
    let tlv = walker.expect(tag)?;
    walker.end()?;
    Ok(tlv)
}

/// A value of this tag around parts.
pub(crate) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = head(tag, length);
    out.reserve_exact(length);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// What stands before so many bytes of a value: its tag and its length.
pub(crate) fn head(tag: u8, length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(10);
    out.push(tag);
    let bytes = length.to_be_bytes();
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let digits = bytes.get(zeros..).unwrap_or_default();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            out.extend_from_slice(digits);
        }
    }
    out
}

/// SEQUENCE of parts that are DER already.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    wrap(SEQUENCE, parts)
}

/// BIT STRING of whole bytes.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    wrap(BIT_STRING, &[&[0], bytes])
}

/// INTEGER of a small number.
pub(crate) fn number(number: u32) -> Vec<u8> {
    unsigned(INTEGER, &number.to_be_bytes())
}

/// INTEGER (or a tag in its place) of a big-endian number that is not negative.
pub(crate) fn unsigned(tag: u8, big_endian: &[u8]) -> Vec<u8> {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let digits = big_endian.get(zeros..).unwrap_or_default();
    match digits.first() {
        Some(0..0x80) => wrap(tag, &[digits]),
        _ => wrap(tag, &[&[0], digits]),
    }
}

/// The bits of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), without what kind of key it is.
pub(crate) fn key_bits(public_key_info: &[u8]) -> Result<&[u8]> {
    let mut inside = only(public_key_info, SEQUENCE)?.inside();
    inside.any()?;
    inside.expect(BIT_STRING)?.bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_is_found_again_where_it_lies() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let inner = wrap(OCTET_STRING, &[&vec![7; length]]);
            let text = sequence(&[&number(5), &inner]);
            let mut inside = only(&text, SEQUENCE).unwrap().inside();
            assert_eq!(inside.any().unwrap().small(), Ok(5));
            let found = inside.any().unwrap();
            assert_eq!((found.whole(), found.value().len()), (&inner[..], length));
            assert_eq!(&text[found.range()], inner);
            assert_eq!(&text[found.value_range()], found.value());
            assert_eq!(inside.end(), Ok(()));
        }
    }

    #[test]
    fn ber_and_what_leads_outside_is_refused() {
        for bad in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x81, 1, 0],
            &[4, 0x82, 0, 0x80],
            &[4, 0x80, 0, 0],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[4, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0x1f, 1, 0],
        ] {
            assert!(Walker::new(bad).any().is_err(), "{bad:02x?}");
        }
        assert!(only(&[4, 0, 0], OCTET_STRING).is_err());
    }

    #[test]
    fn numbers_have_one_way_to_be_written() {
        for (n, bytes) in
            [(0, &[2, 1, 0][..]), (127, &[2, 1, 127]), (128, &[2, 2, 0, 128]), (65_536, &[2, 3, 1, 0, 0])]
        {
            assert_eq!(number(n), bytes);
            assert_eq!(only(bytes, INTEGER).unwrap().small(), Ok(n));
        }
        for bad in [&[2, 2, 0, 1][..], &[2, 2, 0xff, 0x80], &[2, 0], &[2, 1, 0x80], &[2, 5, 1, 0, 0, 0, 0]] {
            assert!(only(bad, INTEGER).unwrap().small().is_err(), "{bad:02x?}");
        }
    }
}
