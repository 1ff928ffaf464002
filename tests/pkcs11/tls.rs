//! Servers and clients of TLS whose keys are on a token.
use bulla::tls::{CertifiedPeer, Client, Credentials, Handshake, KnownKeys, Server, Trust};
use bulla::x509::{Authority, Credential, TrustAnchors};
use bulla::{KeyKind, PrivateKey, PublicKey};

use super::token::in_a_token;
use crate::KINDS;

/// Brings what waits on either side to the other, until both are done.
fn meet<A: 'static, B: 'static>(client: &mut Handshake<A>, server: &mut Handshake<B>) {
    for _ in 0..5 {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        client.send_to(&mut there).unwrap();
        server.receive(&there).unwrap();
        server.send_to(&mut back).unwrap();
        client.receive(&back).unwrap();
    }
    assert!(client.is_done() && server.is_done());
}

#[test]
fn keys_on_a_token_prove_both_sides_of_a_connection() {
    in_a_token("pkcs11::tls::keys_on_a_token_prove_both_sides_of_a_connection", |lab| {
        let token = lab.open().unwrap();
        let root = PrivateKey::generate(KeyKind::P256).unwrap();
        let root = Authority::root(&"CN=Root".parse().unwrap(), root).unwrap();
        let trust = || Trust::new(TrustAnchors::new([root.certificate().clone()]).unwrap());
        let host = "www.example.org".parse().unwrap();
        for (id, kind) in (1..).zip(KINDS) {
            let there = |id: u8| {
                let label = format!("{kind} {id}");
                lab.import(&PrivateKey::generate(kind).unwrap(), &label, id);
                token.key(&label).unwrap()
            };
            let (of_server, of_client) = (there(id * 2), there(id * 2 + 1));
            let server = root.tls_server(of_server.public(), &["www.example.org"]).unwrap().sign().unwrap();
            let client = root.tls_client(of_client.public(), &"CN=Alice".parse().unwrap()).unwrap();
            let (server, client) = (Credential::new(of_server, [server]), client.sign());
            let client = Credential::new(of_client, [client.unwrap()]);
            let (server, client) = (Credentials::new([server.unwrap()]), Credentials::new([client.unwrap()]));
            let server: Server<CertifiedPeer> =
                Server::builder(&server.unwrap()).require_clients(trust()).unwrap();
            let client = Client::builder(trust()).with(&client.unwrap()).unwrap();
            let (mut from, mut to) = (client.handshake(&host).unwrap(), server.handshake().unwrap());
            meet(&mut from, &mut to);
            let kind_of = |key: bulla::Result<PublicKey>| key.unwrap().kind();
            assert_eq!(kind_of(from.finish().unwrap().peer().get().public_key()), kind);
            assert_eq!(kind_of(to.finish().unwrap().peer().get().public_key()), kind);
        }
    });
}

#[test]
fn a_bare_key_may_be_on_a_token() {
    in_a_token("pkcs11::tls::a_bare_key_may_be_on_a_token", |lab| {
        lab.import(&PrivateKey::generate(KeyKind::P256).unwrap(), "bare", 1);
        let key = lab.open().unwrap().key("bare").unwrap();
        let known = KnownKeys::bare([key.public().fingerprint()]).unwrap();
        let server = Server::builder(&Credentials::bare(key).unwrap()).anyone().unwrap();
        let client = Client::builder(known).anonymous().unwrap();
        let mut from = client.handshake(&"www.example.org".parse().unwrap()).unwrap();
        meet(&mut from, &mut server.handshake().unwrap());
    });
}
