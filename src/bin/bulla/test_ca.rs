//! `bulla cert test-ca`: a whole authority for tests, with what is expired and revoked, and keys that are no secret.
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulla::x509::{
    Authority, Certificate, Credential, CrlIssue, Issue, Name, Pkcs12, Profile, RevocationReason,
};
use bulla::{KdfCost, KeyKind, Passphrase, PrivateKey, Time, file};

use crate::failure::{Code, Done, Failure, one_line};
use crate::key::Kind;
use crate::objects::chain_pem;
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct TestCa {
    /// The kind of all keys
    #[arg(long, value_enum, value_name = "KIND", default_value = "p256")]
    kind: Kind,
    /// The directory to make, which must not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Stands before everything that has a key in it.
const WARNING: &str = "\
TEST KEY. NOT SECRET. Made by `bulla cert test-ca`: it is stored in plain, for tests only.
Never use it for anything real, and never trust root.pem of this directory outside of tests.
";

/// Opens all `.p12` files.
const PASSPHRASE: &str = "test";

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

const HOSTS: [&str; 4] = ["localhost", "www.example.org", "127.0.0.1", "::1"];

/// What becomes of a leaf.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    /// It ended a year ago.
    Expired,
    /// Its issuer's CRL lists it.
    Revoked,
}

impl TestCa {
    pub(crate) fn run(&self) -> Done<()> {
        fs::create_dir(&self.folder).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                let hint = "name a directory that does not exist: nothing is put into one that does";
                Failure::new(Code::InputOutput, self.folder.display(), "it exists", hint)
            }
            _ => Failure::io(self.folder.display(), &error),
        })?;
        let made = self.fill();
        if made.is_err() {
            // What is unfinished would be taken for the whole.
            let _ = fs::remove_dir_all(&self.folder);
        }
        made?;
        let name = one_line(&self.folder.display().to_string());
        ui::note(format_args!(
            "bulla: {name}: TEST KEYS, NOT SECRET: stored in plain, and in .p12 under the passphrase {PASSPHRASE:?}.\n\
             Trust {name}/root.pem in tests only. What is there and how to use it: {name}/README.txt"
        ));
        Ok(())
    }

    fn fill(&self) -> Done<()> {
        let maker = Maker { folder: &self.folder, kind: self.kind.into(), now: Time::now() };
        let root = maker.root()?;
        let ca = maker.intermediate(&root)?;
        let mut revoked = Vec::new();
        for (name, profile, fate) in leaves()? {
            let certificate = maker.leaf(&ca, name, profile, fate)?;
            if fate == Fate::Revoked {
                revoked.push(certificate);
            }
        }
        maker.crl(&root, "root", &[])?;
        maker.crl(&ca, "ca", &revoked)?;
        maker.write("README.txt", &readme())
    }
}

fn name(text: &str) -> Done<Name> {
    Ok(text.parse()?)
}

fn leaves() -> Done<Vec<(&'static str, Profile, Fate)>> {
    let mail = |address: &str| -> Done<Profile> { Ok(Profile::email(&[address.parse()?])?) };
    let server = || Profile::tls_server(&HOSTS);
    Ok(vec![
        ("alice", mail("alice@example.org")?, Fate::Good),
        ("bob", mail("bob@example.org")?, Fate::Good),
        ("expired-mail", mail("alice@example.org")?, Fate::Expired),
        ("revoked-mail", mail("alice@example.org")?, Fate::Revoked),
        ("server", server()?, Fate::Good),
        ("expired-server", server()?, Fate::Expired),
        ("revoked-server", server()?, Fate::Revoked),
        ("client", Profile::tls_client(&name("CN=Test client")?)?, Fate::Good),
    ])
}

struct Maker<'a> {
    folder: &'a Path,
    kind: KeyKind,
    now: Time,
}

