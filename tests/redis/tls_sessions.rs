//! Sessions of TLS in Redis: each is known once, by all hosts; and Redis that is away, slow or full of nonsense costs nobody a connection.
use std::time::{Duration, Instant};

use bulla::tls::{Anyone, CertifiedPeer, Client, Credentials, Server};
use bulla::{Time, TokenKeyring, TokenKeys};

use super::lab::{HOUR, LIMIT, Lab};
use crate::tls_lab::{HOST, Lab as Certificates, connected};

struct Hosts {
    lab: Lab,
    certificates: Certificates,
    credentials: Credentials,
    keys: TokenKeys,
}

impl Hosts {
    fn new() -> Option<Self> {
        let (lab, certificates) = (Lab::new()?, Certificates::new());
        let keys = TokenKeys::new(TokenKeyring::generate(Duration::ZERO, HOUR * 24, Time::now()).unwrap());
        Some(Hosts { lab, credentials: certificates.credentials(), certificates, keys })
    }

    /// One more, or one that was started anew.
    fn host(&self) -> Server<Anyone> {
        let sessions = self.lab.redis().tls_sessions().unwrap().within(LIMIT);
        Server::builder(&self.credentials).sessions(sessions, &self.keys).anyone().unwrap()
    }

    fn kept(&self) -> Vec<Vec<u8>> {
        self.lab.server.does(&[b"KEYS", b"bulla:tls:*"])
    }
}

/// Whether the client is known. Redis may always be too late, and then it is not; a connection there is.
fn goes(client: &Client<CertifiedPeer>, to: &Server<Anyone>) -> bool {
    connected(client, to).unwrap().0.facts().is_resumed()
}

fn is_known_in_the_end(client: &Client<CertifiedPeer>, hosts: [&Server<Anyone>; 2]) {
    let limit = Instant::now() + LIMIT;
    // The first may know it from before; the other has what the first has kept meanwhile.
    while !(goes(client, hosts[0]) && goes(client, hosts[1])) {
        assert!(Instant::now() < limit, "it is never known");
    }
}

/// Spoils what is kept until the client is a stranger: a host may still be keeping what it has given out.
fn is_a_stranger_in_the_end(client: &Client<CertifiedPeer>, host: &Server<Anyone>, spoil: impl Fn()) {
    let limit = Instant::now() + LIMIT;
    spoil();
    while goes(client, host) {
        assert!(Instant::now() < limit, "it is always known");
        spoil();
    }
}

#[test]
fn every_host_knows_the_clients_of_all_also_after_a_restart() {
    let Some(hosts) = Hosts::new() else { return };
    let client = hosts.certificates.client();
    let (one, other) = (hosts.host(), hosts.host());
    assert!(!goes(&client, &one));
    is_known_in_the_end(&client, [&one, &other]);
    is_known_in_the_end(&client, [&hosts.host(), &hosts.host()]);
}

/// How many bytes a host says to a client's first message: more to those whom it does not know, by a certificate.
fn answer(server: &Server<Anyone>, flight: &[u8]) -> usize {
    let (mut handshake, mut back) = (server.handshake().unwrap(), Vec::new());
    handshake.receive(flight).unwrap();
    handshake.send_to(&mut back).unwrap();
    back.len()
}

#[test]
fn what_one_host_took_no_other_takes() {
    let Some(hosts) = Hosts::new() else { return };
    let (one, other, client) = (hosts.host(), hosts.host(), hosts.certificates.client());
    let limit = Instant::now() + LIMIT;
    loop {
        assert!(Instant::now() < limit, "it is never known");
        let _ = goes(&client, &one);
        let mut flight = Vec::new();
        client.handshake(&HOST.parse().unwrap()).unwrap().send_to(&mut flight).unwrap();
        let known = [&one, &other, &one].map(|host| answer(host, &flight));
        // A certificate and its signature have hundreds of bytes; signatures differ by a few.
        let least = known.iter().min().unwrap();
        let count = known.iter().filter(|bytes| **bytes < least + 100).count();
        match count {
            3 => {} // to all of them, or none
            1 => return,
            _ => panic!("{count} of three know it"),
        }
    }
}

