//! Keeps a program's keys, and changes them from time to time: `cargo run --example keyring`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bulla::{ErrorKind, Key, Keyring, file};

fn main() -> bulla::Result<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);

    // The ring lies on the disk sealed: here under a key that a KMS or the machine's own store would give.
    let master = Key::generate();
    let mut ring = Keyring::generate();
    file::write_keyring(&ring, &master, at("keys"), false)?;
    let monday = bulla::encrypt(&ring, b"what Monday brought")?;

    // A new key seals from now on; the old one still opens what it sealed.
    let first = ring.primary_id();
    let second = ring.rotate();
    file::write_keyring(&ring, &master, at("keys"), true)?;
    let tuesday = bulla::encrypt(&ring, b"what Tuesday brought")?;

    let mut ring = file::read_keyring(&master, at("keys"))?;
    assert_eq!((ring.primary_id(), ring.retired_ids()), (second, vec![first]));
    assert_eq!(bulla::decrypt(&ring, &monday)?, b"what Monday brought");
    assert_eq!(bulla::decrypt(&ring, &tuesday)?, b"what Tuesday brought");

    // Before the old key goes for good, what it sealed is sealed anew.
    let monday_again = bulla::encrypt(&ring, &bulla::decrypt(&ring, &monday)?)?;
    ring.drop_retired(&first)?;
    file::write_keyring(&ring, &master, at("keys"), true)?;
    assert_eq!(bulla::decrypt(&ring, &monday).map_err(|error| error.kind()), Err(ErrorKind::NoKeyFits));
    assert_eq!(bulla::decrypt(&ring, &monday_again)?, b"what Monday brought");

    println!("{first:?} is gone, {second:?} seals");
    Ok(())
}
