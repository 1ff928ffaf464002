//! `bulla psk`: the keys that a server shares with its clients, each under a name, in a file that is always sealed.
use std::path::PathBuf;

use bulla::adapters::shared_key_file::SharedKeyFile;
use bulla::tls::{SharedKey, SharedKeyStore, SharedKeys};
use bulla::{ErrorKind, Lock, Unlock, file, one_line};
use clap::Subcommand;
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure::{Code, Done, Failure};
use crate::passphrase::{Given, PassphraseFlags};
use crate::tls_psk::{Under, read_key};
use crate::ui;

#[derive(Subcommand)]
pub(crate) enum PskCommand {
    /// Make a key for a client and show it, or take one that there is; the file is made if there is none
    #[command(after_help = "\
Examples:
  bulla psk add --db meters --seal-key db.key -o meter7.key 'meter 7'
  bulla tls serve --with www.pem --key www.key --echo --psk-db meters --psk-seal-key db.key
  bulla tls connect --psk-id 'meter 7' --psk-file meter7.key localhost:4433")]
    Add(Add),
    /// Remove a client's key: a server that runs lets the client in no more
    Remove(Remove),
    /// List the clients' names
    List(List),
}

/// The file of keys, and what it is sealed under.
#[derive(clap::Args)]
struct Database {
    /// The file of keys
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// It is sealed under a raw key in a file, instead of a passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase source")]
    seal_key: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Add {
    /// Take the key of this file instead of making one: a line BULLA-SHARED-KEY-1…
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    key_file: Option<PathBuf>,
    /// Write the new key to this file, which must not exist (mode 0600), instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put it in the place of the key that the name has
    #[arg(long)]
    force: bool,
    /// Who has the key: 1 to 255 bytes
    name: String,
    #[command(flatten)]
    database: Database,
}

#[derive(clap::Args)]
pub(crate) struct Remove {
    /// Whose key it is
    name: String,
    #[command(flatten)]
    database: Database,
}

#[derive(clap::Args)]
pub(crate) struct List {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: Database,
}

impl PskCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            PskCommand::Add(add) => add.run(),
            PskCommand::Remove(remove) => {
                // Where there is no file, there is nothing to remove, and none is made.
                let db = &remove.database.db;
                std::fs::metadata(db).map_err(|error| Failure::io(db.display(), &error))?;
                let there = remove.database.change(|keys| Ok(keys.remove(&remove.name)))?;
                if there { Ok(()) } else { Err(unknown(&remove.name)) }
            }
            PskCommand::List(list) => list.run(),
        }
    }
}

impl Add {
    fn run(&self) -> Done<()> {
        let given = self.key_file.as_deref().map(read_key).transpose()?;
        let made = given.is_none();
        let key = given.unwrap_or_else(SharedKey::generate);
        let mut line = Zeroizing::new(String::with_capacity(128));
        line.push_str(&key.expose_text());
        line.push('\n');
        self.database.change(|keys| {
            if !self.force && keys.find(&self.name)?.is_some() {
                let why = "there is a key of that name";
                let hint = "remove it, or say that it may be replaced: --force";
                return Err(Failure::new(Code::InputOutput, one_line(&self.name), why, hint));
            }
            keys.add(&self.name, key)?;
            // Before the file is changed: a key that nobody got would be none.
            match &self.output {
                _ if !made => Ok(()),
                Some(path) => Ok(file::write_whole(line.as_bytes(), path, false)?),
                None => ui::print(line.as_str()),
            }
        })
    }
}

impl List {
    fn run(&self) -> Done<()> {
        let keys = self.database.read()?;
        if self.json {
            return ui::print_json(&json!({ "names": keys.names() }));
        }
        let lines: Vec<String> = keys.names().into_iter().map(|name| one_line(name) + "\n").collect();
        ui::print(lines.concat())
    }
}

impl Database {
    fn under(&self) -> Done<Under> {
        let given = Given::new(&self.passphrase);
        if self.db.exists() {
            return Under::given(&self.db, self.seal_key.as_deref(), &given);
        }
        Under::chosen(self.seal_key.as_deref(), &given)
    }

    fn read(&self) -> Done<SharedKeys> {
        let read = match Under::given(&self.db, self.seal_key.as_deref(), &Given::new(&self.passphrase))? {
            Under::Key(key) => SharedKeyFile::new(&self.db, key).read(),
            Under::Passphrase(passphrase) => SharedKeyFile::new(&self.db, passphrase).read(),
        };
        read.map_err(|error| self.failure(error))
    }

    fn change<T>(&self, change: impl FnOnce(&mut SharedKeys) -> Done<T>) -> Done<T> {
        match self.under()? {
            Under::Key(key) => self.change_under(key, change),
            Under::Passphrase(passphrase) => self.change_under(passphrase, change),
        }
    }

    fn change_under<T>(
        &self,
        with: impl Lock + Unlock,
        change: impl FnOnce(&mut SharedKeys) -> Done<T>,
    ) -> Done<T> {
        let mut failed = None;
        let done = SharedKeyFile::new(&self.db, with).change(|keys| {
            change(keys).map_err(|failure| {
                failed = Some(failure);
                std::io::Error::other("not changed").into()
            })
        });
        done.map_err(|error| failed.unwrap_or_else(|| self.failure(error)))
    }

    fn failure(&self, error: bulla::Error) -> Failure {
        match error.kind() {
            ErrorKind::Io => error.into(),
            _ => Failure::from(error).about(self.db.display()),
        }
    }
}

fn unknown(name: &str) -> Failure {
    Failure::usage(one_line(name), "there is no key of that name", "see bulla psk list")
}
