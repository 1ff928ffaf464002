//! The header grammar of age (C2SP age.md, "Header"), which `bulla/v1` shares: one parser for both.
use std::io::BufRead;

use crate::encoding::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{HEADER_BYTES, STANZAS};

/// Characters of a full line of a body, and the bytes they say.
const LINE_CHARS: usize = 64;
const LINE_BYTES: usize = 48;

/// Which format the first line names. It fixes every algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    Bulla,
    Age,
}

impl Version {
    pub(crate) fn line(self) -> &'static str {
        match self {
            Version::Bulla => "bulla/v1",
            Version::Age => "age-encryption.org/v1",
        }
    }
}

/// A stanza: an argument line and a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stanza {
    /// Without the `-> ` and the line feed.
    arguments: String,
    pub(crate) body: Vec<u8>,
}

impl Stanza {
    pub(crate) fn new(arguments: String, body: Vec<u8>) -> Self {
        Stanza { arguments, body }
    }

    /// The same arguments with another body.
    pub(crate) fn with_body(self, body: Vec<u8>) -> Self {
        Stanza { body, ..self }
    }

    /// The first argument.
    pub(crate) fn kind(&self) -> &str {
        self.arguments.split(' ').next().unwrap_or_default()
    }

    /// The arguments after the first.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.arguments.split(' ').skip(1)
    }

    /// Exactly `N` arguments after the first, or none.
    pub(crate) fn exactly<const N: usize>(&self) -> Option<[&str; N]> {
        let arguments: Vec<&str> = self.arguments().collect();
        arguments.try_into().ok()
    }

    /// All arguments but the last.
    pub(crate) fn arguments_before_last(&self) -> String {
        self.arguments.rsplit_once(' ').map_or(String::new(), |(before, _)| before.to_owned())
    }

    /// The argument line as it stands in the file, without its line feed.
    pub(crate) fn line(&self) -> String {
        format!("-> {}", self.arguments)
    }

    /// Appends the stanza as it stands in a file.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str(&self.line());
        out.push('\n');
        for piece in self.body.chunks(LINE_BYTES) {
            out.push_str(&base64::encode(piece));
            out.push('\n');
        }
        // The last line is shorter than 64 characters, if need be empty.
        if self.body.len().is_multiple_of(LINE_BYTES) {
            out.push('\n');
        }
    }
}

/// A header as it was read. Nothing in it is authentic before its MAC has been checked.
pub(crate) struct Header {
    pub(crate) stanzas: Vec<Stanza>,
    /// From the first byte to the `---` of the MAC line: what the MAC covers.
    pub(crate) covered: Vec<u8>,
    pub(crate) mac: [u8; 32],
    /// Bytes of the whole header.
    pub(crate) length: u64,
}

impl Header {
    /// Reads a header up to the line feed of its MAC line.
    pub(crate) fn read(from: &mut impl BufRead, version: Version) -> Result<Self> {
        let mut lines = Lines { from, text: Vec::new(), begin: 0 };
        if lines.next()? != version.line().as_bytes() {
            return Err(malformed("its first line is not a version line"));
        }
        let mut stanzas = Vec::new();
        loop {
            let line = lines.next_text()?;
            if let Some(arguments) = line.strip_prefix("-> ") {
                check_arguments(arguments)?;
                if stanzas.len() == STANZAS {
                    let hint = "bulla opens files for up to 1024 holders";
                    return Err(Error::over_limit("header", format!("over {STANZAS} stanzas"), hint));
                }
                let arguments = arguments.to_owned();
                stanzas.push(Stanza { arguments, body: read_body(&mut lines)? });
            } else if let Some(mac) = line.strip_prefix("--- ") {
                let mac = base64::decode_array(mac).ok_or_else(|| malformed("its MAC line is not sound"))?;
                return lines.finish(stanzas, mac);
            } else {
                return Err(malformed("a line begins neither a stanza nor the MAC"));
            }
        }
    }

    /// Writes a header; `mac` is given what the MAC covers.
    pub(crate) fn write(
        version: Version,
        stanzas: &[Stanza],
        mac: impl FnOnce(&[u8]) -> [u8; 32],
    ) -> Vec<u8> {
        let mut text = format!("{}\n", version.line());
        for stanza in stanzas {
            stanza.write(&mut text);
        }
        text.push_str("---");
        let mac = mac(text.as_bytes());
        text.push(' ');
        text.push_str(&base64::encode(&mac));
        text.push('\n');
        text.into_bytes()
    }
}

