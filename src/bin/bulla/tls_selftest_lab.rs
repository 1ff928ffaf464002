//! The ground of `bulla tls selftest`: an authority with its servers and clients, and two sides that meet over loopback.
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bulla::tls::{Client, Credentials, Facts, Group, Server, ServerBuilder, Settings, Stream, Trust};
use bulla::x509::{Authority, Credential, Issue, Leaf, ServerName, TrustAnchors};
use bulla::{ErrorKind, KeyKind, PrivateKey, Time, TokenKeyring, TokenKeys};

/// Whether something holds; if not, why not.
pub(crate) type Outcome = Result<(), String>;

/// One thing that shall hold, and the work that shows whether it does.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) work: Box<dyn Fn(&Ground) -> Outcome>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, work: impl Fn(&Ground) -> Outcome + 'static) -> Self {
        Row { what: what.into(), work: Box::new(work) }
    }
}

pub(crate) const HOST: &str = "selftest.example";
/// How long one side waits for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// Versions of TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Tls13,
    Tls12,
}

impl Version {
    pub(crate) const ALL: [Version; 2] = [Version::Tls13, Version::Tls12];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Version::Tls13 => "TLS 1.3",
            Version::Tls12 => "TLS 1.2",
        }
    }
}

/// Keys and certificates that the rows have in common.
pub(crate) struct Ground {
    pub(crate) root: Authority,
    pub(crate) server: Arc<Credential>,
    pub(crate) client: Arc<Credential>,
    /// Keys without certificates.
    pub(crate) server_key: Arc<PrivateKey>,
    pub(crate) client_key: Arc<PrivateKey>,
}

/// How the two sides of a row are made.
pub(crate) struct How {
    pub(crate) version: Version,
    keys: TokenKeys,
    /// The server goes by other rules than before: its tickets of before count no more.
    pub(crate) changed: bool,
}

impl How {
    pub(crate) fn new(version: Version) -> bulla::Result<Self> {
        let day = Duration::from_secs(24 * 3600);
        let ring = TokenKeyring::generate(Duration::from_secs(3600), day, Time::now())?;
        Ok(How { version, keys: TokenKeys::new(ring), changed: false })
    }

    pub(crate) fn client(&self) -> Settings {
        let settings = Settings::new().handshake_within(PATIENCE);
        match self.version {
            Version::Tls13 => settings,
            Version::Tls12 => settings.dangerous_without_tls13(),
        }
    }

    /// A server that shows this; all of one `How` have the same keys of tickets, as one has after a restart.
    pub(crate) fn server(&self, credentials: &Credentials) -> bulla::Result<ServerBuilder> {
        let mut settings = Settings::new().handshake_within(PATIENCE);
        if self.version == Version::Tls12 {
            settings = settings.tls12_too();
        }
        if self.changed {
            settings = settings.groups([Group::X25519, Group::P256])?;
        }
        Ok(Server::builder(credentials).settings(settings).tickets(&self.keys))
    }
}

impl Ground {
    pub(crate) fn new() -> bulla::Result<Self> {
        let root = authority("CN=Root of the self-test")?;
        let key = PrivateKey::generate(KeyKind::P256)?;
        let certificate = root.tls_client(key.public(), &"CN=Client".parse()?)?.sign()?;
        let client = Arc::new(Credential::new(key, [certificate])?);
        let bare = || PrivateKey::generate(KeyKind::P256).map(Arc::new);
        let server = issued(&root, HOST, |issue| issue)?;
        Ok(Ground { server, client, root, server_key: bare()?, client_key: bare()? })
    }

    pub(crate) fn trust(&self) -> bulla::Result<Trust> {
        Ok(Trust::new(TrustAnchors::new([self.root.certificate().clone()])?))
    }

    pub(crate) fn of_server(&self) -> bulla::Result<Credentials> {
        Credentials::new([Arc::clone(&self.server)])
    }

    pub(crate) fn of_client(&self) -> bulla::Result<Credentials> {
        Credentials::new([Arc::clone(&self.client)])
    }
}

