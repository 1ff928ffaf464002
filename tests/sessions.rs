//! Sessions in cookies, by the layer alone.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod sessions {
    #[cfg(feature = "axum")]
    mod axum;
    mod cookies;
    mod forms;
    mod lab;
    mod linked;
    #[cfg(feature = "metrics")]
    mod metrics;
    mod races;
}
