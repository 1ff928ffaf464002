//! Who is remembered is known again, and a stolen copy shows itself.
use std::sync::Arc;
use std::time::Duration;

use bulla::cookie::{
    Answer, Claims, Lifetime, Link, MemoryStore, OnStale, Recognition, Refusal, Remember, Revocation,
    Revocations, Scope, Sealed, Series, Standing, Store, Subject, Token, TokenKeys,
};
use bulla::{ErrorKind, Result, TokenKeyring};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::lab::{Lab, Login, SPREAD, Unreachable, at, block_on, login};

const DAY: i64 = 86_400;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Remembered {
    user: u64,
    name: String,
}

impl Claims for Remembered {
    const PURPOSE: &'static str = "remember";
    const LIFETIME: Lifetime =
        Lifetime::new(Duration::from_secs(30 * 86_400), Duration::from_secs(90 * 86_400));

    fn subject(&self) -> Option<Subject> {
        (self.user > 0).then(|| Subject::of(self.user.to_be_bytes()))
    }
}

fn alice() -> Remembered {
    Remembered { user: 7, name: "alice".to_owned() }
}

/// A site, on one host.
struct Site<C, S> {
    lab: Lab,
    keys: TokenKeys,
    revocations: Arc<Revocations>,
    remember: Remember<C, S>,
}

fn site_with<C: Claims, S: Store>(lab: &Lab, store: S) -> Site<C, S> {
    let ring = TokenKeyring::generate(SPREAD, Duration::from_secs(100 * 86_400), at(-3600)).unwrap();
    let (keys, revocations) = (TokenKeys::new(ring), Arc::new(Revocations::new()));
    let tokens = lab.tokens_in::<Series<C>>(&keys, Scope::new("__Host-remember").unwrap());
    let remember = Remember::new(tokens, store, Arc::clone(&revocations));
    Site { lab: lab.clone(), keys, revocations, remember }
}

fn site() -> Site<Remembered, Arc<MemoryStore>> {
    let lab = Lab::default();
    let store = lab.store();
    site_with(&lab, store)
}

/// What came of a token.
#[derive(Debug)]
enum Seen {
    Replaced(String),
    Known,
    Stolen,
    Refused(Refusal),
}

impl<S: Store> Site<Remembered, S> {
    async fn begin(&self, user: u64) -> String {
        let claims = Remembered { user, ..alice() };
        self.remember.begin(claims).await.unwrap().expose_text().to_owned()
    }

