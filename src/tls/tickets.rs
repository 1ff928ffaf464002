//! Tickets by which a server knows a client again, over restarts and hosts: what they stand for is bound into them.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};

use super::settings::Clock;
use super::verdict;
use crate::clock::Time;
use crate::keys::{KeyState, TokenKeys};
use crate::limits::{TLS_SESSIONS, TOKEN_LEEWAY_SECONDS};
use crate::primitives::hash;
use crate::primitives::siv::SivKey;
use crate::secret::{Secret, SecretVec};

/// Bound into the keys: they make tickets, and whatever else comes of the ring is none.
const LABEL: &[u8] = b"bulla tls ticket v1";
/// Bytes of a key's mark.
const MARK: usize = 4;
/// Bytes of the times before rustls's own.
const TIMES: usize = 16;

/// Makes tickets, and opens those of all hosts with the same keys and the same policy.
///
/// A ticket is `mark (4) | nonce (12) | sealed | tag (16)`, by AES-256-GCM-SIV (RFC 8452) with the policy as what stands beside; sealed
/// are the second it was made, the second that the client's certificate ends (or 2^63-1), and what rustls wants to know again. What is
/// kept in a store is the same with its id after the policy, so that no two can be exchanged there, and none is a ticket.
pub(super) struct Tickets {
    keys: TokenKeys,
    ready: ArcSwap<Ready>,
    /// A digest of all that decides whether the client would be let in, and by what.
    policy: [u8; 32],
    seconds: u64,
    clock: Clock,
}

/// The keys of a ring, made ready.
struct Ready {
    replaced: u64,
    keys: Vec<ReadyKey>,
}

struct ReadyKey {
    mark: [u8; MARK],
    active: bool,
    key: SivKey,
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

impl Tickets {
    pub(super) fn new(keys: TokenKeys, policy: [u8; 32], seconds: u64, clock: Clock) -> Self {
        let ready = ArcSwap::from_pointee(Ready::of(&keys));
        Tickets { keys, ready, policy, seconds, clock }
    }

    /// The keys as they are now. Whoever sees first that the ring was replaced makes them ready for all.
    fn ready(&self) -> Arc<Ready> {
        let ready = self.ready.load_full();
        if ready.replaced == self.keys.replaced() {
            return ready;
        }
        let anew = Arc::new(Ready::of(&self.keys));
        self.ready.store(Arc::clone(&anew));
        anew
    }

    /// Seals what is kept under an id, or has none because the client keeps it.
    pub(super) fn seal(&self, id: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let until = verdict::with_current(|notes| notes.peer_until)?;
        let ready = self.ready();
        let key = ready.keys.iter().find(|key| key.active)?;
        let until = until.map_or(i64::MAX, Time::unix);
        let times = [(self.clock)().unix().to_be_bytes(), until.to_be_bytes()].concat();
        let whole = SecretVec::new([&times, plain].concat());
        let sealed = key.key.seal(&self.beside(id), &whole).ok()?;
        Some([&key.mark[..], &sealed].concat())
    }

    pub(super) fn open(&self, id: &[u8], ticket: &[u8]) -> Option<Vec<u8>> {
        let (mark, sealed) = ticket.split_first_chunk::<MARK>()?;
        let ready = self.ready();
        let (candidates, beside) = (ready.keys.iter().filter(|key| key.mark == *mark), self.beside(id));
        let plain = candidates.filter_map(|key| key.key.open(&beside, sealed).ok()).next()?;
        let (times, plain) = plain.split_first_chunk::<TIMES>()?;
        let (made, until) = times.split_first_chunk::<8>()?;
        let (made, until) = (i64::from_be_bytes(*made), i64::from_be_bytes(until.try_into().ok()?));
        let now = (self.clock)().unix();
        let age = now.checked_sub(made)?;
        // Below zero if another host's clock is ahead.
        let leeway = i64::try_from(TOKEN_LEEWAY_SECONDS).ok()?;
        if age < -leeway || age >= i64::try_from(self.seconds).ok()? || until < now {
            return None;
        }
        verdict::with_current(|notes| {
            notes.peer_until = (until != i64::MAX).then(|| Time::from_unix(until));
        })?;
        // rustls does not wipe what it gets.
        Some(plain.to_vec())
    }

    fn beside(&self, id: &[u8]) -> Vec<u8> {
        [&self.policy, id].concat()
    }

    /// When what is made now ends, if not before.
    pub(super) fn end(&self) -> Time {
        (self.clock)() + Duration::from_secs(self.seconds)
    }
}

/// Tickets for clients of TLS 1.2 that take none (curl does not): they are kept here, and count as long and as much as others. rustls's
/// own memory would know such a client for ever.
#[derive(Debug)]
pub(super) struct TicketsKept {
    kept: Arc<ServerSessionMemoryCache>,
    tickets: Arc<Tickets>,
}

impl TicketsKept {
    pub(super) fn new(tickets: Arc<Tickets>) -> Self {
        TicketsKept { kept: ServerSessionMemoryCache::new(TLS_SESSIONS), tickets }
    }
}

impl StoresServerSessions for TicketsKept {
    fn put(&self, key: Vec<u8>, plain: Vec<u8>) -> bool {
        let plain = SecretVec::new(plain);
        self.tickets.seal(b"", &plain).is_some_and(|ticket| self.kept.put(key, ticket))
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.tickets.open(b"", &self.kept.get(key)?)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.tickets.open(b"", &self.kept.take(key)?)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl Ready {
    fn of(keys: &TokenKeys) -> Self {
        // Before the ring: one that is replaced meanwhile is looked at again.
        let replaced = keys.replaced();
        let ring = keys.ring();
        let ready = ring.entries().iter().map(|entry| ReadyKey {
            mark: entry.mark(),
            active: entry.state == KeyState::Active,
            key: SivKey::new(&derived(entry.key.expose_bytes())),
        });
        Ready { replaced, keys: ready.collect() }
    }
}

fn derived(key: &[u8; 32]) -> Secret<32> {
    hash::hkdf_sha256(key, &[], LABEL)
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(self.seconds).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.seal(b"", plain)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.open(b"", ticket)
    }
}
