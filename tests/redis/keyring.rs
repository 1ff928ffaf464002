//! The keys of tokens, published by one host and taken into use by others.
use std::time::{Duration, Instant};

use bulla::cookie::{Scope, TokenKeys, Tokens};
use bulla::{ErrorKind, Time, TokenKeyring};

use super::lab::{HOUR, LIMIT, Lab, Login, until};

const EVERY: Duration = Duration::from_millis(20);

fn ring(now: Time) -> TokenKeyring {
    TokenKeyring::generate(Duration::from_secs(2), HOUR, now).unwrap()
}

fn long_ago() -> Time {
    Time::now() - HOUR
}

/// Whether what is made by the one counts by the others.
fn accepts(keys: &TokenKeys, ring: &TokenKeyring) -> bool {
    let again = TokenKeyring::parse(ring.expose_text().as_bytes()).unwrap();
    let tokens = |keys: &TokenKeys| Tokens::<Login>::new(keys, Scope::new("session").unwrap()).unwrap();
    let token = tokens(&TokenKeys::new(again)).issue(&Login { user: 7 }).unwrap();
    tokens(keys).accept(token.expose_text()).is_ok()
}

#[tokio::test]
async fn a_ring_that_one_host_publishes_comes_into_use_on_others() {
    let Some(lab) = Lab::new() else { return };
    let (here, there) = (lab.redis(), lab.redis());
    assert!(here.read_keyring().await.unwrap().is_none());
    let mut ring = ring(long_ago());
    here.publish_keyring(&ring).await.unwrap();
    let keys = there.follow_keyring(there.read_keyring().await.unwrap().unwrap(), EVERY).unwrap();
    assert!(accepts(&keys, &ring));
    // Twice within a second, too: the number rises all the same.
    ring.stage(long_ago()).unwrap();
    here.publish_keyring(&ring).await.unwrap();
    ring.rotate(Time::now()).unwrap();
    here.publish_keyring(&ring).await.unwrap();
    until("the new key is accepted", || accepts(&keys, &ring)).await;
}

#[tokio::test]
async fn what_is_no_ring_or_an_older_one_changes_nothing() {
    let Some(lab) = Lab::new() else { return };
    let redis = lab.redis();
    let mut ring = ring(long_ago());
    redis.publish_keyring(&ring).await.unwrap();
    let first: Vec<u8> = lab.server.does(&[b"GET", b"bulla:keyring"]);
    let keys = redis.follow_keyring(redis.read_keyring().await.unwrap().unwrap(), EVERY).unwrap();
    ring.stage(long_ago()).unwrap();
    redis.publish_keyring(&ring).await.unwrap();
    let staged: Vec<u8> = lab.server.does(&[b"GET", b"bulla:keyring"]);
    let mut rotated = TokenKeyring::parse(ring.expose_text().as_bytes()).unwrap();
    rotated.rotate(Time::now()).unwrap();
    until("the staged key is accepted", || accepts(&keys, &rotated)).await;
    let mut changed = staged.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut renumbered = first.clone();
    renumbered[..8].copy_from_slice(&u64::MAX.to_be_bytes());
    let strangers = Lab::at(super::server::Server::start().unwrap());
    strangers.redis().publish_keyring(&rotated).await.unwrap();
    let other_key: Vec<u8> = strangers.server.does(&[b"GET", b"bulla:keyring"]);
    // An older one under the same active key, too: that would no longer accept what the staged key makes elsewhere.
    for bad in [b"x".as_slice(), &[0; 9], &changed, &renumbered, &first, &other_key, &vec![7; 1 << 20]] {
        lab.server.does::<()>(&[b"SET", b"bulla:keyring", bad]);
        tokio::time::sleep(EVERY * 5).await;
        assert!(accepts(&keys, &ring) && accepts(&keys, &rotated));
    }
    assert_eq!(redis.publish_keyring(&rotated).await.unwrap_err().kind(), ErrorKind::Io);
    assert!(redis.read_keyring().await.is_err());
    lab.server.does::<()>(&[b"DEL", b"bulla:keyring"]);
    // The follower goes on.
    rotated.stage(Time::now() - Duration::from_secs(5)).unwrap();
    let staged = TokenKeyring::parse(rotated.expose_text().as_bytes()).unwrap();
    rotated.rotate(Time::now()).unwrap();
    // Without one before it, its number is the time in seconds: within the same one it is refused.
    let limit = Instant::now() + LIMIT;
    while !accepts(&keys, &rotated) {
        assert!(Instant::now() < limit, "a later ring comes into use");
        redis.publish_keyring(&staged).await.unwrap();
        tokio::time::sleep(EVERY * 5).await;
    }
}

#[tokio::test]
async fn a_ring_that_spreads_faster_than_hosts_look_is_refused() {
    let Some(lab) = Lab::new() else { return };
    let error =
        lab.redis().follow_keyring(ring(Time::now()), Duration::from_millis(1001)).map(drop).unwrap_err();
    assert!(error.to_string().contains("2000 ms"), "{error}");
}
