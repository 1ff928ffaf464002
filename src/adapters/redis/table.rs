//! What lies in Redis of revocations: a table of what is revoked, and a feed of what was told. Each call is one script.
use std::sync::{Arc, LazyLock};

use ::redis::Script;

use super::errors::nonsense;
use super::lane::Lane;
use super::place::{Clock, Redis};
use crate::cookie::{Notices, Revocation};
use crate::{Result, Time};

/// Entries of the feed: who was away for more reads the table. About 5 MB.
const FEED: usize = 1 << 15;
/// Notices of one call: about a millisecond of the server's.
const PAGE: usize = 512;

static TELL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/tell.lua")));
static BEGIN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/begin.lua")));
static PAGES: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/page.lua")));
static HEAR: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/hear.lua")));
static ASK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/ask.lua")));
static DROP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/drop.lua")));
static PURGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lua/purge.lua")));

pub(super) struct Table {
    lane: Arc<Lane>,
    notices: Notices,
    clock: Clock,
    /// The hash of notices by their places, the sorted set of their ends, the stream of what was told.
    keys: [String; 3],
}

/// What was heard at once.
pub(super) struct Heard {
    pub(super) revocations: Vec<Revocation>,
    /// Entries that no host with our key wrote.
    pub(super) strange: usize,
    /// Whether there may be more.
    pub(super) is_full: bool,
}

/// The number of an entry of the feed.
pub(super) type Position = Vec<u8>;

impl Table {
    pub(super) fn new(redis: &Redis) -> Self {
        Table {
            lane: redis.lane(),
            notices: Notices::new(&redis.key, &redis.prefix),
            clock: Arc::clone(&redis.clock),
            keys: ["revoked", "ends", "told"].map(|of| redis.name(of)),
        }
    }

    /// By the clock of who uses it.
    pub(super) fn now(&self) -> Time {
        (self.clock)()
    }

    /// Tells what is in the slice. With `all`, the feed has it even if the table says as much already. What stands in the way
    /// there, and no host with our key wrote, goes.
    pub(super) async fn tell(&self, revocations: &[Revocation], all: bool, now: Time) -> Result<()> {
        for page in revocations.chunks(PAGE) {
            let kept = self.tell_page(page, all).await?;
            let is_forged = |notice: &&Vec<u8>| self.notices.read(notice, now).is_err();
            let forged: Vec<&Vec<u8>> = kept.iter().filter(is_forged).collect();
            if !forged.is_empty() {
                let mut call = DROP.prepare_invoke();
                call.key(&self.keys[..1]);
                for notice in forged {
                    call.arg(&notice[..]);
                }
                self.lane.script::<()>(&call).await?;
                // Once: who puts them there again and again keeps news from hosts by that, as by anything else.
                self.tell_page(page, all).await?;
            }
        }
        Ok(())
    }

    /// Gives what was there already and says as much or more.
    async fn tell_page(&self, page: &[Revocation], all: bool) -> Result<Vec<Vec<u8>>> {
        let mut call = TELL.prepare_invoke();
        call.key(&self.keys[..]).arg(FEED).arg(if all { "all" } else { "new" });
        for revocation in page {
            call.arg(&self.notices.write(revocation)[..]);
        }
        self.lane.script(&call).await
    }

    /// Where the feed stands.
    pub(super) async fn position(&self) -> Result<Position> {
        let [table, _, feed] = &self.keys;
        let mut call = BEGIN.prepare_invoke();
        call.key(table).key(feed).arg(&generation()[..]);
        self.lane.script(&call).await
    }

    /// A page of the table, and the cursor of the next: `None` after the last.
    pub(super) async fn page(&self, cursor: &[u8], now: Time) -> Result<(Option<Vec<u8>>, Heard)> {
        let [table, ..] = &self.keys;
        let mut call = PAGES.prepare_invoke();
        call.key(table).arg(cursor).arg(PAGE).arg(Notices::LENGTH);
        let (next, others, found): (Vec<u8>, usize, Vec<Vec<u8>>) = self.lane.script(&call).await?;
        let heard = self.read(&found, others, now);
        Ok(((next != b"0").then_some(next), heard))
    }

    /// What was told after this position, and where that ends. `None` if the feed was cut, emptied or replaced meanwhile.
    pub(super) async fn hear(&self, after: &Position, now: Time) -> Result<Option<(Position, Heard)>> {
        let [table, _, feed] = &self.keys;
        let mut call = HEAR.prepare_invoke();
        call.key(table).key(feed).arg(&after[..]).arg(PAGE).arg(Notices::LENGTH).arg(&generation()[..]);
        type News = Option<(Position, usize, usize, Vec<Vec<u8>>)>;
        let news: News = self.lane.script(&call).await?;
        let Some((position, count, others, found)) = news else { return Ok(None) };
        let heard = self.read(&found, others, now);
        Ok(Some((position, Heard { is_full: count >= PAGE, ..heard })))
    }

    /// What the table has of these. An entry that cannot be read is an error: it stands where a revocation may have stood.
    pub(super) async fn ask(&self, of: &[[u8; 33]], now: Time) -> Result<Vec<Revocation>> {
        let [table, ..] = &self.keys;
        let mut call = ASK.prepare_invoke();
        call.key(table).arg(Notices::LENGTH);
        for place in of {
            call.arg(&place[..]);
        }
        let found: Vec<Vec<u8>> = self.lane.script(&call).await?;
        let read = found.iter().map(|notice| self.notices.read(notice, now));
        read.collect::<Result<_>>().map_err(|_| nonsense("a revocation"))
    }

    /// Removes some of what has ended; `false` if there may be more.
    pub(super) async fn purge(&self) -> Result<bool> {
        let [table, ends, _] = &self.keys;
        let mut call = PURGE.prepare_invoke();
        call.key(table).key(ends).arg(PAGE);
        let removed: usize = self.lane.script(&call).await?;
        Ok(removed < PAGE)
    }

    fn read(&self, found: &[Vec<u8>], others: usize, now: Time) -> Heard {
        let revocations: Vec<_> =
            found.iter().filter_map(|notice| self.notices.read(notice, now).ok()).collect();
        let strange = others.saturating_add(found.len().saturating_sub(revocations.len()));
        Heard { revocations, strange, is_full: false }
    }
}

pub(super) fn generation() -> [u8; 33] {
    Notices::place(&Revocation::Generation(0))
}
