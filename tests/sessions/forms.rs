//! A form's token counts for that form of that session alone.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulla::ErrorKind;
use bulla::cookie::{Change, Session, Sessions};

use super::lab::{ADMIN, Login, USER, sessions};

fn begun(sessions: &Arc<Sessions<Login>>) -> Session<Login> {
    let visit = sessions.open(None);
    visit.begin(&USER).unwrap();
    let Change::Set(token) = visit.close(true) else { panic!("no token") };
    sessions.open(Some(token.expose_text())).get().unwrap()
}

#[test]
fn a_forms_token_counts_for_that_form_of_that_session_alone() {
    let sessions = Arc::new(sessions(&Arc::new(AtomicI64::new(0)), Arc::default()));
    let (one, other) = (begun(&sessions), begun(&sessions));
    let token = one.form_token("pay").unwrap();
    one.check_form("pay", token.expose_text()).unwrap();
    // As often as it is sent: it is no one-time token.
    one.check_form("pay", token.expose_text()).unwrap();
    for refused in [
        one.check_form("address", token.expose_text()),
        other.check_form("pay", token.expose_text()),
        one.check_form("pay", ""),
        one.check_form("pay", &token.expose_text().replace(char::is_alphabetic, "A")),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthentic);
    }
    assert_ne!(one.form_token("pay").unwrap().expose_text(), token.expose_text());
}

#[test]
fn a_forms_token_is_no_session_and_a_session_no_forms_token() {
    let sessions = Arc::new(sessions(&Arc::new(AtomicI64::new(0)), Arc::default()));
    let visit = sessions.open(None);
    visit.begin(&USER).unwrap();
    let Change::Set(token) = visit.close(true) else { panic!("no token") };
    let session = sessions.open(Some(token.expose_text())).get().unwrap();
    assert!(session.check_form("pay", token.expose_text()).is_err());
    let form = session.form_token("pay").unwrap();
    assert!(sessions.open(Some(form.expose_text())).get().is_none());
}

#[test]
fn a_forms_token_ends_with_the_sessions_number() {
    let passed = Arc::new(AtomicI64::new(0));
    let sessions = Arc::new(sessions(&passed, Arc::default()));
    let session = begun(&sessions);
    let token = session.form_token("pay").unwrap();
    passed.store(43_199, Ordering::Relaxed);
    session.check_form("pay", token.expose_text()).unwrap();
    passed.store(43_200, Ordering::Relaxed);
    assert!(session.check_form("pay", token.expose_text()).is_err());
    passed.store(5, Ordering::Relaxed);
    let visit = sessions.open(None);
    visit.begin(&ADMIN).unwrap();
    let Change::Set(new) = visit.close(true) else { panic!("no token") };
    let new = sessions.open(Some(new.expose_text())).get().unwrap();
    assert!(new.check_form("pay", token.expose_text()).is_err());
}
