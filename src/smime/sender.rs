//! The address in a field such as `From` (RFC 5322 section 3.4), if there is exactly one.
use crate::encoding::base64;
use crate::encoding::plain::is_unseen;
use crate::x509::EmailAddress;

/// The only address of a field: bare, or in angle brackets after a name. Groups, routes, several addresses and letters that
/// nobody sees are refused: what a reader is shown must be what is compared.
pub(super) fn address(field: &str) -> Option<EmailAddress> {
    if field.chars().any(is_unseen) {
        return None;
    }
    let field = without_comment(field.trim())?;
    let Some(inside) = field.strip_suffix('>') else { return plain(field) };
    let (name, address) = inside.rsplit_once('<')?;
    is_name(without_comment(name.trim())?, address.trim()).then(|| plain(address))?
}

/// What stands before a comment at the end (RFC 5322 section 3.2.2), of which there may be one, with nothing in it that a reader
/// could take for anything else.
fn without_comment(field: &str) -> Option<&str> {
    let Some(inside) = field.strip_suffix(')') else { return Some(field) };
    let (before, comment) = inside.rsplit_once('(')?;
    let is_plain = !comment.contains(|c: char| is_at(c) || "<>()[]:;\\,\"=".contains(c));
    is_plain.then(|| before.trim_end())
}

/// An address that all readers show alike: without quotes, and without encoded words, which some undo even here (Mailsploit).
fn plain(address: &str) -> Option<EmailAddress> {
    let odd = address.contains("=?") || address.contains('"');
    address.parse().ok().filter(|_| !odd)
}

/// A display name: words, or one quoted text. An `@` in it would be shown as an address that nobody compared, unless it is the
/// address itself.
fn is_name(name: &str, address: &str) -> bool {
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
    let shown = decoded(quoted.unwrap_or(name)).filter(|shown| !shown.contains(is_unseen));
    sound && shown.is_some_and(|shown| !shown.contains(is_at) || shown == address)
}

/// `@`, and what looks like it: small and full width.
fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{fe6b}' | '\u{ff20}')
}

/// A name with its encoded words undone (RFC 2047 section 2): `@`, all that looks like it, and ASCII are as a reader sees them.
/// `None`: one is not sound, or in a character set in which what stands for `@` cannot be told from a part of another letter.
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
        let charset = Charset::of(&charset)?;
        let bytes = match encoding {
            "B" | "b" => base64::decode_padded(text)?,
            "Q" | "q" => unquoted(text)?,
            _ => return None,
        };
        match charset {
            Charset::Bytes => shown.push_str(&String::from_utf8_lossy(&bytes)),
            Charset::Pairs(known) => pairs(&bytes, known, &mut shown)?,
        }
        rest = after;
    }
    shown.push_str(rest);
    Some(shown)
}

