//! `bulla keygen` and `bulla passphrase`: new secrets, and the public half of one.
use std::path::{Path, PathBuf};

use bulla::file::{Encryption, write_identity, write_key};
use bulla::{Identity, Key, Passphrase};

use crate::failure::Done;
use crate::keys::read_identities;
use crate::passphrase::{Cost, Given, PassphraseFlags, SecretText};
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Keygen {
    /// Write to this file, which must not exist (mode 0600); `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// X25519 alone, for an age that has no post-quantum keys yet
    #[arg(long)]
    x25519: bool,
    /// A raw key instead of an identity
    #[arg(long, conflicts_with_all = ["x25519", "recipients_of", "passphrase source"])]
    key: bool,
    /// Print the recipients of an identity file instead
    #[arg(short = 'y', value_name = "IDENTITY_FILE", conflicts_with_all = ["output", "x25519", "kdf_cost"])]
    recipients_of: Option<PathBuf>,
    /// Seals the identity under a passphrase, or with -y opens it
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// How much work each guess at the passphrase costs
    #[arg(long, value_enum, value_name = "COST", requires = "passphrase source")]
    kdf_cost: Option<Cost>,
}

impl Keygen {
    pub(crate) fn run(&self) -> Done<()> {
        if let Some(path) = &self.recipients_of {
            return self.print_recipients(path);
        }
        if self.key {
            return self.make_key();
        }
        let identity = if self.x25519 { Identity::generate_x25519() } else { Identity::generate() };
        let text = self.passphrase.choose()?;
        let passphrase = text.map(|text| Passphrase::new(&text)).transpose()?;
        let passphrase = match (passphrase, self.kdf_cost) {
            (Some(passphrase), Some(cost)) => Some(passphrase.cost(cost.into())),
            (passphrase, _) => passphrase,
        };
        match self.path() {
            Some(path) => write_identity(&identity, path, passphrase.as_ref())?,
            None => print_identity(&identity, passphrase.as_ref())?,
        }
        ui::note(format_args!("Public key: {}", identity.recipient()));
        Ok(())
    }

    /// `None` is standard output.
    fn path(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    fn print_recipients(&self, path: &Path) -> Done<()> {
        let given = Given::new(&self.passphrase);
        let identities = read_identities(path, || given.for_key_file(path))?;
        let lines: Vec<String> =
            identities.iter().map(|identity| format!("{}\n", identity.recipient())).collect();
        ui::print(lines.concat())
    }

    fn make_key(&self) -> Done<()> {
        let key = Key::generate();
        match self.path() {
            Some(path) => write_key(&key, path)?,
            None => {
                let mut line = key.expose_text();
                line.push('\n');
                ui::print(line.as_str())?;
            }
        }
        ui::note(format_args!("Key id: {}", key.id()));
        Ok(())
    }
}

/// An identity file on standard output; sealed, it is in armor.
fn print_identity(identity: &Identity, passphrase: Option<&Passphrase>) -> Done<()> {
    let secret = identity.expose_text().unwrap_or_default();
    let mut text = SecretText::new(String::with_capacity(4096));
    text.push_str(&format!("# public key: {}\n", identity.recipient()));
    text.push_str(&secret);
    text.push('\n');
    let Some(passphrase) = passphrase else { return ui::print(text.as_str()) };
    let sealed = Encryption::to(passphrase).armor(true).bytes(text.as_bytes())?;
    ui::print(String::from_utf8_lossy(&sealed))
}

/// `bulla passphrase`
pub(crate) fn print_passphrase() -> Done<()> {
    let mut text = Passphrase::generate().expose_text();
    text.push('\n');
    ui::print(text.as_str())?;
    ui::note("Entropy: 110 bits (ten words, each one of 2048)");
    Ok(())
}
