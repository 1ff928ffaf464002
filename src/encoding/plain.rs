//! Text of others that is shown: it stays on its line, steers no terminal, and passes for no other text.

/// Text as it may stand in one line of a report or a log: what a terminal would obey, and what is not to be seen, is
/// escaped.
///
/// ```
/// assert_eq!(bulla::one_line("two\nlines of \u{202e}text"), "two\\nlines of \\u{202e}text");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unseen(letter) { line.extend(letter.escape_default()) } else { line.push(letter) }
    }
    line
}

/// What steers a terminal, has no width, or changes the direction of the text about it: with it one text could pass for
/// another. Control characters, what Unicode has in `Default_Ignorable_Code_Point`, and the separators of lines.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}
