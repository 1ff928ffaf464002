//! The command `bulla`: the library's files and keys, for shells. docs/command.md is its manual.
mod cert;
mod cert_issue;
mod cert_report;
mod cert_verify;
mod credential;
mod crl;
mod decrypt;
mod encrypt;
mod failure;
mod flow;
mod guard;
mod inspect;
mod judging;
mod key;
mod keygen;
mod keyring;
mod keys;
mod lists;
mod manual;
mod objects;
mod p12;
mod passphrase;
mod private_key;
#[cfg(feature = "tls")]
mod psk;
mod rewrap;
mod smime;
mod smime_decrypt;
mod smime_encrypt;
mod smime_mail;
mod smime_show;
mod smime_sign;
mod smime_trust;
mod smime_verify;
mod test_ca;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_connect;
#[cfg(feature = "tls")]
mod tls_files;
#[cfg(feature = "tls")]
mod tls_probe;
#[cfg(feature = "tls")]
mod tls_probe_chain;
#[cfg(feature = "tls")]
mod tls_probe_hello;
#[cfg(feature = "tls")]
mod tls_probe_names;
#[cfg(feature = "tls")]
mod tls_probe_report;
#[cfg(feature = "tls")]
mod tls_psk;
#[cfg(feature = "tls")]
mod tls_selftest;
#[cfg(feature = "tls")]
mod tls_selftest_lab;
#[cfg(feature = "tls")]
mod tls_selftest_refused;
#[cfg(feature = "tls")]
mod tls_selftest_who;
#[cfg(feature = "tls")]
mod tls_selftest_wire;
#[cfg(feature = "tls")]
mod tls_serve;
mod token;
mod ui;
#[cfg(feature = "sqlite")]
mod users;
mod who;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use failure::{Done, Failure};

/// Encrypts files and mail so that whoever opens them gets the whole truth or nothing; makes and judges keys and certificates
#[derive(Parser)]
#[command(name = "bulla", version, after_help = AFTER, max_term_width = 100)]
struct Arguments {
    /// Say nothing but errors and what was asked for
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Examples:
  bulla encrypt -o letter.bulla letter.txt      makes a passphrase, and shows it once
  bulla decrypt -o letter.txt letter.bulla      asks for it

  bulla keygen -o me.key                        makes an identity, and shows its recipient
  bulla keygen -y me.key > me.pub               prints the recipient, for those who write to you
  bulla encrypt -R me.pub -o photos.bulla photos/
  bulla decrypt -i me.key -o photos photos.bulla

  bulla key generate --kind p256 -o bob.key     makes a key pair, sealed under a passphrase
  bulla cert test-ca test-ca                    makes an authority for tests
  bulla cert verify --trust root.pem --purpose email --name bob@example.org bob.pem

