//! Certificates read, and a path of three judged, beside rustls-webpki with the same signature code.
//!
//! `cargo bench --all-features --bench certificates` on one core (`taskset -c 0`).
#![allow(missing_docs, clippy::unwrap_used)]
use std::hint::black_box;
use std::time::Duration;

use bulla::x509::{
    Authority, Certificate, Credential, Purpose, Revocation, ServerName, TrustAnchors, Validation,
};
use bulla::{KeyKind, PrivateKey};
use criterion::{Criterion, criterion_group, criterion_main};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime, alg_id,
};

/// ECDSA on P-256 for webpki by the crate that bulla uses.
#[derive(Debug)]
struct P256Sha256;

impl SignatureVerificationAlgorithm for P256Sha256 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::P256).unwrap()
}

/// A root, an authority below it, and a server's certificate below that.
fn chain() -> [Certificate; 3] {
    let root = Authority::root(&"CN=Root,O=Example,C=CH".parse().unwrap(), key()).unwrap();
    let own = key();
    let name = "CN=Below,O=Example,C=CH".parse().unwrap();
    let below = root.intermediate(&name, own.public(), 0).unwrap().sign().unwrap();
    let authority = Authority::new(Credential::new(own, [below.clone()]).unwrap()).unwrap();
    let leaf =
        authority.tls_server(key().public(), &["www.example.org", "example.org"]).unwrap().sign().unwrap();
    [leaf, below, root.certificate().clone()]
}

fn read(c: &mut Criterion) {
    let [leaf, ..] = chain();
    let der = leaf.as_der();
    let mut group = c.benchmark_group("read a certificate");
    group.bench_function("bulla", |b| b.iter(|| Certificate::from_der(black_box(der)).unwrap()));
    let borrowed = CertificateDer::from(der);
    group.bench_function("webpki", |b| {
        b.iter(|| webpki::EndEntityCert::try_from(black_box(&borrowed)).unwrap());
    });
}

fn judge(c: &mut Criterion) {
    let [leaf, below, root] = chain();
    let host: ServerName = "www.example.org".parse().unwrap();
    let mut group = c.benchmark_group("judge a path of three, P-256, with its host");
    group.measurement_time(Duration::from_secs(8));
    let anchors = TrustAnchors::new([root.clone()]).unwrap();
    group.bench_function("bulla", |b| {
        b.iter(|| {
            let leaf = Certificate::from_der(black_box(leaf.as_der())).unwrap();
            let below = Certificate::from_der(black_box(below.as_der())).unwrap();
            let validation = Validation::new(Purpose::Server(&host), Revocation::Off).intermediates([below]);
            validation.validate(&leaf, &anchors).unwrap()
        });
    });
    let root = CertificateDer::from(root.as_der());
    let anchors = [webpki::anchor_from_trusted_cert(&root).unwrap()];
    let (leaf, below) = (CertificateDer::from(leaf.as_der()), CertificateDer::from(below.as_der()));
    let host = rustls_pki_types::ServerName::try_from("www.example.org").unwrap();
    group.bench_function("webpki", |b| {
        b.iter(|| {
            let leaf = webpki::EndEntityCert::try_from(black_box(&leaf)).unwrap();
            let below = [black_box(&below).clone()];
            let usage = webpki::KeyUsage::server_auth();
            leaf.verify_for_usage(&[&P256Sha256], &anchors, &below, UnixTime::now(), usage, None, None)
                .unwrap();
            leaf.verify_is_valid_for_subject_name(&host).unwrap();
        });
    });
    let (public, signature) = {
        let key = key();
        (key.public().clone(), key.sign_plain(b"message").unwrap())
    };
    group.bench_function("one signature alone", |b| {
        b.iter(|| public.verify_plain(black_box(b"message"), &signature).unwrap());
    });
}

criterion_group!(benches, read, judge);
criterion_main!(benches);
