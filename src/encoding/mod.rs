//! Syntax that knows no crypto: base64, Bech32, PEM armor, and one way to read from anything.
pub(crate) mod armor;
pub(crate) mod base64;
#[cfg(feature = "smime")]
pub(crate) mod base64_stream;
#[cfg(feature = "smime")]
mod base64_tables;
#[cfg(feature = "cookie")]
pub(crate) mod base64url;
pub(crate) mod bech32;
#[cfg(feature = "x509")]
pub(crate) mod ber;
#[cfg(feature = "smime")]
pub(crate) mod ber_reader;
#[cfg(feature = "smime")]
#[cfg(test)]
mod ber_reader_tests;
#[cfg(feature = "x509")]
#[cfg(test)] // not `all(test, …)`: clippy knows tests by this
mod ber_tests;
#[cfg(feature = "cookie")]
pub(crate) mod cbor;
pub(crate) mod input;
#[cfg(feature = "x509")]
pub(crate) mod oid;
#[cfg(feature = "cookie")]
pub(crate) mod pae;
pub(crate) mod pem;
pub(crate) mod plain;
mod rfc3339;
#[cfg(feature = "x509")]
pub(crate) mod tlv;
#[cfg(feature = "legacy-cookies")]
pub(crate) mod zlib;
