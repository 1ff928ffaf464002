//! Crypto that knows no syntax: the only floor that names an algorithm crate.
pub(crate) mod aead;
#[cfg(feature = "smime")]
pub(crate) mod aead_stream;
pub(crate) mod agree;
#[cfg(feature = "smime")]
pub(crate) mod cbc;
pub(crate) mod dsa;
// Which engine computes the curves: callers see no difference but in speed.
#[cfg(not(feature = "aws-lc"))]
use ec as curves;
#[cfg(feature = "aws-lc")]
use ec_aws_lc as curves;

mod ec;
#[cfg(feature = "aws-lc")]
mod ec_aws_lc;
mod eddsa;
pub(crate) mod hash;
pub(crate) mod hpke;
pub(crate) mod kdf;
#[cfg(feature = "smime")]
pub(crate) mod key_wrap;
#[cfg(feature = "x509")]
pub(crate) mod legacy_ciphers;
#[cfg(feature = "cookie")]
pub(crate) mod mac;
mod ml_dsa;
pub(crate) mod ml_kem;
#[cfg(feature = "opaque")]
pub(crate) mod opaque;
#[cfg(feature = "smime")]
pub(crate) mod password_wrap;
#[cfg(feature = "x509")]
pub(crate) mod pbe;
pub(crate) mod random;
pub(crate) mod ready;
pub(crate) mod rsa;
#[cfg(feature = "aws-lc")]
mod rsa_aws_lc;
pub(crate) mod scheme;
pub(crate) mod signature;
#[cfg(any(feature = "cookie", feature = "tls"))]
pub(crate) mod siv;
#[cfg(feature = "tls")]
pub(crate) mod tls;

#[cfg(test)]
#[cfg(feature = "aws-lc")]
mod engine_tests;
#[cfg(test)]
mod mail_vectors;
#[cfg(test)]
mod ml_kem_vectors;
#[cfg(test)]
mod rsa_vectors;
#[cfg(test)]
mod signature_vectors;
#[cfg(test)]
mod vectors;
