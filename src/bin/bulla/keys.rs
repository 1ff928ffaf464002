//! What a file is opened with, by the flags of `decrypt`, `verify` and `rewrap … with`.
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bulla::{ErrorKind, Identity, KdfLimits, Key, Keyring, Passphrase, TokenKeyring, Unlock, file};

use crate::failure::{Code, Done, Failure};
use crate::flow::Input;
use crate::passphrase::{Given, PassphraseFlags, ask, asking};

#[derive(clap::Args)]
#[command(next_help_heading = "What to open it with")]
pub(crate) struct KeyFlags {
    /// An identity file: of bulla or age, plain or sealed, or an OpenSSH private key
    #[arg(short = 'i', long = "identity", value_name = "IDENTITY_FILE")]
    identities: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    #[command(flatten)]
    symmetric: SymmetricFlags,
    /// Most memory that trying a passphrase may take, in MiB [default: 1024]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    max_kdf_memory: Option<u32>,
    /// Open a file although guessing its passphrase was made cheap
    #[arg(long)]
    accept_weak_kdf: bool,
}

/// Raw keys and keyrings, to encrypt to or to open with.
#[derive(clap::Args)]
pub(crate) struct SymmetricFlags {
    /// A raw key in a file
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// A keyring: its primary key encrypts, all its keys decrypt. -p and its like are then the keyring's passphrase
    #[arg(long = "keyring", value_name = "FILE")]
    keyrings: Vec<PathBuf>,
    /// The raw key that the keyring is sealed under
    #[arg(long, value_name = "FILE", requires = "keyrings", conflicts_with = "passphrase source")]
    seal_key: Option<PathBuf>,
}

/// All that was read and asked for.
#[derive(Default)]
pub(crate) struct Keys {
    identities: Vec<Identity>,
    passphrase: Option<Passphrase>,
    keys: Vec<Key>,
    rings: Vec<Keyring>,
}

impl KeyFlags {
    /// Whether a passphrase is read from standard input.
    pub(crate) fn takes_stdin(&self) -> bool {
        self.passphrase.takes_stdin()
    }

    /// Reads and asks for everything.
    pub(crate) fn load(&self, input: &Input) -> Done<Keys> {
        let given = Given::new(&self.passphrase);
        let mut keys = Keys::default();
        for path in &self.identities {
            keys.identities.extend(read_identities(path, || given.for_key_file(path))?);
        }
        (keys.keys, keys.rings) = self.symmetric.load(&given)?;
        keys.passphrase = given.for_content()?;
        if keys.unlock().is_empty() {
            check_wants_passphrase(input)?;
            keys.passphrase = Some(Passphrase::new(&ask("Passphrase: ")?)?);
        }
        Ok(keys)
    }

    pub(crate) fn limits(&self) -> KdfLimits {
        let limits = self.max_kdf_memory.map_or_else(KdfLimits::default, KdfLimits::memory_mib);
        if self.accept_weak_kdf { limits.accept_weak() } else { limits }
    }
}

impl SymmetricFlags {
    pub(crate) fn is_given(&self) -> bool {
        !self.keys.is_empty() || self.names_ring()
    }

    pub(crate) fn names_ring(&self) -> bool {
        !self.keyrings.is_empty()
    }

    pub(crate) fn load(&self, given: &Given<'_>) -> Done<(Vec<Key>, Vec<Keyring>)> {
        let keys = self.keys.iter().map(|path| Ok(Key::read_file(path)?)).collect::<Done<_>>()?;
        let ring = |path: &PathBuf| read_ring(path, self.seal_key.as_deref(), given);
        Ok((keys, self.keyrings.iter().map(ring).collect::<Done<_>>()?))
    }
}

impl Keys {
    pub(crate) fn unlock(&self) -> Vec<&dyn Unlock> {
        let mut all: Vec<&dyn Unlock> = Vec::new();
        all.extend(self.identities.iter().map(|identity| -> &dyn Unlock { identity }));
        all.extend(self.keys.iter().map(|key| -> &dyn Unlock { key }));
        all.extend(self.rings.iter().map(|ring| -> &dyn Unlock { ring }));
        all.extend(self.passphrase.iter().map(|passphrase| -> &dyn Unlock { passphrase }));
        all
    }
}

/// Reads an identity file; `ask` is called if it is sealed.
pub(crate) fn read_identities(path: &Path, ask: impl FnOnce() -> Done<Passphrase>) -> Done<Vec<Identity>> {
    asking(path.display(), ask, |ask| file::read_identities(path, ask))
}

/// Reads a keyring, sealed under a key or else a passphrase.
pub(crate) fn read_ring(path: &Path, seal_key: Option<&Path>, given: &Given<'_>) -> Done<Keyring> {
    let ring = match seal_key {
        Some(key) => file::read_keyring(&Key::read_file(key)?, path),
        None => file::read_keyring(&given.for_key_file(path)?, path),
    };
    ring.map_err(|error| Failure::of(path.display(), error))
}

/// The same of a keyring for tokens.
pub(crate) fn read_token_ring(path: &Path, seal_key: Option<&Path>, given: &Given<'_>) -> Done<TokenKeyring> {
    let ring = match seal_key {
        Some(key) => file::read_token_keyring(&Key::read_file(key)?, path),
        None => file::read_token_keyring(&given.for_key_file(path)?, path),
    };
    ring.map_err(|error| Failure::of(path.display(), error))
}

/// More than a header can have, armored or not.
const HEADER: u64 = 2 << 20;

/// Refuses to ask for a passphrase that could not open the file. Of what cannot be looked at twice nothing is known.
fn check_wants_passphrase(input: &Input) -> Done<()> {
    let Input::Path(path) = input else { return Ok(()) };
    if !input.metadata()?.is_some_and(|about| about.is_file()) {
        return Ok(());
    }
    let file = File::open(path).map_err(|error| Failure::io(path.display(), &error))?;
    let inspection = match file::inspect(file.take(HEADER)) {
        // An armor that goes on after its header: only the whole of it is sound.
        Err(error) if error.kind() == ErrorKind::Malformed => file::inspect_file(path)?,
        other => other?,
    };
    if inspection.wants_passphrase() {
        return Ok(());
    }
    let holders: Vec<String> = inspection.stanzas().iter().map(ToString::to_string).collect();
    let why = format!("it opens with no passphrase, but for: {}", holders.join(", "));
    Err(Failure::new(Code::Usage, path.display(), why, "give a key: -i IDENTITY_FILE, --key or --keyring"))
}