  bulla smime sign --with bob.p12 letter.eml | bulla smime encrypt --to alice.pem --trust root.pem -o sealed.eml
  bulla smime decrypt --with alice.p12 sealed.eml | bulla smime verify --trust root.pem --from-header

Exit codes:
  0  done, or genuine
  1  not authentic, not trusted, expired, revoked, or no key fits
  2  the command line is wrong
  3  the input is malformed, over a bound or unsupported
  4  input or output failed, the target exists, or the source changed
  5  could not tell: what would decide it is missing
  128 + n  ended by signal n

An error is one line on standard error, `bulla: WHAT: WHY; WHAT TO DO`. A file appears whole or not at all.";

#[derive(Subcommand)]
enum Command {
    /// Encrypt a file, a directory or standard input
    #[command(after_help = "\
Nobody named: a passphrase is made, and shown once.

Examples:
  bulla encrypt -o letter.bulla letter.txt
  bulla encrypt -r age1pq1… -r age1pq1… -o letter.bulla letter.txt
  bulla encrypt -p --armor letter.txt
  tar c photos | bulla encrypt -R team.txt --padding padme > photos.bulla
  bulla encrypt --format age -r age1… -o letter.age letter.txt")]
    Encrypt(Box<encrypt::Encrypt>),
    /// Decrypt: all of a file or nothing with -o, authentic bytes only on standard output
    #[command(after_help = "\
What comes out of standard output is authentic, but whole only if the exit code is 0.
A directory comes out of it as a tar stream.
Nothing named to open it with: if the file wants a passphrase, it is asked for.

Examples:
  bulla decrypt -o letter.txt letter.bulla
  bulla decrypt -i me.key -o photos photos.bulla
  bulla decrypt -i ~/.ssh/id_ed25519 letter.age | less
  bulla decrypt -i me.key --restore-name -o ~/inbox letter.bulla")]
    Decrypt(Box<decrypt::Decrypt>),
    /// Check all of a file as decrypt does, and write nothing
    #[command(after_help = "\
Examples:
  bulla verify -i me.key backup.bulla && echo sound
  bulla verify --json --passphrase-file pass.txt backup.bulla")]
    Verify(Box<decrypt::Verify>),
    /// Change who may open a file, in its place; the content is not touched
    #[command(after_help = "\
Before `with`: who may open the file from now on, instead of those before (or besides, with --add).
After it: what you open it with now. Who kept a copy of the old file can still open that.

Examples:
  bulla rewrap -p with -p letter.bulla                    another passphrase
  bulla rewrap --add -r age1pq1… with -i me.key letter.bulla
  bulla rewrap --remove 2 with -i me.key letter.bulla     see bulla inspect for the numbers

Recipients look alike to inspect. To be sure who stays, name all of them: bulla rewrap -R team.txt with …")]
    Rewrap(Box<rewrap::Rewrap>),
    /// Say what a file is, without a key; nothing of that is authenticated
    Inspect(inspect::Inspect),
    /// Make an identity or a raw key
    #[command(after_help = "\
Examples:
  bulla keygen -o me.key               an identity, post-quantum
  bulla keygen -p -o me.key            … sealed under a passphrase
  bulla keygen --x25519 -o old.key     … for an age that knows only X25519
  bulla keygen -y me.key               prints its recipient
  bulla keygen --key -o backup.key     a raw key, for --key")]
    Keygen(Box<keygen::Keygen>),
    /// Make a passphrase
    Passphrase,
    /// Make and change keyrings, for files (a primary key, and retired ones that still open) and for tokens
    #[command(subcommand)]
    Keyring(keyring::Ring),
    /// Make, show, convert and check key pairs, for certificates, mail and connections
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Show, judge, make and put together certificates
    #[command(subcommand)]
    Cert(cert::CertCommand),
    /// Make, show and check lists of revoked certificates
    #[command(subcommand)]
    Crl(crl::CrlCommand),
    /// Put keys and certificates into PKCS #12 files, and take them out
    #[command(subcommand)]
    P12(p12::P12Command),
    /// Sign, verify, encrypt, decrypt and show mail
    #[command(subcommand)]
    Smime(smime::SmimeCommand),
    /// Say what a token of a web session is
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Connect to servers of TLS, and serve
    #[cfg(feature = "tls")]
    #[command(subcommand)]
    Tls(tls::TlsCommand),
    /// Add, remove and list the shared keys of a server's clients, in a file that is always sealed
    #[cfg(feature = "tls")]
    #[command(subcommand)]
    Psk(psk::PskCommand),
    /// Add, remove, list and check users, who come in over TLS by their passwords
    #[cfg(feature = "sqlite")]
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Print a script that completes command lines in a shell
    Completions { shell: Shell },
    /// Print the man page, of the whole or of one command: man cert verify
    Man { command: Vec<String> },
}

fn main() -> ExitCode {
    guard::harden();
    let done = guard::watch_signals().and_then(|()| run(&std::env::args_os().collect::<Vec<_>>()));
    let Err(failure) = done else { return ExitCode::SUCCESS };
    guard::wait_if_ending();
    ui::complain(&failure);
    ExitCode::from(failure.code())
}

fn run(words: &[OsString]) -> Done<()> {
    refuse_secrets(words)?;
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return error.print().map_err(|error| Failure::io("standard output", &error));
        }
        Err(error) => return Err(usage(&error)),
    };
    if arguments.quiet {
        ui::be_quiet();
    }
    match arguments.command {
        Command::Encrypt(encrypt) => encrypt.run(),
        Command::Decrypt(decrypt) => decrypt.run(),
        Command::Verify(verify) => verify.run(),
        Command::Rewrap(rewrap) => rewrap.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Keygen(keygen) => keygen.run(),
        Command::Passphrase => keygen::print_passphrase(),
        Command::Keyring(ring) => ring.run(),
        Command::Key(key) => key.run(),
        Command::Cert(cert) => cert.run(),
        Command::Crl(crl) => crl.run(),
        Command::P12(p12) => p12.run(),
        Command::Smime(smime) => smime.run(),
        Command::Token(token) => token.run(),
        #[cfg(feature = "tls")]
        Command::Tls(tls) => tls.run(),
        #[cfg(feature = "tls")]
        Command::Psk(psk) => psk.run(),
        #[cfg(feature = "sqlite")]
        Command::Users(users) => users.run(),
        Command::Completions { shell } => manual::completions(shell, Arguments::command()),
        Command::Man { command } => manual::page(&command, Arguments::command()),
    }
}

