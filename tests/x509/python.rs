//! Python's `cryptography`, which is strict about the web's profile, and knows post-quantum certificates.
use std::path::Path;

use bulla::x509::{Authority, Purpose, Request, Revocation, TrustAnchors, Validation};
use bulla::{ErrorKind, KeyKind, PrivateKey};

use crate::bench::{Bench, Chain};
use crate::name;

/// The words that run the script beside this file.
fn script(words: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/x509/peer.py");
    format!("{} {words}", script.display())
}

#[test]
fn python_takes_our_chains_those_with_post_quantum_keys_too() {
    let Some(python) = Bench::of("python") else { return };
    for kind in [KeyKind::rsa(2048), KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::MlDsa65] {
        Chain::of(kind).write(&python);
        python.run(&script("check mail bob@example.org"));
        python.run(&script("check client Bob"));
        if kind == KeyKind::Ed25519 || kind == KeyKind::MlDsa65 {
            // The web's profile has no such keys.
            continue;
        }
        for host in ["www.example.org", "any.example.net", "192.0.2.1"] {
            python.run(&script(&format!("check server {host}")));
        }
        for host in ["example.org", "example.net", "a.b.example.net", "192.0.2.2"] {
            assert!(python.try_run(&script(&format!("check server {host}"))).is_err(), "{host}");
        }
    }
}

#[test]
fn requests_go_both_ways() {
    let Some(python) = Bench::of("python") else { return };
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let ours =
        Request::builder(&key).subject(&name("CN=Bob,O=Example")).host("www.example.org").sign().unwrap();
    python.write("ours.csr", ours.to_pem());
    let said = python.run(&script("requests"));
    assert!(said.contains("CN=Bob,O=Example") && said.contains("www.example.org"), "{said}");
    let theirs = Request::from_der(&std::fs::read(python.path("theirs.csr")).unwrap()).unwrap();
    assert_eq!(theirs.subject(), name("CN=Bob,O=Example"));
    assert_eq!(theirs.hosts().unwrap(), ["www.example.org"]);
    assert_eq!(theirs.expose_challenge_password().unwrap().unwrap().as_str(), "password");
    assert_eq!(theirs.verify().unwrap().by().kind(), KeyKind::P384);
}

#[test]
fn what_python_issued_with_our_authority_is_read() {
    let Some(python) = Bench::of("python") else { return };
    let post_quantum = [KeyKind::MlDsa44, KeyKind::MlDsa65, KeyKind::MlDsa87];
    for kind in [KeyKind::rsa(2048), KeyKind::P256, KeyKind::Ed25519].into_iter().chain(post_quantum) {
        let root = Authority::root(&name("CN=Root"), PrivateKey::generate(kind).unwrap()).unwrap();
        python.write("root.pem", root.certificate().to_pem());
        python.write("root.key", root.credential().key().expose_pem().unwrap().as_bytes());
        python.run(&script("leaf"));
        let leaf = python.certificate("leaf.pem");
        assert_eq!(leaf.issuer(), root.certificate().subject());
        assert_eq!(leaf.extended_key_usage().unwrap().unwrap().to_string(), "E-mail Protection");
        let anchors = TrustAnchors::new([root.certificate().clone()]).unwrap();
        let validation = Validation::new(Purpose::Any, Revocation::Off);
        assert!(validation.validate(&leaf, &anchors).is_ok());
        let own = leaf.public_key().unwrap().kind();
        assert_eq!(own, if post_quantum.contains(&kind) { kind } else { KeyKind::Ed25519 });
        // Not for the name's sake alone.
        let other = Authority::root(&name("CN=Root"), PrivateKey::generate(kind).unwrap()).unwrap();
        let others = TrustAnchors::new([other.certificate().clone()]).unwrap();
        assert_eq!(validation.validate(&leaf, &others).unwrap_err().kind(), ErrorKind::Untrusted, "{kind}");
    }
}
