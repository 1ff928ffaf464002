//! Several texts as one, so that no other texts give the same: PASETO's pre-authentication encoding.

/// The number of parts, then each part with its length before it; numbers in 8 bytes, little-endian, the highest bit never set
/// (PASETO, docs/01-Protocol-Versions/Common.md, "Authentication Padding").
pub(crate) fn pae(parts: &[&[u8]]) -> Vec<u8> {
    let number = |count: usize| (u64::try_from(count).unwrap_or_default() & (u64::MAX >> 1)).to_le_bytes();
    let mut text = number(parts.len()).to_vec();
    for part in parts {
        text.extend_from_slice(&number(part.len()));
        text.extend_from_slice(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_come_out() {
        assert_eq!(pae(&[]), [0; 8]);
        assert_eq!(pae(&[b""]), *b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(pae(&[b"test"]), *b"\x01\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0test");
    }

    #[test]
    fn texts_that_join_alike_do_not_encode_alike() {
        assert_ne!(pae(&[b"ab", b"c"]), pae(&[b"a", b"bc"]));
        assert_ne!(pae(&[b"a"]), pae(&[b"a", b""]));
    }
}
