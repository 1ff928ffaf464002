//! Hosts whose keys are sealed under one that a KMS keeps wrapped: it is asked when they start, and may be away from then on.
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bulla::adapters::key_wrap::{KeyWrap, new_key, unwrap_key};
use bulla::adapters::keyring_file;
use bulla::adapters::redis::Redis;
use bulla::cookie::{Scope, Tokens};
use bulla::{Error, ErrorKind, Key, Result, Time, TokenKeyring, TokenKeys, decrypt, encrypt, file};
use zeroize::Zeroizing;

use super::lab::{HOUR, Login, until};
use super::server::Server;

/// A KMS made for the test, over no network.
struct Kms {
    key: Mutex<Option<Key>>,
    asked: AtomicUsize,
}

impl Kms {
    fn new() -> Self {
        Kms { key: Mutex::new(Some(Key::generate())), asked: AtomicUsize::new(0) }
    }

    fn goes_away(&self) {
        *self.key.lock().unwrap() = None;
    }

    fn does<T>(&self, what: impl FnOnce(&Key) -> Result<T>) -> Result<T> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let key = self.key.lock().unwrap();
        what(key.as_ref().ok_or_else(|| Error::from(std::io::Error::other("the KMS is away")))?)
    }
}

impl KeyWrap for Kms {
    async fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>> {
        self.does(|own| encrypt(own, key))
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
        let key = Zeroizing::new(self.does(|own| decrypt(own, wrapped))?);
        Ok(Zeroizing::new(key.as_slice().try_into().map_err(std::io::Error::other)?))
    }
}

fn ring() -> TokenKeyring {
    TokenKeyring::generate(Duration::from_secs(2), HOUR, Time::now() - HOUR).unwrap()
}

/// Whether two hosts' keys are the same.
fn agree(one: &TokenKeys, other: &TokenKeys) -> bool {
    let [one, other] =
        [one, other].map(|keys| Tokens::<Login>::new(keys, Scope::new("session").unwrap()).unwrap());
    other.accept(one.issue(&Login { user: 7 }).unwrap().expose_text()).is_ok()
}

#[tokio::test]
async fn a_file_is_followed_while_the_kms_is_away() {
    let (kms, folder) = (Kms::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("ring");
    let (key, wrapped) = new_key(&kms).await.unwrap();
    assert!(!wrapped.windows(32).any(|window| window == key.expose_bytes()));
    let mut first = ring();
    file::write_token_keyring(&first, &key, &path, false).unwrap();
    let host = async || {
        let key = unwrap_key(&kms, &wrapped).await?;
        keyring_file::follow(&path, key, Duration::from_millis(1), |error| panic!("{error}"))
    };
    let (one, other) = (host().await.unwrap(), host().await.unwrap());
    assert!(agree(&one, &other));
    kms.goes_away();
    // A new ring comes into use all the same, and nobody asks.
    first.stage(Time::now() - HOUR).unwrap();
    first.rotate(Time::now()).unwrap();
    file::write_token_keyring(&first, &key, &path, true).unwrap();
    let now = TokenKeys::new(TokenKeyring::parse(first.expose_text().as_bytes()).unwrap());
    until("the new ring is in use", || agree(&now, &one) && agree(&now, &other)).await;
    assert_eq!(kms.asked.load(Ordering::SeqCst), 3);
    assert_eq!(host().await.map(drop).unwrap_err().kind(), ErrorKind::Io);
}

#[tokio::test]
async fn keys_in_redis_are_read_by_hosts_that_have_the_wrapped_key_and_by_no_others() {
    let Some(server) = Server::start() else { return };
    let (kms, stranger) = (Kms::new(), Kms::new());
    let (key, wrapped) = new_key(&kms).await.unwrap();
    Redis::open(&server.url(), key).unwrap().publish_keyring(&ring()).await.unwrap();
    let again = unwrap_key(&kms, &wrapped).await.unwrap();
    assert!(Redis::open(&server.url(), again).unwrap().read_keyring().await.unwrap().is_some());
    assert!(unwrap_key(&stranger, &wrapped).await.is_err());
    let mut changed = wrapped.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(unwrap_key(&kms, &changed).await.is_err());
}
