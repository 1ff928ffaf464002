//! Who may open it and what opens it: passphrases from everywhere, identities, SSH keys, raw keys and keyrings.
use std::fs;

use serde_json::Value;

use super::lab::{LETTER, Lab, content, failed, outcome, words};
use crate::peers;

fn public_key(err: &str) -> &str {
    let line = err.lines().find_map(|line| line.strip_prefix("Public key: "));
    line.unwrap_or_else(|| panic!("no public key: {err}"))
}

#[test]
fn nobody_named_a_passphrase_is_made_shown_once_and_opens() {
    let lab = Lab::furnished();
    for line in [
        "encrypt --kdf-cost low -o sealed letter",
        "encrypt --generate-passphrase --kdf-cost low -o second letter",
    ] {
        let run = lab.run(line);
        assert_eq!((run.code, run.out.len()), (Some(0), 0), "{}", run.err);
        let shown: Vec<&str> = run.err.lines().filter(|line| line.split('-').count() == 10).collect();
        assert_eq!(shown.len(), 1, "{}", run.err);
        lab.write("shown", shown[0]);
        let sealed = words(line)[words(line).len() - 2];
        assert!(run.err.contains(&format!("bulla decrypt -p -o letter.decrypted {sealed}\n")), "{}", run.err);
        assert_eq!(lab.ok(&format!("decrypt --passphrase-file shown {sealed}")), LETTER.as_bytes());
    }
    // Quiet, the passphrase is still shown: nobody could open the file otherwise.
    let run = lab.run("encrypt --quiet --kdf-cost low -o third letter");
    assert_eq!(run.err.trim().split('-').count(), 10, "{}", run.err);
}

#[cfg(target_os = "linux")]
#[test]
fn a_passphrase_that_cannot_be_shown_seals_nothing() {
    let lab = Lab::furnished();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = lab.command(&words("encrypt --kdf-cost low -o sealed letter")).stderr(full).status().unwrap();
    assert_eq!(run.code(), Some(4));
    assert!(!lab.has("sealed"));
}

#[test]
fn a_passphrase_comes_from_a_file_a_descriptor_or_the_environment() {
    let lab = Lab::furnished();
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o sealed letter");
    for (name, text) in [("bare", "correct horse"), ("dos", "correct horse\r\n")] {
        lab.write(name, text);
        assert_eq!(lab.ok(&format!("decrypt --passphrase-file {name} sealed")), LETTER.as_bytes(), "{name}");
    }
    assert_eq!(lab.ok_fed("decrypt --passphrase-fd 0 sealed", b"correct horse\n"), LETTER.as_bytes());
    let run = outcome(lab.command(&words("decrypt --passphrase-env PW sealed")).env("PW", "correct horse"));
    assert_eq!(run.out, LETTER.as_bytes(), "{}", run.err);
    // One line ending is the editor's, a second one is the passphrase's.
    lab.write("more", "correct horse\n\n");
    lab.fails(1, "decrypt --passphrase-file more sealed");
    lab.write("empty", "\n");
    lab.fails(2, "decrypt --passphrase-file empty sealed");
    lab.write("binary", b"\xff\xfe");
    lab.fails(2, "decrypt --passphrase-file binary sealed");
    lab.write("long", "x".repeat(4097));
    lab.fails(2, "encrypt --passphrase-file long -o second letter");
    lab.fails(4, "decrypt --passphrase-file missing sealed");
    lab.fails(2, "decrypt --passphrase-env NOT_SET sealed");
    lab.fails(2, "decrypt --passphrase-fd 0 -");
    assert!(!lab.has("second"));
}

#[cfg(unix)]
#[test]
fn a_passphrase_comes_from_any_open_descriptor() {
    let lab = Lab::furnished();
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o sealed letter");
    let run = outcome(lab.program("sh").args(["-c", "bulla decrypt --passphrase-fd 7 sealed 7<pass"]));
    assert_eq!(run.out, LETTER.as_bytes(), "{}", run.err);
    let run = outcome(
        lab.program("sh").args(["-c", "cat pass | bulla decrypt --passphrase-fd 7 sealed 7<&0 </dev/null"]),
    );
    assert_eq!(run.out, LETTER.as_bytes(), "{}", run.err);
    lab.fails(4, "decrypt --passphrase-fd 7 sealed");
}

#[test]
fn a_letter_may_be_typed_in_more_ways_than_one() {
    let lab = Lab::furnished();
    lab.write("composed", "caf\u{e9}");
    lab.write("decomposed", "cafe\u{301}");
    lab.ok("encrypt --passphrase-file composed --kdf-cost low -o sealed letter");
    assert_eq!(lab.ok("decrypt --passphrase-file decomposed sealed"), LETTER.as_bytes());
}

