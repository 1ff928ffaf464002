//! What is usual: who the two sides are, what is agreed on, what both have and nobody else.
use std::io::{ErrorKind as Io, Read, Write};

use bulla::tls::{Anyone, Client, Credentials, Group, KnownKeys, Server, Settings, Suite};
use bulla::{ErrorKind, KeyKind, PrivateKey};

use super::lab::{HOST, Lab, all, beside, connected, exchange, says, sockets};

#[test]
fn a_client_has_the_server_that_it_asked_for() {
    let lab = Lab::new();
    let (mut client, mut server) = connected(&lab.client(), &lab.server()).unwrap();
    assert_eq!(client.peer().get().subject().to_string(), format!("CN={HOST}"));
    assert_eq!(client.peer().by().anchor(), Some(lab.root.certificate()));
    assert_eq!(server.peer(), &Anyone);
    says(&mut client, &mut server, b"who is there?");
    says(&mut server, &mut client, b"me");
}

#[test]
fn tls_1_3_with_the_post_quantum_group_is_usual() {
    let lab = Lab::new();
    let (client, server) = connected(&lab.client(), &lab.server()).unwrap();
    for facts in [client.facts(), server.facts()] {
        assert_eq!((facts.version(), facts.group()), ("TLS 1.3", Some("X25519MLKEM768")));
        assert_eq!(facts.suite(), "TLS_AES_256_GCM_SHA384");
        assert!(!facts.is_resumed());
    }
    assert_eq!(server.facts().server_name(), Some(HOST));
    assert_eq!(client.facts().to_string(), "TLS 1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768");
}

#[test]
fn a_server_that_requires_clients_has_who_they_are() {
    let lab = Lab::new();
    let server = Server::builder(&lab.credentials()).require_clients(lab.trust()).unwrap();
    let (_, server) = connected(&lab.client_as("CN=Alice"), &server).unwrap();
    assert_eq!(server.peer().get().subject(), "CN=Alice".parse().unwrap());
}

#[test]
fn without_tls_1_3_there_is_tls_1_2_or_no_connection() {
    let lab = Lab::new();
    let old = || Settings::new().dangerous_without_tls13();
    let client = Client::builder(lab.trust()).settings(old()).anonymous().unwrap();
    let both = Server::builder(&lab.credentials()).settings(Settings::new().tls12_too()).anyone().unwrap();
    let (here, there) = connected(&client, &both).unwrap();
    assert_eq!((here.facts().version(), there.facts().version()), ("TLS 1.2", "TLS 1.2"));
    assert!(connected(&client, &lab.server()).is_err());
    let only_old = Server::builder(&lab.credentials()).settings(old()).anyone().unwrap();
    assert_eq!(connected(&client, &only_old).unwrap().0.facts().version(), "TLS 1.2");
    assert!(connected(&lab.client(), &only_old).is_err());
    // Bare keys, and proofs inside, are for TLS 1.3.
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let known = KnownKeys::bare([key.public().fingerprint()]).unwrap();
    let refused = Client::builder(known).settings(old()).anonymous().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Usage);
}

#[test]
fn tls_1_2_is_there_for_those_who_ask_for_it_by_name() {
    let lab = Lab::new();
    let old = Settings::new().tls12_too();
    let only_new = lab.server();
    let both = Server::builder(&lab.credentials()).settings(old.clone()).anyone().unwrap();
    let client = Client::builder(lab.trust()).settings(old).anonymous().unwrap();
    for server in [only_new, both] {
        let (client, _) = connected(&client, &server).unwrap();
        assert_eq!(client.facts().version(), "TLS 1.3");
    }
}

