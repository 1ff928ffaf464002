//! Sections 1 of docs/file-format.md: the header.
use super::Facts;
use super::maker::{Maker, content, for_identity, given_identity};
use crate::encoding::base64;
use crate::keys::{Identity, Key};

const PLAIN: &[u8] = b"hello";

pub(super) fn add(facts: &mut Facts) {
    lines(facts);
    stanzas(facts);
    mac(facts);
}

/// The file for its key, after an edit of the header's text, with the right MAC.
fn edited(edit: impl FnOnce(String) -> (String, String)) -> (Vec<u8>, Vec<String>) {
    let maker = Maker::new();
    let (version, stanzas) = edit(maker.stanza());
    let header = maker.header_with(&version, &stanzas);
    ([header, maker.payload(b"", PLAIN)].concat(), maker.given())
}

fn stanzas_edited(edit: impl FnOnce(String) -> String) -> (Vec<u8>, Vec<String>) {
    edited(|stanzas| ("bulla/v1\n".into(), edit(stanzas)))
}

fn lines(facts: &mut Facts) {
    facts.good("1.1", "version", "a file begins with bulla/v1 and a line feed", || {
        let maker = Maker::new();
        (PLAIN.into(), maker.usual(PLAIN), maker.given())
    });
    facts.bad("1.1", "version_crlf", "a CR before the first line feed", "unsupported", || {
        edited(|stanzas| ("bulla/v1\r\n".into(), stanzas))
    });
    facts.bad("1.1", "stanza_crlf", "a CR at the end of an argument line", "malformed", || {
        stanzas_edited(|text| text.replacen('\n', "\r\n", 1))
    });
    facts.bad("1.1", "version_space", "a space after the version", "unsupported", || {
        edited(|stanzas| ("bulla/v1 \n".into(), stanzas))
    });
    facts.bad("1.2", "no_stanza", "no stanza at all", "malformed", || stanzas_edited(|_| String::new()));
    facts.bad("1.2", "stray_line", "a line between stanzas", "malformed", || {
        stanzas_edited(|text| text + "stray\n")
    });
    facts.good("1.3", "argument_characters", "all characters from ! to ~ in an argument", || {
        let maker = Maker::new();
        let all: String = ('!'..='~').collect();
        let stanzas = format!("-> {all}\n\n{}", maker.stanza());
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    for (name, fact, argument) in [
        ("argument_two_spaces", "two spaces between arguments", "x  y"),
        ("argument_trailing_space", "a space after the last argument", "x "),
        ("argument_none", "an argument line without an argument", ""),
        ("argument_tab", "a tab in an argument", "x\ty"),
        ("argument_delete", "a DEL (0x7f) in an argument", "x\x7f"),
        ("argument_not_ascii", "a letter outside ASCII in an argument", "\u{e9}"),
    ] {
        facts.bad("1.3", name, fact, "malformed", || {
            stanzas_edited(|text| format!("-> {argument}\n\n{text}"))
        });
    }
    facts.bad("1.3", "argument_no_space", "no space after the arrow", "malformed", || {
        stanzas_edited(|text| format!("->x\n\n{text}"))
    });
    facts.good("1.4", "body_empty_last_line", "a body of a full line and an empty one", || {
        let maker = Maker::new();
        let stanzas = format!("-> x\n{}\n\n{}", "A".repeat(64), maker.stanza());
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    for (name, fact, body) in [
        ("body_no_last_line", "a body that ends with a full line", "A".repeat(64) + "\n"),
        ("body_long_line", "a body line of 68 characters", "A".repeat(68) + "\n"),
        ("body_padding", "padding in a body", "AA==\n".into()),
        ("body_not_canonical", "stray bits in a body", "AAF\n".into()),
        ("body_white_space", "a space in a body", "AA AA\n".into()),
        ("body_two_short_lines", "a body of two short lines", "AAAA\nAAAA\n".into()),
        ("body_url_safe", "the other base64 alphabet", "AA-_\n".into()),
    ] {
        facts.bad("1.4", name, fact, "malformed", || stanzas_edited(|text| format!("-> x\n{body}{text}")));
    }
    facts.bad("1.4", "body_missing", "an argument line right before the MAC", "malformed", || {
        stanzas_edited(|text| text + "-> x\n")
    });
}

fn stanzas(facts: &mut Facts) {
    facts.good("1.6", "header_largest", "a header of exactly 1 MiB", || {
        let maker = Maker::new();
        let file = maker.file(&filled_to(&maker, 1 << 20), PLAIN);
        (PLAIN.into(), file, maker.given())
    });
    facts.bad("1.6", "header_too_large", "a header of 1 MiB and 4 bytes", "over-limit", || {
        let maker = Maker::new();
        (maker.file(&filled_to(&maker, (1 << 20) + 4), PLAIN), maker.given())
    });
    facts.good("1.7", "stanzas_most", "1024 stanzas", || {
        let maker = Maker::new();
        let stanzas = "-> x\n\n".repeat(1023) + &maker.stanza();
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    facts.bad("1.7", "stanzas_too_many", "1025 stanzas", "over-limit", || {
        stanzas_edited(|text| "-> x\n\n".repeat(1024) + &text)
    });
    facts.good("1.8", "unknown_stanza", "a stanza of an unknown type is ignored", || {
        let maker = Maker::new();
        let stanzas = format!("-> example.com/enigma a b c\nAAAA\n{}", maker.stanza());
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    facts.bad("1.8", "type_capital", "KEY is not key", "no-key", || {
        stanzas_edited(|text| text.replacen("-> key", "-> KEY", 1))
    });
    facts.bad("1.9", "other_stanza_wrong", "a wrong x25519 stanza beside the right key", "malformed", || {
        stanzas_edited(|text| format!("-> x25519\n{}\n\n{text}", "A".repeat(64)))
    });
    facts.bad("1.10", "meta_alone", "metadata and nothing else", "malformed", || {
        let maker = Maker::new();
        let mut fields = vec![1, 0, 0];
        fields.resize(64, 0);
        (maker.file(&maker.meta(&fields), PLAIN), maker.given())
    });
    facts.bad("1.11", "version_2", "bulla/v2", "unsupported", || {
        edited(|stanzas| ("bulla/v2\n".into(), stanzas))
    });
    facts.bad("1.11", "version_10", "bulla/v10", "unsupported", || {
        edited(|stanzas| ("bulla/v10\n".into(), stanzas))
    });
}

/// Stanzas that make a header of `size` bytes: unknown ones before the key's.
fn filled_to(maker: &Maker, size: usize) -> String {
    let stanza = maker.stanza();
    // `-> x`, lines of 65 characters, a short last line.
    let rest = size - maker.header(&stanza).len() - "-> x\n".len();
    let (lines, short) = (rest / 65, rest % 65);
    // 4 base64 characters are the least that a line can grow by.
    let last = (short.max(1) - 1) / 4 * 4;
    let first = "y".repeat(rest - lines * 65 - last - 1);
    let line = "A".repeat(64) + "\n";
    format!("-> x{first}\n{}{}\n{stanza}", line.repeat(lines), "A".repeat(last))
}

fn mac(facts: &mut Facts) {
    facts.bad("1.5", "mac_missing", "the header ends before its MAC", "malformed", || {
        let maker = Maker::new();
        (format!("bulla/v1\n{}", maker.stanza()).into_bytes(), maker.given())
    });
    for (name, fact, edit) in [
        (
            "mac_two_spaces",
            "two spaces before the MAC",
            (|mac: String| format!(" {mac}")) as fn(String) -> String,
        ),
        ("mac_trailing_space", "a space after the MAC", |mac| format!("{mac} ")),
        ("mac_padding", "padding after the MAC", |mac| format!("{mac}=")),
        ("mac_short", "a MAC of 31 bytes", |mac| mac[..42].replace(&mac[41..42], "A")),
        ("mac_long", "a MAC of 33 bytes", |_| base64::encode(&[1; 33])),
        ("mac_crlf", "a CR after the MAC", |mac| format!("{mac}\r")),
    ] {
        facts.bad("1.5", name, fact, "malformed", || {
            let maker = Maker::new();
            let covered = format!("bulla/v1\n{}---", maker.stanza());
            let mac = edit(base64::encode(&maker.mac(&covered)));
            let header = format!("{covered} {mac}\n").into_bytes();
            ([header, maker.payload(b"", PLAIN)].concat(), maker.given())
        });
    }
    facts.bad("1.5", "mac_not_canonical", "stray bits in the MAC", "malformed", || {
        let maker = Maker::new();
        let covered = format!("bulla/v1\n{}---", maker.stanza());
        let mut mac = base64::encode(&maker.mac(&covered));
        // The last character says 4 bits and has room for 6: another with the same 4.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let last = alphabet.find(mac.pop().unwrap()).unwrap();
        mac.push_str(&alphabet[last + 1..last + 2]);
        let header = format!("{covered} {mac}\n").into_bytes();
        ([header, maker.payload(b"", PLAIN)].concat(), maker.given())
    });
    facts.bad("1.12", "mac_wrong", "one bit of the MAC is wrong", "unauthentic", || {
        let maker = Maker::new();
        let covered = format!("bulla/v1\n{}---", maker.stanza());
        let mut mac = maker.mac(&covered);
        mac[0] ^= 1;
        let header = format!("{covered} {}\n", base64::encode(&mac)).into_bytes();
        ([header, maker.payload(b"", PLAIN)].concat(), maker.given())
    });
    facts.bad("1.12", "mac_of_other_key", "a header MAC made with another file key", "unauthentic", || {
        let (maker, other) = (Maker::new(), Maker::new());
        let header = other.header(&maker.stanza());
        ([header, maker.payload(b"", PLAIN)].concat(), maker.given())
    });
    let change = |facts: &mut Facts, name, fact, edit: fn(String, String) -> String| {
        facts.bad("1.13", name, fact, "unauthentic", || {
            let (maker, identity) = (Maker::new(), Identity::generate_x25519());
            let (key, other) = (maker.stanza(), for_identity(&maker.file_key, &identity));
            let covered = format!("bulla/v1\n{key}{other}---");
            let mac = base64::encode(&maker.mac(&covered));
            let header = format!("bulla/v1\n{}--- {mac}\n", edit(key, other)).into_bytes();
            ([header, maker.payload(b"", PLAIN)].concat(), maker.given())
        });
    };
    change(facts, "stanza_added", "a stanza added under the old MAC", |key, other| {
        format!("{key}{other}-> x\n\n")
    });
    change(facts, "stanza_removed", "a stanza taken out under the old MAC", |key, _| key);
    change(facts, "stanza_moved", "two stanzas swapped under the old MAC", |key, other| other + &key);
    change(facts, "stanza_changed", "another holder's stanza changed under the old MAC", |key, other| {
        // A character of the share: the stanza keeps its form.
        let letter = if &other[20..21] == "A" { "B" } else { "A" };
        let changed = format!("{}{letter}{}", &other[..20], &other[21..]);
        key + &changed
    });
    facts.good("1.13", "two_holders", "either of two holders opens it", || {
        let (maker, identity) = (Maker::new(), Identity::generate());
        let stanzas = maker.stanza() + &for_identity(&maker.file_key, &identity);
        (content(100), maker.file(&stanzas, &content(100)), vec![given_identity(&identity)])
    });
    facts.bad("1.13", "other_holder", "a key that is none of the holders'", "no-key", || {
        let (maker, other) = (Maker::new(), Key::generate());
        (maker.usual(PLAIN), vec![super::maker::given_key(&other)])
    });
}