#[test]
fn what_lies_there_is_sealed_and_has_an_end() {
    let Some(hosts) = Hosts::new() else { return };
    let limit = Instant::now() + LIMIT;
    let server = Server::builder(&hosts.credentials)
        .sessions(hosts.lab.redis().tls_sessions().unwrap(), &hosts.keys)
        .require_clients(hosts.certificates.trust())
        .unwrap();
    let alice = hosts.certificates.client_as("CN=Alice Example");
    while hosts.kept().is_empty() {
        assert!(Instant::now() < limit, "nothing is kept");
        let _ = connected(&alice, &server).unwrap();
    }
    for name in hosts.kept() {
        let left: i64 = hosts.lab.server.does(&[b"TTL", &name]);
        assert!((1..=600).contains(&left), "{left} s");
        let sealed: Vec<u8> = hosts.lab.server.does(&[b"GET", &name]);
        assert!(sealed.len() > 200 && !sealed.windows(13).any(|window| window == b"Alice Example"));
    }
}

#[test]
fn nonsense_there_is_a_full_handshake() {
    let Some(hosts) = Hosts::new() else { return };
    let (one, other, client) = (hosts.host(), hosts.host(), hosts.certificates.client());
    let long = vec![7; 1 << 20];
    for nonsense in [&b""[..], b"x", &[0; 500], &long] {
        is_known_in_the_end(&client, [&one, &other]);
        is_a_stranger_in_the_end(&client, &one, || {
            for name in hosts.kept() {
                hosts.lab.server.does::<()>(&[b"SET", &name, nonsense]);
            }
        });
    }
    is_known_in_the_end(&client, [&one, &other]);
    is_a_stranger_in_the_end(&client, &one, || {
        for name in hosts.kept() {
            hosts.lab.server.does::<()>(&[b"DEL", &name]);
            hosts.lab.server.does::<()>(&[b"HSET", &name, b"of another", b"type"]);
        }
    });
    is_known_in_the_end(&client, [&one, &other]);
}

#[test]
fn redis_that_says_nothing_or_is_gone_costs_nobody_a_connection() {
    let Some(mut hosts) = Hosts::new() else { return };
    let (one, other, client) = (hosts.host(), hosts.host(), hosts.certificates.client());
    is_known_in_the_end(&client, [&one, &other]);
    hosts.lab.server.freeze();
    for _ in 0..20 {
        assert!(!goes(&client, &one) && !goes(&client, &other));
    }
    let (begun_meanwhile, its) = (hosts.host(), hosts.certificates.client());
    assert!(!goes(&its, &begun_meanwhile) && !goes(&its, &begun_meanwhile));
    hosts.lab.server.thaw();
    is_known_in_the_end(&client, [&one, &other]);
    is_known_in_the_end(&its, [&begun_meanwhile, &one]);
    hosts.lab.server.kill();
    for _ in 0..20 {
        assert!(!goes(&client, &one) && !goes(&client, &other));
    }
    hosts.lab.server.run();
    is_known_in_the_end(&client, [&one, &other]);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_runtime_of_one_thread_waits_for_nobody_whom_it_holds_up() {
    use bulla::adapters::tokio::{accept, connect};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    let Some(hosts) = Hosts::new() else { return };
    let (server, client, limit) = (hosts.host(), hosts.certificates.client(), Instant::now() + LIMIT);
    loop {
        assert!(Instant::now() < limit, "it is never known");
        let (near, far) = duplex(1 << 16);
        let (host, server) = (HOST.parse().unwrap(), server.clone());
        let there = tokio::spawn(async move {
            accept(&server, far).await.unwrap().shutdown().await.unwrap();
        });
        let mut stream = connect(&client, &host, near).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        there.await.unwrap();
        if stream.facts().is_resumed() {
            break;
        }
    }
}
