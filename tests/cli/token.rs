//! `bulla token inspect`: what a token says, and whether its keyring signed it; never a key.
use std::time::Duration;

use bulla::cookie::{Claims, Lifetime, Scope, Sealed, Subject, TokenKeys, Tokens};
use bulla::{Key, Time, file};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lab::Lab;

#[derive(Serialize, Deserialize)]
struct Login {
    user: String,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));

    fn subject(&self) -> Option<Subject> {
        None
    }
}

/// A lab with the keyring `ring`, and the token of these claims under it, issued at this time, in the file `token`.
fn with_token<C: Claims>(claims: &C) -> Lab {
    let lab = Lab::new();
    lab.ok("keygen --key -o key");
    lab.ok("keyring new --tokens 30d --seal-key key ring");
    let key = Key::read_file(lab.path("key")).unwrap();
    let keys = TokenKeys::new(file::read_token_keyring(&key, lab.path("ring")).unwrap());
    let then: Time = "2026-01-31T12:00:00Z".parse().unwrap();
    let tokens = Tokens::<C>::new(&keys, Scope::new("__Host-session").unwrap().tenant("acme")).unwrap();
    let token = tokens.clock(move || then).issue(claims).unwrap();
    lab.write("token", format!("{}\n", token.expose_text()));
    lab
}

const GENUINE: &str =
    "token inspect --json --keyring ring --seal-key key --purpose login --name __Host-session --tenant acme";

fn json(lab: &Lab, line: &str) -> Value {
    serde_json::from_slice(&lab.ok(line)).unwrap()
}

#[test]
fn what_nobody_verified_is_said_to_be_that() {
    let lab = with_token(&Login { user: "alice".to_owned() });
    let shown = String::from_utf8(lab.ok("token inspect token")).unwrap();
    assert!(shown.starts_with("not verified: anybody could have written this\n"), "{shown}");
    assert!(shown.contains("until: 2026-02-01T00:00:00Z (over)") && shown.contains("\"alice\""), "{shown}");
    let report = json(&lab, "token inspect --json --at 2026-01-31T12:29:59Z token");
    assert_eq!((&report["genuine"], &report["over"]), (&Value::Null, &false.into()));
    assert_eq!((&report["claims"]["user"], &report["sealed"]), (&"alice".into(), &false.into()));
    assert_eq!(json(&lab, "token inspect --json --at 2026-01-31T12:30:00Z token")["over"], true);
}

#[test]
fn with_its_keyring_a_token_is_genuine_for_its_place_only() {
    let lab = with_token(&Login { user: "alice".to_owned() });
    assert_eq!(json(&lab, &format!("{GENUINE} token"))["genuine"], true);
    for (from, to) in [("login", "logout"), ("__Host-session", "session"), ("acme", "eve")] {
        lab.fails(1, &format!("{} token", GENUINE.replace(from, to)));
    }
    lab.ok("keyring new --tokens 30d --seal-key key other");
    lab.fails(1, &format!("{} token", GENUINE.replace("--keyring ring", "--keyring other")));
    lab.fails(2, "token inspect --keyring ring --seal-key key token");
    lab.write("broken", "no token");
    lab.fails(3, &format!("{GENUINE} broken"));
    lab.fails(4, "token inspect missing");
}

#[test]
fn sealed_claims_are_shown_to_who_has_the_keyring() {
    let lab = with_token(&Sealed(Login { user: "alice".to_owned() }));
    let report = json(&lab, "token inspect --json token");
    assert_eq!((&report["sealed"], &report["claims"]), (&true.into(), &Value::Null));
    let report = json(&lab, &format!("{GENUINE} token"));
    assert_eq!((&report["genuine"], &report["claims"]["user"]), (&true.into(), &"alice".into()));
}

#[test]
fn no_report_of_a_token_shows_a_key() {
    let lab = with_token(&Login { user: "alice".to_owned() });
    let key = Key::read_file(lab.path("key")).unwrap();
    let ring = file::read_token_keyring(&key, lab.path("ring")).unwrap();
    let text = ring.expose_text();
    let secret = text.lines().last().unwrap().rsplit(' ').next().unwrap();
    for line in [
        format!("{GENUINE} token"),
        "token inspect token".to_owned(),
        "keyring show --seal-key key ring".to_owned(),
    ] {
        let shown = String::from_utf8(lab.ok(&line)).unwrap();
        assert!(!shown.contains(secret) && !shown.to_uppercase().contains("SECRET-KEY"), "{shown}");
    }
}
