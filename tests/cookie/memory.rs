//! The store in memory keeps what every store promises, and its bounds.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bulla::ErrorKind;
use bulla::cookie::{MemoryStore, Store};
use proptest::prelude::*;

use super::lab::block_on;
use super::store::{Hand, forgets_what_has_ended, keeps_its_promises};

fn store_by(clock: &Hand) -> MemoryStore {
    let clock = clock.clone();
    MemoryStore::new().clock(move || clock.now())
}

#[tokio::test]
async fn a_store_in_memory_keeps_the_promises_of_stores() {
    let clock = Hand::new();
    keeps_its_promises(store_by(&clock), clock.now()).await;
    keeps_its_promises(Arc::new(store_by(&clock)), clock.now()).await;
    forgets_what_has_ended(&store_by(&clock), &clock).await;
}

#[test]
fn of_many_threads_that_swap_at_once_one_wins() {
    let clock = Hand::new();
    let (store, until) = (store_by(&clock), clock.now() + Duration::from_secs(60));
    for round in 0..100 {
        let swap = |number: u8| block_on(store.swap(&[round; 32], None, &[number], until)).unwrap();
        let winners = std::thread::scope(|scope| {
            let swap = &swap;
            let threads: Vec<_> = (0..4).map(|number| scope.spawn(move || swap(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(winners, 1);
    }
}

/// 64 MiB, of which each value takes 256 bytes more than it has.
#[tokio::test]
async fn a_store_that_is_full_says_so_and_has_room_again_when_something_has_ended() {
    let clock = Hand::new();
    let (store, until) = (store_by(&clock), clock.now() + Duration::from_secs(60));
    let key = |number: u32| {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        key
    };
    let value = vec![7; (64 << 10) - 256];
    for number in 0..1024 {
        store.put(&key(number), &value, until).await.unwrap();
    }
    for error in [
        store.put(&key(1024), b"", until).await.unwrap_err(),
        store.swap(&key(1024), None, b"", until).await.map(drop).unwrap_err(),
        store.put(&key(0), &[value.as_slice(), b"+"].concat(), until).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::OverLimit);
        assert_eq!(
            error.to_string(),
            "store: it is full: it keeps 67108864 bytes; take a store outside of the process"
        );
    }
    // What is there stays, may be replaced, and makes room when it goes.
    store.put(&key(0), &value, until).await.unwrap();
    store.remove(&key(0)).await.unwrap();
    store.put(&key(1024), &value, until).await.unwrap();
    assert!(store.put(&key(0), b"", until).await.is_err());
    clock.pass(60);
    store.put(&key(0), &value, clock.now() + Duration::from_secs(1)).await.unwrap();
}

#[derive(Clone, Debug)]
enum Deed {
    Put(u8, u8, u8),
    Swap(u8, Option<u8>, u8, u8),
    Remove(u8),
    Pass(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let (key, value, life) = (0..3_u8, 0..3_u8, 0..9_u8);
    let deed = prop_oneof![
        (key.clone(), value.clone(), life.clone()).prop_map(|(key, value, life)| Deed::Put(key, value, life)),
        (key.clone(), proptest::option::of(value.clone()), value, life)
            .prop_map(|(key, expected, value, life)| Deed::Swap(key, expected, value, life)),
        key.prop_map(Deed::Remove),
        (0..6_u8).prop_map(Deed::Pass),
    ];
    proptest::collection::vec(deed, 0..40)
}

proptest! {
    #[test]
    fn a_store_in_memory_does_what_a_table_with_ends_does(deeds in deeds()) {
        let clock = Hand::new();
        let store = store_by(&clock);
        let mut table: BTreeMap<u8, (u8, bulla::Time)> = BTreeMap::new();
        for deed in deeds {
            let end = |life: u8| clock.now() + Duration::from_secs(life.into());
            match deed {
                Deed::Put(key, value, life) => {
                    block_on(store.put(&[key; 32], &[value], end(life))).unwrap();
                    table.insert(key, (value, end(life)));
                }
                Deed::Swap(key, expected, value, life) => {
                    let is_so = table.get(&key).map(|(value, _)| *value) == expected;
                    let expected = expected.map(|value| [value]);
                    let expected = expected.as_ref().map(|value| &value[..]);
                    prop_assert_eq!(block_on(store.swap(&[key; 32], expected, &[value], end(life))).unwrap(), is_so);
                    if is_so {
                        table.insert(key, (value, end(life)));
                    }
                }
                Deed::Remove(key) => {
                    block_on(store.remove(&[key; 32])).unwrap();
                    table.remove(&key);
                }
                Deed::Pass(seconds) => clock.pass(seconds.into()),
            }
            table.retain(|_, (_, until)| clock.now() < *until);
            for key in 0..3 {
                let expected = table.get(&key).map(|(value, _)| vec![*value]);
                prop_assert_eq!(block_on(store.get(&[key; 32])).unwrap(), expected);
            }
        }
    }
}
