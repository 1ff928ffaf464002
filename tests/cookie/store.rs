//! What every store promises: a test of each implementation calls `keeps_its_promises`, on a runtime of tokio's.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulla::cookie::Store;
use bulla::{ErrorKind, Time};

/// A clock that a test moves, of which a store may be given a copy.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn new() -> Self {
        Hand(Arc::new(AtomicI64::new(1_800_000_000)))
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_unix(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// All that can be told of any store that is empty, by whatever clock it goes.
pub(crate) async fn keeps_its_promises<S: Store>(store: S, now: Time) {
    let (store, until) = (Arc::new(store), now + Duration::from_secs(3600));
    gives_back_what_it_was_given(&*store, until).await;
    swaps_what_was_expected_and_nothing_else(&*store, until).await;
    lets_one_of_many_win(&store, until).await;
    takes_values_up_to_64_kib(&*store, until).await;
    keeps_nothing_that_has_ended_already(&*store, now).await;
}

/// And what takes a clock that can be moved.
pub(crate) async fn forgets_what_has_ended<S: Store>(store: &S, clock: &Hand) {
    let (short, long) = (clock.now() + Duration::from_secs(10), clock.now() + Duration::from_secs(20));
    store.put(&[1; 32], b"short", short).await.unwrap();
    store.put(&[2; 32], b"long", long).await.unwrap();
    store.put(&[3; 32], b"long, then short", long).await.unwrap();
    store.put(&[3; 32], b"long, then short", short).await.unwrap();
    store.put(&[4; 32], b"short, then long", short).await.unwrap();
    assert!(store.swap(&[4; 32], Some(b"short, then long"), b"longer", long).await.unwrap());
    clock.pass(9);
    assert_eq!(store.get(&[1; 32]).await.unwrap().unwrap(), b"short");
    clock.pass(1);
    for gone in [1, 3] {
        assert_eq!(store.get(&[gone; 32]).await.unwrap(), None);
        assert!(!store.swap(&[gone; 32], Some(b"short"), b"x", long).await.unwrap());
    }
    assert_eq!(store.get(&[2; 32]).await.unwrap().unwrap(), b"long");
    assert_eq!(store.get(&[4; 32]).await.unwrap().unwrap(), b"longer");
    // Where something has ended there is nothing.
    assert!(store.swap(&[1; 32], None, b"anew", long).await.unwrap());
    clock.pass(10);
    for gone in 1..5 {
        assert_eq!(store.get(&[gone; 32]).await.unwrap(), None);
    }
}

async fn gives_back_what_it_was_given<S: Store>(store: &S, until: Time) {
    let (one, other) = ([0x10; 32], [0x11; 32]);
    assert_eq!(store.get(&one).await.unwrap(), None);
    store.put(&one, b"first", until).await.unwrap();
    store.put(&other, b"other", until).await.unwrap();
    assert_eq!(store.get(&one).await.unwrap().unwrap(), b"first");
    store.put(&one, b"second", until).await.unwrap();
    assert_eq!(store.get(&one).await.unwrap().unwrap(), b"second");
    store.remove(&one).await.unwrap();
    store.remove(&one).await.unwrap();
    assert_eq!(store.get(&one).await.unwrap(), None);
    assert_eq!(store.get(&other).await.unwrap().unwrap(), b"other");
    store.remove(&other).await.unwrap();
}

async fn swaps_what_was_expected_and_nothing_else<S: Store>(store: &S, until: Time) {
    let key = [0x20; 32];
    assert!(!store.swap(&key, Some(b""), b"a", until).await.unwrap());
    assert!(store.swap(&key, None, b"a", until).await.unwrap());
    assert!(!store.swap(&key, None, b"b", until).await.unwrap());
    assert!(!store.swap(&key, Some(b"aa"), b"b", until).await.unwrap());
    assert_eq!(store.get(&key).await.unwrap().unwrap(), b"a");
    assert!(store.swap(&key, Some(b"a"), b"b", until).await.unwrap());
    assert_eq!(store.get(&key).await.unwrap().unwrap(), b"b");
    // Something of no bytes is not nothing.
    assert!(store.swap(&key, Some(b"b"), b"", until).await.unwrap());
    assert!(!store.swap(&key, None, b"c", until).await.unwrap());
    assert!(store.swap(&key, Some(b""), b"c", until).await.unwrap());
    store.remove(&key).await.unwrap();
    assert!(store.swap(&key, None, b"d", until).await.unwrap());
    store.remove(&key).await.unwrap();
}

async fn lets_one_of_many_win<S: Store>(store: &Arc<S>, until: Time) {
    for expected in [None, Some(&b"before"[..])] {
        let key = [0x30; 32];
        if let Some(before) = expected {
            store.put(&key, before, until).await.unwrap();
        }
        let tries = (0..16_u8).map(|number| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                store.swap(&key, expected, &[number], until).await.unwrap().then_some(number)
            })
        });
        let mut winners = Vec::new();
        for one in tries.collect::<Vec<_>>() {
            winners.extend(one.await.unwrap());
        }
        assert_eq!(winners.len(), 1, "of 16 that expect {expected:?}");
        assert_eq!(store.get(&key).await.unwrap().unwrap(), winners);
        store.remove(&key).await.unwrap();
    }
}

async fn takes_values_up_to_64_kib<S: Store>(store: &S, until: Time) {
    let (key, longest) = ([0x40; 32], vec![7; 64 << 10]);
    for value in [&b""[..], &longest] {
        store.put(&key, value, until).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().unwrap(), value);
    }
    let longer = vec![7; (64 << 10) + 1];
    for error in [
        store.put(&key, &longer, until).await.unwrap_err(),
        store.swap(&key, Some(&longest), &longer, until).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::OverLimit, "{error}");
    }
    assert_eq!(store.get(&key).await.unwrap().unwrap(), longest);
    store.remove(&key).await.unwrap();
}

async fn keeps_nothing_that_has_ended_already<S: Store>(store: &S, now: Time) {
    let (key, before) = ([0x50; 32], now - Duration::from_secs(60));
    store.put(&key, b"late", before).await.unwrap();
    assert_eq!(store.get(&key).await.unwrap(), None);
    store.put(&key, b"in time", now + Duration::from_secs(60)).await.unwrap();
    assert!(store.swap(&key, Some(b"in time"), b"late", before).await.unwrap());
    assert_eq!(store.get(&key).await.unwrap(), None);
}
