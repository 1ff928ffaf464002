//! What the tests share: a folder whose state is compared before and after, headers made by hand, endless readers.
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64ct::{Base64Unpadded, Encoding};
use bulla::{ErrorKind, Result};

/// A folder for one test.
pub(crate) struct Ground(tempfile::TempDir);

/// All that lies in a folder: nothing but a directory has no content.
type State = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Ground {
    pub(crate) fn new() -> Self {
        Ground(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn state(&self) -> State {
        let mut state = State::new();
        read_state(self.0.path(), &mut state);
        state
    }

    /// The work must fail in that way and leave everything as it was: no target, no temporary file, the old content.
    #[track_caller]
    pub(crate) fn refuses<T>(&self, kind: ErrorKind, work: impl FnOnce() -> Result<T>) {
        let before = self.state();
        let error = work().err().expect("a failure");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(self.state() == before, "something was left behind or changed: {:?}", self.0.path());
    }
}

fn read_state(folder: &Path, state: &mut State) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        let content = kind.is_file().then(|| fs::read(entry.path()).unwrap());
        if kind.is_dir() {
            read_state(&entry.path(), state);
        }
        state.insert(entry.path(), content);
    }
}

/// A `bulla/v1` file with these stanzas: sound in form, and no more.
pub(crate) fn bulla(stanzas: impl AsRef<str>) -> Vec<u8> {
    header("bulla/v1", stanzas.as_ref())
}

/// The same for age.
pub(crate) fn age(stanzas: impl AsRef<str>) -> Vec<u8> {
    header("age-encryption.org/v1", stanzas.as_ref())
}

fn header(version: &str, stanzas: &str) -> Vec<u8> {
    let mut file = format!("{version}\n{stanzas}--- {}\n", "A".repeat(43)).into_bytes();
    file.resize(file.len() + 200, 7);
    file
}

/// A stanza with a body of so many zeros.
pub(crate) fn stanza(arguments: &str, body: usize) -> String {
    let text = Base64Unpadded::encode_string(&vec![0; body]);
    let mut lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    if text.len().is_multiple_of(64) {
        lines.push("");
    }
    format!("-> {arguments}\n{}\n", lines.join("\n"))
}

/// A beginning, then the same bytes for ever; counts what it has given.
pub(crate) struct Endless<'a> {
    begin: &'a [u8],
    again: &'a [u8],
    pub(crate) given: usize,
}

impl<'a> Endless<'a> {
    pub(crate) fn new(begin: &'a [u8], again: &'a [u8]) -> Self {
        Endless { begin, again, given: 0 }
    }
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *out {
            *byte = match self.given.checked_sub(self.begin.len()) {
                None => self.begin[self.given],
                Some(past) => self.again[past % self.again.len()],
            };
            self.given += 1;
        }
        Ok(out.len())
    }
}

/// A line on stderr that says what was skipped and why.
#[allow(clippy::print_stderr, reason = "what is skipped is skipped by name")]
pub(crate) fn skip(what: &str, why: &str) {
    eprintln!("skipped: {what}: {why}");
}
