//! Base64 for URLs and cookies (RFC 4648 section 5): no padding, canonical only, and decoded into memory of the caller's.
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig, Simd};

/// It refuses stray bits, without which two texts would be one.
static URL: LazyLock<Simd> = LazyLock::new(|| {
    let config = GeneralPurposeConfig::new();
    let config = config.with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone);
    Simd::url_safe(config)
});

/// Decodes all of it into `out`, and gives what was filled. `None` if it is not canonical, or there is no room.
pub(crate) fn decode<'o>(text: &[u8], out: &'o mut [u8]) -> Option<&'o [u8]> {
    let length = URL.decode_slice(text, out).ok()?;
    out.get(..length)
}

/// The text of all bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL.encode(bytes)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        decode(text, &mut [0; 100]).map(<[u8]>::to_vec)
    }

    #[test]
    fn every_length_comes_back_as_others_write_it() {
        for length in 0..=100_usize {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 89 + length) as u8).collect();
            let text = encode(&bytes);
            assert_eq!(text, Base64UrlUnpadded::encode_string(&bytes));
            assert_eq!(decoded(text.as_bytes()), Some(bytes));
            assert!(length == 0 || decode(text.as_bytes(), &mut vec![0; length - 1]).is_none());
        }
    }

    #[test]
    fn only_canonical_text_is_read() {
        assert_eq!(decoded(b"-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        for bad in
            ["A", "AB", "AAB", "AAE=", "AA==", "AA E", "AAE\n", "+/8", "AAAA\0AAA", "AAAAA", "A\u{e4}AA"]
        {
            assert_eq!(decoded(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
