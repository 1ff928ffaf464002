//! The log says why, and never whose.
use std::time::Duration;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use bulla::cookie::{Claims, Lifetime, OnStale, Scope, Subject, Tokens};
use serde::{Deserialize, Serialize};

use super::lab::{Lab, Login, NOW, USER, keys};
use super::linked::{Common, stale};
use crate::telling::logged;

/// Claims that are no login, under the same keys.
#[derive(Serialize, Deserialize)]
struct Invitation {
    user: u64,
}

impl Claims for Invitation {
    const PURPOSE: &'static str = "invitation";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

fn tokens<C: Claims>(keys: &bulla::cookie::TokenKeys) -> Tokens<C> {
    let tokens = Tokens::new(keys, Scope::new("__Host-session").unwrap()).unwrap();
    tokens.clock(|| bulla::Time::from_unix(NOW))
}

/// A token with another letter in its tag.
fn changed(token: &str) -> String {
    let at = token.len() - 10;
    let other = |letter| if letter == 'A' { 'B' } else { 'A' };
    token.chars().enumerate().map(|(i, letter)| if i == at { other(letter) } else { letter }).collect()
}

/// How parts of some bytes could stand in a log: in hex, in Base64, and as Rust shows them.
fn parts(bytes: &[u8]) -> Vec<String> {
    let shown = |part: &[u8]| {
        let hex = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let numbers = format!("{part:?}").trim_matches(['[', ']']).to_owned();
        [hex, numbers, Base64Unpadded::encode_string(part), Base64UrlUnpadded::encode_string(part)]
    };
    bytes.windows(6).flat_map(shown).collect()
}

/// What must not be told of a session: its token, the number in it and that number's digest, and its owner.
fn secrets(lab: &Lab, token: &str) -> Vec<String> {
    let digest = tokens::<Login>(&lab.keys).accept(token).unwrap().by().session().digest();
    let bytes = Base64UrlUnpadded::decode_vec(token).unwrap();
    let owner = USER.subject().unwrap();
    let mut secrets = [parts(&bytes), parts(&digest), parts(owner.as_bytes())].concat();
    secrets.extend([USER.user.to_string(), format!("{:x}", USER.user), "admin".to_owned()]);
    secrets
}

#[track_caller]
fn names_nobody(lines: &[String], secrets: &[String]) {
    for line in lines {
        assert!(!secrets.iter().any(|secret| line.contains(secret)), "it tells too much: {line}");
    }
}

#[test]
fn the_log_says_why_a_token_does_not_count_and_not_whose_it_is() {
    logged(|log| {
        let lab = Lab::new();
        let token = lab.login();
        let invitation = tokens(&lab.keys).issue(&Invitation { user: USER.user }).unwrap();
        let foreign = tokens::<Login>(&keys()).issue(&USER).unwrap();
        log.take();
        let mut secrets = secrets(&lab, &token);
        for (seconds, text, why) in [
            (0, token.clone(), "event=\"accepted\""),
            (0, "x".to_owned(), "why=\"malformed\""),
            (0, "x".repeat(5000), "why=\"oversize\""),
            (0, changed(&token), "why=\"forged\""),
            (0, invitation.expose_text().to_owned(), "why=\"forged\""),
            (0, foreign.expose_text().to_owned(), "why=\"unknown_key\""),
            (0, format!("{token}; __Host-session={token}"), "event=\"several\""),
            (-31, token.clone(), "why=\"not_yet\""),
            (1800, token.clone(), "why=\"idle\""),
            (43_200, token.clone(), "why=\"expired\""),
        ] {
            lab.at(seconds);
            lab.ask("/", &[&format!("__Host-session={text}")], &[]);
            let lines = log.take();
            if text.len() < 5000 && text.len() > 20 {
                secrets.extend(
                    text.as_bytes().windows(8).map(|part| String::from_utf8_lossy(part).into_owned()),
                );
            }
            names_nobody(&lines, &secrets);
            assert!(lines.len() == 1 && lines[0].contains(why), "{why}: {lines:?}");
            assert!(lines[0].starts_with("DEBUG bulla"), "visitors fill the log: {lines:?}");
        }
    });
}

#[test]
fn the_log_says_what_was_done_to_a_session_and_not_to_whose() {
    logged(|log| {
        for (path, seconds, words) in [
            ("/login", 0, &["accepted", "begun"][..]),
            ("/update", 0, &["accepted", "updated"]),
            ("/admin", 0, &["accepted", "reauthenticated"]),
            ("/logout", 0, &["accepted", "ended"]),
            ("/logout-everywhere", 0, &["accepted", "ended", "ended_everywhere"]),
            ("/", 900, &["accepted", "renewed"]),
        ] {
            let lab = Lab::new();
            let token = lab.login();
            assert_eq!(log.take().len(), 1);
            let mut secrets = secrets(&lab, &token);
            lab.at(seconds);
            let answer = lab.get(path, &token);
            secrets.extend(parts(&Base64UrlUnpadded::decode_vec(&answer.set.unwrap().0).unwrap()));
            let lines = log.take();
            names_nobody(&lines, &secrets);
            let words: Vec<_> = words.iter().map(|word| format!("event=\"{word}\"")).collect();
            assert!(lines.len() == words.len(), "{path}: {lines:?}");
            assert!(lines.iter().zip(&words).all(|(line, word)| line.contains(word)), "{path}: {lines:?}");
            if path.starts_with("/logout") {
                lab.get("/", &token);
                let lines = log.take();
                names_nobody(&lines, &secrets);
                assert!(lines.len() == 1 && lines[0].contains("event=\"revoked\""), "{lines:?}");
            }
        }
    });
}

#[test]
fn that_others_are_not_heard_is_a_warning_and_names_nobody() {
    logged(|log| {
        let common = Common::default();
        for (policy, path) in [(OnStale::Deny, "/"), (OnStale::Allow, "/strict")] {
            let lab = stale(&common, policy);
            let token = lab.login();
            common.0.lock().unwrap().is_down = true;
            log.take();
            assert_eq!(lab.get(path, &token).seen, "unsure");
            let lines = log.take();
            names_nobody(&lines, &secrets(&lab, &token));
            let warnings: Vec<_> = lines.iter().filter(|line| line.starts_with("WARN bulla")).collect();
            assert!(warnings.len() == 1 && warnings[0].contains("event=\"unsure\""), "{lines:?}");
        }
    });
}
