//! Another peer: OpenSSL, over tokio-openssl.
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bulla::x509::Certificate;
use openssl::pkey::PKey;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslSession, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use crate::plain_side::LIMIT;
use crate::{HOST, Lab, Side};

pub(crate) struct OpenSsl {
    root: X509,
    server: SslContext,
}

/// A client, and the last ticket that it got.
pub(crate) struct Client {
    context: SslContext,
    ticket: Arc<Mutex<Option<SslSession>>>,
}

fn x509(certificate: &Certificate) -> X509 {
    X509::from_der(certificate.as_der()).unwrap()
}

/// TLS 1.3 with bulla's groups in their order.
fn context(method: SslMethod) -> SslContextBuilder {
    let mut context = SslContext::builder(method).unwrap();
    context.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
    context.set_ciphersuites("TLS_AES_256_GCM_SHA384").unwrap();
    context.set_groups_list("X25519MLKEM768:X25519:P-256:P-384").unwrap();
    context
}

impl Side for OpenSsl {
    type Client = Client;
    type Near = SslStream<TcpStream>;
    type Far = SslStream<TcpStream>;

    fn new(lab: &Lab, resumes: bool) -> Self {
        let credential = lab.credential();
        let mut server = context(SslMethod::tls_server());
        let key = credential.key().expose_pem().unwrap();
        server.set_private_key(&PKey::private_key_from_pem(key.as_bytes()).unwrap()).unwrap();
        server.set_certificate(&x509(&credential.chain()[0])).unwrap();
        if !resumes {
            server.set_num_tickets(0).unwrap();
        }
        OpenSsl { root: x509(lab.root.certificate()), server: server.build() }
    }

    fn client(&self) -> Client {
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(self.root.clone()).unwrap();
        let mut client = context(SslMethod::tls_client());
        client.set_cert_store(store.build());
        client.set_verify(SslVerifyMode::PEER);
        client.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let ticket = Arc::new(Mutex::default());
        let kept = Arc::clone(&ticket);
        client.set_new_session_callback(move |_, session| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        });
        Client { context: client.build(), ticket }
    }

    async fn connect(&self, client: &Client, socket: TcpStream) -> Self::Near {
        let mut ssl = Ssl::new(&client.context).unwrap();
        ssl.set_hostname(HOST).unwrap();
        ssl.param_mut().set_host(HOST).unwrap();
        let ticket = client.ticket.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ticket) = &ticket {
            // SAFETY: it came from a connection of the same context.
            unsafe { ssl.set_session(ticket).unwrap() };
        }
        let mut stream = SslStream::new(ssl, socket).unwrap();
        timeout(LIMIT, Pin::new(&mut stream).connect()).await.unwrap().unwrap();
        assert_eq!(stream.ssl().session_reused(), ticket.is_some());
        stream
    }

    async fn accept(&self, socket: TcpStream) -> Self::Far {
        let mut stream = SslStream::new(Ssl::new(&self.server).unwrap(), socket).unwrap();
        timeout(LIMIT, Pin::new(&mut stream).accept()).await.unwrap().unwrap();
        stream
    }
}