#[test]
fn what_a_passphrase_may_cost_is_bounded() {
    let lab = Lab::furnished();
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o sealed letter");
    lab.fails(3, "decrypt --passphrase-file pass --max-kdf-memory 63 sealed");
    assert_eq!(lab.ok("decrypt --passphrase-file pass --max-kdf-memory 64 sealed"), LETTER.as_bytes());
    lab.ok("encrypt --passphrase-file pass --kdf-cost nist -o nist letter");
    assert!(lab.read("nist").starts_with(b"bulla/v1\n-> pbkdf2-sha512 "));
    assert_eq!(lab.ok("decrypt --passphrase-file pass nist"), LETTER.as_bytes());
}

#[test]
fn a_passphrase_made_cheap_to_guess_is_refused_unless_accepted() {
    let lab = Lab::furnished();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/test-vectors/file/");
    let is_weak = |text: &[u8]| {
        let head = String::from_utf8_lossy(&text[..text.len().min(4000)]).into_owned();
        head.contains("\n-> pbkdf2-sha512 ") && head.contains(" 99999 joint\n")
    };
    let weak = fs::read_dir(vectors)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .find(|v| is_weak(v));
    let weak = weak.expect("a vector with 99 999 iterations");
    let start = weak.windows(9).position(|window| window == b"bulla/v1\n").unwrap();
    lab.write("weak", &weak[start..]);
    lab.fails(3, "verify --passphrase-file pass weak");
    // Accepted, the figures are no reason any more; that the passphrase is another is.
    lab.fails(1, "verify --passphrase-file pass --accept-weak-kdf weak");
}

#[test]
fn an_identity_opens_what_its_recipient_was_sent() {
    let lab = Lab::furnished();
    for (name, flag, start) in [("pq", "", "age1pq1"), ("old", "--x25519", "age1")] {
        let made = lab.run(&format!("keygen {flag} -o {name}.key"));
        let recipient = public_key(&made.err).to_owned();
        assert!(recipient.starts_with(start), "{recipient}");
        assert_eq!(lab.ok(&format!("keygen -y {name}.key")), format!("{recipient}\n").into_bytes());
        lab.write(&format!("{name}.pub"), format!("# {name}\n\n{recipient}\n"));
        let who = [format!("-r {recipient}"), format!("-R {name}.pub"), format!("-i {name}.key")];
        for (number, who) in who.iter().enumerate() {
            lab.ok(&format!("encrypt {who} -o {name}{number} letter"));
            assert_eq!(lab.ok(&format!("decrypt -i {name}.key {name}{number}")), LETTER.as_bytes(), "{who}");
        }
    }
    lab.fails(1, "decrypt -i old.key pq0");
    lab.fails(4, "keygen -o pq.key");
    lab.fails(4, "keygen --key -o pq.key");
    // Several may open, and several may be tried.
    lab.ok("keygen -o second.key");
    lab.ok("encrypt -i pq.key -i second.key -o both letter");
    assert_eq!(lab.ok("decrypt -i old.key -i second.key both"), LETTER.as_bytes());
}

#[test]
fn an_identity_on_standard_output_is_an_identity_file() {
    let lab = Lab::furnished();
    let text = lab.ok("keygen -o -");
    lab.write("me.key", &text);
    assert!(text.starts_with(b"# public key: age1pq1"));
    lab.ok("encrypt -i me.key -o sealed letter");
    assert_eq!(lab.ok("decrypt -i me.key sealed"), LETTER.as_bytes());
    let sealed = lab.ok("keygen --passphrase-file pass --kdf-cost low");
    assert!(sealed.starts_with(b"-----BEGIN BULLA ENCRYPTED FILE-----"));
    lab.write("sealed.key", sealed);
    assert!(lab.ok("keygen -y sealed.key --passphrase-file pass").starts_with(b"age1pq1"));
}

#[test]
fn a_sealed_identity_takes_the_passphrase_of_the_flags() {
    let lab = Lab::furnished();
    let made = lab.run("keygen --passphrase-file pass --kdf-cost low -o me.key");
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(lab.read("me.key").starts_with(b"bulla/v1\n"));
    lab.ok(&format!("encrypt -r {} -o sealed letter", public_key(&made.err)));
    assert_eq!(lab.ok("decrypt -i me.key --passphrase-file pass sealed"), LETTER.as_bytes());
    // What needs no passphrase of its own does not take it away.
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o locked letter");
    lab.ok("keygen -o plain.key");
    for key in ["me.key", "plain.key"] {
        assert_eq!(
            lab.ok(&format!("decrypt -i {key} --passphrase-file pass locked")),
            LETTER.as_bytes(),
            "{key}"
        );
    }
    lab.write("wrong", "incorrect horse");
    let error = lab.fails(1, "decrypt -i me.key --passphrase-file wrong sealed");
    assert!(error.contains("me.key"), "{error}");
}

