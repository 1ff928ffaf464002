//! A CA with servers and clients, and two sides that talk in memory or over loopback.
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use bulla::tls::{Anyone, CertifiedPeer, Client, Credentials, Engine, Handshake, Server, Settings, Trust};
use bulla::x509::{Authority, Certificate, Credential, CrlIssue, Issue, Leaf, TrustAnchors};
use bulla::{ErrorKind, KeyKind, PrivateKey, PublicKey, Result, Time};

pub(crate) struct Lab {
    pub(crate) root: Authority,
}

pub(crate) const HOST: &str = "www.example.org";

impl Lab {
    pub(crate) fn new() -> Self {
        Self::named("CN=Example Root")
    }

    pub(crate) fn named(name: &str) -> Self {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        Lab { root: Authority::root(&name.parse().unwrap(), key).unwrap() }
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        TrustAnchors::new([self.root.certificate().clone()]).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::new(self.anchors())
    }

    /// A server's credential, made as it is said.
    pub(crate) fn server_by(
        &self,
        hosts: &[&str],
        made: impl for<'a> FnOnce(Issue<'a, Leaf>) -> Issue<'a, Leaf>,
    ) -> Arc<Credential> {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let issue = self.root.tls_server(key.public(), hosts).unwrap();
        let certificate = made(issue).sign().unwrap();
        Arc::new(Credential::new(key, [certificate]).unwrap())
    }

    pub(crate) fn credential(&self, host: &str) -> Arc<Credential> {
        self.server_by(&[host], |issue| issue)
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new([self.credential(HOST)]).unwrap()
    }

    pub(crate) fn client_certificate(&self, key: &PublicKey, name: &str) -> Certificate {
        self.root.tls_client(key, &name.parse().unwrap()).unwrap().sign().unwrap()
    }

    pub(crate) fn client_credential(&self, name: &str) -> Arc<Credential> {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let certificate = self.client_certificate(key.public(), name);
        Arc::new(Credential::new(key, [certificate]).unwrap())
    }

    pub(crate) fn crl(&self) -> CrlIssue<'_> {
        CrlIssue::by(self.root.certificate(), self.root.credential().key()).unwrap()
    }

    pub(crate) fn server(&self) -> Server<Anyone> {
        Server::builder(&self.credentials()).anyone().unwrap()
    }

    pub(crate) fn client(&self) -> Client<CertifiedPeer> {
        Client::builder(self.trust()).anonymous().unwrap()
    }

    /// A client that shows who it is.
    pub(crate) fn client_as(&self, name: &str) -> Client<CertifiedPeer> {
        let credentials = Credentials::new([self.client_credential(name)]).unwrap();
        Client::builder(self.trust()).with(&credentials).unwrap()
    }
}

/// Two ends of a connection in memory: what the one sends, the other gets.
pub(crate) fn exchange<A: 'static, B: 'static>(
    client: &mut Handshake<A>,
    server: &mut Handshake<B>,
) -> (Result<()>, Result<()>) {
    let (mut of_client, mut of_server) = (Ok(()), Ok(()));
    for _ in 0..20 {
        let mut wire = Vec::new();
        client.send_to(&mut wire).unwrap();
        if of_server.is_ok() && !wire.is_empty() {
            of_server = server.receive(&wire).map(drop);
        }
        let mut wire = Vec::new();
        server.send_to(&mut wire).unwrap();
        if of_client.is_ok() && !wire.is_empty() {
            of_client = client.receive(&wire).map(drop);
        }
    }
    (of_client, of_server)
}

/// Both ends of a connection that is made.
pub(crate) fn connected<A: Send + 'static, B: Send + 'static>(
    client: &Client<A>,
    server: &Server<B>,
) -> Result<(Engine<A>, Engine<B>)> {
    let mut from = client.handshake(&HOST.parse()?)?;
    let mut to = server.handshake()?;
    let (of_client, of_server) = exchange(&mut from, &mut to);
    // Who refuses the other says why; the other has but the alert.
    match (of_client, of_server) {
        (Err(error), Ok(())) | (Ok(()), Err(error)) => return Err(error),
        (Err(of_client), Err(of_server)) if of_client.kind() == ErrorKind::PeerRefused => {
            return Err(of_server);
        }
        (Err(of_client), Err(_)) => return Err(of_client),
        (Ok(()), Ok(())) => {}
    }
    let (mut from, mut to) = (from.finish()?, to.finish()?);
    passes(&mut to, &mut from);
    Ok((from, to))
}

/// Brings what waits at one end to the other.
pub(crate) fn passes<A: 'static, B: 'static>(from: &mut Engine<A>, to: &mut Engine<B>) {
    let mut wire = Vec::new();
    from.send_to(&mut wire).unwrap();
    assert_eq!(to.receive(&wire).unwrap(), wire.len());
}

/// Says something at one end, and hears it at the other.
pub(crate) fn says<A: 'static, B: 'static>(from: &mut Engine<A>, to: &mut Engine<B>, words: &[u8]) {
    from.write_all(words).unwrap();
    passes(from, to);
    let mut heard = vec![0; words.len()];
    to.read_exact(&mut heard).unwrap();
    assert_eq!(heard, words);
}

/// A connected pair of sockets.
pub(crate) fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    (near, far)
}

/// Runs the server's side in a thread, and gives what comes of it.
pub(crate) fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::spawn(work)
}

/// Reads to the announced end.
pub(crate) fn all(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map(|_| bytes)
}

/// Settings that go by a clock which a test moves.
pub(crate) fn at(clock: &Hand) -> Settings {
    let clock = clock.clone();
    Settings::new().clock(move || clock.now())
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct Hand(Arc<std::sync::Mutex<Time>>);

impl Hand {
    pub(crate) fn new() -> Self {
        Hand(Arc::new(std::sync::Mutex::new(Time::now())))
    }

    pub(crate) fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        *now = *now + std::time::Duration::from_secs(seconds);
    }
}
