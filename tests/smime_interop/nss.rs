//! NSS's `cmsutil`, with a database of its own: what Thunderbird has under it.
use std::path::PathBuf;

use super::cells::{Cell, Cipher, Form, Scheme, Way};
use super::lab::{Desk, Lab, PASSWORD, address};
use super::mail;
use super::peer::{Answer, Peer};
use crate::peers;

const DATABASE: &str = "sql:nss";

pub(crate) struct Nss {
    cmsutil: PathBuf,
    desk: Desk,
}

impl Nss {
    /// `None` where it, or openssl for its `.p12`, is not there.
    pub(crate) fn new(lab: &Lab) -> Option<Self> {
        let (cmsutil, openssl) = (peers::find("cmsutil")?, peers::find("openssl")?);
        let (certutil, pk12util) = (peers::find("certutil")?, peers::find("pk12util")?);
        let peer = Nss { cmsutil, desk: Desk::of(lab) };
        std::fs::create_dir(peer.desk.at("nss")).unwrap();
        let new: &[&str] = &["-N", "-d", DATABASE, "--empty-password"];
        for words in [new, &["-A", "-d", DATABASE, "-n", "root", "-t", ",C,", "-a", "-i", "root.pem"]] {
            peers::run(peer.desk.command(&certutil).args(words), b"").unwrap();
        }
        for name in ["rsa2048", "rsa3072", "p256", "p384", "p521"] {
            let p12 = lab.p12(name, &openssl);
            let mut import = peer.desk.command(&pk12util);
            import.arg("-i").arg(p12).args(["-d", DATABASE, "-W", PASSWORD]);
            peers::run(&mut import, b"").unwrap();
        }
        Some(peer)
    }

    fn run_to(&self, file: &str, words: &[&str]) -> Answer {
        let mut command = self.desk.command(&self.cmsutil);
        self.desk.run_to(file, command.args(words).args(["-d", DATABASE, "-o", file]))
    }
}

/// What 3.87 has: of key transport v1.5 alone, and no key agreement.
fn seals(cipher: Cipher, way: Way) -> bool {
    !cipher.has_tag() && way == Way::RsaPkcs1
}

impl Peer for Nss {
    fn name(&self) -> &'static str {
        "nss"
    }

    fn makes(&self, cell: Cell) -> bool {
        match cell {
            Cell::Signed(scheme, _) => matches!(scheme, Scheme::RsaPkcs1(_) | Scheme::Ecdsa(..)),
            // It chooses the cipher by what it knows of the addressee, which is nothing.
            Cell::Sealed(cipher, way) => seals(cipher, way) && cipher == Cipher::Cbc(128),
            Cell::Compressed => false,
        }
    }

    fn takes(&self, cell: Cell) -> bool {
        match cell {
            Cell::Signed(scheme, _) => !matches!(scheme, Scheme::Ed25519 | Scheme::MlDsa(_)),
            Cell::Sealed(cipher, way) => {
                seals(cipher, way) || seals(cipher, Way::RsaPkcs1) && way == Way::RsaByKeyId
            }
            Cell::Compressed => false,
        }
    }

    fn sign(&mut self, scheme: Scheme, form: Form, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let hash = scheme.hash().name().to_uppercase();
        let words = ["-S", "-N", scheme.who(), "-H", &hash, "-G", "-P", "-i", "content"];
        Ok(match form {
            Form::Detached => {
                let signature = self.run_to("p7", &[&words[..], &["-T"]].concat())?;
                mail::multipart_signed(scheme.hash().micalg(), content, &signature)
            }
            Form::Opaque => mail::pkcs7_mime("signed-data", &self.run_to("p7", &words)?),
        })
    }

    fn verify(&mut self, _scheme: Scheme, form: Form, mail: &[u8]) -> Answer {
        if form == Form::Opaque {
            self.desk.write("p7", mail::cms(mail)?);
            return self.run_to("content.out", &["-D", "-i", "p7"]);
        }
        let (content, signature) = mail::signed_parts(mail)?;
        self.desk.write("content", &content);
        self.desk.write("p7", signature);
        self.run_to("content.out", &["-D", "-i", "p7", "-c", "content"])?;
        Ok(content)
    }

    fn encrypt(&mut self, _cipher: Cipher, way: Way, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let der = self.run_to("p7", &["-E", "-r", &address(way.whom().unwrap()), "-i", "content"])?;
        Ok(mail::pkcs7_mime("enveloped-data", &der))
    }

    fn decrypt(&mut self, _cipher: Cipher, _way: Way, mail: &[u8]) -> Answer {
        self.desk.write("p7", mail::cms(mail)?);
        self.run_to("content.out", &["-D", "-i", "p7"])
    }
}
