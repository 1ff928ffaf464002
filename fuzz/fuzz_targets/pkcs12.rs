//! Any bytes taken for a PKCS #12 file, or for what stands behind a MAC that is right: no panic, and all of it can be read.
#![no_main]
use std::sync::LazyLock;

use bulla::x509::Pkcs12;
use bulla::{KeyKind, Passphrase, PrivateKey};
use bulla_fuzz::check_text;
use bulla_fuzz::der::{DATA, content, pkcs12, wrap};

static PASSPHRASE: LazyLock<Passphrase> = LazyLock::new(|| Passphrase::new("x").unwrap());

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // What a derivation may cost is tested elsewhere; here it would keep the fuzzer from its work.
    _ if is_costly(data) => {}
    // The first byte says how deep the others stand; no file begins with it.
    [0, safe @ ..] => read(&pkcs12(safe)),
    [1, contents @ ..] => read(&pkcs12(&wrap(0x30, &[&content(DATA, &wrap(4, &[contents]))]))),
    [2, bags @ ..] => read(&pkcs12(&wrap(0x30, &[&content(DATA, &wrap(4, &[&wrap(0x30, &[bags])]))]))),
    file => read(file),
});

/// Numbers of more than two bytes, and scrypt, whose figures multiply.
fn is_costly(data: &[u8]) -> bool {
    const SCRYPT: &[u8] = &[0xda, 0x47, 4, 11];
    data.windows(2).any(|head| head[0] == 2 && (3..=5).contains(&head[1]))
        || data.windows(SCRYPT.len()).any(|oid| oid == SCRYPT)
}

fn read(bytes: &[u8]) {
    let legacy = Pkcs12::read_legacy(bytes, Some(&PASSPHRASE));
    match Pkcs12::read(bytes, Some(&PASSPHRASE)) {
        // The other way reads all that this one does, and the same.
        Ok(file) => assert_eq!(seen(&file), seen(&legacy.unwrap())),
        Err(error) => check_text(&error),
    }
    if let Err(error) = Pkcs12::read_legacy(bytes, None) {
        check_text(&error);
    }
}

type Seen = (Vec<(Option<String>, Option<KeyKind>)>, Vec<(Option<String>, Vec<u8>)>, usize);

fn seen(file: &Pkcs12) -> Seen {
    let owned = |name: Option<&str>| name.map(str::to_owned);
    let kind = |key: PrivateKey| key.kind();
    for key in file.keys() {
        if let Some(own) = file.certificate_of(key) {
            let certificate = own.certificate().unwrap();
            assert!(certificate.public_key().unwrap() == *key.key().unwrap().public());
        }
        drop(file.credential_of(key));
    }
    let keys = file.keys().iter().map(|key| (owned(key.name()), key.key().ok().map(kind))).collect();
    let certificates =
        file.certificates().iter().map(|one| (owned(one.name()), one.as_der().to_vec())).collect();
    (keys, certificates, file.others())
}
