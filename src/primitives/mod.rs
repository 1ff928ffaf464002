//! Crypto that knows no syntax: the only floor that names an algorithm crate.
pub(crate) mod aead;
pub(crate) mod agree;
pub(crate) mod hash;
pub(crate) mod hpke;
pub(crate) mod kdf;
pub(crate) mod random;
pub(crate) mod rsa;

#[cfg(test)]
mod vectors;
