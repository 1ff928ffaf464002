//! The one way in which content is opened from a stream: every byte that it gives is authentic.
use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::opened::Opened;
use super::parallel;
use super::ranges::{Ranges, UncheckedRanges};
use crate::encoding::armor::{Dearmorer, Label};
use crate::encoding::input::{Input, read_full};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::header::{self, Version};
use crate::formats::padding::Unpadder;
use crate::formats::payload::{OVERHEAD, wide};
use crate::formats::unsealing::{self, Terms, Unsealed};
use crate::keys::lock::Opener;
use crate::secret::{SecretVec, refit};

/// Chunks that are opened at a time.
const BATCH: usize = 16;

/// Reads what was sealed. Every byte it gives is authentic and in its place.
///
/// That the content is *whole* is known only when `read` has given 0, or after a seek: when a stream is cut
/// short, the bytes before the cut come first, then an error. To act on whole content only, use
/// [`Decryption::file`](super::Decryption::file) or [`Decryption::verify`](super::Decryption::verify) first.
/// After an error it gives nothing but errors.
///
/// It seeks if what it reads from does; a seek checks the end first. Seeking in armor reads it from its beginning.
///
/// ```
/// use std::io::{Cursor, Read, Seek, SeekFrom};
/// use bulla::{Key, file::Decryption};
/// let key = Key::generate();
/// let sealed = bulla::encrypt(&key, b"hello world")?;
/// let mut reader = Decryption::with(&key).reader(Cursor::new(sealed))?;
/// reader.seek(SeekFrom::End(-5))?;
/// let mut end = String::new();
/// reader.read_to_string(&mut end)?;
/// assert_eq!(end, "world");
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Reader<R> {
    source: Source<R>,
    state: State,
    opened: Opened,
    /// Plaintext that waits to be read, and how much of it has been.
    plain: SecretVec,
    taken: usize,
    /// Zeros that come before `plain`: what looked like padding and proved to be content.
    zeros: u64,
    /// Content that has been given, or where the last seek went.
    position: u64,
}

enum Source<R> {
    Plain(Input<R>),
    Armored(Box<Dearmorer<Input<R>>>, Label),
    /// While the armor is begun anew.
    Gone,
}

enum State {
    Streaming(Box<Streaming>),
    /// The end has been checked; the source stands before the chunk that holds the content at `next`.
    Random {
        ranges: Box<Ranges>,
        next: u64,
    },
    /// What it failed with: it fails with that for ever.
    Failed(ErrorKind),
}

/// Reads from the beginning to the end, of which nothing is known before.
struct Streaming {
    unsealed: Unsealed,
    /// A buffer, whose first `held` bytes are sealed bytes that have been read and not opened.
    raw: Vec<u8>,
    held: usize,
    most: usize,
    index: u64,
    unpadder: Option<Unpadder>,
    ended: bool,
    /// Why the chunk after those that were opened last was not.
    refused: Option<Error>,
}

