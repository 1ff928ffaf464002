//! Redis over TLS, with a certificate that given anchors vouch for.
use std::net::TcpListener;
use std::time::Duration;

use bulla::adapters::redis::Redis;
use bulla::cookie::{OnStale, Standing};
use bulla::x509::Authority;
use bulla::{KeyKind, PrivateKey, Time};

use super::lab::{BOUND, LIMIT, Lab, until};
use super::server::Server;

fn authority() -> Authority {
    Authority::root(&"CN=Test".parse().unwrap(), PrivateKey::generate(KeyKind::P256).unwrap()).unwrap()
}

/// A server with a certificate for this name, its port and what vouches for it.
fn server(host: &str) -> Option<(Lab, u16, String)> {
    let server = Server::none()?;
    let (root, key) = (authority(), PrivateKey::generate(KeyKind::P256).unwrap());
    let certificate = root.tls_server(key.public(), &[host]).unwrap().sign().unwrap();
    let write = |name: &str, text: &str| {
        let path = server.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let anchors = root.certificate().to_pem();
    // Nobody else takes it between here and there, most likely.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let more = [
        ["--tls-port", &port.to_string()],
        ["--bind", "127.0.0.1"],
        ["--tls-cert-file", &write("server.pem", &certificate.to_pem())],
        ["--tls-key-file", &write("server.key", &key.expose_pem().unwrap())],
        ["--tls-ca-cert-file", &write("ca.pem", &anchors)],
        ["--tls-auth-clients", "no"],
    ];
    let more: Vec<String> = more.as_flattened().iter().map(|word| (*word).to_owned()).collect();
    Some((Lab::at(server.with(&more)), port, anchors))
}

#[tokio::test]
async fn hosts_share_by_tls_what_is_revoked() {
    let Some((lab, port, anchors)) = server("localhost") else { return };
    let url = format!("rediss://localhost:{port}");
    let host = || {
        let redis = Redis::open_with_anchors(&url, anchors.as_bytes(), lab.key()).unwrap();
        redis.every(Duration::from_millis(20)).deadline(LIMIT).link(BOUND, OnStale::Ask).unwrap()
    };
    let ((one, one_link), (other, other_link)) = (host(), host());
    assert!(one_link.ready(LIMIT).await && other_link.ready(LIMIT).await);
    let session = lab.session(1);
    one.end(&session, Duration::ZERO, Time::now()).unwrap();
    until("it is heard", || other.standing(&session, None, Time::now()) == Standing::Revoked).await;
    assert_eq!(other.ask(&session, None, Time::now()).await.unwrap(), Standing::Revoked);
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_or_of_another_name_is_not_talked_to() {
    let stranger = authority().certificate().to_pem();
    for (name, asked, are_right) in [("localhost", "localhost", false), ("redis.test", "localhost", true)] {
        let Some((lab, port, anchors)) = server(name) else { return };
        let anchors = if are_right { &anchors } else { &stranger };
        let url = format!("rediss://{asked}:{port}");
        let redis = Redis::open_with_anchors(&url, anchors.as_bytes(), lab.key()).unwrap();
        let store = redis.deadline(LIMIT).store();
        let error = bulla::cookie::Store::get(&store, &[7; 32]).await.unwrap_err();
        let why = format!("{error:?} {error}").to_lowercase();
        assert!(why.contains("certificate"), "{why}");
    }
    // Nor one that the system does not trust.
    let Some((lab, port, _)) = server("localhost") else { return };
    let store =
        Redis::open(&format!("rediss://localhost:{port}"), lab.key()).unwrap().deadline(LIMIT).store();
    assert!(bulla::cookie::Store::get(&store, &[7; 32]).await.is_err());
}
