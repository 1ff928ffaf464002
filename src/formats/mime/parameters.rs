//! Values with parameters: Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231, RFC 2183).
use crate::limits::MIME_PARAMETERS;

/// A value such as `multipart/signed; boundary="b"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameterized {
    /// In lower case.
    pub(crate) value: String,
    /// Names in lower case, each once.
    parameters: Vec<(String, String)>,
}

impl Parameterized {
    /// `None` if it is not sound, or a parameter is there twice: which of them counts is what readers differ in.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut scanner = Scanner { rest: text };
        scanner.blank()?;
        let mut value = scanner.token()?.to_ascii_lowercase();
        scanner.blank()?;
        if scanner.eat('/') {
            scanner.blank()?;
            value = format!("{value}/{}", scanner.token()?.to_ascii_lowercase());
            scanner.blank()?;
        }
        let mut parts: Vec<(String, String)> = Vec::new();
        while scanner.eat(';') {
            scanner.blank()?;
            // A semicolon at the end is common, and says nothing.
            if scanner.rest.is_empty() {
                break;
            }
            let name = scanner.token()?.to_ascii_lowercase();
            scanner.blank()?;
            if !scanner.eat('=') {
                return None;
            }
            scanner.blank()?;
            let text =
                if scanner.rest.starts_with('"') { scanner.quoted()? } else { scanner.token()?.to_owned() };
            parts.push((name, text));
            if parts.len() > MIME_PARAMETERS {
                return None;
            }
            scanner.blank()?;
        }
        if !scanner.rest.is_empty() {
            return None;
        }
        Some(Parameterized { value, parameters: joined(parts)? })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn eat(&mut self, c: char) -> bool {
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// White space and comments (RFC 5322 section 3.2.2), which may stand within each other. `None`: one does not end.
    fn blank(&mut self) -> Option<()> {
        let mut depth = 0u32;
        let mut characters = self.rest.char_indices();
        loop {
            let Some((at, c)) = characters.next() else {
                self.rest = "";
                return (depth == 0).then_some(());
            };
            match c {
                '(' => depth = depth.checked_add(1)?,
                ')' if depth > 0 => depth = depth.saturating_sub(1),
                '\\' if depth > 0 => {
                    characters.next()?;
                }
                ' ' | '\t' => {}
                _ if depth > 0 => {}
                _ => {
                    self.rest = self.rest.get(at..)?;
                    return Some(());
                }
            }
        }
    }

    fn token(&mut self) -> Option<&'a str> {
        let special = |c: char| !c.is_ascii_graphic() || "()<>@,;:\\\"/[]?=".contains(c);
        let end = self.rest.find(special).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut characters = self.rest.strip_prefix('"')?.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => text.push(characters.next()?),
                c => text.push(c),
            }
        }
        self.rest = characters.as_str();
        Some(text)
    }
}

/// Parameters in pieces and in other character sets put together (RFC 2231 sections 3 and 4). `None`: one is there twice,
/// a piece is missing, or it is in a character set other than UTF-8 and ASCII.
fn joined(parts: Vec<(String, String)>) -> Option<Vec<(String, String)>> {
    let mut whole: Vec<(String, Vec<u8>, u32, bool)> = Vec::new();
    for (name, text) in parts {
        let (base, marks) =
            name.split_once('*').map_or((name.as_str(), None), |(base, marks)| (base, Some(marks)));
        let (number, is_encoded) = match marks {
            None => (None, false),
            Some("") => (None, true),
            Some(marks) => {
                let digits = marks.strip_suffix('*');
                (Some(digits.unwrap_or(marks).parse::<u32>().ok()?), digits.is_some())
            }
        };
        let bytes = match (is_encoded, number) {
            (false, _) => text.into_bytes(),
            (true, None | Some(0)) => decoded(after_charset(&text)?)?,
            (true, Some(_)) => decoded(&text)?,
        };
        match whole.iter_mut().find(|(known, ..)| known == base) {
            Some((_, sum, next, true)) if number == Some(*next) => {
                sum.extend(bytes);
                *next = next.checked_add(1)?;
            }
            Some(_) => return None,
            None if number.unwrap_or(0) == 0 => whole.push((base.to_owned(), bytes, 1, number.is_some())),
            None => return None,
        }
    }
    whole.into_iter().map(|(name, bytes, ..)| Some((name, String::from_utf8(bytes).ok()?))).collect()
}

fn after_charset(text: &str) -> Option<&str> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, value) = rest.split_once('\'')?;
    ["", "utf-8", "us-ascii"].contains(&charset.to_ascii_lowercase().as_str()).then_some(value)
}

/// `%XX`.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parameterized {
        Parameterized::read(text).unwrap()
    }

    #[test]
    fn types_and_their_parameters_are_read_as_rfc_2045_and_2231_write_them() {
        let type_ = read("Multipart/Signed; Boundary=\"a b\\\"c\"; micalg=sha-256 (the (only) hash) ;");
        assert_eq!(type_.value, "multipart/signed");
        assert_eq!((type_.get("boundary"), type_.get("micalg")), (Some("a b\"c"), Some("sha-256")));
        assert_eq!(type_.get("protocol"), None);
        assert_eq!(read("attachment").value, "attachment");
        assert_eq!(read("x; name*=utf-8''%e2%82%ac.p7m").get("name"), Some("€.p7m"));
        let pieces = read("x/y; name*0*=us-ascii'en'a%20; name*1=\"b%20\"; name*2*=%63");
        assert_eq!(pieces.get("name"), Some("a b%20c"));
    }

    #[test]
    fn what_readers_differ_in_is_refused() {
        for text in [
            "",
            "a/",
            "a/b c",
            "a/b; x",
            "a/b; x=1; X=2",
            "a/b; x=\"1",
            "a/b; x=(1)",
            "a/b (",
            "a/b; x*1=2",
            "a/b; x*0=1; x*2=3",
            "a/b; x*0=1; x=2",
            "a/b; x=1; x*=utf-8''2",
            "a/b; x*=latin-1''%ff",
            "a/b; x*=utf-8''%f",
            "a/b; x*=utf-8''%ff",
            "a/b; x=ä",
        ] {
            assert_eq!(Parameterized::read(text), None, "{text:?}");
        }
    }
}
