//! A link that counts once counts once.
use std::sync::Arc;
use std::time::Duration;

use bulla::cookie::{
    Claims, Lifetime, MemoryStore, OneTime, Refusal, Scope, Stamp, Store, Subject, TokenKeys,
};
use bulla::{ErrorKind, Result, Verified};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::lab::{Lab, Unreachable, block_on, ring};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct NewPassword {
    user: u64,
}

impl Claims for NewPassword {
    const PURPOSE: &'static str = "new-password";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

const ALICE: NewPassword = NewPassword { user: 7 };

fn links<S: Store>(lab: &Lab, keys: &TokenKeys, store: S) -> OneTime<NewPassword, S> {
    OneTime::new(lab.tokens_in(keys, Scope::new("token").unwrap()), store)
}

/// Whoever sent it learns nothing of why.
#[track_caller]
fn refused(answer: Result<Verified<NewPassword, Stamp>>) {
    let error = answer.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthentic);
    assert_eq!(error.to_string(), "token: it does not count, or not any more; begin anew: sign in");
}

#[tokio::test]
async fn a_link_is_looked_at_as_often_as_one_likes_and_used_once() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let links = links(&lab, &keys, lab.store());
    let (one, other) = (links.issue(&ALICE).unwrap(), links.issue(&ALICE).unwrap());
    for _ in 0..3 {
        let seen = links.check(one.expose_text()).await.unwrap();
        assert_eq!((seen.get(), seen.by()), (&ALICE, one.stamp()));
    }
    let used = links.redeem(one.expose_text()).await.unwrap();
    assert_eq!((used.get(), used.by()), (&ALICE, one.stamp()));
    for _ in 0..3 {
        refused(links.check(one.expose_text()).await);
        assert_eq!(lab.last_refusal(), Some(Refusal::Used));
        refused(links.redeem(one.expose_text()).await);
        assert_eq!(lab.last_refusal(), Some(Refusal::Used));
    }
    // Another one is not used up by it.
    assert!(links.redeem(other.expose_text()).await.is_ok());
}

#[tokio::test]
async fn what_was_made_for_something_else_or_has_ended_is_refused_and_not_asked_for() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let store = lab.store();
    let links = links(&lab, &keys, Arc::clone(&store));
    let elsewhere = OneTime::new(lab.tokens_in(&keys, Scope::new("other").unwrap()), store);
    let link = links.issue(&ALICE).unwrap();
    refused(elsewhere.check(link.expose_text()).await);
    refused(elsewhere.redeem(link.expose_text()).await);
    refused(links.redeem("no token").await);
    lab.set(3599);
    assert!(links.check(link.expose_text()).await.is_ok());
    lab.set(3600);
    refused(links.check(link.expose_text()).await);
    refused(links.redeem(link.expose_text()).await);
    assert_eq!(lab.last_refusal(), Some(Refusal::Expired));
}

#[tokio::test]
async fn of_many_hosts_that_redeem_a_link_at_one_time_one_succeeds() {
    let (lab, text, store) = (Lab::default(), ring().expose_text(), Lab::default().store());
    let host = || TokenKeys::new(bulla::TokenKeyring::parse(text.as_bytes()).unwrap());
    let link = Arc::new(links(&lab, &host(), Arc::clone(&store)).issue(&ALICE).unwrap());
    let tries = (0..8).map(|_| {
        let (links, link) = (links(&lab, &host(), Arc::clone(&store)), Arc::clone(&link));
        tokio::spawn(async move {
            links.check(link.expose_text()).await.map(drop).unwrap();
            tokio::task::yield_now().await;
            links.redeem(link.expose_text()).await
        })
    });
    let mut successes = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(_) => successes += 1,
            answer => refused(answer),
        }
    }
    assert_eq!(successes, 1);
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_accepts_nothing() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let cut_off = links(&lab, &keys, Unreachable);
    let link = cut_off.issue(&ALICE).unwrap();
    for answer in [cut_off.check(link.expose_text()).await, cut_off.redeem(link.expose_text()).await] {
        assert_eq!(answer.map(|_| ()).unwrap_err().kind(), ErrorKind::Io);
    }
    // It was not used up by that.
    assert!(links(&lab, &keys, lab.store()).redeem(link.expose_text()).await.is_ok());
}

#[tokio::test]
async fn why_a_link_is_refused_is_told_once_and_nothing_of_one_that_counts() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let links = links(&lab, &keys, lab.store());
    let (link, unused) = (links.issue(&ALICE).unwrap(), links.issue(&ALICE).unwrap());
    links.check(link.expose_text()).await.map(drop).unwrap();
    links.redeem(link.expose_text()).await.map(drop).unwrap();
    assert_eq!(lab.refusals(), []);
    for (seconds, text, why) in [
        (0, link.expose_text(), Refusal::Used),
        (0, "x", Refusal::Malformed),
        // It says no more of one that was used than of others.
        (3600, link.expose_text(), Refusal::Expired),
        (3600, unused.expose_text(), Refusal::Expired),
    ] {
        lab.set(seconds);
        refused(links.check(text).await);
        assert_eq!(lab.refusals(), [why]);
        refused(links.redeem(text).await);
        assert_eq!(lab.refusals(), [why]);
    }
    // A store that cannot be asked is no refusal.
    lab.set(0);
    assert!(self::links(&lab, &keys, Unreachable).redeem(unused.expose_text()).await.is_err());
    assert_eq!(lab.refusals(), []);
}

/// It would forget the use while the token still counts elsewhere.
#[tokio::test]
async fn a_store_whose_clock_is_ahead_remembers_the_use_as_long_as_the_link_lasts() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let ahead = lab.clone();
    let store = MemoryStore::new().clock(move || ahead.now() + Duration::from_secs(30));
    let links = links(&lab, &keys, store);
    let link = links.issue(&ALICE).unwrap();
    links.redeem(link.expose_text()).await.map(drop).unwrap();
    for seconds in [1, 3569, 3570, 3599] {
        lab.set(seconds);
        refused(links.redeem(link.expose_text()).await);
        assert_eq!(lab.last_refusal(), Some(Refusal::Used), "{seconds}");
    }
}

proptest! {
    #[test]
    fn each_link_is_used_once_in_whatever_order_they_come(tries in proptest::collection::vec((0..4_usize, any::<bool>()), 0..40)) {
        let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
        let links = links(&lab, &keys, lab.store());
        let all: Vec<_> = (0..4).map(|user| links.issue(&NewPassword { user }).unwrap()).collect();
        let mut used = [false; 4];
        for (number, redeems) in tries {
            let text = all[number].expose_text();
            let answer = block_on(async {
                if redeems { links.redeem(text).await } else { links.check(text).await }
            });
            prop_assert_eq!(answer.is_ok(), !used[number]);
            used[number] |= redeems;
        }
    }
}
