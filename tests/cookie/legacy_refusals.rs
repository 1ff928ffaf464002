//! Old tokens that were changed, came too late, or were made for something else: refused, all with one error.
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use bulla::cookie::Refusal;
use bulla::cookie::legacy::{Derivation, Django, Import, ItsDangerous, M2Crypto, OldToken};
use bulla::{Digest, ErrorKind, Result};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::lab::{HOUR, at};

const SECRET: &str = "correct horse battery staple";
const KEY: &[u8; 20] = b"0123456789abcdefghij";

/// Made by M2Crypto 0.51.0, itsdangerous 2.2.0 and Django 5.2.19 at `at(0)`, as in the examples of bulla's documentation.
const M2CRYPTO: &str = "exp=1800003600.000000&data=alice&digest=UK84fHwy05Uh+gdVV75yxQqdwJNSvHcCl1rkBzDqZyg=";
const FLASK: &str = "eyJ1c2VyIjo3fQ.a0nSAA.R7fmcXudToFbNPKNktJm0LiynlM";
const SESSION: &str = "eyJfYXV0aF91c2VyX2lkIjoiNyJ9:1xocE4:Aewzb0a9akYrPjh1z68JgQ29jrvzfAQCXx2kJHFD3dQ";

/// Readers at one moment, and why the last token was refused.
struct Lab {
    m2crypto: M2Crypto,
    flask: ItsDangerous,
    django: Django,
    last: Arc<Mutex<Option<Refusal>>>,
}

impl Lab {
    fn at(seconds: i64) -> Self {
        let last = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&last);
        let import = Import::until(at(86_400))
            .clock(move || at(seconds))
            .watch(move |why| *heard.lock().unwrap() = Some(why));
        Lab {
            m2crypto: M2Crypto::sha256(&import, [KEY]).unwrap(),
            flask: ItsDangerous::serialized(&import, [SECRET], "cookie-session")
                .unwrap()
                .derivation(Derivation::Hmac),
            django: Django::sessions(&import, [SECRET]).unwrap(),
            last,
        }
    }

    fn reads(&self) -> [Result<OldToken>; 3] {
        [self.m2crypto.accept(M2CRYPTO), self.flask.accept(FLASK, HOUR), self.django.accept(SESSION, HOUR)]
    }

    #[track_caller]
    fn reads_all(&self) {
        for read in self.reads() {
            read.unwrap();
        }
    }

    /// Why it is refused. Whoever sent it learns nothing of that.
    #[track_caller]
    fn refusal(&self, read: Result<OldToken>) -> Refusal {
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthentic);
        assert_eq!(error.to_string(), "old token: it does not count, or not any more; begin anew: sign in");
        self.last.lock().unwrap().take().unwrap()
    }

    #[track_caller]
    fn refused(&self, text: &str) {
        self.refusal(self.m2crypto.accept(text));
        self.refusal(self.flask.accept(text, HOUR));
        self.refusal(self.flask.accept_endless(text));
        self.refusal(self.django.accept(text, HOUR));
        self.refusal(self.django.accept_endless(text));
    }
}

fn tag(key: &[u8], signed: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(signed).finalize().into_bytes().to_vec()
}

/// As a holder of the key could make it.
fn by_m2crypto(signed: &str) -> String {
    format!("{signed}&digest={}", Base64::encode_string(&tag(KEY, &format!("{signed}&digest="))))
}

/// As a holder of the secret could make it.
fn by_django(signed: &str) -> String {
    let salt = "django.contrib.sessions.backends.signed_cookies";
    let key = Sha256::digest(format!("{salt}signer{SECRET}"));
    format!("{signed}:{}", Base64UrlUnpadded::encode_string(&tag(&key, signed)))
}

fn compressed(bytes: &[u8]) -> String {
    let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    to.write_all(bytes).unwrap();
    format!(".{}", Base64UrlUnpadded::encode_string(&to.finish().unwrap()))
}

#[test]
fn every_bit_counts() {
    let lab = Lab::at(60);
    lab.reads_all();
    for token in [M2CRYPTO, FLASK, SESSION] {
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                lab.refused(std::str::from_utf8(&bytes).unwrap());
            }
            lab.refused(&token[..at]);
            lab.refused(&token[at + 1..]);
        }
        for more in ["=", "==", "A", " ", "\n", "&digest=", ":", ".", "\""] {
            lab.refused(&format!("{token}{more}"));
        }
    }
}

