//! Age files (L3) to and from npm's age-encryption, the peer that has post-quantum keys.
use std::process::Command;

use bulla::{Identity, KdfCost, Passphrase, Recipient, Recipients};

use crate::peers;
use crate::{AGE_SIZES, age_seal, assert_opened, assert_opens_age, content};

const PASSPHRASE: &str = "Käse, 3 × täglich";

/// A run of `age_encryption.mjs`.
fn npm(arguments: &[&str]) -> Option<Command> {
    let mut command = Command::new(peers::find("node")?);
    command.arg(peers::script("age_encryption.mjs")).arg(peers::find("age-encryption")?).args(arguments);
    Some(command)
}

fn bulla_opens(identity: &Identity, armor: bool) {
    let recipient = identity.recipient().to_string();
    let Some(mut seal) = npm(&["seal", "--recipient", &recipient]) else { return };
    seal.args(armor.then_some("--armor"));
    for size in AGE_SIZES {
        let content = content(size);
        let sealed = peers::run(&mut seal, &content).unwrap();
        assert_eq!(sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"), armor);
        assert_opens_age(identity, &sealed, &content);
    }
}

fn npm_opens(identity: &Identity, armor: bool) {
    let Some(mut open) = npm(&["open", "--identity", &identity.expose_text().unwrap()]) else { return };
    for size in AGE_SIZES {
        let content = content(size);
        let sealed = age_seal(&identity.recipient(), armor, &content);
        assert_opened(peers::run(&mut open, &sealed), &content);
    }
}

/// Keys made on either side name the same recipient on both.
fn keys_agree(kind: &str, ours: &Identity) {
    let Some(mut generate) = npm(&["generate", kind]) else { return };
    let theirs = String::from_utf8(peers::run(&mut generate, b"").unwrap()).unwrap();
    let theirs: Identity = theirs.parse().unwrap();
    for identity in [ours, &theirs] {
        let text = identity.expose_text().unwrap();
        let recipient = peers::run(&mut npm(&["recipient", "--identity", &text]).unwrap(), b"").unwrap();
        let recipient: Recipient = std::str::from_utf8(&recipient).unwrap().parse().unwrap();
        assert_eq!(identity.recipient(), recipient);
    }
}

#[test]
fn bulla_opens_what_npm_seals_for_x25519() {
    bulla_opens(&Identity::generate_x25519(), false);
}

#[test]
fn npm_opens_what_bulla_seals_for_x25519() {
    npm_opens(&Identity::generate_x25519(), false);
}

#[test]
fn bulla_opens_what_npm_seals_for_a_post_quantum_recipient() {
    bulla_opens(&Identity::generate(), false);
}

#[test]
fn npm_opens_what_bulla_seals_for_a_post_quantum_recipient() {
    npm_opens(&Identity::generate(), false);
}

#[test]
fn bulla_opens_what_npm_armors() {
    bulla_opens(&Identity::generate(), true);
}

#[test]
fn npm_opens_what_bulla_armors() {
    npm_opens(&Identity::generate(), true);
}

#[test]
fn each_post_quantum_recipient_opens_with_npm_what_bulla_seals_for_several() {
    let identities = [Identity::generate(), Identity::generate(), Identity::generate()];
    let recipients = identities.each_ref().map(Identity::recipient);
    let content = content(70_000);
    let sealed = age_seal(&Recipients::all(&recipients).unwrap(), false, &content);
    for identity in &identities {
        let Some(mut open) = npm(&["open", "--identity", &identity.expose_text().unwrap()]) else { return };
        assert_opened(peers::run(&mut open, &sealed), &content);
    }
}

#[test]
fn each_post_quantum_recipient_opens_with_bulla_what_npm_seals_for_several() {
    let identities = [Identity::generate(), Identity::generate(), Identity::generate()];
    let Some(mut seal) = npm(&["seal"]) else { return };
    for identity in &identities {
        seal.args(["--recipient", &identity.recipient().to_string()]);
    }
    let content = content(70_000);
    let sealed = peers::run(&mut seal, &content).unwrap();
    for identity in &identities {
        assert_opens_age(identity, &sealed, &content);
    }
}

#[test]
fn bulla_opens_what_npm_seals_under_a_passphrase() {
    let Some(mut seal) = npm(&["seal", "--passphrase", PASSPHRASE]) else { return };
    let content = content(70_000);
    let sealed = peers::run(&mut seal, &content).unwrap();
    assert_opens_age(&Passphrase::new(PASSPHRASE).unwrap(), &sealed, &content);
}

#[test]
fn npm_opens_what_bulla_seals_under_a_passphrase() {
    let Some(mut open) = npm(&["open", "--passphrase", PASSPHRASE]) else { return };
    let content = content(70_000);
    let passphrase = Passphrase::new(PASSPHRASE).unwrap().cost(KdfCost::Low);
    assert_opened(peers::run(&mut open, &age_seal(&passphrase, true, &content)), &content);
}

#[test]
fn npm_and_bulla_derive_the_same_x25519_recipients() {
    keys_agree("x25519", &Identity::generate_x25519());
}

#[test]
fn npm_and_bulla_derive_the_same_post_quantum_recipients() {
    keys_agree("hybrid", &Identity::generate());
}
