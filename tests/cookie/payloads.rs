//! What a session has on the server is the session's, and ends with it.
use std::sync::Arc;
use std::time::Duration;

use bulla::ErrorKind;
use bulla::cookie::{MemoryStore, Payloads, Stamp, Store, TokenKeys, Tokens};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::lab::{Lab, Login, Unreachable, block_on, login, ring};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Basket {
    articles: Vec<u32>,
    note: String,
}

fn basket() -> Basket {
    Basket { articles: vec![1, 70_000], note: "ring twice".to_owned() }
}

struct Shop {
    lab: Lab,
    tokens: Tokens<Login>,
    store: Arc<MemoryStore>,
    baskets: Payloads<Basket, Arc<MemoryStore>>,
}

fn shop() -> Shop {
    let lab = Lab::default();
    let (tokens, store) = (lab.tokens(&TokenKeys::new(ring())), lab.store());
    let baskets = Payloads::new("basket", Arc::clone(&store));
    Shop { lab, tokens, store, baskets }
}

impl Shop {
    fn session(&self) -> Stamp {
        *self.tokens.issue(&login()).unwrap().stamp()
    }
}

#[tokio::test]
async fn a_session_has_what_was_kept_for_it_and_nothing_of_others() {
    let shop = shop();
    let (one, other) = (shop.session(), shop.session());
    assert_eq!(shop.baskets.load(&one).await.unwrap(), None);
    shop.baskets.save(&one, &Basket { articles: vec![], ..basket() }).await.unwrap();
    shop.baskets.save(&one, &basket()).await.unwrap();
    assert_eq!(shop.baskets.load(&one).await.unwrap().unwrap(), basket());
    assert_eq!(shop.baskets.load(&other).await.unwrap(), None);
    // Under another name is something else.
    let forms = Payloads::<String, _>::new("form", Arc::clone(&shop.store));
    assert_eq!(forms.load(&one).await.unwrap(), None);
    forms.save(&one, &"half".to_owned()).await.unwrap();
    shop.baskets.remove(&one).await.unwrap();
    shop.baskets.remove(&one).await.unwrap();
    assert_eq!(shop.baskets.load(&one).await.unwrap(), None);
    assert_eq!(forms.load(&one).await.unwrap().unwrap(), "half");
}

#[tokio::test]
async fn it_lasts_as_long_as_the_session_could() {
    let shop = shop();
    let session = shop.session();
    shop.baskets.save(&session, &basket()).await.unwrap();
    shop.lab.set(1000);
    let renewed = *shop.tokens.renew(&session, &login()).unwrap().stamp();
    assert_eq!(shop.baskets.load(&renewed).await.unwrap().unwrap(), basket());
    shop.lab.set(12 * 3600 - 1);
    assert!(shop.baskets.load(&session).await.unwrap().is_some());
    shop.lab.set(12 * 3600);
    assert_eq!(shop.baskets.load(&session).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_under_a_new_number_goes_on_with_what_it_had() {
    let shop = shop();
    let old = shop.session();
    shop.baskets.save(&old, &basket()).await.unwrap();
    shop.lab.set(1000);
    let new = *shop.tokens.reauthenticate(&old, &login()).unwrap().stamp();
    assert_eq!(shop.baskets.load(&new).await.unwrap(), None);
    shop.baskets.move_to(&old, &new).await.unwrap();
    for session in [&old, &new] {
        shop.lab.set(1009);
        assert_eq!(shop.baskets.load(session).await.unwrap().unwrap(), basket());
    }
    shop.lab.set(1010);
    assert_eq!(shop.baskets.load(&old).await.unwrap(), None);
    shop.lab.set(12 * 3600 - 1);
    assert_eq!(shop.baskets.load(&new).await.unwrap().unwrap(), basket());
    // Where nothing is, nothing is moved; and onto itself nothing is lost.
    shop.baskets.move_to(&old, &new).await.unwrap();
    shop.baskets.move_to(&new, &new).await.unwrap();
    assert_eq!(shop.baskets.load(&new).await.unwrap().unwrap(), basket());
}

#[tokio::test]
async fn what_does_not_fit_its_bound_or_its_type_is_an_error() {
    let shop = shop();
    let session = shop.session();
    let texts = Payloads::<String, _>::new("text", Arc::clone(&shop.store));
    // CBOR writes three bytes before a text of that length.
    texts.save(&session, &"x".repeat((64 << 10) - 3)).await.unwrap();
    let error = texts.save(&session, &"x".repeat((64 << 10) - 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OverLimit);
    let says =
        "store: a value has 65537 bytes, and 65536 is the most; keep it in a database, and its name here";
    assert_eq!(error.to_string(), says);
    let numbers = Payloads::<u64, _>::new("text", Arc::clone(&shop.store));
    let error = numbers.load(&session).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("what is kept as text does not fit its type"), "{error}");
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_is_an_error_and_not_an_empty_basket() {
    let session = shop().session();
    let baskets = Payloads::<Basket, _>::new("basket", Unreachable);
    for error in [
        baskets.load(&session).await.map(drop).unwrap_err(),
        baskets.save(&session, &basket()).await.unwrap_err(),
        baskets.remove(&session).await.unwrap_err(),
        baskets.move_to(&session, &shop().session()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Io);
    }
}

/// Neither the number nor its digest, which tables of sessions have, leads to it.
#[tokio::test]
async fn what_is_kept_is_not_found_under_the_sessions_digest() {
    let shop = shop();
    let session = shop.session();
    let until = shop.lab.now() + Duration::from_secs(60);
    shop.baskets.save(&session, &basket()).await.unwrap();
    let digest = session.session().digest();
    assert_eq!(shop.store.get(&digest).await.unwrap(), None);
    shop.store.put(&digest, b"another's", until).await.unwrap();
    assert_eq!(shop.baskets.load(&session).await.unwrap().unwrap(), basket());
}

proptest! {
    #[test]
    fn loading_undoes_saving(articles: Vec<u32>, note: String, name: String) {
        let shop = shop();
        let (session, basket) = (shop.session(), Basket { articles, note });
        let baskets = Payloads::<Basket, _>::new(name, Arc::clone(&shop.store));
        block_on(baskets.save(&session, &basket)).unwrap();
        prop_assert_eq!(block_on(baskets.load(&session)).unwrap(), Some(basket));
    }
}
