//! What tokens promise, one sentence a test.
#![cfg(feature = "cookie")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod cookie {
    mod issuing;
    mod keyring;
    mod lab;
    mod revoking;
    mod scopes;
    mod tamper;
    mod times;
}
