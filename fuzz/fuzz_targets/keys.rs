//! Keys of all kinds as text: no panic, and what parses is written as it was read.
#![no_main]
use bulla::{Error, Identity, Key, KeyId, Keyring, Recipient};
use bulla_fuzz::{base64, bech32, check_text};

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says how the others are dressed, so that they get past a checksum or an encoding.
    [0, bytes @ ..] => text_of_a_key(&bech32("bulla-secret-key-", bytes)),
    [1, bytes @ ..] => text_of_a_key(&bech32("age", bytes)),
    [2, bytes @ ..] => text_of_a_key(&bech32("age1pq", bytes)),
    [3, bytes @ ..] => text_of_a_key(&bech32("age-secret-key-", bytes).to_uppercase()),
    [4, bytes @ ..] => text_of_a_key(&bech32("age-secret-key-pq-", bytes).to_uppercase()),
    [5, bytes @ ..] => text_of_a_key(&ssh_line("ssh-ed25519", bytes)),
    [6, bytes @ ..] => text_of_a_key(&ssh_line("ssh-rsa", bytes)),
    [7, bytes @ ..] => ssh_identity(&pem(bytes)),
    text => {
        keyring(text);
        ssh_identity(text);
        if let Ok(text) = std::str::from_utf8(text) {
            text_of_a_key(text);
            identity_file(text);
        }
    }
});

fn ssh_line(kind: &str, bytes: &[u8]) -> String {
    // RFC 4253 section 6.6: the name once more, with its length.
    let named = [&(kind.len() as u32).to_be_bytes(), kind.as_bytes(), bytes].concat();
    format!("{kind} {} somebody@somewhere", base64(&named))
}

fn text_of_a_key(text: &str) {
    if let Some(key) = sound(text.parse::<Key>()) {
        // Bech32 is read in either case.
        assert!(key.expose_text().eq_ignore_ascii_case(text));
        assert!(key.expose_text().parse::<Key>().unwrap() == key);
    }
    if let Some(id) = sound(text.parse::<KeyId>()) {
        assert!(id.to_string().eq_ignore_ascii_case(text), "{id} is not {text}");
    }
    if let Some(identity) = sound(text.parse::<Identity>()) {
        assert_eq!(identity.expose_text().unwrap().as_str(), text);
    }
    if let Some(recipient) = sound(text.parse::<Recipient>()) {
        let written = recipient.to_string();
        assert_eq!(written.parse::<Recipient>().unwrap(), recipient);
        // The comment of an SSH key is not kept.
        assert!(written == text || text.starts_with("ssh-"));
    }
}

fn identity_file(text: &str) {
    for identity in sound(Identity::parse_lines(text)).unwrap_or_default() {
        let written = identity.expose_text().unwrap();
        assert!(text.lines().any(|line| line.trim() == written.as_str()));
    }
}

fn keyring(text: &[u8]) {
    if let Some(ring) = sound(Keyring::parse(text)) {
        let again = Keyring::parse(ring.expose_text().as_bytes()).unwrap();
        assert_eq!(again.primary_id(), ring.primary_id());
        assert_eq!(again.retired_ids(), ring.retired_ids());
        assert_eq!(again.expose_text(), ring.expose_text());
    }
}

fn ssh_identity(text: &[u8]) {
    if let Some(identity) = sound(Identity::from_ssh(text, None)) {
        let recipient = identity.recipient();
        assert_eq!(recipient.to_string().parse::<Recipient>().unwrap(), recipient);
        assert!(identity.expose_text().is_none());
    }
}

fn pem(bytes: &[u8]) -> Vec<u8> {
    let text = base64(&[b"openssh-key-v1\0", bytes].concat());
    let lines: Vec<&[u8]> = text.as_bytes().chunks(70).collect();
    let (begin, end) = (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"\n-----END OPENSSH PRIVATE KEY-----\n");
    [&begin[..], &lines.join(&b'\n'), end].concat()
}

/// What parsed, or nothing: then the error says so in one printable line.
fn sound<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(check_text).ok()
}
