//! Where Redis may be, and what is refused before anything is sent.
use std::time::Duration;

use bulla::adapters::redis::Redis;
use bulla::cookie::{OnStale, Standing, Store};
use bulla::{Key, Time, TokenKeyring};

use super::lab::{BOUND, LIMIT, Lab, until};

fn opened(url: &str) -> Result<(), String> {
    Redis::open(url, Key::generate()).map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_password_does_not_go_over_a_network_in_the_clear() {
    for url in [
        "rediss://redis.example.org",
        "rediss://user:secret@10.0.0.7:6380/3",
        "redis://localhost",
        "redis://127.0.0.1:6380",
        "redis://[::1]",
        "unix:///run/redis.sock",
    ] {
        opened(url).unwrap();
    }
    for url in
        ["redis://redis.example.org", "redis://user:secret@10.0.0.7:6380", "redis://localhost.example.org"]
    {
        let error = opened(url).unwrap_err();
        assert!(error.contains("in the clear") && !error.contains("secret"), "{error}");
        Redis::open_plaintext(url, Key::generate()).unwrap();
    }
}

#[test]
fn what_is_no_address_is_refused_without_the_password() {
    for url in
        ["", "http://x", "redis://", "redis://:secret@localhost/x", "rediss://:secret@localhost/#insecure"]
    {
        let error = opened(url).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn anchors_are_for_tls_and_are_certificates() {
    for (url, anchors) in [("rediss://x", "".as_bytes()), ("rediss://x", b"-----BEGIN CERTIFICATE-----\nx")] {
        assert!(Redis::open_with_anchors(url, anchors, Key::generate()).is_err());
    }
}

/// The rights stand there between the words `~bulla:*` and the end of what is set in type.
#[tokio::test]
async fn a_user_with_the_rights_that_the_manual_gives_can_do_all() {
    let Some(lab) = Lab::new() else { return };
    let manual = include_str!("../../docs/redis.md");
    let rights = manual.split_once("`~bulla:*").unwrap().1.split_once('`').unwrap().0;
    let mut words = vec!["ACL", "SETUSER", "app", "on", ">secret", "~bulla:*"];
    words.extend(rights.split_whitespace());
    let words: Vec<_> = words.into_iter().map(str::as_bytes).collect();
    lab.server.does::<()>(&words);
    lab.server.does::<()>(&[b"ACL", b"SETUSER", b"default", b"resetpass", b">other"]);
    let url = format!("{}?user=app&pass=secret", lab.server.url());
    let redis = Redis::open(&url, lab.key()).unwrap().every(Duration::from_millis(20)).deadline(LIMIT);
    let (one, one_link) = redis.link(BOUND, OnStale::Ask).unwrap();
    let (other, other_link) = redis.link(BOUND, OnStale::Ask).unwrap();
    assert!(one_link.ready(LIMIT).await && other_link.ready(LIMIT).await);
    let session = lab.session(1);
    one.end(&session, Duration::ZERO, Time::now()).unwrap();
    until("it is heard", || other.standing(&session, None, Time::now()) == Standing::Revoked).await;
    assert_eq!(other.ask(&session, None, Time::now()).await.unwrap(), Standing::Revoked);
    let store = redis.store();
    let until = Time::now() + LIMIT;
    store.put(&[7; 32], b"a", until).await.unwrap();
    assert!(store.swap(&[7; 32], Some(b"a"), b"b", until).await.unwrap());
    assert_eq!(store.get(&[7; 32]).await.unwrap().as_deref(), Some(b"b".as_slice()));
    store.remove(&[7; 32]).await.unwrap();
    let ring = TokenKeyring::generate(Duration::ZERO, LIMIT, Time::now()).unwrap();
    redis.publish_keyring(&ring).await.unwrap();
    assert!(redis.read_keyring().await.unwrap().is_some());
}

#[test]
fn a_prefix_is_short_and_can_be_seen() {
    let redis = Redis::open("rediss://x", Key::generate()).unwrap();
    for prefix in ["a", "shop:sessions", &"x".repeat(64)] {
        assert!(redis.clone().prefix(prefix).is_ok());
    }
    for prefix in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
        assert!(redis.clone().prefix(prefix).is_err(), "{prefix}");
    }
}
