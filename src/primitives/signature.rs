//! Signatures of every scheme, on bytes: ECDSA (FIPS 186-5), Ed25519 (RFC 8032), ML-DSA (FIPS 204).
use ::ml_dsa::{MlDsa44, MlDsa65, MlDsa87};

use super::curves::{P256, P384, P521};
use super::ec::Curve;
use super::hash::Digest;
use super::scheme::Scheme;
use super::{eddsa, ml_dsa};

/// A signature did not verify. One word, nothing inside.
#[derive(Debug)]
pub(crate) struct Refused;

/// Calls the function of that name in the scheme's own file; `None` for schemes that do not sign.
macro_rules! of_scheme {
    ($scheme:expr, $function:ident($($argument:expr),*)) => {
        match $scheme {
            Scheme::P256 => P256::$function($($argument),*),
            Scheme::P384 => P384::$function($($argument),*),
            Scheme::P521 => P521::$function($($argument),*),
            Scheme::Ed25519 => eddsa::$function($($argument),*),
            Scheme::MlDsa44 => ml_dsa::$function::<MlDsa44>($($argument),*),
            Scheme::MlDsa65 => ml_dsa::$function::<MlDsa65>($($argument),*),
            Scheme::MlDsa87 => ml_dsa::$function::<MlDsa87>($($argument),*),
            Scheme::X25519 | Scheme::MlKem512 | Scheme::MlKem768 | Scheme::MlKem1024 => None,
        }
    };
}

/// The same for what only the curves have; `None` for other schemes.
macro_rules! of_curve {
    ($scheme:expr, $function:ident($($argument:expr),*)) => {
        match $scheme {
            Scheme::P256 => P256::$function($($argument),*),
            Scheme::P384 => P384::$function($($argument),*),
            Scheme::P521 => P521::$function($($argument),*),
            _ => None,
        }
    };
}

impl Scheme {
    /// Signs the parts of a message with an expanded key of ML-DSA. `None` if it is none.
    pub(crate) fn sign_expanded(self, expanded: &[u8], message: &[&[u8]]) -> Option<Vec<u8>> {
        match self {
            Scheme::MlDsa44 => ml_dsa::sign_expanded::<MlDsa44>(expanded, message),
            Scheme::MlDsa65 => ml_dsa::sign_expanded::<MlDsa65>(expanded, message),
            Scheme::MlDsa87 => ml_dsa::sign_expanded::<MlDsa87>(expanded, message),
            _ => None,
        }
    }

    /// Checks a signature over the parts of a message, as if they were one.
    ///
    /// ECDSA takes strict DER, with s low or high; Ed25519 takes no R of small order. The key is checked, too.
    pub(crate) fn verify(self, public: &[u8], message: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        of_scheme!(self, verify(public, message, signature)).ok_or(Refused)
    }

    /// [`verify`](Self::verify) for ECDSA with any hash. Other schemes refuse.
    pub(crate) fn verify_ecdsa(
        self,
        hash: Digest,
        public: &[u8],
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Refused> {
        of_curve!(self, verify_with(hash, public, message, signature)).ok_or(Refused)
    }
}
