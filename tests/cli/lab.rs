//! A folder to run the command in, and what a run of it leaves there.
use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder of its own for a test.
pub(crate) struct Lab {
    folder: TempDir,
}

/// What a run said and how it ended.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Outcome {
    /// Standard output as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Lab { folder: TempDir::new().unwrap() }
    }

    /// A lab with a raw key `key`, a passphrase file `pass`, and the text `letter`.
    pub(crate) fn furnished() -> Self {
        let lab = Lab::new();
        lab.ok("keygen --key -o key");
        lab.write("pass", "correct horse\n");
        lab.write("letter", LETTER);
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Everything in the folder, sorted.
    pub(crate) fn listing(&self) -> Vec<String> {
        listing(self.folder.path())
    }

    /// The command with words, in this folder, with nothing to read and no terminal.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, words: &[S]) -> Command {
        let mut command = Command::new(BULLA);
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Another program, in this folder, that finds `bulla` by its name.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut folders = vec![Path::new(BULLA).parent().unwrap().to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("PATH", std::env::join_paths(folders).unwrap());
        command.stdin(Stdio::null());
        command
    }

    /// Runs a line: words with spaces between them.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_words(&words(line))
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Outcome {
        outcome(&mut self.command(words))
    }

    /// Runs a line with bytes on standard input.
    pub(crate) fn feed(&self, line: &str, input: &[u8]) -> Outcome {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input).unwrap();
        file.rewind().unwrap();
        outcome(self.command(&words(line)).stdin(file))
    }

    /// Runs a line that must succeed; gives what it wrote out.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> Vec<u8> {
        succeeded(line, self.run(line)).out
    }

    /// [`ok`](Self::ok), with bytes on standard input.
    #[track_caller]
    pub(crate) fn ok_fed(&self, line: &str, input: &[u8]) -> Vec<u8> {
        succeeded(line, self.feed(line, input)).out
    }

    /// Runs a line that must fail with a code, as the contract says; gives the error.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, line: &str) -> String {
        failed(code, line, self.run(line)).err
    }
}

#[track_caller]
fn succeeded(line: &str, outcome: Outcome) -> Outcome {
    assert_eq!(outcome.code, Some(0), "bulla {line}\n{}", outcome.err);
    outcome
}

/// Checks that a run failed with a code and one line `bulla: WHAT: WHY; WHAT TO DO`.
#[track_caller]
pub(crate) fn failed(code: i32, line: &str, outcome: Outcome) -> Outcome {
    assert_eq!(outcome.code, Some(code), "bulla {line}\n{}", outcome.err);
    let error = outcome.err.strip_suffix('\n').unwrap_or_else(|| panic!("bulla {line}: no whole line"));
    assert!(!error.contains(char::is_control), "bulla {line}: not one plain line: {error:?}");
    let rest = error.strip_prefix("bulla: ").unwrap_or_else(|| panic!("bulla {line}: {error}"));
    let (what, rest) = rest.split_once(": ").unwrap_or_else(|| panic!("bulla {line}: no reason: {error}"));
    let (why, todo) = rest.split_once("; ").unwrap_or_else(|| panic!("bulla {line}: no way out: {error}"));
    assert!(![what, why, todo].contains(&""), "bulla {line}: {error}");
    outcome
}

pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("panicked"), "{command:?}: {err}");
    Outcome { code: output.status.code(), out: output.stdout, err }
}

pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Content that is neither a multiple of a chunk nor all the same.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..251).cycle().take(length).collect()
}

/// What is in the file `letter` of a furnished lab.
pub(crate) const LETTER: &str = "Dear Bob, the bulla is whole.\n";

pub(crate) const BULLA: &str = env!("CARGO_BIN_EXE_bulla");
