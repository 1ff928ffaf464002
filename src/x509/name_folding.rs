//! Names made ready to compare: strings prepared as RFC 4518 has it, for RFC 5280 section 7.1, and as OpenSSL's hash wants them.
use unicode_normalization::UnicodeNormalization;

use super::attribute;
use crate::encoding::tlv::{self, Tlv};

/// How letters are made alike: as OpenSSL's hash has it, or as RFC 5280 section 7.1 (RFC 4518) asks.
#[derive(Clone, Copy)]
pub(super) enum Folding {
    Ascii,
    Unicode,
}

/// Each part with its strings turned into folded UTF-8 and its attributes sorted.
pub(super) fn canonical<'a>(parts: impl Iterator<Item = Tlv<'a>>, folding: Folding) -> Vec<Vec<u8>> {
    let one = |part: Tlv<'_>| {
        let mut attributes = Vec::new();
        let mut set = part.inside();
        while let Ok(mut attribute) = set.sequence() {
            let (Ok(oid), Ok(value)) = (attribute.any(), attribute.any()) else { continue };
            let value = match attribute::text(value.tag, value.value()) {
                Some(text) => tlv::wrap(tlv::UTF8_STRING, &[fold(&text, folding).as_bytes()]),
                None => value.whole().to_vec(),
            };
            attributes.push(tlv::sequence(&[oid.whole(), &value]));
        }
        attributes.sort();
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        tlv::wrap(tlv::SET, &attributes)
    };
    parts.map(one).collect()
}

/// One kind of letters, no spaces at the ends, one space between words; of Unicode, nothing that is not seen.
fn fold(text: &str, folding: Folding) -> String {
    let folded = match folding {
        Folding::Unicode if !text.is_ascii() => {
            text.chars().filter(|c| !is_nothing(*c)).nfkc().flat_map(char::to_lowercase).nfkc().collect()
        }
        Folding::Unicode => {
            text.chars().filter(|c| !is_nothing(*c)).map(|c| c.to_ascii_lowercase()).collect()
        }
        Folding::Ascii => text.to_ascii_lowercase(),
    };
    let space = |c: char| match folding {
        Folding::Ascii => c.is_ascii_whitespace() || c == '\u{b}',
        Folding::Unicode => c.is_whitespace(),
    };
    let words: Vec<&str> = folded.split(space).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// What RFC 4518 section 2.2 maps to nothing: control characters that are no space, and what has no width.
fn is_nothing(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{6dd}' | '\u{70f}' | '\u{1806}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}'
            | '\u{206a}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}
