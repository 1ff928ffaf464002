//! File names that come from elsewhere: which of them are safe to use.

/// Whether a name is that of a plain file in any directory, on any system.
pub(super) fn is_plain_name(name: &str) -> bool {
    // What Windows keeps for devices, with or without an extension.
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = ["COM", "LPT"]
        .iter()
        .any(|device| stem.strip_prefix(device).is_some_and(|rest| rest.chars().count() == 1));
    let device = numbered || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str());
    let bad = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter) || is_invisible(letter);
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with(['.', '-', ' '])
        && !name.ends_with(['.', ' '])
        && !name.chars().any(bad)
        && !device
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
        for good in ["a", "report 2026.pdf", "é.txt", "a-b_c", "compute.txt", "LPT10"] {
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
            "a\n",
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
    }
}
