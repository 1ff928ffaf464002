//! zlib (RFC 1950) undone in one piece, within a bound.
use flate2::{Decompress, FlushDecompress, Status};

/// What was compressed. `None` if it is longer than `most`, damaged, or not all that there is: a thousand times the input can
/// come out, so that the bound comes first.
pub(crate) fn inflate(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut inflater = Decompress::new(true);
    let mut out = vec![0; most];
    let status = inflater.decompress(bytes, &mut out, FlushDecompress::Finish).ok()?;
    if status != Status::StreamEnd || usize::try_from(inflater.total_in()) != Ok(bytes.len()) {
        return None;
    }
    out.truncate(usize::try_from(inflater.total_out()).ok()?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    #[test]
    fn what_is_over_the_bound_is_not_undone() {
        let packed = deflated(&[7; 1000]);
        assert_eq!(inflate(&packed, 1000), Some(vec![7; 1000]));
        assert_eq!(inflate(&packed, 1001), Some(vec![7; 1000]));
        assert_eq!(inflate(&packed, 999), None);
        assert_eq!(inflate(&deflated(b""), 0), Some(Vec::new()));
        assert_eq!(inflate(&deflated(&vec![0; 10_000_000]), 1 << 16), None);
    }

    #[test]
    fn what_is_damaged_or_followed_by_more_is_not_undone() {
        let packed = deflated(b"a text, and another text");
        for length in 0..packed.len() {
            assert_eq!(inflate(&packed[..length], 1000), None, "{length}");
        }
        for at in 0..packed.len() {
            let mut other = packed.clone();
            other[at] ^= 1;
            assert_ne!(inflate(&other, 1000).as_deref(), Some(&b"a text, and another text"[..]), "{at}");
        }
        assert_eq!(inflate(&[packed, vec![0]].concat(), 1000), None);
    }
}
