//! Tickets: a client shows any bytes for one, to a server with keys of tickets and to one that keeps sessions.
use std::sync::LazyLock;
use std::time::Duration;

use bulla::tls::{Anyone, Client, Credentials, MemorySessions, Server, Trust};
use bulla::x509::{Authority, Credential, ServerName, TrustAnchors};
use bulla::{KeyKind, PrivateKey, Time, TokenKeyring, TokenKeys};

/// A server, and what a client says to it that it knows.
struct Known {
    server: Server<Anyone>,
    hello: Hello,
}

/// A ClientHello in one record, and where what depends on the ticket's length lies (RFC 8446 sections 4.1.2 and 4.2.11).
struct Hello {
    bytes: Vec<u8>,
    /// Of the length of all extensions, and of the extension `pre_shared_key`, which is the last.
    extensions: usize,
    shared_key: usize,
    ticket: Vec<u8>,
}

static KNOWN: LazyLock<[Known; 2]> = LazyLock::new(|| {
    let key = || PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Root".parse().unwrap(), key()).unwrap();
    let of_server = key();
    let certificate = root.tls_server(of_server.public(), &["example.org"]).unwrap().sign().unwrap();
    let credentials = Credentials::new([Credential::new(of_server, [certificate]).unwrap()]).unwrap();
    let day = Duration::from_secs(86_400);
    let keys = TokenKeys::new(TokenKeyring::generate(Duration::ZERO, day, Time::now()).unwrap());
    let trust = || Trust::new(TrustAnchors::new([root.certificate().clone()]).unwrap());
    let by_tickets = Server::builder(&credentials).tickets(&keys).anyone().unwrap();
    let by_store = Server::builder(&credentials).sessions(MemorySessions::new(64), &keys).anyone().unwrap();
    [by_tickets, by_store].map(|server| {
        let client = Client::builder(trust()).anonymous().unwrap();
        let host: ServerName = "example.org".parse().unwrap();
        let (mut near, mut far) = (client.handshake(&host).unwrap(), server.handshake().unwrap());
        for _ in 0..3 {
            let (mut there, mut back) = (Vec::new(), Vec::new());
            near.send_to(&mut there).unwrap();
            far.receive(&there).unwrap();
            far.send_to(&mut back).unwrap();
            near.receive(&back).unwrap();
        }
        let mut bytes = Vec::new();
        client.handshake(&host).unwrap().send_to(&mut bytes).unwrap();
        Known { server, hello: Hello::of(bytes) }
    })
});

/// A number of two bytes.
fn number(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

impl Hello {
    fn of(bytes: Vec<u8>) -> Self {
        // Record (5), message (4), version (2), random (32), session id, suites, compression.
        let mut at = 43;
        at += 1 + usize::from(bytes[at]);
        at += 2 + number(&bytes, at);
        at += 1 + usize::from(bytes[at]);
        let (extensions, mut each) = (at, at + 2);
        while number(&bytes, each) != 41 {
            each += 4 + number(&bytes, each + 2);
        }
        let shared_key = each + 2;
        assert_eq!(shared_key + 2 + number(&bytes, shared_key), bytes.len());
        let ticket = shared_key + 6;
        let ticket = bytes[ticket..ticket + number(&bytes, ticket - 2)].to_vec();
        Hello { bytes, extensions, shared_key, ticket }
    }

    /// The same with another ticket.
    fn with(&self, ticket: &[u8]) -> Vec<u8> {
        let (before, after) = self.bytes.split_at(self.shared_key + 6);
        let mut bytes = [before, ticket, &after[self.ticket.len()..]].concat();
        // Record, message (its lowest two bytes), extensions, this extension, its identities, the ticket.
        for at in [3, 7, self.extensions, self.shared_key, self.shared_key + 2, self.shared_key + 4] {
            let length = number(&bytes, at) + ticket.len() - self.ticket.len();
            bytes[at..at + 2].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        bytes
    }
}

/// The server answers in full, whatever is shown, unless it is the ticket that it gave out.
pub fn shown(data: &[u8]) {
    let Some(([which, changed], rest)) = data.split_first_chunk::<2>() else { return };
    let Known { server, hello } = &KNOWN[usize::from(which & 1)];
    let ticket = match which & 2 {
        0 => rest.get(..rest.len().min(4000)).unwrap_or_default().to_vec(),
        // The right one with changes from some place on.
        _ => {
            let mut ticket = hello.ticket.clone();
            let from = usize::from(*changed) % ticket.len();
            ticket[from..].iter_mut().zip(rest).for_each(|(byte, change)| *byte ^= change);
            ticket
        }
    };
    // A ticket of no bytes is no message.
    if ticket.is_empty() || ticket == hello.ticket {
        return;
    }
    let mut handshake = server.handshake().unwrap();
    handshake.receive(&hello.with(&ticket)).unwrap();
    let mut answer = Vec::new();
    handshake.send_to(&mut answer).unwrap();
    // A ServerHello that says which key is taken (RFC 8446 section 4.2.11).
    assert!(!answer.windows(6).any(|bytes| bytes == [0, 41, 0, 2, 0, 0]));
    assert!(answer.len() > 1500, "a certificate was shown: {}", answer.len());
}
