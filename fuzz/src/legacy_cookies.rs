//! Old tokens: nobody without the secret gets one read, and what a holder of it makes is read within its times or refused.
use std::sync::LazyLock;
use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use bulla::Time;
use bulla::cookie::legacy::{Derivation, Django, Import, ItsDangerous, M2Crypto, OldToken};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const NOW: i64 = 1_800_000_000;
const HOUR: Duration = Duration::from_secs(3600);
const SECRET: &[u8] = b"correct horse battery staple";

struct Readers {
    m2crypto: M2Crypto,
    signed: ItsDangerous,
    serialized: ItsDangerous,
    dumped: Django,
}

static READERS: LazyLock<Readers> = LazyLock::new(|| {
    let import = Import::until(Time::from_unix(NOW + 1)).clock(|| Time::from_unix(NOW));
    let hash = |reader: ItsDangerous| reader.digest(bulla::Digest::Sha256).derivation(Derivation::Concat);
    Readers {
        m2crypto: M2Crypto::sha256(&import, [SECRET]).unwrap(),
        signed: hash(ItsDangerous::signed(&import, [SECRET], "fuzz").unwrap()),
        serialized: hash(ItsDangerous::serialized(&import, [SECRET], "fuzz").unwrap()),
        dumped: Django::dumped(&import, [SECRET], "fuzz").unwrap(),
    }
});

fn tag(key: &[u8], data: &str) -> impl AsRef<[u8]> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes()
}

/// As itsdangerous and Django sign it, with the key that they derive.
fn signed(prefix: &[u8], separator: char, text: &str) -> String {
    let key = Sha256::digest([prefix, SECRET].concat());
    format!("{text}{separator}{}", Base64UrlUnpadded::encode_string(tag(&key, text).as_ref()))
}

/// What is read has not ended, and is no longer than it may be.
fn is_sound(token: &OldToken) {
    let now = Time::from_unix(NOW);
    assert!(token.ends().is_none_or(|end| now < end));
    assert!(token.issued().is_none_or(|issued| issued <= now + Duration::from_secs(30)));
    assert!(token.data().len() <= 1 << 16);
}

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let readers = &*READERS;
    assert!(readers.m2crypto.accept(text).is_err(), "nobody signed it");
    for reader in [&readers.signed, &readers.serialized] {
        assert!(
            reader.accept(text, HOUR).is_err() && reader.accept_endless(text).is_err(),
            "nobody signed it"
        );
    }
    assert!(readers.dumped.accept(text, HOUR).is_err(), "nobody signed it");

    // As if the secret had signed it, and as M2Crypto writes it after a time.
    let marked = format!("{text}&digest=");
    let marked = format!("{marked}{}", Base64::encode_string(tag(SECRET, &marked).as_ref()));
    let ours = format!("exp=1800000001.0&data={text}&digest=");
    let ours = format!("{ours}{}", Base64::encode_string(tag(SECRET, &ours).as_ref()));
    let dotted = signed(b"fuzz", '.', text);
    let colons = signed(b"fuzzsigner", ':', text);
    for token in [
        readers.m2crypto.accept(&marked),
        readers.signed.accept(&dotted, HOUR),
        readers.serialized.accept(&dotted, HOUR),
        readers.serialized.accept_endless(&dotted),
        readers.dumped.accept(&colons, HOUR),
        readers.dumped.accept_endless(&colons),
    ]
    .into_iter()
    .flatten()
    {
        is_sound(&token);
    }
    // Text that is signed comes back as it was.
    if ours.len() <= 4096 {
        assert_eq!(readers.m2crypto.accept(&ours).unwrap().data(), data);
    }
    if dotted.len() <= 4096 {
        assert_eq!(readers.signed.accept_endless(&dotted).unwrap().data(), data);
    }
}