impl<R: Read> Reader<R> {
    /// Reads what precedes the content. `hint` bounds what is worth buffering.
    pub(super) fn open(from: R, openers: &[Opener<'_>], terms: &Terms<'_>, hint: usize) -> Result<Self> {
        let mut input = Input::new(from, hint);
        let (mut source, version) = match armor_label(&mut input)? {
            Some(label) => {
                let mut dearmorer = Box::new(Dearmorer::new(input, label)?);
                let version = dearmored_version(&mut dearmorer, label)?;
                (Source::Armored(dearmorer, label), version)
            }
            None => {
                let version = header::sniff(input.peek(header::SNIFF_BYTES)?)?;
                (Source::Plain(input), version)
            }
        };
        let unsealed = match &mut source {
            Source::Plain(input) => unsealing::open(input, version, openers, terms)?,
            Source::Armored(dearmorer, _) => unsealing::open(&mut **dearmorer, version, openers, terms)?,
            Source::Gone => return Err(Error::unauthentic()),
        };
        let opened = Opened::of(&unsealed, None);
        let most = unsealed.payload.stride().saturating_mul(BATCH).saturating_add(1);
        let unpadder = unsealed.meta.padded.then(Unpadder::default);
        let state = State::Streaming(Box::new(Streaming {
            unsealed,
            raw: Vec::new(),
            held: 0,
            most: most.min(hint.saturating_add(1).max(OVERHEAD)),
            index: 0,
            unpadder,
            ended: false,
            refused: None,
        }));
        let plain = SecretVec::default();
        Ok(Reader { source, state, opened, plain, taken: 0, zeros: 0, position: 0 })
    }

    /// What is known before the content: format, authenticity, metadata. All of it is authentic.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Whether nothing has been read from it, and it was never sent elsewhere.
    pub(super) fn is_fresh(&self) -> bool {
        self.position == 0 && matches!(&self.state, State::Streaming(streaming) if streaming.index == 0)
    }

    /// Opens more plaintext into `self.plain`; leaves it empty at the end. `wish` bytes are wanted.
    fn refill(&mut self, wish: usize) -> Result<()> {
        self.taken = 0;
        match self.take_state() {
            State::Failed(kind) => return Err(failed_before(kind)),
            State::Streaming(mut streaming) => {
                self.zeros = streaming.next(&mut self.source, &mut self.plain)?;
                if self.zeros == 0 && self.plain.is_empty() {
                    self.opened.set_length(self.position);
                }
                self.state = State::Streaming(streaming);
            }
            State::Random { ranges, mut next } => {
                self.read_random(&ranges, &mut next, wish)?;
                self.state = State::Random { ranges, next };
            }
        }
        Ok(())
    }

    /// Takes the state to work on. What is not put back has failed.
    fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Failed(ErrorKind::Unauthentic))
    }

    /// Remembers what it failed with.
    fn fail(&mut self, error: Error) -> io::Error {
        self.state = State::Failed(error.kind());
        self.plain.clear();
        (self.taken, self.zeros) = (0, 0);
        error.into()
    }

    /// Opens the chunk at `next`, and some after it if more is wanted.
    fn read_random(&mut self, ranges: &Ranges, next: &mut u64, wish: usize) -> Result<()> {
        let rest = ranges.len().saturating_sub(*next);
        if rest == 0 {
            self.plain.clear();
            return Ok(());
        }
        let chunk = ranges.payload().chunk();
        let first = *next / wide(chunk);
        let batch = wide((wish / chunk).clamp(1, BATCH));
        let chunks = first..first.saturating_add(batch).min(ranges.chunks());
        let range = ranges.sealed_chunks(chunks);
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let mut sealed = vec![0; length];
        if read_full(&mut self.source, &mut sealed)? < length {
            return Err(Error::unauthentic());
        }
        ranges.open_chunks(first, &sealed, &mut self.plain)?;
        let skip = next.saturating_sub(first.saturating_mul(wide(chunk)));
        self.taken = usize::try_from(skip).unwrap_or(usize::MAX).min(self.plain.len());
        // Padding is not content.
        let most = usize::try_from(rest.saturating_add(skip)).unwrap_or(usize::MAX);
        self.plain.truncate(most);
        *next = next.saturating_add(wide(self.plain.len().saturating_sub(self.taken)));
        Ok(())
    }
}

impl Streaming {
    /// Opens what comes next; gives how many zeros come before it. No zeros and no plaintext: the end.
    fn next<R: Read>(&mut self, source: &mut Source<R>, plain: &mut SecretVec) -> Result<u64> {
        loop {
            if let Some(error) = self.refused.take() {
                return Err(error);
            }
            if self.ended {
                plain.clear();
                return self.unpadder.take().map_or(Ok(0), |mut unpadder| unpadder.finish());
            }
            self.ended = self.fill(source)?;
            self.refused = self.open_whole(plain).err();
            if plain.is_empty() && self.refused.is_some() {
                continue;
            }
            let Some(unpadder) = &mut self.unpadder else { return Ok(0) };
            let piece = unpadder.push(plain);
            plain.clear();
            plain.extend_from_slice(&piece.bytes);
            if piece.zeros > 0 || !plain.is_empty() {
                return Ok(piece.zeros);
            }
        }
    }

