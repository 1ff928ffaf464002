//! Quoted-printable (RFC 2045 section 6.7) made, so that nothing on the way has a reason to change the text.
use super::lines::{is_blank, lines, without_end};

/// Characters of a line, without the `=` that may end it.
const WIDTH: usize = 75;

/// Text with its lines ended by CRLF, whatever ended them before; the last stays without an end if it has none.
pub(crate) fn encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len().saturating_add(text.len() / 4));
    for line in lines(text) {
        let text = without_end(line);
        encode_line(text, &mut out);
        if text.len() < line.len() {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn encode_line(line: &[u8], out: &mut Vec<u8>) {
    let (mut rest, mut column) = (line, 0_usize);
    while let [byte, after @ ..] = rest {
        let is_first = column == 0;
        let is_plain = match byte {
            b' ' | b'\t' => !after.is_empty(),
            // Mailboxes of Unix take `From ` for the beginning of a mail, and SMTP a dot alone for its end.
            b'F' => !(is_first && after.starts_with(b"rom ")),
            b'.' => !(is_first && after.is_empty()),
            _ => byte.is_ascii_graphic() && *byte != b'=',
        };
        let width = if is_plain { 1 } else { 3 };
        if column.saturating_add(width) > WIDTH {
            out.extend_from_slice(b"=\r\n");
            column = 0;
            // What is first in a line now is looked at once more.
            continue;
        }
        if is_plain {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'=', hex(byte >> 4), hex(byte & 15)]);
        }
        column = column.saturating_add(width);
        rest = after;
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        0..10 => b'0'.saturating_add(digit),
        _ => (b'A' - 10).saturating_add(digit),
    }
}

/// Whether a text may stand in mail as it is, and comes through unchanged: short lines of ASCII (RFC 8551 section 3.1.3), no
/// blanks at their end that a server could take off, and no `From ` that it could put a `>` before.
pub(crate) fn is_safe(text: &[u8]) -> bool {
    let is_safe = |line: &[u8]| !line.last().copied().is_some_and(is_blank) && !line.starts_with(b"From ");
    is_seven_bit(text) && lines(text).all(|line| is_safe(without_end(line)))
}

/// Whether a text may stand in mail as it is: short lines of ASCII without NUL (RFC 2045 section 2.7), and no CR but before LF.
pub(crate) fn is_seven_bit(text: &[u8]) -> bool {
    lines(text).all(|line| {
        let text = without_end(line);
        text.len() <= crate::limits::MIME_LINE_BYTES
            && text.is_ascii()
            && !text.iter().any(|b| matches!(b, 0 | b'\r'))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::transfer::Transfer;
    use super::*;

    fn decode(text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        Transfer::QuotedPrintable.decode(text).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_could_be_changed_on_the_way_is_quoted() {
        for (text, want) in [
            ("a=b \r\nFrom me\r\nFrom\r\n.\r\n..\r\n", "a=3Db=20\r\n=46rom me\r\nFrom\r\n=2E\r\n..\r\n"),
            ("\u{e4}\n\t", "=C3=A4\r\n=09"),
            ("a\rb\0\n", "a=0Db=00\r\n"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8(encode(text.as_bytes())).unwrap(), want);
        }
        let long = format!("{}From me", "x".repeat(75));
        assert_eq!(encode(long.as_bytes()), format!("{}=\r\n=46rom me", "x".repeat(75)).as_bytes());
    }

    #[test]
    fn whatever_is_quoted_is_safe_and_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let texts = [
            all.repeat(3),
            b"From ".repeat(100),
            b" ".repeat(200),
            b".".repeat(300),
            "\u{e4} .\r\n".repeat(99).into(),
        ];
        for text in texts {
            let quoted = encode(&text);
            assert!(is_safe(&quoted) && lines(&quoted).all(|line| without_end(line).len() <= 76));
            let mut want = super::super::lines::Canonical::new(Vec::new());
            std::io::Write::write_all(&mut want, &text).unwrap();
            assert_eq!(decode(&quoted), want.into_inner());
        }
    }

    #[test]
    fn text_is_safe_if_nothing_on_the_way_has_a_reason_to_change_it() {
        let longest = "x".repeat(998);
        for (text, seven_bit, safe) in [
            ("a\r\nb\n", true, true),
            (longest.as_str(), true, true),
            (" From me", true, true),
            ("a \r\n", true, false),
            ("\t", true, false),
            ("a\nFrom me", true, false),
            (&format!("{longest}x"), false, false),
            ("\u{e4}", false, false),
            ("a\0", false, false),
            ("a\rb", false, false),
            ("a\r", false, false),
        ] {
            assert_eq!(
                (is_seven_bit(text.as_bytes()), is_safe(text.as_bytes())),
                (seven_bit, safe),
                "{text:?}"
            );
        }
    }
}
