//! Base64 for URLs and cookies (RFC 4648 section 5): no padding, canonical only, and decoded into memory of the caller's.
use super::base64_tables::Alphabet;

static URL: Alphabet = Alphabet::ending_in(b'-', b'_');

/// Decodes all of it into `out`, and gives what was filled. `None` if it is not canonical, or there is no room.
pub(crate) fn decode<'o>(text: &[u8], out: &'o mut [u8]) -> Option<&'o [u8]> {
    let groups = URL.decode_groups(text, out);
    let (digits, count) = match *text.get(groups.saturating_mul(4)..)? {
        [] => ([b'A'; 4], 0),
        [a, b] => ([a, b, b'A', b'A'], 1),
        [a, b, c] => ([a, b, c, b'A'], 2),
        _ => return None,
    };
    let [0, bytes @ ..] = URL.group(digits).to_be_bytes() else { return None };
    let (last, stray) = bytes.split_at_checked(count)?;
    // Bits that no byte has room for are zero, or two texts would be one.
    if stray.iter().any(|byte| *byte != 0) {
        return None;
    }
    let start = groups.saturating_mul(3);
    let end = start.saturating_add(count);
    out.get_mut(start..end)?.copy_from_slice(last);
    out.get(..end)
}

/// The text of all bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let (threes, rest) = bytes.as_chunks::<3>();
    // With room for what follows, so that nothing is left behind by growing.
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    threes.iter().for_each(|three| text.extend_from_slice(&URL.digits(*three)));
    match *rest {
        [a, b] => text.extend(URL.digits([a, b, 0]).into_iter().take(3)),
        [a] => text.extend(URL.digits([a, 0, 0]).into_iter().take(2)),
        _ => {}
    }
    // Digits are ASCII.
    String::from_utf8(text).unwrap_or_default()
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
