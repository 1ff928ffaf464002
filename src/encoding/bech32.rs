//! Bech32 (BIP 173) without its length limit, as age uses it for keys.
use bech32::primitives::checksum::Checksum;
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Fe1024, Hrp};
use zeroize::Zeroize;

use crate::limits::BECH32_CHARS;
use crate::secret::{SecretText, SecretVec};

/// Bech32's checksum over strings longer than BIP 173 allows: age gives up its guarantee of finding every
/// four wrong characters for post-quantum keys, and keeps the rest.
enum Unlimited {}

impl Checksum for Unlimited {
    type MidstateRepr = <Bech32 as Checksum>::MidstateRepr;
    type CorrectionField = Fe1024;
    const ROOT_GENERATOR: Self::CorrectionField = Bech32::ROOT_GENERATOR;
    const ROOT_EXPONENTS: std::ops::RangeInclusive<usize> = Bech32::ROOT_EXPONENTS;
    const CODE_LENGTH: usize = BECH32_CHARS;
    const CHECKSUM_LENGTH: usize = Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [Self::MidstateRepr; 5] = Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: Self::MidstateRepr = Bech32::TARGET_RESIDUE;
}

/// Encodes in lower case. `prefix` is one of ours, in lower case.
pub(crate) fn encode(prefix: &str, bytes: &[u8]) -> SecretText {
    let text =
        Hrp::parse(prefix).ok().and_then(|prefix| bech32::encode_lower::<Unlimited>(prefix, bytes).ok());
    // Our prefixes are valid and our keys short, so there always is a text.
    SecretText::new(text.unwrap_or_default())
}

/// Decodes into the prefix, in lower case, and the bytes. `None` unless `text` is the one encoding of them.
pub(crate) fn decode(text: &str) -> Option<(String, SecretVec)> {
    if text.len() > BECH32_CHARS {
        return None;
    }
    let checked = CheckedHrpstring::new::<Unlimited>(text).ok()?;
    let prefix = checked.hrp().to_lowercase();
    let mut bytes = SecretVec::new(Vec::with_capacity(text.len()));
    bytes.extend(checked.byte_iter());
    // The crate lets bits be left over at the end; encoding again shows them.
    let mut lower = text.to_ascii_lowercase();
    let same = *encode(&prefix, &bytes) == lower;
    lower.zeroize();
    same.then_some((prefix, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_bip_173() {
        Unlimited::sanity_check();
        let (prefix, bytes) =
            decode("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj").unwrap();
        assert_eq!((prefix.as_str(), bytes.len()), ("age", 32));
    }

    #[test]
    fn mixed_case_and_stray_bits_and_bad_sums_are_refused() {
        let good = encode("age", &[7; 32]).to_string();
        assert!(decode(&good.to_uppercase()).is_some());
        assert!(decode(&good.replace("age1", "AGE1")).is_none());
        assert!(decode(&format!("{good}q")).is_none());
        // 31 bytes and 8 bits are 52 characters as 32 bytes are, with bits to spare.
        let odd = bech32::Fe32::P;
        let stray = (0..52).map(|_| odd);
        use bech32::ByteIterExt;
        use bech32::Fe32IterExt;
        let text: String = [7u8; 32]
            .iter()
            .copied()
            .bytes_to_fes()
            .take(51)
            .chain(stray.skip(51))
            .with_checksum::<Unlimited>(&Hrp::parse("age").unwrap())
            .chars()
            .collect();
        assert!(CheckedHrpstring::new::<Unlimited>(&text).is_ok());
        assert!(decode(&text).is_none());
    }
}
