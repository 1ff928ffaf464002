//! A folder in which other programs work on what bulla made, and bulla on what they made.
use std::path::PathBuf;
use std::process::Command;

use bulla::x509::{Authority, Certificate, Credential, Request};
use bulla::{KeyKind, PrivateKey};

use crate::{below, name, peers};

/// A program, and a folder of its own.
pub(crate) struct Bench {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn of(program: &str) -> Option<Self> {
        Some(Bench { program: peers::find(program)?, folder: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs it in the folder; words are separated by one space, and `~` in them stands for a space.
    pub(crate) fn try_run(&self, words: &str) -> Result<String, String> {
        let words: Vec<String> = words.split(' ').map(|word| word.replace('~', " ")).collect();
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(&words);
        peers::run(&mut command, b"").map(|said| String::from_utf8_lossy(&said).into_owned())
    }

    #[track_caller]
    pub(crate) fn run(&self, words: &str) -> String {
        self.try_run(words).unwrap_or_else(|error| panic!("{words}: {error}"))
    }

    pub(crate) fn certificate(&self, name: &str) -> Certificate {
        Certificate::from_pem(&self.read(name)).unwrap()
    }

    pub(crate) fn request(&self, name: &str) -> Request {
        Request::from_pem(&self.read(name)).unwrap()
    }

    /// A key that a program wrote, not encrypted.
    pub(crate) fn key(&self, name: &str) -> PrivateKey {
        PrivateKey::from_pem(&self.read(name), || panic!("it is not encrypted")).unwrap()
    }
}

/// A root, an authority below it, and leaves of each profile, all with keys of one kind.
pub(crate) struct Chain {
    pub(crate) root: Authority,
    pub(crate) middle: Authority,
    pub(crate) mail: Credential,
    pub(crate) server: Credential,
    pub(crate) client: Credential,
}

impl Chain {
    pub(crate) fn of(kind: KeyKind) -> Self {
        let key = || PrivateKey::generate(kind).unwrap();
        let root = Authority::root(&name("CN=Root,O=Example"), key()).unwrap();
        let middle = below(&root, "CN=Middle,O=Example", key(), 0);
        let [mail, server, client] = [key(), key(), key()];
        let issued = middle.email(mail.public(), &["bob@example.org".parse().unwrap()]).unwrap();
        let mail_leaf = issued.crl_at("http://ca.example.org/1.crl").sign().unwrap();
        let issued = middle.tls_server(server.public(), &["www.example.org", "*.example.net", "192.0.2.1"]);
        let server_leaf = issued.unwrap().ocsp_at("http://ocsp.example.org").sign().unwrap();
        let issued = middle.tls_client(client.public(), &name("CN=Bob")).unwrap();
        let client_leaf = issued.policy("1.2.3.4".parse().unwrap()).sign().unwrap();
        let credential = |key, leaf| {
            let chain = std::iter::once(leaf).chain(middle.credential().chain().iter().cloned());
            Credential::new(key, chain).unwrap()
        };
        Chain {
            mail: credential(mail, mail_leaf),
            server: credential(server, server_leaf),
            client: credential(client, client_leaf),
            root,
            middle,
        }
    }

    /// `root.pem`, `middle.pem`, and `mail.pem`, `server.pem`, `client.pem` with `.key`.
    pub(crate) fn write(&self, bench: &Bench) {
        bench.write("root.pem", self.root.certificate().to_pem());
        bench.write("middle.pem", self.middle.certificate().to_pem());
        for (name, leaf) in [("mail", &self.mail), ("server", &self.server), ("client", &self.client)] {
            bench.write(&format!("{name}.pem"), leaf.certificate().to_pem());
            bench.write(&format!("{name}.key"), leaf.key().expose_pem().unwrap().as_bytes());
        }
    }
}
