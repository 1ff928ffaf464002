//! Sessions that hosts keep in a store: known once, over all hosts, and by nobody who reads or writes there.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bulla::tls::{Anyone, Client, Credentials, MemorySessions, Server, SessionStore, Settings};
use bulla::x509::RevocationReason;
use bulla::{ErrorKind, Time, TokenKeys};

use super::lab::{HOST, Hand, Lab, at, connected};
use super::resumed::{is_resumed, keys};

/// A store that a test looks into, and writes to.
#[derive(Default)]
struct Glass {
    kept: Mutex<HashMap<[u8; 32], Vec<u8>>>,
    asked: Mutex<usize>,
}

impl SessionStore for Glass {
    fn put(&self, id: &[u8; 32], sealed: Vec<u8>, ends: Time) -> bool {
        assert!(ends > Time::now());
        self.kept.lock().unwrap().insert(*id, sealed).is_none()
    }

    fn take(&self, id: &[u8; 32]) -> Option<Vec<u8>> {
        *self.asked.lock().unwrap() += 1;
        self.kept.lock().unwrap().remove(id)
    }
}

/// A host that lets anyone in.
fn host(credentials: &Credentials, store: impl SessionStore + 'static, keys: &TokenKeys) -> Server<Anyone> {
    Server::builder(credentials).sessions(store, keys).anyone().unwrap()
}

#[test]
fn hosts_with_one_store_and_those_started_anew_know_each_others_clients() {
    let (lab, store) = (Lab::new(), Arc::new(MemorySessions::new(100)));
    let (credentials, ring, client) = (lab.credentials(), keys(), lab.client());
    assert!(!is_resumed(&client, &host(&credentials, Arc::clone(&store), &ring)));
    for _ in 0..5 {
        assert!(is_resumed(&client, &host(&credentials, Arc::clone(&store), &ring)));
    }
    // Others keep theirs elsewhere, or seal them otherwise.
    assert!(!is_resumed(&client, &host(&credentials, MemorySessions::new(9), &ring)));
    assert!(!is_resumed(&client, &host(&credentials, store, &keys())));
}

/// How many bytes a server says to a client's first flight: more to those whom it does not know, as it shows its certificate.
fn answer(server: &Server<Anyone>, flight: &[u8]) -> usize {
    let (mut handshake, mut back) = (server.handshake().unwrap(), Vec::new());
    handshake.receive(flight).unwrap();
    handshake.send_to(&mut back).unwrap();
    back.len()
}

fn flight(client: &Client<bulla::tls::CertifiedPeer>) -> Vec<u8> {
    let mut flight = Vec::new();
    client.handshake(&HOST.parse().unwrap()).unwrap().send_to(&mut flight).unwrap();
    flight
}

#[test]
fn a_session_that_is_shown_again_is_known_on_no_host() {
    let (lab, store, keys) = (Lab::new(), Arc::new(MemorySessions::new(100)), keys());
    let credentials = lab.credentials();
    let [one, other] = [(); 2].map(|()| host(&credentials, Arc::clone(&store), &keys));
    let client = lab.client();
    assert!(!is_resumed(&client, &one));
    // Somebody on the way has seen how it came, and shows that to the other host, and to this one.
    let seen = flight(&client);
    let known = answer(&one, &seen);
    assert!(known < answer(&other, &seen) && known < answer(&one, &seen));
    // A ticket would be known wherever it is shown; what is done by it then fails for want of its secret.
    let [one, other] = [(); 2].map(|()| Server::builder(&credentials).tickets(&keys).anyone().unwrap());
    let client = lab.client();
    assert!(!is_resumed(&client, &one));
    let seen = flight(&client);
    assert_eq!((answer(&one, &seen), answer(&other, &seen)), (known, known));
}

#[test]
fn what_is_kept_tells_nothing_and_cannot_be_exchanged() {
    let (lab, store, keys) = (Lab::new(), Arc::new(Glass::default()), keys());
    let credentials = lab.credentials();
    let shown = lab.client_credential("CN=Alice Example");
    let alice = Client::builder(lab.trust()).with(&Credentials::new([shown.clone()]).unwrap()).unwrap();
    let server = Server::builder(&credentials).sessions(Arc::clone(&store), &keys);
    let server = server.require_clients(lab.trust()).unwrap();
    assert!(!is_resumed(&alice, &server));
    let name = shown.certificate().as_der();
    for sealed in store.kept.lock().unwrap().values() {
        assert!(!sealed.windows(13).any(|window| window == b"Alice Example") && sealed.len() > name.len());
    }
    // Of two clients each gets what is the other's; neither is known, and both come in.
    let bob = lab.client_as("CN=Bob");
    let alices: Vec<[u8; 32]> = store.kept.lock().unwrap().keys().copied().collect();
    assert!(!is_resumed(&bob, &server));
    let mut kept = store.kept.lock().unwrap();
    let bobs: Vec<[u8; 32]> = kept.keys().filter(|id| !alices.contains(id)).copied().collect();
    assert_eq!((alices.len(), bobs.len()), (2, 2));
    for (one, other) in alices.iter().zip(&bobs) {
        let (ones, others) = (kept.remove(one).unwrap(), kept.remove(other).unwrap());
        kept.insert(*one, others);
        kept.insert(*other, ones);
    }
    drop(kept);
    assert!(!is_resumed(&bob, &server) && !is_resumed(&alice, &server));
    // What was changed is nothing, too.
    store.kept.lock().unwrap().values_mut().for_each(|sealed| *sealed.last_mut().unwrap() ^= 1);
    assert!(!is_resumed(&bob, &server));
    assert!(is_resumed(&bob, &server));
}

