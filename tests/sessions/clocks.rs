//! Hosts whose clocks differ: what one ended holds at the other.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulla::Key;
use bulla::cookie::{Change, Claims, Notices, OptionalSession, Sessions, Token};

use super::lab::{ADMIN, Login, USER, keys, sessions_by};

/// A host, and by how many seconds its clock is ahead.
struct Host {
    ahead: i64,
    passed: Arc<AtomicI64>,
    sessions: Arc<Sessions<Login>>,
}

/// Two that share keys: one whose clock is right, and one whose clock is ahead by so much.
fn hosts(ahead: i64) -> (Host, Host) {
    let keys = keys();
    let host = |ahead| {
        let passed = Arc::new(AtomicI64::new(ahead));
        let sessions = Arc::new(sessions_by(&keys, &passed, Arc::default()));
        Host { ahead, passed, sessions }
    };
    (host(0), host(ahead))
}

impl Host {
    fn at(&self, seconds: i64) -> &Self {
        self.passed.store(seconds + self.ahead, Ordering::Relaxed);
        self
    }

    fn begin(&self) -> Token {
        let visit = self.sessions.open(None);
        visit.begin(&USER).unwrap();
        set(&visit)
    }

    fn visit(&self, token: &Token) -> OptionalSession<Login> {
        self.sessions.open(Some(token.expose_text()))
    }

    fn has(&self, token: &Token) -> bool {
        self.visit(token).get().is_some()
    }

    /// Takes note of all that the other has ended.
    fn hears(&self, other: &Self) {
        let (notices, now) = (Notices::new(&Key::from_bytes(&[7; 32]), "shop"), self.sessions.tokens().now());
        for told in other.sessions.revocations().all() {
            let heard = notices.read(&notices.write(&told), now).unwrap();
            self.sessions.revocations().apply(heard, now).unwrap();
        }
    }
}

fn set(visit: &OptionalSession<Login>) -> Token {
    let Change::Set(token) = visit.close(true) else { panic!("no token") };
    token
}

#[test]
fn what_was_ended_at_once_has_ended_by_every_clock() {
    for ahead in [-20, 20] {
        for is_everything in [false, true] {
            let (one, other) = hosts(ahead);
            let token = one.begin();
            one.at(100);
            other.at(100);
            assert!(other.has(&token));
            let session = one.visit(&token).get().unwrap();
            if is_everything { session.end_everywhere() } else { session.end() }.unwrap();
            other.hears(&one);
            for seconds in [100, 80, 0] {
                assert!(!other.at(seconds).has(&token), "{ahead} {is_everything} {seconds}");
            }
        }
    }
}

#[test]
fn a_number_that_was_replaced_is_answered_until_the_same_time_by_each_clock_and_never_renewed() {
    for (ahead, last) in [(-20, Some(1029)), (0, Some(1009)), (5, Some(1004)), (20, None)] {
        let (one, other) = hosts(ahead);
        let old = one.begin();
        let visit = one.at(1000).visit(&old);
        visit.get().unwrap().reauthenticate(&ADMIN).unwrap();
        let new = set(&visit);
        other.at(1000).hears(&one);
        for seconds in [1000, 1004, 1005, 1009, 1010, 1029, 1030] {
            let visit = other.at(seconds).visit(&old);
            let is_answered = last.is_some_and(|last| seconds <= last);
            assert_eq!(visit.get().is_some(), is_answered, "{ahead} {seconds}");
            assert!(matches!(visit.close(true), Change::Nothing), "{ahead} {seconds}");
            assert!(other.has(&new), "{ahead} {seconds}");
        }
    }
}

#[test]
fn all_that_somebody_has_is_what_was_begun_before_by_the_clocks() {
    // Begun at the other host at this time, and ended at 100 by the first one's clock.
    for (ahead, begun, has_ended) in
        [(-20, 99, true), (-20, 120, true), (-20, 121, false), (20, 80, true), (20, 81, false)]
    {
        let (one, other) = hosts(ahead);
        let token = other.at(begun).begin();
        let now = one.at(100).sessions.tokens().now();
        one.sessions.revocations().end_all_of(USER.subject().unwrap(), now).unwrap();
        other.hears(&one);
        for host in [one.at(130), other.at(130)] {
            assert_eq!(!host.has(&token), has_ended, "{ahead} {begun}");
        }
    }
}

#[test]
fn who_signs_in_where_it_was_heard_that_all_was_ended_has_a_session_by_every_clock() {
    for ahead in [-20, 20] {
        let (one, other) = hosts(ahead);
        let now = one.at(100).sessions.tokens().now();
        one.sessions.revocations().end_all_of(USER.subject().unwrap(), now).unwrap();
        other.at(100).hears(&one);
        let token = other.begin();
        assert!(one.has(&token) && other.has(&token), "{ahead}");
        // And it is renewed in time.
        let visit = other.at(1100).visit(&token);
        let renewed = set(&visit);
        assert!(one.at(1100).has(&renewed), "{ahead}");
    }
}