    /// Reads until a chunk and one byte more are there (is it the last?), or the end has come.
    fn fill<R: Read>(&mut self, source: &mut Source<R>) -> Result<bool> {
        let enough = self.unsealed.payload.stride().saturating_add(1);
        while self.held < enough {
            if self.held == self.raw.len() {
                let room = if self.raw.is_empty() { self.most } else { enough.max(self.most) };
                self.raw.resize(room, 0);
            }
            let got = source.read(self.raw.split_at_mut(self.held).1)?;
            self.held = self.held.saturating_add(got);
            if got == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens all chunks that are surely not the last, and at the end the last one.
    ///
    /// When one is refused, `plain` holds those before it: they are authentic and in their place.
    fn open_whole(&mut self, plain: &mut SecretVec) -> Result<()> {
        let payload = &self.unsealed.payload;
        let (chunk, stride) = (payload.chunk(), payload.stride());
        let spare = usize::from(!self.ended || payload.last_may_be_full());
        let held = self.raw.split_at(self.held).0;
        let whole = held.len().saturating_sub(spare) / stride;
        let (sealed, rest) = held.split_at(whole.saturating_mul(stride).min(held.len()));
        // With room for the last one, so that it does not grow again.
        refit(plain, whole.saturating_add(1).saturating_mul(chunk));
        plain.truncate(whole.saturating_mul(chunk));
        let mut good: usize = 0;
        let opened: Result<()> =
            sealed.chunks(stride).zip(plain.chunks_mut(chunk)).try_for_each(|(sealed, out)| {
                payload.open(self.index, false, sealed, out)?;
                good = good.saturating_add(out.len());
                self.index = self.index.saturating_add(1);
                Ok(())
            });
        plain.truncate(good);
        opened?;
        let mut used = sealed.len();
        if self.ended {
            let length = rest.len().checked_sub(OVERHEAD).ok_or_else(Error::unauthentic)?;
            plain.resize(good.saturating_add(length), 0);
            let opened = payload.open(self.index, true, rest, plain.split_at_mut(good).1);
            opened.inspect_err(|_| plain.truncate(good))?;
            used = held.len();
        }
        self.raw.copy_within(used..self.held, 0);
        self.held = self.held.saturating_sub(used);
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.zeros == 0 && self.taken == self.plain.len() {
            let wish = out.len();
            self.refill(wish).map_err(|error| self.fail(error))?;
        }
        if self.zeros > 0 {
            let count = usize::try_from(self.zeros).unwrap_or(usize::MAX).min(out.len());
            out.iter_mut().take(count).for_each(|byte| *byte = 0);
            self.zeros = self.zeros.saturating_sub(wide(count));
            self.position = self.position.saturating_add(wide(count));
            return Ok(count);
        }
        let mut waiting = self.plain.split_at_checked(self.taken).map_or(&[][..], |(_, w)| w);
        let count = waiting.read(out)?;
        self.taken = self.taken.saturating_add(count);
        self.position = self.position.saturating_add(wide(count));
        Ok(count)
    }
}

impl<R: Read + Seek> Seek for Reader<R> {
    /// Goes to a place of the content. The end of the content is checked first, and so its length.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let State::Streaming(_) = &self.state {
            self.look_up().map_err(|error| self.fail(error))?;
        }
        let ranges = match &self.state {
            State::Random { ranges, .. } => ranges,
            State::Failed(kind) => return Err(failed_before(*kind).into()),
            State::Streaming(_) => return Err(Error::unauthentic().into()),
        };
        let target = match to {
            SeekFrom::Start(target) => Some(target),
            SeekFrom::End(offset) => ranges.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        // A place before the beginning is an error of the caller's, and reading goes on where it was.
        self.go_to(target.unwrap_or(self.position)).map_err(|error| self.fail(error))?;
        let target = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(target)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// From reading on to random access: checks the end of what was sealed.
    fn look_up(&mut self) -> Result<()> {
        let State::Streaming(streaming) = self.take_state() else {
            return Err(Error::unauthentic());
        };
        // From here on it fails or stands elsewhere: what waits is not what comes next.
        self.plain.clear();
        (self.taken, self.zeros) = (0, 0);
        let size = self.source.size()?;
        let unchecked = UncheckedRanges::new(streaming.unsealed, size)?;
        let end = unchecked.end();
        self.source.go_to(end.start)?;
        let length = usize::try_from(end.end.saturating_sub(end.start)).unwrap_or(usize::MAX);
        let mut sealed = vec![0; length];
        if read_full(&mut self.source, &mut sealed)? < length {
            return Err(Error::unauthentic());
        }
        let ranges = Box::new(unchecked.finish(&sealed)?);
        self.opened.set_length(ranges.len());
        self.state = State::Random { ranges, next: 0 };
        Ok(())
    }

    fn go_to(&mut self, target: u64) -> Result<()> {
        self.plain.clear();
        (self.taken, self.zeros) = (0, 0);
        self.position = target;
        if let State::Random { ranges, next } = &mut self.state {
            *next = target;
            let chunk = target.min(ranges.len()) / wide(ranges.payload().chunk());
            let start = ranges.sealed_chunks(chunk..chunk).start;
            self.source.go_to(start)?;
        }
        Ok(())
    }
}

impl Reader<&File> {
    /// Turns into random access to the file, if it is one that can be read at any place; else gives itself back.
    pub(super) fn into_ranges(
        self,
        source: &super::source::Source,
    ) -> Result<std::result::Result<Ranges, Self>> {
        let (Source::Plain(_), Some(size)) = (&self.source, source.size()) else {
            return Ok(Err(self));
        };
        let State::Streaming(streaming) = self.state else { return Err(Error::unauthentic()) };
        let unchecked = UncheckedRanges::new(streaming.unsealed, size)?;
        let end = unchecked.end();
        let length = usize::try_from(end.end.saturating_sub(end.start)).unwrap_or(usize::MAX);
        let mut sealed = vec![0; length];
        if parallel::read_full_at(&source.file, &mut sealed, end.start)? < length {
            return Err(Error::unauthentic());
        }
        unchecked.finish(&sealed).map(Ok)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::Plain(input) => input.read(out),
            Source::Armored(dearmorer, _) => dearmorer.read(out),
            Source::Gone => Err(Error::unauthentic().into()),
        }
    }
}

impl<R: Read + Seek> Source<R> {
    /// Bytes of the sealed file, out of its armor.
    fn size(&mut self) -> Result<u64> {
        if let Source::Plain(input) = self {
            return Ok(input.len()?);
        }
        self.go_to(0)?;
        Ok(io::copy(self, &mut io::sink())?)
    }

