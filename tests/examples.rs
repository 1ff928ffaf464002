//! Every program of `examples/` runs to its end: what it asserts holds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "support/example.rs"]
mod example;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const EXAMPLES: [&str; 9] = [
    "age_interop",
    "directory",
    "encrypt_file",
    "keyring",
    "mail",
    "passphrase",
    "random_access",
    "stream",
    "team",
];

#[test]
fn every_example_runs_to_its_end_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for name in EXAMPLES {
        let mut command = Command::new(example::program(name));
        let command = command.current_dir(&folder).env("TMPDIR", folder.path()).env("TMP", folder.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} ended with {}: {said}", output.status);
        assert!(!output.stdout.is_empty(), "{name} does not show what it does");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{name} left something behind");
    }
}

#[test]
fn every_example_is_run_and_fits_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue; // of scripts, which .ci/run runs
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines < 60, "{name} has {lines} lines");
        assert!(text.lines().next().unwrap().contains(&format!("`cargo run --example {name}`")), "{name}");
        found.insert(name);
    }
    assert!(found.iter().eq(EXAMPLES.iter()), "{found:?}");
}
