//! Keys that both sides have beforehand: each proves to the other that it has the key, inside of the connection.
//!
//! TLS 1.3 has pre-shared keys (RFC 8446 section 2.2), and rustls 0.23 has not. What takes their place is HMAC over what only these two
//! have in common and only here: `HKDF-SHA-256(salt = exporter, key, "bulla shared key v1" | role | identity)` (RFC 5869), with the
//! connection's exporter (RFC 8446 section 7.5, as RFC 9266 binds channels), the role of who proves, and the client's identity. Who is
//! in the middle has two connections with two exporters, and can pass on neither proof.
use std::collections::HashMap;
use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::judge::{Judge, Presented, part};
use super::proof::{Binding, Proof, Turn, unsound};
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{SHARED_KEY_BYTES, SHARED_KEY_IDENTITY_BYTES, SHARED_KEY_MAX_BYTES, SHARED_KEYS};
use crate::primitives::{hash, random};
use crate::secret::{Secret, SecretVec, opaque_debug};
use crate::verified::Verified;

/// A key that two sides have, at random: 16 bytes at least, since who pretends to be a server can try shorter ones and passwords at
/// home.
///
/// ```
/// use bulla::tls::SharedKey;
/// let key = SharedKey::generate();
/// let theirs = SharedKey::from_bytes(key.expose_bytes())?;
/// assert!(SharedKey::from_bytes(b"hunter2").is_err());
/// # let _ = theirs;
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct SharedKey(SecretVec);

/// Where a server has its clients' keys.
///
/// ```
/// use bulla::tls::{SharedKey, SharedKeyStore, SharedKeys};
/// let mut keys = SharedKeys::new();
/// keys.add("meter 7", SharedKey::generate())?;
/// assert!(keys.find("meter 7")?.is_some() && keys.find("meter 8")?.is_none());
/// # Ok::<(), bulla::Error>(())
/// ```
pub trait SharedKeyStore: Send + Sync {
    /// The key of whoever is called that; `None` if there is nobody.
    ///
    /// It is asked in the middle of a handshake: what has to be fetched from afar is better there before.
    ///
    /// # Errors
    /// What keeps it from looking. Nobody comes in then.
    fn find(&self, identity: &str) -> Result<Option<Arc<SharedKey>>>;
}

/// Keys in memory.
#[derive(Default)]
pub struct SharedKeys(HashMap<String, Arc<SharedKey>>);

/// Who has proven to have a key: the client's identity, on both sides.
pub type KeyHolder = Verified<String, ProvenByKey>;

/// That it was proven by a shared key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ProvenByKey;

/// For a client: it has this key, under this name, and believes the server that has it, too. The server's certificate is not looked at.
///
/// ```
/// use bulla::tls::{ByKey, Client, SharedKey};
/// let client = Client::builder(ByKey::new("meter 7", SharedKey::generate())?).anonymous()?;
/// # let _ = client;
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct ByKey {
    identity: String,
    key: Arc<SharedKey>,
}

/// For a server: it lets in those who have a key in the store.
///
/// ```
/// # use bulla::{KeyKind, PrivateKey, x509::{Authority, Credential}};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.tls_server(key.public(), &["example.org"])?.sign()?;
/// # let credentials = bulla::tls::Credentials::new([Credential::new(key, [certificate])?])?;
/// use bulla::tls::{ByKeys, Server, SharedKey, SharedKeys};
/// let mut keys = SharedKeys::new();
/// keys.add("meter 7", SharedKey::generate())?;
/// let server = Server::builder(&credentials).require_clients(ByKeys::new(keys))?;
/// # let _ = server;
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct ByKeys {
    store: Arc<dyn SharedKeyStore>,
}

opaque_debug! {
    [] SharedKey = "SharedKey";
    [] SharedKeys = "SharedKeys";
    [] ByKey = "ByKey";
    [] ByKeys = "ByKeys";
}

impl SharedKey {
    /// A new one, of 32 bytes.
    #[must_use]
    pub fn generate() -> Self {
        SharedKey(SecretVec::new(random::bytes::<32>().to_vec()))
    }

    /// One that was made at random elsewhere.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if it has not 16 to 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if (SHARED_KEY_BYTES..=SHARED_KEY_MAX_BYTES).contains(&bytes.len()) {
            return Ok(SharedKey(SecretVec::new(bytes.to_vec())));
        }
        let why = "it has not 16 to 64 bytes, made at random";
        Err(Error::usage(
            "shared key",
            why,
            "make one by `SharedKey::generate`; what people remember is no key",
        ))
    }

    /// Its bytes, to be given to the other side.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    fn proof(&self, role: &[u8], identity: &str, binding: &Binding) -> Secret<32> {
        let mut info = b"bulla shared key v1".to_vec();
        part(&mut info, role);
        part(&mut info, identity.as_bytes());
        hash::hkdf_sha256(&self.0, &**binding, &info)
    }
}

impl SharedKeys {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, or another for the same name.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a name that has not 1 to 255 bytes;
    /// [`OverLimit`](crate::ErrorKind::OverLimit) over 65 536 of them.
    pub fn add(&mut self, identity: &str, key: SharedKey) -> Result<()> {
        let identity = checked(identity)?;
        if self.0.len() >= SHARED_KEYS && !self.0.contains_key(&identity) {
            let why = format!("there are {SHARED_KEYS} already");
            return Err(Error::over_limit(
                "shared keys",
                why,
                "keep them in a store of your own: `SharedKeyStore`",
            ));
        }
        self.0.insert(identity, Arc::new(key));
        Ok(())
    }

