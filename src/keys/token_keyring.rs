//! The keys of tokens over time and over many hosts: staged, active, retired.
use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Key, KeyId};
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{TOKEN_KEYRING_KEYS, TOKEN_LIFETIME_SECONDS};
use crate::secret::SecretText;

const FIRST_LINE: &str = "bulla-token-keyring/v1";

/// What a key of a [`TokenKeyring`] is there for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum KeyState {
    /// Other hosts may have made tokens with it already; this one only accepts them.
    Staged,
    /// New tokens are made with it.
    Active,
    /// The tokens that were made with it are accepted, as long as they last.
    Retired,
}

impl KeyState {
    const ALL: [KeyState; 3] = [KeyState::Staged, KeyState::Active, KeyState::Retired];

    fn word(self) -> &'static str {
        match self {
            KeyState::Staged => "staged",
            KeyState::Active => "active",
            KeyState::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Keys for tokens, over time and over all the hosts that share them: one is active, the next may be staged, and those before
/// are retired.
///
/// A key goes through three changes of the ring, and after each the ring is brought to every host: [`stage`](Self::stage) makes
/// it, so that all hosts accept it; [`rotate`](Self::rotate) begins to use it, and refuses to before the time that a ring needs to
/// reach every host ([`spread`](Self::spread)) is over; the one before it is retired, and its tokens are accepted until the last
/// of them has expired. So nobody is logged out by a new key.
///
/// ```
/// use bulla::{Time, TokenKeyring};
/// use std::time::Duration;
/// let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
/// let now = Time::now();
/// let mut ring = TokenKeyring::generate(minute * 5, day * 30, now)?;
/// ring.stage(now)?;
/// assert!(ring.rotate(now + minute).is_err()); // other hosts may not have it yet
/// ring.rotate(now + minute * 5)?;
/// ring.prune(now + day * 31);
/// assert_eq!(ring.keys().count(), 1);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct TokenKeyring {
    spread: Duration,
    longest: Duration,
    entries: Vec<Entry>,
}

/// A key, and since when it is what it is.
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) state: KeyState,
    pub(crate) since: Time,
}

impl Entry {
    /// The first bytes of the key's id, which tokens are marked with.
    pub(crate) fn mark(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = *self.key.id().as_bytes();
        [a, b, c, d]
    }
}

impl TokenKeyring {
    /// A new ring with one active key.
    ///
    /// `spread` is the time that a changed ring needs to reach every host; `longest` is the longest that a token may last,
    /// and so how long a retired key is kept. Both are in whole seconds.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if `longest` is zero or over 400 days, or `spread` is longer.
    pub fn generate(spread: Duration, longest: Duration, now: Time) -> Result<Self> {
        let mut ring = Self::empty(spread, longest).ok_or_else(|| {
            wrong("its times do not fit", "take a lifetime of at most 400 days, and less to spread")
        })?;
        ring.add(KeyState::Active, now)?;
        Ok(ring)
    }

    fn empty(spread: Duration, longest: Duration) -> Option<Self> {
        let longest_at_all = Duration::from_secs(TOKEN_LIFETIME_SECONDS);
        let is_sound = !longest.is_zero() && longest <= longest_at_all && spread <= longest;
        is_sound.then(|| TokenKeyring { spread, longest, entries: Vec::new() })
    }

    /// Makes the key that is to be used next. From now on this ring accepts what it signed; bring the ring to every host.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if one is staged already, [`ErrorKind::OverLimit`] over 64 keys.
    pub fn stage(&mut self, now: Time) -> Result<KeyId> {
        if let Some(entry) = self.find(KeyState::Staged) {
            let why = format!("the key {} is staged already", entry.key.id());
            return Err(wrong(why, "begin to use it, or remove it, first"));
        }
        self.add(KeyState::Staged, now)
    }

    /// Begins to use the staged key; the active one retires.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if none is staged, or it was staged so late that other hosts may not have it yet.
    pub fn rotate(&mut self, now: Time) -> Result<KeyId> {
        let Some(staged) = self.find(KeyState::Staged) else {
            return Err(wrong("no key is staged", "stage one, and bring the ring to every host"));
        };
        let ready = staged.since + self.spread;
        if now < ready {
            let why = format!("other hosts may not have the staged key before {ready}");
            return Err(wrong(why, "wait: what is made with it would be refused there"));
        }
        for entry in &mut self.entries {
            match entry.state {
                KeyState::Active => (entry.state, entry.since) = (KeyState::Retired, now),
                KeyState::Staged => (entry.state, entry.since) = (KeyState::Active, now),
                KeyState::Retired => {}
            }
        }
        self.prune(now);
        self.find(KeyState::Active).map(|entry| entry.key.id()).ok_or_else(lost)
    }

