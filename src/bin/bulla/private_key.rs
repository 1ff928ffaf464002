//! Private keys in files: opened with whatever passphrase they want, and written sealed unless somebody says otherwise.
use std::path::Path;

use bulla::{Passphrase, PrivateKey};
use zeroize::Zeroizing;

use crate::failure::{Code, Done, Failure};
use crate::objects::{Form, Source};
use crate::passphrase::{Given, NewPassphraseFlags, SecretText, asking};
use crate::ui;

/// A private key, and what opened it.
pub(crate) struct OpenKey {
    pub(crate) key: PrivateKey,
    /// `None`: it was not sealed.
    pub(crate) passphrase: Option<SecretText>,
}

impl OpenKey {
    /// Reads the only private key of a file.
    pub(crate) fn read(path: Option<&Path>, given: &Given<'_>) -> Done<Self> {
        let source = Source::read(path)?;
        Self::of(source.private_key()?, &source.name, given)
    }

    /// Reads a key that was found in a file of this name.
    pub(crate) fn of(form: Form<'_>, name: &str, given: &Given<'_>) -> Done<Self> {
        let mut passphrase = None;
        let ask = || {
            let text = given.text_for_key_file(Path::new(name))?;
            let typed = Passphrase::new(&text)?;
            passphrase = Some(text);
            Ok(typed)
        };
        let key = asking(name, ask, |ask| match form {
            Form::Pem(text) => PrivateKey::from_pem(text, ask),
            Form::Der(der) => PrivateKey::from_der(der, ask),
        })?;
        Ok(OpenKey { key, passphrase })
    }
}

/// How a private key that is written is kept.
#[derive(clap::Args)]
pub(crate) struct SealFlags {
    /// Do not encrypt the private key: whoever reads the file has it
    #[arg(long, conflicts_with = "new passphrase source")]
    plain: bool,
    #[command(flatten)]
    new: NewPassphraseFlags,
}

impl SealFlags {
    pub(crate) fn is_given(&self) -> bool {
        self.plain || self.new.flags().is_given()
    }

    /// What to seal it under: see [`passphrase`]. `None`: nothing.
    pub(crate) fn passphrase(
        &self,
        opened: Option<&SecretText>,
        given: &Given<'_>,
    ) -> Done<Option<SecretText>> {
        if self.plain {
            return Ok(None);
        }
        let text = passphrase(&self.new, opened, given);
        text.map(Some).map_err(|failure| failure.but("or keep the private key in plain with --plain"))
    }
}

/// What to seal something under: a new passphrase if one is named, else what opened the key that was read, else the one
/// of the flags or of the terminal.
pub(crate) fn passphrase(
    new: &NewPassphraseFlags,
    opened: Option<&SecretText>,
    given: &Given<'_>,
) -> Done<SecretText> {
    match (new.flags().choose()?, opened) {
        (Some(text), _) => Ok(text),
        (None, Some(text)) => Ok(text.clone()),
        (None, None) => given.choose(),
    }
}

/// A private key in PEM, sealed if there is a passphrase.
pub(crate) fn to_pem(key: &PrivateKey, passphrase: Option<&SecretText>) -> Done<Zeroizing<String>> {
    match passphrase {
        Some(text) => Ok(Zeroizing::new(key.to_pem(&Passphrase::new(text)?)?)),
        None => {
            ui::note("bulla: the private key is written in plain: whoever reads it has it");
            Ok(key.expose_pem()?)
        }
    }
}

/// What is in a PEM block.
pub(crate) fn to_der(pem: &str) -> Done<Zeroizing<Vec<u8>>> {
    let wrong = |error| Failure::new(Code::Input, "PEM", error, "give another file");
    let (_, der) = pem_rfc7468::decode_vec(pem.as_bytes()).map_err(wrong)?;
    Ok(Zeroizing::new(der))
}
