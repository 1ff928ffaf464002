//! `bulla smime decrypt`: what was encrypted, unchanged, as the mail that it was.
use std::io::{self, Write};
use std::path::PathBuf;

use bulla::smime::{Opening, Protection, SharedKey};
use bulla::x509::Credential;
use bulla::{Key, Passphrase};
use serde_json::json;

use crate::credential::CredentialsFlags;
use crate::failure::{Done, Failure, one_line};
use crate::flow::{Input, Out};
use crate::passphrase::{Given, PassphraseFlags};
use crate::smime_mail::{Mail, Refielded};
use crate::smime_verify::not_genuine;
use crate::ui;
use crate::who::check_stdin;

#[derive(clap::Args)]
pub(crate) struct Decrypt {
    #[command(flatten)]
    out: Out,
    /// Report in JSON on standard output; what was encrypted then goes to -o alone
    #[arg(long)]
    json: bool,
    /// Also what may have been changed on the way: never show it with anything that loads what it names
    #[arg(long)]
    accept_unauthenticated: bool,
    /// Also what is encrypted with triple DES or RC2: mail, and .p12 files
    #[arg(long)]
    legacy: bool,
    /// Write what was encrypted as it is, without the fields that stood outside of it: From, Subject, …
    #[arg(long)]
    content_only: bool,
    #[command(flatten)]
    keys: OpenFlags,
    /// The mail, or a CMS object in DER, BER, PEM or base64; `-` or nothing is standard input
    #[arg(value_name = "MAIL")]
    mail: Option<PathBuf>,
}

/// What mail is opened with.
#[derive(clap::Args)]
pub(crate) struct OpenFlags {
    #[command(flatten)]
    with: CredentialsFlags,
    /// A raw key that both sides have; may be given several times
    #[arg(long, value_name = "FILE")]
    shared_key: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFlags,
}

/// All that was read and asked for.
pub(crate) struct Keys {
    credentials: Vec<Credential>,
    keys: Vec<SharedKey>,
    passphrase: Option<Passphrase>,
}

impl OpenFlags {
    pub(crate) fn takes_stdin(&self) -> bool {
        self.passphrase.takes_stdin()
    }

    /// Reads and asks for everything. A passphrase is that of the credential; without one, that of the mail. `legacy`: old mail
    /// comes with old PKCS #12 files.
    pub(crate) fn load(&self, legacy: bool) -> Done<Keys> {
        let given = Given::new(&self.passphrase);
        let credentials = self.with.load(&given, legacy)?;
        let keys = shared_keys(&self.shared_key)?;
        let passphrase = if self.with.is_given() { None } else { given.for_content()? };
        Ok(Keys { credentials, keys, passphrase })
    }
}

/// Reads keys that both sides have.
pub(crate) fn shared_keys(paths: &[PathBuf]) -> Done<Vec<SharedKey>> {
    paths.iter().map(|path| Ok(SharedKey::of(&Key::read_file(path)?))).collect()
}

impl Keys {
    /// `None`: there is nothing to open with.
    pub(crate) fn opening(&self, legacy: bool) -> Option<Opening<'_>> {
        let all = (self.credentials.iter().map(Opening::with))
            .chain(self.keys.iter().map(Opening::with_key))
            .chain(self.passphrase.iter().map(Opening::with_passphrase));
        let opening = all.reduce(Opening::or)?;
        Some(if legacy { opening.legacy() } else { opening })
    }
}

/// What came out.
struct Found {
    length: u64,
    protection: Protection,
    content_type: Option<String>,
}

impl Decrypt {
    pub(crate) fn run(&self) -> Done<()> {
        let input = Input::of(self.mail.as_deref());
        self.out.check_free()?;
        self.out.check_other(&input)?;
        check_stdin(input.is_stdin(), self.keys.takes_stdin())?;
        let keys = self.keys.load(self.legacy)?;
        let Some(opening) = keys.opening(self.legacy) else {
            let hint = "give --with alice.p12, --shared-key FILE or -p";
            return Err(Failure::usage("--with", "it is not said what it opens with", hint));
        };
        let mut mail = Mail::open(&input)?;
        match self.decrypt(&mut mail, &opening) {
            Ok(found) if self.json => ui::print_json(&json!({
                "decrypted": true,
                "authenticated": found.protection != Protection::None,
                "protection": match found.protection {
                    Protection::Tag => Some("tag"),
                    Protection::Signature => Some("signature"),
                    _ => None,
                },
                "length": found.length,
                "content_type": found.content_type,
            })),
            Ok(found) => {
                if found.protection == Protection::None {
                    let text = "nothing shows whether it was changed on the way: do not show it as HTML";
                    ui::note(one_line(&format!("bulla: {}: {text}", mail.name)));
                }
                Ok(())
            }
            Err(failure) if self.json => not_genuine("decrypted", failure),
            Err(failure) => Err(failure),
        }
    }

    fn decrypt(&self, mail: &mut Mail, opening: &Opening<'_>) -> Done<Found> {
        if self.json && self.out.path().is_none() {
            return self.write(mail, opening, &mut io::sink());
        }
        self.out.stream(true, |into| self.write(mail, opening, into))
    }

    fn write(&self, mail: &mut Mail, opening: &Opening<'_>, into: &mut dyn Write) -> Done<Found> {
        let fields = if self.content_only { Vec::new() } else { mail.fields() };
        let mut into = Refielded::new(into, fields);
        let opened = if self.accept_unauthenticated {
            opening.dangerous_malleable_stream(mail.reader(), &mut into)
        } else {
            opening.stream(mail.reader(), &mut into)
        };
        let unsealed = opened.map_err(|error| mail.failure(error))?;
        into.finish().map_err(|error| Failure::from(bulla::Error::from(error)))?;
        let (length, protection) = (unsealed.length(), unsealed.protection());
        Ok(Found { length, protection, content_type: into.content_type })
    }
}
