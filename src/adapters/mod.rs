//! Other crates' worlds, built on the public API alone. One module for each, behind a feature of its name.
#[cfg(feature = "object_store")]
pub mod object_store;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
