//! Where passphrases come from: the terminal, a file, a descriptor or the environment, and never an argument.
use std::cell::OnceCell;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bulla::{KdfCost, Passphrase};
use zeroize::Zeroizing;

use crate::failure::{Done, Failure, one_line};
use crate::guard::TerminalGuard;

pub(crate) type SecretText = Zeroizing<String>;

#[derive(clap::Args)]
#[group(id = "passphrase source", multiple = false)]
pub(crate) struct PassphraseFlags {
    /// Ask for a passphrase on the terminal
    #[arg(short = 'p', long = "passphrase")]
    ask: bool,
    /// Read the passphrase from a file; a line ending at its end does not count
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from an open file descriptor
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// Read the passphrase from an environment variable, by its name
    #[arg(long, value_name = "NAME")]
    passphrase_env: Option<String>,
}

/// The same for a passphrase that seals what is written, beside one that opens what is read.
#[derive(clap::Args)]
#[group(id = "new passphrase source", multiple = false)]
pub(crate) struct NewPassphraseFlags {
    /// Ask for another passphrase to seal it under
    #[arg(long)]
    new_passphrase: bool,
    /// Read that passphrase from a file
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// Read that passphrase from an open file descriptor
    #[arg(long, value_name = "N")]
    new_passphrase_fd: Option<u32>,
    /// Read that passphrase from an environment variable, by its name
    #[arg(long, value_name = "NAME")]
    new_passphrase_env: Option<String>,
}

impl NewPassphraseFlags {
    pub(crate) fn flags(&self) -> PassphraseFlags {
        PassphraseFlags {
            ask: self.new_passphrase,
            passphrase_file: self.new_passphrase_file.clone(),
            passphrase_fd: self.new_passphrase_fd,
            passphrase_env: self.new_passphrase_env.clone(),
        }
    }
}

/// How much work each guess at a passphrase costs.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Cost {
    /// Argon2id with 64 MiB
    Low,
    /// Argon2id with 256 MiB
    Standard,
    /// Argon2id with 1 GiB
    High,
    /// PBKDF2-HMAC-SHA-512, where a rule asks for it
    Nist,
}

impl From<Cost> for KdfCost {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::Low => KdfCost::Low,
            Cost::Standard => KdfCost::Standard,
            Cost::High => KdfCost::High,
            Cost::Nist => KdfCost::Nist,
        }
    }
}

impl PassphraseFlags {
    pub(crate) fn is_given(&self) -> bool {
        self.ask
            || self.passphrase_file.is_some()
            || self.passphrase_fd.is_some()
            || self.passphrase_env.is_some()
    }

    /// Whether the passphrase is read from standard input.
    pub(crate) fn takes_stdin(&self) -> bool {
        self.passphrase_fd == Some(0)
    }

    /// A passphrase that somebody chooses now: asked for twice. `None` if no flag was given.
    pub(crate) fn choose(&self) -> Done<Option<SecretText>> {
        if self.ask { ask_twice().map(Some) } else { self.read() }
    }

    /// A passphrase from elsewhere than the terminal.
    fn read(&self) -> Done<Option<SecretText>> {
        if let Some(path) = &self.passphrase_file {
            return from_file(path, &path.display().to_string()).map(Some);
        }
        if let Some(number) = self.passphrase_fd {
            let name = format!("file descriptor {number}");
            if number == 0 {
                return read_text(io::stdin().lock(), &name).map(Some);
            }
            return from_file(Path::new(&format!("/dev/fd/{number}")), &name).map(Some);
        }
        let Some(name) = &self.passphrase_env else { return Ok(None) };
        let value = std::env::var_os(name).ok_or_else(|| {
            Failure::usage(
                format!("--passphrase-env {name}"),
                "there is no such variable",
                "set it, or name another",
            )
        })?;
        let value = Zeroizing::new(value.into_encoded_bytes());
        text_of(&value, name).map(Some)
    }
}

/// The passphrase of the flags, read once and for whatever needs it; asked for where there are no flags.
pub(crate) struct Given<'a> {
    flags: &'a PassphraseFlags,
    text: OnceCell<SecretText>,
}

impl<'a> Given<'a> {
    pub(crate) fn new(flags: &'a PassphraseFlags) -> Self {
        Given { flags, text: OnceCell::new() }
    }

