//! A buffered reader that can look ahead any number of bytes, and go back to an offset if its source can.
use std::io::{self, BufRead, Read, Seek, SeekFrom};

const BUFFER: usize = 64 * 1024;

/// Reads from `R`, counting from where `R` stood.
pub(crate) struct Input<R> {
    inner: R,
    /// Bytes to read at a time.
    room: usize,
    buffer: Vec<u8>,
    taken: usize,
    at_end: bool,
    /// Where `inner` stood at first; known after the first seek.
    origin: Option<u64>,
    /// Bytes read from `inner` since its origin.
    read: u64,
}

impl<R: Read> Input<R> {
    /// `hint`: how many bytes there are, if that is known; the buffer need not be larger.
    pub(crate) fn new(inner: R, hint: usize) -> Self {
        let room = hint.clamp(1, BUFFER);
        Input { inner, room, buffer: Vec::new(), taken: 0, at_end: false, origin: None, read: 0 }
    }

    /// The next bytes, without taking them: `count` of them, or fewer if the input ends before.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.waiting().len() < count && !self.at_end {
            self.fill(count)?;
        }
        let waiting = self.waiting();
        Ok(waiting.split_at_checked(count).map_or(waiting, |(first, _)| first))
    }

    /// Writes out what has been read and not taken, so that the rest can be copied from the source itself.
    pub(crate) fn write_waiting(&mut self, out: &mut impl io::Write) -> io::Result<()> {
        out.write_all(self.waiting())?;
        self.consume(self.waiting().len());
        Ok(())
    }

    fn waiting(&self) -> &[u8] {
        self.buffer.split_at_checked(self.taken).map_or(&[], |(_, rest)| rest)
    }

    /// Reads once more, for `count` bytes at least if the source gives them.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let old = self.buffer.len();
        let room = count.max(self.room).saturating_sub(old);
        self.buffer.resize(old.saturating_add(room), 0);
        let fresh = self.buffer.split_at_mut(old).1;
        let result = read_once(&mut self.inner, fresh);
        let got = *result.as_ref().unwrap_or(&0);
        self.buffer.truncate(old.saturating_add(got));
        self.read = self.read.saturating_add(u64::try_from(got).unwrap_or(u64::MAX));
        self.at_end = result? == 0;
        Ok(())
    }
}

impl<R: Read + Seek> Input<R> {
    /// Goes to an offset from where the input began.
    pub(crate) fn seek_to(&mut self, offset: u64) -> io::Result<()> {
        let origin = self.origin()?;
        let target = origin.checked_add(offset).ok_or(io::ErrorKind::InvalidInput)?;
        self.buffer.clear();
        self.taken = 0;
        self.at_end = false;
        self.inner.seek(SeekFrom::Start(target))?;
        self.read = offset;
        Ok(())
    }

    /// Bytes from where the input began to its end.
    pub(crate) fn len(&mut self) -> io::Result<u64> {
        let origin = self.origin()?;
        let here = self.inner.stream_position()?;
        let end = self.inner.seek(SeekFrom::End(0))?;
        self.inner.seek(SeekFrom::Start(here))?;
        Ok(end.saturating_sub(origin))
    }

    fn origin(&mut self) -> io::Result<u64> {
        if let Some(origin) = self.origin {
            return Ok(origin);
        }
        let origin = self.inner.stream_position()?.saturating_sub(self.read);
        self.origin = Some(origin);
        Ok(origin)
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.waiting().is_empty() && out.len() >= self.room && !self.at_end {
            // Large reads go past the buffer.
            let got = read_once(&mut self.inner, out)?;
            self.at_end = got == 0;
            self.read = self.read.saturating_add(u64::try_from(got).unwrap_or(u64::MAX));
            return Ok(got);
        }
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

impl<R: Read> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)?;
        Ok(self.waiting())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.buffer.len());
    }
}

/// One read, tried again when a signal came between.
fn read_once(from: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A source that says it gave more than there was room for would make us slice past the end.
            other => return other.map(|got| got.min(out.len())),
        }
    }
}

/// Fills `out` as far as the input goes, and says how far that was.
pub(crate) fn read_full(from: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut rest = out;
    let mut got: usize = 0;
    while !rest.is_empty() {
        let count = read_once(from, rest)?;
        if count == 0 {
            break;
        }
        got = got.saturating_add(count);
        rest = rest.split_at_mut_checked(count).map_or(&mut [], |(_, rest)| rest);
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_was_peeked_is_read_again_and_offsets_count_from_the_start() {
        let mut source = Cursor::new(b"xxabcdefgh".to_vec());
        source.set_position(2);
        let mut input = Input::new(source, usize::MAX);
        assert_eq!(input.peek(3).unwrap(), b"abc");
        let mut two = [0; 2];
        assert_eq!(read_full(&mut input, &mut two).unwrap(), 2);
        assert_eq!(&two, b"ab");
        assert_eq!(input.len().unwrap(), 8);
        input.seek_to(5).unwrap();
        assert_eq!(input.peek(9).unwrap(), b"fgh");
    }
}