    async fn sees(&self, text: &str) -> Seen {
        match self.remember.accept(text).await {
            Ok(Recognition::Known { who, replacement }) => {
                assert_eq!(who.get().name, "alice");
                replacement.map_or(Seen::Known, |token| Seen::Replaced(token.expose_text().to_owned()))
            }
            Ok(Recognition::Stolen { subject }) => {
                assert_eq!(subject, Subject::of(7_u64.to_be_bytes()));
                Seen::Stolen
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unauthentic);
                let text = "token: it does not count, or not any more; begin anew: sign in";
                assert_eq!(error.to_string(), text);
                Seen::Refused(self.lab.last_refusal().unwrap())
            }
        }
    }

    async fn replaced_later(&self, text: &str, seconds: i64) -> String {
        self.lab.set(seconds);
        self.replaced(text).await
    }

    async fn replaced(&self, text: &str) -> String {
        match self.sees(text).await {
            Seen::Replaced(text) => text,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_is_remembered_is_known_again_by_a_token_that_is_replaced_each_time() {
    let site = site();
    let first = site.remember.begin(alice()).await.unwrap();
    let (mut text, series) = (first.expose_text().to_owned(), *first.stamp());
    for day in 1..5 {
        site.lab.set(day * DAY);
        let Recognition::Known { who, replacement } = site.remember.accept(&text).await.unwrap() else {
            panic!("it was called stolen");
        };
        assert_eq!((who.get(), who.by().session()), (&alice(), series.session()));
        let next = replacement.unwrap();
        assert_eq!((next.stamp().session(), next.stamp().until()), (series.session(), series.until()));
        // Nobody has proved anything by coming back.
        assert_eq!((who.by().authenticated(), next.stamp().authenticated()), (at(0), at(0)));
        assert_eq!(next.stamp().idle_until(), at((day + 30) * DAY));
        assert_ne!(next.expose_text(), text);
        text = next.expose_text().to_owned();
    }
}

#[tokio::test]
async fn it_ends_when_it_was_not_used_for_long_and_at_its_end_in_any_case() {
    let site = site();
    let mut text = site.begin(7).await;
    for day in [29, 58, 87] {
        site.lab.set(day * DAY);
        text = site.replaced(&text).await;
    }
    site.lab.set(90 * DAY - 1);
    let last = site.replaced(&text).await;
    site.lab.set(90 * DAY);
    assert!(matches!(site.sees(&last).await, Seen::Refused(Refusal::Expired)));
    let idle = site.begin(7).await;
    site.lab.set(120 * DAY);
    assert!(matches!(site.sees(&idle).await, Seen::Refused(Refusal::Idle)));
}

#[tokio::test]
async fn requests_under_way_with_the_number_that_was_replaced_are_known_for_ten_seconds() {
    let site = site();
    let first = site.begin(7).await;
    site.lab.set(DAY);
    let second = site.replaced(&first).await;
    for seconds in [0, 5, 9] {
        site.lab.set(DAY + seconds);
        assert!(matches!(site.sees(&first).await, Seen::Known));
        // And it is not replaced again meanwhile: those under way would meet two changes.
        assert!(matches!(site.sees(&second).await, Seen::Known));
    }
    site.lab.set(DAY + 10);
    let third = site.replaced(&second).await;
    assert!(matches!(site.sees(&second).await, Seen::Known));
    site.lab.set(2 * DAY);
    site.replaced(&third).await;
}

#[tokio::test]
async fn of_two_requests_at_one_time_one_brings_the_replacement() {
    let lab = Lab::default();
    let site = Arc::new(site_with::<Remembered, _>(&lab, Slow(lab.store())));
    let first = site.begin(7).await;
    lab.set(DAY);
    let tries = (0..8).map(|_| {
        let (site, first) = (Arc::clone(&site), first.clone());
        tokio::spawn(async move { site.sees(&first).await })
    });
    let mut replacements = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Seen::Replaced(text) => replacements.push(text),
            Seen::Known => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(replacements.len(), 1);
    lab.set(2 * DAY);
    site.replaced(&replacements[0]).await;
}

/// Answers after others had their turn: all have read before one writes.
struct Slow(Arc<MemoryStore>);

impl Store for Slow {
    async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let answer = self.0.get(key).await;
        tokio::task::yield_now().await;
        answer
    }

    async fn put(&self, key: &[u8; 32], value: &[u8], until: bulla::Time) -> Result<()> {
        self.0.put(key, value, until).await
    }

    async fn swap(
        &self,
        key: &[u8; 32],
        expected: Option<&[u8]>,
        value: &[u8],
        until: bulla::Time,
    ) -> Result<bool> {
        self.0.swap(key, expected, value, until).await
    }

    async fn remove(&self, key: &[u8; 32]) -> Result<()> {
        self.0.remove(key).await
    }
}

#[tokio::test]
async fn a_series_that_ends_while_a_request_is_under_way_is_refused() {
    let lab = Lab::default();
    let site = Arc::new(site_with::<Remembered, _>(&lab, Slow(lab.store())));
    let first = site.begin(7).await;
    lab.set(DAY);
    let under_way = tokio::spawn({
        let (site, first) = (Arc::clone(&site), first.clone());
        async move { site.sees(&first).await }
    });
    tokio::task::yield_now().await; // It has read.
    site.remember.forget(&first).await.unwrap();
    // Whichever was first, what either of them has is over.
    let last = match under_way.await.unwrap() {
        Seen::Replaced(next) => next,
        Seen::Refused(Refusal::Ended) => first,
        other => panic!("{other:?}"),
    };
    assert!(matches!(site.sees(&last).await, Seen::Refused(Refusal::Ended)));
}

#[tokio::test]
async fn an_old_number_ends_the_series_and_all_that_its_owner_has() {
    let site = site();
    let (stolen, elsewhere, bobs) = (site.begin(7).await, site.begin(7).await, site.begin(8).await);
    let logins = site.lab.tokens::<Login>(&site.keys);
    let session = *logins.issue(&login()).unwrap().stamp();
    site.lab.set(DAY);
    let second = site.replaced(&stolen).await;
    site.lab.set(DAY + 10);
    assert!(matches!(site.sees(&stolen).await, Seen::Stolen));
    assert_eq!(site.lab.last_refusal(), Some(Refusal::Stolen));
    // Neither of the two goes on, nor anything else of theirs.
    for text in [&stolen, &second, &elsewhere] {
        assert!(matches!(site.sees(text).await, Seen::Refused(Refusal::Ended)));
    }
    let standing = |session| site.revocations.standing(session, login().subject().as_ref(), site.lab.now());
    assert_eq!(standing(&session), Standing::Revoked);
    // Others go on, and so do they when they have signed in anew.
    site.replaced(&bobs).await;
    site.lab.set(DAY + 11);
    assert_eq!(standing(logins.issue(&login()).unwrap().stamp()), Standing::Good);
    let anew = site.begin(7).await;
    site.lab.set(2 * DAY);
    site.replaced(&anew).await;
}

#[tokio::test]
async fn a_session_begun_by_it_before_a_theft_showed_ends_with_the_others() {
    let site = site();
    let first = site.begin(7).await;
    let logins = site.lab.tokens::<Login>(&site.keys);
    site.lab.set(DAY);
    site.replaced(&first).await;
    let session = *logins.issue_as_of(&login(), at(0)).unwrap().stamp();
    site.lab.set(DAY + 60);
    assert!(matches!(site.sees(&first).await, Seen::Stolen));
    let standing = site.revocations.standing(&session, login().subject().as_ref(), site.lab.now());
    assert_eq!(standing, Standing::Revoked);
}

#[tokio::test]
async fn a_series_that_was_forgotten_is_over_and_others_go_on() {
    let site = site();
    let (one, other) = (site.begin(7).await, site.begin(7).await);
    site.remember.forget(&one).await.unwrap();
    site.remember.forget(&one).await.unwrap();
    site.remember.forget("no token").await.unwrap();
    site.lab.set(DAY);
    assert!(matches!(site.sees(&one).await, Seen::Refused(Refusal::Ended)));
    site.replaced(&other).await;
}

#[tokio::test]
async fn who_signs_out_with_a_copy_does_not_keep_the_theft_from_showing() {
    let site = site();
    let owners = site.begin(7).await;
    site.lab.set(DAY);
    let thiefs = site.replaced(&owners).await;
    site.remember.forget(&thiefs).await.unwrap();
    assert!(matches!(site.sees(&thiefs).await, Seen::Refused(Refusal::Ended)));
    site.lab.set(DAY + 10);
    assert!(matches!(site.sees(&owners).await, Seen::Stolen));
}

#[tokio::test]
async fn a_series_is_of_the_generation_that_counts() {
    let site = site();
    let old = site.begin(7).await;
    site.revocations.end_generations_before(3, site.lab.now()).unwrap();
    assert!(matches!(site.sees(&old).await, Seen::Refused(_)));
    let new = site.begin(7).await;
    site.lab.set(DAY);
    site.replaced(&new).await;
}

#[tokio::test]
async fn a_series_that_is_begun_in_the_second_in_which_all_were_ended_goes_on() {
    let site = site();
    site.revocations.end_all_of(Subject::of(7_u64.to_be_bytes()), site.lab.now()).unwrap();
    let anew = site.begin(7).await;
    site.lab.set(DAY);
    site.replaced(&anew).await;
}

/// Says nothing.
struct Silent;

impl Link for Silent {
    fn tell(&self, _: Revocation) {}

    fn ask(&self, _: [u8; 32], _: Option<Subject>) -> Answer<'_> {
        Box::pin(async { Err(std::io::Error::other("no answer").into()) })
    }
}

