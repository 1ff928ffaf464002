//! Serial numbers of certificates (RFC 5280 section 4.1.2.2): any INTEGER is read, sound ones are made.
use std::fmt;

use crate::encoding::tlv;
use crate::primitives::random;

/// The number an issuer gave a certificate.
///
/// Shown in hexadecimal, as OpenSSL does: `4F:A1`. Old ones may be zero, negative or longer than the 20 bytes allowed.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial(Box<[u8]>);

impl Serial {
    /// From the value of an INTEGER.
    pub(crate) fn of(value: &[u8]) -> Self {
        Serial(value.into())
    }

    /// 16 random bytes (RFC 5280 asks for what cannot be guessed; CA/Browser Forum for 64 bits), positive, never zero.
    pub(super) fn random() -> Self {
        let mut bytes = random::bytes::<16>();
        if let Some(first) = bytes.first_mut() {
            // Positive, and of the same length always.
            *first = *first & 0x3f | 0x40;
        }
        Serial(bytes.into())
    }

    /// The number, big-endian in two's complement, as the INTEGER holds it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is below zero, which RFC 5280 forbids and old certificates have.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        tlv::wrap(tlv::INTEGER, &[&self.0])
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude: Vec<u8> = if self.is_negative() { negated(&self.0) } else { self.0.to_vec() };
        let digits = match &magnitude[..] {
            [0, rest @ ..] if !rest.is_empty() => rest,
            digits => digits,
        };
        let shown: Vec<String> = digits.iter().map(|byte| format!("{byte:02X}")).collect();
        write!(f, "{}{}", if self.is_negative() { "-" } else { "" }, shown.join(":"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Two's complement turned over.
fn negated(value: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut out: Vec<u8> = value
        .iter()
        .rev()
        .map(|byte| {
            let (sum, over) = (!byte).overflowing_add(u8::from(carry));
            carry = over;
            sum
        })
        .collect();
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_shown_as_numbers() {
        for (bytes, shown) in [
            (&[0x4f, 0xa1][..], "4F:A1"),
            (&[0, 0x80], "80"),
            (&[0], "00"),
            (&[0xff], "-01"),
            (&[0x80, 0], "-80:00"),
        ] {
            assert_eq!(Serial::of(bytes).to_string(), shown);
        }
    }

    #[test]
    fn random_serials_are_positive_and_differ() {
        let [a, b] = [Serial::random(), Serial::random()];
        assert_ne!(a, b);
        assert!(!a.is_negative() && a.as_bytes().len() == 16);
        assert_eq!(tlv::integer(a.as_bytes()), Ok(a.as_bytes()));
    }
}
