//! Digits of base64 (RFC 4648 section 4) by tables, several at a time: for what is long, and no key.
//!
//! `base64`, beside this, takes the same time for every digit, which a key needs, and mail does not.

/// In a table: this is no digit.
pub(super) const NONE: u32 = 1 << 24;

/// The digits, and what they stand for.
pub(super) struct Alphabet {
    /// What a digit adds to the 24 bits that four of them make, by its place.
    values: [[u32; 256]; 4],
    /// The two digits of each 12 bits.
    pairs: [[u8; 2]; 1 << 12],
}

impl Alphabet {
    pub(super) const STANDARD: Self =
        Alphabet { values: [values(18), values(12), values(6), values(0)], pairs: pairs() };

    pub(super) fn value(&self, place: usize, digit: u8) -> u32 {
        self.values.get(place).and_then(|table| table.get(usize::from(digit))).copied().unwrap_or(NONE)
    }

    /// The 24 bits of four digits, or something above them if one of these is none.
    pub(super) fn group(&self, [a, b, c, d]: [u8; 4]) -> u32 {
        self.value(0, a) | self.value(1, b) | self.value(2, c) | self.value(3, d)
    }

    /// Decodes groups of four digits as far as they go; says how many groups that were.
    pub(super) fn decode_groups(&self, digits: &[u8], out: &mut [u8]) -> usize {
        let mut groups: usize = 0;
        // Four at a time, as long as none of them holds something else.
        for (digits, out) in digits.as_chunks::<16>().0.iter().zip(out.as_chunks_mut::<12>().0) {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *digits;
            let [one, two, three, four] = [
                self.group([a, b, c, d]),
                self.group([e, f, g, h]),
                self.group([i, j, k, l]),
                self.group([m, n, o, p]),
            ];
            if (one | two | three | four) >= NONE {
                break;
            }
            let [_, _, first @ ..] = (u64::from(one) << 24 | u64::from(two)).to_be_bytes();
            let [_, _, second @ ..] = (u64::from(three) << 24 | u64::from(four)).to_be_bytes();
            let (left, right) = out.split_at_mut(6);
            left.copy_from_slice(&first);
            right.copy_from_slice(&second);
            groups = groups.saturating_add(4);
        }
        let digits = digits.get(groups.saturating_mul(4)..).unwrap_or_default();
        let out = out.get_mut(groups.saturating_mul(3)..).unwrap_or_default();
        for (digits, out) in digits.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<3>().0) {
            let [0, bytes @ ..] = self.group(*digits).to_be_bytes() else { break };
            *out = bytes;
            groups = groups.saturating_add(1);
        }
        groups
    }

    /// Four digits of three bytes.
    pub(super) fn digits(&self, [a, b, c]: [u8; 3]) -> [u8; 4] {
        let pair = |bits: u16| self.pairs.get(usize::from(bits & 0xfff)).copied().unwrap_or_default();
        let [first, second] = pair(u16::from(a) << 4 | u16::from(b >> 4));
        let [third, fourth] = pair(u16::from(b & 15) << 8 | u16::from(c));
        [first, second, third, fourth]
    }
}

const fn values(shift: u32) -> [u32; 256] {
    let mut table = [NONE; 256];
    let mut rest: &mut [u32] = &mut table;
    let mut byte: u8 = 0;
    while let [slot, after @ ..] = rest {
        if let Some(value) = value_of(byte) {
            // `u32::from`, which cannot be called in constants.
            *slot = u32::from_be_bytes([0, 0, 0, value]) << shift;
        }
        rest = after;
        byte = byte.wrapping_add(1);
    }
    table
}

const fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

const fn pairs() -> [[u8; 2]; 1 << 12] {
    let mut table = [[0; 2]; 1 << 12];
    let mut rest: &mut [[u8; 2]] = &mut table;
    let (mut first, mut second) = (0, 0);
    while let [slot, after @ ..] = rest {
        *slot = [digit_of(first), digit_of(second)];
        rest = after;
        second += 1;
        if second == 64 {
            (first, second) = (first + 1, 0);
        }
    }
    table
}

const fn digit_of(value: u8) -> u8 {
    match value {
        0..26 => b'A' + value,
        26..52 => b'a' - 26 + value,
        52..62 => value - 52 + b'0',
        62 => b'+',
        _ => b'/',
    }
}