    /// Drops a key that is staged or retired, at once: what it signed is refused from now on.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if no such key has that id; the active one has to be rotated first.
    pub fn drop_key(&mut self, id: &KeyId) -> Result<()> {
        let place =
            self.entries.iter().position(|entry| entry.key.id() == *id && entry.state != KeyState::Active);
        let place = place.ok_or_else(|| {
            let why = format!("no key that is staged or retired has the id {id}");
            wrong(why, "look at the ids; the active key has to be rotated first")
        })?;
        self.entries.remove(place);
        Ok(())
    }

    /// Drops the retired keys of which every token has expired.
    pub fn prune(&mut self, now: Time) {
        let (longest, spread) = (self.longest, self.spread);
        self.entries.retain(|entry| entry.state != KeyState::Retired || now < entry.since + spread + longest);
    }

    /// How long a changed ring needs to reach every host.
    #[must_use]
    pub fn spread(&self) -> Duration {
        self.spread
    }

    /// The longest that a token under this ring may last.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// The keys' ids, what each is, and since when.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, KeyState, Time)> + '_ {
        self.entries.iter().map(|entry| (entry.key.id(), entry.state, entry.since))
    }

    /// The ring as text, for sealing it.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut text = SecretText::new(String::with_capacity(160 * (self.entries.len() + 2)));
        let (spread, longest) = (self.spread.as_secs(), self.longest.as_secs());
        text.push_str(&format!("{FIRST_LINE}\nspread {spread} longest {longest}\n"));
        for entry in &self.entries {
            text.push_str(&format!("{} {} ", entry.state, entry.since.unix()));
            text.push_str(&entry.key.expose_text());
            text.push('\n');
        }
        text
    }

    /// Reads what [`expose_text`](Self::expose_text) gives.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the line's number, [`ErrorKind::OverLimit`] over 64 keys.
    ///
    /// ```
    /// use bulla::{Time, TokenKeyring};
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let ring = TokenKeyring::generate(hour, hour * 24, Time::now())?;
    /// let again = TokenKeyring::parse(ring.expose_text().as_bytes())?;
    /// assert!(ring.keys().eq(again.keys()));
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bad = |number: usize| {
            let hint = "give a file that a bulla token keyring was written to";
            Error::new(ErrorKind::Malformed, "token keyring", format!("line {number} is wrong"), hint)
        };
        let text = std::str::from_utf8(text).map_err(|_| bad(1))?;
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(bad(1));
        }
        let mut ring = lines.next().and_then(times).ok_or_else(|| bad(2))?;
        for (number, line) in (3..).zip(lines) {
            ring.check_room()?;
            let entry = entry(line).ok_or_else(|| bad(number))?;
            // Two keys of one mark, and two that are active or staged, would mean two things.
            let is_double = ring.entries.iter().any(|known| {
                known.mark() == entry.mark() || known.state == entry.state && entry.state != KeyState::Retired
            });
            if is_double {
                return Err(bad(number));
            }
            ring.entries.push(entry);
        }
        if ring.find(KeyState::Active).is_none() {
            return Err(bad(3));
        }
        Ok(ring)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn find(&self, state: KeyState) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.state == state)
    }

    fn check_room(&self) -> Result<()> {
        if self.entries.len() < TOKEN_KEYRING_KEYS {
            return Ok(());
        }
        let why = format!("it has {TOKEN_KEYRING_KEYS} keys");
        Err(Error::over_limit("token keyring", why, "drop those that have signed nothing that still lasts"))
    }

    /// Adds a new key. Of two with the same mark, which is likely never to be seen, a token could not say which made it.
    fn add(&mut self, state: KeyState, since: Time) -> Result<KeyId> {
        self.check_room()?;
        loop {
            let entry = Entry { key: Key::generate(), state, since };
            if self.entries.iter().all(|known| known.mark() != entry.mark()) {
                let id = entry.key.id();
                self.entries.push(entry);
                return Ok(id);
            }
        }
    }
}

/// `spread 300 longest 86400`.
fn times(line: &str) -> Option<TokenKeyring> {
    let (spread, longest) = line.strip_prefix("spread ")?.split_once(" longest ")?;
    let seconds =
        |text: &str| decimal(text).and_then(|number| u64::try_from(number).ok()).map(Duration::from_secs);
    TokenKeyring::empty(seconds(spread)?, seconds(longest)?)
}

/// `active 1769860800 BULLA-SECRET-KEY-1…`.
fn entry(line: &str) -> Option<Entry> {
    let mut words = line.splitn(3, ' ');
    let word = words.next()?;
    let state = KeyState::ALL.into_iter().find(|state| state.word() == word)?;
    let since = Time::from_unix(decimal(words.next()?)?);
    Some(Entry { key: words.next()?.parse().ok()?, state, since })
}

/// A number as it is written: without sign and leading zeros.
fn decimal(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number >= 0 && number.to_string() == text).then_some(number)
}

fn wrong(why: impl Into<std::borrow::Cow<'static, str>>, hint: &'static str) -> Error {
    Error::usage("token keyring", why, hint)
}

fn lost() -> Error {
    wrong("it has no active key", "make a new one")
}
