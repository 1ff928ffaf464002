//! Times connections beside plain tokio-rustls in turns, and prints tables: `bulla-bench-tls [ROUNDS]`. What they keep in memory while
//! they do nothing: `bulla-bench-tls memory [COUNT]`.
//!
//! Both sides run in one thread, over sockets of loopback, with the same certificates, suites, groups and tickets: what differs is who
//! judges the certificates, who seals the tickets, and who carries the bytes. rustls's own ticketer and WebPKI's verifier are the peer.
mod bulla_side;
mod growth;
mod memory;
mod openssl_side;
mod passwords;
mod plain_side;

use std::future::Future;
use std::io::Write as _;
use std::time::Instant;

use bulla::x509::{Authority, Credential};
use bulla::{KeyKind, PrivateKey};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const HOST: &str = "www.example.org";

/// A root, and a server's key and certificate.
pub(crate) struct Lab {
    pub(crate) root: Authority,
    pub(crate) kind: KeyKind,
}

impl Lab {
    fn new(kind: KeyKind) -> Self {
        let root = PrivateKey::generate(KeyKind::P256).unwrap();
        Lab { root: Authority::root(&"CN=Root".parse().unwrap(), root).unwrap(), kind }
    }

    pub(crate) fn credential(&self) -> Credential {
        let key = PrivateKey::generate(self.kind).unwrap();
        let certificate = self.root.tls_server(key.public(), &[HOST]).unwrap().sign().unwrap();
        Credential::new(key, [certificate]).unwrap()
    }
}

/// One of the two that are compared.
pub(crate) trait Side {
    type Client;
    type Near: AsyncRead + AsyncWrite + Unpin;
    type Far: AsyncRead + AsyncWrite + Unpin;
    /// `resumes`: whether clients are known again.
    fn new(lab: &Lab, resumes: bool) -> Self;
    fn client(&self) -> Self::Client;
    fn connect(&self, client: &Self::Client, socket: TcpStream) -> impl Future<Output = Self::Near>;
    fn accept(&self, socket: TcpStream) -> impl Future<Output = Self::Far>;
}

pub(crate) async fn sockets(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, (far, _)) = (near.unwrap(), far.unwrap());
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    (near, far)
}

/// Seconds of a connection that is made, with a byte from the server, so that its tickets have come.
async fn handshake<S: Side>(side: &S, client: &S::Client, listener: &TcpListener) -> f64 {
    let (near, far) = sockets(listener).await;
    let begun = Instant::now();
    let (mut near, mut far) = tokio::join!(side.connect(client, near), side.accept(far));
    far.write_all(b"x").await.unwrap();
    far.flush().await.unwrap();
    near.read_exact(&mut [0]).await.unwrap();
    let took = begun.elapsed().as_secs_f64();
    near.shutdown().await.unwrap();
    took
}

const PIECES: usize = 2048;
const PIECE: usize = 64 << 10;
const MEGABYTES: f64 = (PIECES * PIECE) as f64 / 1e6;

/// Seconds that [`MEGABYTES`] take from the server to the client.
async fn bulk<S: Side>(side: &S, listener: &TcpListener) -> f64 {
    let client = side.client();
    let (near, far) = sockets(listener).await;
    let (mut near, mut far) = tokio::join!(side.connect(&client, near), side.accept(far));
    let begun = Instant::now();
    let sends = async {
        let piece = vec![7; PIECE];
        for _ in 0..PIECES {
            far.write_all(&piece).await.unwrap();
        }
        far.shutdown().await.unwrap();
    };
    let reads = async {
        let mut piece = vec![0; PIECE];
        let mut count = 0;
        loop {
            match near.read(&mut piece).await.unwrap() {
                0 => break,
                some => count += some,
            }
        }
        assert_eq!(count, PIECES * PIECE);
    };
    tokio::join!(sends, reads);
    begun.elapsed().as_secs_f64()
}

/// Seconds of both sides, one after the other.
#[derive(Default)]
struct Figures {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Figures {
    /// Each time the other begins, so that nobody always comes after the same.
    async fn take(&mut self, ours: impl Future<Output = f64>, theirs: impl Future<Output = f64>) {
        if self.ours.len().is_multiple_of(2) {
            self.ours.push(ours.await);
            self.theirs.push(theirs.await);
        } else {
            self.theirs.push(theirs.await);
            self.ours.push(ours.await);
        }
    }

    /// How much of what took these times is done in a second: the middle of all, which a busy machine moves least.
    fn print(self, what: &str, amount: f64) {
        let (ours, theirs) = (amount / median(self.ours), amount / median(self.theirs));
        println!("| {what} | {ours:.0} | {theirs:.0} | {:.1} % |", ours / theirs * 100.0);
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Connections of each kind and side in a round.
const TURN: usize = 50;

async fn compare<S: Side>(name: &str, lab: &Lab, rounds: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut full, mut first, mut resumed, mut bytes) = <(Figures, Figures, Figures, Figures)>::default();
    // Neither side knows anybody again.
    let (ours, theirs) = (bulla_side::Bulla::new(lab, false), S::new(lab, false));
    let (client, client_theirs) = (ours.client(), theirs.client());
    // Both do.
    let (ours_again, theirs_again) = (bulla_side::Bulla::new(lab, true), S::new(lab, true));
    let (known, known_theirs) = (ours_again.client(), theirs_again.client());
    handshake(&ours_again, &known, &listener).await;
    handshake(&theirs_again, &known_theirs, &listener).await;
    for _ in 0..rounds {
        for _ in 0..TURN {
            let theirs = handshake(&theirs, &client_theirs, &listener);
            full.take(handshake(&ours, &client, &listener), theirs).await;
        }
        for _ in 0..TURN {
            let (new, new_theirs) = (ours_again.client(), theirs_again.client());
            let theirs = handshake(&theirs_again, &new_theirs, &listener);
            first.take(handshake(&ours_again, &new, &listener), theirs).await;
        }
        for _ in 0..TURN {
            let theirs = handshake(&theirs_again, &known_theirs, &listener);
            resumed.take(handshake(&ours_again, &known, &listener), theirs).await;
        }
        bytes.take(bulk(&ours, &listener), bulk(&theirs, &listener)).await;
    }
    full.print(&format!("{name}, {}, full", lab.kind), 1.0);
    first.print(&format!("{name}, {}, full, each by a new client", lab.kind), 1.0);
    resumed.print(&format!("{name}, {}, resumed", lab.kind), 1.0);
    bytes.print(&format!("{name}, {}, MB a second", lab.kind), MEGABYTES);
    std::io::stdout().flush().unwrap();
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let rounds = match words[..] {
        ["memory", side, kept, count] => {
            return println!("{}", runtime.block_on(memory::figure(side, kept, count.parse().unwrap())));
        }
        ["memory", count] => return memory::table(count.parse().unwrap()),
        ["memory"] => return memory::table(10_000),
        ["growth"] => return growth::table(5),
        ["passwords"] => return passwords::table(101),
        [rounds] => rounds.parse().unwrap(),
        _ => 21,
    };
    println!("| one thread for both sides, TLS 1.3, X25519MLKEM768 | bulla | the other | ratio |");
    println!("|---|---:|---:|---:|");
    for kind in [KeyKind::P256, KeyKind::rsa(2048)] {
        let lab = Lab::new(kind);
        runtime.block_on(compare::<plain_side::Plain>("tokio-rustls", &lab, rounds));
        runtime.block_on(compare::<openssl_side::OpenSsl>("OpenSSL", &lab, rounds));
    }
}
