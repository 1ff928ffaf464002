//! The store keeps what every store promises, and its bounds.
use std::time::Duration;

use bulla::adapters::redis::RedisStore;
use bulla::cookie::Store;
use bulla::{ErrorKind, Time};

use super::lab::{LIMIT, Lab};
use crate::promises::keeps_its_promises;

const KEY: [u8; 32] = [7; 32];

fn soon() -> Time {
    Time::now() + Duration::from_secs(600)
}

fn store(lab: &Lab) -> RedisStore {
    lab.redis().store()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_what_every_store_promises() {
    let Some(lab) = Lab::new() else { return };
    keeps_its_promises(store(&lab), Time::now()).await;
}

#[tokio::test]
async fn what_one_host_keeps_another_has() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (store(&lab), store(&lab));
    one.put(&KEY, b"a", soon()).await.unwrap();
    assert_eq!(other.get(&KEY).await.unwrap().as_deref(), Some(b"a".as_slice()));
    assert!(other.swap(&KEY, Some(b"a"), b"b", soon()).await.unwrap());
    assert!(!one.swap(&KEY, Some(b"a"), b"c", soon()).await.unwrap());
    other.remove(&KEY).await.unwrap();
    assert_eq!(one.get(&KEY).await.unwrap(), None);
}

#[tokio::test]
async fn what_has_ended_is_not_there() {
    let Some(lab) = Lab::new() else { return };
    let store = store(&lab);
    for past in [Time::from_unix(i64::MIN), Time::from_unix(0), Time::from_unix(1_700_000_000)] {
        store.put(&KEY, b"a", soon()).await.unwrap();
        store.put(&KEY, b"b", past).await.unwrap();
        assert_eq!(store.get(&KEY).await.unwrap(), None, "{past}");
        assert!(store.swap(&KEY, None, b"c", past).await.unwrap());
        assert!(store.swap(&KEY, None, b"d", past).await.unwrap());
    }
    store.put(&KEY, b"a", Time::now() + Duration::from_secs(2)).await.unwrap();
    let limit = std::time::Instant::now() + LIMIT;
    while store.get(&KEY).await.unwrap().is_some() {
        assert!(std::time::Instant::now() < limit);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    store.put(&KEY, b"a", Time::from_unix(i64::MAX)).await.unwrap();
    assert!(store.get(&KEY).await.unwrap().is_some());
}

#[tokio::test]
async fn a_value_that_is_too_long_is_refused_and_one_of_others_is_not_taken() {
    let Some(lab) = Lab::new() else { return };
    let (store, long) = (store(&lab), vec![7; (64 << 10) + 1]);
    let errors = [
        store.put(&KEY, &long, soon()).await.map(drop),
        store.swap(&KEY, None, &long, soon()).await.map(drop),
        store.swap(&KEY, Some(&long), b"", soon()).await.map(drop),
    ];
    assert!(errors.into_iter().all(|error| error.unwrap_err().to_string().contains("65536")));
    let name = [b"bulla:kept:".as_slice(), &KEY].concat();
    let marked = [&[1], long.as_slice()].concat();
    for value in [b"x".as_slice(), &marked, &vec![1; 10 << 20]] {
        lab.server.does::<()>(&[b"SET", &name, value]);
        assert_eq!(store.get(&KEY).await.unwrap_err().kind(), ErrorKind::Io);
    }
    lab.server.does::<()>(&[b"DEL", &name]);
    lab.server.does::<()>(&[b"HSET", &name, b"a", b"b"]);
    assert_eq!(store.get(&KEY).await.unwrap_err().kind(), ErrorKind::Io);
    assert!(store.swap(&KEY, None, b"", soon()).await.is_err());
}

#[tokio::test]
async fn a_store_that_does_not_answer_fails_by_its_deadline_and_is_asked_again_later() {
    let Some(mut lab) = Lab::new() else { return };
    let store = store(&lab);
    store.put(&KEY, b"a", soon()).await.unwrap();
    lab.server.freeze();
    let asked = tokio::time::timeout(LIMIT, store.get(&KEY)).await;
    assert_eq!(asked.unwrap().unwrap_err().kind(), ErrorKind::Io);
    lab.server.thaw();
    assert!(store.get(&KEY).await.unwrap().is_some());
    lab.server.kill();
    assert!(store.get(&KEY).await.is_err());
    assert!(store.get(&KEY).await.is_err());
    lab.server.run();
    assert_eq!(store.get(&KEY).await.unwrap(), None);
}
