//! The one way in which content is sealed: chunk by chunk, to anything that writes.
use std::io::{self, Write};

use crate::encoding::armor::{Armorer, Label};
use crate::error::{Error, Result};
use crate::formats::padding::{Padding, TRAILER};
use crate::formats::payload::{OVERHEAD, Payload, wide};
use crate::formats::sealing::{Format, Sealing};
use crate::secret::SecretVec;

/// Sealed bytes that are gathered before they are written.
const GATHER: usize = 256 * 1024;

/// Seals what is written to it, and writes it on.
///
/// **Call [`finish`](Self::finish).** Without it what was written is cut short, and whoever decrypts it is told so.
///
/// ```
/// use std::io::Write;
/// use bulla::{Key, file::Encryption};
/// let key = Key::generate();
/// let mut writer = Encryption::to(&key).writer(Vec::new())?;
/// writer.write_all(b"hello ")?;
/// writer.write_all(b"world")?;
/// let sealed = writer.finish()?;
/// assert_eq!(bulla::decrypt(&key, &sealed)?, b"hello world");
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "what was written is cut short until `finish` is called"]
pub struct Writer<W: Write> {
    out: Out<W>,
    payload: Payload,
    padding: Padding,
    /// The next chunk's number.
    index: u64,
    /// Content that has been written.
    content: u64,
    /// Plaintext that waits for its chunk to be full, or for the end.
    pending: SecretVec,
    /// Chunks that wait to be written.
    sealed: Vec<u8>,
    failed: bool,
}

pub(super) enum Out<W> {
    Plain(W),
    Armored(Armorer<W>),
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(out: W, sealing: Sealing, padding: Padding, armored: bool) -> Self {
        let label = if sealing.format == Format::Age { Label::Age } else { Label::Bulla };
        let out = if armored { Out::Armored(Armorer::new(out, label)) } else { Out::Plain(out) };
        Writer {
            out,
            payload: sealing.payload,
            padding,
            index: 0,
            content: 0,
            pending: SecretVec::default(),
            sealed: sealing.prefix,
            failed: false,
        }
    }

    /// Seals the end, writes everything, and gives back what was written to. It is not flushed.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if it cannot be written, or an earlier write failed.
    pub fn finish(mut self) -> Result<W> {
        self.check()?;
        if let Some(size) = self.padding.padded(self.content) {
            let length = self.content.to_be_bytes();
            let mut zeros = size.saturating_sub(self.content).saturating_sub(TRAILER);
            while zeros > 0 {
                let piece = usize::try_from(zeros).unwrap_or(usize::MAX).min(GATHER);
                self.absorb(&vec![0; piece])?;
                zeros = zeros.saturating_sub(wide(piece));
            }
            self.absorb(&length)?;
        }
        let pending = std::mem::take(&mut self.pending);
        let full = pending.len() == self.payload.chunk();
        if full && !self.payload.last_may_be_full() {
            self.seal(&pending, false)?;
            self.seal(&[], true)?;
        } else {
            self.seal(&pending, true)?;
        }
        self.write_sealed()?;
        match self.out {
            Out::Plain(out) => Ok(out),
            Out::Armored(armorer) => armorer.finish().map_err(|error| Error::io("writing", error)),
        }
    }

    /// What is written to; sealed bytes may still be waiting.
    pub fn get_ref(&self) -> &W {
        match &self.out {
            Out::Plain(out) => out,
            Out::Armored(armorer) => armorer.get_ref(),
        }
    }

    /// Takes plaintext. A full chunk is sealed only when more follows: only then is it surely not the last.
    fn absorb(&mut self, mut bytes: &[u8]) -> Result<()> {
        let chunk = self.payload.chunk();
        loop {
            while self.pending.is_empty() && bytes.len() > chunk {
                let (now, later) = bytes.split_at(chunk);
                self.seal(now, false)?;
                bytes = later;
            }
            let room = chunk.saturating_sub(self.pending.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.keep(now);
            if later.is_empty() {
                return Ok(());
            }
            bytes = later;
            let mut pending = std::mem::take(&mut self.pending);
            self.seal(&pending, false)?;
            pending.clear();
            self.pending = pending;
        }
    }

    /// Adds to what waits. A message that comes in one piece takes no more room than it needs; growing goes once, to
    /// a whole chunk, and wipes what it grew out of.
    fn keep(&mut self, bytes: &[u8]) {
        let length = self.pending.len().saturating_add(bytes.len());
        if length > self.pending.capacity() {
            let room = if self.pending.is_empty() { length } else { self.payload.chunk() };
            let mut larger = SecretVec::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.pending);
            self.pending = larger;
        }
        self.pending.extend_from_slice(bytes);
    }

    fn seal(&mut self, plain: &[u8], last: bool) -> Result<()> {
        let start = self.sealed.len();
        let end = start.saturating_add(plain.len()).saturating_add(OVERHEAD);
        self.sealed.resize(end, 0);
        let out = self.sealed.split_at_mut(start).1;
        self.payload.seal(self.index, last, plain, out)?;
        self.index = self.index.saturating_add(1);
        if self.sealed.len() >= GATHER { self.write_sealed() } else { Ok(()) }
    }

    fn write_sealed(&mut self) -> Result<()> {
        let result = match &mut self.out {
            Out::Plain(out) => out.write_all(&self.sealed),
            Out::Armored(armorer) => armorer.write_all(&self.sealed),
        };
        self.sealed.clear();
        result.map_err(|error| Error::io("writing", error))
    }

    fn check(&self) -> Result<()> {
        if self.failed {
            let error = io::Error::other("an earlier write failed, so the output is not whole");
            return Err(Error::io("writing", error));
        }
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        // Until all of it is well, nothing more may be written: a chunk number must not be used twice.
        self.failed = true;
        self.absorb(bytes)?;
        self.content = self.content.saturating_add(wide(bytes.len()));
        self.failed = false;
        Ok(bytes.len())
    }

    /// Hands on whole chunks. What does not fill a chunk waits: only the end may be short.
    fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        self.failed = true;
        self.write_sealed()?;
        match &mut self.out {
            Out::Plain(out) => out.flush()?,
            Out::Armored(armorer) => armorer.flush()?,
        }
        self.failed = false;
        Ok(())
    }
}
