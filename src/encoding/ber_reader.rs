//! BER (X.690) read as it comes, in constant memory: small values whole and as DER, long OCTET STRINGs as streams.
//!
//! Takes the liberties of BER as [`ber`](super::ber) does: indefinite and needlessly long lengths, strings in pieces however
//! deep. No length that the input claims is believed: memory is taken for bytes that came.
use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::ber::{self, CONSTRUCTED, Flaw, OUTSIDE, to_der};
use super::input::Input;
use super::tlv::{self, OCTET_STRING};
use crate::error::{Error, Result};
use crate::limits::BER_DEPTH;

/// Walks over one value of BER. The values that were entered are open; each call is about what comes next in the innermost.
pub(crate) struct BerReader<R> {
    /// For errors: what is read.
    what: &'static str,
    from: Input<R>,
    /// Bytes taken so far.
    at: u64,
    open: Vec<Frame>,
    /// An OCTET STRING that is being read.
    string: Option<Pieces>,
    begun: bool,
}

/// A value that was entered.
struct Frame {
    /// Where it ends, or with an indefinite length: where the innermost definite one around it does.
    end: u64,
    indefinite: bool,
}

/// An OCTET STRING that is being read.
struct Pieces {
    /// Values that were open before it.
    base: usize,
    /// Where the piece ends that is being read.
    end: u64,
}

/// A tag and a length, not yet taken.
struct Head {
    /// Of the tag.
    first: u8,
    /// Bytes of both.
    size: u64,
    /// Where the value ends; `None`: it has an indefinite length.
    end: Option<u64>,
}

impl<R: Read> BerReader<R> {
    /// `what`: what this is, for errors.
    pub(crate) fn new(what: &'static str, from: R) -> Self {
        let from = Input::new(from, usize::MAX);
        BerReader { what, from, at: 0, open: Vec::new(), string: None, begun: false }
    }

