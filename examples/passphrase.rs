//! Encrypts under a passphrase, and changes the passphrase later: `cargo run --example passphrase`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bulla::{ErrorKind, KdfCost, KdfLimits, Passphrase, file};

fn main() -> bulla::Result<()> {
    let folder = tempfile::tempdir()?;
    let diary = folder.path().join("diary.bulla");

    // Ten random words are better than what people think of. Show them once, and have them written down.
    let generated = Passphrase::generate();
    println!("write this down: {}", *generated.expose_text());
    file::Encryption::to(&generated).stream(&b"Monday. Rain."[..], &diary)?;

    // Typed ones are taken as they are, in Unicode's form NFC. Each guess costs 64 MiB here, and 256 MiB unless said.
    let typed = Passphrase::new("correct horse battery staple")?.cost(KdfCost::Low);
    file::rewrap(&generated, &typed, &diary)?;

    // The old one opens it no longer.
    let sealed = std::fs::read(&diary)?;
    let old = bulla::decrypt(&generated, &sealed);
    assert_eq!(old.map_err(|error| error.kind()), Err(ErrorKind::NoKeyFits));
    assert_eq!(bulla::decrypt(&typed, &sealed)?, b"Monday. Rain.");

    // A stranger's file says itself how much memory its passphrase takes. A small machine can say how much it has.
    let small = file::Decryption::with(&typed).kdf_limits(KdfLimits::memory_mib(32));
    assert_eq!(small.bytes(&sealed).map_err(|error| error.kind()).err(), Some(ErrorKind::OverLimit));

    println!(
        "it is sealed under: {}",
        file::inspect(&sealed[..])?.stanzas().first().map_or(String::new(), ToString::to_string)
    );
    Ok(())
}
