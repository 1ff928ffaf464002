//! What a connection may be made of: versions, suites, groups, protocols, sizes. All but one method only take away.
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{CipherSuite, NamedGroup, SupportedProtocolVersion};

use super::judge::Judge;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::primitives::tls;
use crate::secret::opaque_debug;

/// How connections are made, where not as usual: TLS 1.3 with any [`Suite`] and [`Group`].
///
/// Only [`tls12_too`](Self::tls12_too) allows more than is usual.
///
/// ```
/// use bulla::tls::{Group, Settings};
/// let quantum_safe = Settings::new().groups([Group::X25519MlKem768])?.protocols(["h2", "http/1.1"])?;
/// # let _ = quantum_safe;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Settings {
    groups: Vec<Group>,
    suites: Vec<Suite>,
    tls12: bool,
    tls13: bool,
    pub(super) protocols: Vec<Vec<u8>>,
    pub(super) fragment: Option<usize>,
    pub(super) handshake: Duration,
    pub(super) resumes: bool,
    pub(super) logs_keys: bool,
    pub(super) clock: Clock,
}

pub(super) type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

opaque_debug! {
    [] Settings = "Settings";
    [] RustlsClock = "Clock";
}

/// How two sides agree on a key (RFC 8446 section 4.2.7), best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Group {
    /// X25519 and ML-KEM-768 together: what is recorded today stays secret from tomorrow's quantum computers
    /// (draft-ietf-tls-ecdhe-mlkem).
    X25519MlKem768,
    /// X25519 (RFC 7748).
    X25519,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
}

/// How records are encrypted (RFC 8446 appendix B.4, RFC 5289, RFC 7905).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Suite {
    /// AES-256-GCM.
    Aes256Gcm,
    /// AES-128-GCM.
    Aes128Gcm,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
}

impl Group {
    const ALL: [Group; 4] = [Group::X25519MlKem768, Group::X25519, Group::P256, Group::P384];

    fn is(self, name: NamedGroup) -> bool {
        name == match self {
            Group::X25519MlKem768 => NamedGroup::X25519MLKEM768,
            Group::X25519 => NamedGroup::X25519,
            Group::P256 => NamedGroup::secp256r1,
            Group::P384 => NamedGroup::secp384r1,
        }
    }
}

impl Suite {
    const ALL: [Suite; 3] = [Suite::Aes256Gcm, Suite::Aes128Gcm, Suite::ChaCha20Poly1305];

