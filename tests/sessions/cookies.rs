//! What goes out, and what comes back counts for.
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use bulla::adapters::tower::SessionLayer;
use bulla::cookie::{Change, Event, Refusal, Scope, Sessions, TokenKeys};
use bulla::{Time, TokenKeyring};

use super::lab::{ADMIN, DAY, Lab, Login, NOW, USER, keys, seen, sessions};

#[test]
fn who_signs_in_gets_a_cookie_for_this_host_alone_and_is_known_by_it() {
    let lab = Lab::new();
    let answer = lab.ask("/login", &[], &[]);
    let (token, attributes) = answer.set.unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=1800");
    assert_eq!(answer.seen, "nobody");
    let answer = lab.get("/", &token);
    assert_eq!(answer.seen, seen(&USER));
    assert!(answer.set.is_none() && answer.is_stored);
}

#[test]
fn a_session_that_is_used_is_renewed_past_half_of_its_idle_time_and_never_past_its_end() {
    let lab = Lab::new();
    let mut token = lab.login();
    lab.at(899);
    assert!(lab.get("/", &token).set.is_none());
    let mut now = 0;
    let mut renewals = 0;
    while now < 43_200 {
        now += 900;
        lab.at(now);
        let answer = lab.get("/", &token);
        if now < 43_200 {
            assert_eq!(answer.seen, seen(&USER), "{now}");
            let (renewed, attributes) = answer.set.unwrap();
            let left = (43_200 - now).min(1800);
            assert!(attributes.ends_with(&format!("Max-Age={left}")), "{now}: {attributes}");
            token = renewed;
            renewals += 1;
        } else {
            assert_eq!(answer.seen, "nobody");
        }
    }
    assert_eq!(renewals, 47);
}

#[test]
fn nothing_is_renewed_after_an_error_or_for_what_nobody_asked_for() {
    let lab = Lab::new();
    let token = lab.login();
    lab.at(1000);
    assert!(lab.get("/fail", &token).set.is_none());
    let cookie = format!("__Host-session={token}");
    for field in [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "Prefetch")] {
        assert!(lab.ask("/", &[&cookie], &[field]).set.is_none(), "{field:?}");
    }
    assert!(lab.ask("/", &[&cookie], &[]).set.is_some());
}

#[test]
fn a_login_and_other_rights_give_a_new_number_and_requests_under_way_are_still_answered() {
    for path in ["/login", "/admin"] {
        let lab = Lab::new();
        let old = lab.login();
        lab.at(1000);
        let (new, _) = lab.get(path, &old).set.unwrap();
        assert_ne!(new, old);
        lab.at(1009);
        let answer = lab.get("/", &old);
        assert_eq!(answer.seen, seen(&USER));
        assert!(answer.set.is_none(), "the old one is not renewed");
        lab.at(1010);
        assert_eq!(lab.get("/", &old).seen, "nobody");
        assert_eq!(lab.get("/", &new).seen, seen(if path == "/admin" { &ADMIN } else { &USER }));
    }
}

