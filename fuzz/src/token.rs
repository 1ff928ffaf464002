//! Tokens: nobody without the key gets one accepted, and what a holder of the key makes is accepted within its times or refused.
use std::sync::LazyLock;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use bulla::cookie::{Claims, Lifetime, Scope, Subject, TokenKeys, Tokens};
use bulla::{Key, Time, TokenKeyring};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

const NOW: u64 = 1_800_000_000;
const MASTER: [u8; 32] = [7; 32];

/// Of every kind that serde knows.
#[derive(Serialize, Deserialize)]
struct Everything {
    number: i64,
    text: Option<String>,
    list: Vec<(u8, bool)>,
    choice: Choice,
    #[serde(default)]
    tree: Option<Box<Everything>>,
}

#[derive(Serialize, Deserialize)]
enum Choice {
    Nothing,
    Float(f64),
    Fields { letter: char },
}

impl Claims for Everything {
    const PURPOSE: &'static str = "fuzz";
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));

    fn subject(&self) -> Option<Subject> {
        None
    }
}

static TOKENS: LazyLock<Tokens<Everything>> = LazyLock::new(|| {
    let key = Key::from_bytes(&MASTER);
    let text = format!("bulla-token-keyring/v1\nspread 300 longest 86400\nactive 1 {}\n", *key.expose_text());
    let keys = TokenKeys::new(TokenKeyring::parse(text.as_bytes()).unwrap());
    let now = Time::from_unix(NOW as i64);
    Tokens::new(&keys, Scope::new("fuzz").unwrap()).unwrap().clock(move || now)
});

/// The tag of docs/token-format.md, section 3.
fn tag(frame: &[u8]) -> [u8; 32] {
    let parts: [&[u8]; 5] = [b"bulla/token/v1/sign", b"fuzz", b"fuzz", b"", b""];
    let mut info = 5_u64.to_le_bytes().to_vec();
    for part in parts {
        info.extend((part.len() as u64).to_le_bytes());
        info.extend(part);
    }
    let mut key = [0; 32];
    hkdf::Hkdf::<Sha256>::new(None, &MASTER).expand(&info, &mut key).unwrap();
    Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(frame).finalize().into_bytes().into()
}

pub fn check(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(TOKENS.accept(text).is_err(), "nobody signed it");
    }
    // As if the key had signed it: the fields that a frame needs to come so far are put right, and the times are near to now,
    // so many seconds before or after as two bytes of each say.
    let [0, rest @ ..] = data else { return };
    let mut frame = rest.to_vec();
    if frame.len() < 60 {
        return;
    }
    for (at, near) in [(22, NOW), (30, NOW), (38, NOW + 900), (46, NOW + 20_000)] {
        let offset = i64::from(i16::from_be_bytes([frame[at], frame[at + 1]]));
        frame[at..at + 8].copy_from_slice(&near.saturating_add_signed(offset).to_be_bytes());
    }
    let id = Key::from_bytes(&MASTER).id().to_string();
    for at in 0..4 {
        frame[2 + at] = u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).unwrap();
    }
    frame[..2].copy_from_slice(&[1, 0]);
    let Ok(length) = u16::try_from(frame.len() - 60) else { return };
    frame[58..60].copy_from_slice(&length.to_be_bytes());
    let tag = tag(&frame);
    frame.extend(tag);
    if let Ok(accepted) = TOKENS.accept(&Base64UrlUnpadded::encode_string(&frame)) {
        let (stamp, now) = (accepted.by(), Time::from_unix(NOW as i64));
        assert!(stamp.issued() <= now + Duration::from_secs(30) && stamp.authenticated() <= stamp.issued());
        assert!(now < stamp.idle_until() && stamp.idle_until() <= stamp.until());
        assert!(stamp.until() <= stamp.authenticated() + Everything::LIFETIME.absolute());
        let again = TOKENS.renew(stamp, accepted.get());
        if let Ok(again) = again {
            let again = TOKENS.accept(again.expose_text()).unwrap();
            assert_eq!(again.by().session(), stamp.session());
        }
    }
}
