//! The side that is connected to: what it shows, and whom it lets in.
use std::any::TypeId;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, ServerConnection, WebPkiClientVerifier};

use super::client::unfit;
use super::credentials::Credentials;
use super::engine::Handshake;
use super::judge::{Judge, Verifier, part};
use super::sessions::{SessionStore, SessionsKept};
use super::settings::Settings;
use super::stream::{Connecting, Stream};
use super::tickets::{Tickets, TicketsKept};
use super::trust::Anyone;
use super::whom::{Admit, Judges};
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::keys::{TokenKeyring, TokenKeys};
use crate::limits::{TLS_CLIENT_TICKET_SECONDS, TLS_TICKET_SECONDS};
use crate::primitives::hash;
use crate::secret::opaque_debug;

/// The side that is connected to. It is made once, and shared by all connections.
///
/// ```no_run
/// use std::io::{Read, Write};
/// use std::net::TcpListener;
/// use bulla::tls::{Credentials, Server, Trust};
/// # fn anchors() -> bulla::Result<bulla::x509::TrustAnchors> { unimplemented!() }
/// # fn credential() -> bulla::Result<bulla::x509::Credential> { unimplemented!() }
/// let server = Server::builder(&Credentials::new([credential()?])?).require_clients(Trust::new(anchors()?))?;
///
/// for socket in TcpListener::bind("127.0.0.1:4433")?.incoming() {
///     let mut stream = server.accept(socket?)?;
///     println!("{} is here", stream.peer().get().subject()); // who has shown a certificate, always
///     stream.write_all(b"hello\n")?;
///     stream.close()?;
/// }
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct Server<P> {
    config: Arc<ServerConfig>,
    judge: Arc<dyn Judge<P>>,
    settings: Settings,
}

impl<P> Clone for Server<P> {
    fn clone(&self) -> Self {
        let (config, judge) = (Arc::clone(&self.config), Arc::clone(&self.judge));
        Server { config, judge, settings: self.settings.clone() }
    }
}

/// A [`Server`] of which it is not said yet whom it lets in.
#[must_use]
pub struct ServerBuilder {
    credentials: Credentials,
    settings: Settings,
    keys: Option<TokenKeys>,
    store: Option<Arc<dyn SessionStore>>,
}

opaque_debug! {
    [P] Server<P> = "Server";
    [] ServerBuilder = "ServerBuilder";
}

/// The purpose that tickets have among what is made with the keys.
struct TicketsOfServers;

impl Server<()> {
    /// One that shows these.
    pub fn builder(credentials: &Credentials) -> ServerBuilder {
        ServerBuilder { credentials: credentials.clone(), settings: Settings::new(), keys: None, store: None }
    }
}

impl ServerBuilder {
    /// Makes connections otherwise than is usual.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Clients that come again are known by tickets that are sealed with these keys. All hosts of a service that have the keys, and
    /// the same settings and trust, know each other's clients, also after a restart: the ring comes from a sealed file
    /// ([`keyring_file`](crate::adapters::keyring_file)) or from Redis. Without this, the server's keys are its own, and are gone
    /// with it.
    ///
    /// A ticket counts for twelve hours, where clients show certificates for ten minutes and never longer than these, and only
    /// where all that decided on the client is as it was: anchors, CRLs, pins, settings. Whoever is known again is also judged
    /// anew.
    ///
    /// # Security
    /// Whoever has the keys reads what is sent with TLS 1.2 over connections that were resumed, and passes for a client that has a
    /// ticket. Rotate them often: every day.
    pub fn tickets(mut self, keys: &TokenKeys) -> Self {
        self.keys = Some(keys.clone());
        self
    }

    /// As [`tickets`](Self::tickets), with what is known of clients kept in a store instead of given to them: what was taken out of it
    /// once counts on no host any more, so that whoever saw a client come again cannot do as it did. They are sealed with these keys
    /// before they leave, and end as tickets do; where the store does not have one, there is a full handshake. With TLS 1.2, who was
    /// known again has to show everything the next time.
    ///
    /// # Security
    /// Who steals the keys needs what is in the store, too. Each connection asks the store, so it takes as long as that does.
    pub fn sessions(mut self, store: impl SessionStore + 'static, keys: &TokenKeys) -> Self {
        self.store = Some(Arc::new(store));
        self.tickets(keys)
    }

    /// Lets anyone in, and asks nobody who they are.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for settings that do not go together, and for a keyring that keeps keys for less than
    /// twelve hours.
    pub fn anyone(self) -> Result<Server<Anyone>> {
        self.build(Arc::new(Anyone), false)
    }

    /// Lets in clients that show a certificate (or key) that is believed, and nobody else.
    ///
    /// # Errors
    /// As [`anyone`](Self::anyone).
    pub fn require_clients<T: Admit>(self, whom: T) -> Result<Server<T::Peer>> {
        let Judges(judge) = whom.into_judge();
        let by_certificates = judge.proof().is_none();
        self.build(judge, by_certificates)
    }