#[test]
fn who_signs_out_is_signed_out_wherever_the_token_is() {
    let lab = Lab::new();
    let (one, other) = (lab.login(), lab.login());
    let answer = lab.get("/logout", &one);
    let (value, attributes) = answer.set.unwrap();
    assert_eq!(
        (value.as_str(), attributes.as_str()),
        ("", "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
    );
    assert_eq!(lab.get("/", &one).seen, "nobody");
    assert_eq!(lab.get("/", &other).seen, seen(&USER));
    lab.at(5);
    lab.get("/logout-everywhere", &other);
    assert_eq!(lab.get("/", &other).seen, "nobody");
    // In the same second.
    assert_eq!(lab.get("/", &lab.login()).seen, seen(&USER));
}

#[test]
fn claims_are_updated_for_the_same_owner_only() {
    let lab = Lab::new();
    let token = lab.login();
    let (updated, _) = lab.get("/update", &token).set.unwrap();
    assert_eq!(lab.get("/", &updated).seen, seen(&ADMIN));
    assert!(lab.get("/stranger", &token).set.is_none());
}

#[test]
fn two_cookies_of_the_name_are_none_wherever_they_stand() {
    let lab = Lab::new();
    let token = lab.login();
    let cookie = format!("__Host-session={token}");
    assert_eq!(lab.ask("/", &[&cookie], &[]).seen, seen(&USER));
    assert_eq!(lab.ask("/", &["a=b", &cookie], &[]).seen, seen(&USER));
    for cookies in [
        vec![format!("{cookie}; {cookie}")],
        vec![cookie.clone(), cookie.clone()],
        vec![format!("__Host-session=; {cookie}")],
        vec![format!("{cookie}; __Host-session=x")],
    ] {
        let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
        assert_eq!(lab.ask("/", &cookies, &[]).seen, "nobody", "{cookies:?}");
    }
}

#[test]
fn what_is_no_session_is_none() {
    let lab = Lab::new();
    let token = lab.login();
    for cookie in [
        String::new(),
        "__Host-session".to_owned(),
        "__Host-session=".to_owned(),
        format!("session={token}"),
        format!("__host-session={token}"),
        format!("__Host-session=\"{token}\""),
        format!("__Host-session={token}x"),
        format!("__Host-session ={token}"),
        format!("x__Host-session={token}"),
    ] {
        assert_eq!(lab.ask("/", &[&cookie], &[]).seen, "nobody", "{cookie}");
    }
}

#[test]
fn a_million_cookies_are_looked_through_and_hide_none() {
    let lab = Lab::new();
    let token = lab.login();
    let many = "a=b; ".repeat(1_000_000);
    assert_eq!(lab.ask("/", &[&format!("{many}__Host-session={token}")], &[]).seen, seen(&USER));
    assert_eq!(lab.ask("/", &[&many], &[]).seen, "nobody");
}

#[test]
fn what_happens_is_told_without_saying_to_whom() {
    let lab = Lab::new();
    let token = lab.login();
    assert_eq!(lab.events(), [Event::Begun]);
    let cookie = format!("__Host-session={token}");
    for (path, cookie, events) in [
        ("/", cookie.clone(), vec![Event::Accepted]),
        ("/", "__Host-session=x".to_owned(), vec![Event::Refused(Refusal::Malformed)]),
        ("/", format!("{cookie}; {cookie}"), vec![Event::Several]),
        ("/update", cookie.clone(), vec![Event::Accepted, Event::Updated]),
        ("/admin", cookie.clone(), vec![Event::Accepted, Event::Reauthenticated]),
        ("/logout", cookie.clone(), vec![Event::Accepted, Event::Ended]),
        ("/", cookie, vec![Event::Revoked]),
    ] {
        lab.ask(path, &[&cookie], &[]);
        assert_eq!(lab.events(), events, "{path}");
    }
    let token = lab.login();
    lab.at(900);
    lab.get("/", &token);
    assert_eq!(lab.events(), [Event::Begun, Event::Accepted, Event::Renewed]);
}

#[test]
fn plain_http_is_for_names_that_browsers_take_without_tls() {
    for name in ["__Host-session", "__Secure-session", "session"] {
        let keys = TokenKeys::new(TokenKeyring::generate(Duration::ZERO, DAY, Time::now()).unwrap());
        let sessions = || Sessions::<Login>::new(&keys, Scope::new(name).unwrap(), Arc::default()).unwrap();
        assert_eq!(SessionLayer::over_plain_http_for_development(sessions()).is_ok(), name == "session");
        assert_eq!(SessionLayer::of(sessions()).is_ok(), name == "__Host-session");
    }
}

#[test]
fn raising_the_generation_ends_all_sessions_and_new_ones_count() {
    let lab = Lab::new();
    let old = lab.login();
    lab.get("/raise", &old);
    assert_eq!(lab.get("/", &old).seen, "nobody");
    let new = lab.login();
    assert_eq!(lab.get("/", &new).seen, seen(&USER));
    // Who did not see it before it was raised refuses the old one by the tokens themselves.
    lab.events();
    lab.get("/", &old);
    assert_eq!(lab.events(), [Event::Refused(Refusal::OldGeneration)]);
}

#[test]
fn who_is_only_remembered_has_not_proved_it_recently() {
    let sessions = Arc::new(sessions(&Arc::new(AtomicI64::new(0)), Arc::default()));
    let minute = Duration::from_secs(60);
    for (as_of, is_recent) in
        [(None, true), (Some(Time::from_unix(NOW - 60)), false), (Some(Time::from_unix(0)), false)]
    {
        let visit = sessions.open(None);
        match as_of {
            Some(time) => visit.begin_as_of(&USER, time).unwrap(),
            None => visit.begin(&USER).unwrap(),
        };
        let Change::Set(token) = visit.close(true) else { panic!("no token") };
        let session = sessions.open(Some(token.expose_text())).get().unwrap();
        assert_eq!(session.is_recent(minute), is_recent);
    }
}

#[test]
fn what_others_put_into_their_cookies_is_no_matter() {
    let lab = Lab::new();
    let token = lab.login();
    for cookies in [
        vec![format!("name=José; __Host-session={token}")],
        vec![format!("__Host-session={token};\tname=\"a b\"")],
        vec!["name=José".to_owned(), format!("__Host-session={token}")],
    ] {
        let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
        assert_eq!(lab.ask("/", &cookies, &[]).seen, seen(&USER), "{cookies:?}");
    }
    assert_eq!(lab.ask("/", &["__Host-session=José"], &[]).seen, "nobody");
}

#[test]
fn a_name_that_has_a_prefix_already_is_refused_and_says_what_to_give() {
    for name in ["", "__Host-session", "__Secure-session"] {
        let error = SessionLayer::<Login>::new(&keys(), name, Arc::default()).map(drop).unwrap_err();
        assert_eq!(error.kind(), bulla::ErrorKind::Usage);
        assert!(error.to_string().ends_with("; say \"session\""), "{error}");
    }
}