    /// The first byte of the next value's tag. `None`: none follows in the innermost open value.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>> {
        self.settle()?;
        if self.is_at_end()? {
            return Ok(None);
        }
        let what = self.what;
        let next = self.ahead(1)?.first().copied();
        if next.is_none() && self.begun { Err(Flaw::Cut.in_(what)) } else { Ok(next) }
    }

    /// Goes into the next value, which has this tag and others inside.
    pub(crate) fn enter(&mut self, tag: u8) -> Result<()> {
        let head = self.next()?;
        if head.first != tag || tag & CONSTRUCTED == 0 {
            return Err(self.unlike());
        }
        self.take_head(&head);
        self.push(&head)
    }

    /// [`enter`](Self::enter), if the next value has this tag.
    pub(crate) fn enter_if(&mut self, tag: u8) -> Result<bool> {
        let is_next = self.peek()? == Some(tag);
        if is_next {
            self.enter(tag)?;
        }
        Ok(is_next)
    }

    /// Goes out of the innermost open value, of which nothing may be left.
    pub(crate) fn leave(&mut self) -> Result<()> {
        self.settle()?;
        if self.open.is_empty() || !self.closes()? {
            return Err(Error::malformed(self.what, "there is more in a part of it than belongs there"));
        }
        self.open.pop();
        Ok(())
    }

    /// The next value whole, at most so many bytes, as DER. What is DER already stays byte for byte.
    pub(crate) fn value(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut head = self.next()?;
        let mut raw = Vec::new();
        // Values of indefinite length that are open; those of a definite length are taken in one go.
        let mut depth: usize = 0;
        loop {
            let until = head.end.unwrap_or_else(|| self.at.saturating_add(head.size));
            self.copy(until, most, &mut raw)?;
            depth = depth.saturating_add(usize::from(head.end.is_none()));
            if depth > BER_DEPTH {
                return Err(Flaw::Depth.in_(self.what));
            }
            while depth > 0 && self.ahead(2)? == [0, 0] {
                self.copy(self.at.saturating_add(2), most, &mut raw)?;
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                break;
            }
            head = self.head()?;
        }
        self.begun = true;
        match to_der(self.what, &raw, most)? {
            Cow::Owned(der) => Ok(der),
            Cow::Borrowed(_) => Ok(raw),
        }
    }

    /// [`value`](Self::value), of this tag.
    pub(crate) fn value_of(&mut self, tag: u8, most: usize) -> Result<Vec<u8>> {
        match self.peek()? {
            // A string in pieces is one in the end.
            Some(next) if next == tag || (ber::is_string(tag) && next == tag | CONSTRUCTED) => {
                self.value(most)
            }
            _ => Err(self.unlike()),
        }
    }

    /// The bytes of an OCTET STRING, or of one behind `[number] IMPLICIT` (X.690 section 8.14.4). They must be read to their
    /// end before anything else is: the next call refuses what is left.
    pub(crate) fn octets(&mut self, number: Option<u8>) -> Result<Octets<'_, R>> {
        let head = self.next()?;
        let tag = number.map_or(OCTET_STRING, tlv::primitive);
        if head.first & !CONSTRUCTED != tag {
            return Err(self.unlike());
        }
        self.string = Some(Pieces { base: self.open.len(), end: 0 });
        self.open_piece(&head)?;
        Ok(Octets { reader: self })
    }

    /// All is closed, and nothing follows.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.settle()?;
        if !self.begun || !self.open.is_empty() {
            return Err(Flaw::Cut.in_(self.what));
        }
        let what = self.what;
        match self.ahead(1)? {
            [] => Ok(()),
            _ => Err(Error::malformed(what, "something follows after its end")),
        }
    }

    fn unlike(&self) -> Error {
        Error::malformed(self.what, "a part of it is not of the type that belongs there")
    }

    /// Where the innermost open value ends at the latest.
    fn limit(&self) -> u64 {
        self.open.last().map_or(u64::MAX, |frame| frame.end)
    }

    /// The next bytes of what is open; fewer if it or the input ends before.
    fn ahead(&mut self, count: usize) -> Result<&[u8]> {
        let left = usize::try_from(self.limit().saturating_sub(self.at)).unwrap_or(usize::MAX);
        self.from.peek(count.min(left)).map_err(|error| Error::io(self.what, error))
    }

    fn take(&mut self, count: usize) {
        self.from.consume(count);
        self.at = self.at.saturating_add(wide(count));
    }

    fn take_head(&mut self, head: &Head) {
        self.begun = true;
        self.take(usize::try_from(head.size).unwrap_or(usize::MAX));
    }

    fn push(&mut self, head: &Head) -> Result<()> {
        if self.open.len() >= BER_DEPTH {
            return Err(Flaw::Depth.in_(self.what));
        }
        let end = head.end.unwrap_or_else(|| self.limit());
        self.open.push(Frame { end, indefinite: head.end.is_none() });
        Ok(())
    }

    /// Whether nothing more follows in the innermost open value. Takes nothing.
    fn is_at_end(&mut self) -> Result<bool> {
        let what = self.what;
        let Some(frame) = self.open.last() else { return Ok(self.begun) };
        if !frame.indefinite {
            return Ok(self.at == frame.end);
        }
        match self.ahead(2)? {
            [] => Err(Error::malformed(what, "the end of an indefinite length is missing")),
            ahead => Ok(ahead == [0, 0]),
        }
    }

    /// [`is_at_end`](Self::is_at_end); takes the end-of-contents octets (X.690 section 8.1.5).
    fn closes(&mut self) -> Result<bool> {
        let ends = self.is_at_end()?;
        if ends && self.open.last().is_some_and(|frame| frame.indefinite) {
            self.take(2);
        }
        Ok(ends)
    }

    /// The head of the next value in the innermost open one.
    fn next(&mut self) -> Result<Head> {
        self.settle()?;
        if self.is_at_end()? {
            return Err(Error::malformed(self.what, "a part of it is missing"));
        }
        self.head()
    }

    fn head(&mut self) -> Result<Head> {
        let (at, limit, what) = (self.at, self.limit(), self.what);
        // So that nothing waits for bytes that do not come: nearly all heads have few.
        let mut looks = [2, 16, LONGEST_HEAD].into_iter().peekable();
        while let Some(count) = looks.next() {
            let ahead = self.ahead(count)?;
            match head(ahead, at, limit) {
                Err(Flaw::Cut) if ahead.len() == count && looks.peek().is_some() => {}
                head => return head.map_err(|flaw| flaw.in_(what)),
            }
        }
        Err(Flaw::Cut.in_(what))
    }

    /// Copies what is before an offset, if it is not too much.
    fn copy(&mut self, until: u64, most: usize, raw: &mut Vec<u8>) -> Result<()> {
        let count = until.saturating_sub(self.at);
        if count > wide(most.saturating_sub(raw.len())) {
            let hint = "leave it: it may be hostile";
            return Err(Error::over_limit(self.what, "a part of it is too long", hint));
        }
        let got = (&mut self.from).take(count).read_to_end(raw);
        let got = got.map_err(|error| Error::io(self.what, error))?;
        self.at = self.at.saturating_add(wide(got));
        if wide(got) == count { Ok(()) } else { Err(Flaw::Cut.in_(self.what)) }
    }

    /// Checks that no string is half read.
    fn settle(&mut self) -> Result<()> {
        if self.left()? > 0 {
            return Err(Error::malformed(self.what, "there is more in a string of it than belongs there"));
        }
        Ok(())
    }

    /// Bytes left of the piece that is being read; goes on to the next one if there are none. Zero: the string ends here.
    fn left(&mut self) -> Result<u64> {
        while let Some(Pieces { base, end }) = self.string {
            if end > self.at {
                return Ok(end - self.at);
            }
            if self.open.len() == base {
                self.string = None;
            } else if self.closes()? {
                self.open.pop();
            } else {
                let head = self.head()?;
                // Behind an implicit tag, too, the pieces are plain OCTET STRINGs.
                if head.first & !CONSTRUCTED != OCTET_STRING {
                    return Err(Error::malformed(self.what, "a string has pieces of another type"));
                }
                self.open_piece(&head)?;
            }
        }
        Ok(0)
    }

    /// Takes the head of a piece of the string that is being read.
    fn open_piece(&mut self, head: &Head) -> Result<()> {
        self.take_head(head);
        match (head.end, self.string.as_mut()) {
            (Some(end), Some(string)) if head.first & CONSTRUCTED == 0 => {
                string.end = end;
                Ok(())
            }
            _ => self.push(head),
        }
    }
}

