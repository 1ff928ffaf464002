//! Published mail: every file is accounted for by name, with what comes of it and why.
#![cfg(feature = "smime")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic"
)]

#[path = "support/cms.rs"] // rustfmt would look for support::cms elsewhere
mod cms;
#[path = "support/mail.rs"]
mod mail;
#[path = "revocation/make.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod make;
#[path = "support/published.rs"]
mod published;
#[path = "support/pyca.rs"]
mod pyca;

#[path = "pkits/cases.rs"]
mod cases;

mod smime_vectors {
    pub(crate) mod outcome;
    mod pkits;
    mod post_quantum;
    mod rfc4134;
    mod thunderbird;
}
