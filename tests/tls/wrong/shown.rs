//! A handshake in which one side shows what a row says: by bulla, or by rustls itself where bulla would not hold it.
use std::sync::Arc;

use bulla::tls::{Client, Credentials, Handshake, Server, Settings, rustls_023};
use bulla::x509::{Certificate, Credential};
use bulla::{Error, ErrorKind, Result};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, Connection, ServerConnection, SignatureScheme};

use super::made::{Case, Ground, Side, same_key};
use crate::make::now;
use crate::tls::lab::{HOST, exchange};

/// What both sides say.
pub(crate) struct Outcome {
    /// Of the side that judges.
    pub(crate) ours: Result<()>,
    /// Of the side that is judged: whether it was refused, and in which words.
    pub(crate) theirs: std::result::Result<(), (bool, String)>,
    pub(crate) by_rustls: bool,
}

/// Shows whatever it has to whoever asks.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn settings() -> Settings {
    Settings::new().clock(now)
}

/// The chain as bulla holds it, if it does, and as it stands.
fn held(ground: &Ground, case: &Case) -> Option<Credentials> {
    let chain: Result<Vec<Certificate>> = case.chain.iter().map(|der| Certificate::from_der(der)).collect();
    let credential = Credential::new(same_key(&ground.pem), chain.ok()?).ok()?;
    let as_it_stands = credential.chain().iter().map(Certificate::as_der).eq(case.chain.iter());
    if as_it_stands && case.ocsp.is_empty() { Credentials::new([credential]).ok() } else { None }
}

fn raw(ground: &Ground, case: &Case) -> Arc<Shows> {
    let key = PrivateKeyDer::from_pem_slice(ground.pem.as_bytes()).unwrap();
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let chain = case.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let mut shown = CertifiedKey::new(chain, key);
    shown.ocsp = (!case.ocsp.is_empty()).then(|| case.ocsp.clone());
    Arc::new(Shows(Arc::new(shown)))
}

/// A server that has TLS 1.2 alone shows it.
pub(crate) fn show_in_tls_1_2(ground: &Ground, case: &Case) -> Outcome {
    let settings = settings().tls12_too();
    let client = Client::builder(case.trust.clone()).settings(settings).anonymous().unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider));
    let config = config.with_protocol_versions(&[&rustls::version::TLS12]).unwrap();
    let config = config.with_no_client_auth().with_cert_resolver(raw(ground, case));
    let mut ours = client.handshake(&case.host.parse().unwrap()).unwrap();
    by_rustls(&mut ours, &mut ServerConnection::new(Arc::new(config)).unwrap().into())
}

pub(crate) fn show(ground: &Ground, case: &Case) -> Outcome {
    let held = held(ground, case);
    match ground.side {
        Side::Server => {
            let client = Client::builder(case.trust.clone()).settings(settings()).anonymous().unwrap();
            let mut ours = client.handshake(&case.host.parse().unwrap()).unwrap();
            let shown = held.as_ref().unwrap_or(&ground.good_server);
            let server = Server::builder(shown).settings(settings()).anyone().unwrap();
            if held.is_some() {
                let (ours, theirs) = exchange(&mut ours, &mut server.handshake().unwrap());
                return by_bulla(ours, theirs);
            }
            let mut config = (*rustls_023::server_config(&server).unwrap()).clone();
            config.cert_resolver = raw(ground, case);
            by_rustls(&mut ours, &mut ServerConnection::new(Arc::new(config)).unwrap().into())
        }
        Side::Client => {
            let server = Server::builder(&ground.good_server).settings(settings());
            let mut ours = server.require_clients(case.trust.clone()).unwrap().handshake().unwrap();
            let shown = held.as_ref().unwrap_or(&ground.good_server);
            let client = Client::builder(ground.trust()).settings(settings()).with(shown).unwrap();
            if held.is_some() {
                let mut theirs = client.handshake(&HOST.parse().unwrap()).unwrap();
                let (theirs, ours) = exchange(&mut theirs, &mut ours);
                return by_bulla(ours, theirs);
            }
            let mut config = (*rustls_023::client_config(&client).unwrap()).clone();
            config.client_auth_cert_resolver = raw(ground, case);
            let host = rustls::pki_types::ServerName::try_from(HOST).unwrap();
            by_rustls(&mut ours, &mut ClientConnection::new(Arc::new(config), host).unwrap().into())
        }
    }
}

fn by_bulla(ours: Result<()>, theirs: Result<()>) -> Outcome {
    let heard = |error: Error| (error.kind() == ErrorKind::PeerRefused, error.to_string());
    Outcome { ours, theirs: theirs.map_err(heard), by_rustls: false }
}

fn by_rustls<P: 'static>(ours: &mut Handshake<P>, theirs: &mut Connection) -> Outcome {
    let (mut of_ours, mut of_theirs) = (Ok(()), Ok(()));
    for _ in 0..20 {
        let mut wire = Vec::new();
        ours.send_to(&mut wire).unwrap();
        let mut rest = &wire[..];
        while of_theirs.is_ok() && !rest.is_empty() {
            theirs.read_tls(&mut rest).unwrap();
            of_theirs = theirs.process_new_packets().map(drop);
        }
        let mut wire = Vec::new();
        while theirs.wants_write() {
            theirs.write_tls(&mut wire).unwrap();
        }
        if of_ours.is_ok() && !wire.is_empty() {
            of_ours = ours.receive(&wire).map(drop);
        }
    }
    let heard = |error| (matches!(error, rustls::Error::AlertReceived(_)), format!("{error:?}"));
    Outcome { ours: of_ours, theirs: of_theirs.map_err(heard), by_rustls: true }
}
