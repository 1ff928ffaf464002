//! openssl: it reads what bulla writes and checks what bulla signs, and the other way round.
use std::path::{Path, PathBuf};
use std::process::Command;

use bulla::{ErrorKind, KeyKind, Passphrase, PrivateKey, PublicKey};

use crate::{peers, unasked};

const PASSPHRASE: &str = "one two three";

pub(crate) struct Openssl {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Openssl {
    pub(crate) fn find() -> Option<Self> {
        Some(Openssl { program: peers::find("openssl")?, folder: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.at(name), content).unwrap();
        self.at(name)
    }

    /// Runs it in the folder; words are separated by one space.
    #[track_caller]
    pub(crate) fn run(&self, words: &str) -> Vec<u8> {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(words.split(' '));
        peers::run(&mut command, b"").unwrap_or_else(|error| panic!("openssl {words}: {error}"))
    }
}

fn read(path: &Path) -> PrivateKey {
    let text = std::fs::read_to_string(path).unwrap();
    PrivateKey::from_pem(&text, || Passphrase::new(PASSPHRASE)).unwrap()
}

/// The words of `pkeyutl` or `dgst` that say how a key of this kind signs.
fn signing(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa { .. } => "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest",
        KeyKind::P256 => "-sha256",
        KeyKind::P384 => "-sha384",
        _ => "-sha512",
    }
}

/// Kinds that openssl 3.0 knows.
const KNOWN: [KeyKind; 5] =
    [KeyKind::RSA_3072, KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519];

#[test]
fn openssl_reads_our_keys_and_checks_our_signatures() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.write("message", "a message");
    for kind in KNOWN {
        let key = PrivateKey::generate(kind).unwrap();
        openssl.write("sealed.pem", key.to_pem(&Passphrase::new(PASSPHRASE).unwrap()).unwrap());
        openssl.write("pass", PASSPHRASE);
        let public = openssl.run("pkey -in sealed.pem -passin file:pass -pubout");
        assert_eq!(String::from_utf8(public).unwrap(), key.public().to_pem(), "{kind}");
        openssl.write("plain.pem", key.expose_pem().unwrap().as_bytes());
        openssl.run("pkey -in plain.pem -check -noout");
        openssl.write("public.pem", key.public().to_pem());
        openssl.write("signature", key.sign_plain(b"a message").unwrap());
        if kind == KeyKind::Ed25519 {
            openssl.run("pkeyutl -verify -pubin -inkey public.pem -rawin -in message -sigfile signature");
        } else {
            let how = signing(kind);
            openssl.run(&format!("dgst {how} -verify public.pem -signature signature message"));
        }
    }
}

#[test]
fn an_x25519_key_goes_both_ways() {
    let Some(openssl) = Openssl::find() else { return };
    let key = PrivateKey::generate(KeyKind::X25519).unwrap();
    openssl.write("ours.pem", key.expose_pem().unwrap().as_bytes());
    let public = openssl.run("pkey -in ours.pem -check -pubout");
    assert!(String::from_utf8(public).unwrap().ends_with(&key.public().to_pem()));
    openssl.run("genpkey -algorithm X25519 -out theirs.pem");
    let theirs = read(&openssl.at("theirs.pem"));
    assert_eq!(theirs.kind(), KeyKind::X25519);
    let public = String::from_utf8(openssl.run("pkey -in theirs.pem -pubout")).unwrap();
    assert_eq!(&PublicKey::from_pem(&public).unwrap(), theirs.public());
}

#[test]
fn we_read_openssls_keys_and_check_its_signatures() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.write("message", "a message");
    for (kind, words) in [
        (KeyKind::rsa(2048), "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        (KeyKind::P256, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        (KeyKind::P384, "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
        (KeyKind::P521, "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        (KeyKind::Ed25519, "-algorithm ED25519"),
    ] {
        openssl.run(&format!("genpkey {words} -out key.pem"));
        let key = read(&openssl.at("key.pem"));
        assert_eq!(key.kind(), kind);
        openssl.run("pkey -in key.pem -pubout -out public.pem");
        let public =
            PublicKey::from_pem(&std::fs::read_to_string(openssl.at("public.pem")).unwrap()).unwrap();
        assert_eq!(&public, key.public());
        if kind == KeyKind::Ed25519 {
            openssl.run("pkeyutl -sign -inkey key.pem -rawin -in message -out signature");
        } else {
            let how = signing(kind);
            openssl.run(&format!("dgst {how} -sign key.pem -out signature message"));
        }
        let signature = std::fs::read(openssl.at("signature")).unwrap();
        assert!(public.verify_plain(b"a message", &signature).is_ok(), "{kind}");
        assert!(public.verify_plain(b"another", &signature).is_err(), "{kind}");
        if let KeyKind::Rsa { .. } = kind {
            openssl.run("dgst -sha256 -sign key.pem -out signature message");
            let signature = std::fs::read(openssl.at("signature")).unwrap();
            assert!(public.verify_plain(b"a message", &signature).is_ok(), "PKCS #1 v1.5");
            assert!(public.verify_plain(b"another", &signature).is_err(), "PKCS #1 v1.5");
        }
    }
}

#[test]
fn we_read_every_form_that_openssl_writes() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.write("pass", PASSPHRASE);
    openssl.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    openssl.run("rsa -in rsa.pem -traditional -out rsa-pkcs1.pem");
    openssl.run("ec -in ec.pem -out ec-sec1.pem");
    openssl.run("ecparam -name secp384r1 -genkey -out parameters.pem");
    let same = |one: &str, other: &str| {
        assert_eq!(read(&openssl.at(one)).public(), read(&openssl.at(other)).public());
    };
    same("rsa.pem", "rsa-pkcs1.pem");
    same("ec.pem", "ec-sec1.pem");
    assert_eq!(read(&openssl.at("parameters.pem")).kind(), KeyKind::P384);
    for words in [
        "-v2 aes-256-cbc",
        "-v2 aes-128-cbc -v2prf hmacWithSHA512",
        "-v2 aes-256-cbc -iter 100000",
        "-scrypt",
    ] {
        openssl.run(&format!("pkcs8 -topk8 -in ec.pem -passout file:pass {words} -out sealed.pem"));
        same("ec.pem", "sealed.pem");
    }
    // Old ways are named, not guessed at.
    openssl.run("rsa -in rsa.pem -traditional -aes256 -passout file:pass -out old.pem");
    let text = std::fs::read_to_string(openssl.at("old.pem")).unwrap();
    assert_eq!(PrivateKey::from_pem(&text, unasked).err().unwrap().kind(), ErrorKind::Unsupported);
}