    fn build<P: Send + 'static>(self, judge: Arc<dyn Judge<P>>, asks: bool) -> Result<Server<P>> {
        let ServerBuilder { credentials, settings, keys, store } = self;
        settings.suit(&*judge)?;
        let provider = settings.provider();
        let verifier = Verifier::new(Arc::clone(&judge), provider.signature_verification_algorithms);
        let builder = ServerConfig::builder_with_details(Arc::new(provider), settings.rustls_clock())
            .with_protocol_versions(settings.versions())
            .map_err(|error| unfit(&error))?;
        let builder = match asks {
            true => builder.with_client_cert_verifier(Arc::new(verifier)),
            false => builder.with_client_cert_verifier(WebPkiClientVerifier::no_client_auth()),
        };
        let mut config = builder.with_cert_resolver(credentials.resolver());
        config.alpn_protocols = settings.protocols.clone();
        config.max_fragment_size = settings.fragment;
        config.require_ems = true;
        if let Some(log) = settings.key_log() {
            config.key_log = log;
        }
        if settings.resumes {
            know_again(&mut config, keys, store, policy(&*judge, &settings), asks, &settings)?;
        } else if keys.is_some() {
            let why = "there are keys for tickets, and nobody is to be known again";
            return Err(Error::usage("settings", why, "give no keys, or leave out `without_resumption`"));
        } else {
            config.send_tls13_tickets = 0;
            config.session_storage = Arc::new(NoServerSessionStorage {});
        }
        Ok(Server { config: Arc::new(config), judge, settings })
    }
}

/// Has clients that come again known, by tickets or from the store.
fn know_again(
    config: &mut ServerConfig,
    keys: Option<TokenKeys>,
    store: Option<Arc<dyn SessionStore>>,
    policy: [u8; 32],
    asks: bool,
    settings: &Settings,
) -> Result<()> {
    let seconds = if asks { TLS_CLIENT_TICKET_SECONDS } else { TLS_TICKET_SECONDS };
    let clock = Arc::clone(&settings.clock);
    let keys = keys.map_or_else(|| own_keys(clock()), Ok)?;
    let made = TypeId::of::<TicketsOfServers>();
    keys.register("bulla tls ticket".to_owned(), made, Duration::from_secs(TLS_TICKET_SECONDS))?;
    let tickets = Tickets::new(keys, policy, seconds, clock);
    match store {
        Some(store) => config.session_storage = Arc::new(SessionsKept::new(store, tickets)),
        None => {
            let tickets = Arc::new(tickets);
            config.session_storage = Arc::new(TicketsKept::new(Arc::clone(&tickets)));
            config.ticketer = tickets;
        }
    }
    Ok(())
}

/// All that decides whether a client is let in, in a digest.
fn policy<P>(judge: &dyn Judge<P>, settings: &Settings) -> [u8; 32] {
    let mut all = Vec::new();
    part(&mut all, b"bulla tls policy v1");
    judge.describe(&mut all);
    settings.describe(&mut all);
    hash::sha256(&all)
}

/// Keys for one server, as long as it runs.
fn own_keys(now: Time) -> Result<TokenKeys> {
    let longest = Duration::from_secs(TLS_TICKET_SECONDS);
    Ok(TokenKeys::new(TokenKeyring::generate(Duration::ZERO, longest, now)?))
}

impl<P: Send + 'static> Server<P> {
    /// Takes a connection, over a socket (or whatever there is) that leads to the client, and waits until that is done.
    ///
    /// # Errors
    /// Those of [`Handshake::receive`]; [`Io`](crate::ErrorKind::Io), [`CutOff`](crate::ErrorKind::CutOff).
    pub fn accept<S: Read + Write>(&self, socket: S) -> Result<Stream<S, P>> {
        self.begin(socket)?.wait()
    }

    /// Begins to take a connection over a socket that does not block: see [`Connecting`].
    ///
    /// # Errors
    /// As those of [`handshake`](Self::handshake).
    pub fn begin<S: Read + Write>(&self, socket: S) -> Result<Connecting<S, P>> {
        Ok(Connecting::new(self.handshake()?, socket))
    }

    /// Begins to take a connection without a socket.
    ///
    /// # Errors
    /// None in practice.
    pub fn handshake(&self) -> Result<Handshake<P>> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).map_err(|error| unfit(&error))?;
        let (judge, clock) = (Arc::clone(&self.judge), Arc::clone(&self.settings.clock));
        Ok(Handshake::new(connection.into(), judge, clock, None, self.settings.handshake))
    }

    pub(super) fn proves_inside(&self) -> bool {
        self.judge.proof().is_some()
    }

    pub(super) fn config(&self) -> &ServerConfig {
        &self.config
    }
}
