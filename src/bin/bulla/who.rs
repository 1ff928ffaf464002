//! Who may open what is encrypted, by the flags of `encrypt` and `rewrap`.
use std::path::{Path, PathBuf};

use bulla::{Key, Keyring, Lock, Passphrase, Recipient, Recipients};

use crate::failure::{Done, Failure};
use crate::keys::{SymmetricFlags, read_identities};
use crate::passphrase::{Cost, Given, PassphraseFlags, ask};

#[derive(clap::Args)]
#[command(next_help_heading = "Who may open it")]
pub(crate) struct WhoFlags {
    /// A recipient: age1pq1…, age1…, ssh-ed25519 … or ssh-rsa …
    #[arg(short = 'r', long = "recipient", value_name = "RECIPIENT")]
    recipients: Vec<String>,
    /// A file of recipients, one a line
    #[arg(short = 'R', long = "recipients-file", value_name = "FILE")]
    recipients_files: Vec<PathBuf>,
    /// An identity file, of your own: encrypts to its recipients
    #[arg(short = 'i', long = "identity", value_name = "IDENTITY_FILE")]
    identities: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// Make a passphrase, and show it once
    #[arg(long, conflicts_with = "passphrase source")]
    generate_passphrase: bool,
    #[command(flatten)]
    symmetric: SymmetricFlags,
    /// How much work each guess at the passphrase costs
    #[arg(long, value_enum, value_name = "COST", default_value = "standard")]
    kdf_cost: Cost,
    /// Let a passphrase or key stand beside others
    #[arg(long)]
    allow_shared: bool,
    /// Let post-quantum recipients stand beside others
    #[arg(long)]
    allow_downgrade_mix: bool,
}

/// Those who may open it, with all that had to be read and asked for.
#[derive(Default)]
pub(crate) struct Who {
    recipients: Vec<Recipient>,
    passphrase: Option<Passphrase>,
    keys: Vec<Key>,
    rings: Vec<Keyring>,
    is_generated: bool,
    shared: bool,
    downgrade_mix: bool,
}

impl WhoFlags {
    /// Whether a passphrase is read from standard input.
    pub(crate) fn takes_stdin(&self) -> bool {
        self.passphrase.takes_stdin()
    }

    pub(crate) fn is_given(&self) -> bool {
        let files = !self.recipients_files.is_empty() || !self.identities.is_empty();
        let any = files || !self.recipients.is_empty() || self.symmetric.is_given();
        any || self.passphrase.is_given() || self.generate_passphrase
    }

    /// Reads and asks for everything. `generate`: makes a passphrase if the flags name nobody.
    pub(crate) fn load(&self, generate: bool) -> Done<Who> {
        let mut who = Who {
            shared: self.allow_shared,
            downgrade_mix: self.allow_downgrade_mix,
            is_generated: self.generate_passphrase || generate && !self.is_given(),
            ..Who::default()
        };
        for text in &self.recipients {
            // The text is not repeated: it may be a secret key, by a slip.
            who.recipients.push(text.parse().map_err(|error| Failure::from(error).into_usage())?);
        }
        for path in &self.recipients_files {
            who.recipients.extend(Recipient::read_file(path)?);
        }
        for path in &self.identities {
            let prompt = format!("Passphrase for {}: ", path.display());
            let identities = read_identities(path, || Ok(Passphrase::new(&ask(&prompt)?)?))?;
            who.recipients.extend(identities.iter().map(bulla::Identity::recipient));
        }
        (who.keys, who.rings) = self.symmetric.load(&Given::new(&self.passphrase))?;
        if who.is_generated {
            who.passphrase = Some(Passphrase::generate().cost(self.kdf_cost.into()));
        } else if let Some(text) = self.own_passphrase()? {
            who.passphrase = Some(Passphrase::new(&text)?.cost(self.kdf_cost.into()));
        }
        Ok(who)
    }

    /// The passphrase of the flags, unless it is a keyring's.
    fn own_passphrase(&self) -> Done<Option<crate::passphrase::SecretText>> {
        if self.symmetric.names_ring() { Ok(None) } else { self.passphrase.choose() }
    }
}

impl Who {
    /// All of them; `None` if that is nobody.
    pub(crate) fn lock(&self) -> Option<Recipients<'_>> {
        let mut all: Vec<&dyn Lock> = Vec::new();
        all.extend(self.recipients.iter().map(|recipient| -> &dyn Lock { recipient }));
        all.extend(self.keys.iter().map(|key| -> &dyn Lock { key }));
        all.extend(self.rings.iter().map(|ring| -> &dyn Lock { ring }));
        all.extend(self.passphrase.iter().map(|passphrase| -> &dyn Lock { passphrase }));
        let (first, rest) = all.split_first()?;
        let mut lock = rest.iter().fold(Recipients::one(*first), |lock, next| lock.and(*next));
        if self.shared {
            lock = lock.allow_shared();
        }
        if self.downgrade_mix {
            lock = lock.allow_downgrade_mix();
        }
        Some(lock)
    }

    /// The passphrase that was made up, to be shown.
    pub(crate) fn generated(&self) -> Option<&Passphrase> {
        self.passphrase.as_ref().filter(|_| self.is_generated)
    }
}

/// Refuses two readers of standard input.
pub(crate) fn check_stdin(content_is_stdin: bool, passphrase_is_stdin: bool) -> Done<()> {
    if content_is_stdin && passphrase_is_stdin {
        return Err(Failure::usage(
            "--passphrase-fd 0",
            "standard input is the content already",
            "name a FILE",
        ));
    }
    Ok(())
}

/// A path as one would type it into a shell.
pub(crate) fn quoted(path: &Path) -> String {
    quoted_text(&path.display().to_string())
}

pub(crate) fn quoted_text(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./,:+@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