/// Bytes of a tag (5) and a length (X.690 section 8.1.3.5) at most.
const LONGEST_HEAD: usize = 5 + 1 + 126;

fn head(bytes: &[u8], at: u64, limit: u64) -> ber::Walk<Head> {
    let (tag, after) = ber::tag(bytes)?;
    let (length, _, after) = ber::length(after)?;
    let first = tag.first().copied().ok_or(Flaw::Cut)?;
    ber::check_form(first)?;
    let size = wide(bytes.len().saturating_sub(after.len()));
    let body = at.saturating_add(size);
    let end = match length {
        Some(length) => Some(body.checked_add(length).filter(|end| *end <= limit).ok_or(OUTSIDE)?),
        None if first & CONSTRUCTED != 0 => None,
        None => return Err(Flaw::Broken("a value without others in it has an indefinite length")),
    };
    Ok(Head { first, size, end })
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The bytes of an OCTET STRING, its pieces put together.
pub(crate) struct Octets<'a, R> {
    reader: &'a mut BerReader<R>,
}

impl<R: Read> BufRead for Octets<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.reader.left()?).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(&[]);
        }
        let what = self.reader.what;
        let waiting = self.reader.from.fill_buf()?;
        if waiting.is_empty() {
            return Err(Flaw::Cut.in_(what).into());
        }
        Ok(waiting.get(..left).unwrap_or(waiting))
    }

    fn consume(&mut self, count: usize) {
        self.reader.take(count);
    }
}

impl<R: Read> Read for Octets<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.reader.left()?).unwrap_or(usize::MAX);
        let room = out.len().min(left);
        let (out, _) = out.split_at_mut_checked(room).unwrap_or_default();
        if out.is_empty() {
            return Ok(0);
        }
        let got = self.reader.from.read(out)?;
        self.reader.at = self.reader.at.saturating_add(wide(got));
        if got == 0 { Err(Flaw::Cut.in_(self.reader.what).into()) } else { Ok(got) }
    }
}
