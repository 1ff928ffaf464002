//! `bulla keyring`: keys over time, in a file that is always sealed.
use std::path::PathBuf;

use bulla::{Key, KeyId, Keyring, Lock, Passphrase, file};
use clap::Subcommand;
use serde_json::json;

use crate::failure::{Done, Failure};
use crate::keys::read_ring;
use crate::passphrase::{Cost, Given, PassphraseFlags, ask_twice};
use crate::ui;

#[derive(Subcommand)]
pub(crate) enum Ring {
    /// Make a keyring with a new key, sealed under a passphrase or --seal-key
    New(Seal),
    /// Make a new primary key; the one before it retires, and still opens
    Rotate(Seal),
    /// Add an old key that from now on opens only
    Retire {
        /// The old key
        #[arg(long = "key", value_name = "FILE")]
        key: PathBuf,
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

impl Ring {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            Ring::New(seal) => seal.make(),
            Ring::Rotate(seal) => seal.change(Keyring::rotate),
            Ring::Retire { key, seal } => {
                let key = Key::read_file(key)?;
                seal.change(|ring| ring.retire(key))
            }
            Ring::Show { json, seal } => {
                let ring = read_ring(&seal.file, seal.seal_key.as_deref(), &Given::new(&seal.passphrase))?;
                show(&ring, *json)
            }
        }
    }
}

impl Seal {
    fn make(&self) -> Done<()> {
        let ring = Keyring::generate();
        match &self.seal_key {
            Some(key) => file::write_keyring(&ring, &Key::read_file(key)?, &self.file, false)?,
            None => {
                let text = self.passphrase.choose()?.map_or_else(ask_twice, Ok)?;
                let passphrase = Passphrase::new(&text)?.cost(self.kdf_cost.into());
                file::write_keyring(&ring, &passphrase, &self.file, false)?;
            }
        }
        ui::note(format_args!("Primary key: {}", ring.primary_id()));
        Ok(())
    }

    /// Opens the ring, changes it, and seals it under what it was sealed under.
    fn change(&self, change: impl FnOnce(&mut Keyring) -> KeyId) -> Done<()> {
        match &self.seal_key {
            Some(path) => {
                let key = Key::read_file(path)?;
                let ring = file::read_keyring(&key, &self.file);
                self.write_changed(ring, &key, change)
            }
            None => {
                let text = Given::new(&self.passphrase).text_for_key_file(&self.file)?;
                let passphrase = Passphrase::new(&text)?.cost(self.kdf_cost.into());
                let ring = file::read_keyring(&passphrase, &self.file);
                self.write_changed(ring, &passphrase, change)
            }
        }
    }

    fn write_changed(
        &self,
        ring: bulla::Result<Keyring>,
        seal: &impl Lock,
        change: impl FnOnce(&mut Keyring) -> KeyId,
    ) -> Done<()> {
        let mut ring = ring.map_err(|error| Failure::from(error).about(self.file.display()))?;
        let id = change(&mut ring);
        file::write_keyring(&ring, seal, &self.file, true)?;
        let what = if id == ring.primary_id() { "Primary" } else { "Retired" };
        ui::note(format_args!("{what} key: {id}"));
        Ok(())
    }
}

fn show(ring: &Keyring, json: bool) -> Done<()> {
    let (primary, retired) = (ring.primary_id(), ring.retired_ids());
    let retired: Vec<String> = retired.iter().map(ToString::to_string).collect();
    if json {
        return ui::print_json(&json!({"primary": primary.to_string(), "retired": retired}));
    }
    let mut text = format!("primary {primary}\n");
    for id in retired {
        text.push_str(&format!("retired {id}\n"));
    }
    ui::print(text)
}
