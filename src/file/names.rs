//! File names that come from elsewhere: which of them are safe to use, and how they are shown.
use std::path::Path;

/// Whether a name is that of a plain file in any directory, on any system.
pub(super) fn is_plain_name(name: &str) -> bool {
    is_windows_name(name)
        && name.len() <= 255
        && !name.starts_with(['.', '-', ' '])
        && !name.chars().any(|letter| letter.is_control() || is_invisible(letter))
}

/// Whether Windows makes a file or folder of just this name: not a device, not a stream inside a file (`:`), and no other
/// name, as it does by cutting off dots and spaces. (Microsoft: "Naming Files, Paths, and Namespaces".)
pub(super) fn is_windows_name(name: &str) -> bool {
    // A device is one with any extension, and with spaces before that.
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_number = |rest: &str| {
        let mut letters = rest.chars();
        matches!((letters.next(), letters.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    let numbered = ["COM", "LPT"].iter().any(|device| stem.strip_prefix(device).is_some_and(is_number));
    let device = numbered || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str());
    let bad = |letter: char| letter < ' ' || "/\\:*?\"<>|".contains(letter);
    !name.is_empty() && !name.ends_with(['.', ' ']) && !name.chars().any(bad) && !device
}

/// A path for an error, in one line: what a terminal would obey, or would not show, is escaped.
pub(super) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for letter in path.display().to_string().chars() {
        if letter.is_control() || is_invisible(letter) {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}

/// Letters that make a name look like another: directions and zero widths.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_plain() {
        for good in ["a", "report 2026.pdf", "é.txt", "a-b_c", "compute.txt", "comp.txt", "LPT10"] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "/a",
            ".hidden",
            "-rf",
            " a",
            "a\n",
            "a\u{7f}",
            "a\0b",
            "C:x",
            "nul",
            "NUL.txt",
            "com1.log",
            "a ",
            "a.",
            "x\u{202e}fdp.exe",
        ] {
            assert!(!is_plain_name(bad), "{bad:?}");
        }
        assert!(is_plain_name(&"x".repeat(255)) && !is_plain_name(&"x".repeat(256)));
    }

    #[test]
    fn a_windows_name_is_no_device_no_stream_and_no_other_name() {
        for good in [".git", "-rf", " a", "a..b", "a$", "é", "company", "COM", "COM10", "lpt", "nulls.txt"] {
            assert!(is_windows_name(good), "{good}");
        }
        for bad in
            ["", ".", "..", "a.", "a ", "a. .", "C:", "C:x", "a:b", "a::$DATA", "a\\b", "a/b", "a\0", "a\x1f"]
        {
            assert!(!is_windows_name(bad), "{bad:?}");
        }
        let devices = "NUL,nul,Nul.txt,nul.tar.gz,nul .txt,CON,prn,aux.c,conin$,CONOUT$,com1,COM9.log,lpt1,COM¹,lpt³.txt";
        for bad in devices.split(',').chain("a*,a?,a\",a<,a>,a|".split(',')) {
            assert!(!is_windows_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_path_is_shown_in_one_line_that_no_terminal_obeys() {
        let path = Path::new("a b/é\n\u{1b}[2J/x\u{202e}fdp.exe");
        assert_eq!(shown(path), "a b/é\\n\\u{1b}[2J/x\\u{202e}fdp.exe");
    }
}
