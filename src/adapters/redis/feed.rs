//! The task that hears and tells: it reads all that is known, follows what is told, and begins anew when that breaks off.
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use futures_util::future::select;
use tokio::sync::watch;

use super::notes::Notes;
use super::queue::Queue;
use super::table::{Heard, Position, Table};
use crate::Result;
use crate::cookie::{Revocation, Revocations};

/// Between two attempts, at first.
const PAUSE: Duration = Duration::from_millis(50);
/// And while Redis is away for long.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Before the table is read again, if there was no room for all of it.
const AGAIN: Duration = Duration::from_secs(60);
/// Pages of the table that are read: eight million notices, for which no host has room.
const PAGES: usize = 1 << 14;
/// Between two looks for what has ended. Each removes a page.
const PURGE: Duration = Duration::from_secs(10);

/// What the task tells of itself.
pub(super) struct Shared {
    pub(super) is_ready: watch::Sender<bool>,
    pub(super) strange: AtomicU64,
}

pub(super) struct Feed {
    table: Table,
    revocations: Arc<Revocations>,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    every: Duration,
    pause: Duration,
    /// Whether all that was heard is known: there may have been no room.
    has_all: bool,
    notes: Notes,
}

impl Feed {
    pub(super) fn new(
        table: Table,
        revocations: Arc<Revocations>,
        queue: Arc<Queue>,
        shared: Arc<Shared>,
        every: Duration,
    ) -> Self {
        Feed {
            table,
            revocations,
            queue,
            shared,
            every,
            pause: PAUSE,
            has_all: false,
            notes: Notes::new("revocations"),
        }
    }

    /// Ends, once it is to, when all is told.
    pub(super) async fn run(mut self, mut ends: watch::Receiver<bool>) {
        loop {
            match self.follow(&mut ends).await {
                Ok(Broken::Cut) => self.notes.cut(),
                Ok(Broken::Behind) => {}
                Ok(Broken::Ended) => return,
                Err(error) => self.notes.away(&error),
            }
            // Nothing to wake up for: who ends this has a deadline.
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Goes on until something fails, or the feed is not what it was.
    async fn follow(&mut self, ends: &mut watch::Receiver<bool>) -> Result<Broken> {
        let mut position = self.begin().await?;
        self.notes.back();
        let begun = Instant::now();
        let mut purged = begun;
        loop {
            if !self.tell().await? {
                return Ok(Broken::Behind);
            }
            if *ends.borrow() && self.queue.is_empty() {
                return Ok(Broken::Ended);
            }
            let asked = Instant::now();
            let Some((next, heard)) = self.table.hear(&position, self.table.now()).await? else {
                return Ok(Broken::Cut);
            };
            position = next;
            self.pause = PAUSE;
            let is_full = heard.is_full;
            self.take(heard);
            if is_full {
                continue;
            }
            if self.has_all {
                self.revocations.heard(asked);
            } else if begun.elapsed() >= AGAIN {
                return Ok(Broken::Behind);
            }
            if purged.elapsed() >= PURGE && self.table.purge().await? {
                // No question has an answer while something else stands in its place.
                let generation = Revocation::Generation(self.revocations.generation());
                self.table.tell(&[generation], false, self.table.now()).await?;
                purged = Instant::now();
            }
            // Whichever comes first; a time-out is none of them.
            let (news, ending) = (pin!(self.queue.news.notified()), pin!(ends.changed()));
            let _ = tokio::time::timeout(self.every, select(news, ending)).await;
        }
    }

    /// Tells all that this host knows, in case Redis has lost it, and reads all that Redis knows.
    async fn begin(&mut self) -> Result<Position> {
        let asked = Instant::now();
        let now = self.table.now();
        self.queue.begin_anew();
        let lasts = |revocation: &Revocation| match revocation {
            Revocation::Session { until, .. } | Revocation::Subject { until, .. } => now < *until,
            Revocation::Generation(_) => true,
        };
        let known: Vec<_> = self.revocations.all().into_iter().filter(lasts).collect();
        self.table.tell(&known, false, now).await?;
        // First where the feed stands, then the table: what is told meanwhile is in one of them.
        let position = self.table.position().await?;
        let mut cursor = Some(b"0".to_vec());
        self.has_all = true;
        for _ in 0..PAGES {
            let Some(at) = cursor else { break };
            let (next, heard) = self.table.page(&at, now).await?;
            self.take(heard);
            cursor = next;
        }
        self.has_all &= cursor.is_none();
        if self.has_all {
            self.revocations.heard(asked);
            self.shared.is_ready.send_replace(true);
        }
        Ok(position)
    }

    /// Tells what waits; `false` if some of it was lost.
    async fn tell(&self) -> Result<bool> {
        loop {
            let Some(next) = self.queue.next() else { return Ok(false) };
            if next.is_empty() {
                return Ok(true);
            }
            self.table.tell(&next, true, self.table.now()).await?;
            self.queue.told(next.len());
        }
    }

    /// Takes note of what was heard, if there is room for it.
    fn take(&mut self, heard: Heard) {
        self.notes.strange(heard.strange, &self.shared.strange);
        let now = self.table.now();
        for revocation in heard.revocations {
            self.has_all &= self.revocations.apply(revocation, now).is_ok();
        }
    }
}

/// Why the feed is not followed any more.
enum Broken {
    /// What is there is not what was there.
    Cut,
    /// This host has lost some of what it was to tell, or had no room for some of what it heard.
    Behind,
    /// It was to end.
    Ended,
}
