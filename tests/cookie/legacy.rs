//! Old tokens made by M2Crypto, itsdangerous and Django themselves are read, and say what they were made to say.
use std::process::Command;
use std::time::Duration;

use bulla::cookie::legacy::{Derivation, Django, Import, ItsDangerous, M2Crypto, OldToken};
use bulla::{Digest, Time};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::lab::{HOUR, NOW, at};
use crate::peers;

const SECRET: &str = "correct horse battery staple";
const SECRETS: [&str; 2] = ["another one, of before or after", SECRET];

fn import() -> Import {
    Import::until(at(86_400)).clock(|| at(60))
}

/// 60 texts, with all letters that a cookie, a template or JSON could stumble over.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let mut one = |strategy: &str| strategy.new_tree(&mut runner).unwrap().current();
    let known =
        ["", "alice", "a&digest=b", "exp=1.5&data=x&digest=", "&data=", "\"", "a:b.c", ".", "é\\,;\" €"];
    let mut texts: Vec<String> = known.map(str::to_owned).into();
    texts.extend((0..25).map(|_| one("\\PC{0,80}")));
    texts.extend((0..20).map(|_| one("[ -~]{0,200}")));
    texts.extend((0..6).map(|_| one("[a-z]{1,4}").repeat(100)));
    texts
}

/// The tokens that the libraries make: an order for each text.
fn made(order: impl Fn(&str) -> Value) -> Option<Vec<(String, String)>> {
    let (python, m2crypto) = (peers::find("python")?, peers::find("m2crypto")?);
    let folder = m2crypto.ancestors().nth(2).unwrap();
    let texts = texts();
    let orders: Vec<Value> = texts.iter().map(|text| order(text)).collect();
    let orders = json!({ "now": NOW, "secret": SECRET, "orders": orders }).to_string();
    let mut run = Command::new(python);
    run.arg(peers::script("old_tokens.py")).arg(folder);
    let tokens: Vec<String> =
        serde_json::from_slice(&peers::run(&mut run, orders.as_bytes()).unwrap()).unwrap();
    assert_eq!(tokens.len(), texts.len());
    Some(texts.into_iter().zip(tokens).collect())
}

fn session(text: &str) -> Value {
    json!({ "user": 7, "text": text })
}

#[track_caller]
fn says_json(token: &OldToken, text: &str) {
    assert_eq!(serde_json::from_slice::<Value>(token.data()).unwrap(), session(text));
}

#[track_caller]
fn says(token: &OldToken, text: &str) {
    assert_eq!(std::str::from_utf8(token.data()).unwrap(), text);
}

#[track_caller]
fn lasts_an_hour(token: &OldToken) {
    assert_eq!((token.issued(), token.ends()), (Some(at(0)), Some(at(3600))));
}

#[track_caller]
fn never_ends(token: &OldToken) {
    assert_eq!((token.issued(), token.ends()), (None, None));
}

#[test]
fn cookies_of_m2crypto_are_read() {
    let sha1 = M2Crypto::sha1(&import(), SECRETS).unwrap();
    let sha256 = M2Crypto::sha256(&import(), SECRETS).unwrap();
    for (version, reader, other) in [("0.45.1", &sha1, &sha256), ("0.51.0", &sha256, &sha1)] {
        for bare in [false, true] {
            let ends = 1_800_003_600.75; // `at(3600)`, and a part of a second
            let order = |text: &str| json!({ "what": "m2crypto", "version": version, "ends": ends, "bare": bare, "data": text });
            for (text, cookie) in made(order).into_iter().flatten() {
                let token = reader.accept(&cookie).unwrap();
                says(&token, &text);
                assert_eq!((token.issued(), token.ends()), (None, Some(at(3600))));
                other.accept(&cookie).unwrap_err();
            }
        }
    }
}

/// `AuthCookie.py` of 2002 and of 0.21 to 0.36 wrote the time as `repr` of a float did. Those here were made by the function `mix` of
/// that source with Python 3.11, and HMAC-SHA-1 under the key below.
#[test]
fn cookies_of_the_first_m2crypto_are_read() {
    let reader = M2Crypto::sha1(&import(), [b"0123456789abcdefghij"]).unwrap();
    for (cookie, ends) in [
        ("exp=1800003600.0&data=alice&digest=LN56smqTV/yEWN8+ObMEojP74Xg=", 1800003600),
        ("exp=1800003600.123457&data=alice&digest=HXP7zTMtSYkblr6GvLjeVe07GNA=", 1800003600),
        ("exp=1800003600.7&data=alice&digest=L2NqowsYlF1CSpX4DBfFBBJZrmY=", 1800003600),
    ] {
        let token = reader.accept(cookie).unwrap();
        says(&token, "alice");
        assert_eq!(token.ends(), Some(Time::from_unix(ends)));
    }
}

