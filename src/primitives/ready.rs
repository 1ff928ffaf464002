//! Secrets ready for use: what each signature and each agreement would work out of their bytes anew is worked out once.
use ::ml_dsa::{MlDsa44, MlDsa65, MlDsa87};

use super::agree::X25519;
use super::curves::{P256, P384, P521};
use super::ec::Curve;
use super::hash::Digest;
use super::scheme::Scheme;
use super::{eddsa, ml_dsa};
use crate::secret::SecretVec;

/// A secret, ready for use.
pub(crate) enum Ready {
    P256(P256),
    P384(P384),
    P521(P521),
    Ed25519(eddsa::Secret),
    /// Of a scheme whose secrets are used as they are.
    Bytes(Scheme, SecretVec),
}

/// Evaluates something with the key of whichever curve it is; `None` for other schemes.
macro_rules! of_curve {
    ($ready:expr, $key:ident => $work:expr) => {
        match $ready {
            Ready::P256($key) => $work,
            Ready::P384($key) => $work,
            Ready::P521($key) => $work,
            Ready::Ed25519(_) | Ready::Bytes(..) => None,
        }
    };
}

/// A curve's signature with its own hash.
fn sign<C: Curve>(key: &C, message: &[&[u8]]) -> Option<Vec<u8>> {
    key.sign(C::HASH, message)
}

impl Ready {
    /// `None` if it is no secret of a curve, or no seed of Ed25519. Those of other schemes are looked at when they are used.
    pub(crate) fn new(scheme: Scheme, secret: &[u8]) -> Option<Self> {
        Some(match scheme {
            Scheme::P256 => Ready::P256(P256::new(secret)?),
            Scheme::P384 => Ready::P384(P384::new(secret)?),
            Scheme::P521 => Ready::P521(P521::new(secret)?),
            Scheme::Ed25519 => Ready::Ed25519(eddsa::Secret::new(secret)?),
            other => Ready::Bytes(other, SecretVec::new(secret.to_vec())),
        })
    }

    /// Signs the parts of a message, as if they were one. `None` if it is no secret of its scheme, or that does not sign.
    ///
    /// ECDSA gives DER; it and ML-DSA take fresh randomness besides the key and the message.
    pub(crate) fn sign(&self, message: &[&[u8]]) -> Option<Vec<u8>> {
        match self {
            Ready::Ed25519(key) => key.sign(message),
            Ready::Bytes(Scheme::MlDsa44, seed) => ml_dsa::sign::<MlDsa44>(seed, message),
            Ready::Bytes(Scheme::MlDsa65, seed) => ml_dsa::sign::<MlDsa65>(seed, message),
            Ready::Bytes(Scheme::MlDsa87, seed) => ml_dsa::sign::<MlDsa87>(seed, message),
            curve => of_curve!(curve, key => sign(key, message)),
        }
    }

    /// ECDSA with any hash; `None` if it is no secret of a curve.
    pub(crate) fn sign_ecdsa(&self, hash: Digest, message: &[&[u8]]) -> Option<Vec<u8>> {
        of_curve!(self, key => key.sign(hash, message))
    }

    /// What two keys have in common: the x coordinate (SEC 1 section 3.3.1), or the output of X25519. `None` if one is
    /// no key of this scheme, the scheme agrees on nothing, or the outcome is all zeros.
    pub(crate) fn agree(&self, peer: &[u8]) -> Option<SecretVec> {
        match self {
            Ready::Bytes(Scheme::X25519, secret) => X25519::agree(secret, peer),
            curve => of_curve!(curve, key => key.agree(peer)),
        }
    }
}