    /// For a key file that is sealed: what the flags say, or what the terminal says for this file.
    pub(crate) fn for_key_file(&self, path: &Path) -> Done<Passphrase> {
        let text = self.text_for_key_file(path)?;
        Ok(Passphrase::new(&text)?)
    }

    /// [`for_key_file`](Self::for_key_file), as text that can be used again.
    pub(crate) fn text_for_key_file(&self, path: &Path) -> Done<SecretText> {
        let name = path.display();
        if !self.flags.is_given() {
            return ask(&format!("Passphrase for {name}: "));
        }
        self.text(&format!("Passphrase for {name}: "))
    }

    /// For the file that is to be opened, if flags were given.
    pub(crate) fn for_content(&self) -> Done<Option<Passphrase>> {
        if !self.flags.is_given() {
            return Ok(None);
        }
        let text = self.text("Passphrase: ")?;
        Ok(Some(Passphrase::new(&text)?))
    }

    /// A user's password, who is to be let in by it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn for_user(&self, user: &str) -> Done<Passphrase> {
        let text = self.text(&format!("Password of {user}: "))?;
        Ok(Passphrase::new(&text)?)
    }

    /// For something that is about to be sealed: the one that was used already, or one that somebody chooses now.
    pub(crate) fn choose(&self) -> Done<SecretText> {
        if let Some(text) = self.text.get() {
            return Ok(text.clone());
        }
        let text = self.flags.choose()?.map_or_else(ask_twice, Ok)?;
        Ok(self.text.get_or_init(|| text).clone())
    }

    fn text(&self, prompt: &str) -> Done<SecretText> {
        if let Some(text) = self.text.get() {
            return Ok(text.clone());
        }
        let text = match self.flags.read()? {
            Some(text) => text,
            None => ask(prompt)?,
        };
        Ok(self.text.get_or_init(|| text).clone())
    }
}

/// Calls the library, which asks if it needs a passphrase. What goes wrong in asking is told as it is, the rest of `file`.
pub(crate) fn asking<'a, T>(
    file: impl Display,
    ask: impl FnOnce() -> Done<Passphrase> + 'a,
    work: impl FnOnce(Box<dyn FnOnce() -> bulla::Result<Passphrase> + '_>) -> bulla::Result<T>,
) -> Done<T> {
    let mut failed = None;
    let done = work(Box::new(|| {
        ask().map_err(|failure| {
            failed = Some(failure);
            io::Error::other("no passphrase").into()
        })
    }));
    done.map_err(|error| failed.unwrap_or_else(|| Failure::of(file, error)))
}

/// Asks for a passphrase on the terminal, whatever standard input is.
pub(crate) fn ask(prompt: &str) -> Done<SecretText> {
    let _guard = TerminalGuard::new();
    match rpassword::prompt_password(one_line(prompt)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(Failure::interrupted()),
        Err(_) => Err(Failure::usage(
            "passphrase",
            "there is no terminal to ask for it on",
            "give it with --passphrase-file, --passphrase-fd or --passphrase-env",
        )),
    }
}

pub(crate) fn ask_twice() -> Done<SecretText> {
    let first = ask("New passphrase: ")?;
    if first != ask("The same again: ")? {
        return Err(Failure::usage("passphrase", "the two are not the same", "try again"));
    }
    Ok(first)
}

fn from_file(path: &Path, name: &str) -> Done<SecretText> {
    let file = File::open(path).map_err(|error| Failure::io(name, &error))?;
    read_text(file, name)
}

/// More than a passphrase can have, so that one that is too long is seen to be.
const MOST: u64 = 5000;

fn read_text(from: impl Read, name: &str) -> Done<SecretText> {
    // Room at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(8192));
    from.take(MOST).read_to_end(&mut bytes).map_err(|error| Failure::io(name, &error))?;
    text_of(&bytes, name)
}

/// Without the line ending that editors and `echo` add.
fn text_of(bytes: &[u8], name: &str) -> Done<SecretText> {
    let bytes = bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Failure::usage(name, "the passphrase there is not UTF-8 text", "give a text; for a raw key use --key")
    })?;
    if text.is_empty() {
        return Err(Failure::usage(name, "the passphrase there is empty", "put one there"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}