#[test]
fn tokens_of_itsdangerous_are_read() {
    let digests = [("sha1", Digest::Sha1), ("sha256", Digest::Sha256), ("sha512", Digest::Sha512)];
    let derivations = [
        ("django-concat", Derivation::DjangoConcat),
        ("concat", Derivation::Concat),
        ("hmac", Derivation::Hmac),
        ("none", Derivation::None),
    ];
    for ((digest, derivation), salt) in digests
        .into_iter()
        .flat_map(|digest| derivations.map(|derivation| (digest, derivation)))
        .zip(["itsdangerous", "", "grüße"].into_iter().cycle())
    {
        let order = |maker: &str, data: Value| json!({ "what": format!("itsdangerous {maker}"), "digest": digest.0, "derivation": derivation.0, "salt": salt, "data": data });
        let signed = ItsDangerous::signed(&import(), SECRETS, salt).unwrap();
        let signed = signed.digest(digest.1).derivation(derivation.1);
        let packed = ItsDangerous::serialized(&import(), SECRETS, salt).unwrap();
        let packed = packed.digest(digest.1).derivation(derivation.1);
        for (text, token) in made(|text| order("TimestampSigner", text.into())).into_iter().flatten() {
            let token = signed.accept(&token, HOUR).unwrap();
            says(&token, &text);
            lasts_an_hour(&token);
        }
        for (text, token) in made(|text| order("Signer", text.into())).into_iter().flatten() {
            let token = signed.accept_endless(&token).unwrap();
            says(&token, &text);
            never_ends(&token);
        }
        for (text, token) in made(|text| order("URLSafeTimedSerializer", session(text))).into_iter().flatten()
        {
            let token = packed.accept(&token, HOUR).unwrap();
            says_json(&token, &text);
            lasts_an_hour(&token);
        }
        for (text, token) in made(|text| order("URLSafeSerializer", session(text))).into_iter().flatten() {
            let token = packed.accept_endless(&token).unwrap();
            says_json(&token, &text);
            never_ends(&token);
        }
    }
}

#[test]
fn what_django_signed_is_read() {
    for (name, digest) in [("sha256", Digest::Sha256), ("sha1", Digest::Sha1)] {
        let order = |maker: &str, text: &str| json!({ "what": format!("django {maker}"), "digest": name, "salt": "invitations", "data": text });
        let reader = Django::signed(&import(), SECRETS, "invitations").unwrap().digest(digest);
        for (text, token) in made(|text| order("TimestampSigner", text)).into_iter().flatten() {
            let token = reader.accept(&token, HOUR).unwrap();
            says(&token, &text);
            lasts_an_hour(&token);
        }
        for (text, token) in made(|text| order("Signer", text)).into_iter().flatten() {
            let token = reader.accept_endless(&token).unwrap();
            says(&token, &text);
            never_ends(&token);
        }
    }
}

#[test]
fn what_django_dumped_is_read() {
    let dumped = Django::dumped(&import(), SECRETS, "invitations").unwrap();
    for compress in [false, true] {
        let order = |text: &str| json!({ "what": "django dumps", "salt": "invitations", "compress": compress, "data": session(text) });
        let tokens = made(order);
        let packed = tokens.iter().flatten().filter(|(_, token)| token.starts_with('.')).count();
        assert!(tokens.is_none() || (packed > 0) == compress);
        for (text, token) in tokens.into_iter().flatten() {
            let token = dumped.accept(&token, HOUR).unwrap();
            says_json(&token, &text);
            lasts_an_hour(&token);
        }
    }
    let sessions = Django::sessions(&import(), SECRETS).unwrap();
    let order = |text: &str| json!({ "what": "django session", "data": session(text) });
    for (text, token) in made(order).into_iter().flatten() {
        let token = sessions.accept(&token, HOUR).unwrap();
        says_json(&token, &text);
        lasts_an_hour(&token);
    }
}

#[test]
fn cookies_that_django_signed_are_read() {
    for (name, salt) in [("invite", "salt"), ("invite", ""), ("a", "grüße")] {
        let new = Django::cookie(&import(), SECRETS, name, salt).unwrap();
        let old = Django::cookie_with_ambiguous_salt(&import(), SECRETS, name, salt).unwrap();
        for (maker, reader, other) in
            [("django set_signed_cookie", &new, &old), ("django old set_signed_cookie", &old, &new)]
        {
            let order = |text: &str| json!({ "what": maker, "name": name, "salt": salt, "data": text });
            for (text, token) in made(order).into_iter().flatten() {
                other.accept(&token, HOUR).unwrap_err();
                let token = reader.accept(&token, HOUR).unwrap();
                says(&token, &text);
                lasts_an_hour(&token);
            }
        }
    }
}

/// CVE-2026-6873, and that the reader for what was made since has none of it.
#[test]
fn only_the_reader_that_says_so_takes_a_cookie_for_another() {
    let order = |maker: &'static str| move |text: &str| json!({ "what": maker, "name": "ab", "salt": "c", "data": text });
    let old = Django::cookie_with_ambiguous_salt(&import(), SECRETS, "a", "bc").unwrap();
    let new = Django::cookie(&import(), SECRETS, "a", "bc").unwrap();
    for (text, token) in made(order("django old set_signed_cookie")).into_iter().flatten() {
        says(&old.accept(&token, HOUR).unwrap(), &text);
    }
    for (_, token) in made(order("django set_signed_cookie")).into_iter().flatten() {
        new.accept(&token, HOUR).unwrap_err();
        old.accept(&token, Duration::MAX).unwrap_err();
    }
}