#[tokio::test]
async fn while_other_hosts_are_not_heard_nobody_is_taken_for_forgotten() {
    let site = site();
    let text = site.begin(7).await;
    for (policy, kind) in [(OnStale::Deny, ErrorKind::Undetermined), (OnStale::Ask, ErrorKind::Io)] {
        let revocations = Arc::new(Revocations::linked(Silent, Duration::from_secs(60), policy));
        let tokens =
            site.lab.tokens_in::<Series<Remembered>>(&site.keys, Scope::new("__Host-remember").unwrap());
        let host = Remember::new(tokens, site.lab.store(), revocations);
        assert_eq!(host.accept(&text).await.map(drop).unwrap_err().kind(), kind, "{policy:?}");
    }
}

#[tokio::test]
async fn a_series_that_was_ended_by_the_revocations_is_over() {
    let site = site();
    let text = site.begin(7).await;
    site.lab.set(DAY);
    site.revocations.end_all_of(Subject::of(7_u64.to_be_bytes()), site.lab.now()).unwrap();
    assert!(matches!(site.sees(&text).await, Seen::Refused(Refusal::Ended)));
}

#[tokio::test]
async fn why_a_series_is_refused_is_told_once_and_nothing_of_one_that_goes_on() {
    let site = site();
    let (first, forgotten) = (site.begin(7).await, site.begin(8).await);
    site.lab.set(DAY);
    let second = site.replaced(&first).await;
    assert!(matches!(site.sees(&first).await, Seen::Known));
    site.remember.forget(&forgotten).await.unwrap();
    assert_eq!(site.lab.refusals(), []);
    site.lab.set(DAY + 10);
    for (text, why) in [
        (&forgotten, Refusal::Ended),
        (&"x".to_owned(), Refusal::Malformed),
        (&first, Refusal::Stolen),
        (&first, Refusal::Ended),
        (&second, Refusal::Ended),
    ] {
        let _ = site.remember.accept(text).await;
        assert_eq!(site.lab.refusals(), [why]);
    }
}

