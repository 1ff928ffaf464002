//! Requests that are under way while their session is replaced or ended.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulla::cookie::{Change, Claims, OptionalSession, Revocations, Sessions, Token};
use bulla::{ErrorKind, Time};

use super::lab::{ADMIN, Login, NOW, USER, sessions};

/// A host, its clock, and a session that somebody has begun.
struct Host {
    passed: Arc<AtomicI64>,
    sessions: Arc<Sessions<Login>>,
    token: Token,
}

impl Host {
    fn new() -> Self {
        let passed = Arc::new(AtomicI64::new(0));
        let sessions = Arc::new(sessions(&passed, Arc::new(Revocations::new())));
        let visit = sessions.open(None);
        visit.begin(&USER).unwrap();
        let token = set(&visit);
        Host { passed, sessions, token }
    }

    fn visit(&self) -> OptionalSession<Login> {
        self.sessions.open(Some(self.token.expose_text()))
    }

    fn at(&self, seconds: i64) -> Time {
        self.passed.store(seconds, Ordering::Relaxed);
        Time::from_unix(NOW + seconds)
    }
}

fn set(visit: &OptionalSession<Login>) -> Token {
    let Change::Set(token) = visit.close(true) else { panic!("no token") };
    token
}

fn is_nothing(change: &Change) -> bool {
    matches!(change, Change::Nothing)
}

type Deed = fn(&OptionalSession<Login>) -> bulla::Result<()>;

#[test]
fn a_request_that_ends_after_its_session_was_replaced_or_ended_renews_nothing() {
    let deeds: [Deed; 4] = [
        |visit| visit.get().unwrap().reauthenticate(&ADMIN).map(drop),
        |visit| visit.begin(&USER).map(drop),
        |visit| visit.get().unwrap().end(),
        |visit| visit.get().unwrap().end_everywhere(),
    ];
    for deed in deeds {
        let host = Host::new();
        host.at(1000);
        let (slow, other) = (host.visit(), host.visit());
        deed(&other).unwrap();
        assert!(!is_nothing(&other.close(true)));
        assert!(is_nothing(&slow.close(true)), "the old number goes out again");
    }
}

#[test]
fn a_session_that_was_ended_since_the_request_came_gets_no_other_rights_and_no_other_number() {
    let host = Host::new();
    let slow = host.visit();
    let now = host.at(5);
    host.sessions.revocations().end_all_of(slow.get().unwrap().claims().subject().unwrap(), now).unwrap();
    let session = slow.get().unwrap();
    assert_eq!(session.reauthenticate(&ADMIN).map(drop).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(session.update(&ADMIN).unwrap_err().kind(), ErrorKind::Usage);
    assert!(is_nothing(&slow.close(true)));
}

#[test]
fn of_two_that_prove_who_they_are_at_once_one_gets_the_session() {
    let host = Host::new();
    let (one, other) = (host.visit(), host.visit());
    one.get().unwrap().reauthenticate(&ADMIN).unwrap();
    assert!(other.get().unwrap().reauthenticate(&ADMIN).is_err());
}

#[test]
fn what_was_done_in_a_request_is_not_undone_by_what_comes_after() {
    let host = Host::new();
    let visit = host.visit();
    let session = visit.get().unwrap();
    session.end().unwrap();
    assert!(session.update(&USER).is_err() && session.reauthenticate(&USER).is_err());
    assert!(matches!(visit.close(true), Change::Clear));

    let host = Host::new();
    let visit = host.visit();
    let old = visit.get().unwrap();
    let begun = visit.begin(&ADMIN).unwrap();
    assert!(old.update(&USER).is_err() && old.reauthenticate(&USER).is_err());
    let token = set(&visit);
    assert_eq!(*token.stamp(), begun);
    assert!(host.sessions.open(Some(token.expose_text())).get().unwrap().claims().admin);
}

#[test]
fn who_signed_out_stays_so_when_the_clock_is_set_back() {
    let host = Host::new();
    host.at(1000);
    host.visit().get().unwrap().end().unwrap();
    for seconds in [1000, 999, 0] {
        host.at(seconds);
        assert!(host.visit().get().is_none(), "{seconds}");
    }
}

#[test]
fn who_ends_all_that_is_theirs_and_begins_anew_at_once_has_a_session() {
    let host = Host::new();
    let visit = host.visit();
    visit.get().unwrap().end_everywhere().unwrap();
    let begun = visit.begin(&USER).unwrap();
    let token = set(&visit);
    assert!(begun.authenticated() > Time::from_unix(NOW));
    let session = host.sessions.open(Some(token.expose_text())).get().unwrap();
    assert!(session.is_recent(Duration::from_secs(60)));
}

#[test]
fn who_signs_in_and_gets_other_rights_within_the_second_in_which_all_was_ended_keeps_them() {
    let host = Host::new();
    let revocations = host.sessions.revocations();
    revocations.end_all_of(USER.subject().unwrap(), host.sessions.tokens().now()).unwrap();
    let visit = host.sessions.open(None);
    visit.begin(&USER).unwrap();
    let visit = host.sessions.open(Some(set(&visit).expose_text()));
    visit.get().unwrap().reauthenticate(&ADMIN).unwrap();
    let visit = host.sessions.open(Some(set(&visit).expose_text()));
    assert_eq!(visit.get().unwrap().claims(), &ADMIN);
}

#[test]
fn the_request_that_begins_a_session_has_it_until_it_ends_it() {
    let host = Host::new();
    for visit in [host.sessions.open(None), host.visit()] {
        let stamp = visit.begin(&ADMIN).unwrap();
        let session = visit.get().unwrap();
        assert_eq!((session.claims(), session.stamp().session()), (&ADMIN, stamp.session()));
        session.update(&ADMIN).unwrap();
        session.end().unwrap();
        assert!(visit.get().is_none());
        assert!(matches!(visit.close(true), Change::Clear));
    }
}

#[tokio::test]
async fn what_a_request_begins_is_not_asked_for_and_not_lost_with_what_came() {
    let host = Host::new();
    let visit = host.visit();
    visit.begin(&ADMIN).unwrap();
    host.sessions.revocations().end_generations_before(1, host.at(1)).unwrap();
    visit.ask().await;
    assert_eq!(visit.get().unwrap().claims(), &ADMIN);
}
