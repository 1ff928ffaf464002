//! Whatever is changed in a token: it is refused.
use bulla::cookie::{Refusal, Sealed, TokenKeys};
use proptest::prelude::*;

use super::lab::{Lab, Login, login, ring};

const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn every_letter_counts() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let token = tokens.issue(&login()).unwrap();
    for at in 0..token.expose_text().len() {
        for letter in DIGITS.iter().chain(b"=+/ \n\0") {
            let mut text = token.expose_text().as_bytes().to_vec();
            if text[at] != *letter {
                text[at] = *letter;
                lab.refusal(&tokens, std::str::from_utf8(&text).unwrap());
            }
        }
    }
}

#[test]
fn a_token_that_is_cut_or_made_longer_is_refused() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Sealed<Login>>(&keys);
    let token = tokens.issue(&Sealed(login())).unwrap();
    let text = token.expose_text();
    for length in 0..text.len() {
        lab.refusal(&tokens, &text[..length]);
        lab.refusal(&tokens, &text[length + 1..]);
    }
    for more in ["A", "AA", "AAA", "AAAA", "=", "==", " "] {
        lab.refusal(&tokens, &format!("{text}{more}"));
        lab.refusal(&tokens, &format!("{more}{text}"));
    }
}

#[test]
fn what_is_too_long_is_refused_before_it_is_decoded() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    for length in [4083, 5000, 10_000_000] {
        assert_eq!(lab.refusal(&tokens, &"!".repeat(length)), Refusal::Oversize);
    }
    assert_eq!(lab.refusal(&tokens, &"!".repeat(4082)), Refusal::Malformed);
}

proptest! {
    #[test]
    fn any_changed_bit_is_refused(at in 0_usize..1 << 16, bit in 0_u32..8, name in ".{0,300}") {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
        let tokens = lab.tokens::<Login>(&keys);
        let token = tokens.issue(&Login { user: 7, name }).unwrap();
        let mut bytes = Base64UrlUnpadded::decode_vec(token.expose_text()).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        lab.refusal(&tokens, &Base64UrlUnpadded::encode_string(&bytes));
    }

    #[test]
    fn no_text_is_a_token(text: String, letters in "[A-Za-z0-9_-]{0,600}") {
        let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
        let tokens = lab.tokens::<Login>(&keys);
        lab.refusal(&tokens, &text);
        lab.refusal(&tokens, &letters);
    }
}
