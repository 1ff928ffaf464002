//! Signatures of every scheme, on bytes: ECDSA (FIPS 186-5), Ed25519 (RFC 8032), ML-DSA (FIPS 204).
use ::ml_dsa::{MlDsa44, MlDsa65, MlDsa87};

use super::ml_dsa::Set;
use super::{ec, eddsa, ml_dsa, random};
use crate::secret::SecretVec;

/// Bytes of a seed, of Ed25519 and of ML-DSA.
const SEED: usize = 32;

/// Which scheme. A curve has its hash: SHA-256, -384 and -512.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scheme {
    P256,
    P384,
    P521,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// A signature did not verify. One word, nothing inside.
#[derive(Debug)]
pub(crate) struct Refused;

/// Calls the function of that name in the scheme's own file.
macro_rules! of_scheme {
    ($scheme:expr, $function:ident($($argument:expr),*)) => {
        match $scheme {
            Scheme::P256 => ec::P256::$function($($argument),*),
            Scheme::P384 => ec::P384::$function($($argument),*),
            Scheme::P521 => ec::P521::$function($($argument),*),
            Scheme::Ed25519 => eddsa::$function($($argument),*),
            Scheme::MlDsa44 => ml_dsa::$function::<MlDsa44>($($argument),*),
            Scheme::MlDsa65 => ml_dsa::$function::<MlDsa65>($($argument),*),
            Scheme::MlDsa87 => ml_dsa::$function::<MlDsa87>($($argument),*),
        }
    };
}

impl Scheme {
    /// A new secret: a curve's scalar (big-endian, as long as the order: 32, 48 or 66 bytes), or a seed of 32 bytes.
    pub(crate) fn generate(self) -> SecretVec {
        match self {
            Scheme::P256 => ec::P256::generate(),
            Scheme::P384 => ec::P384::generate(),
            Scheme::P521 => ec::P521::generate(),
            Scheme::Ed25519 | Scheme::MlDsa44 | Scheme::MlDsa65 | Scheme::MlDsa87 => {
                let mut seed = SecretVec::new(vec![0; SEED]);
                random::fill(&mut seed);
                seed
            }
        }
    }

    /// The public key of a secret: an uncompressed point (SEC 1 section 2.3.3), 32 bytes, or the encoding of FIPS 204.
    ///
    /// `None` if it is no secret of this scheme: of another length, 0, or not below the order.
    pub(crate) fn public(self, secret: &[u8]) -> Option<Vec<u8>> {
        of_scheme!(self, public(secret))
    }

    /// A public key in its one form. `None` if it is not one.
    ///
    /// A point of a curve may be compressed or not, and comes out uncompressed; the identity and hybrid forms are
    /// refused. An Ed25519 key of small order is, too.
    pub(crate) fn check_public(self, bytes: &[u8]) -> Option<Vec<u8>> {
        of_scheme!(self, check_public(bytes))
    }

    /// Signs the parts of a message, as if they were one. `None` if it is no secret of this scheme.
    ///
    /// ECDSA gives DER; it and ML-DSA take fresh randomness besides the key and the message.
    pub(crate) fn sign(self, secret: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
        of_scheme!(self, sign(secret, message))
    }

    /// Checks a signature over the parts of a message, as if they were one.
    ///
    /// ECDSA takes strict DER, with s low or high; Ed25519 takes no R of small order. The key is checked, too.
    pub(crate) fn verify(self, public: &[u8], message: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        of_scheme!(self, verify(public, message, signature)).ok_or(Refused)
    }
}

/// For what only ML-DSA has: expanded keys.
impl TryFrom<Scheme> for Set {
    type Error = ();

    fn try_from(scheme: Scheme) -> Result<Self, ()> {
        match scheme {
            Scheme::MlDsa44 => Ok(Set::MlDsa44),
            Scheme::MlDsa65 => Ok(Set::MlDsa65),
            Scheme::MlDsa87 => Ok(Set::MlDsa87),
            Scheme::P256 | Scheme::P384 | Scheme::P521 | Scheme::Ed25519 => Err(()),
        }
    }
}
