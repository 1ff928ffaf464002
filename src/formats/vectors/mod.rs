//! Makes `test-vectors/file/`: one fact a file, from fixed seeds. In unit tests only.
//!
//! `BULLA_WRITE_VECTORS=1 cargo test --lib vectors` writes them; without it the test says which differ.
mod bodies;
mod headers;
mod maker;
mod payloads;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::primitives::hash::sha256;
use crate::primitives::random::with_seed;

/// One vector: what it shows, what a reader is given, and what it must say.
pub(super) struct Vector {
    name: &'static str,
    sentence: &'static str,
    fact: &'static str,
    /// `Ok` with the content, or the kind of the error.
    expect: Result<Vec<u8>, &'static str>,
    /// Lines such as `passphrase: x`.
    given: Vec<String>,
    file: Vec<u8>,
}

impl Vector {
    fn encode(&self) -> Vec<u8> {
        let mut head = format!("sentence: {}\nfact: {}\n", self.sentence, self.fact);
        let expect = self.expect.as_ref().map_or_else(|kind| *kind, |_| "success");
        writeln!(head, "expect: {expect}").unwrap();
        if let Ok(content) = &self.expect {
            writeln!(head, "payload: {}", hex(&sha256(content))).unwrap();
        }
        for line in &self.given {
            writeln!(head, "{line}").unwrap();
        }
        head.push('\n');
        [head.as_bytes(), &self.file].concat()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of facts, each made from a seed of its own name.
#[derive(Default)]
pub(super) struct Facts(BTreeMap<&'static str, Vector>);

impl Facts {
    /// Adds a vector that must open to what `make` gives first.
    fn good(
        &mut self,
        sentence: &'static str,
        name: &'static str,
        fact: &'static str,
        make: impl FnOnce() -> (Vec<u8>, Vec<u8>, Vec<String>),
    ) {
        let (content, file, given) = with_seed(name, make);
        self.add(Vector { name, sentence, fact, expect: Ok(content), given, file });
    }

    /// Adds a vector that must be refused.
    fn bad(
        &mut self,
        sentence: &'static str,
        name: &'static str,
        fact: &'static str,
        kind: &'static str,
        make: impl FnOnce() -> (Vec<u8>, Vec<String>),
    ) {
        let (file, given) = with_seed(name, make);
        self.add(Vector { name, sentence, fact, expect: Err(kind), given, file });
    }

    fn add(&mut self, vector: Vector) {
        let twice = self.0.insert(vector.name, vector);
        assert!(twice.is_none(), "a name is used twice");
    }
}

#[test]
fn the_vectors_on_disk_are_those_that_the_seeds_make() {
    let mut facts = Facts::default();
    headers::add(&mut facts);
    bodies::add(&mut facts);
    payloads::add(&mut facts);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/file");
    if std::env::var_os("BULLA_WRITE_VECTORS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for vector in facts.0.values() {
            std::fs::write(folder.join(format!("{}.vec", vector.name)), vector.encode()).unwrap();
        }
    }
    let mut on_disk: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    on_disk.sort();
    let made: Vec<String> = facts.0.keys().map(|name| format!("{name}.vec")).collect();
    assert_eq!(on_disk, made);
    for vector in facts.0.values() {
        let there = std::fs::read(folder.join(format!("{}.vec", vector.name))).unwrap();
        assert!(there == vector.encode(), "{} differs from what its seed makes", vector.name);
    }
    assert!(made.len() >= 80);
}
