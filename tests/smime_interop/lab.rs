//! The keys and certificates that all peers use, made once by bulla, and folders to work in.
use std::path::{Path, PathBuf};
use std::process::Command;

use bulla::x509::Authority;
use bulla::{KeyKind, PrivateKey};

use crate::peers;

/// Of mails and of `.p12` files.
pub(crate) const PASSWORD: &str = "correct horse";
/// Which shared key a message is encrypted with.
pub(crate) const KEK_ID: &str = "0a0b";

fn everybody() -> [(&'static str, KeyKind); 13] {
    [
        ("rsa2048", KeyKind::rsa(2048)),
        ("rsa3072", KeyKind::rsa(3072)),
        ("p256", KeyKind::P256),
        ("p384", KeyKind::P384),
        ("p521", KeyKind::P521),
        ("ed25519", KeyKind::Ed25519),
        ("x25519", KeyKind::X25519),
        ("mldsa44", KeyKind::MlDsa44),
        ("mldsa65", KeyKind::MlDsa65),
        ("mldsa87", KeyKind::MlDsa87),
        ("mlkem512", KeyKind::MlKem512),
        ("mlkem768", KeyKind::MlKem768),
        ("mlkem1024", KeyKind::MlKem1024),
    ]
}

/// A folder with `root.pem`, and for each name a `.key` in plain PKCS #8 and a `.pem`.
///
/// Each is `NAME@example.org`, and the root's.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let lab = Lab { folder: tempfile::tempdir().unwrap() };
        let root = PrivateKey::generate(KeyKind::P256).unwrap();
        let root = Authority::root(&"CN=Interop Root".parse().unwrap(), root).unwrap();
        lab.write("root.pem", root.certificate().to_pem());
        for (name, kind) in everybody() {
            let key = PrivateKey::generate(kind).unwrap();
            let certificate = root.email(key.public(), &[address(name).parse().unwrap()]).unwrap();
            lab.write(&format!("{name}.key"), key.expose_pem().unwrap().as_bytes());
            lab.write(&format!("{name}.pem"), certificate.sign().unwrap().to_pem());
        }
        lab
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), content).unwrap();
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }

    /// `NAME.p12` with the key and its certificate, in the ciphers of old: gpgsm 2.2 reads no others.
    pub(crate) fn p12(&self, name: &str, openssl: &Path) -> PathBuf {
        let (key, certificate, file) = (format!("{name}.key"), format!("{name}.pem"), format!("{name}.p12"));
        let mut command = Command::new(openssl);
        command.current_dir(self.at("")).args(["pkcs12", "-export", "-inkey", &key, "-in", &certificate]);
        command.args(["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]);
        command.args(["-name", name, "-passout", &format!("pass:{PASSWORD}"), "-out", &file]);
        peers::run(&mut command, b"").unwrap();
        self.at(&file)
    }
}

pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.org")
}

/// A shared key of so many bits, in hex.
pub(crate) fn kek(bits: u32) -> String {
    (0..bits / 8).map(|at| format!("{:02x}", at * 7 % 256)).collect()
}

/// A peer's own folder, in which all files of the lab can be named.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn of(lab: &Lab) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(lab.at("")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        Desk { folder }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), content).unwrap();
    }

    /// What a program wrote there; then the file is gone, so that none is read twice.
    pub(crate) fn collect(&self, name: &str) -> Result<Vec<u8>, String> {
        let content = std::fs::read(self.at(name)).map_err(|error| format!("{name}: {error}"))?;
        std::fs::remove_file(self.at(name)).unwrap();
        Ok(content)
    }

    /// A program that works here. Its settings are of no other place.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command.env("HOME", self.folder.path()).env("GNUPGHOME", self.folder.path()).env("LC_ALL", "C.UTF-8");
        command
    }

    /// What the program writes to `file` when it is given these words. What it wrote before it failed is dropped.
    pub(crate) fn run_to(&self, file: &str, command: &mut Command) -> Result<Vec<u8>, String> {
        self.run_on(file, command, b"")
    }

    pub(crate) fn run_on(&self, file: &str, command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
        let ran = peers::run(command, input);
        let content = self.collect(file);
        ran.and(content)
    }
}
