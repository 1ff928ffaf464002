//! A sealed keyring in a file comes into use when it is replaced, and nothing else does.
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bulla::adapters::keyring_file;
use bulla::cookie::{TokenKeys, Tokens};
use bulla::{Key, Time, TokenKeyring, file};

use super::lab::{HOUR, Lab, Login, at, login};

const EVERY: Duration = Duration::from_millis(10);

fn tokens(keys: &TokenKeys) -> Tokens<Login> {
    Lab::default().tokens(keys)
}

/// Whether what is made by this ring counts.
fn accepts(keys: &TokenKeys, ring: &TokenKeyring) -> bool {
    let ring = TokenKeyring::parse(ring.expose_text().as_bytes()).unwrap();
    let token = tokens(&TokenKeys::new(ring)).issue(&login()).unwrap();
    tokens(keys).accept(token.expose_text()).is_ok()
}

fn until(mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < limit);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ring(since: Time) -> TokenKeyring {
    TokenKeyring::generate(Duration::from_secs(2), HOUR * 24, since).unwrap()
}

#[test]
fn a_ring_that_replaces_another_in_a_file_comes_into_use_and_a_bad_or_older_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let key = Key::generate();
    let write = |ring: &TokenKeyring| file::write_token_keyring(ring, &key, &path, true).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let with = || Key::from_bytes(key.expose_bytes());
    let follow = |path: &Path, every| {
        let told = Arc::clone(&told);
        keyring_file::follow(path, with(), every, move |error| told.lock().unwrap().push(error.to_string()))
    };
    assert!(follow(&path, EVERY).is_err());
    let mut ring = ring(at(-7200));
    let older = TokenKeyring::generate(Duration::from_secs(2), HOUR * 24, at(-7201)).unwrap();
    write(&ring);
    let error = follow(&path, Duration::from_millis(1001)).map(drop).unwrap_err();
    assert!(error.to_string().contains("2000 ms"), "{error}");
    let keys = follow(&path, EVERY).unwrap();
    assert!(accepts(&keys, &ring));

    ring.stage(at(-3600)).unwrap();
    write(&ring);
    ring.rotate(at(-1800)).unwrap();
    until(|| accepts(&keys, &ring));
    write(&ring);
    // Each is told once, and changes nothing. What is no ring comes whole, too: half of it would be told for itself.
    let beside = folder.path().join("beside");
    let put = |path: &Path| {
        std::fs::write(&beside, "x").unwrap();
        std::fs::rename(&beside, path).unwrap();
    };
    let bad: [&dyn Fn(); 3] = [&|| write(&older), &|| put(&path), &|| {
        std::fs::remove_file(&path).unwrap();
    }];
    for (number, spoil) in (1..).zip(bad) {
        spoil();
        until(|| heard.lock().unwrap().len() >= number);
        std::thread::sleep(EVERY * 5);
        assert_eq!(heard.lock().unwrap().len(), number, "{heard:?}");
        assert!(accepts(&keys, &ring) && !accepts(&keys, &older));
    }
    assert!(heard.lock().unwrap()[0].contains("older than the one in use"), "{heard:?}");
    ring.stage(at(-900)).unwrap();
    write(&ring);
    ring.rotate(at(-600)).unwrap();
    until(|| accepts(&keys, &ring));
}

#[test]
fn a_file_is_followed_as_long_as_somebody_has_the_keys_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let key = Key::generate();
    file::write_token_keyring(&ring(at(-7200)), &key, &path, true).unwrap();
    let (held, seen) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
    let (by_follower, told) = (Arc::clone(&held), Arc::clone(&seen));
    let keys = keyring_file::follow(&path, key, EVERY, move |_| {
        let _ = &by_follower;
        told.fetch_add(1, Ordering::Relaxed);
    });
    // Only tokens have the keys now.
    let tokens = Lab::default().tokens::<Login>(&keys.unwrap());
    std::fs::write(&path, "x").unwrap();
    until(|| seen.load(Ordering::Relaxed) == 1);
    drop(tokens);
    until(|| Arc::strong_count(&held) == 1);
}