/// Character sets in which the byte of `@` is `@`, wherever it stands.
#[derive(Clone, Copy)]
enum Charset {
    /// UTF-8, and those with a byte for each letter. None of these has another sign that looks like `@`.
    Bytes,
    /// Two bytes for a letter, neither of ASCII. These are the ones that matter here.
    Pairs(&'static [([u8; 2], char)]),
}

impl Charset {
    /// Not GBK, Big5, Shift-JIS and ISO-2022, in which `@` is a part of other letters, or an escape says what it is.
    fn of(name: &str) -> Option<Self> {
        match name {
            "koi8-r" | "koi8-u" => Some(Charset::Bytes),
            "gb2312" => Some(Charset::Pairs(&[([0xa3, 0xc0], '\u{ff20}')])),
            "euc-jp" => Some(Charset::Pairs(&[([0xa1, 0xf7], '\u{ff20}')])),
            "euc-kr" => Some(Charset::Pairs(&[
                ([0xa3, 0xc0], '\u{ff20}'),
                ([0xa1, 0xa9], '\u{ad}'),
                ([0xa4, 0xd4], '\u{3164}'),
            ])),
            _ => {
                let known = ["utf-8", "us-ascii", "iso-8859-", "windows-125"];
                known.iter().any(|known| name.starts_with(known)).then_some(Charset::Bytes)
            }
        }
    }
}

/// ASCII as it is, and other letters by a sign in their place. Readers take gb2312 for GBK, and euc-kr for its extension by
/// Microsoft: what is not the same in these, a pair with another byte than 0xa1 to 0xfe, is not sound; nor is half a pair, which
/// some readers join with the next encoded word. Of euc-jp, letters of one and three bytes are left out.
fn pairs(bytes: &[u8], known: &[([u8; 2], char)], shown: &mut String) -> Option<()> {
    let mut rest = bytes.iter();
    while let Some(first) = rest.next() {
        if first.is_ascii() {
            shown.push(char::from(*first));
            continue;
        }
        let pair = [*first, *rest.next()?];
        if !pair.iter().all(|byte| (0xa1..=0xfe).contains(byte)) {
            return None;
        }
        let letter = known.iter().find(|(bytes, _)| *bytes == pair).map(|(_, letter)| *letter);
        shown.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Some(())
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
            "Bob (Builder) <bob@example.org>",
            "bob@example.org (Bob)",
            "Bob <bob@example.org> (Builder)",
            "\"bob@example.org\" <bob@example.org>",
            "bob@example.org <bob@example.org>",
            "=?utf-8?Q?bob=40example.org?= <bob@example.org>",
            // Боб, 鲍勃, 보브 and ボブ.
            "=?koi8-r?B?4s/C?= <bob@example.org>",
            "=?KOI8-U?Q?=E2=CF=C2?= <bob@example.org>",
            "=?gb2312?B?sauyqg==?= <bob@example.org>",
            "=?euc-kr?B?uri66g==?= <bob@example.org>",
            "=?EUC-JP?B?pdyl1g==?= <bob@example.org>",
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
            "\"bob@example.org\" <bob@example.com>",
            "\"bob@example.org \" <bob@example.org>",
            "Bob (eve@example.org) <bob@example.org>",
            "Bob ((Builder) <bob@example.org>",
            "Bob (=?utf-8?Q?eve=40example.org?=) <bob@example.org>",
            "Bob ) (Builder) <bob@example.org>",
            "bob@example.org (<eve@example.org>)",
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
            "=?koi8-r?q?bob=40example.org?= <eve@evil.example>",
            "=?gb2312?q?bob=40example.org?= <eve@evil.example>",
            "=?gb2312?q?bob=A3=C0example.org?= <eve@evil.example>",
            "=?euc-kr?q?bob=A3=C0example.org?= <eve@evil.example>",
            "=?euc-jp?q?bob=A1=F7example.org?= <eve@evil.example>",
            // In GBK: the small `@`, a pair of which the second byte is ASCII, and half a pair before and after the words' ends.
            "=?gb2312?q?bob=A9=88example.org?= <eve@evil.example>",
            "=?gb2312?q?=81A?= <eve@evil.example>",
            "=?gb2312?q?bob=A3?==?gb2312?q?=C0example.org?= <eve@evil.example>",
            "=?euc-kr?q?Bob=A1=A9?= <eve@evil.example>",
            "=?euc-kr?q?Bob=A4=D4?= <eve@evil.example>",
            "=?gbk?q?Bob?= <eve@evil.example>",
            "=?big5?q?Bob?= <eve@evil.example>",
            "=?shift_jis?q?Bob?= <eve@evil.example>",
            "=?iso-2022-jp?q?Bob?= <eve@evil.example>",
            "=?koi8-t?q?Bob?= <eve@evil.example>",
            "bob\u{ff20}example.org <eve@evil.example>",
            "\"bob\u{fe6b}example.org\" <eve@evil.example>",
            "\u{202e}Bob <eve@evil.example>",
            "\"Bob <bob@example.org>, \"@evil.example",
        ] {
            assert_eq!(address(field), None, "{field}");
        }
    }
}
