//! The parts of a multipart (RFC 2046 section 5.1.1), to the byte, as they come.
use std::io::{self, BufRead, Read};

use super::lines::{find, is_blank};
use crate::encoding::input::Input;
use crate::error::{Error, Result};
use crate::limits::MIME_PARTS;

/// Splits a body at its boundary: each part with its header, without the end of the line before the next boundary. What
/// stands before the first and after the last is left out: nobody is to see it.
///
/// A line that only begins as the boundary does is refused. RFC 2046 section 5.1.2 lets a reader take it for the boundary, and
/// lets another not: the two would see other parts, and the signature would be about one of them.
pub(crate) struct Parts<R> {
    from: Input<R>,
    /// The boundary with the hyphens before it.
    dashed: Vec<u8>,
    count: usize,
    /// What comes next.
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    /// The beginning of a line that is the first here: a boundary in it has no line end to itself.
    Start,
    /// Anywhere else; so many of the next bytes belong to the part.
    Inside(usize),
    /// A boundary, with so many bytes of the line end before it.
    Boundary(usize),
    /// Nothing: the last boundary was seen, and what comes after it.
    End,
}

impl<R: Read> Parts<R> {
    /// The parts in a body. May take more of it than it gives.
    pub(crate) fn new(from: R, boundary: &str) -> Result<Self> {
        if !is_boundary(boundary) {
            return Err(Error::malformed("mail", "the boundary of its parts is none"));
        }
        let dashed = format!("--{boundary}").into_bytes();
        Ok(Parts { from: Input::new(from, usize::MAX), dashed, count: 0, at: At::Start })
    }

    /// The next part; what was not read of the one before is passed over. `None`: there are no more, and nothing after the
    /// last boundary looks like one.
    pub(crate) fn next(&mut self) -> Result<Option<Part<'_, R>>> {
        if self.at == At::End {
            return Ok(None);
        }
        loop {
            let passed = self.fill()?.len();
            if passed == 0 {
                break;
            }
            self.consume(passed);
        }
        let is_last = self.boundary()?;
        if is_last && self.count == 0 {
            return Err(Error::malformed("mail", "its parts end before they begin"));
        }
        if is_last {
            self.at = At::End;
            return self.after().map(|()| None);
        }
        if self.count >= MIME_PARTS {
            return Err(Error::over_limit("mail", "it has too many parts", "leave it: it may be hostile"));
        }
        self.count = self.count.saturating_add(1);
        self.at = At::Start;
        Ok(Some(Part { parts: self }))
    }

    /// The next bytes of the part; none: it ends here.
    fn fill(&mut self) -> Result<&[u8]> {
        if let At::Start | At::Inside(0) = self.at {
            self.at = self.look()?;
        }
        match self.at {
            At::Inside(ready) => {
                let waiting = self.from.fill_buf()?;
                Ok(waiting.get(..ready).unwrap_or(waiting))
            }
            _ => Ok(&[]),
        }
    }

    fn consume(&mut self, count: usize) {
        if let At::Inside(ready) = &mut self.at {
            let count = count.min(*ready);
            *ready = ready.saturating_sub(count);
            self.from.consume(count);
        }
    }

    /// How many of the next bytes belong to the part.
    fn look(&mut self) -> Result<At> {
        // Enough for a boundary with the end of a line before it.
        let enough = self.dashed.len().saturating_add(2);
        let is_all = self.from.peek(enough)?.len() < enough;
        let text = self.from.fill_buf()?;
        if self.at == At::Start && text.starts_with(&self.dashed) {
            return Ok(At::Boundary(0));
        }
        let mut start: usize = 0;
        while let Some(length) = text.get(start..).and_then(|rest| find(rest, b'\n')) {
            let end = start.saturating_add(length);
            let next = end.saturating_add(1);
            let rest = text.get(next..).unwrap_or_default();
            let before =
                || end.saturating_sub(usize::from(text.get(..end).is_some_and(|t| t.ends_with(b"\r"))));
            if rest.starts_with(&self.dashed) {
                return Ok(match before() {
                    0 => At::Boundary(next),
                    before => At::Inside(before),
                });
            }
            // What comes may be a boundary, or not: the end of the line is held back until that is known.
            if self.dashed.starts_with(rest) && !is_all {
                return Ok(At::Inside(before()));
            }
            start = next;
        }
        if is_all {
            return Err(Error::malformed("mail", "its parts do not end"));
        }
        // Of a line that does not end yet, a CR may belong to the end.
        Ok(At::Inside(text.len().saturating_sub(usize::from(text.ends_with(b"\r")))))
    }

    /// Takes a boundary with the line that it stands in; says whether it is the last.
    fn boundary(&mut self) -> Result<bool> {
        let At::Boundary(before) = self.at else { return Err(doubtful()) };
        self.from.consume(before.saturating_add(self.dashed.len()));
        let is_last = self.from.peek(2)? == b"--";
        if is_last {
            self.from.consume(2);
        }
        loop {
            let text = self.from.fill_buf()?;
            let blank = text.iter().take_while(|byte| is_blank(**byte)).count();
            let at_end = text.is_empty();
            self.from.consume(blank);
            if at_end {
                return Ok(is_last);
            }
            match self.from.peek(2)? {
                [b'\n', ..] => self.from.consume(1),
                b"\r\n" => self.from.consume(2),
                [next, ..] if !is_blank(*next) => return Err(doubtful()),
                _ => continue,
            }
            return Ok(is_last);
        }
    }

    /// Nothing after the last boundary may look like one: a reader who goes on would see more parts.
    fn after(&mut self) -> Result<()> {
        let mut at_start = true;
        loop {
            let looked = self.from.peek(self.dashed.len())?;
            if looked.is_empty() {
                return Ok(());
            }
            if at_start && looked == self.dashed {
                return Err(Error::malformed("mail", "its parts go on after their end"));
            }
            let text = self.from.fill_buf()?;
            let end = find(text, b'\n').map(|end| end.saturating_add(1));
            let count = end.unwrap_or(text.len());
            at_start = end.is_some();
            self.from.consume(count);
        }
    }
}

