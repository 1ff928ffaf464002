//! The address in a field such as `From` (RFC 5322 section 3.4), if there is exactly one.
use crate::encoding::base64;
use crate::encoding::plain::is_unseen;
use crate::x509::EmailAddress;

/// The only address of a field: bare, or in angle brackets after a name. Groups, routes, several addresses, comments and
/// letters that nobody sees are refused: what a reader is shown must be what is compared.
pub(super) fn address(field: &str) -> Option<EmailAddress> {
    let field = field.trim();
    if field.chars().any(is_unseen) {
        return None;
    }
    let Some(inside) = field.strip_suffix('>') else { return plain(field) };
    let (name, address) = inside.rsplit_once('<')?;
    is_name(name.trim()).then(|| plain(address))?
}

/// An address that all readers show alike: without quotes, and without encoded words, which some undo even here (Mailsploit).
fn plain(address: &str) -> Option<EmailAddress> {
    let odd = address.contains("=?") || address.contains('"');
    address.parse().ok().filter(|_| !odd)
}

/// A display name: words, or one quoted text. An `@` in it would be shown as an address that nobody compared.
fn is_name(name: &str) -> bool {
    let quoted = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let sound = match quoted {
        Some(inside) => {
            let mut escaped = false;
            inside.chars().all(|c| {
                let sound = escaped || c != '"';
                escaped = !escaped && c == '\\';
                sound
            }) && !escaped
        }
        None => !name.contains(|c: char| "<>()[]:;\\,\"".contains(c)),
    };
    sound && decoded(name).is_some_and(|shown| !shown.contains(is_at) && !shown.contains(is_unseen))
}

/// `@`, and what looks like it: small and full width.
fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{fe6b}' | '\u{ff20}')
}

/// A name with its encoded words undone (RFC 2047 section 2). `None`: one is not sound, or in a character set in which ASCII is
/// written otherwise.
fn decoded(name: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("=?") {
        shown.push_str(before);
        let (charset, after) = after.split_once('?')?;
        let (encoding, after) = after.split_once('?')?;
        let (text, after) = after.split_once("?=")?;
        // A language may follow (RFC 2231 section 5).
        let charset = charset.split('*').next()?.to_ascii_lowercase();
        if !["utf-8", "us-ascii", "iso-8859-", "windows-125"].iter().any(|known| charset.starts_with(known)) {
            return None;
        }
        let bytes = match encoding {
            "B" | "b" => base64::decode_padded(text)?,
            "Q" | "q" => unquoted(text)?,
            _ => return None,
        };
        // Of other character sets, ASCII is what counts here.
        shown.push_str(&String::from_utf8_lossy(&bytes));
        rest = after;
    }
    shown.push_str(rest);
    Some(shown)
}

/// The Q encoding (RFC 2047 section 4.2).
fn unquoted(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('=');
    let mut bytes = pieces.next()?.replace('_', " ").into_bytes();
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(piece.get(2..)?.replace('_', " ").into_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_found_with_or_without_a_name() {
        let bob: EmailAddress = "bob@example.org".parse().unwrap();
        for field in [
            "bob@example.org",
            " <bob@EXAMPLE.org> ",
            "Bob <bob@example.org>",
            "Bob B. Builder <bob@example.org>",
            "\"Builder, \\\"Bob\\\"\" <bob@example.org>",
            "=?utf-8?q?B=C3=B6b?= <bob@example.org>",
            "=?ISO-8859-1*de?Q?B=F6b_B.?= =?utf-8?B?QsO2Yg==?= <bob@example.org>",
            "Böb <bob@example.org>",
        ] {
            assert_eq!(address(field), Some(bob.clone()), "{field}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_none() {
        for field in [
            "",
            "bob",
            "bob@example.org, eve@example.org",
            "<bob@example.org> <eve@example.org>",
            "bob@example.org <eve@example.org>",
            "\"bob@example.org\" <eve@example.org>",
            "(bob@example.org) eve@example.org",
            "Friends: bob@example.org;",
            "<@relay:bob@example.org>",
            "\"Bob\" \"<x>\" <bob@example.org>",
            "\"Bob\\\" <bob@example.org>",
            "=?utf-8?b?Ym9iQGV4YW1wbGUub3Jn?==?utf-8?Q?=00?=@evil.example",
            "=?utf-8?q?bob=40example.org?= <eve@evil.example>",
            "=?utf-8?b?Ym9iQGV4YW1wbGUub3Jn?= <eve@evil.example>",
            "=?utf-16?b?AGI=?= <eve@evil.example>",
            "=?utf-8?q?Bob <eve@evil.example>",
            "bob\u{ff20}example.org <eve@evil.example>",
            "\"bob\u{fe6b}example.org\" <eve@evil.example>",
            "\u{202e}Bob <eve@evil.example>",
            "\"Bob <bob@example.org>, \"@evil.example",
        ] {
            assert_eq!(address(field), None, "{field}");
        }
    }
}
