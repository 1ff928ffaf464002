//! `bulla keyring`: keys over time, for files or for tokens, in a file that is always sealed.
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bulla::{ErrorKind, Key, KeyId, Keyring, Lock, Passphrase, Time, TokenKeyring, Unlock, file};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::{Code, Done, Failure};
use crate::passphrase::{Cost, Given, PassphraseFlags, ask_twice};
use crate::ui;

#[derive(Subcommand)]
pub(crate) enum Ring {
    /// Make a keyring with a new key, sealed under a passphrase or --seal-key
    New {
        /// For tokens that last so long at most, instead of for files: 12h, 30d
        #[arg(long, value_name = "LIFETIME")]
        tokens: Option<Period>,
        /// How long a changed keyring needs to reach every host [default: 5m]
        #[arg(long, value_name = "TIME", requires = "tokens")]
        spread: Option<Period>,
        #[command(flatten)]
        seal: Seal,
    },
    /// Make a new primary key; the one before it retires, and still opens
    Rotate(Seal),
    /// Make the key that tokens are to be made with next; all hosts accept it from when they have the keyring
    Stage(Change),
    /// Begin to make tokens with the staged key; the one before it retires, and its tokens are accepted until they end
    Activate(Change),
    /// Add an old key that from now on opens only; or drop a key of tokens before its time
    Retire {
        /// The old key
        #[arg(long = "key", value_name = "FILE", required_unless_present = "id")]
        key: Option<PathBuf>,
        /// The id of a key of tokens, staged or retired: what it signed is refused from now on
        #[arg(long, value_name = "ID", conflicts_with = "key")]
        id: Option<KeyId>,
        #[command(flatten)]
        seal: Seal,
    },
    /// Print the ids of the keys
    Show {
        /// Report in JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        seal: Seal,
    },
}

/// A change of a token keyring, which goes by the time.
#[derive(clap::Args)]
pub(crate) struct Change {
    /// Go by this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    #[command(flatten)]
    seal: Seal,
}

#[derive(clap::Args)]
pub(crate) struct Seal {
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// A raw key in a file, instead of a passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase source")]
    seal_key: Option<PathBuf>,
    /// How much work each guess at the passphrase costs
    #[arg(long, value_enum, value_name = "COST", default_value = "standard")]
    kdf_cost: Cost,
    /// The keyring
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A time that passes: a number, and `s`, `m`, `h` or `d`.
#[derive(Clone, Copy)]
pub(crate) struct Period(Duration);

impl FromStr for Period {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write a number and s, m, h or d: 90s, 5m, 12h, 30d";
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(wrong)?;
        let seconds: u64 = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(wrong),
        };
        let number: u64 = number.parse().map_err(|_| wrong)?;
        number.checked_mul(seconds).map(|seconds| Period(Duration::from_secs(seconds))).ok_or(wrong)
    }
}

const SPREAD: Period = Period(Duration::from_secs(300));

/// What a keyring is sealed under.
enum Under {
    Key(Key),
    Passphrase(Passphrase),
}

impl Under {
    fn lock(&self) -> &dyn Lock {
        match self {
            Under::Key(key) => key,
            Under::Passphrase(passphrase) => passphrase,
        }
    }

    fn unlock(&self) -> &dyn Unlock {
        match self {
            Under::Key(key) => key,
            Under::Passphrase(passphrase) => passphrase,
        }
    }
}

impl Ring {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            Ring::New { tokens: None, seal, .. } => {
                let ring = Keyring::generate();
                file::write_keyring(&ring, seal.chosen()?.lock(), &seal.file, false)?;
                ui::note(format_args!("Primary key: {}", ring.primary_id()));
            }
            Ring::New { tokens: Some(longest), spread, seal } => {
                let ring = TokenKeyring::generate(spread.unwrap_or(SPREAD).0, longest.0, Time::now())?;
                file::write_token_keyring(&ring, seal.chosen()?.lock(), &seal.file, false)?;
                ring.keys().for_each(|(id, state, _)| ui::note(format_args!("Key: {id}, {state}")));
            }
            Ring::Rotate(seal) => seal.change(|ring| ("Primary", ring.rotate()))?,
            Ring::Stage(change) => change.make("Staged", TokenKeyring::stage)?,
            Ring::Activate(change) => change.make("Active", TokenKeyring::rotate)?,
            Ring::Retire { key: Some(key), seal, .. } => {
                let key = Key::read_file(key)?;
                seal.change(|ring| ("Retired", ring.retire(key)))?;
            }
            Ring::Retire { id, seal, .. } => {
                let dropped =
                    |ring: &mut TokenKeyring| id.map_or(Ok(None), |id| ring.drop_key(&id).map(|()| Some(id)));
                if let Some(id) = seal.change_tokens(dropped)? {
                    ui::note(format_args!("Dropped key: {id}"));
                }
            }
            Ring::Show { json, seal } => return seal.show(*json),
        }
        Ok(())
    }
}

