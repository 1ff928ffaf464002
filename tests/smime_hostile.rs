//! Mail made to be taken for more than it is, to give away what is in it, or to cost without end: each gets a typed error
//! within bounds, and nothing is released.
#![cfg(feature = "smime")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic, and its lengths are small"
)]

#[path = "support/cms.rs"] // rustfmt would look for support::cms elsewhere
mod cms;
#[path = "support/mail.rs"]
mod mail;
#[path = "revocation/make.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod make;

mod smime_hostile {
    mod attributes;
    mod authenticated;
    mod ber;
    mod bounds;
    mod efail;
    mod oracles;
    mod parts;
    mod recipients;
    mod signers;
}
