//! Hosts that share a Redis server: what one revokes, the others know, whatever happens to the server.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

#[cfg(feature = "tokio")]
#[path = "support/example.rs"]
mod example;

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;

#[allow(dead_code, reason = "its clock is for stores that take one")]
#[path = "cookie/store.rs"]
mod promises;

#[cfg(feature = "tls")]
#[allow(dead_code, reason = "a part of it is used")]
#[path = "tls/lab.rs"]
mod tls_lab;

mod redis {
    mod addresses;
    mod cut_off;
    mod failures;
    #[cfg(feature = "tokio")]
    mod hosts;
    mod key_wrap;
    mod keyring;
    mod lab;
    mod many;
    mod poison;
    mod revoking;
    mod server;
    mod store;
    #[cfg(feature = "tower")]
    mod strict;
    #[cfg(feature = "x509")]
    mod tls;
    #[cfg(feature = "tls")]
    mod tls_sessions;
    mod wire;
}
