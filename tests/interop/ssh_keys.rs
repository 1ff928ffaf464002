//! Keys of ssh-keygen, as identities and recipients.
use std::process::Command;

use bulla::file::read_identities;
use bulla::{ErrorKind, Identity, Passphrase, Recipient};

use super::holder::Holder;
use crate::peers;
use crate::{assert_opens_age, content};

const ED25519: &[&str] = &["-t", "ed25519"];
const RSA: &[&str] = &["-t", "rsa", "-b", "3072"];
const PASSPHRASE: &str = "Käse, 3 × täglich";

/// The private key's recipient is the public key's, comment or not, and the text of both is what ssh-keygen says.
fn recipients_agree(options: &[&str]) {
    let Some(holder) = Holder::ssh(options, "") else { return };
    assert!(holder.recipient.ends_with(" somebody@a host"));
    let without_comment = holder.recipient.strip_suffix(" somebody@a host").unwrap();
    assert_eq!(holder.recipient.parse::<Recipient>().unwrap(), holder.identity.recipient());
    assert_eq!(without_comment.parse::<Recipient>().unwrap(), holder.identity.recipient());
    assert_eq!(holder.identity.recipient().to_string(), without_comment);
    assert_eq!(
        Recipient::read_file(holder.file.with_extension("pub")).unwrap(),
        [holder.identity.recipient()]
    );
}

/// With its passphrase and no other, a sealed key opens what age seals for it.
fn sealed_key_opens(options: &[&str]) {
    let Some(holder) = Holder::ssh(options, PASSPHRASE) else { return };
    let pem = std::fs::read(&holder.file).unwrap();
    let refusal = |passphrase| Identity::from_ssh(&pem, passphrase).err().unwrap().kind();
    assert_eq!(refusal(None), ErrorKind::Usage);
    assert_eq!(refusal(Some("Käse, 4 × täglich")), ErrorKind::NoKeyFits);
    let Some(age) = peers::find("age") else { return };
    let content = content(1000);
    let sealed = peers::run(Command::new(age).args(["-r", &holder.recipient]), &content).unwrap();
    assert_opens_age(&holder.identity, &sealed, &content);
    let from_file = read_identities(&holder.file, || Passphrase::new(PASSPHRASE)).unwrap();
    assert_opens_age(&from_file, &sealed, &content);
}

#[test]
fn an_ed25519_key_and_its_public_line_name_the_same_recipient() {
    recipients_agree(ED25519);
}

#[test]
fn an_rsa_key_and_its_public_line_name_the_same_recipient() {
    recipients_agree(RSA);
}

#[test]
fn an_ed25519_key_sealed_under_a_passphrase_opens_with_it_only() {
    sealed_key_opens(ED25519);
}

#[test]
fn an_rsa_key_sealed_under_a_passphrase_opens_with_it_only() {
    sealed_key_opens(RSA);
}

#[test]
fn each_cipher_of_ssh_keygen_is_read() {
    for cipher in
        ["aes128-ctr", "aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"]
    {
        let options = ["-t", "ed25519", "-Z", cipher];
        let Some(holder) = Holder::ssh(&options, PASSPHRASE) else { return };
        assert_eq!(holder.recipient.parse::<Recipient>().unwrap(), holder.identity.recipient(), "{cipher}");
    }
}
