//! The side that connects: whom it believes, what it shows, and to which host.
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::{ClientConnection, Resumption};
use rustls::pki_types;

use super::credentials::Credentials;
use super::engine::Handshake;
use super::judge::{Judge, Verifier};
use super::settings::Settings;
use super::stream::{Connecting, Stream};
use super::whom::{Believe, Judges};
use crate::error::{Error, Result};
use crate::secret::opaque_debug;
use crate::x509::ServerName;

/// The side that connects. It is made once, and shared by all connections, which so resume each other's.
///
/// Whom to believe and which host is meant are always said; there is no way to believe everybody.
///
/// ```no_run
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use bulla::tls::{Client, Trust};
/// # fn anchors() -> bulla::Result<bulla::x509::TrustAnchors> { unimplemented!() }
/// let client = Client::builder(Trust::new(anchors()?)).anonymous()?;
///
/// let socket = TcpStream::connect("www.example.org:443")?;
/// let mut stream = client.connect(&"www.example.org".parse()?, socket)?;
/// stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n")?;
/// let mut page = Vec::new();
/// stream.read_to_end(&mut page)?; // an error, if it was cut short
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct Client<P> {
    config: Arc<ClientConfig>,
    judge: Arc<dyn Judge<P>>,
    settings: Settings,
}

impl<P> Clone for Client<P> {
    fn clone(&self) -> Self {
        let (config, judge) = (Arc::clone(&self.config), Arc::clone(&self.judge));
        Client { config, judge, settings: self.settings.clone() }
    }
}

/// A [`Client`] of which it is not said yet what it shows of itself.
#[must_use]
pub struct ClientBuilder<P> {
    judge: Arc<dyn Judge<P>>,
    settings: Settings,
}

opaque_debug! {
    [P] Client<P> = "Client";
    [P] ClientBuilder<P> = "ClientBuilder";
}

impl Client<()> {
    /// One that believes servers as it is said: [`Trust`](super::Trust) or [`KnownKeys`](super::KnownKeys).
    pub fn builder<T: Believe>(whom: T) -> ClientBuilder<T::Peer> {
        let Judges(judge) = whom.into_judge();
        ClientBuilder { judge, settings: Settings::new() }
    }
}

impl<P: Send + 'static> ClientBuilder<P> {
    /// Makes connections otherwise than is usual.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Shows nothing of itself.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for settings that do not go together.
    pub fn anonymous(self) -> Result<Client<P>> {
        self.build(None)
    }

    /// Shows these to servers that ask.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for settings that do not go together.
    pub fn with(self, credentials: &Credentials) -> Result<Client<P>> {
        self.build(Some(credentials))
    }

    fn build(self, credentials: Option<&Credentials>) -> Result<Client<P>> {
        let ClientBuilder { judge, settings } = self;
        settings.suit(&*judge)?;
        let provider = settings.provider();
        let verifier = Verifier::new(Arc::clone(&judge), provider.signature_verification_algorithms);
        let builder = ClientConfig::builder_with_details(Arc::new(provider), settings.rustls_clock())
            .with_protocol_versions(settings.versions())
            .map_err(|error| unfit(&error))?
            .dangerous() // it is we who judge
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match credentials {
            None => builder.with_no_client_auth(),
            Some(credentials) => builder.with_client_cert_resolver(credentials.resolver()),
        };
        config.alpn_protocols = settings.protocols.clone();
        config.max_fragment_size = settings.fragment;
        config.require_ems = true;
        if !(settings.resumes && judge.can_judge_again()) {
            config.resumption = Resumption::disabled();
        }
        if let Some(log) = settings.key_log() {
            config.key_log = log;
        }
        Ok(Client { config: Arc::new(config), judge, settings })
    }
}

impl<P: Send + 'static> Client<P> {
    /// Connects to a host, over a socket (or whatever there is) that leads to it, and waits until that is done.
    ///
    /// With TLS 1.3 a server that refuses what this client shows says so when it is first read from.
    ///
    /// # Errors
    /// Those of [`Handshake::receive`]; [`Io`](crate::ErrorKind::Io), [`CutOff`](crate::ErrorKind::CutOff).
    pub fn connect<S: Read + Write>(&self, host: &ServerName, socket: S) -> Result<Stream<S, P>> {
        self.begin(host, socket)?.wait()
    }

    /// Begins to connect over a socket that does not block: see [`Connecting`].
    ///
    /// # Errors
    /// As those of [`handshake`](Self::handshake).
    pub fn begin<S: Read + Write>(&self, host: &ServerName, socket: S) -> Result<Connecting<S, P>> {
        Ok(Connecting::new(self.handshake(host)?, socket))
    }

    /// Begins to connect without a socket.
    ///
    /// # Errors
    /// None in practice.
    pub fn handshake(&self, host: &ServerName) -> Result<Handshake<P>> {
        let name = match host.address() {
            Some(address) => pki_types::ServerName::IpAddress(address.into()),
            None => pki_types::ServerName::try_from(host.to_string())
                .map_err(|_| Error::usage("host name", "TLS cannot ask for it", "give its whole name"))?,
        };
        let connection =
            ClientConnection::new(Arc::clone(&self.config), name).map_err(|error| unfit(&error))?;
        let (judge, clock) = (Arc::clone(&self.judge), Arc::clone(&self.settings.clock));
        let within = self.settings.handshake;
        Ok(Handshake::new(connection.into(), judge, clock, Some(host.clone()), within))
    }

    pub(super) fn proves_inside(&self) -> bool {
        self.judge.proof().is_some()
    }

    pub(super) fn config(&self) -> &ClientConfig {
        &self.config
    }
}

/// What rustls says of settings that do not go together.
pub(super) fn unfit(error: &rustls::Error) -> Error {
    Error::usage("settings", error.to_string(), "allow a suite for each version that is allowed")
}