fn doubtful() -> Error {
    Error::malformed("mail", "a line in it may be a boundary of its parts, or not")
}

/// RFC 2046 section 5.1.1: up to 70 characters, of which the last is no space.
pub(crate) fn is_boundary(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=70).contains(&text.len()) && text.bytes().all(allowed) && !text.ends_with(' ')
}

/// The bytes of a part.
pub(crate) struct Part<'a, R> {
    parts: &'a mut Parts<R>,
}

impl<R: Read> BufRead for Part<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.parts.fill()?)
    }

    fn consume(&mut self, count: usize) {
        self.parts.consume(count);
    }
}

impl<R: Read> Read for Part<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.fill_buf()?.read(out)?;
        self.consume(got);
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = out.len().min(self.1);
            self.0.read(&mut out[..most])
        }
    }

    fn split(body: &[u8], boundary: &str, piece: usize) -> Result<Vec<Vec<u8>>> {
        let mut parts = Parts::new(Slow(body, piece), boundary)?;
        let mut all = Vec::new();
        while let Some(mut part) = parts.next()? {
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes)?;
            all.push(bytes);
        }
        assert!(parts.next()?.is_none());
        Ok(all)
    }

    /// However the bytes come.
    fn parts(body: &[u8], boundary: &str) -> Result<Vec<Vec<u8>>> {
        let whole = split(body, boundary, usize::MAX);
        // A long body takes long in short pieces.
        for piece in [1, 2, 3, 7, 1000].into_iter().filter(|piece| body.len() / piece < 1000) {
            match (&whole, split(body, boundary, piece)) {
                (Ok(whole), Ok(parts)) => assert_eq!(*whole, parts),
                (Err(whole), Err(error)) => assert_eq!(whole.to_string(), error.to_string()),
                (whole, other) => panic!("{whole:?} {other:?}"),
            }
        }
        whole
    }

    #[test]
    fn parts_are_split_to_the_byte() {
        let body = b"before\r\n--b\r\nA: 1\r\n\r\none\r\n\r\n--b \t\r\n\r\ntwo\r\n--b--\r\nafter\r\n";
        assert_eq!(parts(body, "b").unwrap(), [&b"A: 1\r\n\r\none\r\n"[..], b"\r\ntwo"]);
        // As it comes out of a pipe, and with nothing between two boundaries.
        assert_eq!(parts(b"--b\none\n--b\n--b--", "b").unwrap(), [&b"one"[..], b""]);
        assert_eq!(parts(b"--b\n --b\n-- b\n--b--\n", "b").unwrap(), [b" --b\n-- b"]);
        // Ends of lines of all sorts before a boundary: one belongs to it, and no more.
        for (inside, want) in [
            ("\n", ""),
            ("\r\n", ""),
            ("\n\n", "\n"),
            ("\r\n\r\n", "\r\n"),
            ("\r\r\n", "\r"),
            ("x\r\n", "x"),
            ("x\r\r\n", "x\r"),
            ("x\r\n\n", "x\r\n"),
            ("-\n--\n--a\n", "-\n--\n--a"),
        ] {
            let body = format!("--b\n{inside}--b--\n");
            assert_eq!(parts(body.as_bytes(), "b").unwrap(), [want.as_bytes()], "{body:?}");
        }
    }

    #[test]
    fn the_end_of_a_line_belongs_to_the_boundary_wherever_a_buffer_ends() {
        for length in 0..20 {
            let line = "x".repeat(length);
            for end in ["\n", "\r\n"] {
                let body = format!("--b{end}{line}{end}--b{end}{line}{end}{end}--b--{end}");
                let second = format!("{line}{end}");
                assert_eq!(parts(body.as_bytes(), "b").unwrap(), [line.as_bytes(), second.as_bytes()]);
            }
        }
    }

    #[test]
    fn a_line_that_may_be_a_boundary_or_not_is_refused() {
        for body in [
            "--b\none\n--b2\ntwo\n--b2--\n--b--\n",
            "--b\none\n--b---\n--b--\n",
            "--b\none\n--b-\n--b--\n",
            "--b\none\n--bx\n--b--\n",
            "--b\none\n--b--\n--b\ntwo\n--b--\n",
            "--b\none\n--b--\n--bx",
            "--b\none\n--b\rx\n--b--\n",
            "--b\none\n--b \r \n--b--\n",
            "--b\none\n--b--\r",
            "--bx\n--b\none\n--b--",
            "--b\none\n",
            "--b\none\n--b",
            "--b--\n",
            "",
        ] {
            let error = parts(body.as_bytes(), "b").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{body:?}");
        }
    }

    #[test]
    fn a_boundary_is_what_rfc_2046_allows() {
        let longest = "b".repeat(70);
        for good in ["b", "=_b (1)", longest.as_str()] {
            assert_eq!(parts(format!("--{good}\nx\n--{good}--").as_bytes(), good).unwrap(), [b"x"], "{good}");
        }
        for bad in ["", "b ", "b\n", "b\"", "ä", &"b".repeat(71)] {
            assert!(Parts::new(&b""[..], bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_part_that_is_not_read_is_passed_over() {
        let mut parts = Parts::new(&b"--b\none\nmore\n--b\ntwo\n--b--\n"[..], "b").unwrap();
        let mut one = parts.next().unwrap().unwrap();
        one.read_exact(&mut [0; 2]).unwrap();
        let mut two = String::new();
        parts.next().unwrap().unwrap().read_to_string(&mut two).unwrap();
        assert_eq!(two, "two");
    }

    #[test]
    fn parts_and_lines_longer_than_any_buffer_are_split() {
        for end in ["\n", "\r\n"] {
            for length in [65_400, 65_530, 65_535, 65_536, 65_537, 200_000] {
                let (long, blanks) = ("x".repeat(length), " ".repeat(length));
                let body = format!("{long}{end}--b{blanks}{end}{long}{end}--b{end}{end}--b--{end}{long}");
                assert_eq!(parts(body.as_bytes(), "b").unwrap(), [long.as_bytes(), b""], "{length} {end:?}");
            }
        }
    }

    #[test]
    fn so_many_parts_are_read_and_no_more() {
        let body = |count: usize| format!("{}--b--", "--b\n".repeat(count));
        assert_eq!(split(body(MIME_PARTS).as_bytes(), "b", 4096).unwrap().len(), MIME_PARTS);
        let over = split(body(MIME_PARTS + 1).as_bytes(), "b", 4096).unwrap_err();
        assert_eq!(over.kind(), ErrorKind::OverLimit);
    }
}
