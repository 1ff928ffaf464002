//! Checks of mail through the public face: what opens is what the calls on streams give, too, and nothing panics.
use std::sync::LazyLock;

use bulla::smime::{Examination, Message, Opened, Opening, SharedKey};
use bulla::x509::Credential;

/// The key that the seeds are sealed under.
static KEY: LazyLock<SharedKey> = LazyLock::new(|| SharedKey::new(b"fuzz", &[7; 32]).unwrap());

/// Owners of keys that seeds are sealed to, one of each kind. No passphrase: a KDF would take the time.
static READERS: LazyLock<[Credential; 4]> = LazyLock::new(|| {
    let pems = [
        include_str!("readers/p256.pem"),
        include_str!("readers/rsa.pem"),
        include_str!("readers/x25519.pem"),
        include_str!("readers/mlkem.pem"),
    ];
    pems.map(|pem| Credential::from_pem(pem, pem, || unreachable!("no key is sealed")).unwrap())
});

/// A mail, or an object without a header.
pub fn check(mail: &[u8]) {
    let key = Opening::with_key(&KEY);
    let opening = READERS.iter().fold(key, |opening, reader| opening.or(Opening::with(reader)));
    let _ = Message::parse(mail);
    if let Ok(report) = Examination::new().opening(&opening).bytes(mail) {
        assert!(report.layers().len() <= 9);
        let _ = report.to_string();
    }
    let mut streamed = Vec::new();
    let outcome = opening.stream(mail, &mut streamed);
    match opening.bytes(mail) {
        Ok(Opened::Plain(entity)) => assert_eq!(streamed, entity.as_bytes()),
        Ok(Opened::Signed(_)) => assert!(outcome.is_ok() && !streamed.is_empty()),
        Ok(Opened::Malleable(_)) | Err(_) => assert!(outcome.is_err() || !streamed.is_empty()),
    }
    if outcome.is_err() {
        assert!(streamed.is_empty());
    }
}
