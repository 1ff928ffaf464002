//! Keys that both sides have: who has the other's key comes in, who stands in the middle does not, and nothing is said before.
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use bulla::tls::{
    ByKey, ByKeys, Client, KeyHolder, Server, Settings, SharedKey, SharedKeyStore, SharedKeys, rustls_023,
};
use bulla::{Error, ErrorKind, Result};

use super::lab::{HOST, Lab, all, beside, connected, exchange, says, sockets};

fn key() -> [u8; 32] {
    *b"an example of thirty-two bytes!!"
}

fn client(identity: &str, bytes: &[u8]) -> Client<KeyHolder> {
    let key = SharedKey::from_bytes(bytes).unwrap();
    Client::builder(ByKey::new(identity, key).unwrap()).anonymous().unwrap()
}

fn server(lab: &Lab) -> Server<KeyHolder> {
    let mut keys = SharedKeys::new();
    keys.add("meter 7", SharedKey::from_bytes(&key()).unwrap()).unwrap();
    Server::builder(&lab.credentials()).require_clients(ByKeys::new(keys)).unwrap()
}

#[test]
fn both_sides_know_who_has_the_key() {
    let lab = Lab::new();
    let server = server(&lab);
    let client = client("meter 7", &key());
    // The second time the connection is resumed, and the proof is given anew.
    for resumed in [false, true] {
        let (mut here, mut there) = connected(&client, &server).unwrap();
        assert_eq!((here.peer().get().as_str(), there.peer().get().as_str()), ("meter 7", "meter 7"));
        assert_eq!(here.facts().is_resumed(), resumed);
        says(&mut here, &mut there, b"21 degrees");
        says(&mut there, &mut here, b"thanks");
    }
}

#[test]
fn over_sockets_it_is_one_call_as_ever() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let server = server(&lab);
    let there = beside(move || {
        let mut stream = server.accept(far).unwrap();
        let name = stream.peer().get().clone();
        stream.write_all(name.as_bytes()).unwrap();
        stream.close().unwrap();
    });
    let stream = client("meter 7", &key()).connect(&HOST.parse().unwrap(), near).unwrap();
    assert_eq!(all(stream).unwrap(), b"meter 7");
    there.join().unwrap();
}

