//! Base64 (RFC 4648 section 4), canonical only: white space, stray bits and wrong padding are refused.
use base64ct::{Base64, Base64Unpadded, Encoding};

/// Without padding, as in headers.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64Unpadded::encode_string(bytes)
}

/// Without padding. `None` if it is not canonical.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64Unpadded::decode_vec(text).ok()
}

/// Without padding, of a known length in bytes.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

/// With padding, as in armor.
pub(crate) fn encode_padded(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// With padding. `None` if it is not canonical.
pub(crate) fn decode_padded(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_base64_is_read() {
        assert_eq!(decode("AAE").as_deref(), Some(&[0u8, 1][..]));
        for bad in ["AAE=", "AAF", "A", "AA E", "AAE\n", "AA-_"] {
            assert!(decode(bad).is_none(), "{bad:?}");
        }
        assert_eq!(decode_padded("AAE=").as_deref(), Some(&[0u8, 1][..]));
        for bad in ["AAE", "AAF=", "AAE==", "====", "AA=="] {
            assert_eq!(decode_padded(bad).is_some(), bad == "AA==", "{bad:?}");
        }
    }
}