    /// Takes one away. Gives whether there was one.
    pub fn remove(&mut self, identity: &str) -> bool {
        self.0.remove(identity).is_some()
    }

    /// Their names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn key(&self, identity: &str) -> Option<&SharedKey> {
        self.0.get(identity).map(|key| &**key)
    }
}

impl SharedKeyStore for SharedKeys {
    fn find(&self, identity: &str) -> Result<Option<Arc<SharedKey>>> {
        Ok(self.0.get(identity).cloned())
    }
}

fn checked(identity: &str) -> Result<String> {
    if (1..=SHARED_KEY_IDENTITY_BYTES).contains(&identity.len()) {
        return Ok(identity.to_owned());
    }
    Err(Error::usage("identity", "it has not 1 to 255 bytes", "take a name for the one who has the key"))
}

impl ByKey {
    /// This key, under the name that the server knows it by.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a name that has not 1 to 255 bytes.
    pub fn new(identity: &str, key: SharedKey) -> Result<Self> {
        Ok(ByKey { identity: checked(identity)?, key: Arc::new(key) })
    }
}

impl ByKeys {
    /// Those of whom a store knows.
    pub fn new(store: impl SharedKeyStore + 'static) -> Self {
        ByKeys { store: Arc::new(store) }
    }
}

const CLIENT: &[u8] = b"client";
const SERVER: &[u8] = b"server";

const VERSION: u8 = 1;
const ACCEPTED: u8 = 1;
const REFUSED: u8 = 0;
/// Bytes of a proof.
const PROOF: usize = 32;

/// The client: it proves first.
struct Holder {
    identity: String,
    key: Arc<SharedKey>,
}

impl Proof<KeyHolder> for Holder {
    /// `1 | length of the identity (1) | identity | proof (32)`
    fn begin(&mut self, binding: &Binding) -> Result<Option<Vec<u8>>> {
        let length = u8::try_from(self.identity.len()).map_err(|_| unsound())?;
        let mut said = vec![VERSION, length];
        said.extend_from_slice(self.identity.as_bytes());
        said.extend_from_slice(self.key.proof(CLIENT, &self.identity, binding).expose());
        Ok(Some(said))
    }

    /// `1 | 1 | proof (32)`, or `1 | 0`
    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<KeyHolder>> {
        match heard {
            [VERSION, ACCEPTED, proof @ ..] => {
                check(proof, &self.key.proof(SERVER, &self.identity, binding))?;
                Ok(Turn::Knows(Verified::new(self.identity.clone(), ProvenByKey), None))
            }
            [VERSION, REFUSED] => Err(Error::new(
                ErrorKind::PeerRefused,
                "the peer refused",
                "it does not know the identity, or the key is another",
                "look whether both sides have the same key under that name",
            )),
            _ => Err(unsound()),
        }
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        None
    }
}

/// The server: it looks for the key, and proves that it has it when the client has.
struct Keeper {
    store: Arc<dyn SharedKeyStore>,
}

impl Proof<KeyHolder> for Keeper {
    fn begin(&mut self, _: &Binding) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<KeyHolder>> {
        let [VERSION, length, rest @ ..] = heard else { return Err(unsound()) };
        let (identity, proof) = rest.split_at_checked(usize::from(*length)).ok_or_else(unsound)?;
        let identity = str::from_utf8(identity).map_err(|_| unsound())?;
        // Whoever nobody knows is compared with a key that nobody has: it takes as long.
        let key = self.store.find(identity)?.unwrap_or_else(|| Arc::new(SharedKey::generate()));
        check(proof, &key.proof(CLIENT, identity, binding))?;
        let mut said = vec![VERSION, ACCEPTED];
        said.extend_from_slice(key.proof(SERVER, identity, binding).expose());
        Ok(Turn::Knows(Verified::new(identity.to_owned(), ProvenByKey), Some(said)))
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        Some(vec![VERSION, REFUSED])
    }
}

fn check(proof: &[u8], right: &Secret<PROOF>) -> Result<()> {
    if bool::from(proof.ct_eq(right.expose())) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unauthentic,
        "the peer's proof",
        "it does not have the key of that name, or somebody is in the middle",
        "do not go on; look whether both sides have the same key under that name",
    ))
}

impl Judge<KeyHolder> for ByKey {
    fn judge(&self, _: &Presented<'_>) -> Result<KeyHolder> {
        Err(not_by_certificates())
    }

    fn until(&self, _: &KeyHolder) -> Option<Time> {
        None
    }

    fn proof(&self) -> Option<Box<dyn Proof<KeyHolder>>> {
        Some(Box::new(Holder { identity: self.identity.clone(), key: Arc::clone(&self.key) }))
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"shared key");
    }
}

impl Judge<KeyHolder> for ByKeys {
    fn judge(&self, _: &Presented<'_>) -> Result<KeyHolder> {
        Err(not_by_certificates())
    }

    fn until(&self, _: &KeyHolder) -> Option<Time> {
        None
    }

    fn proof(&self) -> Option<Box<dyn Proof<KeyHolder>>> {
        Some(Box::new(Keeper { store: Arc::clone(&self.store) }))
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"shared keys");
    }
}

/// Nobody asks.
fn not_by_certificates() -> Error {
    Error::new(ErrorKind::Untrusted, "the peer", "it has proven nothing yet", "do not go on")
}
