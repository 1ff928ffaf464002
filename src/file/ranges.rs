//! Random access without input or output: which sealed bytes are needed, and what is in them.
use std::ops::Range;

use super::opened::Opened;
use crate::error::{Error, Result};
use crate::formats::padding::{TRAILER, content_length};
use crate::formats::payload::{OVERHEAD, Payload, wide};
use crate::formats::unsealing::Unsealed;
use crate::secret::{SecretVec, refit};

/// A sealed file of known size whose end has not been checked yet: the first half of random access.
///
/// It does no input or output itself, so it serves files, object stores and HTTP ranges alike.
/// See [`Decryption::ranges`](super::Decryption::ranges).
#[must_use = "nothing can be read before `finish`"]
pub struct UncheckedRanges {
    unsealed: Unsealed,
    /// Sizes of the payload's plaintext, and of the sealed file.
    plain: u64,
    size: u64,
}

/// Random access to a sealed file whose size is authentic.
///
/// ```
/// use bulla::{Key, file::Decryption};
/// let key = Key::generate();
/// let sealed = bulla::encrypt(&key, &vec![7; 100_000])?;
/// let fetch = |range: std::ops::Range<u64>| &sealed[range.start as usize..range.end as usize];
///
/// let unchecked = Decryption::with(&key).ranges(&sealed, sealed.len() as u64)?;
/// let end = fetch(unchecked.end());
/// let ranges = unchecked.finish(end)?;
/// assert_eq!(ranges.len(), 100_000);
///
/// let needed = ranges.sealed_range(99_998..99_999);
/// assert!(needed.end - needed.start <= 16_400);
/// assert_eq!(ranges.open(99_998..99_999, fetch(needed))?, [7]);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Ranges {
    unsealed: Unsealed,
    plain: u64,
    content: u64,
}

impl UncheckedRanges {
    /// `size` is the sealed file's, in bytes, as the storage tells it: not authentic.
    pub(crate) fn new(unsealed: Unsealed, size: u64) -> Result<Self> {
        let sealed = size.checked_sub(unsealed.prefix).ok_or_else(Error::unauthentic)?;
        let plain = unsealed.payload.plain_length(sealed).ok_or_else(Error::unauthentic)?;
        Ok(UncheckedRanges { unsealed, plain, size })
    }

    /// Which bytes of the sealed file [`finish`](Self::finish) needs: its last chunk, or its last two.
    #[must_use]
    pub fn end(&self) -> Range<u64> {
        let first = self.first_of_end();
        sealed_start(&self.unsealed, first)..self.size
    }

    /// Checks the end, and so the size: only the true last chunk opens as the last one.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic) if the end is not the one that was sealed.
    pub fn finish(self, end: &[u8]) -> Result<Ranges> {
        let first = self.first_of_end();
        // Fewer bytes would leave the last chunk unopened, and the size unproven.
        let asked = self.end();
        if wide(end.len()) != asked.end.saturating_sub(asked.start) {
            return Err(Error::unauthentic());
        }
        let mut ranges = Ranges { content: self.plain, plain: self.plain, unsealed: self.unsealed };
        let mut plain = SecretVec::default();
        ranges.open_chunks(first, end, &mut plain)?;
        if ranges.unsealed.meta.padded {
            let trailer = plain.last_chunk::<8>().copied();
            let trailer = trailer.ok_or_else(|| Error::malformed("padding", "it is not there"))?;
            ranges.content = content_length(ranges.plain, trailer)?;
        }
        Ok(ranges)
    }

    /// The chunk at which the padding's length begins, or the last chunk.
    fn first_of_end(&self) -> u64 {
        let last = self.unsealed.payload.chunks(self.plain).saturating_sub(1);
        if !self.unsealed.meta.padded {
            return last;
        }
        let chunk = wide(self.unsealed.payload.chunk());
        (self.plain.saturating_sub(TRAILER) / chunk).min(last)
    }
}

