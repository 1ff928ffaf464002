//! Configurations for crates that want rustls 0.23's own. Not part of what stays stable: it goes when rustls 0.23 does.
//!
//! Peers are judged as everywhere in bulla; that nobody forgets to look at the peer is then up to that crate. Connections are not
//! resumed: nobody would judge the peer anew.
use std::sync::Arc;

use rustls::client::Resumption;

use super::{Client, Server};

/// The client, for `tokio-rustls`, `hyper-rustls`, `reqwest`, `suppaftp` and others.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let anchors = bulla::x509::TrustAnchors::new([bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?])?;
/// use bulla::tls::{Client, Trust, rustls_023};
/// let client = Client::builder(Trust::new(anchors)).anonymous()?;
/// let config: std::sync::Arc<rustls::ClientConfig> = rustls_023::client_config(&client);
/// # let _ = config;
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub fn client_config<P: Send + 'static>(client: &Client<P>) -> Arc<rustls::ClientConfig> {
    let mut config = client.config().clone();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// The server, for `tokio-rustls`, `axum-server` and others.
#[must_use]
pub fn server_config<P: Send + 'static>(server: &Server<P>) -> Arc<rustls::ServerConfig> {
    let mut config = server.config().clone();
    config.send_tls13_tickets = 0;
    Arc::new(config)
}
