//! Raw files (L1) to and from the Cobblestone-256 of the Python package `cryptography`.
use std::process::Command;

use bulla::file::{Decryption, Encryption};
use bulla::{ErrorKind, Format, Key};

use crate::peers;
use crate::{assert_opened, content, hex};

/// Round chunks of 16 KiB, and several of them.
const SIZES: [usize; 6] = [0, 1, 16_383, 16_384, 16_385, 100_000];
const CONTEXT: &[u8] = b"invoice 7\0\xff";

/// A run of `cobblestone.py`.
fn python(task: &str, key: &Key, context: &[u8]) -> Option<Command> {
    let mut command = Command::new(peers::find("python")?);
    command.arg(peers::script("cobblestone.py")).args([task, &hex(key.expose_bytes()), &hex(context)]);
    Some(command)
}

fn python_opens(context: &[u8]) {
    let key = Key::generate();
    let Some(mut open) = python("open", &key, context) else { return };
    for size in SIZES {
        let content = content(size);
        let sealed = Encryption::to(&key).context(context).bytes(&content).unwrap();
        assert_opened(peers::run(&mut open, &sealed), &content);
    }
}

fn bulla_opens(context: &[u8]) {
    let key = Key::generate();
    let Some(mut seal) = python("seal", &key, context) else { return };
    for size in SIZES {
        let content = content(size);
        let sealed = peers::run(&mut seal, &content).unwrap();
        let (opened, about) = Decryption::with(&key).context(context).bytes(&sealed).unwrap();
        assert_eq!(about.format(), Format::Raw);
        assert!(opened == content, "{size} bytes came back as {} others", opened.len());
    }
}

#[test]
fn python_opens_what_bulla_seals_with_a_key() {
    python_opens(b"");
}

#[test]
fn python_opens_what_bulla_seals_with_a_key_for_a_context() {
    python_opens(CONTEXT);
}

#[test]
fn bulla_opens_what_python_seals_with_a_key() {
    bulla_opens(b"");
}

#[test]
fn bulla_opens_what_python_seals_with_a_key_for_a_context() {
    bulla_opens(CONTEXT);
}

#[test]
fn python_opens_a_file_that_bulla_seals_on_all_cores() {
    let key = Key::generate();
    let Some(mut open) = python("open", &key, b"") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (plain, sealed) = (folder.path().join("plain"), folder.path().join("sealed"));
    let content = content(5_000_000);
    std::fs::write(&plain, &content).unwrap();
    bulla::encrypt_file(&key, &plain, &sealed).unwrap();
    assert_opened(peers::run(&mut open, &std::fs::read(&sealed).unwrap()), &content);
}

#[test]
fn python_refuses_what_bulla_sealed_for_another_context() {
    let key = Key::generate();
    let sealed = Encryption::to(&key).context(CONTEXT).bytes(b"100 francs").unwrap();
    for other in [&b""[..], b"invoice 8"] {
        let Some(mut open) = python("open", &key, other) else { return };
        let said = peers::run(&mut open, &sealed).unwrap_err();
        assert!(said.contains("refused"), "{said}");
    }
}

#[test]
fn bulla_refuses_what_python_sealed_for_another_context() {
    let key = Key::generate();
    let Some(mut seal) = python("seal", &key, CONTEXT) else { return };
    let sealed = peers::run(&mut seal, b"100 francs").unwrap();
    for other in [&b""[..], b"invoice 8"] {
        let error = Decryption::with(&key).context(other).bytes(&sealed).unwrap_err();
        // Another key and another context look the same: all that a raw file tells is a commitment to both.
        assert_eq!(error.kind(), ErrorKind::NoKeyFits);
    }
}
