//! Any bytes taken for a private or public key: no panic, bounded work, and what parses is written as it was read.
#![no_main]
use bulla::{Error, ErrorKind, PrivateKey, PublicKey};
use bulla_fuzz::check_text;

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says what the others are; no key begins with it.
    [0, bytes @ ..] => public(bytes),
    bytes => {
        // Encrypted ones are asked for a passphrase: nothing here knows it, and no KDF is run.
        let refuse = || Err(Error::from(std::io::Error::other("no passphrase")));
        if let Some(key) = sound(PrivateKey::from_der(bytes, refuse)) {
            private(&key);
        }
        if let Some(key) =
            std::str::from_utf8(bytes).ok().and_then(|text| sound(PrivateKey::from_pem(text, refuse)))
        {
            private(&key);
        }
    }
});

fn private(key: &PrivateKey) {
    let pem = key.expose_pem().unwrap();
    let again = PrivateKey::from_pem(&pem, || unreachable!("it is not encrypted")).unwrap();
    assert!(again.public() == key.public());
    match key.sign("fuzz", b"message") {
        Ok(signature) => drop(key.public().verify("fuzz", b"message", &signature).unwrap()),
        // Keys that do not sign, and expanded ML-DSA keys that are not sound.
        Err(error) => check_text(&error),
    }
}

fn public(bytes: &[u8]) {
    let Some(key) = sound(PublicKey::from_der(bytes)) else { return };
    assert!(PublicKey::from_der(key.as_der()).unwrap() == key);
    assert!(PublicKey::from_pem(&key.to_pem()).unwrap() == key);
    assert_ne!(key.verify("fuzz", b"message", &[7; 64]).map(drop).unwrap_err().kind(), ErrorKind::Malformed);
}

/// What succeeded, or nothing: then the error says so in one printable line.
fn sound<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(check_text).ok()
}
