//! One of several hosts that know each other's clients again: `cargo run --example tls-host --features redis,tokio -- FOLDER CRL REDIS`.
//!
//! It listens at two ports of loopback and says which: one takes only clients with a certificate, the other anyone. In FOLDER are
//! `link.key`, which seals the keys of tickets in Redis, `chain.pem` and `key.pem` of this server, and `roots.pem` of the clients; CRL is
//! a file that is looked at for each connection, and may change meanwhile. `tests/redis/hosts.rs` starts some of these, and is the client.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bulla::adapters::redis::Redis;
use bulla::adapters::tokio::accept;
use bulla::tls::{CertifiedPeer, Credentials, Server, Trust};
use bulla::x509::{Credential, Crl, TrustAnchors};
use bulla::{Key, Result, Time, TokenKeyring, TokenKeys};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// How often it looks for new keys; each ring has a second more to reach every host.
const EVERY: Duration = Duration::from_millis(500);
const SPREAD: Duration = Duration::from_secs(2);
const DAY: Duration = Duration::from_secs(86_400);

struct Host {
    credentials: Credentials,
    anchors: TrustAnchors,
    keys: TokenKeys,
    crl: PathBuf,
    /// The CRL that counts, as it was read, and the server that goes by it.
    closed: Mutex<Option<(String, Server<CertifiedPeer>)>>,
}

impl Host {
    async fn new(folder: &Path, crl: PathBuf, url: &str) -> Result<Self> {
        let read = |name: &str| fs::read_to_string(folder.join(name));
        // Quick to give up: whoever restarts wants to be there soon.
        let redis = Redis::open(url, Key::read_file(folder.join("link.key"))?)?.deadline(EVERY);
        let ring = match redis.read_keyring().await {
            Ok(Some(ring)) => ring,
            // Nobody is known then, and all are let in who would be. It is older than any other, which so takes its place.
            _ => TokenKeyring::generate(SPREAD, DAY, Time::from_unix(0))?,
        };
        let credential = Credential::from_pem(&read("chain.pem")?, &read("key.pem")?, || {
            Err(std::io::Error::other("the key has a passphrase").into())
        })?;
        Ok(Host {
            credentials: Credentials::new([credential])?,
            anchors: TrustAnchors::from_pem(&read("roots.pem")?)?,
            keys: redis.follow_keyring(ring, EVERY)?,
            crl,
            closed: Mutex::new(None),
        })
    }

    /// The server that asks for certificates, by the CRL as it is now. Tickets that were made by another one are none.
    fn closed(&self) -> Result<Server<CertifiedPeer>> {
        let text = fs::read_to_string(&self.crl)?;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, server)) = closed.as_ref().filter(|(known, _)| *known == text) {
            return Ok(server.clone());
        }
        let trust = Trust::new(self.anchors.clone()).crls(Crl::all_from_pem(&text)?);
        let server = Server::builder(&self.credentials).tickets(&self.keys).require_clients(trust)?;
        *closed = Some((text, server.clone()));
        Ok(server)
    }
}

/// Takes a connection, says who is there and whether they were known, and ends it.
async fn serve<P: Send + Unpin + 'static>(server: Server<P>, socket: TcpStream, name: fn(&P) -> String) {
    let served = async {
        let mut stream = accept(&server, socket).await?;
        let known = if stream.facts().is_resumed() { "resumed" } else { "full" };
        let line = format!("{known} {}\n", name(stream.peer()));
        stream.write_all(line.as_bytes()).await?;
        stream.shutdown().await?;
        Result::Ok(())
    };
    if let Err(error) = served.await {
        eprintln!("{error}");
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, crl, url] = &arguments[..] else { return Err("tls-host FOLDER CRL REDIS".into()) };
    let host = Host::new(Path::new(folder), PathBuf::from(crl), url).await?;
    let open = Server::builder(&host.credentials).tickets(&host.keys).anyone()?;
    let _ = host.closed()?; // so that it fails now if it must
    let (for_some, for_all) =
        (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    println!("{} {}", for_some.local_addr()?, for_all.local_addr()?);
    loop {
        tokio::select! {
            taken = for_some.accept() => {
                tokio::spawn(serve(host.closed()?, taken?.0, |peer| peer.get().subject().to_string()));
            }
            taken = for_all.accept() => {
                tokio::spawn(serve(open.clone(), taken?.0, |_| "anyone".to_owned()));
            }
        }
    }
}
