//! Two processes and a Redis server: clients that come again over hosts, restarts, new keys, revocations and the end of Redis. How often
//! they come again is 300 times, or what `BULLA_RESUMPTIONS` says (`scripts/load-tls`).
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bulla::adapters::redis::Redis;
use bulla::tls::{CertifiedPeer, Client, Credentials, Trust};
use bulla::x509::{Authority, Credential, CrlIssue, RevocationReason, TrustAnchors};
use bulla::{ErrorKind, Key, KeyKind, PrivateKey, Time, TokenKeyring, file};

use super::lab::{HOUR, LIMIT};
use super::server::Server;
use crate::example::program;

const SERVER: &str = "www.example.org";

/// What came of a visit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Came {
    Full,
    Resumed,
    /// The host said that the certificate is revoked.
    Revoked,
    /// The host said that it wants a certificate.
    Unknown,
}

/// One who comes, and is somebody or not.
struct Visitor {
    name: String,
    shows: Option<Arc<Credential>>,
    client: Client<CertifiedPeer>,
}

/// A process, and the addresses of its ports: for those with a certificate, and for all.
struct Host {
    child: Child,
    closed: SocketAddr,
    open: SocketAddr,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

struct Lab {
    redis: Server,
    root: Authority,
    seen: Mutex<BTreeMap<Came, usize>>,
}

impl Lab {
    fn new() -> Option<Self> {
        let redis = Server::start()?;
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let root = Authority::root(&"CN=Root".parse().unwrap(), key).unwrap();
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let server = root.tls_server(key.public(), &[SERVER]).unwrap().sign().unwrap();
        let lab = Lab { redis, root, seen: Mutex::default() };
        file::write_key(&Key::generate(), lab.path("link.key")).unwrap();
        fs::write(lab.path("chain.pem"), server.to_pem()).unwrap();
        fs::write(lab.path("key.pem"), key.expose_pem().unwrap()).unwrap();
        fs::write(lab.path("roots.pem"), lab.root.certificate().to_pem()).unwrap();
        let crl = lab.crl(&[]);
        ["one", "two"].iter().for_each(|name| fs::write(lab.path(name), &crl).unwrap());
        Some(lab)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.redis.folder.path().join(name)
    }

    /// A CRL with these, and nobody else.
    fn crl(&self, revoked: &[&Visitor]) -> String {
        let crl = CrlIssue::by(self.root.certificate(), self.root.credential().key()).unwrap();
        let listed = revoked.iter().map(|visitor| visitor.shows.as_ref().unwrap().certificate().serial());
        let crl =
            listed.fold(crl, |crl, serial| crl.revoke(&serial, Time::now(), RevocationReason::KeyCompromise));
        crl.sign().unwrap().to_pem()
    }

    fn start(&self, name: &str) -> Host {
        let mut command = Command::new(program("tls-host"));
        command.arg(self.redis.folder.path()).arg(self.path(name)).arg(self.redis.url());
        // What it says of those whom it refuses, they are told as well.
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (closed, open) = line.trim().split_once(' ').unwrap(); // or it did not start
        Host { child, closed: closed.parse().unwrap(), open: open.parse().unwrap() }
    }

    fn redis(&self) -> Redis {
        Redis::open(&self.redis.url(), Key::read_file(self.path("link.key")).unwrap()).unwrap()
    }

    fn visitor(&self, name: &str) -> Visitor {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let issue = self.root.tls_client(key.public(), &name.parse().unwrap()).unwrap();
        let shown = Arc::new(Credential::new(key, [issue.sign().unwrap()]).unwrap());
        let credentials = Credentials::new([Arc::clone(&shown)]).unwrap();
        let client = Client::builder(self.trust()).with(&credentials).unwrap();
        Visitor { name: name.to_owned(), shows: Some(shown), client }
    }

    fn nobody(&self) -> Visitor {
        let client = Client::builder(self.trust()).anonymous().unwrap();
        Visitor { name: "anyone".to_owned(), shows: None, client }
    }

    fn trust(&self) -> Trust {
        Trust::new(TrustAnchors::new([self.root.certificate().clone()]).unwrap())
    }

    /// Goes there and hears what the host says. Whatever is none of [`Came`] is a failure.
    fn goes(&self, visitor: &Visitor, to: SocketAddr) -> Came {
        let socket = TcpStream::connect(to).unwrap();
        let heard = visitor.client.connect(&SERVER.parse().unwrap(), socket).and_then(|mut stream| {
            let mut said = String::new();
            stream.read_to_string(&mut said)?;
            Ok((stream.facts().is_resumed(), said))
        });
        let came = match heard {
            Ok((true, said)) if said.starts_with("resumed ") => Came::Resumed,
            Ok((false, said)) if said.starts_with("full ") => Came::Full,
            Err(error) if error.kind() == ErrorKind::PeerRefused => match error.to_string() {
                why if why.contains("has been revoked") => Came::Revoked,
                why if why.contains("wants a certificate") => Came::Unknown,
                why => panic!("{} is refused for no reason: {why}", visitor.name),
            },
            other => panic!("{} at {to}: {other:?}", visitor.name),
        };
        *self.seen.lock().unwrap().entry(came).or_default() += 1;
        came
    }

    /// So often each of them goes to both in turns, all at once, and is known.
    fn all_are_known(&self, visitors: &[&Visitor], hosts: [&Host; 2], times: usize) {
        std::thread::scope(|scope| {
            for visitor in visitors {
                scope.spawn(move || {
                    for host in hosts.iter().cycle().take(times) {
                        assert_eq!(self.goes(visitor, host.closed), Came::Resumed, "{}", visitor.name);
                    }
                });
            }
        });
    }

