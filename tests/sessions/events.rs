//! Each thing that happens is told, once, under its own name.
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use bulla::TokenKeyring;
use bulla::cookie::{Change, Event, OnStale, Refusal, Revocation, Scope, Sessions, TokenKeys, Tokens};

use super::lab::{DAY, Lab, Login, USER, seen, sessions};
use super::linked::{Common, stale};

/// What is told, in the order of its coming.
type Told<T> = Arc<Mutex<Vec<T>>>;

fn taken<T>(told: &Told<T>) -> Vec<T> {
    std::mem::take(&mut *told.lock().unwrap())
}

#[test]
fn the_end_of_all_that_somebody_has_is_told_beside_that_of_the_session() {
    let lab = Lab::new();
    let token = lab.login();
    lab.events();
    lab.get("/logout-everywhere", &token);
    assert_eq!(lab.events(), [Event::Accepted, Event::Ended, Event::EndedEverywhere]);
}

#[test]
fn what_was_not_done_is_not_told() {
    let lab = Lab::new();
    let token = lab.login();
    lab.events();
    lab.get("/stranger", &token);
    assert_eq!(lab.events(), [Event::Accepted]);
    for path in ["/", "/update", "/admin", "/logout", "/logout-everywhere"] {
        lab.get(path, "x");
        assert_eq!(lab.events(), [Event::Refused(Refusal::Malformed)], "{path}");
        lab.ask(path, &[], &[]);
        assert_eq!(lab.events(), [], "{path}");
    }
}

#[test]
fn a_forms_token_is_told_of_once_and_not_as_a_session() {
    let told = Told::default();
    let events = Arc::clone(&told);
    let sessions = sessions(&Arc::new(AtomicI64::new(0)), Arc::default());
    let sessions = Arc::new(sessions.watch(move |event| events.lock().unwrap().push(event)));
    let visit = sessions.open(None);
    visit.begin(&USER).unwrap();
    let Change::Set(token) = visit.close(true) else { panic!("no token") };
    let session = sessions.open(Some(token.expose_text())).get().unwrap();
    let form = session.form_token("pay").unwrap();
    assert_eq!(taken(&told), [Event::Begun, Event::Accepted]);
    session.check_form("pay", form.expose_text()).unwrap();
    assert_eq!(taken(&told), [Event::FormAccepted]);
    for (name, text) in [("pay", "x"), ("address", form.expose_text())] {
        assert!(session.check_form(name, text).is_err());
        assert_eq!(taken(&told), [Event::FormRefused], "{name}");
    }
}

#[test]
fn that_others_were_not_heard_is_told_once_a_request() {
    let lab = stale(&Common::default(), OnStale::Deny);
    let token = lab.login();
    lab.events();
    for _ in 0..2 {
        assert_eq!(lab.get("/", &token).seen, "unsure");
        assert_eq!(lab.events(), [Event::Unsure]);
    }
    // What has ended by this host's own knowledge, or by itself, is not unsure.
    lab.get("/", "x");
    assert_eq!(lab.events(), [Event::Refused(Refusal::Malformed)]);
    lab.at(1800);
    lab.get("/", &token);
    assert_eq!(lab.events(), [Event::Refused(Refusal::Idle)]);
}

#[test]
fn an_end_that_is_learnt_by_asking_is_told() {
    let common = Common::default();
    let lab = stale(&common, OnStale::Allow);
    let token = lab.login();
    lab.events();
    assert_eq!(lab.get("/strict", &token).seen, seen(&USER));
    assert_eq!(lab.events(), [Event::Accepted]);
    common.0.lock().unwrap().told = vec![Revocation::Generation(1)];
    assert_eq!(lab.get("/strict", &token).seen, "nobody");
    assert_eq!(lab.events().last(), Some(&Event::Revoked));
}

#[test]
fn why_a_token_is_refused_is_told_once_to_each_who_watches() {
    let why = Told::default();
    let events: [Told<Event>; 2] = [Told::default(), Told::default()];
    let keys = TokenKeys::new(TokenKeyring::generate(DAY, DAY, bulla::Time::now()).unwrap());
    let tokens = Tokens::<Login>::new(&keys, Scope::new("__Host-session").unwrap()).unwrap();
    let whys = Arc::clone(&why);
    let tokens = tokens.watch(move |why| whys.lock().unwrap().push(why));
    let mut sessions = Sessions::of(tokens, Arc::default()).unwrap();
    for told in events.clone() {
        sessions = sessions.watch(move |event| told.lock().unwrap().push(event));
    }
    let sessions = Arc::new(sessions);
    for (token, refusal) in [("x", Refusal::Malformed), (&"x".repeat(5000), Refusal::Oversize)] {
        assert!(sessions.open(Some(token)).get().is_none());
        assert_eq!(taken(&why), [refusal]);
        for told in &events {
            assert_eq!(taken(told), [Event::Refused(refusal)]);
        }
    }
}

#[test]
fn what_is_asked_for_is_asked_once_a_request_and_told_as_it_was_answered() {
    let common = Common::default();
    let lab = stale(&common, OnStale::Ask);
    let token = lab.login();
    lab.events();
    let has_asked = || std::mem::take(&mut common.0.lock().unwrap().asked);
    for path in ["/", "/strict"] {
        assert_eq!(lab.get(path, &token).seen, seen(&USER));
        assert_eq!((lab.events(), has_asked()), (vec![Event::Accepted], 1), "{path}");
    }
    common.0.lock().unwrap().is_down = true;
    for path in ["/", "/strict"] {
        assert_eq!(lab.get(path, &token).seen, "unsure");
        assert_eq!((lab.events(), has_asked()), (vec![Event::Unsure], 1), "{path}");
    }
    common.0.lock().unwrap().is_down = false;
    common.0.lock().unwrap().told = vec![Revocation::Generation(1)];
    assert_eq!(lab.get("/strict", &token).seen, "nobody");
    assert_eq!((lab.events(), has_asked()), (vec![Event::Revoked], 1));
}