pub(crate) fn authority(name: &str) -> bulla::Result<Authority> {
    Authority::root(&name.parse()?, PrivateKey::generate(KeyKind::P256)?)
}

/// A server's credential.
pub(crate) fn issued(
    by: &Authority,
    host: &str,
    made: impl for<'a> FnOnce(Issue<'a, Leaf>) -> Issue<'a, Leaf>,
) -> bulla::Result<Arc<Credential>> {
    let key = PrivateKey::generate(KeyKind::P256)?;
    let certificate = made(by.tls_server(key.public(), &[host])?).sign()?;
    Ok(Arc::new(Credential::new(key, [certificate])?))
}

pub(crate) fn host() -> bulla::Result<ServerName> {
    HOST.parse()
}

/// Both ends of a connection over loopback.
pub(crate) fn sockets() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    for socket in [&near, &far] {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
    }
    Ok((near, far))
}

/// How a connection was made, or why it was not, on either side.
pub(crate) struct Met {
    here: bulla::Result<Facts>,
    there: bulla::Result<Facts>,
}

/// Lets the two sides meet: the client does its part here, the server in a thread of its own.
pub(crate) fn meet_by<C: 'static, S: 'static>(
    here: impl FnOnce(TcpStream) -> bulla::Result<Stream<TcpStream, C>>,
    there: impl FnOnce(TcpStream) -> bulla::Result<Stream<TcpStream, S>> + Send + 'static,
) -> bulla::Result<Met> {
    let (near, far) = sockets()?;
    let server = thread::spawn(move || there(far).and_then(echo));
    let here = here(near).and_then(speak);
    let there =
        server.join().unwrap_or_else(|_| Err(io::Error::other("the server's thread has died").into()));
    Ok(Met { here, there })
}

pub(crate) fn meet<C: Send + 'static, S: Send + 'static>(
    client: &Client<C>,
    server: &Server<S>,
) -> bulla::Result<Met> {
    let (host, server) = (host()?, server.clone());
    meet_by(|near| client.connect(&host, near), move |far| server.accept(far))
}

const WORDS: &[u8] = b"what is said comes back";

/// The client says something, and hears it again.
fn speak<C: 'static>(mut stream: Stream<TcpStream, C>) -> bulla::Result<Facts> {
    stream.write_all(WORDS)?;
    stream.close_write()?;
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard)?;
    if heard == WORDS { Ok(stream.facts()) } else { Err(io::Error::other("other words came back").into()) }
}

/// The server says all back, to the end that the client announces.
fn echo<S: 'static>(mut stream: Stream<TcpStream, S>) -> bulla::Result<Facts> {
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard)?;
    stream.write_all(&heard)?;
    let facts = stream.facts();
    stream.close()?;
    Ok(facts)
}

impl Met {
    /// They have met, in that version, and knew each other or not.
    pub(crate) fn made(self, version: Version, resumed: bool) -> Outcome {
        for (side, facts) in [("client", self.here), ("server", self.there)] {
            let facts = facts.map_err(|error| format!("the {side}: {error}"))?;
            if facts.version() != version.name() {
                return Err(format!("the {side} has {} instead of {}", facts.version(), version.name()));
            }
            if facts.is_resumed() != resumed {
                let why = if resumed { "has begun anew" } else { "was known, and must not be" };
                return Err(format!("the {side}'s connection {why}"));
            }
        }
        Ok(())
    }

    /// One side has refused the other, for this reason.
    pub(crate) fn refused(self, kind: ErrorKind) -> Outcome {
        let errors: Vec<bulla::Error> = [self.here.err(), self.there.err()].into_iter().flatten().collect();
        match errors.first() {
            None => Err("it was not refused".to_owned()),
            Some(_) if errors.iter().any(|error| error.kind() == kind) => Ok(()),
            Some(error) => Err(format!("refused for another reason: {error}")),
        }
    }
}

/// What went wrong before anything could be seen.
pub(crate) fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
