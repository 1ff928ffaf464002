//! Sessions in cookies, by the layer alone.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#[path = "support/log.rs"]
mod telling;

mod sessions {
    mod answers;
    #[cfg(feature = "axum")]
    mod axum;
    mod clocks;
    mod cookies;
    mod events;
    mod forms;
    mod lab;
    mod linked;
    mod log;
    #[cfg(feature = "metrics")]
    mod metrics;
    mod races;
}