impl Maker<'_> {
    /// Authorities are old enough to have issued what is expired by now.
    fn since(&self) -> Time {
        self.now - YEAR * 3
    }

    fn until(&self) -> Time {
        self.now + YEAR * 10
    }

    fn root(&self) -> Done<Authority> {
        let key = PrivateKey::generate(self.kind)?;
        let issue = Issue::root(&name("CN=Test root NOT SECRET,O=bulla test-ca")?, &key);
        let certificate = issue.validity(self.since(), self.until()).sign()?;
        self.authority("root", key, vec![certificate])
    }

    fn intermediate(&self, root: &Authority) -> Done<Authority> {
        let key = PrivateKey::generate(self.kind)?;
        let issue = root.intermediate(&name("CN=Test CA NOT SECRET,O=bulla test-ca")?, key.public(), 0)?;
        let certificate = issue.validity(self.since(), self.until()).sign()?;
        self.authority("ca", key, vec![certificate])
    }

    fn authority(&self, name: &str, key: PrivateKey, certificates: Vec<Certificate>) -> Done<Authority> {
        self.pems(name, &key, &certificates)?;
        Ok(Authority::new(Credential::new(key, certificates)?)?)
    }

    fn leaf(&self, ca: &Authority, name: &str, profile: Profile, fate: Fate) -> Done<Certificate> {
        let key = PrivateKey::generate(self.kind)?;
        let issue = ca.issue(profile, key.public())?;
        let (from, until) = match fate {
            Fate::Expired => (self.now - YEAR * 2, self.now - YEAR),
            _ => (self.now - Duration::from_secs(3600), self.now + YEAR * 2),
        };
        let certificate = issue.validity(from, until).sign()?;
        let chain = vec![certificate.clone(), ca.certificate().clone()];
        self.pems(name, &key, &chain)?;
        let credential = Credential::new(key, chain)?;
        // Cheap to open: it keeps no secret, and tests are many.
        let passphrase = Passphrase::new(PASSPHRASE)?.cost(KdfCost::Low);
        let label = format!("TEST, NOT SECRET: {name}");
        let p12 = Pkcs12::builder().credential(&label, &credential)?.to_der(&passphrase)?;
        file::write_whole(p12, self.folder.join(format!("{name}.p12")), false)?;
        Ok(certificate)
    }

    fn crl(&self, authority: &Authority, name: &str, revoked: &[Certificate]) -> Done<()> {
        let (certificate, key) = (authority.certificate(), authority.credential().key());
        // Good for as long as the rest is: a test that stops working next week is none.
        let mut issue = CrlIssue::by(certificate, key)?.this_update(self.now).next_update(self.until());
        for certificate in revoked {
            issue = issue.revoke(&certificate.serial(), self.now, RevocationReason::KeyCompromise);
        }
        self.write(&format!("{name}.crl"), &issue.sign()?.to_pem())
    }

    /// Certificates in one file, and the key in another.
    fn pems(&self, name: &str, key: &PrivateKey, certificates: &[Certificate]) -> Done<()> {
        let mut text = key.expose_pem()?;
        text.insert_str(0, WARNING);
        self.write(&format!("{name}.key"), &text)?;
        self.write(&format!("{name}.pem"), &chain_pem(certificates))
    }

    fn write(&self, name: &str, text: &str) -> Done<()> {
        Ok(file::write_whole(text, self.folder.join(name), false)?)
    }
}

fn readme() -> String {
    format!(
        "\
{WARNING}
All private keys (.key) are in plain. The passphrase of all .p12 files is: {PASSPHRASE}

root.pem         the root, to be trusted in tests
ca.pem           the intermediate authority, which issued all that follow
alice.pem        mail of alice@example.org
bob.pem          mail of bob@example.org
server.pem       a server of TLS: {hosts}
client.pem       a client of TLS: CN=Test client
expired-mail.pem, expired-server.pem     ended a year before this directory was made
revoked-mail.pem, revoked-server.pem     listed in ca.crl
root.crl, ca.crl                         CRLs, good for ten years

Each of alice, bob, server, client, expired-… and revoked-… has NAME.pem (certificate, then ca.pem), NAME.key and NAME.p12.

In this directory:

bulla cert verify --trust root.pem --purpose email --name alice@example.org alice.pem
bulla cert verify --trust root.pem --crl root.crl ca.crl --revocation require \\
    --purpose tls-server --name localhost server.pem
bulla cert verify --trust root.pem --crl root.crl ca.crl --purpose email revoked-mail.pem    # exit code 1
bulla cert verify --trust root.pem --purpose email expired-mail.pem                          # exit code 1
",
        hosts = HOSTS.join(", ")
    )
}
