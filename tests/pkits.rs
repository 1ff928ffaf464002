//! NIST's PKITS, complete: every path of sections 4.1 to 4.16 is judged as the document says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;
#[path = "support/pyca.rs"]
mod pyca;

mod pkits {
    pub(crate) mod cases;
    mod judged;
    mod table;
}
