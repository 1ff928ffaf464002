//! Identity and recipients files that bulla and its peers read of each other.
use std::path::Path;
use std::process::Command;

use bulla::file::read_identities;
use bulla::{Error, Identity, KdfCost, Passphrase, Recipient, Recipients};

use super::holder::Holder;
use crate::peers;
use crate::{age_seal, assert_opened, assert_opens_age, content};

const PASSPHRASE: &str = "Käse, 3 × täglich";

fn not_asked_for() -> Result<Passphrase, Error> {
    panic!("nothing is sealed, and a passphrase was asked for")
}

/// A file of age-keygen or rage-keygen, and what `-y` says of it.
fn keygen(program: &str, file: &Path) -> Option<String> {
    let program = peers::find(program)?;
    peers::run(Command::new(&program).arg("-o").arg(file), b"").unwrap();
    Some(public(&program, file))
}

fn public(program: &Path, file: &Path) -> String {
    let said = peers::run(Command::new(program).arg("-y").arg(file), b"").unwrap();
    String::from_utf8(said).unwrap().trim_end().to_owned()
}

fn bulla_reads_the_file_of(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.txt");
    let Some(recipient) = keygen(program, &file) else { return };
    let identities = read_identities(&file, not_asked_for).unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].recipient().to_string(), recipient);
}

fn derives_the_same_recipient(program: &str) {
    let Some(program) = peers::find(program) else { return };
    let holder = Holder::of(Identity::generate_x25519());
    assert_eq!(public(&program, &holder.file), holder.recipient);
}

/// age's `-i` with a file of identities that the tool itself sealed under a passphrase.
fn bulla_reads_the_identity_file_sealed_by(tool: &str, armor: Option<&str>) {
    let Some(program) = peers::find(tool) else { return };
    let Some(mut seal) = peers::at_a_terminal(PASSPHRASE, program) else { return };
    let holder = Holder::of(Identity::generate_x25519());
    let sealed = peers::run(seal.arg("-p").args(armor), &std::fs::read(&holder.file).unwrap()).unwrap();
    let file = holder.folder.path().join("sealed");
    std::fs::write(&file, sealed).unwrap();
    let identities = read_identities(&file, || Passphrase::new(PASSPHRASE)).unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].recipient(), holder.identity.recipient());
}

fn reads_the_identity_file_that_bulla_sealed(tool: &str) {
    let Some(program) = peers::find(tool) else { return };
    let Some(mut open) = peers::at_a_terminal(PASSPHRASE, program) else { return };
    let holder = Holder::of(Identity::generate_x25519());
    let passphrase = Passphrase::new(PASSPHRASE).unwrap().cost(KdfCost::Low);
    let file = holder.folder.path().join("sealed");
    std::fs::write(&file, age_seal(&passphrase, true, &std::fs::read(&holder.file).unwrap())).unwrap();
    let content = content(1000);
    let sealed = age_seal(&holder.identity.recipient(), false, &content);
    assert_opened(peers::run(open.arg("-d").arg("-i").arg(&file), &sealed), &content);
}

fn reads_a_file_of_several_identities(tool: &str) {
    let Some(program) = peers::find(tool) else { return };
    let holders = [Holder::of(Identity::generate_x25519()), Holder::of(Identity::generate_x25519())];
    let both = holders.each_ref().map(|holder| std::fs::read_to_string(&holder.file).unwrap()).join("\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("both");
    std::fs::write(&file, both).unwrap();
    assert_eq!(read_identities(&file, not_asked_for).unwrap().len(), 2);
    for holder in &holders {
        let sealed = age_seal(&holder.identity.recipient(), false, b"hello");
        assert_opened(peers::run(Command::new(&program).arg("-d").arg("-i").arg(&file), &sealed), b"hello");
    }
}

/// age's `-R`.
fn the_same_recipients_file_serves(tool: &str) {
    let Some(program) = peers::find(tool) else { return };
    let Some(ssh) = Holder::ssh(&["-t", "ed25519"], "") else { return };
    let native = Holder::of(Identity::generate_x25519());
    let file = native.folder.path().join("team.txt");
    std::fs::write(&file, format!("# the team\n\n{}\n{}\n", native.recipient, ssh.recipient)).unwrap();
    let content = content(1000);
    let theirs = peers::run(Command::new(&program).arg("-R").arg(&file), &content).unwrap();
    let recipients = Recipient::read_file(&file).unwrap();
    let ours = age_seal(&Recipients::all(&recipients).unwrap(), false, &content);
    for holder in [&native, &ssh] {
        assert_opens_age(&holder.identity, &theirs, &content);
        let mut open = Command::new(&program);
        assert_opened(peers::run(open.arg("-d").arg("-i").arg(&holder.file), &ours), &content);
    }
}

#[test]
fn bulla_reads_the_file_of_age_keygen() {
    bulla_reads_the_file_of("age-keygen");
}

#[test]
fn bulla_reads_the_file_of_rage_keygen() {
    bulla_reads_the_file_of("rage-keygen");
}

#[test]
fn age_keygen_derives_the_same_recipient_from_bullas_identity_file() {
    derives_the_same_recipient("age-keygen");
}

#[test]
fn rage_keygen_derives_the_same_recipient_from_bullas_identity_file() {
    derives_the_same_recipient("rage-keygen");
}

#[test]
fn bulla_reads_the_identity_file_that_age_sealed_under_a_passphrase() {
    bulla_reads_the_identity_file_sealed_by("age", Some("-a"));
}

#[test]
fn bulla_reads_the_identity_file_that_rage_sealed_under_a_passphrase() {
    bulla_reads_the_identity_file_sealed_by("rage", None);
}

#[test]
fn age_reads_the_identity_file_that_bulla_sealed_as_an_age_file() {
    reads_the_identity_file_that_bulla_sealed("age");
}

#[test]
fn rage_reads_the_identity_file_that_bulla_sealed_as_an_age_file() {
    reads_the_identity_file_that_bulla_sealed("rage");
}

#[test]
fn age_and_bulla_read_a_file_of_several_identities() {
    reads_a_file_of_several_identities("age");
}

#[test]
fn rage_and_bulla_read_a_file_of_several_identities() {
    reads_a_file_of_several_identities("rage");
}

#[test]
fn the_same_recipients_file_serves_age_and_bulla() {
    the_same_recipients_file_serves("age");
}

#[test]
fn the_same_recipients_file_serves_rage_and_bulla() {
    the_same_recipients_file_serves("rage");
}