#[tokio::test]
async fn nobody_is_not_remembered() {
    let claims = Remembered { user: 0, ..alice() };
    let error = site().remember.begin(claims).await.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_knows_nobody() {
    let lab = Lab::default();
    let (site, cut_off) = (site(), site_with::<Remembered, _>(&lab, Unreachable));
    assert_eq!(cut_off.remember.begin(alice()).await.map(|_| ()).unwrap_err().kind(), ErrorKind::Io);
    let tokens = lab.tokens_in::<Series<Remembered>>(&site.keys, Scope::new("__Host-remember").unwrap());
    let host = Remember::new(tokens, Unreachable, Arc::new(Revocations::new()));
    let text = site.begin(7).await;
    assert_eq!(host.accept(&text).await.map(|_| ()).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(host.forget(&text).await.unwrap_err().kind(), ErrorKind::Io);
}

#[tokio::test]
async fn sealed_claims_are_sealed_in_a_series_too() {
    let shows = |token: &Token| {
        use base64ct::Encoding;
        let bytes = base64ct::Base64UrlUnpadded::decode_vec(token.expose_text()).unwrap();
        bytes.windows(5).any(|bytes| bytes == b"alice")
    };
    assert!(shows(&site().remember.begin(alice()).await.unwrap()));
    let lab = Lab::default();
    let site = site_with::<Sealed<Remembered>, _>(&lab, lab.store());
    let first = site.remember.begin(Sealed(alice())).await.unwrap();
    lab.set(DAY);
    let Recognition::Known { who, replacement } = site.remember.accept(first.expose_text()).await.unwrap()
    else {
        panic!("it was called stolen");
    };
    assert_eq!(who.get().0, alice());
    assert!(!shows(&first) && !shows(&replacement.unwrap()));
}

proptest! {
    /// Uses are 10 seconds apart and more, so none counts as under way.
    #[test]
    fn a_copy_shows_itself_when_the_second_of_the_two_comes(
        before in 0..4_usize,
        uses in proptest::collection::vec((any::<bool>(), 10..100_000_i64), 1..12),
    ) {
        let site = site();
        block_on(async {
            let (mut now, mut owners) = (0, site.begin(7).await);
            for _ in 0..before {
                now += DAY;
                site.lab.set(now);
                owners = site.replaced(&owners).await;
            }
            let mut held = [owners.clone(), owners];
            let first = uses[0].0;
            let mut is_over = false;
            for (who, pause) in uses {
                now += pause;
                site.lab.set(now);
                let holder = &mut held[usize::from(who)];
                match site.sees(holder).await {
                    Seen::Replaced(text) => {
                        assert!(who == first && !is_over);
                        *holder = text;
                    }
                    Seen::Stolen => {
                        assert!(who != first && !is_over);
                        is_over = true;
                    }
                    Seen::Refused(Refusal::Ended) => assert!(is_over),
                    other => panic!("{other:?}"),
                }
            }
        });
    }

    /// However many requests are under way at one time, and however long the pauses.
    #[test]
    fn who_takes_each_replacement_is_never_taken_for_a_thief(
        rounds in proptest::collection::vec((1..5_usize, 0..9_i64, 10..2 * DAY), 0..10),
    ) {
        let site = site();
        block_on(async {
            let (mut now, mut text) = (0, site.begin(7).await);
            for (requests, slowness, pause) in rounds {
                now += pause;
                site.lab.set(now);
                let mut next = None;
                for number in 0..requests {
                    match site.sees(&text).await {
                        Seen::Replaced(replacement) => {
                            assert_eq!(number, 0);
                            next = Some(replacement);
                        }
                        Seen::Known => {}
                        other => panic!("{other:?}"),
                    }
                    site.lab.set(now + slowness);
                }
                text = next.unwrap();
                now += slowness;
            }
        });
    }
}

#[tokio::test]
async fn what_ended_all_series_of_somebody_is_kept_in_the_store_over_a_restart() {
    let lab = Lab::default();
    let store = lab.store();
    let before: Site<Remembered, _> = site_with(&lab, Arc::clone(&store));
    let (phone, tablet, bobs) = (before.begin(7).await, before.begin(7).await, before.begin(8).await);
    // The same keys and store, and nothing in memory.
    let restart = || {
        let tokens =
            lab.tokens_in::<Series<Remembered>>(&before.keys, Scope::new("__Host-remember").unwrap());
        let revocations = Arc::new(Revocations::new());
        let remember = Remember::new(tokens, Arc::clone(&store), Arc::clone(&revocations));
        Site { lab: lab.clone(), keys: before.keys.clone(), revocations, remember }
    };
    lab.set(DAY);
    before.replaced(&phone).await;
    lab.set(DAY * 2);
    assert!(matches!(before.sees(&phone).await, Seen::Stolen));
    let after = restart();
    assert!(matches!(after.sees(&tablet).await, Seen::Refused(Refusal::Ended)));
    // Who signs in anew is known again, in the same second, too.
    let anew = after.begin(7).await;
    after.replaced_later(&anew, DAY * 3).await;
    after.remember.forget_all_of(Subject::of(8_u64.to_be_bytes())).await.unwrap();
    let later = restart();
    assert!(matches!(later.sees(&bobs).await, Seen::Refused(Refusal::Ended)));
}
