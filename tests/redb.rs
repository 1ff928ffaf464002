//! The store in a file: it keeps what every store promises, also after a restart, and shows nobody a session.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "cookie/store.rs"]
mod store;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bulla::adapters::redb::RedbStore;
use bulla::cookie::{
    Claims, Lifetime, OneTime, Payloads, Recognition, Remember, Revocations, Scope, Series, Store, Subject,
    TokenKeys, Tokens,
};
use bulla::{ErrorKind, TokenKeyring};
use serde::{Deserialize, Serialize};
use store::{Hand, forgets_what_has_ended, keeps_its_promises};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Claim {
    user: u64,
}

impl Claims for Claim {
    const PURPOSE: &'static str = "claim";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

/// What a host has beside its memory: keys, and a file.
struct Host {
    dir: tempfile::TempDir,
    clock: Hand,
    keys: String,
}

fn host() -> Host {
    let clock = Hand::new();
    let hour = Duration::from_secs(3600);
    let ring = TokenKeyring::generate(Duration::from_secs(300), hour, clock.now() - hour).unwrap();
    Host { dir: tempfile::tempdir().unwrap(), clock, keys: ring.expose_text().to_string() }
}

impl Host {
    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("sessions.redb")
    }

    fn store(&self) -> RedbStore {
        let clock = self.clock.clone();
        RedbStore::open_with_clock(self.path(), move || clock.now()).unwrap()
    }

    fn tokens<C: Claims>(&self) -> Tokens<C> {
        let clock = self.clock.clone();
        let keys = TokenKeys::new(TokenKeyring::parse(self.keys.as_bytes()).unwrap());
        Tokens::new(&keys, Scope::new("token").unwrap()).unwrap().clock(move || clock.now())
    }
}

#[tokio::test]
async fn a_store_in_a_file_keeps_the_promises_of_stores() {
    let (one, other) = (host(), host());
    keeps_its_promises(one.store(), one.clock.now()).await;
    forgets_what_has_ended(&other.store(), &other.clock).await;
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart() {
    let host = host();
    let (short, long) =
        (host.clock.now() + Duration::from_secs(10), host.clock.now() + Duration::from_secs(20));
    let store = host.store();
    store.put(&[1; 32], b"short", short).await.unwrap();
    store.put(&[2; 32], b"long", long).await.unwrap();
    drop(store);
    host.clock.pass(10);
    let store = host.store();
    assert_eq!(store.get(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.get(&[2; 32]).await.unwrap().unwrap(), b"long");
}

#[tokio::test]
async fn a_one_time_token_stays_used_after_a_restart() {
    let host = host();
    let links = OneTime::new(host.tokens::<Claim>(), host.store());
    let (used, unused) = (links.issue(&Claim { user: 7 }).unwrap(), links.issue(&Claim { user: 7 }).unwrap());
    links.redeem(used.expose_text()).await.map(drop).unwrap();
    drop(links);
    let links = OneTime::new(host.tokens::<Claim>(), host.store());
    for answer in [links.check(used.expose_text()).await, links.redeem(used.expose_text()).await] {
        assert_eq!(answer.map(drop).unwrap_err().kind(), ErrorKind::Unauthentic);
    }
    links.redeem(unused.expose_text()).await.map(drop).unwrap();
}

#[tokio::test]
async fn a_number_that_was_replaced_stays_replaced_after_a_restart() {
    let host = host();
    let begin = || Remember::new(host.tokens::<Series<Claim>>(), host.store(), Arc::new(Revocations::new()));
    let remember = begin();
    let first = remember.begin(Claim { user: 7 }).await.unwrap();
    host.clock.pass(60);
    let Recognition::Known { replacement: Some(second), .. } =
        remember.accept(first.expose_text()).await.unwrap()
    else {
        panic!("it was not replaced");
    };
    drop(remember);
    host.clock.pass(60);
    let remember = begin();
    let known = remember.accept(second.expose_text()).await.unwrap();
    assert!(matches!(known, Recognition::Known { replacement: Some(_), .. }));
    let stolen = remember.accept(first.expose_text()).await.unwrap();
    assert!(matches!(stolen, Recognition::Stolen { .. }));
}

#[tokio::test]
async fn whoever_reads_the_file_finds_no_session() {
    let host = host();
    let store = Arc::new(host.store());
    let token = host.tokens::<Claim>().issue(&Claim { user: 7 }).unwrap();
    let baskets = Payloads::<String, _>::new("basket", Arc::clone(&store));
    baskets.save(token.stamp(), &"seventeen pears".to_owned()).await.unwrap();
    OneTime::new(host.tokens::<Claim>(), Arc::clone(&store))
        .redeem(token.expose_text())
        .await
        .map(drop)
        .unwrap();
    drop((baskets, store));

    let file = std::fs::read(host.path()).unwrap();
    let has = |what: &[u8]| file.windows(what.len()).any(|bytes| bytes == what);
    let bytes = {
        use base64ct::Encoding;
        base64ct::Base64UrlUnpadded::decode_vec(token.expose_text()).unwrap()
    };
    // What is kept is there to be read, so that the rest could have been found.
    assert!(has(b"seventeen pears") && has(b"used"));
    assert!(!has(&bytes[6..22]), "the session's number (docs/token-format.md, 2)");
    assert!(!has(&token.stamp().session().digest()));
    assert!(!has(&bytes[bytes.len() - 32..]), "the tag");
    assert!(!has(Subject::of(7_u64.to_be_bytes()).as_bytes()));
    assert!(!has(&token.expose_text().as_bytes()[..32]));
}

#[tokio::test]
async fn a_file_that_is_open_is_not_opened_again() {
    let host = host();
    let store = host.store();
    let error = RedbStore::open(host.path()).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let says = format!("{}: it is open already, and one store at a time can have it", host.path().display());
    assert!(error.to_string().contains(&says), "{error}");
    drop(store);
    assert!(RedbStore::open(host.path()).is_ok());
}

#[tokio::test]
async fn a_file_of_another_kind_or_in_no_folder_is_refused_and_not_changed() {
    let host = host();
    let path = host.dir.path().join("letter.txt");
    std::fs::write(&path, "Dear Bob").unwrap();
    for (path, named) in [(path.clone(), "letter.txt"), (host.dir.path().join("none/x"), "none")] {
        let error = RedbStore::open(&path).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains(named), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"Dear Bob");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let host = host();
    let _store = host.store();
    assert_eq!(std::fs::metadata(host.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    use std::future::Future;
    let host = host();
    let store = host.store();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let answer = std::pin::pin!(store.get(&[1; 32])).poll(&mut context);
    let std::task::Poll::Ready(answer) = answer else { panic!("it waits for nobody") };
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Io);
}

/// Each change removes some of what has ended.
#[tokio::test]
async fn a_file_does_not_grow_with_what_has_ended() {
    let host = host();
    let store = host.store();
    let value = vec![7; 32 << 10];
    let mut sizes = Vec::new();
    for round in 0..3_u8 {
        let until = host.clock.now() + Duration::from_secs(10);
        for number in 0..48 {
            let mut key = [round; 32];
            key[0] = number;
            store.put(&key, &value, until).await.unwrap();
        }
        host.clock.pass(10);
        sizes.push(size(&host.path()));
    }
    assert!(sizes[2] < sizes[0] * 2, "{sizes:?}");
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}
