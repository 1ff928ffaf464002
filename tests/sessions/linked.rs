//! Hosts that share what was ended: what counts while they do not hear of each other.
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bulla::cookie::{Answer, Event, Link, OnStale, Revocation, Revocations, Subject};

use super::lab::{Lab, USER, seen};

/// What all hosts reach: takes note of what it is told, and answers, or does not.
#[derive(Clone, Default)]
pub(super) struct Common(pub(super) Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) told: Vec<Revocation>,
    pub(super) is_down: bool,
    pub(super) asked: usize,
}

impl Link for Common {
    fn tell(&self, revocation: Revocation) {
        self.0.lock().unwrap().told.push(revocation);
    }

    fn ask(&self, _: [u8; 32], _: Option<Subject>) -> Answer<'_> {
        let mut state = self.0.lock().unwrap();
        state.asked += 1;
        let answer = if state.is_down {
            Err(io::Error::new(io::ErrorKind::TimedOut, "no answer").into())
        } else {
            Ok(state.told.clone())
        };
        Box::pin(async move { answer })
    }
}

const BOUND: Duration = Duration::from_secs(3600);

/// A host that has not heard from others yet.
pub(super) fn stale(common: &Common, policy: OnStale) -> Lab {
    Lab::with(Revocations::linked(common.clone(), BOUND, policy))
}

#[test]
fn a_host_that_heard_from_nobody_goes_by_its_policy() {
    for (policy, up, down) in [
        (OnStale::Allow, seen(&USER), seen(&USER)),
        (OnStale::Deny, "unsure".to_owned(), "unsure".to_owned()),
        (OnStale::Ask, seen(&USER), "unsure".to_owned()),
    ] {
        let common = Common::default();
        let lab = stale(&common, policy);
        let token = lab.login();
        lab.at(1000);
        let answer = lab.get("/", &token);
        assert_eq!(answer.seen, up, "{policy:?}");
        assert_eq!(answer.set.is_some(), up != "unsure", "an unsure session is not renewed");
        common.0.lock().unwrap().is_down = true;
        assert_eq!(lab.get("/", &token).seen, down, "{policy:?}");
        assert_eq!(common.0.lock().unwrap().asked > 0, policy == OnStale::Ask);
    }
}

#[test]
fn what_was_heard_in_time_is_gone_by_without_asking() {
    let common = Common::default();
    let revocations = Revocations::linked(common.clone(), BOUND, OnStale::Ask);
    assert_eq!(revocations.staleness(), Some(Duration::MAX));
    revocations.heard(Instant::now());
    assert!(revocations.staleness() < Some(BOUND));
    let lab = Lab::with(revocations);
    let token = lab.login();
    assert_eq!(lab.get("/", &token).seen, seen(&USER));
    assert_eq!(common.0.lock().unwrap().asked, 0);
    assert_eq!(Revocations::new().staleness(), None);
}

#[test]
fn what_one_host_ends_is_told_to_all() {
    let common = Common::default();
    let lab = stale(&common, OnStale::Allow);
    for path in ["/logout", "/logout-everywhere", "/admin"] {
        let token = lab.login();
        lab.get(path, &token);
    }
    let told = common.0.lock().unwrap().told.clone();
    assert!(matches!(
        told[..],
        [
            Revocation::Session { .. },
            Revocation::Subject { .. },
            Revocation::Session { .. },
            Revocation::Session { .. }
        ]
    ));
}

#[test]
fn a_strict_route_asks_and_has_no_session_without_an_answer() {
    let common = Common::default();
    let lab = stale(&common, OnStale::Allow);
    let token = lab.login();
    assert_eq!(lab.get("/strict", &token).seen, seen(&USER));
    assert_eq!(common.0.lock().unwrap().asked, 1);
    common.0.lock().unwrap().is_down = true;
    lab.events();
    assert_eq!(lab.get("/strict", &token).seen, "unsure");
    assert_eq!(lab.events(), [Event::Accepted, Event::Unsure]);
    assert_eq!(lab.get("/", &token).seen, seen(&USER));
    let mut state = common.0.lock().unwrap();
    state.is_down = false;
    state.told = vec![Revocation::Generation(1)];
    drop(state);
    assert_eq!(lab.get("/strict", &token).seen, "nobody");
    // What was learnt by asking counts everywhere.
    assert_eq!(lab.get("/", &token).seen, "nobody");
}

#[test]
fn a_strict_layer_outside_of_the_sessions_asks_too() {
    let common = Common::default();
    let lab = stale(&common, OnStale::Allow);
    let token = lab.login();
    assert_eq!(lab.get("/outside", &token).seen, seen(&USER));
    assert_eq!(common.0.lock().unwrap().asked, 0);
    let answer = lab.strictly("/outside", &token);
    assert_eq!(answer, seen(&USER));
    assert_eq!(common.0.lock().unwrap().asked, 1);
    common.0.lock().unwrap().is_down = true;
    assert_eq!(lab.strictly("/outside", &token), "unsure");
}
