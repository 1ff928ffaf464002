//! What tokens promise, one sentence a test.
#![cfg(feature = "cookie")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod cookie {
    mod issuing;
    mod keyring;
    mod lab;
    mod memory;
    mod one_time;
    mod payloads;
    mod remember;
    mod revoking;
    mod scopes;
    mod store;
    mod tamper;
    mod times;
}
