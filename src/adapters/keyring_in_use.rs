//! A token keyring in use that is replaced by newer ones only.
use std::io;
use std::time::Duration;

use crate::{Error, KeyState, Result, Time, TokenKeyring, TokenKeys};

/// The keys, and since when the active one is that.
pub(super) struct KeyringInUse {
    keys: TokenKeys,
    active_since: Time,
    every: Duration,
}

impl KeyringInUse {
    /// One that is looked for anew every so often.
    pub(super) fn new(ring: TokenKeyring, every: Duration) -> Result<Self> {
        check_spread(&ring, every)?;
        Ok(KeyringInUse { active_since: active_since(&ring), keys: TokenKeys::new(ring), every })
    }

    pub(super) fn keys(&self) -> TokenKeys {
        self.keys.clone()
    }

    /// Whether anybody has the keys.
    pub(super) fn is_needed(&self) -> bool {
        self.keys.is_shared()
    }

    /// Puts another in its place, unless it is older: an active key became so before the one here did. Within the time of one
    /// active key that cannot be told from the ring.
    pub(super) fn replace(&mut self, ring: TokenKeyring) -> Result<()> {
        check_spread(&ring, self.every)?;
        let since = active_since(&ring);
        if since < self.active_since {
            let here = self.active_since;
            return Err(wrong(format!(
                "it is older than the one in use: its key is active since {since}, and the one here since {here}; bring the newer one"
            )));
        }
        self.keys.replace(ring)?;
        self.active_since = since;
        Ok(())
    }
}

/// A host that looks less often than the ring says would refuse what others make with a new key. The ring counts in whole seconds, so
/// of its time a second may be missing.
fn check_spread(ring: &TokenKeyring, every: Duration) -> Result<()> {
    if every + Duration::from_secs(1) <= ring.spread() {
        return Ok(());
    }
    let (every, spread) = (every.as_millis(), ring.spread().as_millis());
    Err(wrong(format!(
        "it says that it reaches every host in {spread} ms, and this one looks every {every} ms, which must be a second less; look more often, or make one that spreads in a longer time"
    )))
}

fn active_since(ring: &TokenKeyring) -> Time {
    let mut keys = ring.keys();
    // Each ring has one.
    keys.find(|(_, state, _)| *state == KeyState::Active).map_or(Time::from_unix(0), |(_, _, since)| since)
}

fn wrong(why: String) -> Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("token keyring: {why}")).into()
}
