//! Any bytes taken for a file, with and without an armor's labels round them; and any content through an armor.
#![no_main]
use bulla::file::{Decryption, Encryption};
use bulla::{Format, Key};
use bulla_fuzz::{KEY, X25519, base64, inspect_soundly, open_both_ways};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    inspect_soundly(data);
    open_both_ways(data);
    for label in ["BULLA", "AGE"] {
        let (begin, end) =
            (format!("-----BEGIN {label} ENCRYPTED FILE-----\n"), format!("-----END {label} ENCRYPTED FILE-----\n"));
        // As lines, and as what the lines say.
        let text = [begin.as_bytes(), data, end.as_bytes()].concat();
        inspect_soundly(&text);
        open_both_ways(&text);
        let lines: String = data.chunks(48).map(|line| base64(line) + "\n").collect();
        let text = [begin, lines, end].concat();
        inspect_soundly(text.as_bytes());
        open_both_ways(text.as_bytes());
    }
    round_trip(&KEY, data);
});

/// What is armored comes back, and so it does after a mail program has had it.
fn round_trip(key: &Key, content: &[u8]) {
    let recipient = X25519.recipient();
    let mine: [&dyn bulla::Unlock; 2] = [key, &*X25519];
    for encryption in [Encryption::to(key), Encryption::to(&recipient).format(Format::Age)] {
        let armored = encryption.armor(true).bytes(content).unwrap();
        let text = String::from_utf8(armored).unwrap();
        assert!(text.lines().all(|line| !line.is_empty() && line.len() <= 64));
        for text in [format!("\r\n {} \n", text.replace('\n', "\r\n")), text] {
            assert!(Decryption::with(&mine[..]).bytes(text.as_bytes()).unwrap().0 == content);
        }
    }
}
