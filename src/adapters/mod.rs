//! Other crates' worlds, built on the public API alone. One module for each, behind a feature of its name.
#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "file")]
pub mod key_wrap;
#[cfg(all(feature = "file", any(feature = "cookie", feature = "tls")))]
pub mod keyring_file;
#[cfg(all(feature = "file", any(feature = "cookie", feature = "tls")))]
mod keyring_in_use;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "object_store")]
pub mod object_store;
#[cfg(any(feature = "redb", feature = "sqlite"))]
mod owners_file;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
#[cfg(feature = "redb")]
pub mod redb;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(all(feature = "file", feature = "tls"))]
pub mod shared_key_file;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(feature = "tower")]
pub mod tower;