impl Ranges {
    /// The content's size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.content
    }

    /// Whether there is no content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.content == 0
    }

    /// What is known of the file.
    #[must_use]
    pub fn opened(&self) -> Opened {
        Opened::of(&self.unsealed, Some(self.content))
    }

    /// Which bytes of the sealed file hold this range of the content. A range past the end is cut there.
    #[must_use]
    pub fn sealed_range(&self, content: Range<u64>) -> Range<u64> {
        let Range { start, end } = self.clamp(content);
        if start >= end {
            return 0..0;
        }
        let chunk = wide(self.unsealed.payload.chunk());
        let (first, last) = (start / chunk, end.saturating_sub(1) / chunk);
        let stop = sealed_start(&self.unsealed, last.saturating_add(1));
        sealed_start(&self.unsealed, first)..stop.min(self.size())
    }

    /// Opens a range of the content out of the bytes that [`sealed_range`](Self::sealed_range) named.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic) if they are not what was sealed there.
    pub fn open(&self, content: Range<u64>, sealed: &[u8]) -> Result<Vec<u8>> {
        let Range { start, end } = self.clamp(content);
        if start >= end {
            return Ok(Vec::new());
        }
        let chunk = wide(self.unsealed.payload.chunk());
        let first = start / chunk;
        let mut plain = SecretVec::default();
        self.open_chunks(first, sealed, &mut plain)?;
        let skip = usize::try_from(start.saturating_sub(first.saturating_mul(chunk)));
        let take = usize::try_from(end.saturating_sub(start));
        let wanted = skip
            .ok()
            .zip(take.ok())
            .and_then(|(skip, take)| plain.split_at_checked(skip)?.1.split_at_checked(take));
        // Too few bytes were given: then they are not those that were named.
        wanted.map(|(wanted, _)| wanted.to_vec()).ok_or_else(Error::unauthentic)
    }

    /// Opens consecutive chunks, the first of which has the number `first`, into `plain`, which is made to fit.
    pub(super) fn open_chunks(&self, first: u64, sealed: &[u8], plain: &mut SecretVec) -> Result<()> {
        let payload = &self.unsealed.payload;
        let last = payload.chunks(self.plain).saturating_sub(1);
        let pieces = sealed.len().div_ceil(payload.stride()).max(1);
        let length = sealed.len().checked_sub(pieces.saturating_mul(OVERHEAD));
        refit(plain, length.ok_or_else(Error::unauthentic)?);
        let mut out = plain.as_mut_slice();
        let mut sealed = sealed;
        for index in (first..).take(pieces) {
            let (now, later) = sealed.split_at(payload.stride().min(sealed.len()));
            let room = now.len().checked_sub(OVERHEAD).ok_or_else(Error::unauthentic)?;
            let (now_out, later_out) = out.split_at_mut(room.min(out.len()));
            payload.open(index, index == last, now, now_out)?;
            (sealed, out) = (later, later_out);
        }
        Ok(())
    }

    pub(super) fn payload(&self) -> &Payload {
        &self.unsealed.payload
    }

    /// Bytes of plaintext: content, and padding if there is any.
    pub(super) fn plain_length(&self) -> u64 {
        self.plain
    }

    /// Chunks of the file.
    pub(super) fn chunks(&self) -> u64 {
        self.payload().chunks(self.plain)
    }

    /// Which bytes of the sealed file are these chunks.
    pub(super) fn sealed_chunks(&self, chunks: Range<u64>) -> Range<u64> {
        let end = sealed_start(&self.unsealed, chunks.end);
        sealed_start(&self.unsealed, chunks.start)..end.min(self.size())
    }

    /// The sealed file's size.
    fn size(&self) -> u64 {
        let chunks = self.payload().chunks(self.plain).saturating_mul(wide(OVERHEAD));
        self.unsealed.prefix.saturating_add(self.plain).saturating_add(chunks)
    }

    fn clamp(&self, content: Range<u64>) -> Range<u64> {
        content.start.min(self.content)..content.end.min(self.content)
    }
}

/// Where a chunk begins in the sealed file.
fn sealed_start(unsealed: &Unsealed, chunk: u64) -> u64 {
    unsealed.prefix.saturating_add(chunk.saturating_mul(wide(unsealed.payload.stride())))
}