fn check_arguments(arguments: &str) -> Result<()> {
    let sound = |argument: &str| !argument.is_empty() && argument.bytes().all(|byte| byte.is_ascii_graphic());
    if arguments.split(' ').all(sound) {
        return Ok(());
    }
    Err(malformed("a stanza's arguments are empty or have characters that may not be there"))
}

fn read_body(lines: &mut Lines<'_, impl BufRead>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = lines.next_text()?;
        if line.len() > LINE_CHARS {
            return Err(malformed("a line of a stanza's body is over 64 characters"));
        }
        let bytes = base64::decode(line);
        body.extend(bytes.ok_or_else(|| malformed("a stanza's body is not canonical base64"))?);
        if line.len() < LINE_CHARS {
            return Ok(body);
        }
    }
}

/// Reads lines and keeps them, up to the bound on a header.
struct Lines<'a, R> {
    from: &'a mut R,
    text: Vec<u8>,
    /// Where the last line begins.
    begin: usize,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line without its line feed.
    fn next(&mut self) -> Result<&[u8]> {
        self.begin = self.text.len();
        let room = HEADER_BYTES.saturating_sub(self.text.len());
        let limit = u64::try_from(room).unwrap_or(u64::MAX);
        let got = std::io::Read::take(&mut *self.from, limit).read_until(b'\n', &mut self.text)?;
        let line = self.text.split_at_checked(self.begin).map_or(&[][..], |(_, line)| line);
        match line.strip_suffix(b"\n") {
            Some(line) => Ok(line),
            None if got == room => Err(Error::over_limit(
                "header",
                format!("it is over {HEADER_BYTES} bytes"),
                "bulla opens no file with such a header; it may be hostile",
            )),
            None => Err(malformed("it ends in the middle")),
        }
    }

    fn next_text(&mut self) -> Result<&str> {
        std::str::from_utf8(self.next()?).map_err(|_| malformed("a line is not text"))
    }

    fn finish(mut self, stanzas: Vec<Stanza>, mac: [u8; 32]) -> Result<Header> {
        let length = u64::try_from(self.text.len()).unwrap_or(u64::MAX);
        self.text.truncate(self.begin.saturating_add(b"---".len()));
        if stanzas.is_empty() {
            return Err(malformed("it has no stanza"));
        }
        Ok(Header { stanzas, covered: self.text, mac, length })
    }
}

/// A decimal: digits without a sign or a leading zero.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

pub(crate) fn malformed(why: &'static str) -> Error {
    Error::malformed("header", why)
}

/// Which format a file says it has, from its first bytes.
pub(crate) fn sniff(first: &[u8]) -> Result<Option<Version>> {
    for version in [Version::Bulla, Version::Age] {
        let line = version.line().as_bytes();
        // The name without its number: another number is another version.
        let name = line.strip_suffix(b"1").unwrap_or(line);
        if let Some(rest) = first.strip_prefix(name) {
            if rest.starts_with(b"1\n") {
                return Ok(Some(version));
            }
            return Err(Error::new(
                ErrorKind::Unsupported,
                "version",
                "the file's first line names a version that this bulla does not read",
                "use a newer bulla, or check that the file is whole",
            ));
        }
    }
    Ok(None)
}

/// How many bytes [`sniff`] needs.
pub(crate) const SNIFF_BYTES: usize = "age-encryption.org/v1\n".len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        let stanzas = [0, 1, 47, 48, 49, 96].map(|n| Stanza::new(format!("t {n}"), vec![9; n]));
        let bytes = Header::write(Version::Bulla, &stanzas, |covered| {
            assert!(covered.ends_with(b"\n---"));
            [7; 32]
        });
        let mut rest = [&bytes[..], b"payload"].concat();
        rest.truncate(bytes.len() + 7);
        let mut from = &rest[..];
        let header = Header::read(&mut from, Version::Bulla).unwrap();
        assert_eq!(header.stanzas, stanzas);
        assert_eq!(header.mac, [7; 32]);
        assert_eq!(header.length, bytes.len() as u64);
        assert_eq!(from, b"payload");
    }

    #[test]
    fn decimals_are_canonical() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("4294967295"), Some(u32::MAX));
        for bad in ["", "01", "+1", "-1", "1 ", "0x1", "4294967296", "00"] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
    }
}
