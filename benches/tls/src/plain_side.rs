//! The peer: tokio-rustls with rustls's own verifier and ticketer.
use std::sync::Arc;
use std::time::Duration;

use bulla::x509::Certificate;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, Ticketer, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::{HOST, Lab, Side};

/// What a handshake may take: nobody puts a server where others can reach it without one, and bulla has one by itself.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Plain {
    roots: Arc<RootCertStore>,
    server: TlsAcceptor,
    resumes: bool,
}

fn der(certificate: &Certificate) -> CertificateDer<'static> {
    CertificateDer::from(certificate.as_der().to_vec())
}

/// The groups in bulla's order.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups =
        vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    Arc::new(provider)
}

impl Side for Plain {
    type Client = TlsConnector;
    type Near = client::TlsStream<TcpStream>;
    type Far = server::TlsStream<TcpStream>;

    fn new(lab: &Lab, resumes: bool) -> Self {
        let credential = lab.credential();
        let pem = credential.key().expose_pem().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap());
        let chain = credential.chain().iter().map(der).collect();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        match resumes {
            true => config.ticketer = Ticketer::new().unwrap(),
            false => {
                config.send_tls13_tickets = 0;
                config.session_storage = Arc::new(NoServerSessionStorage {});
            }
        }
        let mut roots = RootCertStore::empty();
        roots.add(der(lab.root.certificate())).unwrap();
        Plain { roots: Arc::new(roots), server: TlsAcceptor::from(Arc::new(config)), resumes }
    }

    fn client(&self) -> Self::Client {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        if !self.resumes {
            config.resumption = Resumption::disabled();
        }
        TlsConnector::from(Arc::new(config))
    }

    async fn connect(&self, client: &Self::Client, socket: TcpStream) -> Self::Near {
        timeout(LIMIT, client.connect(HOST.try_into().unwrap(), socket)).await.unwrap().unwrap()
    }

    async fn accept(&self, socket: TcpStream) -> Self::Far {
        timeout(LIMIT, self.server.accept(socket)).await.unwrap().unwrap()
    }
}
