//! Many hosts that share a Redis server: revocations, a store, the keys of tokens, and sessions of TLS (feature `redis`).
//!
//! ```no_run
//! use bulla::adapters::redis::Redis;
//! use bulla::cookie::OnStale;
//! use bulla::Key;
//! use std::time::Duration;
//!
//! # async fn example() -> bulla::Result<()> {
//! let key = Key::read_file("/etc/shop/link.key")?; // all hosts have the same
//! let redis = Redis::open("rediss://redis.example.org", key)?.prefix("shop")?;
//! let (revocations, link) = redis.link(Duration::from_secs(10), OnStale::Ask)?;
//! // … SessionLayer::<Login>::new(&keys, "session", revocations)?
//! link.stop(Duration::from_secs(2)).await; // when the program ends
//! # Ok(())
//! # }
//! ```
//!
//! docs/redis.md says what lies in Redis, how long a revocation takes to reach every host, what happens in each kind of failure,
//! and what somebody can do who writes to Redis. In short: they can keep news from hosts, and end nobody's session.
//!
//! Redis 6.2 or newer, one server or a primary with replicas; not Redis Cluster. All of it runs on tokio, and no request waits
//! for Redis without a deadline. Sessions of TLS ask in a thread of their own.
mod errors;
mod feed;
mod keyring;
mod lane;
mod link;
mod notes;
mod place;
mod queue;
#[cfg(feature = "tls")]
mod sessions;
mod store;
mod table;

pub use self::link::LinkTask;
pub use self::place::Redis;
#[cfg(feature = "tls")]
pub use self::sessions::RedisSessions;
pub use self::store::RedisStore;