#[test]
fn settings_leave_what_they_name_and_never_nothing() {
    let lab = Lab::new();
    let narrow = Settings::new().groups([Group::P384]).unwrap().suites([Suite::ChaCha20Poly1305]).unwrap();
    let client = Client::builder(lab.trust()).settings(narrow.clone()).anonymous().unwrap();
    let (client, _) = connected(&client, &lab.server()).unwrap();
    let facts = client.facts();
    assert_eq!((facts.group(), facts.suite()), (Some("secp384r1"), "TLS_CHACHA20_POLY1305_SHA256"));
    // What was taken away does not come back.
    let error = narrow.clone().groups([Group::X25519]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(narrow.suites([]).unwrap_err().kind(), ErrorKind::Usage);
    let quantum_safe = Settings::new().groups([Group::X25519MlKem768]).unwrap();
    let server = Server::builder(&lab.credentials()).settings(quantum_safe).anyone().unwrap();
    let old = Settings::new().groups([Group::X25519]).unwrap();
    let client = Client::builder(lab.trust()).settings(old).anonymous().unwrap();
    let error = connected(&client, &server).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn both_sides_agree_on_a_protocol_or_on_nothing() {
    let lab = Lab::new();
    let speaks = |names: &[&str]| Settings::new().protocols(names).unwrap();
    let client = |names: &[&str]| Client::builder(lab.trust()).settings(speaks(names)).anonymous().unwrap();
    let server = Server::builder(&lab.credentials()).settings(speaks(&["h2", "http/1.1"])).anyone().unwrap();
    for (offered, agreed) in
        [(&["http/1.1", "h2"][..], Some(&b"h2"[..])), (&["http/1.1"], Some(b"http/1.1")), (&[], None)]
    {
        let (client, server) = connected(&client(offered), &server).unwrap();
        assert_eq!(client.facts().protocol(), agreed);
        assert_eq!(server.facts().protocol(), agreed);
    }
    let (mut from, mut to) =
        (client(&["smtp"]).handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
    let (of_client, of_server) = exchange(&mut from, &mut to);
    assert_eq!(of_server.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(of_client.unwrap_err().kind(), ErrorKind::PeerRefused);
    assert!(Settings::new().protocols([""]).is_err());
}

#[test]
fn what_is_exported_is_the_same_on_both_sides_and_on_no_other_connection() {
    let lab = Lab::new();
    let (client, server) = connected(&lab.client(), &lab.server()).unwrap();
    let (other, _) = connected(&lab.client(), &lab.server()).unwrap();
    assert_eq!(client.channel_binding().unwrap(), server.channel_binding().unwrap());
    assert_ne!(client.channel_binding().unwrap(), other.channel_binding().unwrap());
    let of = |label: &str, context: &[u8]| client.export::<32>(label, context).unwrap();
    assert_eq!(*of("EXPERIMENTAL one", b"x"), *server.export::<32>("EXPERIMENTAL one", b"x").unwrap());
    assert_ne!(*of("EXPERIMENTAL one", b"x"), *of("EXPERIMENTAL two", b"x"));
    assert_ne!(*of("EXPERIMENTAL one", b"x"), *of("EXPERIMENTAL one", b"y"));
}

#[test]
fn keys_of_all_kinds_that_tls_has_serve() {
    let lab = Lab::new();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519, KeyKind::rsa(2048)] {
        let key = PrivateKey::generate(kind).unwrap();
        let certificate = lab.root.tls_server(key.public(), &[HOST]).unwrap().sign().unwrap();
        let credential = bulla::x509::Credential::new(key, [certificate]).unwrap();
        let server = Server::builder(&Credentials::new([credential]).unwrap()).anyone().unwrap();
        let (client, _) = connected(&lab.client(), &server).unwrap();
        assert_eq!(client.peer().get().public_key().unwrap().kind(), kind);
    }
    let error = Credentials::bare(PrivateKey::generate(KeyKind::MlDsa65).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_server_shows_the_certificate_for_the_host_that_is_asked_for() {
    let lab = Lab::new();
    let hosts = ["www.example.org", "mail.example.org", "*.example.net"];
    let server =
        Server::builder(&Credentials::new(hosts.map(|host| lab.credential(host))).unwrap()).anyone().unwrap();
    for (asked, shown) in [("www.example.org", 0), ("MAIL.example.org", 1), ("any.example.net", 2)] {
        let mut from = lab.client().handshake(&asked.parse().unwrap()).unwrap();
        let mut to = server.handshake().unwrap();
        let (of_client, of_server) = exchange(&mut from, &mut to);
        of_client.unwrap();
        of_server.unwrap();
        let names = from.finish().unwrap().peer().get().alternative_names().unwrap();
        assert_eq!(names[0].to_string(), format!("DNS:{}", hosts[shown]));
    }
}

#[test]
fn new_credentials_serve_new_connections_and_old_ones_go_on() {
    let lab = Lab::new();
    let credentials = lab.credentials();
    let server = Server::builder(&credentials).anyone().unwrap();
    let (mut first, mut there) = connected(&lab.client(), &server).unwrap();
    let renewed = lab.credential(HOST);
    credentials.replace([renewed.clone()]).unwrap();
    let (second, _) = connected(&lab.client(), &server).unwrap();
    assert_ne!(first.peer().get(), second.peer().get());
    assert_eq!(second.peer().get(), renewed.certificate());
    says(&mut first, &mut there, b"still here");
    assert_eq!(credentials.replace::<std::sync::Arc<_>>([]).unwrap_err().kind(), ErrorKind::Usage);
    assert!(connected(&lab.client(), &server).is_ok());
}

#[test]
fn bare_keys_are_known_by_both_sides_beforehand() {
    let keys = [(); 2].map(|()| PrivateKey::generate(KeyKind::Ed25519).unwrap());
    let [of_server, of_client] = keys.each_ref().map(|key| key.public().fingerprint());
    let [server, client] = keys.map(|key| Credentials::bare(key).unwrap());
    let server = Server::builder(&server).require_clients(KnownKeys::bare([of_client]).unwrap()).unwrap();
    let alice = Client::builder(KnownKeys::bare([of_server]).unwrap()).with(&client).unwrap();
    let (here, there) = connected(&alice, &server).unwrap();
    assert_eq!((here.peer().by(), there.peer().by()), (&of_server, &of_client));
    // The same key is none for somebody who waits for another.
    let mallory = Credentials::bare(PrivateKey::generate(KeyKind::Ed25519).unwrap()).unwrap();
    let mallory = Client::builder(KnownKeys::bare([of_server]).unwrap()).with(&mallory).unwrap();
    assert_eq!(connected(&mallory, &server).unwrap_err().kind(), ErrorKind::Untrusted);
    assert!(KnownKeys::bare([]).is_err());
    // Certificates and bare keys do not meet.
    let lab = Lab::new();
    let error = connected(&lab.client(), &server).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[test]
fn a_known_key_counts_in_whatever_certificate() {
    let (lab, stranger) = (Lab::new(), Lab::named("CN=Stranger"));
    let credential = stranger.credential("somewhere.else.example");
    let key = credential.certificate().public_key().unwrap().fingerprint();
    let server = Server::builder(&Credentials::new([credential]).unwrap()).anyone().unwrap();
    let client = Client::builder(KnownKeys::in_certificates([key]).unwrap()).anonymous().unwrap();
    assert_eq!(connected(&client, &server).unwrap().0.peer().by(), &key);
    assert_eq!(connected(&client, &lab.server()).unwrap_err().kind(), ErrorKind::Untrusted);
}

#[test]
fn streams_carry_megabytes_both_ways_and_end_when_it_is_said() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let server = lab.server();
    let echo = beside(move || {
        let mut stream = server.accept(far).unwrap();
        let mut heard = vec![0; 3 << 20];
        stream.read_exact(&mut heard).unwrap();
        stream.write_all(&heard).unwrap();
        // The client has said that it says no more, and still hears.
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        stream.write_all(b"bye").unwrap();
        stream.close().unwrap();
    });
    let mut stream = lab.client().connect(&HOST.parse().unwrap(), near).unwrap();
    let said: Vec<u8> = (0..1_u32 << 20).flat_map(|at| at.to_le_bytes().into_iter().take(3)).collect();
    let sent = said.clone();
    let (mut read, mut heard) = (0, vec![0; said.len()]);
    for piece in sent.chunks(100_000) {
        stream.write_all(piece).unwrap();
    }
    while read < heard.len() {
        read += stream.read(&mut heard[read..]).unwrap();
    }
    assert!(heard == said);
    stream.close_write().unwrap();
    assert_eq!(stream.write(b"more").unwrap_err().kind(), Io::BrokenPipe);
    assert_eq!(all(&mut stream).unwrap(), b"bye");
    echo.join().unwrap();
}
