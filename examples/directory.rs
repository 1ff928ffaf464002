//! Encrypts a directory with all that is in it, and restores it elsewhere: `cargo run --example directory`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::fs;

use bulla::file::{self, Decryption, Encryption};
use bulla::{ErrorKind, Key, Padding};

fn main() -> bulla::Result<()> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("photos/2024"))?;
    fs::write(at("photos/index.txt"), "one photo")?;
    fs::write(at("photos/2024/sea.jpg"), [7; 30_000])?;

    // Names, contents and times are sealed; padding hides how much it is.
    let key = Key::generate();
    Encryption::to(&key)
        .padding(Padding::Padme)
        .remember_source(true)
        .directory(at("photos"), at("backup"))?;

    // Nothing is written yet: is it whole, and what is it?
    let opened = file::verify(&key, at("backup"))?;
    println!("a directory: {}, called {:?}", opened.metadata().is_directory(), opened.metadata().file_name());

    // The new directory appears when all of it is authentic and sound, or not at all.
    Decryption::with(&key).directory(at("backup"), at("restored"))?;
    assert_eq!(fs::read(at("restored/2024/sea.jpg"))?, [7; 30_000]);
    assert_eq!(fs::read_to_string(at("restored/index.txt"))?, "one photo");

    // It goes into no directory that is there already.
    let again = Decryption::with(&key).directory(at("backup"), at("restored"));
    assert_eq!(again.map_err(|error| error.kind()).err(), Some(ErrorKind::Exists));
    Ok(())
}
