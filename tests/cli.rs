//! The command `bulla` from outside: what docs/command.md and its help promise to scripts and to people.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "support/peers.rs"]
mod peers;
#[path = "pkits/cases.rs"]
mod pkits_cases;
#[path = "support/pyca.rs"]
mod pyca;

mod cli {
    pub(crate) mod lab;

    mod cert;
    mod contract;
    mod crl;
    mod files;
    mod holders;
    mod issuing;
    mod key;
    mod mail_fields;
    mod mail_reports;
    mod p12;
    mod pkits;
    #[cfg(all(feature = "tls", target_os = "linux"))]
    mod probe;
    #[cfg(target_os = "linux")]
    mod process;
    #[cfg(all(feature = "tls", target_os = "linux"))]
    mod psk;
    mod rewrap;
    mod smime;
    #[cfg(target_os = "linux")]
    mod terminal;
    #[cfg(feature = "tls")]
    mod tls;
    mod token;
    #[cfg(feature = "sqlite")]
    mod users;
}