#[test]
fn nothing_named_and_no_passphrase_wanted_is_said_before_one_is_asked_for() {
    let lab = Lab::furnished();
    lab.ok("keygen -o me.key");
    lab.ok("encrypt -i me.key -o sealed letter");
    lab.ok("encrypt -i me.key --armor -o armored letter");
    // Longer than any header: what is looked at ends in the middle of the armor.
    lab.write("long", content(2 << 20));
    lab.ok("encrypt -i me.key --armor -o long.armored long");
    for sealed in ["sealed", "armored", "long.armored"] {
        let error = lab.fails(2, &format!("decrypt {sealed}"));
        assert!(error.contains("recipient (post-quantum)") && error.contains("-i"), "{error}");
    }
    lab.ok("encrypt --key key -o raw letter");
    let error = lab.fails(3, "decrypt raw");
    assert!(error.contains("--key"), "{error}");
}

#[test]
fn a_raw_key_may_be_32_bytes_from_elsewhere() {
    let lab = Lab::furnished();
    lab.write("raw.key", [7; 32]);
    lab.ok("encrypt --key raw.key -o sealed letter");
    assert_eq!(lab.ok("decrypt --key raw.key sealed"), LETTER.as_bytes());
    lab.write("short.key", [7; 31]);
    lab.fails(3, "encrypt --key short.key -o second letter");
}

#[test]
fn mixtures_that_weaken_are_refused_unless_allowed_by_name() {
    let lab = Lab::furnished();
    lab.ok("keygen -o pq.key");
    lab.ok("keygen --x25519 -o old.key");
    let error = lab.fails(2, "encrypt -i pq.key --key key -o sealed letter");
    assert!(error.contains("--allow-shared"), "{error}");
    let error = lab.fails(2, "encrypt -i pq.key -i old.key -o sealed letter");
    assert!(error.contains("--allow-downgrade-mix"), "{error}");
    assert!(!lab.has("sealed"));
    lab.ok("encrypt -i pq.key --key key --allow-shared -o shared letter");
    lab.ok("encrypt -i pq.key -i old.key --allow-downgrade-mix -o mixed letter");
    for line in ["-i pq.key shared", "--key key shared", "-i pq.key mixed", "-i old.key mixed"] {
        assert_eq!(lab.ok(&format!("decrypt {line}")), LETTER.as_bytes(), "{line}");
    }
}

#[test]
fn a_keyring_rotates_and_still_opens() {
    let lab = Lab::furnished();
    lab.ok("keyring new --passphrase-file pass --kdf-cost low ring");
    lab.fails(4, "keyring new --passphrase-file pass --kdf-cost low ring");
    lab.ok("encrypt --keyring ring --passphrase-file pass -o before letter");
    // The passphrase is the ring's, and opens nothing else.
    lab.fails(3, "decrypt --passphrase-file pass before");
    lab.ok("keyring rotate --passphrase-file pass --kdf-cost low ring");
    lab.ok("encrypt --keyring ring --passphrase-file pass -o after letter");
    lab.ok("encrypt --key key -o older letter");
    lab.fails(1, "decrypt --keyring ring --passphrase-file pass older");
    lab.ok("keyring retire --key key --passphrase-file pass --kdf-cost low ring");
    for sealed in ["before", "after", "older"] {
        let line = format!("decrypt --keyring ring --passphrase-file pass {sealed}");
        assert_eq!(lab.ok(&line), LETTER.as_bytes(), "{sealed}");
    }
    let report: Value =
        serde_json::from_slice(&lab.ok("keyring show --json --passphrase-file pass ring")).unwrap();
    assert_eq!(report["retired"].as_array().unwrap().len(), 2);
    let shown = String::from_utf8(lab.ok("keyring show --passphrase-file pass ring")).unwrap();
    assert_eq!(shown.lines().count(), 3);
    assert!(shown.starts_with(&format!("primary {}\n", report["primary"].as_str().unwrap())), "{shown}");
    lab.write("wrong", "incorrect horse");
    let before = lab.read("ring");
    lab.fails(1, "keyring rotate --passphrase-file wrong ring");
    assert_eq!(lab.read("ring"), before);
}

#[test]
fn a_keyring_may_be_sealed_under_a_key() {
    let lab = Lab::furnished();
    lab.ok("keyring new --seal-key key ring");
    lab.ok("encrypt --keyring ring --seal-key key -o sealed letter");
    lab.ok("keyring rotate --seal-key key ring");
    assert_eq!(lab.ok("decrypt --keyring ring --seal-key key sealed"), LETTER.as_bytes());
    // The seal of the ring is not a key of the ring.
    lab.fails(1, "decrypt --key key sealed");
}

