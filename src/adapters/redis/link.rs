//! The way between hosts: what a request sees of it, and the handle of the task that keeps it open.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::errors::wrong;
use super::feed::{Feed, Shared};
use super::place::{Redis, runtime};
use super::queue::Queue;
use super::table::{Table, generation};
use crate::cookie::{Answer, Link, Notices, OnStale, Revocation, Revocations, Subject};
use crate::{Result, Time};

/// What requests call.
struct Way {
    table: Table,
    queue: Arc<Queue>,
}

impl Link for Way {
    fn tell(&self, revocation: Revocation) {
        self.queue.push(revocation);
    }

    fn ask(&self, session: [u8; 32], subject: Option<Subject>) -> Answer<'_> {
        // What else they say does not count for where they lie.
        let never = Time::from_unix(0);
        let session = Revocation::Session { digest: session, from: never, until: never };
        let subject =
            subject.map(|subject| Revocation::Subject { subject, authenticated_until: never, until: never });
        let places: Vec<_> = [Some(session), subject].iter().flatten().map(Notices::place).collect();
        Box::pin(
            async move { self.table.ask(&[places, vec![generation()]].concat(), self.table.now()).await },
        )
    }
}

/// The task by which hosts tell each other what is revoked. It ends when this is dropped, and [`stop`](Self::stop) ends it well.
#[must_use = "when it is dropped, this host neither hears nor tells what is revoked"]
pub struct LinkTask {
    shared: Arc<Shared>,
    end: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Redis {
    /// Shares what is revoked with all hosts that have the same key and prefix. When nothing was heard from Redis for longer than
    /// `bound`, sessions go by `policy`; so they do from the start, until the first that is heard ([`LinkTask::ready`]).
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) outside of a tokio runtime, or if `bound` is less than four times
    /// [`every`](Redis::every): then sessions would be unsure again and again with nothing wrong.
    pub fn link(&self, bound: Duration, policy: OnStale) -> Result<(Arc<Revocations>, LinkTask)> {
        if bound < self.every.saturating_mul(4) {
            let why = format!("hosts look for news every {} ms, and", self.every.as_millis());
            return Err(wrong(format!("redis: {why} so short a bound cannot be kept; take four times that")));
        }
        let runtime = runtime()?;
        let queue = Arc::new(Queue::default());
        let way = Way { table: Table::new(self), queue: Arc::clone(&queue) };
        let revocations = Arc::new(Revocations::linked(way, bound, policy));
        let shared = Arc::new(Shared { is_ready: watch::Sender::new(false), strange: AtomicU64::new(0) });
        let (end, ends) = watch::channel(false);
        // A connection of its own: a long page must not hold up who asks.
        let feed =
            Feed::new(Table::new(self), Arc::clone(&revocations), queue, Arc::clone(&shared), self.every);
        let task = runtime.spawn(feed.run(ends));
        Ok((revocations, LinkTask { shared, end, task: Some(task) }))
    }
}

impl LinkTask {
    /// Waits until all is known that other hosts have told so far, and says whether it is. Without it, a host that goes by
    /// [`OnStale::Allow`] begins with sessions that were revoked elsewhere.
    pub async fn ready(&self, within: Duration) -> bool {
        let mut is_ready = self.shared.is_ready.subscribe();
        tokio::time::timeout(within, is_ready.wait_for(|ready| *ready)).await.is_ok_and(|ready| ready.is_ok())
    }

    /// How many entries in Redis were skipped because no host with the key wrote them. Somebody else writes there, or has another
    /// key.
    #[must_use]
    pub fn strange(&self) -> u64 {
        self.shared.strange.load(Ordering::Relaxed)
    }

    /// Tells what was not told yet, and ends the task; says whether all was told within that time.
    pub async fn stop(mut self, within: Duration) -> bool {
        self.end.send_replace(true);
        let Some(mut task) = self.task.take() else { return false };
        let has_ended = tokio::time::timeout(within, &mut task).await.is_ok_and(|ended| ended.is_ok());
        task.abort();
        has_ended
    }
}

impl Drop for LinkTask {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
