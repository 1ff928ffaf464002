//! Cuts a Rust source into words and signs, without comments, strings and what only tests compile.

/// Items that end at a `;` even when braces stand in them.
const UNTIL_SEMICOLON: &str = "const let static type use";
/// Words that open an item or a statement; anything else after `#[cfg(test)]` is a field, a variant or an arm.
const OPENERS: &str =
    "async const enum extern fn impl let macro_rules mod pub static struct trait type union unsafe use";

/// A word or a sign, and the line it stands on. Comments are gone; a string or character is the word `""`.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Whether a word is in a list of words.
pub(crate) fn is_in(words: &str, word: &str) -> bool {
    words.split(' ').any(|w| w == word)
}

/// The index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    tokens.len()
}

/// The tokens that a build without tests sees, and the names of test modules in files of their own.
pub(crate) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let (mut kept, mut modules, mut i) = (Vec::new(), Vec::new(), 0);
    while i < tokens.len() {
        let inner = text(i + 1) == "!";
        let open = if inner { i + 2 } else { i + 1 };
        if text(i) == "#" && text(open) == "[" {
            let end = closing(tokens, open);
            if text(open + 1) == "cfg" && holds(&tokens[open + 3..end.saturating_sub(1)]) == Some(false) {
                if inner {
                    return (Vec::new(), modules);
                }
                let start = after_attributes(tokens, end + 1);
                let name = if text(start) == "pub" { visibility_end(tokens, start) } else { start };
                if text(name) == "mod" && text(name + 2) == ";" {
                    modules.push(text(name + 1).to_owned());
                }
                i = item_end(tokens, start);
                continue;
            }
        }
        kept.push(tokens[i].clone());
        i += 1;
    }
    (kept, modules)
}

/// Whether a `cfg` can hold outside tests: `None` when that depends on something else.
fn holds(cfg: &[Token]) -> Option<bool> {
    let word = cfg.first()?.text.as_str();
    let parts = || -> Vec<Option<bool>> {
        let (mut parts, mut start, mut i) = (Vec::new(), 2, 2);
        while i < cfg.len() {
            match cfg[i].text.as_str() {
                "(" => i = closing(cfg, i),
                "," | ")" => {
                    if start < i {
                        parts.push(holds(&cfg[start..i]));
                    }
                    start = i + 1;
                }
                _ => {}
            }
            i += 1;
        }
        parts
    };
    match word {
        "test" if cfg.len() == 1 => Some(false),
        "not" => parts().first().copied().flatten().map(|b| !b),
        "all" if parts().contains(&Some(false)) => Some(false),
        "all" => parts().iter().all(|p| *p == Some(true)).then_some(true),
        "any" if parts().contains(&Some(true)) => Some(true),
        "any" => parts().iter().all(|p| *p == Some(false)).then_some(false),
        _ => None,
    }
}

fn after_attributes(tokens: &[Token], mut i: usize) -> usize {
    while tokens.get(i).is_some_and(|t| t.text == "#") {
        i = closing(tokens, i + 1) + 1;
    }
    i
}

fn visibility_end(tokens: &[Token], i: usize) -> usize {
    if tokens.get(i + 1).is_some_and(|t| t.text == "(") { closing(tokens, i + 1) + 1 } else { i + 1 }
}

/// The index behind the item, statement, field or arm that starts here.
fn item_end(tokens: &[Token], start: usize) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let first = if text(start) == "pub" { visibility_end(tokens, start) } else { start };
    let is_function = (first..first + 5)
        .take_while(|i| is_in(OPENERS, text(*i)) || text(*i) == "\"\"")
        .any(|i| text(i) == "fn");
    let to_semicolon = is_in(UNTIL_SEMICOLON, text(first)) && !is_function;
    let is_item = is_in(OPENERS, text(first));
    let mut i = start;
    while i < tokens.len() {
        match text(i) {
            "{" => {
                i = closing(tokens, i);
                if !to_semicolon {
                    return i + 1;
                }
            }
            "(" | "[" => i = closing(tokens, i),
            ";" => return i + 1,
            "," if !is_item => return i + 1,
            ")" | "]" | "}" => return i,
            _ => {}
        }
        i += 1;
    }
    i
}

/// Cuts a source into tokens.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found: Vec<Token> = Vec::new();
    let (mut i, mut line, mut counted) = (0, 1, 0);
    while i < chars.len() {
        line += chars[counted..i].iter().filter(|c| **c == '\n').count();
        counted = i;
        let start = i;
        let c = at(i);
        let text = if c.is_whitespace() {
            i += 1;
            continue;
        } else if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
            continue;
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0_usize;
            while i < chars.len() {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    _ => i += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            continue;
        } else if let Some(end) = string_end(&chars, i) {
            i = end;
            "\"\"".to_owned()
        } else if c == '\'' {
            i += 1;
            while word(at(i)) {
                i += 1;
            }
            chars[start..i].iter().collect()
        } else if word(c) {
            if c == 'r' && at(i + 1) == '#' {
                i += 2;
            }
            let begin = i;
            while word(at(i)) || (c.is_ascii_digit() && at(i) == '.' && at(i + 1).is_ascii_digit()) {
                i += 1;
            }
            chars[begin..i].iter().collect()
        } else if c == ':' && at(i + 1) == ':' {
            i += 2;
            "::".to_owned()
        } else {
            i += 1;
            c.to_string()
        };
        found.push(Token { text, line });
    }
    found
}

/// Where a string or character literal that starts here ends; `None` when none starts here.
fn string_end(chars: &[char], start: usize) -> Option<usize> {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut i = start;
    if matches!(at(i), 'b' | 'c') && matches!(at(i + 1), '"' | 'r' | '\'') {
        i += 1;
    }
    if at(i) == 'r' {
        let hashes = (i + 1..).take_while(|n| at(*n) == '#').count();
        if at(i + 1 + hashes) != '"' {
            return None;
        }
        let mut end = i + 2 + hashes;
        while end < chars.len() && !(at(end) == '"' && (1..=hashes).all(|n| at(end + n) == '#')) {
            end += 1;
        }
        return Some((end + 1 + hashes).min(chars.len()));
    }
    let quote = at(i);
    let is_char = quote == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'');
    if quote != '"' && !is_char {
        return None;
    }
    i += 1;
    while i < chars.len() && at(i) != quote {
        i += if at(i) == '\\' { 2 } else { 1 };
    }
    Some((i + 1).min(chars.len()))
}
