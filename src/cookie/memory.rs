//! A store in memory: for one process, and for tests.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::store::{Store, check_value};
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::limits::MEMORY_STORE_BYTES;

/// Keeps values in memory, up to 64 MiB, and forgets what has ended. After a restart all is gone: a one-time token that was used
/// counts again, so a program that is restarted while such tokens last wants a store on a disk.
///
/// ```
/// use bulla::Time;
/// use bulla::cookie::{MemoryStore, Store};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bulla::Result<()> {
/// let store = MemoryStore::new();
/// let until = Time::now() + Duration::from_secs(60);
/// assert!(store.swap(&[7; 32], None, b"used", until).await?);
/// assert!(!store.swap(&[7; 32], None, b"used", until).await?);
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    kept: Mutex<Kept>,
    clock: Box<dyn Fn() -> Time + Send + Sync>,
}

#[derive(Default)]
struct Kept {
    values: BTreeMap<[u8; 32], (Vec<u8>, Time)>,
    /// What ends first comes first.
    ends: BTreeSet<(Time, [u8; 32])>,
    /// What all of it takes.
    bytes: usize,
}

/// What a value takes beside its bytes: its key twice, its end twice, and places in two trees.
const ENTRY_BYTES: usize = 256;

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        MemoryStore { kept: Mutex::default(), clock: Box::new(Time::now) }
    }

    /// Goes by this clock instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// What has not ended.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget_until((self.clock)());
        kept
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Kept {
    fn forget_until(&mut self, now: Time) {
        while let Some((until, key)) = self.ends.first().copied()
            && until <= now
        {
            self.remove(&key);
        }
    }

    fn get(&self, key: &[u8; 32]) -> Option<&[u8]> {
        self.values.get(key).map(|(value, _)| value.as_slice())
    }

    fn put(&mut self, key: &[u8; 32], value: &[u8], until: Time) -> Result<()> {
        check_value(value)?;
        let freed = self.get(key).map_or(0, cost);
        let bytes = self.bytes.saturating_sub(freed).saturating_add(cost(value));
        if bytes > MEMORY_STORE_BYTES {
            let why = format!("it is full: it keeps {MEMORY_STORE_BYTES} bytes");
            return Err(Error::over_limit("store", why, "take a store outside of the process"));
        }
        self.remove(key);
        self.values.insert(*key, (value.to_vec(), until));
        self.ends.insert((until, *key));
        self.bytes = bytes;
        Ok(())
    }

    fn remove(&mut self, key: &[u8; 32]) {
        if let Some((value, until)) = self.values.remove(key) {
            self.ends.remove(&(until, *key));
            self.bytes = self.bytes.saturating_sub(cost(&value));
        }
    }
}

fn cost(value: &[u8]) -> usize {
    value.len().saturating_add(ENTRY_BYTES)
}

/// Fails with [`ErrorKind::OverLimit`](crate::ErrorKind::OverLimit) for a value over 64 KiB, and when it is full.
impl Store for MemoryStore {
    async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        Ok(self.kept().get(key).map(<[u8]>::to_vec))
    }

    async fn put(&self, key: &[u8; 32], value: &[u8], until: Time) -> Result<()> {
        self.kept().put(key, value, until)
    }

    async fn swap(&self, key: &[u8; 32], expected: Option<&[u8]>, value: &[u8], until: Time) -> Result<bool> {
        let mut kept = self.kept();
        if kept.get(key) != expected {
            return Ok(false);
        }
        kept.put(key, value, until).map(|()| true)
    }

    async fn remove(&self, key: &[u8; 32]) -> Result<()> {
        self.kept().remove(key);
        Ok(())
    }
}