impl Change {
    fn make(
        &self,
        what: &str,
        change: impl FnOnce(&mut TokenKeyring, Time) -> bulla::Result<KeyId>,
    ) -> Done<()> {
        let at = self.at.unwrap_or_else(Time::now);
        let id = self.seal.change_tokens(|ring| change(ring, at))?;
        ui::note(format_args!("{what} key: {id}"));
        Ok(())
    }
}

impl Seal {
    /// What a new keyring is to be sealed under.
    fn chosen(&self) -> Done<Under> {
        if let Some(key) = &self.seal_key {
            return Ok(Under::Key(Key::read_file(key)?));
        }
        let text = self.passphrase.choose()?.map_or_else(ask_twice, Ok)?;
        Ok(Under::Passphrase(Passphrase::new(&text)?.cost(self.kdf_cost.into())))
    }

    /// What the keyring in the file is sealed under.
    fn given(&self) -> Done<Under> {
        if let Some(key) = &self.seal_key {
            return Ok(Under::Key(Key::read_file(key)?));
        }
        let text = Given::new(&self.passphrase).text_for_key_file(&self.file)?;
        Ok(Under::Passphrase(Passphrase::new(&text)?.cost(self.kdf_cost.into())))
    }

    /// Opens the ring, changes it, and seals it under what it was sealed under.
    fn change(&self, change: impl FnOnce(&mut Keyring) -> (&'static str, KeyId)) -> Done<()> {
        let under = self.given()?;
        let mut ring = file::read_keyring(under.unlock(), &self.file).map_err(|error| {
            self.unfit(error, "stage` and `activate", || {
                file::read_token_keyring(under.unlock(), &self.file).is_ok()
            })
        })?;
        let (what, id) = change(&mut ring);
        file::write_keyring(&ring, under.lock(), &self.file, true)?;
        // One that is there as the primary already does not retire.
        let what = if id == ring.primary_id() { "Primary" } else { what };
        ui::note(format_args!("{what} key: {id}"));
        Ok(())
    }

    /// The same of a ring for tokens.
    fn change_tokens<T>(&self, change: impl FnOnce(&mut TokenKeyring) -> bulla::Result<T>) -> Done<T> {
        let under = self.given()?;
        let read = file::read_token_keyring(under.unlock(), &self.file);
        let mut ring = read.map_err(|error| {
            self.unfit(error, "rotate", || file::read_keyring(under.unlock(), &self.file).is_ok())
        })?;
        let done = change(&mut ring).map_err(|error| self.failure(error))?;
        file::write_token_keyring(&ring, under.lock(), &self.file, true)?;
        Ok(done)
    }

    fn failure(&self, error: bulla::Error) -> Failure {
        // An error of the system names the file itself.
        if error.kind() == ErrorKind::Io {
            return error.into();
        }
        Failure::from(error).about(self.file.display())
    }

    /// Why it is none of the kind that was wanted: it may be one of the other. Only what opened is read again: a passphrase's
    /// work is done once where it is wrong.
    fn unfit(&self, error: bulla::Error, commands: &str, is_other: impl FnOnce() -> bool) -> Failure {
        if error.kind() == ErrorKind::Malformed && is_other() {
            let hint = format!("take `bulla keyring {commands}`");
            return Failure::new(Code::Input, self.file.display(), "it is a keyring of the other kind", hint);
        }
        self.failure(error)
    }

    fn show(&self, json: bool) -> Done<()> {
        let under = self.given()?;
        let (text, report) = match file::read_keyring(under.unlock(), &self.file) {
            Ok(ring) => of_files(&ring),
            // It may be one for tokens.
            Err(error) if error.kind() == ErrorKind::Malformed => of_tokens(
                &file::read_token_keyring(under.unlock(), &self.file).map_err(|_| self.failure(error))?,
            ),
            Err(error) => return Err(self.failure(error)),
        };
        if json { ui::print_json(&report) } else { ui::print(text) }
    }
}

fn of_files(ring: &Keyring) -> (String, Value) {
    let (primary, retired) = (ring.primary_id(), ring.retired_ids());
    let retired: Vec<String> = retired.iter().map(ToString::to_string).collect();
    let mut text = format!("primary {primary}\n");
    retired.iter().for_each(|id| text.push_str(&format!("retired {id}\n")));
    (text, json!({"primary": primary.to_string(), "retired": retired}))
}

fn of_tokens(ring: &TokenKeyring) -> (String, Value) {
    let (spread, longest) = (ring.spread().as_secs(), ring.longest().as_secs());
    let mut text = format!("for tokens of at most {longest} s; reaches every host in {spread} s\n");
    for (id, state, since) in ring.keys() {
        text.push_str(&format!("{state} {id} since {since}\n"));
    }
    let keys = ring.keys().map(|(id, state, since)| {
        json!({"id": id.to_string(), "state": state.to_string(), "since": since.to_string()})
    });
    let keys: Vec<Value> = keys.collect();
    (text, json!({"spread": spread, "longest": longest, "keys": keys}))
}
