//! The keys of tokens, sealed in Redis: published by one host, taken into use by all.
use std::sync::LazyLock;
use std::time::Duration;

use ::redis::{Cmd, Script};

use super::errors::{nonsense, overtaken};
use super::notes::Notes;
use super::place::{Redis, runtime};
use crate::adapters::keyring_in_use::KeyringInUse;
use crate::file::{Decryption, Encryption};
use crate::{Result, Time, TokenKeyring, TokenKeys};

/// Bytes of a keyring there: 64 keys have 10 KiB.
const BYTES: usize = 32 << 10;

static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/publish.lua")));

/// A ring, and its place among those that were published.
struct Published {
    number: u64,
    ring: TokenKeyring,
}

impl Redis {
    /// Brings a ring to all hosts that [follow](Self::follow_keyring) it, sealed under the key that they share. It has a number in
    /// Redis that only ever rises, signed with it: a host does not take back one that it had before.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if Redis does not answer, if another was published at the same moment, or if
    /// something lies there that was not sealed under this key: remove it.
    ///
    /// ```no_run
    /// # async fn example(redis: bulla::adapters::redis::Redis) -> bulla::Result<()> {
    /// use bulla::Time;
    /// let mut ring = redis.read_keyring().await?.expect("one was published");
    /// ring.stage(Time::now())?; // and `rotate` after `spread`, published again
    /// redis.publish_keyring(&ring).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn publish_keyring(&self, ring: &TokenKeyring) -> Result<()> {
        let before = self.sealed_keyring().await?;
        let last = if before.is_empty() { 0 } else { self.open_keyring(&before)?.number };
        let number = last.saturating_add(1).max(u64::try_from(Time::now().unix()).unwrap_or(0));
        let sealed =
            Encryption::to(&*self.key).context(&self.context(number)).bytes(ring.expose_text().as_bytes())?;
        let mut call = PUBLISH.prepare_invoke();
        call.key(self.name("keyring")).arg(before).arg([&number.to_be_bytes()[..], &sealed].concat());
        if self.lane().script(&call).await? {
            return Ok(());
        }
        let why = "redis: another keyring was published at this moment; read that one, and change it anew";
        Err(overtaken(why))
    }

    /// The ring that was published last, for changing it, or to begin with.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if Redis does not answer, or something lies there that was not sealed under this
    /// key.
    pub async fn read_keyring(&self) -> Result<Option<TokenKeyring>> {
        let sealed = self.sealed_keyring().await?;
        if sealed.is_empty() {
            return Ok(None);
        }
        self.open_keyring(&sealed).map(|published| Some(published.ring))
    }

    /// Takes a ring into use, and every ring that is published later, without a restart. It looks for one so often, by a task that
    /// ends when nobody has the keys any more.
    ///
    /// What cannot be read, has a lower number than one that this host had, is older by its active key, or does not fit the tokens
    /// in use, changes nothing and is logged.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) outside of a tokio runtime, or if the ring's [`spread`](TokenKeyring::spread) is
    /// less than a second more than `every`.
    ///
    /// ```no_run
    /// # async fn example(redis: bulla::adapters::redis::Redis) -> bulla::Result<()> {
    /// use std::time::Duration;
    /// let ring = redis.read_keyring().await?.expect("one was published");
    /// let keys = redis.follow_keyring(ring, Duration::from_secs(30))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow_keyring(&self, ring: TokenKeyring, every: Duration) -> Result<TokenKeys> {
        let in_use = KeyringInUse::new(ring, every)?;
        let keys = in_use.keys();
        let redis = self.clone();
        runtime()?.spawn(async move { redis.follow(in_use, every).await });
        Ok(keys)
    }

    async fn follow(self, mut in_use: KeyringInUse, every: Duration) {
        let (mut seen, mut last, mut notes) = (Vec::new(), 0, Notes::new("keyring"));
        while in_use.is_needed() {
            match self.sealed_keyring().await {
                Ok(sealed) if sealed.is_empty() || sealed == seen => notes.back(),
                Ok(sealed) => {
                    notes.back();
                    match self.take_keyring(&sealed, &mut last, &mut in_use) {
                        Ok(()) => tracing::info!(number = last, "a new token keyring is in use"),
                        Err(error) => notes.refused(&error),
                    }
                    seen = sealed;
                }
                Err(error) => notes.away(&error),
            }
            tokio::time::sleep(every).await;
        }
    }

    fn take_keyring(&self, sealed: &[u8], last: &mut u64, in_use: &mut KeyringInUse) -> Result<()> {
        let Published { number, ring } = self.open_keyring(sealed)?;
        if number <= *last {
            return Err(overtaken(format!(
                "redis: the keyring {number} comes after {last}; publish the newest again"
            )));
        }
        in_use.replace(ring)?;
        *last = number;
        Ok(())
    }

    /// Nothing, if there is none.
    async fn sealed_keyring(&self) -> Result<Vec<u8>> {
        let mut command = Cmd::new();
        // No more than that, whatever lies there.
        command.arg("GETRANGE").arg(self.name("keyring")).arg(0).arg(BYTES);
        let sealed: Vec<u8> = self.lane().command(&command).await?;
        if sealed.len() > BYTES { Err(nonsense("a keyring")) } else { Ok(sealed) }
    }

    fn open_keyring(&self, sealed: &[u8]) -> Result<Published> {
        let (number, sealed) = sealed.split_first_chunk::<8>().ok_or_else(|| nonsense("a keyring"))?;
        let number = u64::from_be_bytes(*number);
        let context = self.context(number);
        let opened = Decryption::with(&*self.key).context(&context).bytes(sealed);
        let (text, _) = opened.map_err(|_| nonsense("a keyring"))?;
        let text = zeroize::Zeroizing::new(text);
        Ok(Published { number, ring: TokenKeyring::parse(&text)? })
    }

    /// What it is sealed for: these hosts, and that place among the rings.
    fn context(&self, number: u64) -> Vec<u8> {
        [b"bulla/redis/keyring/v1 ", self.prefix.as_bytes(), &number.to_be_bytes()].concat()
    }
}