#[test]
fn a_keyring_of_the_other_kind_is_called_that_and_a_missing_one_named_once() {
    let lab = Lab::furnished();
    lab.ok("keyring new --seal-key key files");
    lab.ok("keyring new --tokens 30d --seal-key key tokens");
    for (line, hint) in [
        ("keyring rotate --seal-key key tokens", "take `bulla keyring stage` and `activate`"),
        ("keyring stage --seal-key key files", "take `bulla keyring rotate`"),
    ] {
        let error = lab.fails(3, line);
        assert!(error.contains("of the other kind") && error.contains(hint), "{error}");
    }
    assert_eq!(lab.fails(4, "keyring stage --seal-key key nothing").matches("nothing").count(), 1);
}

#[test]
fn a_made_passphrase_says_its_entropy() {
    let lab = Lab::new();
    let run = lab.run("passphrase");
    assert_eq!(run.code, Some(0));
    assert_eq!(run.text().trim_end().split('-').count(), 10);
    assert!(run.err.contains("110 bits"), "{}", run.err);
    assert_ne!(lab.ok("passphrase"), run.out);
}

#[test]
fn ssh_keys_are_identities_and_recipients() {
    let lab = Lab::furnished();
    let Some(ssh_keygen) = peers::find("ssh-keygen") else { return };
    for (kind, more) in [("ed25519", ["-a", "4"]), ("rsa", ["-b", "3072"])] {
        for (name, passphrase) in [(kind.to_owned(), ""), (format!("{kind}-sealed"), "correct horse")] {
            let mut make = lab.program(&ssh_keygen);
            let made = outcome(make.args(["-q", "-t", kind, "-N", passphrase, "-f", &name]).args(more));
            assert_eq!(made.code, Some(0), "{}", made.err);
            lab.ok(&format!("encrypt -R {name}.pub -o {name}.age letter"));
            assert!(lab.read(&format!("{name}.age")).starts_with(b"age-encryption.org/v1\n-> ssh-"));
            let flags = if passphrase.is_empty() { "" } else { "--passphrase-file pass" };
            let opened = lab.ok(&format!("decrypt -i {name} {flags} {name}.age"));
            assert_eq!(opened, LETTER.as_bytes(), "{name}");
        }
    }
    let line = String::from_utf8(lab.read("ed25519.pub")).unwrap();
    let run = lab.run_words(&["encrypt", "-r", line.trim(), "-o", "by-line", "letter"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(lab.ok("decrypt -i ed25519 by-line"), LETTER.as_bytes());
    lab.write("wrong", "incorrect horse");
    failed(1, "wrong", lab.run("decrypt -i ed25519-sealed --passphrase-file wrong ed25519-sealed.age"));
}

#[test]
fn keys_of_tokens_are_staged_and_activated_when_every_host_can_have_them() {
    let lab = Lab::new();
    lab.ok("keygen --key -o key");
    lab.ok("keyring new --tokens 30d --spread 5m --seal-key key ring");
    let show =
        || -> Value { serde_json::from_slice(&lab.ok("keyring show --json --seal-key key ring")).unwrap() };
    let states = || {
        let keys = show()["keys"].as_array().unwrap().clone();
        keys.into_iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((&show()["spread"], &show()["longest"]), (&300.into(), &2_592_000.into()));
    lab.fails(2, "keyring activate --seal-key key ring");
    lab.ok("keyring stage --seal-key key --at 2026-01-31T12:00:00Z ring");
    assert_eq!(states(), ["active", "staged"]);
    let error = lab.fails(2, "keyring activate --seal-key key --at 2026-01-31T12:04:59Z ring");
    assert!(error.contains("before 2026-01-31T12:05:00Z"), "{error}");
    assert_eq!(states(), ["active", "staged"]);
    lab.ok("keyring activate --seal-key key --at 2026-01-31T12:05:00Z ring");
    assert_eq!(states(), ["retired", "active"]);
    let ids: Vec<String> =
        show()["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect();
    lab.fails(2, &format!("keyring retire --id {} --seal-key key ring", ids[1]));
    lab.ok(&format!("keyring retire --id {} --seal-key key ring", ids[0]));
    assert_eq!(states(), ["active"]);
    // Each kind of keyring says that it is not the other.
    lab.ok("keyring new --seal-key key files");
    for line in ["keyring stage --seal-key key files", "keyring rotate --seal-key key ring"] {
        lab.fails(3, line);
    }
    for period in ["30", "d", "-1d", "1w", "99999999999999999999d", "401d"] {
        lab.fails(2, &format!("keyring new --tokens={period} --seal-key key other"));
    }
}
