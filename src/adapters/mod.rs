//! Other crates' worlds: async code, built on the public API alone. One module for each, behind a feature of its name.
#[cfg(feature = "object_store")]
pub mod object_store;
