//! Small values with an end, kept in Redis.
use std::sync::{Arc, LazyLock};

use ::redis::{Cmd, Script};

use super::errors::nonsense;
use super::lane::Lane;
use super::place::Redis;
use crate::cookie::{Store, check_value};
use crate::{Result, Time};

/// Keeps values in Redis, each until its end, by the server's clock.
///
/// A value is not signed: whoever writes to Redis can change it, or bring back an old one, and so have a one-time token that was
/// used count again. A call that fails because Redis did not answer in time may still be carried out.
///
/// ```no_run
/// use bulla::adapters::redis::Redis;
/// use bulla::cookie::Store;
/// use bulla::{Key, Time};
/// use std::time::Duration;
///
/// # async fn example() -> bulla::Result<()> {
/// let store = Redis::open("rediss://redis.example.org", Key::read_file("/etc/shop/link.key")?)?.store();
/// let until = Time::now() + Duration::from_secs(60);
/// assert!(store.swap(&[7; 32], None, b"used", until).await?);
/// assert!(!store.swap(&[7; 32], None, b"used", until).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    lane: Arc<Lane>,
    name: String,
}

/// Bytes that are read of a value, whatever lies there; one of ours has fewer.
const READ: usize = 1 << 17;
/// What each begins with in Redis, so that an empty value is not none.
const MARK: u8 = 1;

static SWAP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/swap.lua")));

impl Redis {
    /// A [`Store`] there, for all hosts with the same prefix.
    #[must_use]
    pub fn store(&self) -> RedisStore {
        RedisStore { lane: self.lane(), name: self.name("kept:") }
    }
}

impl RedisStore {
    fn name(&self, key: &[u8; 32]) -> Vec<u8> {
        [self.name.as_bytes(), key].concat()
    }
}

fn marked(value: &[u8]) -> Result<Vec<u8>> {
    check_value(value)?;
    Ok([&[MARK][..], value].concat())
}

/// In milliseconds. Redis takes no end before 1970; what has ended is forgotten at once.
fn end(until: Time) -> i64 {
    until.unix().saturating_mul(1000).clamp(1, 1 << 52)
}

impl Store for RedisStore {
    async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let mut command = Cmd::new();
        command.arg("GETRANGE").arg(self.name(key)).arg(0).arg(READ);
        let kept: Vec<u8> = self.lane.command(&command).await?;
        match kept.split_first() {
            None => Ok(None),
            Some((&MARK, value)) if check_value(value).is_ok() => Ok(Some(value.to_vec())),
            Some(_) => Err(nonsense("a value")),
        }
    }

    async fn put(&self, key: &[u8; 32], value: &[u8], until: Time) -> Result<()> {
        let mut command = Cmd::new();
        command.arg("SET").arg(self.name(key)).arg(marked(value)?).arg("PXAT").arg(end(until));
        self.lane.command(&command).await
    }

    async fn swap(&self, key: &[u8; 32], expected: Option<&[u8]>, value: &[u8], until: Time) -> Result<bool> {
        let expected = expected.map(marked).transpose()?.unwrap_or_default();
        let mut call = SWAP.prepare_invoke();
        call.key(self.name(key)).arg(expected).arg(marked(value)?).arg(end(until));
        self.lane.script(&call).await
    }

    async fn remove(&self, key: &[u8; 32]) -> Result<()> {
        let mut command = Cmd::new();
        command.arg("DEL").arg(self.name(key));
        self.lane.command(&command).await
    }
}
