//! Configurations for crates that want rustls 0.23's own. Not part of what stays stable: it goes when rustls 0.23 does.
//!
//! Peers are judged as everywhere in bulla; that nobody forgets to look at the peer is then up to that crate. Connections are not
//! resumed: nobody would judge the peer anew.
use std::sync::Arc;

use rustls::client::Resumption;

use super::{Client, Server};
use crate::error::{Error, Result};

/// The client, for `tokio-rustls`, `hyper-rustls`, `reqwest`, `suppaftp` and others.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let anchors = bulla::x509::TrustAnchors::new([bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?])?;
/// use bulla::tls::{Client, Trust, rustls_023};
/// let client = Client::builder(Trust::new(anchors)).anonymous()?;
/// let config: std::sync::Arc<rustls::ClientConfig> = rustls_023::client_config(&client)?;
/// # let _ = config;
/// # Ok::<(), bulla::Error>(())
/// ```
///
/// # Errors
/// [`Usage`](crate::ErrorKind::Usage) for one that believes servers by a proof inside of the connection, which rustls alone would
/// not ask for.
pub fn client_config<P: Send + 'static>(client: &Client<P>) -> Result<Arc<rustls::ClientConfig>> {
    if client.proves_inside() {
        return Err(unproven());
    }
    let mut config = client.config().clone();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The server, for `tokio-rustls`, `axum-server` and others.
///
/// # Errors
/// [`Usage`](crate::ErrorKind::Usage) for one that lets in clients by a proof inside of the connection, which rustls alone would not
/// ask for.
pub fn server_config<P: Send + 'static>(server: &Server<P>) -> Result<Arc<rustls::ServerConfig>> {
    if server.proves_inside() {
        return Err(unproven());
    }
    let mut config = server.config().clone();
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn unproven() -> Error {
    let why = "its peers prove who they are inside of the connection, which rustls knows nothing of";
    Error::usage("rustls's configuration", why, "connect by bulla's own streams")
}
