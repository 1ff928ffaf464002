//! Somebody with a key that both bulla and its peers have: a recipient, and the identity in a file.
use std::path::PathBuf;
use std::process::Command;

use bulla::{Identity, file};
use tempfile::TempDir;

use crate::peers;

pub(crate) struct Holder {
    pub(crate) folder: TempDir,
    pub(crate) identity: Identity,
    /// The identity's file, as its maker wrote it.
    pub(crate) file: PathBuf,
    /// The recipient, as the identity's maker wrote it.
    pub(crate) recipient: String,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Made by bulla.
    X25519,
    /// Made by ssh-keygen.
    SshEd25519,
    /// Made by ssh-keygen.
    SshRsa,
}

impl Holder {
    /// `None` if the peer that makes such keys is not there.
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        match kind {
            Kind::X25519 => Some(Self::of(Identity::generate_x25519())),
            Kind::SshEd25519 => Self::ssh(&["-t", "ed25519"], ""),
            Kind::SshRsa => Self::ssh(&["-t", "rsa", "-b", "3072"], ""),
        }
    }

    /// With bulla's own identity file.
    pub(crate) fn of(identity: Identity) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("identity");
        file::write_identity(&identity, &file, None).unwrap();
        let recipient = identity.recipient().to_string();
        Holder { folder, identity, file, recipient }
    }

    /// With ssh-keygen's files, sealed under a passphrase unless that is empty.
    pub(crate) fn ssh(options: &[&str], passphrase: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let mut keygen = Command::new(peers::find("ssh-keygen")?);
        keygen.args(["-q", "-C", "somebody@a host", "-N", passphrase, "-f"]).arg(&file).args(options);
        peers::run(&mut keygen, b"").unwrap();
        let pem = std::fs::read(&file).unwrap();
        let identity = Identity::from_ssh(&pem, Some(passphrase)).unwrap();
        let recipient = std::fs::read_to_string(file.with_extension("pub")).unwrap();
        Some(Holder { folder, identity, file, recipient: recipient.trim_end().to_owned() })
    }
}
