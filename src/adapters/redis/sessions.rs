//! Sessions of TLS, which every host knows again, once. A thread of its own asks Redis, so that no handshake waits for long, and none for
//! a runtime that it holds up itself.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Connection, Pipeline, RedisResult};

use super::errors::{from_redis, too_late};
use super::place::Redis;
use crate::tls::SessionStore;
use crate::{Error, Result, Time};

/// How long a handshake waits unless it is said otherwise, and the most that can be said.
const WITHIN: Duration = Duration::from_millis(5);
const LONGEST_WITHIN: Duration = Duration::from_millis(100);
/// After Redis did not answer in time, nobody asks for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// Questions that wait for the thread, and those that it asks at once.
const WAITING: usize = 1024;
const AT_ONCE: usize = 128;
/// Bytes of a session: a client's certificates make most of it. What is longer is not kept, and not read.
const LONGEST: usize = 1 << 16;

/// Sessions of TLS in Redis, for all hosts with the same prefix and keys: [`ServerBuilder::sessions`](crate::tls::ServerBuilder::sessions).
///
/// A handshake waits five milliseconds for Redis at most. If nothing has come by then there is a full one, and nobody asks for a second:
/// Redis that is away costs next to nothing, and never a connection.
///
/// # Security
/// Whoever connects leaves two there, for hours, also where nobody is asked who they are: have them in a server of their own, that
/// forgets what it has no room for (`maxmemory-policy volatile-ttl`), and not where revocations are kept.
///
/// ```no_run
/// use bulla::adapters::redis::Redis;
/// use bulla::tls::{Credentials, Server};
/// # fn credentials() -> bulla::Result<Credentials> { unimplemented!() }
/// # async fn example() -> bulla::Result<()> {
/// use bulla::Key;
/// use std::time::Duration;
/// let redis = Redis::open("rediss://redis.example.org", Key::read_file("/etc/shop/link.key")?)?;
/// let ring = redis.read_keyring().await?.expect("one was published");
/// let keys = redis.follow_keyring(ring, Duration::from_secs(30))?;
/// let server = Server::builder(&credentials()?).sessions(redis.tls_sessions()?, &keys).anyone()?;
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisSessions {
    asks: SyncSender<Ask>,
    away: Arc<Away>,
    within: Duration,
    name: String,
}

enum Ask {
    Put { name: Vec<u8>, sealed: Vec<u8>, ends: Time },
    Take { name: Vec<u8>, answer: SyncSender<Option<Vec<u8>>>, until: Instant },
}

/// Until when nobody asks, in milliseconds since this was made.
struct Away {
    made: Instant,
    until: AtomicU64,
}

impl Away {
    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_now(&self) -> bool {
        self.now() < self.until.load(Ordering::Relaxed)
    }

    fn begin(&self, error: &Error) {
        let pause = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        let now = self.now();
        if self.until.swap(now.saturating_add(pause), Ordering::Relaxed) <= now {
            tracing::debug!(%error, "Redis has no sessions for a while");
        }
    }
}

impl Redis {
    /// Where [`tls::Server`](crate::tls::Server)s keep sessions there. A thread asks for them, until nobody has this any more.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if there is no thread to be had.
    pub fn tls_sessions(&self) -> Result<RedisSessions> {
        let (asks, asked) = mpsc::sync_channel(WAITING);
        let away = Arc::new(Away { made: Instant::now(), until: AtomicU64::new(0) });
        let asker = Asker { client: self.client.clone(), deadline: self.deadline, away: Arc::clone(&away) };
        thread::Builder::new().name("bulla-sessions".to_owned()).spawn(move || asker.run(&asked))?;
        Ok(RedisSessions { asks, away, within: WITHIN, name: self.name("tls:") })
    }
}

impl RedisSessions {
    /// How long a handshake waits for Redis: five milliseconds unless this says otherwise, a hundred at most.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time.min(LONGEST_WITHIN);
        self
    }

    fn name(&self, id: &[u8; 32]) -> Vec<u8> {
        [self.name.as_bytes(), id].concat()
    }
}

impl SessionStore for RedisSessions {
    fn put(&self, id: &[u8; 32], sealed: Vec<u8>, ends: Time) -> bool {
        if self.away.is_now() || sealed.len() > LONGEST {
            return false;
        }
        self.asks.try_send(Ask::Put { name: self.name(id), sealed, ends }).is_ok()
    }

    fn take(&self, id: &[u8; 32]) -> Option<Vec<u8>> {
        if self.away.is_now() {
            return None;
        }
        let (answer, answered) = mpsc::sync_channel(1);
        let until = Instant::now() + self.within;
        self.asks.try_send(Ask::Take { name: self.name(id), answer, until }).ok()?;
        answered.recv_timeout(self.within).unwrap_or_else(|why| {
            // Otherwise the thread has found out that Redis is away.
            if why == RecvTimeoutError::Timeout {
                self.away.begin(&too_late());
            }
            None
        })
    }
}

/// The thread that asks.
struct Asker {
    client: Client,
    deadline: Duration,
    away: Arc<Away>,
}

impl Asker {
    fn run(self, asked: &Receiver<Ask>) {
        let mut connection = None;
        while let Ok(first) = asked.recv() {
            let mut asks: Vec<Ask> = std::iter::once(first).chain(asked.try_iter().take(AT_ONCE)).collect();
            // Who has gone meanwhile does not use up what is there.
            let now = Instant::now();
            asks.retain(|ask| !matches!(ask, Ask::Take { until, .. } if *until < now));
            if asks.is_empty() {
                continue;
            }
            let done = self.open(connection.take()).and_then(|mut open| {
                answer(&mut open, asks)?;
                Ok(open)
            });
            // What was asked on a connection that has failed may still be answered there: it is given up. Whoever waits hears that by the
            // end of their channel.
            connection = done.map_err(|error| self.away.begin(&from_redis(error))).ok();
        }
    }

    fn open(&self, connection: Option<Connection>) -> RedisResult<Connection> {
        if let Some(connection) = connection {
            return Ok(connection);
        }
        let connection = self.client.get_connection_with_timeout(self.deadline)?;
        connection.set_read_timeout(Some(self.deadline))?;
        connection.set_write_timeout(Some(self.deadline))?;
        Ok(connection)
    }
}

/// Asks all of it in one transaction, in which nobody else takes what is taken: as `GETDEL` does, but no more is read than a session has,
/// whatever lies there.
fn answer(connection: &mut Connection, asks: Vec<Ask>) -> RedisResult<()> {
    let mut all = Pipeline::new();
    all.atomic();
    let mut waiting = Vec::new();
    for ask in asks {
        match ask {
            Ask::Put { name, sealed, ends } => {
                let ends = ends.unix().saturating_mul(1000);
                all.cmd("SET").arg(name).arg(sealed).arg("PXAT").arg(ends).ignore();
            }
            Ask::Take { name, answer, .. } => {
                all.cmd("GETRANGE").arg(&name).arg(0).arg(LONGEST);
                all.cmd("DEL").arg(name).ignore();
                waiting.push(answer);
            }
        }
    }
    let found: Vec<Vec<u8>> = all.query(connection)?;
    for (answer, sealed) in waiting.iter().zip(found) {
        // They may have gone.
        let _ = answer.send(Some(sealed).filter(|sealed| (1..=LONGEST).contains(&sealed.len())));
    }
    Ok(())
}
