//! When a token ends, and whose clock says so.
use bulla::cookie::{Claims, Lifetime, Refusal, Subject, TokenKeys};
use bulla::{ErrorKind, TokenKeyring};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::lab::{HOUR, Lab, Login, SPREAD, at, login, ring};

#[test]
fn a_token_ends_to_the_second() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let token = tokens.issue(&login()).unwrap();
    lab.set(1799);
    assert!(tokens.accept(token.expose_text()).is_ok());
    for later in [1800, 1801, 12 * 3600 - 1] {
        lab.set(later);
        assert_eq!(lab.refusal(&tokens, token.expose_text()), Refusal::Idle, "{later}");
    }
    for later in [12 * 3600, i64::MAX / 2] {
        lab.set(later);
        assert_eq!(lab.refusal(&tokens, token.expose_text()), Refusal::Expired, "{later}");
    }
}

#[test]
fn a_clock_that_was_set_back_by_more_than_30_seconds_refuses_newer_tokens() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let token = tokens.issue(&login()).unwrap();
    for (back, refused) in [(0, false), (-30, false), (-31, true), (-86_400, true)] {
        lab.set(back);
        if refused {
            assert_eq!(lab.refusal(&tokens, token.expose_text()), Refusal::NotYet, "{back}");
        } else {
            assert!(tokens.accept(token.expose_text()).is_ok(), "{back}");
        }
    }
}

#[test]
fn a_session_goes_on_at_a_host_whose_clock_is_behind() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let token = tokens.issue(&login()).unwrap();
    lab.set(-30);
    let session = *tokens.accept(token.expose_text()).unwrap().by();
    let renewed = tokens.renew(&session, &login()).unwrap();
    assert_eq!(tokens.accept(renewed.expose_text()).unwrap().by(), renewed.stamp());
    assert_eq!((renewed.stamp().issued(), renewed.stamp().idle_until()), (at(0), at(1770)));
}

#[test]
fn a_token_that_would_outlast_the_keys_is_refused_when_its_type_is_taken_into_use() {
    #[derive(Serialize, Deserialize)]
    struct Long {}
    impl Claims for Long {
        const PURPOSE: &'static str = "long";
        const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(86_401));
        fn subject(&self) -> Option<Subject> {
            None
        }
    }
    let keys = TokenKeys::new(ring());
    let scope = bulla::cookie::Scope::new("x").unwrap();
    let error = bulla::cookie::Tokens::<Long>::new(&keys, scope.clone()).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    // And the other way round: a ring that would be too short for what is in use.
    let tokens = bulla::cookie::Tokens::<Login>::new(&keys, scope).unwrap();
    let short = TokenKeyring::generate(SPREAD, HOUR, at(0)).unwrap();
    assert_eq!(keys.replace(short).unwrap_err().kind(), ErrorKind::Usage);
    assert!(tokens.issue(&login()).is_ok());
}
