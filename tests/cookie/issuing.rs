//! What is issued is accepted, as it was issued.
use bulla::ErrorKind;
use bulla::cookie::{Claims, Lifetime, Refusal, Scope, Sealed, Subject, TokenKeys, Tokens};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::lab::{HOUR, Lab, Login, MINUTE, NOW, at, login, ring};

#[test]
fn what_was_issued_is_accepted_with_its_times() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let token = tokens.issue(&login()).unwrap();
    let accepted = tokens.accept(token.expose_text()).unwrap();
    assert_eq!((accepted.get(), accepted.by()), (&login(), token.stamp()));
    let stamp = accepted.by();
    assert_eq!((stamp.issued(), stamp.authenticated()), (at(0), at(0)));
    assert_eq!((stamp.idle_until(), stamp.until()), (at(0) + MINUTE * 30, at(0) + HOUR * 12));
}

#[test]
fn each_issue_begins_a_session_of_its_own() {
    let tokens = Lab::default().tokens::<Login>(&TokenKeys::new(ring()));
    let (one, other) = (tokens.issue(&login()).unwrap(), tokens.issue(&login()).unwrap());
    assert_ne!(one.stamp().session(), other.stamp().session());
    assert_ne!(one.stamp().session().digest(), other.stamp().session().digest());
    assert_ne!(one.expose_text(), other.expose_text());
}

#[test]
fn a_renewed_session_keeps_its_number_and_its_end() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let first = *tokens.issue(&login()).unwrap().stamp();
    lab.set(1000);
    let renewed = tokens.renew(&first, &login()).unwrap();
    let second = *renewed.stamp();
    assert_eq!((second.session(), second.until()), (first.session(), first.until()));
    assert_eq!((second.authenticated(), second.issued()), (at(0), at(1000)));
    assert_eq!(second.idle_until(), at(2800));
    assert_eq!(tokens.accept(renewed.expose_text()).unwrap().by(), &second);
    // Never past the end.
    lab.set(12 * 3600 - 60);
    let last = tokens.renew(&second, &login()).unwrap();
    assert_eq!(last.stamp().idle_until(), first.until());
    lab.set(12 * 3600);
    assert_eq!(lab.refusal(&tokens, last.expose_text()), Refusal::Expired);
    assert_eq!(tokens.renew(&second, &login()).map(|_| ()).unwrap_err().kind(), ErrorKind::Expired);
}

#[test]
fn who_proves_again_who_they_are_gets_a_new_number_and_the_same_end() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let first = *tokens.issue(&login()).unwrap().stamp();
    lab.set(1000);
    let again = *tokens.reauthenticate(&first, &login()).unwrap().stamp();
    assert_ne!(again.session(), first.session());
    assert_eq!((again.authenticated(), again.until()), (at(1000), first.until()));
}

/// Tokens end a lifetime after the proof, 12 hours here: so it counts as half of that ago at most.
#[test]
fn a_session_as_of_an_earlier_proof_is_not_fresh_and_lasts_half_of_its_lifetime() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    for (proved, counts, until) in [
        (0, 0, 12 * 3600),
        (-3600, -3600, 11 * 3600),
        (-6 * 3600, -6 * 3600, 6 * 3600),
        (-6 * 3600 - 1, -6 * 3600, 6 * 3600),
        (-NOW, -6 * 3600, 6 * 3600),
        // By a clock that is ahead.
        (20, 0, 12 * 3600),
    ] {
        let token = tokens.issue_as_of(&login(), at(proved)).unwrap();
        let session = *tokens.accept(token.expose_text()).unwrap().by();
        assert_eq!(
            (session.issued(), session.authenticated(), session.until()),
            (at(0), at(counts), at(until))
        );
        assert_eq!(session.idle_until(), at(1800));
    }
    assert_ne!(
        tokens.issue_as_of(&login(), at(0)).unwrap().stamp().session(),
        tokens.issue_as_of(&login(), at(0)).unwrap().stamp().session()
    );
}

#[test]
fn sealed_claims_cannot_be_read_and_come_back() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let scope = || Scope::new("__Host-session").unwrap();
    let tokens = lab.tokens_in::<Sealed<Login>>(&keys, scope());
    let token = tokens.issue(&Sealed(login())).unwrap();
    let accepted = tokens.accept(token.expose_text()).unwrap();
    assert_eq!((&accepted.get().0, accepted.get().user), (&login(), 7));
    let shows = |text: &str| {
        let bytes = base64(text);
        bytes.windows(5).any(|bytes| bytes == b"alice")
    };
    assert!(!shows(token.expose_text()));
    let others = TokenKeys::new(ring());
    assert!(shows(lab.tokens::<Login>(&others).issue(&login()).unwrap().expose_text()));
    let again = tokens.issue(&Sealed(login())).unwrap();
    assert_ne!(again.expose_text()[100..], token.expose_text()[100..]);
}

