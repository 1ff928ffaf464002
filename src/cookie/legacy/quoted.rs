//! Values of cookies in double quotes, as Python's `http.cookies` writes what RFC 6265 has no letters for.
use std::borrow::Cow;

/// Takes a text out of its quotes, if it has any: no token ends with one. `None` if they hold no sound text.
///
/// Only `SimpleCookie` escapes so: `\"`, `\\`, and `\351` for the character 351 (octal) of Latin-1.
pub(super) fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Some(Cow::Borrowed(text));
    };
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(letter) = rest.next() {
        out.push(match letter {
            '\\' => match rest.next()? {
                first @ '0'..='3' => octal([first, rest.next()?, rest.next()?])?,
                other => other,
            },
            other => other,
        });
    }
    Some(Cow::Owned(out))
}

fn octal(digits: [char; 3]) -> Option<char> {
    let value = digits.iter().try_fold(0, |value, digit| Some(value * 8 + digit.to_digit(8)?))?;
    char::from_u32(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_quotes_comes_back() {
        // What `SimpleCookie` of Python 3.11 made of the text on the right.
        let quoted = r#""exp=1.5&data=h\351€\073\054\"\\ +/&digest=ab+/=""#;
        assert_eq!(unquoted(quoted).unwrap(), "exp=1.5&data=hé€;,\"\\ +/&digest=ab+/=");
        for bare in ["", "\"", "a\"", "\"a", "a\\351"] {
            assert_eq!(unquoted(bare).unwrap(), bare);
        }
    }

    #[test]
    fn an_escape_that_is_cut_short_is_no_text() {
        for bad in [r#""a\""#, r#""\3""#, r#""\35""#, r#""\389""#, "\"\\3€1\""] {
            assert!(unquoted(bad).is_none(), "{bad}");
        }
    }
}
