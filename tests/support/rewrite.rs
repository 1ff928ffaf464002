//! DER written anew as BER, by a seed: the same values, with lengths of every form and with strings in pieces.
#![allow(dead_code, reason = "each test uses a part of it")]

/// Writes DER anew. The same seed writes the same.
pub(crate) struct Rewriter {
    state: u64,
    /// Whether what stands behind `[0]` and holds no values may come in pieces, too: in CMS (RFC 5652) that is always an
    /// OCTET STRING, a content that is encrypted or a key's identifier. Only who knows CMS can put that together.
    pub(crate) implicit: bool,
    /// Nothing that openssl 3.0 misreads: it joins the pieces of a BIT STRING with the counts of unused bits between them, and
    /// refuses a needlessly long length of nothing at the end of what holds it, and one of more than five bytes.
    pub(crate) for_openssl: bool,
    /// Also what openssl keeps as it came: certificates, names, values of attributes, parameters of algorithms. Else what it
    /// writes is DER.
    pub(crate) whole: bool,
}

const CONSTRUCTED: u8 = 0x20;
const BOOLEAN: u8 = 1;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;
/// Strings of characters (X.680 section 41): `UTF8String`, and four of before it.
const CHARACTERS: [u8; 5] = [12, 19, 20, 22, 30];
const IMPLICIT: u8 = 0x80;

impl Rewriter {
    pub(crate) fn new(seed: u64) -> Self {
        Rewriter { state: seed, implicit: false, for_openssl: false, whole: true }
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let one = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let two = (one ^ one >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        two ^ two >> 31
    }

    /// One of so many.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count as u64).unwrap()
    }

    /// Values in a row, each in another form.
    pub(crate) fn rewrite(&mut self, mut der: &[u8]) -> Vec<u8> {
        let mut ber = Vec::new();
        while !der.is_empty() {
            let (tag, inside, after) = split(der);
            ber.extend(self.value(tag, inside));
            der = after;
        }
        ber
    }

    fn value(&mut self, tag: u8, inside: &[u8]) -> Vec<u8> {
        assert_ne!(tag & 0x1f, 0x1f, "CMS has no tags of several bytes");
        if !self.whole && tag == 0x30 && is_name(inside) {
            return plain(tag, inside);
        }
        if tag & CONSTRUCTED != 0 {
            let inside = if self.whole || !is_kept(inside) { self.rewrite(inside) } else { inside.to_vec() };
            return self.framed(tag, &inside);
        }
        let in_pieces = self.below(3) == 0;
        match tag {
            BOOLEAN if inside != [0] => {
                let truth = 1 + self.below(255) as u8;
                self.framed(tag, &[truth])
            }
            BIT_STRING if in_pieces => self.bit_string(inside),
            OCTET_STRING => self.string(in_pieces, tag, tag, inside, 2),
            IMPLICIT if self.implicit => self.string(in_pieces, tag, OCTET_STRING, inside, 2),
            _ if CHARACTERS.contains(&tag) => self.string(in_pieces, tag, tag, inside, 1),
            _ => self.framed(tag, inside),
        }
    }

    /// A string, in pieces of this tag; these may be in pieces again.
    fn string(&mut self, in_pieces: bool, tag: u8, piece: u8, text: &[u8], depth: usize) -> Vec<u8> {
        if !in_pieces {
            return self.framed(tag, text);
        }
        let mut pieces = Vec::new();
        for part in self.parts(text) {
            let nested = depth > 0 && self.below(4) == 0;
            pieces.extend(self.string(nested, piece, piece, part, depth.saturating_sub(1)));
        }
        self.framed(tag | CONSTRUCTED, &pieces)
    }

    /// Bits that are unused are so in the last piece alone (X.690 section 8.6.4).
    fn bit_string(&mut self, inside: &[u8]) -> Vec<u8> {
        let (unused, bits) = inside.split_first().unwrap();
        // The last piece is not empty where bits of it are unused.
        let (whole, last) = bits.split_at(bits.len().saturating_sub(1));
        let mut parts = if self.for_openssl { vec![] } else { self.parts(whole) };
        let end = if self.for_openssl { bits } else { last };
        let mut pieces = Vec::new();
        for part in parts.drain(..) {
            pieces.extend(self.framed(BIT_STRING, &[&[0], part].concat()));
        }
        pieces.extend(self.framed(BIT_STRING, &[&[*unused], end].concat()));
        self.framed(BIT_STRING | CONSTRUCTED, &pieces)
    }

    /// Some parts, of which any may be empty.
    fn parts<'a>(&mut self, text: &'a [u8]) -> Vec<&'a [u8]> {
        let mut cuts: Vec<usize> = (0..self.below(5)).map(|_| self.below(text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        cuts.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
    }

    /// A value with a length in one of its forms.
    fn framed(&mut self, tag: u8, inside: &[u8]) -> Vec<u8> {
        let length = inside.len();
        match self.below(6) {
            0 | 1 if tag & CONSTRUCTED != 0 => [&[tag, 0x80], inside, &[0, 0]].concat(),
            2 if length > 0 || !self.for_openssl => {
                let length = u32::try_from(length).unwrap().to_be_bytes();
                let zeros = vec![0; self.below(if self.for_openssl { 2 } else { 4 })];
                [&[tag, 0x84 + zeros.len() as u8], &zeros[..], &length, inside].concat()
            }
            _ => plain(tag, inside),
        }
    }
}

/// As DER has it.
fn plain(tag: u8, inside: &[u8]) -> Vec<u8> {
    let length = inside.len();
    let digits = length.to_be_bytes();
    let digits = &digits[length.leading_zeros() as usize / 8..];
    let long = [0x80 | digits.len() as u8];
    let head = if length < 0x80 { [&[length as u8][..], &[]] } else { [&long, digits] };
    [&[tag][..], head[0], head[1], inside].concat()
}

/// Whether a SEQUENCE of these values is a name (RFC 5280 section 4.1.2.4), which openssl keeps with its length.
fn is_name(inside: &[u8]) -> bool {
    let [0x31, ..] = inside else { return false };
    let (_, _, after) = split(inside);
    after.is_empty() || after[0] == 0x31
}

/// Whether openssl keeps what has these values inside, or all but the first of them.
fn is_kept(inside: &[u8]) -> bool {
    if inside.is_empty() {
        return false;
    }
    let (first, value, after) = split(inside);
    match (first, after.first()) {
        // A content under its type, in the one or the other way; else parameters or values.
        (6, Some(0xa0)) | (6, None) => false,
        (6, Some(_)) => split(after).2.first().is_none_or(|third| third & !CONSTRUCTED != IMPLICIT),
        // A certificate: its first value begins with its version.
        (0x30, _) => value.starts_with(&[0xa0, 3, 2, 1, 2]),
        _ => false,
    }
}

/// The first value of DER: its tag, what is inside, and what follows.
fn split(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (tag, rest) = (der[0], &der[2..]);
    let (length, rest) = match der[1] {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at(usize::from(long & 0x7f));
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
    };
    let (inside, after) = rest.split_at(length);
    (tag, inside, after)
}
