//! What holds for every command: exit codes, errors of one line, help, and the manual's examples.
use super::lab::{Lab, failed, outcome};

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let lab = Lab::furnished();
    lab.ok("encrypt --key key -o sealed letter");
    lab.ok("encrypt --passphrase-file pass --kdf-cost low -o locked letter");
    lab.ok("keygen --key -o other");
    lab.write("wrong", "incorrect horse\n");
    let mut changed = lab.read("sealed");
    *changed.last_mut().unwrap() ^= 1;
    lab.write("changed", &changed);
    lab.write("headless", "bulla/v1\n");
    lab.write("noise", "neither a bulla nor an age file");
    lab.write("greedy", greedy());

    // The check failed: not authentic, or no key fits.
    lab.fails(1, "decrypt --key other sealed");
    lab.fails(1, "decrypt --key key changed");
    lab.fails(1, "verify --key key changed");
    lab.fails(1, "decrypt --passphrase-file wrong locked");
    lab.fails(1, "rewrap --key key with --passphrase-file wrong locked");
    // The command line.
    lab.fails(2, "");
    lab.fails(2, "frobnicate");
    lab.fails(2, "encrypt --frobnicate letter");
    lab.fails(2, "decrypt --key key sealed and-more");
    lab.fails(2, "encrypt -r age1nobody letter");
    lab.fails(2, "encrypt --padding 0 letter");
    lab.fails(2, "encrypt --format zip letter");
    lab.fails(2, "decrypt -p --passphrase-file pass locked");
    lab.fails(2, "rewrap with --passphrase-file pass locked");
    lab.fails(2, "decrypt --seal-key key locked");
    // The input.
    lab.fails(3, "decrypt --passphrase-file pass headless");
    lab.fails(3, "decrypt --passphrase-file pass noise");
    lab.fails(3, "inspect noise");
    lab.fails(3, "decrypt --passphrase-file pass greedy");
    lab.fails(3, "decrypt -i noise locked");
    // Input and output.
    lab.fails(4, "encrypt --key key missing");
    lab.fails(4, "decrypt --key key missing");
    lab.fails(4, "inspect missing");
    lab.fails(4, "decrypt --key missing sealed");
    lab.fails(4, "encrypt --key key -o missing/sealed letter");
    lab.fails(4, "encrypt --key key -o sealed letter");
}

/// A header that asks for 4 TiB of memory.
fn greedy() -> String {
    let salt = "A".repeat(22);
    let body = format!("{}\n{}", "A".repeat(64), "A".repeat(43));
    format!("bulla/v1\n-> argon2id {salt} 4294967295 3 4 alone\n{body}\n--- {}\n", "A".repeat(43))
}

#[test]
fn an_error_stays_on_one_line_and_off_the_terminal_whatever_a_name_holds() {
    let lab = Lab::furnished();
    let name = "two\nlines\u{1b}[2J\u{202e}";
    let error = failed(4, "inspect", lab.run_words(&["inspect", name])).err;
    assert!(error.contains("two\\nlines\\u{1b}[2J\\u{202e}"), "{error}");
}

#[test]
fn a_secret_among_the_arguments_is_refused_and_not_repeated() {
    let lab = Lab::furnished();
    lab.ok("keygen -q -o me.key");
    let identity = String::from_utf8(lab.read("me.key")).unwrap();
    let identity = identity.lines().last().unwrap();
    let key = String::from_utf8(lab.read("key")).unwrap();
    for secret in [identity, key.trim(), &identity.to_lowercase()] {
        for flag in ["-i", "-r", "--key", "--context"] {
            let error = failed(2, flag, lab.run_words(&["encrypt", flag, secret, "letter"])).err;
            assert!(!error.contains(secret.get(20..40).unwrap()), "{error}");
        }
    }
    for flags in [["--passphrase=hunter2", "letter"], ["--passphrase-text", "hunter2"]] {
        let error = failed(2, "encrypt", lab.run_words(&["encrypt", flags[0], flags[1]])).err;
        assert!(!error.contains("hunter2"), "{error}");
    }
    for words in [
        &["encrypt", "-p", "hunter2"][..],
        &["smime", "sign", "--with", "me.p12", "-p", "hunter2"],
        &["decrypt", "--passphrase", "hunter2", "letter"],
    ] {
        let error = failed(2, "-p", lab.run_words(words)).err;
        assert!(!error.contains("hunter2") && error.contains("takes no value"), "{error}");
    }
}

#[test]
fn every_command_explains_itself_and_that_is_no_failure() {
    let lab = Lab::new();
    let help = lab.run("--help");
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for said in ["Exit codes:", "Examples:", "128 + n", "encrypt", "keyring"] {
        assert!(help.text().contains(said), "{said}");
    }
    for command in ["encrypt", "decrypt", "verify", "rewrap", "inspect", "keygen", "passphrase"] {
        let help = lab.ok(&format!("{command} --help"));
        assert!(String::from_utf8(help).unwrap().contains(&format!("Usage: bulla {command}")), "{command}");
    }
    for line in ["rewrap with --help", "keyring rotate --help", "completions --help", "man --help"] {
        assert!(String::from_utf8(lab.ok(line)).unwrap().contains("Usage: bulla "), "{line}");
    }
    let version = String::from_utf8(lab.ok("--version")).unwrap();
    assert_eq!(version, concat!("bulla ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn it_prints_completions_and_man_pages() {
    let lab = Lab::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = String::from_utf8(lab.ok(&format!("completions {shell}"))).unwrap();
        assert!(script.contains("passphrase-file"), "{shell}");
    }
    let page = String::from_utf8(lab.ok("man")).unwrap();
    assert!(page.contains(".TH bulla 1") && page.contains("Exit codes"), "{page}");
    assert!(String::from_utf8(lab.ok("man rewrap")).unwrap().contains(".TH bulla-rewrap 1"));
    lab.fails(2, "man frobnicate");
    lab.fails(2, "completions tcsh-or-so");
}

#[cfg(unix)]
#[test]
fn the_examples_of_the_manual_work_as_they_stand() {
    let lab = Lab::new();
    let manual = include_str!("../../docs/command.md");
    let mut script = String::new();
    for block in manual.split("```sh\n").skip(1) {
        script.push_str(block.split_once("```").unwrap().0);
    }
    assert!(script.lines().count() > 30, "the manual has lost its examples");
    let run = outcome(lab.program("sh").args(["-euc", &script]));
    assert_eq!(run.code, Some(0), "{}\n{}", run.text(), run.err);
    assert_eq!(lab.read("letter.again"), lab.read("letter.txt"));
}