#[test]
fn another_spelling_of_a_tag_is_refused() {
    let lab = Lab::at(60);
    // Bits that no byte has room for: the libraries skip them.
    for (token, other) in
        [(M2CRYPTO, M2CRYPTO.replace("yg=", "yh=")), (SESSION, SESSION.replace("3dQ", "3dR"))]
    {
        assert_ne!(token, other);
        assert_eq!(lab.refusal(lab.m2crypto.accept(&other)), Refusal::Malformed);
        assert_eq!(lab.refusal(lab.django.accept(&other, HOUR)), Refusal::Malformed);
    }
}

#[test]
fn what_was_made_for_something_else_is_refused() {
    let import = Import::until(at(86_400)).clock(|| at(60));
    let flask = |secret: &str, salt: &str| ItsDangerous::serialized(&import, [secret], salt).unwrap();
    let django = |secret: &str, salt: &str| Django::dumped(&import, [secret], salt).unwrap();
    let (salt, sessions) = ("cookie-session", "django.contrib.sessions.backends.signed_cookies");
    flask(SECRET, salt).derivation(Derivation::Hmac).accept(FLASK, HOUR).unwrap();
    django(SECRET, sessions).accept(SESSION, HOUR).unwrap();
    for reader in [
        flask(SECRET, salt),
        flask(SECRET, salt).derivation(Derivation::Concat),
        flask(SECRET, salt).derivation(Derivation::None),
        flask(SECRET, salt).derivation(Derivation::Hmac).digest(Digest::Sha256),
        flask(SECRET, "cookie-sessions").derivation(Derivation::Hmac),
        flask("another secret of that length", salt).derivation(Derivation::Hmac),
    ] {
        reader.accept(FLASK, HOUR).unwrap_err();
    }
    for reader in [
        django(SECRET, sessions).digest(Digest::Sha1),
        django(SECRET, "django.core.signing"),
        django("another secret of that length", sessions),
        Django::cookie(&import, [SECRET], "sessionid", "").unwrap(),
    ] {
        reader.accept(SESSION, HOUR).unwrap_err();
    }
    M2Crypto::sha1(&import, [KEY]).unwrap().accept(M2CRYPTO).unwrap_err();
    M2Crypto::sha256(&import, [b"0123456789abcdefghiJ"]).unwrap().accept(M2CRYPTO).unwrap_err();
}

#[test]
fn a_token_ends_to_the_second() {
    Lab::at(3599).reads_all();
    let lab = Lab::at(3600);
    for read in lab.reads() {
        read.unwrap_err();
    }
    assert_eq!(lab.refusal(lab.m2crypto.accept(M2CRYPTO)), Refusal::Expired);
    assert_eq!(lab.refusal(lab.flask.accept(FLASK, HOUR)), Refusal::Expired);
    // Whatever a caller asks for.
    Lab::at(60).django.accept(SESSION, Duration::ZERO).unwrap_err();
    lab.django.accept(SESSION, Duration::MAX).unwrap();
}

#[test]
fn nothing_is_read_when_the_import_is_over() {
    let last = by_m2crypto("exp=99999999999.0&data=alice");
    let endless = by_django(SESSION.split(':').next().unwrap());
    let lab = Lab::at(86_399);
    lab.m2crypto.accept(&last).unwrap();
    lab.django.accept(SESSION, Duration::MAX).unwrap();
    lab.django.accept_endless(&endless).unwrap();
    let lab = Lab::at(86_400);
    assert_eq!(lab.refusal(lab.m2crypto.accept(&last)), Refusal::Expired);
    assert_eq!(lab.refusal(lab.django.accept(SESSION, Duration::MAX)), Refusal::Expired);
    assert_eq!(lab.refusal(lab.django.accept_endless(&endless)), Refusal::Expired);
}

#[test]
fn a_token_of_the_future_is_refused() {
    Lab::at(-30).reads_all();
    let lab = Lab::at(-31);
    assert_eq!(lab.refusal(lab.flask.accept(FLASK, HOUR)), Refusal::NotYet);
    assert_eq!(lab.refusal(lab.django.accept(SESSION, HOUR)), Refusal::NotYet);
}

