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

mod cli {
    pub(crate) mod lab;

    mod contract;
    mod files;
    mod holders;
    #[cfg(target_os = "linux")]
    mod process;
    mod rewrap;
    #[cfg(target_os = "linux")]
    mod terminal;
}
