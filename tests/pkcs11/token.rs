//! A new SoftHSM2 token for each test, and a process for it: the library reads where its tokens are from the environment.
use std::path::{Path, PathBuf};
use std::process::Command;

use bulla::adapters::pkcs11::Token;
use bulla::{Passphrase, PrivateKey};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

use crate::peers;

pub(crate) const LABEL: &str = "bulla's token";
pub(crate) const PIN: &str = "123456";

/// The folder of the token, for the process that uses it.
const FOLDER: &str = "BULLA_TEST_TOKEN";

const LIBRARIES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

pub(crate) struct Lab {
    folder: PathBuf,
}

/// Runs the test of that name again, in a process of its own with a token of its own, and there the body.
pub(crate) fn in_a_token(name: &str, body: impl FnOnce(&Lab)) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return body(&Lab { folder: folder.into() });
    }
    let Some(util) = peers::find("softhsm2-util") else { return };
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("softhsm2.conf");
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
    std::fs::write(&configuration, text).unwrap();
    let mut init = Command::new(util);
    init.args(["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "12345678"]);
    peers::run(init.env("SOFTHSM2_CONF", &configuration), b"").unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]);
    again.env("SOFTHSM2_CONF", &configuration).env(FOLDER, folder.path());
    let said = peers::run(&mut again, b"").unwrap_or_else(|error| panic!("{error}"));
    assert!(String::from_utf8_lossy(&said).contains("1 passed"), "no test is named {name}");
}

impl Lab {
    pub(crate) fn is_inside() -> bool {
        std::env::var_os(FOLDER).is_some()
    }

    pub(crate) fn library(&self) -> PathBuf {
        let found = LIBRARIES.iter().map(Path::new).find(|path| path.is_file());
        found.unwrap_or_else(|| panic!("libsofthsm2.so is in none of {LIBRARIES:?}")).to_owned()
    }

    pub(crate) fn open(&self) -> bulla::Result<Token> {
        Token::open(self.library(), LABEL, &Passphrase::new(PIN)?)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn import(&self, key: &PrivateKey, label: &str, id: u8) {
        let file = self.write("key.pem", key.expose_pem().unwrap().as_bytes());
        let mut import = Command::new(peers::find("softhsm2-util").unwrap());
        import.args([
            "--token",
            LABEL,
            "--pin",
            PIN,
            "--label",
            label,
            "--id",
            &format!("{id:02x}"),
            "--import",
        ]);
        peers::run(import.arg(file), b"").unwrap();
    }

    /// RSA by openssl: `oaep`, which is with SHA-1, or `pkcs1`.
    pub(crate) fn seal(&self, key: &PrivateKey, padding: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let public = self.write("public.pem", key.public().to_pem().as_bytes());
        let mut seal = Command::new(peers::find("openssl")?);
        seal.args(["pkeyutl", "-encrypt", "-pubin", "-pkeyopt", &format!("rsa_padding_mode:{padding}")]);
        seal.arg("-inkey").arg(public);
        Some(peers::run(&mut seal, plain).unwrap())
    }

    /// A mail by openssl in AES-256-GCM, to an RSA key by OAEP, which is with SHA-1.
    #[cfg(feature = "smime")]
    pub(crate) fn mail_with_oaep(&self, to: &bulla::x509::Certificate, content: &[u8]) -> Option<Vec<u8>> {
        let certificate = self.write("recipient.pem", to.to_pem().as_bytes());
        let mut seal = Command::new(peers::find("openssl")?);
        seal.args(["cms", "-encrypt", "-binary", "-aes-256-gcm", "-recip"]).arg(certificate);
        seal.args(["-keyopt", "rsa_padding_mode:oaep"]);
        Some(peers::run(&mut seal, content).unwrap())
    }

    /// A key `key` with the id 9, and its certificate, by openssl.
    pub(crate) fn certificate(&self) -> Option<Vec<u8>> {
        let key = PrivateKey::generate(bulla::KeyKind::P256).unwrap();
        self.import(&key, "key", 9);
        let mut make = Command::new(peers::find("openssl")?);
        make.args("req -x509 -subj /CN=card -outform DER -key".split(' ')).arg(self.folder.join("key.pem"));
        Some(peers::run(&mut make, b"").unwrap())
    }

    // What no program of SoftHSM does, by the library itself.

    fn session(&self) -> Session {
        let library = Pkcs11::new(self.library()).unwrap();
        // Token::open may have been there before.
        let _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
        let slot = library.get_slots_with_initialized_token().unwrap()[0];
        let session = library.open_rw_session(slot).unwrap();
        let _ = session.login(UserType::User, Some(&AuthPin::from(PIN.to_owned())));
        std::mem::forget(library);
        session
    }

    fn only(session: &Session, class: ObjectClass, label: &str) -> ObjectHandle {
        let named = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
        let found = session.find_objects(&named).unwrap();
        assert_eq!(found.len(), 1, "{label}");
        found[0]
    }

    pub(crate) fn change(&self, label: &str, to: &[Attribute]) {
        let session = self.session();
        session.update_attributes(Self::only(&session, ObjectClass::PRIVATE_KEY, label), to).unwrap();
    }

    pub(crate) fn change_public(&self, label: &str, to: &[Attribute]) {
        let session = self.session();
        session.update_attributes(Self::only(&session, ObjectClass::PUBLIC_KEY, label), to).unwrap();
    }

    pub(crate) fn remove_public(&self, label: &str) {
        let session = self.session();
        session.destroy_object(Self::only(&session, ObjectClass::PUBLIC_KEY, label)).unwrap();
    }

    pub(crate) fn remove(&self, label: &str) {
        self.remove_public(label);
        let session = self.session();
        session.destroy_object(Self::only(&session, ObjectClass::PRIVATE_KEY, label)).unwrap();
    }

    pub(crate) fn create(&self, object: &[Attribute]) -> ObjectHandle {
        self.session().create_object(object).unwrap()
    }

    pub(crate) fn destroy(&self, object: ObjectHandle) {
        self.session().destroy_object(object).unwrap();
    }
}
