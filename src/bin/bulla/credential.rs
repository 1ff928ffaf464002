//! Credentials of the command line: a private key with its certificate and chain, in PKCS #12 or PEM.
use std::path::{Path, PathBuf};

use bulla::Passphrase;
use bulla::x509::{Credential, Pkcs12};

use crate::failure::{Done, Failure};
use crate::objects::{Object, Source};
use crate::passphrase::{Given, PassphraseFlags, SecretText};
use crate::private_key::OpenKey;

#[derive(clap::Args)]
pub(crate) struct CredentialFlags {
    /// The credential: a PKCS #12 file, or PEM with the certificate, its chain and the private key
    #[arg(long, value_name = "FILE")]
    with: PathBuf,
    /// The private key, if it is in a file of its own
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFlags,
}

impl CredentialFlags {
    /// Whether a passphrase is read from standard input.
    pub(crate) fn takes_stdin(&self) -> bool {
        self.passphrase.takes_stdin()
    }

    /// The file's name, for errors.
    pub(crate) fn name(&self) -> impl std::fmt::Display {
        self.with.display()
    }

    /// Reads it, asking for a passphrase if it is sealed.
    pub(crate) fn load(&self) -> Done<Credential> {
        load(&self.with, self.key.as_deref(), &Given::new(&self.passphrase), false)
    }
}

/// Several credentials, of which one may have its key in a file of its own.
#[derive(clap::Args)]
pub(crate) struct CredentialsFlags {
    /// A credential: a PKCS #12 file, or PEM with the certificate, its chain and the private key; may be given several times
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// The private key, if it is in a file of its own
    #[arg(long, value_name = "FILE", requires = "with")]
    key: Option<PathBuf>,
}

impl CredentialsFlags {
    pub(crate) fn is_given(&self) -> bool {
        !self.with.is_empty()
    }

    /// Reads all, asking for passphrases where they are sealed. `legacy`: also PKCS #12 files of long ago.
    pub(crate) fn load(&self, given: &Given<'_>, legacy: bool) -> Done<Vec<Credential>> {
        if self.key.is_some() && self.with.len() > 1 {
            let why = "there are several credentials, and it is not clear whose it is";
            return Err(Failure::usage("--key", why, "put each key into the file of its credential"));
        }
        self.with.iter().map(|with| load(with, self.key.as_deref(), given, legacy)).collect()
    }
}

fn load(with: &Path, key: Option<&Path>, given: &Given<'_>, legacy: bool) -> Done<Credential> {
    let source = Source::read(Some(with))?;
    if let Some(bytes) = pkcs12(&source)? {
        if key.is_some() {
            let why = "the credential has its key in it already";
            return Err(Failure::usage("--key", why, "leave it out, or give the certificates in PEM"));
        }
        let text = given.text_for_key_file(with)?;
        let file = open_pkcs12(bytes, &source.name, legacy, Some(&text))?;
        return file.credential().map_err(|error| Failure::of(&source.name, error));
    }
    let certificates = source.certificates()?;
    let open = match key {
        Some(path) => OpenKey::read(Some(path), given)?,
        None => {
            let form = source.private_key().map_err(|failure| failure.but("or name its file with --key"))?;
            OpenKey::of(form, &source.name, given)?
        }
    };
    Credential::new(open.key, certificates).map_err(|error| Failure::of(&source.name, error))
}

/// The bytes of a file, if it is PKCS #12.
pub(crate) fn pkcs12(source: &Source) -> Done<Option<&[u8]>> {
    let pick = |object| if let Object::Pkcs12(bytes) = object { Some(bytes) } else { None };
    Ok(source.objects()?.into_iter().find_map(pick))
}

/// Opens a PKCS #12 file.
pub(crate) fn open_pkcs12(
    bytes: &[u8],
    name: &str,
    legacy: bool,
    passphrase: Option<&SecretText>,
) -> Done<Pkcs12> {
    let passphrase = passphrase.map(|text| Passphrase::new(text)).transpose()?;
    let read = if legacy { Pkcs12::read_legacy } else { Pkcs12::read };
    read(bytes, passphrase.as_ref()).map_err(|error| Failure::of(name, error))
}
