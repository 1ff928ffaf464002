//! A folder in which other programs work, with a key and its certificate in it.
use std::path::PathBuf;
use std::process::Command;

use bulla::x509::{Certificate, Pkcs12};
use bulla::{KeyKind, Passphrase, PrivateKey};

use super::der::certificate;
use crate::{low, peers};

/// Another program, and a folder for it.
pub(crate) struct Lab {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Lab {
    /// `None` where the program is not there.
    pub(crate) fn with(program: &str) -> Option<Self> {
        Some(Lab { program: peers::find(program)?, folder: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).unwrap()
    }

    /// The program, in its folder. Its settings are of no other place.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(words);
        command.env("HOME", self.folder.path()).env("GNUPGHOME", self.folder.path()).env("LC_ALL", "C.UTF-8");
        command
    }

    /// What it writes; the test fails if it does.
    #[track_caller]
    pub(crate) fn run(&self, words: &[&str]) -> String {
        self.run_on(words, b"")
    }

    #[track_caller]
    pub(crate) fn run_on(&self, words: &[&str], input: &[u8]) -> String {
        let output =
            peers::run(&mut self.command(words), input).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Whether it succeeds.
    pub(crate) fn accepts(&self, words: &[&str]) -> bool {
        peers::run(&mut self.command(words), b"").is_ok()
    }

    /// Reads a file of the folder.
    pub(crate) fn p12(&self, name: &str, passphrase: &str) -> bulla::Result<Pkcs12> {
        Pkcs12::read(&self.read(name), Some(&low(passphrase)))
    }

    /// [`p12`](Self::p12) with the old ciphers.
    pub(crate) fn p12_legacy(&self, name: &str, passphrase: &str) -> bulla::Result<Pkcs12> {
        Pkcs12::read_legacy(&self.read(name), Some(&low(passphrase)))
    }
}

/// A key, its certificate, and that of somebody else.
pub(crate) struct Bob {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
    pub(crate) other: Certificate,
}

impl Bob {
    pub(crate) fn new() -> Self {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let other = certificate(&PrivateKey::generate(KeyKind::P256).unwrap(), "Other");
        Bob { certificate: certificate(&key, "Bob"), key, other }
    }

    /// Puts `key.pem`, `bob.pem` and `other.pem` there.
    pub(crate) fn write_to(&self, lab: &Lab) {
        lab.write("key.pem", self.key.expose_pem().unwrap().as_bytes());
        lab.write("bob.pem", self.certificate.to_pem());
        lab.write("other.pem", self.other.to_pem());
    }

    /// The file that bulla makes of it.
    pub(crate) fn p12(&self, name: &str, passphrase: &Passphrase) -> Vec<u8> {
        let builder = Pkcs12::builder().key(name, &self.key).unwrap();
        let builder = builder.certificate(&self.certificate).certificate_named("Other", &self.other);
        builder.to_der(passphrase).unwrap()
    }

    /// All of it is there, under this name.
    #[track_caller]
    pub(crate) fn is_in(&self, file: &Pkcs12, name: Option<&str>) {
        assert_eq!(file.keys().len(), 1);
        let key = &file.keys()[0];
        assert_eq!(key.key().unwrap().public(), self.key.public());
        assert_eq!(key.name(), name);
        assert_eq!(file.certificate_of(key).unwrap().as_der(), self.certificate.as_der());
    }

    /// The PEM of a program has our key, certificate and the other's.
    #[track_caller]
    pub(crate) fn is_in_pem(&self, pem: &str) {
        let key = PrivateKey::from_pem(pem, || panic!("it is not encrypted")).unwrap();
        assert_eq!(key.public(), self.key.public());
        let mut found: Vec<Vec<u8>> =
            Certificate::all_from_pem(pem).unwrap().iter().map(|one| one.as_der().to_vec()).collect();
        let mut want = vec![self.certificate.as_der().to_vec(), self.other.as_der().to_vec()];
        found.sort();
        want.sort();
        assert_eq!(found, want);
    }
}
