//! What both payload formats have in common: numbered chunks of one size, the last one marked.
use super::age::stream::Stream;
use super::cobblestone::{self, Cobblestone};
use crate::error::{Error, Result};
use crate::limits::{AGE_CHUNKS, COBBLESTONE_CHUNKS};
use crate::primitives::aead::TAG;

/// Bytes that sealing adds to a chunk.
pub(crate) const OVERHEAD: usize = TAG;

/// The chunks of one message.
pub(crate) enum Payload {
    Cobblestone(Cobblestone),
    Age(Stream),
}

impl Payload {
    /// Plaintext bytes of a full chunk.
    pub(crate) fn chunk(&self) -> usize {
        match self {
            Payload::Cobblestone(_) => cobblestone::CHUNK,
            Payload::Age(_) => super::age::stream::CHUNK,
        }
    }

    /// Sealed bytes of a full chunk.
    pub(crate) fn stride(&self) -> usize {
        self.chunk().saturating_add(OVERHEAD)
    }

    /// Whether a full chunk may be the last one. Cobblestone's last chunk is always short.
    pub(crate) fn last_may_be_full(&self) -> bool {
        matches!(self, Payload::Age(_))
    }

    /// Chunks of a message of `length` plaintext bytes.
    pub(crate) fn chunks(&self, length: u64) -> u64 {
        let chunk = wide(self.chunk());
        match self {
            Payload::Cobblestone(_) => (length / chunk).saturating_add(1),
            Payload::Age(_) => length.div_ceil(chunk).max(1),
        }
    }

    /// Sealed bytes of a message of `length` plaintext bytes. Over the bound on chunks: an error of use.
    pub(crate) fn sealed_length(&self, length: u64) -> Result<u64> {
        let chunks = self.chunks(length);
        if chunks > self.most_chunks() {
            return Err(Error::usage("size", "the content is over the format's bound", "split it"));
        }
        Ok(length.saturating_add(chunks.saturating_mul(wide(OVERHEAD))))
    }

    /// Plaintext bytes of a message of `sealed` bytes: `None` if no message has that size.
    pub(crate) fn plain_length(&self, sealed: u64) -> Option<u64> {
        let length = plain_length(sealed, self.chunk(), self.last_may_be_full())?;
        (self.chunks(length) <= self.most_chunks()).then_some(length)
    }

    fn most_chunks(&self) -> u64 {
        match self {
            Payload::Cobblestone(_) => COBBLESTONE_CHUNKS,
            Payload::Age(_) => AGE_CHUNKS,
        }
    }

    /// Seals a chunk; `out` is [`OVERHEAD`] bytes longer.
    pub(crate) fn seal(&self, index: u64, last: bool, plain: &[u8], out: &mut [u8]) -> Result<()> {
        match self {
            Payload::Cobblestone(chunks) => chunks.seal(index, plain, out),
            Payload::Age(chunks) => chunks.seal(index, last, plain, out),
        }
        .map_err(|_| Error::usage("size", "the content is over the format's bound", "split it"))
    }

    /// Opens a chunk; `out` is [`OVERHEAD`] bytes shorter. It holds zeros if the chunk is refused.
    pub(crate) fn open(&self, index: u64, last: bool, sealed: &[u8], out: &mut [u8]) -> Result<()> {
        let full = out.len() == self.chunk();
        match self {
            // A short chunk says that it is the last, a full one that it is not.
            Payload::Cobblestone(_) if last == full => Err(crate::primitives::aead::Refused),
            Payload::Cobblestone(chunks) => chunks.open(index, sealed, out),
            Payload::Age(_) if !last && !full => Err(crate::primitives::aead::Refused),
            // An empty chunk is the only one, or a forgery.
            Payload::Age(_) if out.is_empty() && index > 0 => Err(crate::primitives::aead::Refused),
            Payload::Age(chunks) => chunks.open(index, last, sealed, out),
        }
        .map_err(|_| Error::unauthentic())
    }
}

/// Plaintext bytes of `sealed` bytes of chunks of that size: `None` if no message has that size.
pub(crate) fn plain_length(sealed: u64, chunk: usize, last_may_be_full: bool) -> Option<u64> {
    let (chunk, overhead) = (wide(chunk), wide(OVERHEAD));
    let stride = chunk.checked_add(overhead)?;
    let (full, rest) = (sealed / stride, sealed % stride);
    let before = full.checked_mul(chunk)?;
    if rest == 0 && last_may_be_full && full > 0 {
        return Some(before);
    }
    let last = rest.checked_sub(overhead)?;
    // An empty last chunk is age's only when it is the only one.
    if last == 0 && full > 0 && last_may_be_full {
        return None;
    }
    before.checked_add(last)
}

/// A length in memory as a length in a file.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