fn base64(text: &str) -> Vec<u8> {
    use base64ct::Encoding;
    base64ct::Base64UrlUnpadded::decode_vec(text).unwrap()
}

#[test]
fn claims_that_do_not_fit_into_a_cookie_are_refused_with_the_figures() {
    let tokens = Lab::default().tokens::<Login>(&TokenKeys::new(ring()));
    let issue = |length: usize| tokens.issue(&Login { user: 7, name: "x".repeat(length) });
    let longest = (0..4096).rev().find(|length| issue(*length).is_ok()).unwrap();
    let token = issue(longest).unwrap();
    assert!((4090..=4096).contains(&("__Host-session".len() + token.expose_text().len())));
    assert_eq!(tokens.accept(token.expose_text()).unwrap().get().name.len(), longest);
    let error = issue(longest + 1).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OverLimit);
    assert!(error.to_string().contains("bytes, and a cookie has room for 29"), "{error}");
}

/// Of two types with one purpose, tokens of the one would be accepted as the other.
#[test]
fn two_types_with_one_purpose_are_refused_under_one_keyring() {
    #[derive(Serialize, Deserialize)]
    struct Other {}
    impl Claims for Other {
        const PURPOSE: &'static str = Login::PURPOSE;
        const LIFETIME: Lifetime = Login::LIFETIME;
        fn subject(&self) -> Option<Subject> {
            None
        }
    }
    let keys = TokenKeys::new(ring());
    let scope = || Scope::new("x").unwrap();
    let first = Tokens::<Login>::new(&keys, scope()).unwrap();
    for error in [
        Tokens::<Other>::new(&keys, scope()).map(|_| ()).unwrap_err(),
        Tokens::<Sealed<Login>>::new(&keys, scope()).map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains("has the purpose login"), "{error}");
    }
    // The same type may have several scopes, and another keyring its own types.
    assert!(Tokens::<Login>::new(&keys.clone(), Scope::new("y").unwrap()).is_ok());
    assert!(Tokens::<Other>::new(&TokenKeys::new(ring()), scope()).is_ok());
    assert_eq!(first.scope().name(), "x");
}

#[test]
fn a_field_that_was_added_with_a_default_reads_older_tokens() {
    #[derive(Serialize, Deserialize)]
    struct Newer {
        name: String,
        #[serde(default)]
        theme: Option<String>,
        user: u64,
    }
    impl Claims for Newer {
        const PURPOSE: &'static str = Login::PURPOSE;
        const LIFETIME: Lifetime = Login::LIFETIME;
        fn subject(&self) -> Option<Subject> {
            Some(Subject::of(self.user.to_be_bytes()))
        }
    }
    let text = ring().expose_text();
    let host = || TokenKeys::new(bulla::TokenKeyring::parse(text.as_bytes()).unwrap());
    let lab = Lab::default();
    let (older, newer) = (lab.tokens::<Login>(&host()), lab.tokens::<Newer>(&host()));
    let old = older.issue(&login()).unwrap();
    let read = newer.accept(old.expose_text()).unwrap().into_inner();
    assert_eq!((read.user, read.name.as_str(), read.theme), (7, "alice", None));
    let new = Newer { name: "bob".to_owned(), theme: Some("dark".to_owned()), user: 8 };
    let new = newer.issue(&new).unwrap();
    assert_eq!(older.accept(new.expose_text()).unwrap().get().user, 8);
}

proptest! {
    #[test]
    fn accepting_undoes_issuing(user: u64, name: String, audience: String, tenant: String) {
        let lab = Lab::default();
        let scope = Scope::new("x").unwrap().audience(audience).tenant(tenant);
        let tokens = lab.tokens_in::<Login>(&TokenKeys::new(ring()), scope);
        let claims = Login { user, name };
        let token = tokens.issue(&claims).unwrap();
        let accepted = tokens.accept(token.expose_text()).unwrap();
        prop_assert_eq!(accepted.get(), &claims);
        prop_assert_eq!(accepted.by(), token.stamp());
    }
}
