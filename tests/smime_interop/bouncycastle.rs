//! BouncyCastle, through `tests/interop/SmimePeer.java`: one JVM for all jobs.
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::cells::{Cell, Cipher, Form, Scheme, Way};
use super::lab::{Desk, Lab, PASSWORD, kek};
use super::mail;
use super::peer::{Answer, Peer};
use crate::peers;

const JARS: [&str; 6] =
    ["bcmail.jar", "bcpkix.jar", "bcprov.jar", "bcutil.jar", "javax.activation.jar", "javax.mail.jar"];

pub(crate) struct BouncyCastle {
    desk: Desk,
    jvm: Child,
    jobs: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl BouncyCastle {
    /// `None` where it, or Java's compiler, is not there.
    pub(crate) fn new(lab: &Lab) -> Option<Self> {
        let (java, _) = (peers::find("java")?, peers::find("javac")?);
        let jars: Vec<PathBuf> = JARS.iter().map(|jar| peers::find(jar)).collect::<Option<_>>()?;
        let desk = Desk::of(lab);
        let mut command = desk.command(&java);
        command.arg("-cp").arg(std::env::join_paths(jars).unwrap()).arg(peers::script("SmimePeer.java"));
        let mut jvm = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (jobs, answers) = (jvm.stdin.take().unwrap(), BufReader::new(jvm.stdout.take().unwrap()));
        Some(BouncyCastle { desk, jvm, jobs, answers })
    }

    /// Does one job, whose last word names the file that it writes.
    fn job(&mut self, words: &[&str]) -> Answer {
        writeln!(self.jobs, "{}", words.join("\t")).map_err(|error| error.to_string())?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|error| error.to_string())?;
        let content = self.desk.collect(words.last().unwrap());
        if answer == "ok\n" { content } else { Err(format!("{words:?}: {answer}")) }
    }

    /// The words that name whom it is for, or who knows what, and the key.
    fn secret(way: Way) -> (String, String) {
        match (way, way.whom()) {
            (Way::Kek(bits), _) => (kek(bits), "-".to_owned()),
            (_, Some(whom)) => (format!("{whom}.pem"), format!("{whom}.key")),
            _ => (PASSWORD.to_owned(), "-".to_owned()),
        }
    }
}

impl Drop for BouncyCastle {
    fn drop(&mut self) {
        let _ = self.jvm.kill();
        let _ = self.jvm.wait();
    }
}

/// What 1.72 has.
fn has(cell: Cell) -> bool {
    match cell {
        Cell::Signed(scheme, _) => !matches!(scheme, Scheme::MlDsa(_)),
        Cell::Sealed(_, way) => !matches!(way, Way::MlKem(_) | Way::X25519Hkdf),
        Cell::Compressed => true,
    }
}

impl Peer for BouncyCastle {
    fn name(&self) -> &'static str {
        "bouncycastle"
    }

    fn makes(&self, cell: Cell) -> bool {
        let only_read = matches!(
            cell,
            Cell::Signed(Scheme::RsaPssLong(_) | Scheme::EcdsaByKeyId, _)
                | Cell::Sealed(_, Way::RsaByKeyId | Way::EcdhByKeyId | Way::EcdhCofactor)
        );
        has(cell) && !only_read
    }

    fn takes(&self, cell: Cell) -> bool {
        has(cell)
    }

    fn sign(&mut self, scheme: Scheme, form: Form, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let (key, certificate) = (format!("{}.key", scheme.who()), format!("{}.pem", scheme.who()));
        let form = if form == Form::Opaque { "opaque" } else { "detached" };
        self.job(&["sign", &scheme.to_string(), form, &key, &certificate, "content", "mail"])
    }

    fn verify(&mut self, _scheme: Scheme, _form: Form, mail: &[u8]) -> Answer {
        self.desk.write("mail", mail);
        self.job(&["verify", "root.pem", "mail", "content"])
    }

    fn encrypt(&mut self, cipher: Cipher, way: Way, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let (secret, _) = Self::secret(way);
        let der = self.job(&["encrypt", &cipher.to_string(), &way.to_string(), &secret, "content", "p7"])?;
        Ok(mail::pkcs7_mime(if cipher.has_tag() { "authEnveloped-data" } else { "enveloped-data" }, &der))
    }

    fn decrypt(&mut self, _cipher: Cipher, way: Way, mail: &[u8]) -> Answer {
        self.desk.write("p7", mail::cms(mail)?);
        let (secret, key) = Self::secret(way);
        self.job(&["decrypt", &way.to_string(), &secret, &key, "p7", "content"])
    }

    fn compress(&mut self, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        Ok(mail::pkcs7_mime("compressed-data", &self.job(&["compress", "content", "p7"])?))
    }

    fn expand(&mut self, mail: &[u8]) -> Answer {
        self.desk.write("p7", mail::cms(mail)?);
        self.job(&["expand", "p7", "content"])
    }
}
