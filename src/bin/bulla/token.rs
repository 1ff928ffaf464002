//! `bulla token`: what a token says, and whether a keyring signed it.
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use bulla::Time;
use bulla::cookie::{Inspection, Scope};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::{Done, Failure, one_line};
use crate::flow::{Input, stdin};
use crate::keys::read_token_ring;
use crate::passphrase::{Given, PassphraseFlags};
use crate::ui;

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Say what a token is; with its keyring, purpose and name also whether it is genuine
    #[command(after_help = "\
The token is in a file or comes on standard input, and never stands in the command line: whoever has it is let in.

Examples:
  bulla token inspect cookie.txt
  bulla token inspect --keyring ring --purpose login --name __Host-session cookie.txt")]
    Inspect(Inspect),
}

#[derive(clap::Args)]
pub(crate) struct Inspect {
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// The keyring that it should be signed by
    #[arg(long, value_name = "FILE", requires_all = ["purpose", "name"])]
    keyring: Option<PathBuf>,
    /// The purpose of its type of claims
    #[arg(long, value_name = "TEXT", requires = "keyring")]
    purpose: Option<String>,
    /// The name that it goes by, of its cookie or parameter
    #[arg(long, value_name = "NAME", requires = "keyring")]
    name: Option<String>,
    /// For whom it is
    #[arg(long, value_name = "TEXT", requires = "keyring", default_value = "")]
    audience: String,
    /// For which customer it is
    #[arg(long, value_name = "TEXT", requires = "keyring", default_value = "")]
    tenant: String,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    /// A raw key in a file that the keyring is sealed under, instead of a passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase source", requires = "keyring")]
    seal_key: Option<PathBuf>,
    /// Judge at this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// The token; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    token: Option<PathBuf>,
}

/// More than a cookie can have.
const MOST: u64 = 8 << 10;

impl TokenCommand {
    pub(crate) fn run(&self) -> Done<()> {
        let TokenCommand::Inspect(inspect) = self;
        inspect.run()
    }
}

impl Inspect {
    fn run(&self) -> Done<()> {
        let input = Input::of(self.token.as_deref());
        let name = input.name();
        input.check_file("name a file with a token")?;
        let from: Box<dyn Read> = match &input {
            Input::Stdin => Box::new(stdin()),
            Input::Path(path) => Box::new(File::open(path).map_err(|error| Failure::io(&name, &error))?),
        };
        let mut text = String::new();
        from.take(MOST).read_to_string(&mut text).map_err(|error| Failure::io(&name, &error))?;
        let token = Inspection::of(text.trim_ascii()).map_err(|error| Failure::of(&name, error))?;
        let (Some(keyring), Some(purpose), Some(of)) = (&self.keyring, &self.purpose, &self.name) else {
            return self.report(&token, token.untrusted_claims(), None);
        };
        let ring = read_token_ring(keyring, self.seal_key.as_deref(), &Given::new(&self.passphrase))?;
        let scope = Scope::new(of)?.audience(self.audience.as_str()).tenant(self.tenant.as_str());
        let genuine = token.verify(&ring, &scope, purpose).map_err(|error| Failure::of(&name, error))?;
        let claims = genuine.claims(&ring, &scope, purpose);
        let by = genuine.by();
        self.report(genuine.get(), claims, Some(format!("{} ({})", by.key, by.state)))
    }

    fn report(&self, token: &Inspection, claims: Option<Value>, by: Option<String>) -> Done<()> {
        let stamp = token.untrusted_stamp();
        let now = self.at.unwrap_or_else(Time::now);
        let mark: String = token.mark().iter().map(|byte| format!("{byte:02x}")).collect();
        let is_over = now >= stamp.until().min(stamp.idle_until());
        if self.json {
            return ui::print_json(&json!({
                "genuine": by.is_some().then_some(true),
                "key": mark,
                "sealed": token.is_sealed(),
                "issued": stamp.issued().to_string(),
                "authenticated": stamp.authenticated().to_string(),
                "idle_until": stamp.idle_until().to_string(),
                "until": stamp.until().to_string(),
                "over": is_over,
                "generation": stamp.generation(),
                "claims": claims,
            }));
        }
        let trust = match &by {
            Some(by) => format!("genuine: signed by {by}"),
            None => "not verified: anybody could have written this".to_owned(),
        };
        let claims = match claims {
            Some(claims) => one_line(&claims.to_string()),
            None if token.is_sealed() => "sealed".to_owned(),
            None => "in a shape that is not shown".to_owned(),
        };
        let over = if is_over { " (over)" } else { "" };
        ui::print(format!(
            "{trust}\nkey: {mark}\nissued: {}\nauthenticated: {}\nidle until: {}\nuntil: {}{over}\ngeneration: {}\nclaims: {claims}\n",
            stamp.issued(),
            stamp.authenticated(),
            stamp.idle_until(),
            stamp.until(),
            stamp.generation(),
        ))
    }
}
