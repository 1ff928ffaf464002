//! gpgsm of GnuPG 2.2, with a home of its own.
use std::path::PathBuf;
use std::process::Command;

use super::cells::{Cell, Cipher, Curve, Form, Hash, Scheme, Way};
use super::lab::{Desk, Lab, PASSWORD, address};
use super::mail;
use super::peer::{Answer, Peer};
use crate::peers;

const CURVES: [(&str, &str, usize); 3] =
    [("p256", "NIST P-256", 65), ("p384", "NIST P-384", 97), ("p521", "NIST P-521", 133)];

pub(crate) struct Gpgsm {
    program: PathBuf,
    desk: Desk,
}

impl Gpgsm {
    /// `None` where it, or openssl for its `.p12`, is not there.
    pub(crate) fn new(lab: &Lab) -> Option<Self> {
        let (program, openssl) = (peers::find("gpgsm")?, peers::find("openssl")?);
        let peer = Gpgsm { program, desk: Desk::of(lab) };
        peer.desk.write("gpg-agent.conf", "allow-loopback-pinentry\n");
        peer.run(&["--import", "root.pem"]);
        let root = peer.listed("root.pem", "fpr");
        peer.desk.write("trustlist.txt", format!("{root} S relax\n"));
        for name in ["rsa2048", "rsa3072"] {
            // gpgsm 2.2 fails on one in forty of such files, always on the same ones: another salt mends it.
            let import = |_| {
                let p12 = lab.p12(name, &openssl);
                let mut command = peer.command(&["--import", p12.to_str().unwrap()]);
                peers::run(&mut command, &Self::passphrase()).is_ok()
            };
            assert!((0..8).any(import), "gpgsm does not import {name}.p12");
        }
        for (name, curve, length) in CURVES {
            peer.run(&["--import", &format!("{name}.pem")]);
            peer.take_key(lab, name, curve, length);
        }
        Some(peer)
    }

    /// Puts a key where gpg-agent keeps them: gpgsm 2.2 crashes on the `.p12` of an elliptic curve's.
    fn take_key(&self, lab: &Lab, name: &str, curve: &str, length: usize) {
        let key =
            bulla::PrivateKey::from_pem(&lab.text(&format!("{name}.key")), || panic!("it is plain")).unwrap();
        let point = key.public().as_der();
        let point = &point[point.len() - length..];
        let der = pem_rfc7468::decode_vec(lab.text(&format!("{name}.key")).as_bytes()).unwrap().1;
        let outer = pkcs8::PrivateKeyInfoRef::try_from(&der[..]).unwrap();
        let secret = sec1::EcPrivateKey::try_from(outer.private_key.as_bytes()).unwrap().private_key;
        let mut file = b"(11:private-key(3:ecc(5:curve".to_vec();
        for (label, value) in [("", curve.as_bytes()), (")(1:q", point), (")(1:d", secret)] {
            file.extend_from_slice(label.as_bytes());
            file.extend_from_slice(format!("{}:", value.len()).as_bytes());
            file.extend_from_slice(value);
        }
        file.extend_from_slice(b")))");
        let keygrip = self.listed(&address(name), "grp");
        self.desk.write(&format!("private-keys-v1.d/{keygrip}.key"), file);
    }

    /// Of a certificate, named by its address or file: `fpr` its fingerprint, `grp` its keygrip.
    fn listed(&self, which: &str, record: &str) -> String {
        let which = if which == "root.pem" { "Interop Root" } else { which };
        let mut command = self.command(&["--with-colons", "--with-keygrip", "--list-keys", which]);
        let list = String::from_utf8(peers::run(&mut command, b"").unwrap()).unwrap();
        let line = list.lines().find(|line| line.starts_with(record)).unwrap_or_else(|| panic!("{list}"));
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.desk.command(&self.program);
        command.args(["--batch", "--yes", "--no-tty", "--pinentry-mode=loopback", "--passphrase-fd=0"]);
        command.args(["--disable-crl-checks", "--disable-dirmngr"]).args(words);
        command
    }

    fn passphrase() -> Vec<u8> {
        format!("{PASSWORD}\n").into_bytes()
    }

    fn run(&self, words: &[&str]) {
        peers::run(&mut self.command(words), &Self::passphrase()).unwrap();
    }

    fn run_to(&self, file: &str, words: &[&str]) -> Answer {
        self.desk.run_on(file, &mut self.command(words), &Self::passphrase())
    }
}

impl Peer for Gpgsm {
    fn name(&self) -> &'static str {
        "gpgsm"
    }

    fn makes(&self, cell: Cell) -> bool {
        match cell {
            Cell::Signed(scheme, _) => matches!(scheme, Scheme::RsaPkcs1(_) | Scheme::Ecdsa(..)),
            Cell::Sealed(cipher, way) => !cipher.has_tag() && way == Way::RsaPkcs1,
            Cell::Compressed => false,
        }
    }

    fn takes(&self, cell: Cell) -> bool {
        match cell {
            // It knows nobody by the key's identifier, refuses salts of another length, and cannot check P-521 ("hash
            // length to be a multiple of 8 bits").
            Cell::Signed(scheme, _) => match scheme {
                Scheme::RsaPkcs1(_) | Scheme::RsaPss(_) => true,
                Scheme::Ecdsa(curve, _) => curve != Curve::P521,
                _ => false,
            },
            // A password needs its hash said, even where it is the usual one.
            Cell::Sealed(cipher, way) => {
                !cipher.has_tag() && matches!(way, Way::RsaPkcs1 | Way::Password(Hash::Sha256))
            }
            Cell::Compressed => false,
        }
    }

    fn sign(&mut self, scheme: Scheme, form: Form, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let who = address(scheme.who());
        let words = ["--digest-algo", scheme.hash().name(), "--local-user", &who, "--output", "p7", "--sign"];
        Ok(match form {
            Form::Detached => {
                let signature = self.run_to("p7", &[&words[..], &["--detach-sign", "content"]].concat())?;
                mail::multipart_signed(scheme.hash().micalg(), content, &signature)
            }
            Form::Opaque => {
                mail::pkcs7_mime("signed-data", &self.run_to("p7", &[&words[..], &["content"]].concat())?)
            }
        })
    }

    fn verify(&mut self, _scheme: Scheme, form: Form, mail: &[u8]) -> Answer {
        if form == Form::Opaque {
            self.desk.write("p7", mail::cms(mail)?);
            return self.run_to("content", &["--output", "content", "--verify", "p7"]);
        }
        let (content, signature) = mail::signed_parts(mail)?;
        self.desk.write("content", &content);
        self.desk.write("p7", signature);
        peers::run(&mut self.command(&["--verify", "p7", "content"]), &Self::passphrase())?;
        Ok(content)
    }

    fn encrypt(&mut self, cipher: Cipher, way: Way, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let name = match cipher {
            Cipher::Cbc(128) => "AES",
            Cipher::Cbc(192) => "AES192",
            _ => "AES256",
        };
        let whom = address(way.whom().unwrap());
        let words = ["--cipher-algo", name, "--recipient", &whom, "--output", "p7", "--encrypt", "content"];
        Ok(mail::pkcs7_mime("enveloped-data", &self.run_to("p7", &words)?))
    }

    fn decrypt(&mut self, _cipher: Cipher, _way: Way, mail: &[u8]) -> Answer {
        self.desk.write("p7", mail::cms(mail)?);
        self.run_to("content", &["--output", "content", "--decrypt", "p7"])
    }
}