    fn seen(&self, came: Came) -> usize {
        self.seen.lock().unwrap().get(&came).copied().unwrap_or_default()
    }
}

/// Rounds between which something happens.
const ROUNDS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_come_again_over_hosts_restarts_and_the_end_of_redis_and_nobody_who_should_not() {
    let Some(mut lab) = Lab::new() else { return };
    let wanted = std::env::var("BULLA_RESUMPTIONS").map_or(300, |count| count.parse().unwrap());
    let long_ago = Time::now() - HOUR;
    let mut ring = TokenKeyring::generate(Duration::from_secs(2), HOUR * 24, long_ago).unwrap();
    lab.redis().publish_keyring(&ring).await.unwrap();
    let (mut one, mut two) = (lab.start("one"), lab.start("two"));
    let visitors = ["CN=Alice", "CN=Bob", "CN=Carol", "CN=Dave"].map(|name| lab.visitor(name));
    let [alice, bob, carol, dave] = &visitors;
    let (all, others) = ([alice, bob, carol, dave], [alice, bob, carol]);
    let times = wanted / ROUNDS / others.len() + 1;
    for visitor in all {
        assert_eq!(lab.goes(visitor, one.closed), Came::Full);
    }
    lab.all_are_known(&all, [&two, &one], times);

    // Restarts, each time of another.
    for _ in 0..2 {
        one = lab.start("one");
        lab.all_are_known(&all, [&one, &two], times);
        two = lab.start("two");
        lab.all_are_known(&all, [&one, &two], times);
    }

    // A new key: first all know it, then one uses it. Who starts has what is there.
    ring.stage(long_ago).unwrap();
    lab.redis().publish_keyring(&ring).await.unwrap();
    one = lab.start("one");
    two = lab.start("two");
    lab.all_are_known(&all, [&one, &two], times);
    ring.rotate(Time::now()).unwrap();
    lab.redis().publish_keyring(&ring).await.unwrap();
    one = lab.start("one");
    lab.all_are_known(&all, [&one, &two], times);

    // Tickets of those who were asked nothing: known where nothing is asked, and nowhere else, with a certificate and without.
    let (nobody, eve) = (lab.nobody(), lab.visitor("CN=Eve"));
    for visitor in [&nobody, &eve] {
        assert_eq!(lab.goes(visitor, one.open), Came::Full);
        assert_eq!(lab.goes(visitor, two.open), Came::Resumed);
    }
    for host in [&one, &two] {
        assert_eq!(lab.goes(&nobody, host.open), Came::Resumed);
        assert_eq!(lab.goes(&nobody, host.closed), Came::Unknown);
    }
    assert_eq!(lab.goes(&eve, two.closed), Came::Full);
    assert_eq!(lab.goes(&eve, one.closed), Came::Resumed);
    assert_eq!(lab.goes(&eve, one.open), Came::Full);

    // One host hears that Dave is revoked: he does not come in there by the other's tickets, nor by its own.
    fs::write(lab.path("one"), lab.crl(&[dave])).unwrap();
    for _ in 0..5 {
        assert_eq!(lab.goes(dave, one.closed), Came::Revoked);
        assert_eq!(lab.goes(dave, two.closed), Came::Resumed);
    }
    for visitor in others {
        // The two do not go by the same, so they do not take each other's word.
        assert_eq!(lab.goes(visitor, one.closed), Came::Full);
        assert_eq!(lab.goes(visitor, one.closed), Came::Resumed);
        assert_eq!(lab.goes(visitor, two.closed), Came::Full);
    }
    // Then both have heard it.
    fs::copy(lab.path("one"), lab.path("two")).unwrap();
    two = lab.start("two");
    for host in [&two, &one].into_iter().cycle().take(20) {
        assert_eq!(lab.goes(dave, host.closed), Came::Revoked);
    }
    for visitor in others {
        assert_eq!(lab.goes(visitor, two.closed), Came::Full);
    }
    lab.all_are_known(&others, [&one, &two], times);

    // Redis says nothing any more, then it is gone: that is nobody's trouble.
    lab.redis.freeze();
    lab.all_are_known(&others, [&one, &two], times);
    lab.redis.thaw();
    lab.redis.kill();
    lab.all_are_known(&others, [&one, &two], times);
    // Who starts without it has no keys but its own, and refuses nobody for that.
    one = lab.start("one");
    for visitor in others {
        for host in [&one, &two] {
            assert_eq!(lab.goes(visitor, host.closed), Came::Full);
            assert_eq!(lab.goes(visitor, host.closed), Came::Resumed);
        }
    }
    assert_eq!(lab.goes(dave, one.closed), Came::Revoked);

    // It is back, and has forgotten all: the keys are published anew, and taken into use without a restart.
    lab.redis.run();
    lab.redis().publish_keyring(&ring).await.unwrap();
    let limit = Instant::now() + LIMIT;
    while lab.goes(alice, one.closed) != Came::Resumed || lab.goes(alice, two.closed) != Came::Resumed {
        assert!(Instant::now() < limit, "the keys come into use");
    }
    for visitor in others {
        assert_eq!(lab.goes(visitor, two.closed), Came::Resumed);
    }
    while lab.seen(Came::Resumed) < wanted {
        lab.all_are_known(&others, [&one, &two], times);
    }
    assert_eq!(lab.goes(dave, two.closed), Came::Revoked);
    let seen = format!("{:?}\n", lab.seen.lock().unwrap());
    std::io::stdout().write_all(seen.as_bytes()).unwrap();
}
