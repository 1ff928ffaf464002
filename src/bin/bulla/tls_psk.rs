//! Shared keys as `bulla tls` takes them: a client's own, and those of a server's clients.
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulla::adapters::shared_key_file::{FollowedKeys, SharedKeyFile};
use bulla::tls::{ByKey, SharedKey};
use bulla::{Key, Passphrase};
use zeroize::Zeroizing;

use crate::failure::{Done, Failure, one_line};
use crate::passphrase::Given;
use crate::ui;

/// The key of a client.
#[derive(clap::Args)]
pub(crate) struct SharedKeyFlags {
    /// The name that the server knows a shared key by; who has the key is believed, and its certificate is not looked at
    #[arg(long, value_name = "NAME", requires = "psk_file")]
    psk_id: Option<String>,
    /// The shared key: a file that `bulla psk add` wrote
    #[arg(long, value_name = "FILE", requires = "psk_id")]
    psk_file: Option<PathBuf>,
}

/// The keys of a server's clients.
#[derive(clap::Args)]
pub(crate) struct SharedKeysFlags {
    /// Let in clients alone that have a key of this file of `bulla psk`; it is looked at every second
    #[arg(long, value_name = "DB")]
    psk_db: Option<PathBuf>,
    /// That file is sealed under a raw key in a file, instead of a passphrase
    #[arg(long, value_name = "FILE", requires = "psk_db")]
    psk_seal_key: Option<PathBuf>,
}

/// What a file of keys is sealed under.
pub(crate) enum Under {
    Key(Key),
    Passphrase(Passphrase),
}

impl Under {
    /// What a file that there is was sealed under.
    pub(crate) fn given(db: &Path, seal_key: Option<&Path>, given: &Given<'_>) -> Done<Self> {
        Ok(match seal_key {
            Some(path) => Under::Key(Key::read_file(path)?),
            None => Under::Passphrase(given.for_key_file(db)?),
        })
    }

    /// What a new file is to be sealed under.
    pub(crate) fn chosen(seal_key: Option<&Path>, given: &Given<'_>) -> Done<Self> {
        Ok(match seal_key {
            Some(path) => Under::Key(Key::read_file(path)?),
            None => Under::Passphrase(Passphrase::new(&given.choose()?)?),
        })
    }
}

impl SharedKeyFlags {
    pub(crate) fn whom(&self) -> Done<Option<ByKey>> {
        let (Some(id), Some(file)) = (&self.psk_id, &self.psk_file) else { return Ok(None) };
        Ok(Some(ByKey::new(id, read_key(file)?)?))
    }
}

/// How often the file of keys is looked at.
const EVERY: Duration = Duration::from_secs(1);

impl SharedKeysFlags {
    pub(crate) fn keys(&self, given: &Given<'_>) -> Done<Option<FollowedKeys>> {
        let Some(db) = &self.psk_db else { return Ok(None) };
        let told = {
            let db = one_line(&db.display().to_string());
            move |error: &bulla::Error| ui::note(format_args!("{db}: not taken: {error}"))
        };
        let followed = match Under::given(db, self.psk_seal_key.as_deref(), given)? {
            Under::Key(key) => SharedKeyFile::new(db, key).follow(EVERY, told),
            Under::Passphrase(passphrase) => SharedKeyFile::new(db, passphrase).follow(EVERY, told),
        };
        followed.map(Some).map_err(|error| Failure::of(db.display(), error))
    }
}

/// More than such a file has.
const KEY_FILE: u64 = 1024;

/// Reads a shared key: a line of text, as people and programs pass them on.
pub(crate) fn read_key(path: &Path) -> Done<SharedKey> {
    use std::io::Read;
    let failed = |error| Failure::io(path.display(), &error);
    let mut text = Zeroizing::new(String::with_capacity(1 << 11));
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(KEY_FILE).read_to_string(&mut text).map_err(failed)?;
    text.trim().parse().map_err(|error| Failure::of(path.display(), error))
}