/// A secret among the arguments is in the shell's history and in every list of processes. It is refused, unrepeated.
fn refuse_secrets(words: &[OsString]) -> Done<()> {
    let is_secret = |word: &OsString| {
        let word = word.to_string_lossy().to_ascii_uppercase();
        ["AGE-SECRET-KEY-", "BULLA-SECRET-KEY-", "BULLA-SHARED-KEY-", "PRIVATE KEY-----", "-PASSPHRASE="]
            .iter()
            .any(|secret| word.contains(secret))
    };
    if words.iter().any(is_secret) {
        return Err(Failure::usage(
            "arguments",
            "there is a secret among them, for other processes and the shell's history to see",
            "put it into a file, and give that: -i FILE, --key FILE or --passphrase-file FILE",
        ));
    }
    // What follows is a file, or else most likely the passphrase.
    let asks = |word: &OsString| ["-p", "--passphrase", "--new-passphrase"].iter().any(|flag| word == flag);
    let is_none = |word: &OsString| !word.to_string_lossy().starts_with('-') && !Path::new(word).exists();
    if words.windows(2).any(|pair| matches!(pair, [flag, word] if asks(flag) && is_none(word))) {
        return Err(Failure::usage(
            "-p, --passphrase",
            "what follows it is no file, and it takes no value: it asks for the passphrase on the terminal",
            "leave the passphrase out, and change it if it was one; or give a file: --passphrase-file FILE",
        ));
    }
    Ok(())
}

/// What is wrong with a command line, in one line.
fn usage(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("arguments", "there is no command among them", "see bulla --help");
    }
    let text = error.render().to_string();
    let mut paragraphs =
        text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let why = paragraphs.next().unwrap_or_default();
    let why = why.strip_prefix("error: ").unwrap_or(&why);
    let paragraphs: Vec<String> = paragraphs.collect();
    let after = |start: &str| paragraphs.iter().find_map(|paragraph| paragraph.strip_prefix(start));
    let command = after("Usage: ").unwrap_or("bulla");
    let is_name = |word: &&str| word.starts_with(|first: char| first.is_ascii_lowercase());
    let command: Vec<&str> = command.split(' ').take_while(is_name).collect();
    let hint = after("tip: ").map_or_else(|| format!("see {} --help", command.join(" ")), str::to_owned);
    Failure::usage("arguments", why, hint)
}
