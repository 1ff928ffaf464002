//! Hiding a length: content, zeros, and the content's length in the last 8 bytes (docs/file-format.md section 4).
use crate::error::{Error, Result};
use crate::secret::SecretVec;

/// Bytes of the length at the end.
pub(crate) const TRAILER: u64 = 8;

/// How far a length is rounded up to hide it.
///
/// ```
/// use bulla::{Key, Padding, file::Encryption};
/// let key = Key::generate();
/// let yes = Encryption::to(&key).padding(Padding::Block(1024)).bytes(b"yes")?;
/// let no = Encryption::to(&key).padding(Padding::Block(1024)).bytes(b"no")?;
/// assert_eq!(yes.len(), no.len());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Padding {
    /// The sealed size tells the exact size.
    #[default]
    None,
    /// Padmé (Nikitin et al., PURBs, PETS 2019, section 4): at most 12 % more, about 3 % on average, and only
    /// O(log log n) bits of the length are told.
    Padme,
    /// Up to the next multiple of so many bytes; 0 counts as 1.
    Block(u32),
}

impl Padding {
    /// The size of the padded plaintext of a content of `length` bytes. `None` for no padding, or over 2^63.
    pub(crate) fn padded(self, length: u64) -> Option<u64> {
        let least = length.checked_add(TRAILER)?;
        let size = match self {
            Padding::None => return None,
            Padding::Padme => padme(least)?,
            Padding::Block(block) => least.checked_next_multiple_of(u64::from(block.max(1)))?,
        };
        i64::try_from(size).ok().map(|_| size)
    }
}

/// Rounds up so that only the highest bits vary: as many as the exponent has bits.
fn padme(length: u64) -> Option<u64> {
    let exponent = length.checked_ilog2()?;
    let kept = exponent.checked_ilog2().map_or(0, |log| log.saturating_add(1));
    let unit = 1u64.checked_shl(exponent.saturating_sub(kept))?;
    length.checked_next_multiple_of(unit)
}

/// The content's length, from a padded plaintext's size and its last 8 bytes.
pub(crate) fn content_length(size: u64, trailer: [u8; 8]) -> Result<u64> {
    let length = u64::from_be_bytes(trailer);
    match size.checked_sub(TRAILER) {
        Some(most) if length <= most => Ok(length),
        _ => Err(bad()),
    }
}

/// Checks filling, which only zeros may be.
pub(crate) fn check_zeros(filling: &[u8]) -> Result<()> {
    if filling.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(bad()) }
}

fn bad() -> Error {
    Error::malformed("padding", "it is not content, zeros and a length")
}

/// Takes the padding off a stream, whose length is known only at its end.
///
/// A run of zeros may be content or filling, so it is counted and held back; so are the last 8 bytes.
/// Both take constant memory.
#[derive(Default)]
pub(crate) struct Unpadder {
    /// Zeros before `tail` that have not been given out.
    zeros: u64,
    /// The last bytes seen, at most [`TRAILER`] of them.
    tail: SecretVec,
    /// All bytes seen.
    seen: u64,
}

/// What an [`Unpadder`] gives out: so many zeros, then some bytes.
pub(crate) struct Piece {
    pub(crate) zeros: u64,
    pub(crate) bytes: SecretVec,
}

impl Unpadder {
    /// Takes plaintext, and gives what is surely content.
    pub(crate) fn push(&mut self, plain: &[u8]) -> Piece {
        self.seen = self.seen.saturating_add(super::payload::wide(plain.len()));
        let mut all = std::mem::take(&mut self.tail);
        all.extend_from_slice(plain);
        let cut = all.len().saturating_sub(8);
        self.tail = SecretVec::new(all.split_off(cut));
        // Zeros at the end may be filling; what is before them is content, as are older zeros then.
        let end = all.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let held = super::payload::wide(all.len().saturating_sub(end));
        all.truncate(end);
        if all.is_empty() {
            self.zeros = self.zeros.saturating_add(held);
            return Piece { zeros: 0, bytes: all };
        }
        Piece { zeros: std::mem::replace(&mut self.zeros, held), bytes: all }
    }

    /// The end of the plaintext: how many of the zeros held back are content.
    pub(crate) fn finish(&mut self) -> Result<u64> {
        let trailer = self.tail.as_slice().try_into().map_err(|_| bad())?;
        let length = content_length(self.seen, trailer)?;
        let given = self.seen.saturating_sub(TRAILER).saturating_sub(self.zeros);
        // Content that ends before what was given out would mean that filling was not zero.
        length.checked_sub(given).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padme_is_as_in_the_paper() {
        // PURBs, section 4: L = 1000 has E = 9, S = 4, so 5 low bits are zero.
        assert_eq!(padme(1000), Some(1024));
        assert_eq!(padme(9), Some(10));
        assert_eq!(padme(8), Some(8));
        for length in (9..100_000u64).step_by(7) {
            let padded = padme(length).unwrap();
            assert!(padded >= length && (padded - length) * 100 <= length * 12, "{length}");
            assert_eq!(padme(padded), Some(padded));
        }
    }

    #[test]
    fn the_unpadder_gives_the_content_whatever_the_pieces_are() {
        for content in [&b""[..], b"a", b"\0", b"a\0\0\0", b"\0\0a\0b\0\0\0\0\0\0\0\0\0\0"] {
            for filling in [0, 1, 7, 8, 30] {
                let mut plain = content.to_vec();
                plain.resize(content.len() + filling, 0);
                plain.extend((content.len() as u64).to_be_bytes());
                for size in 1..plain.len() {
                    let mut unpadder = Unpadder::default();
                    let mut got = Vec::new();
                    for piece in plain.chunks(size) {
                        let piece = unpadder.push(piece);
                        got.resize(got.len() + piece.zeros as usize, 0);
                        got.extend(piece.bytes.iter());
                    }
                    let zeros = unpadder.finish().unwrap();
                    got.resize(got.len() + zeros as usize, 0);
                    assert_eq!(got, content);
                }
            }
        }
    }

    #[test]
    fn a_length_that_does_not_fit_is_refused() {
        for (filling, length) in [(0u8, 4u64), (1, 0), (0, u64::MAX)] {
            let mut unpadder = Unpadder::default();
            unpadder.push(&[filling; 3]);
            unpadder.push(&length.to_be_bytes());
            assert!(unpadder.finish().is_err(), "{filling} {length}");
        }
        assert!(Unpadder::default().finish().is_err());
    }
}
