//! `bulla users`: the table of users that a server lets in by their passwords.
use std::path::{Path, PathBuf};

use bulla::adapters::sqlite::SqliteUsers;
use bulla::tls::Users;
use bulla::{Error, ErrorKind, Passphrase};
use clap::Subcommand;
use serde_json::json;

use crate::failure::{Done, Failure, one_line};
use crate::passphrase::{Given, PassphraseFlags};
use crate::ui;

#[derive(Subcommand)]
pub(crate) enum UsersCommand {
    /// Add a user, or give one another password
    #[command(after_help = "\
The password is asked for twice, unless a flag says where it is. It is not in the table, nor can it be read from it; but whoever
has the table can try passwords at home.

Examples:
  bulla users add --db users.sqlite alice
  bulla users add --db users.sqlite --passphrase-file new.txt --replace alice")]
    Add(Add),
    /// Remove a user
    Remove(Named),
    /// Print the names of all users, one a line
    List(List),
    /// Say whether a password is that of a user
    #[command(after_help = "\
Examples:
  bulla users check --db users.sqlite alice
  bulla users check --db users.sqlite --passphrase-fd 3 alice 3< password.txt")]
    Check(Check),
}

#[derive(clap::Args)]
struct Table {
    /// The table, a file of SQLite's
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Add {
    #[command(flatten)]
    table: Table,
    /// Give a user who is there another password
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// The user's name
    #[arg(value_name = "NAME")]
    user: String,
}

#[derive(clap::Args)]
pub(crate) struct Named {
    #[command(flatten)]
    table: Table,
    /// The user's name
    #[arg(value_name = "NAME")]
    user: String,
}

#[derive(clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    table: Table,
    /// The same, in JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    passphrase: PassphraseFlags,
}

impl UsersCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            UsersCommand::Add(add) => add.run(),
            UsersCommand::Remove(named) => named.of(|users| users.remove(&named.user)),
            UsersCommand::List(list) => list.run(),
            UsersCommand::Check(check) => check.run(),
        }
    }
}

impl Add {
    fn run(&self) -> Done<()> {
        let password = Passphrase::new(&Given::new(&self.passphrase).choose()?)?;
        let add = |users: Users| match self.replace {
            true => users.reset(&self.user, &password),
            false => users.add(&self.user, &password),
        };
        let users = if self.replace { there(&self.table.db)? } else { open(&self.table.db)? };
        add(users).map_err(|error| match error.kind() {
            ErrorKind::Exists => Failure::from(error).but("--replace gives them another password"),
            _ => Failure::of(self.table.db.display(), error),
        })
    }
}

impl Named {
    fn of<T>(&self, work: impl FnOnce(&Users) -> bulla::Result<T>) -> Done<T> {
        work(&there(&self.table.db)?).map_err(|error| Failure::of(self.table.db.display(), error))
    }
}

impl List {
    fn run(&self) -> Done<()> {
        let names = there(&self.table.db)?.list().map_err(|error| self.failed(error))?;
        if self.json {
            return ui::print_json(&json!({ "users": names }));
        }
        ui::print(names.iter().map(|name| one_line(name) + "\n").collect::<String>())
    }

    fn failed(&self, error: Error) -> Failure {
        Failure::of(self.table.db.display(), error)
    }
}

impl Check {
    fn run(&self) -> Done<()> {
        let password = Given::new(&self.passphrase).for_user(&self.named.user)?;
        self.named.of(|users| users.check(&self.named.user, &password).map(drop))?;
        ui::note("it is the password");
        Ok(())
    }
}

/// A table that may be made.
fn open(path: &Path) -> Done<Users> {
    SqliteUsers::open(path).and_then(Users::new).map_err(|error| Failure::of(path.display(), error))
}

/// A table that is there.
pub(crate) fn there(path: &Path) -> Done<Users> {
    match std::fs::metadata(path) {
        Ok(_) => open(path),
        Err(error) => Err(Failure::io(path.display(), &error)),
    }
}
