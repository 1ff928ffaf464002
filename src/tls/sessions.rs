//! Sessions that are kept where all hosts find them, each of which counts once: nothing leaves a server unsealed.
use std::fmt;
use std::sync::Arc;

use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

use super::tickets::Tickets;
use super::verdict;
use crate::clock::Time;
use crate::limits::TLS_SESSIONS_ASKED;
use crate::secret::{SecretVec, opaque_debug};

/// Where servers keep what they know of their clients, so that each comes again once: [`ServerBuilder::sessions`]. In memory that is
/// [`MemorySessions`], for many hosts `adapters::redis::RedisSessions`.
///
/// What is kept is sealed, and bound to its id: who can read the store learns nothing, and who can write to it can bring back what was
/// taken. It may be lost at any time; then there is a full handshake.
///
/// # Security
/// Both methods are called in the middle of a handshake, on the thread that drives it: they must not wait for longer than a
/// handshake may, and never on a runtime that this thread drives.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use bulla::Time;
/// use bulla::tls::SessionStore;
///
/// struct Shelf(Mutex<HashMap<[u8; 32], Vec<u8>>>); // somebody else's, over the wire
///
/// impl SessionStore for Shelf {
///     fn put(&self, id: &[u8; 32], sealed: Vec<u8>, _ends: Time) -> bool {
///         self.0.lock().unwrap().insert(*id, sealed);
///         true
///     }
///     fn take(&self, id: &[u8; 32]) -> Option<Vec<u8>> {
///         self.0.lock().unwrap().remove(id)
///     }
/// }
/// ```
///
/// [`ServerBuilder::sessions`]: super::ServerBuilder::sessions
pub trait SessionStore: Send + Sync {
    /// Keeps a value until it is taken, or has ended. Gives whether that may be so: if not, the client is not told that it could come
    /// again.
    fn put(&self, id: &[u8; 32], sealed: Vec<u8>, ends: Time) -> bool;

    /// Gives what was kept, to one caller and to no other after it; `None` if there is nothing, or nothing that comes in time.
    fn take(&self, id: &[u8; 32]) -> Option<Vec<u8>>;
}

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn put(&self, id: &[u8; 32], sealed: Vec<u8>, ends: Time) -> bool {
        (**self).put(id, sealed, ends)
    }

    fn take(&self, id: &[u8; 32]) -> Option<Vec<u8>> {
        (**self).take(id)
    }
}

/// Sessions in memory, of one server or of several in a process: so many at most, of which the oldest goes first.
///
/// ```
/// # use bulla::{KeyKind, PrivateKey, Time, TokenKeyring, TokenKeys, x509::{Authority, Credential}};
/// # use std::time::Duration;
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.tls_server(key.public(), &["example.org"])?.sign()?;
/// # let credentials = bulla::tls::Credentials::new([Credential::new(key, [certificate])?])?;
/// use bulla::tls::{MemorySessions, Server};
/// let day = Duration::from_secs(86_400);
/// let keys = TokenKeys::new(TokenKeyring::generate(Duration::ZERO, day, Time::now())?);
/// let server = Server::builder(&credentials).sessions(MemorySessions::new(1000), &keys).anyone()?;
/// # let _ = server;
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct MemorySessions(Arc<ServerSessionMemoryCache>);

opaque_debug! {
    [] MemorySessions = "MemorySessions";
}

impl MemorySessions {
    /// Room for so many. Each takes half a kilobyte, and as much more as its client's certificates have.
    #[must_use]
    pub fn new(most: usize) -> Self {
        MemorySessions(ServerSessionMemoryCache::new(most))
    }
}

impl SessionStore for MemorySessions {
    // Whether it has ended is in the value, and looked at by who opens it.
    fn put(&self, id: &[u8; 32], sealed: Vec<u8>, _ends: Time) -> bool {
        self.0.put(id.to_vec(), sealed)
    }

    fn take(&self, id: &[u8; 32]) -> Option<Vec<u8>> {
        self.0.take(id)
    }
}

/// A store as rustls calls it.
pub(super) struct SessionsKept {
    store: Arc<dyn SessionStore>,
    tickets: Tickets,
}

impl fmt::Debug for SessionsKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsKept").finish_non_exhaustive()
    }
}

impl SessionsKept {
    pub(super) fn new(store: Arc<dyn SessionStore>, tickets: Tickets) -> Self {
        SessionsKept { store, tickets }
    }
}

impl StoresServerSessions for SessionsKept {
    fn put(&self, id: Vec<u8>, plain: Vec<u8>) -> bool {
        let plain = SecretVec::new(plain);
        let Some(id) = id.first_chunk() else { return false };
        let sealed = self.tickets.seal(id, &plain);
        sealed.is_some_and(|sealed| self.store.put(id, sealed, self.tickets.end()))
    }

    /// TLS 1.2 would leave it there for the next time.
    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.take(id)
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        // All that rustls draws have 32 bytes; clients say what they like (RFC 8446 section 4.2.11), and as often as fits a message.
        let id: &[u8; 32] = id.try_into().ok()?;
        let asked = verdict::with_current(|notes| {
            notes.asked = notes.asked.saturating_add(1);
            notes.asked
        })?;
        if asked > TLS_SESSIONS_ASKED {
            return None;
        }
        self.tickets.open(id, &self.store.take(id)?)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
