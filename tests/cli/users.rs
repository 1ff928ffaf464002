//! `bulla users`: a table that a server reads while the command changes it, and passwords that are asked for and never shown.
use super::lab::Lab;
use super::tls::{SERVER, Serving};

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("old.txt", "correct horse battery staple\n");
    lab.write("new.txt", "hunter2\n");
    lab.ok("users add --db users.sqlite --passphrase-file old.txt alice");
    lab
}

fn listed(lab: &Lab) -> String {
    String::from_utf8(lab.ok("users list --db users.sqlite")).unwrap()
}

#[test]
fn users_are_added_checked_listed_and_removed() {
    let lab = lab();
    lab.ok("users add --db users.sqlite --passphrase-file new.txt bobby");
    assert_eq!(listed(&lab), "alice\nbobby\n");
    let json = lab.ok("users list --json --db users.sqlite");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json).unwrap()["users"][1], "bobby");
    lab.ok("users check --db users.sqlite --passphrase-file old.txt alice");
    let wrong = lab.fails(1, "users check --db users.sqlite --passphrase-file new.txt alice");
    let unknown = lab.fails(1, "users check --db users.sqlite --passphrase-file new.txt carol");
    assert_eq!(wrong, unknown);
    let error = lab.fails(4, "users add --db users.sqlite --passphrase-file new.txt alice");
    assert!(error.contains("--replace"), "{error}");
    lab.ok("users add --db users.sqlite --passphrase-file new.txt --replace alice");
    lab.ok("users check --db users.sqlite --passphrase-file new.txt alice");
    lab.fails(1, "users check --db users.sqlite --passphrase-file old.txt alice");
    lab.ok("users remove --db users.sqlite bobby");
    assert_eq!(listed(&lab), "alice\n");
    lab.fails(2, "users remove --db users.sqlite bobby");
    lab.fails(2, "users add --db users.sqlite --replace --passphrase-file new.txt bobby");
}

#[test]
fn a_table_that_is_not_there_is_made_by_add_alone() {
    let lab = lab();
    for line in ["users list", "users remove alice", "users check --passphrase-file old.txt alice"] {
        let error = lab.fails(4, &format!("{line} --db nowhere.sqlite"));
        assert!(error.contains("nowhere.sqlite"), "{error}");
    }
    assert!(!lab.path("nowhere.sqlite").exists());
    lab.fails(4, "users list --db old.txt");
}

#[test]
fn who_has_the_password_comes_in_and_others_do_not_while_the_table_changes() {
    let lab = lab();
    lab.ok("cert test-ca ca");
    let serving = Serving::new(&lab, &format!("{SERVER} --echo --users users.sqlite"));
    let at = &serving.address;
    let come = |password: &str, user: &str| {
        lab.feed(&format!("--quiet tls connect --passphrase-file {password} --user {user} {at}"), b"it is me")
    };
    let run = come("old.txt", "alice");
    assert_eq!((run.code, run.text()), (Some(0), "it is me"), "{}", run.err);
    for (password, user) in [("new.txt", "alice"), ("new.txt", "bobby")] {
        let run = come(password, user);
        assert_eq!((run.code, run.text()), (Some(1), ""), "{}", run.err);
        assert!(run.err.contains("no such user"), "{}", run.err);
    }
    lab.ok("users add --db users.sqlite --passphrase-file new.txt bobby");
    assert_eq!(come("new.txt", "bobby").text(), "it is me");
    lab.ok("users remove --db users.sqlite bobby");
    assert_eq!(come("new.txt", "bobby").code, Some(1));
    let json = lab.ok(&format!("tls connect --json --passphrase-file old.txt --user alice {at}"));
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["peer"]["knows_password_of"], "alice");
}

#[test]
fn a_password_goes_with_no_certificate_and_no_table_with_two_ways_in() {
    let lab = lab();
    lab.ok("cert test-ca ca");
    let error =
        lab.fails(2, "tls connect --passphrase-file old.txt --user alice --trust ca/root.pem -- localhost:1");
    assert!(error.contains("--user"), "{error}");
    let error = lab
        .fails(2, &format!("tls serve {SERVER} --echo --users users.sqlite --require-clients ca/root.pem"));
    assert!(error.contains("--users"), "{error}");
    lab.fails(4, &format!("tls serve {SERVER} --echo --users nowhere.sqlite"));
}
