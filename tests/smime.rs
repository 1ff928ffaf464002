//! Mail: what is signed verifies, what is encrypted opens, and what the sender must not get wrong is not possible.
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

mod smime {
    mod beside;
    mod choosing;
    mod elsewhere;
    mod encrypting;
    mod files;
    mod messages;
    mod old;
    mod opening;
    mod reports;
    mod revoked;
    mod signing;
    mod verifying;
}