#[test]
fn what_is_too_long_is_refused_before_it_is_looked_at() {
    let lab = Lab::at(60);
    for length in [4097, 10_000_000] {
        assert_eq!(lab.refusal(lab.m2crypto.accept(&"!".repeat(length))), Refusal::Oversize);
        assert_eq!(lab.refusal(lab.flask.accept(&"!".repeat(length), HOUR)), Refusal::Oversize);
        assert_eq!(lab.refusal(lab.django.accept_endless(&"!".repeat(length))), Refusal::Oversize);
    }
    assert_eq!(lab.refusal(lab.m2crypto.accept(&"!".repeat(4096))), Refusal::Malformed);
    // To the letter, as genuine ones.
    let empty = by_m2crypto("exp=1800003600.0&data=").len();
    let cookie = |room: usize| by_m2crypto(&format!("exp=1800003600.0&data={}", "x".repeat(room - empty)));
    assert_eq!(lab.m2crypto.accept(&cookie(4096)).unwrap().data().len(), 4096 - empty);
    assert_eq!(lab.refusal(lab.m2crypto.accept(&cookie(4097))), Refusal::Oversize);
}

#[test]
fn what_is_compressed_has_64_kib_at_most() {
    let lab = Lab::at(60);
    for (length, fits) in [(0, true), (1 << 16, true), ((1 << 16) + 1, false), (1 << 21, false)] {
        let token = by_django(&compressed(&vec![b' '; length]));
        let read = lab.django.accept_endless(&token);
        if fits {
            assert_eq!(read.unwrap().data().len(), length);
        } else {
            assert_eq!(lab.refusal(read), Refusal::Unfit);
        }
    }
    for bad in [".", ".AAAA", ".*", "*", "A", &compressed(b"{}")[..9]] {
        assert_eq!(lab.refusal(lab.django.accept_endless(&by_django(bad))), Refusal::Unfit, "{bad}");
    }
}

#[test]
fn times_that_are_none_are_refused() {
    let lab = Lab::at(60);
    for time in ["", "-1", "+1", " 1", "1_0", "é", "zzzzzzzzzzz", "1.5"] {
        let token = by_django(&format!("e30:{time}"));
        assert_eq!(lab.refusal(lab.django.accept(&token, HOUR)), Refusal::Malformed, "{time}");
    }
    assert_eq!(lab.refusal(lab.django.accept(&by_django("e30"), HOUR)), Refusal::Malformed);
    for time in
        ["", "1800003600", ".", "1.", ".5", "-1.5", "1e9.0", "1.5.5", " 1.5", "9223372036854775808.0", "inf"]
    {
        let cookie = by_m2crypto(&format!("exp={time}&data=alice"));
        assert_eq!(lab.refusal(lab.m2crypto.accept(&cookie)), Refusal::Malformed, "{time}");
    }
    for signed in
        ["", "exp=1800003600.0", "exp=1800003600.0&date=", " exp=1800003600.0&data=", "data=&exp=1.0&data="]
    {
        assert_eq!(lab.refusal(lab.m2crypto.accept(&by_m2crypto(signed))), Refusal::Malformed, "{signed}");
    }
}

#[test]
fn a_secret_that_could_be_guessed_is_refused() {
    let import = Import::until(at(86_400));
    let short = ["123456789012345"];
    let none: [&str; 0] = [];
    for error in [
        M2Crypto::sha1(&import, short).err(),
        M2Crypto::sha256(&import, none).err(),
        ItsDangerous::signed(&import, short, "").err(),
        ItsDangerous::serialized(&import, none, "").err(),
        Django::signed(&import, short, "").err(),
        Django::dumped(&import, [SECRET, ""], "").err(),
        Django::sessions(&import, none).err(),
        Django::cookie(&import, short, "a", "").err(),
        Django::cookie_with_ambiguous_salt(&import, short, "a", "").err(),
    ] {
        assert_eq!(error.unwrap().kind(), ErrorKind::Usage);
    }
    M2Crypto::sha1(&import, ["1234567890123456"]).unwrap();
}

proptest! {
    #[test]
    fn no_text_is_an_old_token(text: String, letters in "[-A-Za-z0-9_.:=&+/\"\\\\]{0,300}") {
        let lab = Lab::at(60);
        lab.refused(&text);
        lab.refused(&letters);
        lab.refused(&format!("\"{letters}\""));
    }

    #[test]
    fn what_a_holder_of_the_secret_writes_is_read_as_it_was_written_or_refused(text in "\\PC{0,200}", letters in "[.]?[-A-Za-z0-9_]{0,99}(:[0-9A-Za-z]{0,12})?") {
        let lab = Lab::at(60);
        let token = lab.m2crypto.accept(&by_m2crypto(&format!("exp=1800003600.0&data={text}"))).unwrap();
        prop_assert_eq!(token.data(), text.as_bytes());
        for signed in [&text, &letters] {
            let _ = lab.m2crypto.accept(&by_m2crypto(signed));
            let _ = lab.django.accept(&by_django(signed), HOUR);
            let _ = lab.django.accept_endless(&by_django(signed));
        }
    }
}
