//! Indented lines of text, in which no character of somebody else's can begin a line or draw on a terminal.
use std::fmt::{self, Write};

use crate::encoding::plain::is_unseen;

/// Writes lines. There is no newline after the last.
pub(in crate::x509) struct Sheet<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    depth: usize,
    begun: bool,
}

/// Bytes of a dump in a line, as OpenSSL has it.
const IN_A_LINE: usize = 18;

impl<'a, 'f> Sheet<'a, 'f> {
    pub(in crate::x509) fn new(out: &'a mut fmt::Formatter<'f>) -> Self {
        Sheet { out, depth: 0, begun: false }
    }

    /// One line. Whatever is in it, one line is what it becomes.
    pub(in crate::x509) fn line(&mut self, text: impl fmt::Display) -> fmt::Result {
        if self.begun {
            self.out.write_char('\n')?;
        }
        self.begun = true;
        (0..self.depth).try_for_each(|_| self.out.write_str("    "))?;
        for c in text.to_string().chars() {
            if is_unseen(c) {
                write!(self.out, "{}", c.escape_unicode())?;
            } else {
                self.out.write_char(c)?;
            }
        }
        Ok(())
    }

    /// What is written in there stands one step to the right.
    pub(in crate::x509) fn inside(
        &mut self,
        write: impl FnOnce(&mut Sheet<'_, 'f>) -> fmt::Result,
    ) -> fmt::Result {
        let mut inside = Sheet { out: &mut *self.out, depth: self.depth + 1, begun: self.begun };
        write(&mut inside)?;
        self.begun = inside.begun;
        Ok(())
    }

    /// Bytes in hexadecimal, so many at most.
    pub(in crate::x509) fn dump(&mut self, bytes: &[u8], most: usize) -> fmt::Result {
        let shown = bytes.get(..most).unwrap_or(bytes);
        for line in shown.chunks(IN_A_LINE) {
            self.line(hex(line))?;
        }
        match bytes.len() - shown.len() {
            0 if bytes.is_empty() => self.line("(empty)"),
            0 => Ok(()),
            more => self.line(format_args!("… and {more} bytes more")),
        }
    }
}

/// `4F:A1`.
pub(in crate::x509) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown(&'static str);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut sheet = Sheet::new(f);
            sheet.line("head")?;
            sheet.inside(|sheet| sheet.line(self.0))?;
            sheet.dump(&[0xab; 20], 19)
        }
    }

    #[test]
    fn a_line_stays_one_line_of_plain_characters() {
        let shown = Shown("a\nIssuer: x\u{1b}[2J\u{202e}\u{9b}é").to_string();
        let expected = format!(
            "head\n    a\\u{{a}}Issuer: x\\u{{1b}}[2J\\u{{202e}}\\u{{9b}}é\n{}\nAB\n… and 1 bytes more",
            ["AB"; 18].join(":")
        );
        assert_eq!(shown, expected);
    }
}