#[test]
fn a_session_ends_as_a_ticket_does_and_counts_where_it_was_made_alone() {
    let (lab, store, keys, clock) = (Lab::new(), Arc::new(Glass::default()), keys(), Hand::new());
    let credentials = lab.credentials();
    let builder = || Server::builder(&credentials).settings(at(&clock)).sessions(Arc::clone(&store), &keys);
    let (open, closed) = (builder().anyone().unwrap(), builder().require_clients(lab.trust()).unwrap());
    let client = lab.client();
    assert!(!is_resumed(&client, &open));
    assert_eq!(connected(&client, &closed).unwrap_err().kind(), ErrorKind::Untrusted);
    let shown = lab.client_credential("CN=Alice");
    let serial = shown.certificate().serial();
    let alice = Client::builder(lab.trust()).with(&Credentials::new([shown]).unwrap()).unwrap();
    assert!(!is_resumed(&alice, &closed));
    clock.pass(599);
    assert!(is_resumed(&alice, &closed));
    clock.pass(600);
    assert!(!is_resumed(&alice, &closed));
    let listed = lab.crl().revoke(&serial, Time::now(), RevocationReason::KeyCompromise).sign().unwrap();
    let informed = builder().require_clients(lab.trust().crls([listed])).unwrap();
    assert_eq!(connected(&alice, &informed).unwrap_err().kind(), ErrorKind::Revoked);
}

#[test]
fn a_store_that_has_nothing_and_takes_nothing_costs_nobody_a_connection() {
    struct Nothing;
    impl SessionStore for Nothing {
        fn put(&self, _: &[u8; 32], _: Vec<u8>, _: Time) -> bool {
            false
        }
        fn take(&self, _: &[u8; 32]) -> Option<Vec<u8>> {
            None
        }
    }
    let lab = Lab::new();
    let server = host(&lab.credentials(), Nothing, &keys());
    let client = lab.client();
    assert!(!is_resumed(&client, &server) && !is_resumed(&client, &server));
}

/// A client's first message with the extension `pre_shared_key` (RFC 8446 section 4.2.11) replaced by one that offers this many.
fn offers(flight: &[u8], count: u16) -> Vec<u8> {
    // record (5), message (4), version (2), random (32), session id, suites, compressions, extensions
    let number = |at: usize| usize::from(u16::from_be_bytes([flight[at], flight[at + 1]]));
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(flight[at]);
    at += 2 + number(at);
    at += 1 + usize::from(flight[at]);
    let (mut extensions, begin) = (Vec::new(), at);
    at += 2;
    while at < flight.len() {
        let (kind, end) = (number(at), at + 4 + number(at + 2));
        if kind != 41 {
            extensions.extend_from_slice(&flight[at..end]);
        }
        at = end;
    }
    let vector = |bytes: Vec<u8>| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat();
    let identities = (0..count).flat_map(|index| {
        let id = [&index.to_be_bytes()[..], &[7; 30]].concat();
        [vector(id), vec![0; 4]].concat()
    });
    let binders = (0..count).flat_map(|_| [&[32][..], &[7; 32]].concat());
    let offered = [vector(identities.collect()), vector(binders.collect())].concat();
    extensions.extend_from_slice(&41_u16.to_be_bytes());
    extensions.extend(vector(offered));
    let body = [&flight[9..begin], &vector(extensions)].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[1][..], &length[1..], &body].concat();
    // In records of 16 KiB at most.
    let records = message.chunks(1 << 14);
    records.flat_map(|piece| [&[22, 3, 1][..], &vector(piece.to_vec())].concat()).collect()
}

#[test]
fn a_client_that_offers_hundreds_of_sessions_has_the_store_asked_for_few() {
    let (lab, store) = (Lab::new(), Arc::new(Glass::default()));
    let server = host(&lab.credentials(), Arc::clone(&store), &keys());
    let client = lab.client();
    assert!(!is_resumed(&client, &server));
    let (mut handshake, mut back) = (server.handshake().unwrap(), Vec::new());
    handshake.receive(&offers(&flight(&client), 500)).unwrap();
    handshake.send_to(&mut back).unwrap();
    // It has answered as to a stranger.
    assert!(!back.is_empty());
    assert_eq!(*store.asked.lock().unwrap(), 2);
    // Nor is it asked for what it cannot have.
    let other = Server::builder(&lab.credentials()).anyone().unwrap();
    let known_there = lab.client();
    assert!(!is_resumed(&known_there, &other) && !is_resumed(&known_there, &server));
    assert_eq!(*store.asked.lock().unwrap(), 2);
}

#[test]
fn settings_that_differ_make_other_sessions() {
    let (lab, store, keys) = (Lab::new(), Arc::new(MemorySessions::new(9)), keys());
    let credentials = lab.credentials();
    let client = lab.client();
    assert!(!is_resumed(&client, &host(&credentials, Arc::clone(&store), &keys)));
    let other = Settings::new().groups([bulla::tls::Group::X25519MlKem768]).unwrap();
    let other = Server::builder(&credentials).settings(other).sessions(store, &keys).anyone().unwrap();
    assert!(!is_resumed(&client, &other));
}
