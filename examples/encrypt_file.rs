//! Encrypts a file for somebody, and decrypts it again: `cargo run --example encrypt_file`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bulla::{ErrorKind, Identity};

fn main() -> bulla::Result<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("letter.txt"), "Dear Bob, the key is under the mat.")?;

    // Bob makes an identity once, keeps it, and gives its recipient to everybody.
    let bob = Identity::generate();
    let recipient = bob.recipient();

    // Whoever has the recipient can encrypt, and only Bob can decrypt.
    bulla::encrypt_file(&recipient, at("letter.txt"), at("letter.bulla"))?;
    bulla::decrypt_file(&bob, at("letter.bulla"), at("letter.again"))?;
    assert_eq!(std::fs::read(at("letter.again"))?, std::fs::read(at("letter.txt"))?);

    // A file that exists is not overwritten unless that is asked for.
    let again = bulla::encrypt_file(&recipient, at("letter.txt"), at("letter.bulla"));
    assert_eq!(again.map_err(|error| error.kind()), Err(ErrorKind::Exists));

    // One changed byte, and nothing comes out: no content, no file.
    let mut sealed = std::fs::read(at("letter.bulla"))?;
    if let Some(last) = sealed.last_mut() {
        *last ^= 1;
    }
    std::fs::write(at("changed.bulla"), sealed)?;
    let changed = bulla::decrypt_file(&bob, at("changed.bulla"), at("changed.txt"));
    assert_eq!(changed.map_err(|error| error.kind()), Err(ErrorKind::Unauthentic));
    assert!(!at("changed.txt").exists());

    println!("the letter came back whole, and the changed one not at all");
    Ok(())
}
