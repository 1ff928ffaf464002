//! Regular files on all cores: threads take batches of chunks, read and write them where they belong.
//!
//! Chunks are numbered, so the bytes are the same as those of the sequential way, whatever the threads do.
use std::fs::File;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::progress::{Progress, tell};
use super::ranges::Ranges;
use super::source::Source;
use crate::error::{Error, Result};
use crate::formats::padding::{TRAILER, check_zeros};
use crate::formats::payload::{OVERHEAD, Payload, wide};
use crate::secret::SecretVec;

/// Plaintext bytes of a batch, about: large enough for few system calls, small enough for the cache.
const BATCH: usize = 512 * 1024;
/// Threads at most: each has two buffers of a batch, so this bounds the memory at 16 MiB.
const THREADS: usize = 16;

/// The plaintext of a file, padding included.
pub(super) struct Plain<'a> {
    pub(super) source: &'a Source,
    /// Bytes of content, and of content with padding.
    pub(super) content: u64,
    pub(super) size: u64,
}

/// Buffers of one thread.
#[derive(Default)]
struct Buffers {
    plain: SecretVec,
    sealed: Vec<u8>,
}

/// Seals a file into another, whose first `prefix` bytes stand already.
pub(super) fn seal(
    payload: &Payload,
    prefix: u64,
    plain: &Plain<'_>,
    out: &File,
    progress: Progress<'_>,
) -> Result<()> {
    let (chunk, stride) = (payload.chunk(), payload.stride());
    // Refuses what is over the format's bound before the first byte is read.
    payload.sealed_length(plain.size)?;
    let chunks = payload.chunks(plain.size);
    let per_batch = wide(BATCH / chunk);
    run(chunks.div_ceil(per_batch), progress, |batch, buffers: &mut Buffers| {
        let first = batch.saturating_mul(per_batch);
        let count = per_batch.min(chunks.saturating_sub(first));
        let start = first.saturating_mul(wide(chunk));
        let length = plain.size.saturating_sub(start).min(count.saturating_mul(wide(chunk)));
        plain.read(start, length, &mut buffers.plain)?;
        let overhead = narrow(count).saturating_mul(OVERHEAD);
        buffers.sealed.resize(buffers.plain.len().saturating_add(overhead), 0);
        let mut outs = buffers.sealed.chunks_mut(stride);
        let mut rest = buffers.plain.as_slice();
        for index in first..first.saturating_add(count) {
            let (now, later) = rest.split_at(chunk.min(rest.len()));
            let last = index.saturating_add(1) == chunks;
            payload.seal(index, last, now, outs.next().unwrap_or_default())?;
            rest = later;
        }
        let offset = prefix.saturating_add(first.saturating_mul(wide(stride)));
        write_all_at(out, &buffers.sealed, offset).map_err(|error| Error::io("writing", error))?;
        Ok(length)
    })
}

/// Opens a whole file, and writes it out if there is where to.
pub(super) fn open(ranges: &Ranges, source: &File, out: Option<&File>, progress: Progress<'_>) -> Result<()> {
    let chunk = ranges.payload().chunk();
    let per_batch = wide(BATCH / chunk);
    let chunks = ranges.chunks();
    run(chunks.div_ceil(per_batch), progress, |batch, buffers: &mut Buffers| {
        let first = batch.saturating_mul(per_batch);
        let range = ranges.sealed_chunks(first..first.saturating_add(per_batch).min(chunks));
        buffers.sealed.resize(narrow(range.end.saturating_sub(range.start)), 0);
        let got = read_full_at(source, &mut buffers.sealed, range.start);
        if got.map_err(|error| Error::io("reading", error))? < buffers.sealed.len() {
            return Err(Error::unauthentic());
        }
        ranges.open_chunks(first, &buffers.sealed, &mut buffers.plain)?;
        let start = first.saturating_mul(wide(chunk));
        let content = narrow(ranges.len().saturating_sub(start)).min(buffers.plain.len());
        let (content, filling) = buffers.plain.split_at(content);
        ranges.check_filling(start.saturating_add(wide(content.len())), filling)?;
        if let Some(out) = out {
            write_all_at(out, content, start).map_err(|error| Error::io("writing", error))?;
        }
        Ok(wide(content.len()))
    })
}

impl Ranges {
    /// Checks what follows the content, from `start` of the plaintext on: zeros, then 8 bytes of length.
    fn check_filling(&self, start: u64, filling: &[u8]) -> Result<()> {
        let zeros = self.plain_length().saturating_sub(TRAILER).saturating_sub(start);
        check_zeros(filling.split_at(narrow(zeros).min(filling.len())).0)
    }
}

impl Plain<'_> {
    /// Reads a piece of the plaintext: content, then zeros, then the content's length.
    fn read(&self, start: u64, length: u64, out: &mut SecretVec) -> Result<()> {
        out.resize(narrow(length), 0);
        let content = narrow(self.content.saturating_sub(start)).min(out.len());
        let (content, filling) = out.split_at_mut(content);
        let got = read_full_at(&self.source.file, content, start);
        if got.map_err(|error| Error::io(self.source.name(), error))? < content.len() {
            return Err(self.source.changed());
        }
        let begin = start.saturating_add(wide(content.len()));
        let trailer = (self.size.saturating_sub(TRAILER)..).zip(self.content.to_be_bytes());
        filling.fill(0);
        for (place, byte) in trailer {
            let index = place.checked_sub(begin).map(narrow);
            if let Some(there) = index.and_then(|index| filling.get_mut(index)) {
                *there = byte;
            }
        }
        Ok(())
    }
}

/// Has batches done by as many threads as there are cores; stops at the first error.
fn run<B: Default>(
    batches: u64,
    progress: Progress<'_>,
    work: impl Fn(u64, &mut B) -> Result<u64> + Sync,
) -> Result<()> {
    let next = AtomicU64::new(0);
    let done = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let worker = || {
        let mut buffers = B::default();
        let mut one = || -> Result<bool> {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch >= batches || stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let length = work(batch, &mut buffers)?;
            let all = done.fetch_add(length, Ordering::Relaxed).saturating_add(length);
            tell(progress, all)?;
            Ok(true)
        };
        loop {
            match one() {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let helpers = cores.min(narrow(batches)).saturating_sub(1);
    thread::scope(|scope| {
        let threads = (0..helpers).map_while(|_| {
            // Where the system gives no thread, those there are do the work.
            thread::Builder::new().spawn_scoped(scope, worker).ok()
        });
        let threads: Vec<_> = threads.collect();
        let mut result = worker();
        for thread in threads {
            let other = thread
                .join()
                .unwrap_or_else(|_| Err(Error::io("a thread", io::Error::other("it stopped unexpectedly"))));
            result = result.and(other);
        }
        result
    })
}

/// A length that is known to fit, because something of that length is in memory.
fn narrow(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Reads at an offset until `out` is full or the file ends; says how far it came.
pub(super) fn read_full_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got: usize = 0;
    while let Some(rest) = out.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match read_at(file, rest, offset.saturating_add(wide(got))) {
            Ok(0) => break,
            Ok(count) => got = got.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Elsewhere [`Source::size`] says that no file can be read at any place, so these are never called.
#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn write_all_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