#[test]
fn another_key_and_an_unknown_name_are_refused_alike() {
    let lab = Lab::new();
    let server = server(&lab);
    let refused = |client: &Client<KeyHolder>| {
        let (mut from, mut to) =
            (client.handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
        let (of_client, of_server) = exchange(&mut from, &mut to);
        assert!(from.finish().is_err() && to.finish().is_err());
        (of_client.unwrap_err(), of_server.unwrap_err())
    };
    let (ours, theirs) = refused(&client("meter 7", &[1; 32]));
    assert_eq!((ours.kind(), theirs.kind()), (ErrorKind::PeerRefused, ErrorKind::Unauthentic));
    let (of_unknown, there) = refused(&client("meter 8", &key()));
    assert_eq!((of_unknown.to_string(), there.to_string()), (ours.to_string(), theirs.to_string()));
}

#[test]
fn who_stands_in_the_middle_gets_nothing_through() {
    // Mallory takes the client's connection with a certificate of her own, makes one to the server, and passes everything on.
    let (lab, mallory) = (Lab::new(), Lab::named("CN=Mallory"));
    let real = server(&lab);
    let fake = Server::builder(&mallory.credentials()).anyone().unwrap();
    let anybody = Client::builder(lab.trust()).anonymous().unwrap();
    let victim = client("meter 7", &key());
    let mut from = victim.handshake(&HOST.parse().unwrap()).unwrap();
    let mut middle = fake.handshake().unwrap();
    exchange(&mut from, &mut middle).1.unwrap();
    let mut middle = middle.finish().unwrap();
    let mut proof = [0; 2 + 2 + 7 + 32];
    middle.read_exact(&mut proof).unwrap();
    let mut onward = anybody.handshake(&HOST.parse().unwrap()).unwrap();
    let mut to = real.handshake().unwrap();
    exchange(&mut onward, &mut to).0.unwrap();
    let mut onward = onward.finish().unwrap();
    onward.write_all(&proof).unwrap();
    let mut wire = Vec::new();
    onward.send_to(&mut wire).unwrap();
    assert_eq!(to.receive(&wire).unwrap_err().kind(), ErrorKind::Unauthentic);
    // Nor does she make up a proof of her own.
    let made_up = [&[0, 34, 1, 1][..], &[7; 32]].concat();
    middle.write_all(&made_up).unwrap();
    let mut wire = Vec::new();
    middle.send_to(&mut wire).unwrap();
    assert_eq!(from.receive(&wire).unwrap_err().kind(), ErrorKind::Unauthentic);
    assert!(from.finish().is_err());
}

#[test]
fn a_servers_proof_is_none_of_a_client_nor_the_other_way_round() {
    // What the victim says, said back to it.
    let mallory = Lab::named("CN=Mallory");
    let fake = Server::builder(&mallory.credentials()).anyone().unwrap();
    let mut from = client("meter 7", &key()).handshake(&HOST.parse().unwrap()).unwrap();
    let mut middle = fake.handshake().unwrap();
    exchange(&mut from, &mut middle).1.unwrap();
    let mut middle = middle.finish().unwrap();
    let mut said = [0; 2 + 2 + 7 + 32];
    middle.read_exact(&mut said).unwrap();
    middle.write_all(&[&[0, 34, 1, 1][..], &said[11..]].concat()).unwrap();
    let mut wire = Vec::new();
    middle.send_to(&mut wire).unwrap();
    assert_eq!(from.receive(&wire).unwrap_err().kind(), ErrorKind::Unauthentic);
}

#[test]
fn what_is_no_proof_is_refused_and_never_taken_in_without_end() {
    let lab = Lab::new();
    let server = server(&lab);
    let anybody = lab.client();
    for said in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0, 0],
        &[0, 1, 1],
        &[0, 3, 2, 0, 0],
        &[0, 4, 1, 200, 65, 66],
        &[0xff, 0xff],
    ] {
        let (mut from, mut to) =
            (anybody.handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
        exchange(&mut from, &mut to).0.unwrap();
        let mut from = from.finish().unwrap();
        from.write_all(said).unwrap();
        let mut wire = Vec::new();
        from.send_to(&mut wire).unwrap();
        let error = to.receive(&wire).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{said:?}: {error}");
        // And no second try.
        assert_eq!(to.receive(&wire).unwrap_err().kind(), ErrorKind::Usage);
    }
    // Bytes one at a time are a proof, too, as long as it is one.
    let (mut from, mut to) =
        (client("meter 7", &key()).handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
    for _ in 0..10 {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        from.send_to(&mut there).unwrap();
        there.iter().for_each(|byte| assert_eq!(to.receive(&[*byte]).unwrap(), 1));
        to.send_to(&mut back).unwrap();
        back.iter().for_each(|byte| assert_eq!(from.receive(&[*byte]).unwrap(), 1));
    }
    assert!(from.is_done() && to.is_done());
}

/// A store that cannot look.
struct Broken(Arc<Mutex<Vec<String>>>);

impl SharedKeyStore for Broken {
    fn find(&self, identity: &str) -> Result<Option<Arc<SharedKey>>> {
        self.0.lock().unwrap().push(identity.to_owned());
        Err(Error::from(std::io::Error::other("no disk")))
    }
}

#[test]
fn where_the_store_cannot_look_nobody_comes_in() {
    let lab = Lab::new();
    let asked = Arc::default();
    let server =
        Server::builder(&lab.credentials()).require_clients(ByKeys::new(Broken(Arc::clone(&asked)))).unwrap();
    assert_eq!(connected(&client("meter 7", &key()), &server).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(*asked.lock().unwrap(), ["meter 7"]);
}

#[test]
fn what_cannot_be_a_key_or_goes_with_nothing_is_an_error_of_use() {
    let lab = Lab::new();
    let usage = |error: Error| assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    usage(SharedKey::from_bytes(&[1; 15]).unwrap_err());
    usage(SharedKey::from_bytes(&[1; 65]).unwrap_err());
    usage(ByKey::new("", SharedKey::generate()).unwrap_err());
    usage(SharedKeys::new().add(&"x".repeat(256), SharedKey::generate()).unwrap_err());
    let old = Settings::new().tls12_too();
    usage(
        Client::builder(ByKey::new("x", SharedKey::generate()).unwrap())
            .settings(old)
            .anonymous()
            .unwrap_err(),
    );
    // Nobody would ask for the proof.
    usage(rustls_023::client_config(&client("meter 7", &key())).unwrap_err());
    usage(rustls_023::server_config(&server(&lab)).unwrap_err());
    rustls_023::client_config(&lab.client()).unwrap();
    assert_ne!(SharedKey::generate().expose_bytes(), SharedKey::generate().expose_bytes());
}
