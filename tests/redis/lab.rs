//! Hosts that share a server, and sessions that they end.
use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla::adapters::redis::{LinkTask, Redis};
use bulla::cookie::{
    Claims, Lifetime, OnStale, Revocations, Scope, Stamp, Standing, Subject, TokenKeys, Tokens,
};
use bulla::{Key, Time, TokenKeyring};
use serde::{Deserialize, Serialize};

use super::server::Server;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const BOUND: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: u64,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);

    fn subject(&self) -> Option<Subject> {
        Some(subject(self.user))
    }
}

pub(crate) fn subject(user: u64) -> Subject {
    Subject::of(user.to_be_bytes())
}

/// What all hosts of a test have.
pub(crate) struct Lab {
    pub(crate) server: Server,
    key: [u8; 32],
    pub(crate) keys: TokenKeys,
    pub(crate) tokens: Tokens<Login>,
}

pub(crate) struct Host {
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) link: LinkTask,
}

impl Lab {
    pub(crate) fn new() -> Option<Self> {
        Server::start().map(Self::at)
    }

    pub(crate) fn at(server: Server) -> Self {
        let keys = TokenKeys::new(TokenKeyring::generate(Duration::ZERO, HOUR, Time::now()).unwrap());
        let tokens = Tokens::new(&keys, Scope::new("session").unwrap()).unwrap();
        Lab { server, key: *Key::generate().expose_bytes(), keys, tokens }
    }

    pub(crate) fn key(&self) -> Key {
        Key::from_bytes(&self.key)
    }

    pub(crate) fn redis(&self) -> Redis {
        self.redis_by(&self.server.url())
    }

    /// As [`redis`](Self::redis), by another way to the server.
    pub(crate) fn redis_by(&self, url: &str) -> Redis {
        let redis = Redis::open(url, self.key()).unwrap();
        redis.every(Duration::from_millis(20)).deadline(Duration::from_millis(1000))
    }

    pub(crate) fn host(&self) -> Host {
        self.host_by(OnStale::Allow)
    }

    pub(crate) fn host_by(&self, policy: OnStale) -> Host {
        let (revocations, link) = self.redis().link(BOUND, policy).unwrap();
        Host { revocations, link }
    }

    /// One that knows all that was told.
    pub(crate) async fn ready(&self) -> Host {
        let host = self.host();
        assert!(host.link.ready(LIMIT).await);
        host
    }

    pub(crate) fn session(&self, user: u64) -> Stamp {
        *self.tokens.issue(&Login { user }).unwrap().stamp()
    }
}

impl Host {
    pub(crate) fn standing(&self, session: &Stamp) -> Standing {
        self.revocations.standing(session, None, Time::now())
    }

    pub(crate) fn end(&self, session: &Stamp) {
        self.revocations.end(session, Duration::ZERO, Time::now()).unwrap();
    }

    pub(crate) async fn learns(&self, session: &Stamp) {
        until("a host learns what was revoked", || self.standing(session) == Standing::Revoked).await;
    }
}

/// Longer than anything takes that does happen.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < limit, "does not happen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
