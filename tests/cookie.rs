//! What tokens promise, one sentence a test.
#![cfg(feature = "cookie")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[cfg(feature = "legacy-cookies")]
#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;

mod cookie {
    #[cfg(feature = "file")]
    mod following;
    mod issuing;
    mod keyring;
    mod lab;
    #[cfg(feature = "legacy-cookies")]
    mod legacy;
    #[cfg(feature = "legacy-cookies")]
    mod legacy_refusals;
    mod memory;
    mod notices;
    mod one_time;
    mod payloads;
    mod remember;
    mod revoking;
    mod scopes;
    mod store;
    mod tamper;
    mod times;
}
