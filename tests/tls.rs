//! Connections: nobody is believed without a reason, what is cut off shows, and nobody is known again who would not be let in.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "support/example.rs"]
mod example;
#[path = "revocation/make.rs"]
#[allow(
    dead_code,
    clippy::as_conversions,
    clippy::expect_used,
    reason = "a part of it is used, and its lengths are small"
)]
mod make;
#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;
#[path = "support/log.rs"]
mod telling;

mod tls {
    #[cfg(feature = "opaque")]
    mod asked;
    mod basics;
    mod hostile;
    mod lab;
    mod log;
    mod openssl;
    #[cfg(feature = "opaque")]
    mod passwords;
    mod peers;
    mod refused;
    mod reset;
    mod resumed;
    mod shared;
    #[cfg(feature = "file")]
    mod shared_file;
    mod slow;
    mod starttls;
    mod stored;
    #[cfg(feature = "tokio")]
    mod tokio;
    mod transport;
    mod wrong;
}
