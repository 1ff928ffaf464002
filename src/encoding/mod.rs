//! Syntax that knows no crypto: base64, Bech32, PEM armor, and one way to read from anything.
pub(crate) mod armor;
pub(crate) mod base64;
pub(crate) mod bech32;
#[cfg(feature = "x509")]
pub(crate) mod ber;
#[cfg(all(test, feature = "x509"))]
mod ber_tests;
pub(crate) mod input;
#[cfg(feature = "x509")]
pub(crate) mod oid;
pub(crate) mod pem;
#[cfg(feature = "x509")]
pub(crate) mod tlv;
