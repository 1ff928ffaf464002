//! Any bytes taken for a file, bare or with an armor's labels round them; and any content through an armor.
#![no_main]
use bulla::Format;
use bulla::file::{Decryption, Encryption};
use bulla_fuzz::{KEY, X25519, base64, inspect_soundly, open_both_ways};

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says what is done with the others; no text begins with one of these.
    [0, lines @ ..] => open_text(&labelled("BULLA", lines)),
    [1, lines @ ..] => open_text(&labelled("AGE", lines)),
    [2, inside @ ..] => open_text(&labelled("BULLA", &lines(inside))),
    [3, inside @ ..] => open_text(&labelled("AGE", &lines(inside))),
    [4, content @ ..] => {
        round_trip(&Encryption::to(&*KEY), content);
        round_trip(&Encryption::to(&X25519.recipient()).format(Format::Age), content);
    }
    text => open_text(text),
});

fn open_text(text: &[u8]) {
    inspect_soundly(text);
    open_both_ways(text);
}

fn labelled(label: &str, lines: &[u8]) -> Vec<u8> {
    let [begin, end] = ["BEGIN", "END"].map(|what| format!("-----{what} {label} ENCRYPTED FILE-----\n"));
    [begin.as_bytes(), lines, end.as_bytes()].concat()
}

fn lines(bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(48).flat_map(|line| (base64(line) + "\n").into_bytes()).collect()
}

/// What is armored comes back, and so it does after a mail program has had it.
fn round_trip(encryption: &Encryption<'_>, content: &[u8]) {
    let mine: [&dyn bulla::Unlock; 2] = [&*KEY, &*X25519];
    let armored = encryption.clone().armor(true).bytes(content).unwrap();
    let text = String::from_utf8(armored).unwrap();
    assert!(text.lines().all(|line| !line.is_empty() && line.len() <= 64));
    for text in [format!("\r\n {} \n", text.replace('\n', "\r\n")), text] {
        assert!(Decryption::with(&mine[..]).bytes(text.as_bytes()).unwrap().0 == content);
    }
}
