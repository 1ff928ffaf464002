//! `openssl cms`, of 3.0 and of 4.0.
use std::path::PathBuf;
use std::process::Command;

use super::cells::{Cell, Cipher, Form, Hash, Scheme, Way};
use super::lab::{Desk, KEK_ID, Lab, PASSWORD, kek};
use super::peer::{Answer, Peer};
use crate::peers;

pub(crate) struct OpenSsl {
    program: PathBuf,
    desk: Desk,
    /// 4, with what came since 3.0: Ed25519, ML-DSA, ML-KEM.
    is_new: bool,
}

impl OpenSsl {
    /// `None` where it is not there. The one of the system is taken for a 3.0, whatever it is.
    pub(crate) fn new(lab: &Lab, is_new: bool) -> Option<Self> {
        let program = peers::find(if is_new { "openssl4" } else { "openssl" })?;
        Some(OpenSsl { program, desk: Desk::of(lab), is_new })
    }

    /// With lines that end in CRLF: without `-crlfeol`, `-binary` leaves a CR before the boundary to the content.
    fn cms(&self, words: &[&str]) -> Command {
        let mut command = self.desk.command(&self.program);
        command.args(["cms", "-binary", "-crlfeol"]).args(words);
        command
    }

    /// Neither has X25519 (4.0 writes something for it, which is broken) and ChaCha20-Poly1305.
    fn seals(&self, cipher: Cipher, way: Way) -> bool {
        let has_way = match way {
            Way::X25519X963 | Way::X25519Hkdf => false,
            Way::MlKem(_) => self.is_new,
            _ => true,
        };
        has_way && cipher != Cipher::ChaCha20Poly1305
    }

    /// By its old provider.
    pub(crate) fn encrypt_as_of_old(&self, cipher: &str, whom: &str, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let (cipher, certificate) = (format!("-{cipher}"), format!("{whom}.pem"));
        let mut command = self.cms(&["-encrypt", &cipher, "-in", "content", "-out", "mail"]);
        command.args(["-provider", "legacy", "-provider", "default", "-recip", &certificate]);
        self.desk.run_to("mail", &mut command)
    }

    /// An object as it writes it when it has read it: in DER, but for what it does not look into.
    pub(crate) fn to_der(&self, object: &[u8]) -> Answer {
        self.desk.write("object", object);
        let mut command = self.desk.command(&self.program);
        command.args("cms -cmsout -inform DER -in object -outform DER -out der".split(' '));
        self.desk.run_to("der", &mut command)
    }

    /// What comes out of an encrypted object.
    pub(crate) fn content(&self, way: Way, object: &[u8]) -> Answer {
        self.desk.write("object", object);
        let mut command = self.desk.command(&self.program);
        command.args("cms -decrypt -binary -inform DER -in object -out content".split(' '));
        Self::open_with(&mut command, way);
        self.desk.run_to("content", &mut command)
    }

    /// Says what opens a mail of that way.
    fn open_with(command: &mut Command, way: Way) {
        match way {
            Way::Kek(bits) => command.args(["-secretkey", &kek(bits), "-secretkeyid", KEK_ID]),
            Way::Password(_) => command.args(["-pwri_password", PASSWORD]),
            _ => {
                let whom = way.whom().unwrap();
                command.args(["-recip", &format!("{whom}.pem"), "-inkey", &format!("{whom}.key")])
            }
        };
    }

    fn signs(&self, scheme: Scheme) -> bool {
        // 3.0 hands Ed25519 a hash, which it refuses.
        self.is_new || !matches!(scheme, Scheme::Ed25519 | Scheme::MlDsa(_))
    }
}

impl Peer for OpenSsl {
    fn name(&self) -> &'static str {
        if self.is_new { "openssl 4" } else { "openssl 3" }
    }

    fn makes(&self, cell: Cell) -> bool {
        match cell {
            Cell::Signed(scheme, _) => self.signs(scheme),
            // The password's key wraps with the content's cipher, which a tag forbids; its hash cannot be chosen.
            Cell::Sealed(cipher, Way::Password(hash)) => !cipher.has_tag() && hash == Hash::Sha1,
            Cell::Sealed(cipher, way) => self.seals(cipher, way),
            Cell::Compressed => false,
        }
    }

    fn takes(&self, cell: Cell) -> bool {
        match cell {
            Cell::Signed(scheme, _) => self.signs(scheme),
            Cell::Sealed(cipher, way) => self.seals(cipher, way),
            Cell::Compressed => false,
        }
    }

    fn sign(&mut self, scheme: Scheme, form: Form, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let (key, certificate) = (format!("{}.key", scheme.who()), format!("{}.pem", scheme.who()));
        let mut command = self.cms(&["-sign", "-in", "content", "-out", "mail", "-md", scheme.hash().name()]);
        command.args(["-signer", &certificate, "-inkey", &key]);
        let salt = match scheme {
            Scheme::RsaPss(_) => Some("digest"),
            Scheme::RsaPssLong(_) => Some("max"),
            _ => None,
        };
        if let Some(salt) = salt {
            let salt = format!("rsa_pss_saltlen:{salt}");
            command.args(["-keyopt", "rsa_padding_mode:pss", "-keyopt", &salt]);
        }
        if form == Form::Opaque {
            command.arg("-nodetach");
        }
        if scheme == Scheme::EcdsaByKeyId {
            command.arg("-keyid");
        }
        self.desk.run_to("mail", &mut command)
    }

    fn verify(&mut self, _scheme: Scheme, _form: Form, mail: &[u8]) -> Answer {
        self.desk.write("mail", mail);
        let words =
            ["-verify", "-in", "mail", "-CAfile", "root.pem", "-purpose", "smimesign", "-out", "content"];
        self.desk.run_to("content", &mut self.cms(&words))
    }

    fn encrypt(&mut self, cipher: Cipher, way: Way, content: &[u8]) -> Answer {
        self.desk.write("content", content);
        let mut command = self.cms(&["-encrypt", &format!("-{cipher}"), "-in", "content", "-out", "mail"]);
        match way {
            Way::Kek(bits) => command.args(["-secretkey", &kek(bits), "-secretkeyid", KEK_ID]),
            Way::Password(_) => command.args(["-pwri_password", PASSWORD]),
            _ => command.args(["-recip", &format!("{}.pem", way.whom().unwrap())]),
        };
        match way {
            Way::Oaep(hash) => {
                let hash = format!("rsa_oaep_md:{}", hash.name());
                command.args(["-keyopt", "rsa_padding_mode:oaep", "-keyopt", &hash]);
            }
            Way::Ecdh(_, hash) => {
                command.args(["-keyopt", &format!("ecdh_kdf_md:{}", hash.name())]);
            }
            Way::EcdhCofactor => {
                command.args(["-keyopt", "ecdh_kdf_md:sha256", "-keyopt", "ecdh_cofactor_mode:1"]);
            }
            Way::EcdhByKeyId => {
                command.args(["-keyid", "-keyopt", "ecdh_kdf_md:sha256"]);
            }
            Way::RsaByKeyId => {
                command.arg("-keyid");
            }
            _ => {}
        }
        self.desk.run_to("mail", &mut command)
    }

    fn decrypt(&mut self, _cipher: Cipher, way: Way, mail: &[u8]) -> Answer {
        self.desk.write("mail", mail);
        let mut command = self.cms(&["-decrypt", "-in", "mail", "-out", "content"]);
        Self::open_with(&mut command, way);
        self.desk.run_to("content", &mut command)
    }
}
