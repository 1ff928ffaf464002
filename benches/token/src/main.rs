//! Times making and accepting tokens beside others' in turns, and prints a table: `bulla-bench-token [ROUNDS [NAME]]`.
//!
//! All carry the same claims, a user and a text, of 100 bytes in bulla's CBOR. What each gives back is its own: bulla, jsonwebtoken
//! and pasetors give typed claims with their times, cookie and Fernet the text of them. To compare like with like, bulla has a row
//! with a text, too, and SignedJar one with JSON. bulla's `issue` draws a new session's number from the system, which no other
//! does but those that need a nonce; `renew`, which is what a session in use costs, keeps the number.
use std::hint::black_box;
use std::time::{Duration, Instant};

use bulla::cookie::{Claims, Lifetime, Scope, Sealed, Subject, TokenKeys, Tokens};
use bulla::{Time, TokenKeyring};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Login {
    user: u64,
    text: String,
    exp: u64,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        None
    }
}

/// What `SignedJar` carries: a text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Text(String);

impl Claims for Text {
    const PURPOSE: &'static str = "text";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        None
    }
}

/// One that makes a token and reads it.
struct Peer {
    name: &'static str,
    make: Box<dyn Fn()>,
    read: Box<dyn Fn()>,
    length: usize,
}

fn peer(name: &'static str, make: impl Fn() -> String + 'static, read: impl Fn(&str) + 'static) -> Peer {
    let token = make();
    let length = token.len();
    read(&token);
    Peer {
        name,
        length,
        make: Box::new(move || drop(black_box(make()))),
        read: Box::new(move || read(black_box(&token))),
    }
}

fn bulla_peer<C: Claims>(name: &'static str, claims: C) -> Peer {
    let hour = Duration::from_secs(3600);
    let keys = TokenKeys::new(TokenKeyring::generate(hour, hour, Time::now()).unwrap());
    let tokens = || Tokens::<C>::new(&keys, Scope::new("__Host-session").unwrap()).unwrap();
    let (maker, reader) = (tokens(), tokens());
    let make = move || maker.issue(&claims).unwrap().expose_text().to_owned();
    peer(name, make, move |token| drop(black_box(reader.accept(token).unwrap())))
}

fn renewal(login: Login) -> Peer {
    let hour = Duration::from_secs(3600);
    let keys = TokenKeys::new(TokenKeyring::generate(hour, hour, Time::now()).unwrap());
    let tokens = || Tokens::<Login>::new(&keys, Scope::new("__Host-session").unwrap()).unwrap();
    let (maker, reader) = (tokens(), tokens());
    let session = *maker.issue(&login).unwrap().stamp();
    let make = move || maker.renew(&session, &login).unwrap().expose_text().to_owned();
    peer("bulla, renew", make, move |token| drop(black_box(reader.accept(token).unwrap())))
}

fn jar_with_json(login: Login) -> Peer {
    use cookie::{Cookie, CookieJar, Key};
    let key = Key::from(&[7; 64]);
    let reader = key.clone();
    let make = move || {
        let text = serde_json::to_string(&login).unwrap();
        let (mut jar, cookie) = (CookieJar::new(), Cookie::new("__Host-session", text));
        jar.signed_mut(&key).add(cookie);
        jar.get("__Host-session").unwrap().value().to_owned()
    };
    peer("cookie, SignedJar and JSON", make, move |token| {
        let (jar, cookie) = (CookieJar::new(), Cookie::new("__Host-session", token.to_owned()));
        let cookie = jar.signed(&reader).verify(cookie).unwrap();
        drop(black_box(serde_json::from_str::<Login>(cookie.value()).unwrap()));
    })
}