    /// Goes to a byte of the sealed file, out of its armor.
    fn go_to(&mut self, offset: u64) -> Result<()> {
        match std::mem::replace(self, Source::Gone) {
            Source::Plain(mut input) => {
                input.seek_to(offset)?;
                *self = Source::Plain(input);
            }
            Source::Armored(dearmorer, label) => {
                let mut input = dearmorer.into_inner();
                input.seek_to(0)?;
                *self = Source::Armored(Box::new(Dearmorer::new(input, label)?), label);
                io::copy(&mut self.by_ref().take(offset), &mut io::sink())?;
            }
            Source::Gone => return Err(Error::unauthentic()),
        }
        Ok(())
    }
}

/// The error of a reader that failed before. What the storage did is not blamed on the data.
fn failed_before(kind: ErrorKind) -> Error {
    match kind {
        ErrorKind::Unauthentic => Error::unauthentic(),
        kind => Error::new(kind, "reading", "an earlier read failed", "begin anew, or get a good copy"),
    }
}

/// Whether the input is armored. Only white space may stand before an armor.
pub(super) fn armor_label<R: Read>(input: &mut Input<R>) -> Result<Option<Label>> {
    let first = input.peek(1)?.first().copied();
    if !matches!(first, Some(b'-' | b' ' | b'\t' | b'\r' | b'\n')) {
        return Ok(None);
    }
    let most = crate::limits::ARMOR_WHITESPACE_BYTES.saturating_add(64);
    let text = input.peek(most)?.trim_ascii_start();
    Ok([Label::Bulla, Label::Age].into_iter().find(|label| text.starts_with(label.begin().as_bytes())))
}

/// Which format is in an armor: the label must say the same.
pub(super) fn dearmored_version<R: Read>(
    dearmorer: &mut Dearmorer<Input<R>>,
    label: Label,
) -> Result<Option<Version>> {
    let version = header::sniff(dearmorer.fill_buf()?)?;
    if (version == Some(Version::Age)) == (label == Label::Age) {
        return Ok(version);
    }
    Err(Error::malformed("armor", "its label is not that of the format inside"))
}
