//! Where Redis is, and what all that is done there needs.
use std::sync::Arc;
use std::time::Duration;

use ::redis::{Client, ConnectionAddr, IntoConnectionInfo, ProtocolVersion, TlsCertificates};

use super::errors::{from_redis, wrong};
use super::lane::Lane;
use crate::{Key, Result, Time};

/// Where Redis is, under which names bulla's things lie there, and the key that all hosts share.
///
/// That key is for what must not be forged in Redis: it signs revocations and seals keyrings. Everything else that uses Redis must
/// not have it; make it with `bulla keygen --key`, or [`file::write_key`](crate::file::write_key).
#[derive(Clone)]
pub struct Redis {
    pub(super) client: Client,
    pub(super) key: Arc<Key>,
    pub(super) prefix: String,
    pub(super) deadline: Duration,
    pub(super) every: Duration,
    pub(super) clock: Clock,
}

pub(super) type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// Characters of a prefix, which each key carries.
const PREFIX: usize = 64;

impl Redis {
    /// By `rediss://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, with a certificate that the system trusts; by `unix:///PATH`; or by
    /// `redis://` on this machine's own loopback address. It does not connect yet.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) for what is no such address, and for `redis://` to another machine: see
    /// [`open_plaintext`](Self::open_plaintext).
    ///
    /// ```
    /// use bulla::Key;
    /// use bulla::adapters::redis::Redis;
    /// assert!(Redis::open("rediss://:secret@redis.example.org", Key::generate()).is_ok());
    /// assert!(Redis::open("redis://redis.example.org", Key::generate()).is_err());
    /// ```
    pub fn open(url: &str, key: Key) -> Result<Self> {
        let redis = Self::open_plaintext(url, key)?;
        match redis.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, _) if !is_loopback(host) => {
                let advice = "take rediss://, or Redis::open_plaintext if the network itself is encrypted";
                Err(wrong(format!("redis: passwords would go over the network in the clear; {advice}")))
            }
            _ => Ok(redis),
        }
    }

    /// As [`open`](Self::open) by `rediss://`, with a certificate that these anchors vouch for and no others: certificates in PEM.
    ///
    /// # Errors
    /// As [`open`](Self::open); for what are no certificates, too.
    ///
    /// ```no_run
    /// use bulla::{Key, adapters::redis::Redis};
    /// let anchors = std::fs::read("/etc/shop/redis-ca.pem")?;
    /// let key = Key::read_file("/etc/shop/link.key")?;
    /// let redis = Redis::open_with_anchors("rediss://redis.internal:6380", &anchors, key)?;
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn open_with_anchors(url: &str, anchors: &[u8], key: Key) -> Result<Self> {
        if !anchors.windows(BEGIN.len()).any(|window| window == BEGIN) {
            return Err(wrong("redis: there are no certificates in PEM among the anchors; give some"));
        }
        let mut redis = Self::open_plaintext(url, key)?;
        let connection = redis.client.get_connection_info().clone();
        let certificates = TlsCertificates { client_tls: None, root_cert: Some(anchors.to_vec()) };
        redis.client = Client::build_with_tls(connection, certificates).map_err(from_redis)?;
        Ok(redis)
    }

    /// As [`open`](Self::open), also by `redis://` to another machine: whoever listens on the way has the password, and with it
    /// can do what docs/redis.md says of those who write to Redis. For networks that are encrypted underneath.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) for what is no such address.
    pub fn open_plaintext(url: &str, key: Key) -> Result<Self> {
        let connection = url.into_connection_info().map_err(from_redis)?;
        if let ConnectionAddr::TcpTls { insecure, .. } = connection.addr() {
            if *insecure {
                let why = "redis: #insecure would take anybody's certificate; name anchors instead";
                return Err(wrong(why));
            }
            // Without one, rustls panics where a program has several sets of algorithms compiled in. One that the program has
            // chosen stays.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let settings = connection.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        let client = Client::open(connection.set_redis_settings(settings)).map_err(from_redis)?;
        Ok(Redis {
            client,
            key: Arc::new(key),
            prefix: "bulla".to_owned(),
            deadline: Duration::from_millis(500),
            every: Duration::from_millis(250),
            clock: Arc::new(Time::now),
        })
    }

    /// What the names of all keys in Redis begin with; `bulla` unless this says otherwise. Hosts that share have the same, and
    /// nobody else has: it is part of what is signed.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if it is empty or over 64 characters, or not all of it is ASCII that can be seen.
    pub fn prefix(mut self, prefix: &str) -> Result<Self> {
        if prefix.is_empty() || prefix.len() > PREFIX || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(format!("redis: a prefix is 1 to {PREFIX} visible characters; take another")));
        }
        prefix.clone_into(&mut self.prefix);
        Ok(self)
    }

    /// How long Redis may take for one answer, connecting included; half a second unless this says otherwise. A request that asks
    /// waits for as long.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How often hosts look for news: a quarter of a second unless this says otherwise, and a millisecond at least.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every.max(Duration::from_millis(1));
        self
    }

    /// Goes by this clock instead of the system's where it judges revocations: that of the [`Tokens`](crate::cookie::Tokens), for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(super) fn lane(&self) -> Arc<Lane> {
        Lane::new(self.client.clone(), self.deadline)
    }

    /// The name of one of bulla's keys there.
    pub(super) fn name(&self, of: &str) -> String {
        format!("{}:{of}", self.prefix)
    }
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Tasks run where they are made.
pub(super) fn runtime() -> Result<tokio::runtime::Handle> {
    let why = "redis: there is no tokio runtime here; call it from within one";
    tokio::runtime::Handle::try_current().map_err(|_| wrong(why))
}
