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
    fn new(lab: &Lab) -> Self;
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

/// Megabytes a second, from the server to the client.
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
    (PIECES * PIECE) as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// Figures of both sides, taken in turns.
#[derive(Default)]
struct Figures {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Figures {
    /// The middle ones, and the middle of the ratios of turns.
    fn medians(&self) -> (f64, f64, f64) {
        let ratios = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect();
        (median(self.ours.clone()), median(self.theirs.clone()), median(ratios))
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Connections a turn.
const TURN: usize = 50;

async fn compare<S: Side>(name: &str, lab: &Lab, rounds: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (ours, theirs) = (bulla_side::Bulla::new(lab), S::new(lab));
    let (mut full, mut resumed, mut bytes) = (Figures::default(), Figures::default(), Figures::default());
    let (known, known_theirs) = (ours.client(), theirs.client());
    handshake(&ours, &known, &listener).await;
    handshake(&theirs, &known_theirs, &listener).await;
    for _ in 0..rounds {
        let (mut mine, mut others) = (0.0, 0.0);
        for _ in 0..TURN {
            // Each with a client of its own: nobody is known.
            mine += handshake(&ours, &ours.client(), &listener).await;
            others += handshake(&theirs, &theirs.client(), &listener).await;
        }
        full.ours.push(TURN as f64 / mine);
        full.theirs.push(TURN as f64 / others);
        let (mut mine, mut others) = (0.0, 0.0);
        for _ in 0..TURN {
            mine += handshake(&ours, &known, &listener).await;
            others += handshake(&theirs, &known_theirs, &listener).await;
        }
        resumed.ours.push(TURN as f64 / mine);
        resumed.theirs.push(TURN as f64 / others);
        bytes.ours.push(bulk(&ours, &listener).await);
        bytes.theirs.push(bulk(&theirs, &listener).await);
    }
    for (what, figures) in [("full", full), ("resumed", resumed), ("MB a second", bytes)] {
        let (mine, others, ratio) = figures.medians();
        println!("| {name}, {what} | {mine:.0} | {others:.0} | {:.1} % |", ratio * 100.0);
    }
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
        runtime.block_on(compare::<plain_side::Plain>(&format!("tokio-rustls, {kind}"), &lab, rounds));
        runtime.block_on(compare::<openssl_side::OpenSsl>(&format!("OpenSSL, {kind}"), &lab, rounds));
    }
}