    fn is(self, name: CipherSuite) -> bool {
        use CipherSuite as C;
        match self {
            Suite::Aes256Gcm => matches!(
                name,
                C::TLS13_AES_256_GCM_SHA384
                    | C::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
                    | C::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
            ),
            Suite::Aes128Gcm => matches!(
                name,
                C::TLS13_AES_128_GCM_SHA256
                    | C::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                    | C::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            ),
            Suite::ChaCha20Poly1305 => matches!(
                name,
                C::TLS13_CHACHA20_POLY1305_SHA256
                    | C::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                    | C::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
            ),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// What is usual.
    pub fn new() -> Self {
        Settings {
            groups: Group::ALL.to_vec(),
            suites: Suite::ALL.to_vec(),
            tls12: false,
            tls13: true,
            protocols: Vec::new(),
            fragment: None,
            handshake: Duration::from_secs(60),
            resumes: true,
            logs_keys: false,
            clock: Arc::new(Time::now),
        }
    }

    /// Also TLS 1.2 (RFC 5246), for peers that have nothing newer, with ephemeral keys, AEAD and the extended master secret
    /// (RFC 7627) alone. There is nothing older.
    pub fn tls12_too(mut self) -> Self {
        self.tls12 = true;
        self
    }

    /// TLS 1.2 as [`tls12_too`](Self::tls12_too) allows it, and no TLS 1.3: to see whether a peer has it, or for one that breaks where
    /// 1.3 is spoken of.
    ///
    /// # Security
    /// What is recorded today can be read by whoever has a quantum computer one day, and certificates are sent in the clear.
    pub fn dangerous_without_tls13(mut self) -> Self {
        (self.tls12, self.tls13) = (true, false);
        self
    }

    /// Agrees on keys by these groups alone, of those that were left.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if none is left.
    pub fn groups(mut self, groups: impl IntoIterator<Item = Group>) -> Result<Self> {
        let allowed: Vec<Group> = groups.into_iter().collect();
        self.groups.retain(|group| allowed.contains(group));
        left(self.groups.is_empty(), "group").map(|()| self)
    }

    /// Encrypts by these suites alone, of those that were left.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if none is left.
    pub fn suites(mut self, suites: impl IntoIterator<Item = Suite>) -> Result<Self> {
        let allowed: Vec<Suite> = suites.into_iter().collect();
        self.suites.retain(|suite| allowed.contains(suite));
        left(self.suites.is_empty(), "suite").map(|()| self)
    }

    /// The protocols that are spoken over the connection, best first (ALPN, RFC 7301): `h2`, say. Where both sides name some, and
    /// none is common, there is no connection.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a name that is empty or has over 255 bytes, and for over 64 names.
    pub fn protocols<N: AsRef<[u8]>>(mut self, names: impl IntoIterator<Item = N>) -> Result<Self> {
        self.protocols = names.into_iter().map(|name| name.as_ref().to_vec()).collect();
        let sound = |name: &Vec<u8>| (1..=255).contains(&name.len());
        if self.protocols.len() <= 64 && self.protocols.iter().all(sound) {
            return Ok(self);
        }
        let why = "a name has 1 to 255 bytes, and there are at most 64";
        Err(Error::usage("protocols", why, "name those that are registered for ALPN"))
    }

    /// Sends records of at most so many bytes, their five bytes of header included: 32 to 16 389, which is usual.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for another figure.
    pub fn fragment(mut self, bytes: usize) -> Result<Self> {
        if !(32..=16_389).contains(&bytes) {
            let why = format!("{bytes} bytes is none of 32 to 16389");
            return Err(Error::usage("size of records", why, "give one that is"));
        }
        self.fragment = Some(bytes.min(self.fragment.unwrap_or(bytes)));
        Ok(self)
    }

    /// Gives up a connection that is not made within this time: a minute is usual, and the most. A socket that blocks must have
    /// time-outs of its own: nobody looks at the clock while it waits.
    pub fn handshake_within(mut self, time: Duration) -> Self {
        self.handshake = self.handshake.min(time);
        self
    }

    /// Knows nobody again: each connection is made whole, with all proofs. A server gives no tickets, and a client keeps none: by a ticket
    /// a server can tell that two connections are one client's (RFC 8446 appendix C.4).
    pub fn without_resumption(mut self) -> Self {
        self.resumes = false;
        self
    }

    /// Goes by this clock, in tests and where a tool looks at another day.
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Writes the keys of connections into the file that the environment's `SSLKEYLOGFILE` names, and does nothing where it names
    /// none: Wireshark reads connections with it.
    ///
    /// # Security
    /// Whoever gets that file reads all that was sent. The log warns when keys are written.
    pub fn dangerous_key_log(mut self) -> Self {
        self.logs_keys = true;
        self
    }

    pub(super) fn provider(&self) -> CryptoProvider {
        let suite = |name| self.suites.iter().any(|suite| suite.is(name));
        let group = |name| self.groups.iter().any(|group| group.is(name));
        tls::provider(suite, group)
    }

    pub(super) fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        match (self.tls12, self.tls13) {
            (true, true) => rustls::ALL_VERSIONS,
            (true, false) => &ONLY_TLS12,
            (false, _) => &ONLY_TLS13,
        }
    }

    /// Whether peers can be judged so over all versions that are allowed.
    pub(super) fn suit<P>(&self, judge: &dyn Judge<P>) -> Result<()> {
        if !self.tls12 || (judge.proof().is_none() && !judge.is_for_bare_keys()) {
            return Ok(());
        }
        let why = "bare keys, and proofs inside of a connection, are for TLS 1.3 alone";
        Err(Error::usage("settings", why, "leave out `tls12_too`"))
    }

    pub(super) fn key_log(&self) -> Option<Arc<dyn rustls::KeyLog>> {
        let names_file = std::env::var_os("SSLKEYLOGFILE").is_some_and(|name| !name.is_empty());
        if !self.logs_keys || !names_file {
            return None;
        }
        tracing::warn!(
            "the keys of connections are written to SSLKEYLOGFILE: whoever has that file reads them"
        );
        Some(Arc::new(rustls::KeyLogFile::new()))
    }

    pub(super) fn rustls_clock(&self) -> Arc<dyn TimeProvider> {
        Arc::new(RustlsClock(Arc::clone(&self.clock)))
    }

    /// What a ticket depends on: the order counts where it says what is best.
    pub(super) fn describe(&self, into: &mut Vec<u8>) {
        super::judge::part(
            into,
            format!("{:?} {:?} {} {}", self.groups, self.suites, self.tls12, self.tls13).as_bytes(),
        );
        for name in &self.protocols {
            super::judge::part(into, name);
        }
    }
}

static ONLY_TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
static ONLY_TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

fn left(nothing: bool, what: &str) -> Result<()> {
    if !nothing {
        return Ok(());
    }
    Err(Error::usage("settings", format!("no {what} is left"), "leave one that both sides have"))
}

/// The clock as rustls asks it.
struct RustlsClock(Clock);

impl TimeProvider for RustlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from((self.0)().unix()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