fn peers() -> Vec<Peer> {
    let exp = u64::try_from(Time::now().unix()).unwrap() + 3600;
    let login = Login { user: 7_000_000_000, text: "x".repeat(70), exp };
    let text = format!("{}:{}:{}", login.user, login.exp, login.text);
    let mut all = vec![
        bulla_peer("bulla", login.clone()),
        renewal(login.clone()),
        bulla_peer("bulla, a text", Text(text.clone())),
        bulla_peer("bulla, sealed", Sealed(login.clone())),
        jar_with_json(login.clone()),
    ];

    for (name, private) in [("cookie, SignedJar", false), ("cookie, PrivateJar", true)] {
        use cookie::{Cookie, CookieJar, Key};
        let key = Key::from(&[7; 64]);
        let (for_make, for_read, value) = (key.clone(), key, text.clone());
        let make = move || {
            let (mut jar, cookie) = (CookieJar::new(), Cookie::new("__Host-session", value.clone()));
            if private {
                jar.private_mut(&for_make).add(cookie);
            } else {
                jar.signed_mut(&for_make).add(cookie);
            }
            jar.get("__Host-session").unwrap().value().to_owned()
        };
        let read = move |token: &str| {
            let (jar, cookie) = (CookieJar::new(), Cookie::new("__Host-session", token.to_owned()));
            let got = if private {
                jar.private(&for_read).decrypt(cookie)
            } else {
                jar.signed(&for_read).verify(cookie)
            };
            drop(black_box(got.unwrap()));
        };
        all.push(peer(name, make, read));
    }

    let fernet = fernet::Fernet::new(&fernet::Fernet::generate_key()).unwrap();
    let (reader, bytes) = (fernet.clone(), text.into_bytes());
    let read = move |token: &str| drop(black_box(reader.decrypt_with_ttl(token, 3600).unwrap()));
    all.push(peer("fernet", move || fernet.encrypt(&bytes), read));

    let claims = login.clone();
    let make = move || {
        let key = jsonwebtoken::EncodingKey::from_secret(&[7; 32]);
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
    };
    let (key, rules) = (
        jsonwebtoken::DecodingKey::from_secret(&[7; 32]),
        jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256),
    );
    let read =
        move |token: &str| drop(black_box(jsonwebtoken::decode::<Login>(token, &key, &rules).unwrap()));
    all.push(peer("jsonwebtoken, HS256", make, read));

    all.push(paseto(login));
    all
}

fn paseto(login: Login) -> Peer {
    use pasetors::claims::{Claims, ClaimsValidationRules};
    use pasetors::keys::SymmetricKey;
    use pasetors::token::UntrustedToken;
    use pasetors::{Local, local, version4::V4};
    let key = SymmetricKey::<V4>::from(&[7; 32]).unwrap();
    let reader = key.clone();
    let make = move || {
        let mut claims = Claims::new().unwrap();
        claims.add_additional("user", login.user).unwrap();
        claims.add_additional("text", login.text.as_str()).unwrap();
        local::encrypt(&key, &claims, None, None).unwrap()
    };
    let rules = ClaimsValidationRules::new();
    let read = move |token: &str| {
        let token = UntrustedToken::<Local, V4>::try_from(token).unwrap();
        drop(black_box(local::decrypt(&reader, &token, &rules, None, None).unwrap()));
    };
    peer("pasetors, v4.local", make, read)
}

/// Nanoseconds of one call, over as many as take some milliseconds.
fn time(work: &dyn Fn(), calls: u32) -> f64 {
    let start = Instant::now();
    (0..calls).for_each(|_| work());
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let rounds = std::env::args().nth(1).map_or(100, |text| text.parse().expect("a number of rounds"));
    let wanted = std::env::args().nth(2);
    let peers = peers().into_iter().filter(|peer| wanted.as_ref().is_none_or(|name| peer.name == name));
    let peers: Vec<Peer> = peers.collect();
    let mut read = vec![Vec::new(); peers.len()];
    let mut make = vec![Vec::new(); peers.len()];
    for _ in 0..rounds {
        for (at, peer) in peers.iter().enumerate() {
            read[at].push(time(&peer.read, 1000));
            make[at].push(time(&peer.make, 500));
        }
    }
    println!("| token | accept, ns | to bulla's | the least | issue, ns | the least | characters |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let least = |times: &[f64]| times.iter().copied().fold(f64::MAX, f64::min);
    for (at, peer) in peers.iter().enumerate() {
        let ratio = median(read[at].iter().zip(&read[0]).map(|(own, bullas)| own / bullas).collect());
        let (least_read, least_make) = (least(&read[at]), least(&make[at]));
        let (read, make) = (median(read[at].clone()), median(make[at].clone()));
        println!(
            "| {} | {read:.0} | {ratio:.2} | {least_read:.0} | {make:.0} | {least_make:.0} | {} |",
            peer.name, peer.length
        );
    }
}
