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

#[test]
fn keys_come_back_from_their_text_and_no_other_text_is_taken() {
    let mut keys = SharedKeys::new();
    let odd = "a name\nwith \u{202e} all";
    for (name, length) in [(odd, 16), ("meter 7", 32), (&*"x".repeat(255), 64)] {
        keys.add(name, SharedKey::from_bytes(&vec![7; length]).unwrap()).unwrap();
    }
    let text = keys.expose_text();
    let again = SharedKeys::parse(text.as_bytes()).unwrap();
    assert_eq!(again.names(), [odd, "meter 7", &"x".repeat(255)]);
    assert_eq!(again.find(odd).unwrap().unwrap().expose_bytes(), [7; 16]);
    assert_eq!(*again.expose_text(), *text);
    assert!(keys.remove(odd) && !keys.remove(odd) && keys.names().len() == 2);

    let malformed = |text: &str| {
        assert_eq!(SharedKeys::parse(text.as_bytes()).unwrap_err().kind(), ErrorKind::Malformed, "{text}");
    };
    let key = SharedKey::from_bytes(&key()).unwrap().expose_text();
    let with = |lines: &str| format!("bulla shared keys v1\n{lines}");
    SharedKeys::parse(with("").as_bytes()).unwrap();
    SharedKeys::parse(with(&format!("{} eA\n", *key)).as_bytes()).unwrap();
    malformed("");
    malformed("bulla shared keys v1");
    malformed("bulla shared keys v2\n");
    let long = format!("{} {}\n", *key, "eHh4".repeat(86));
    for lines in [
        &format!("{} eA", *key),
        &format!("{}\n", *key),
        &format!("{} \n", *key),
        &format!("{} eB\n", *key),
        &format!("{} /w\n", *key),
        &format!("{} eA==\n", *key),
        &format!("{0} eA\n{0} eA\n", *key),
        &format!("{}Q eA\n", *key),
        &long,
        "\n",
    ] {
        malformed(&with(lines));
    }
    let other: bulla::Key = bulla::Key::from_bytes(&self::key());
    assert!(other.expose_text().parse::<SharedKey>().is_err());
    assert!(!SharedKey::from_bytes(&[9; 15]).is_ok_and(|key| key.expose_text().parse::<SharedKey>().is_ok()));
}

#[test]
fn a_server_has_65536_keys_in_memory_and_no_more() {
    let mut keys = SharedKeys::new();
    for number in 0..1 << 16 {
        keys.add(&number.to_string(), SharedKey::from_bytes(&key()).unwrap()).unwrap();
    }
    assert_eq!(keys.add("one", SharedKey::generate()).unwrap_err().kind(), ErrorKind::OverLimit);
    // Another for one that is there is none more.
    keys.add("7", SharedKey::generate()).unwrap();
    let mut text = keys.expose_text();
    assert_eq!(SharedKeys::parse(text.as_bytes()).unwrap().names().len(), 1 << 16);
    let line = format!("{} b25l\n", *SharedKey::generate().expose_text());
    text.push_str(&line);
    assert_eq!(SharedKeys::parse(text.as_bytes()).unwrap_err().kind(), ErrorKind::OverLimit);
}
