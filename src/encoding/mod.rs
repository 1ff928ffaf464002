//! Syntax that knows no crypto: base64, Bech32, PEM armor, and one way to read from anything.
pub(crate) mod armor;
pub(crate) mod base64;
pub(crate) mod bech32;
pub(crate) mod input;
pub(crate) mod pem;
