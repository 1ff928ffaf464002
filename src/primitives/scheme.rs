//! What a key that is not RSA is for, and what its bytes are: curves, Ed25519, ML-DSA, X25519, ML-KEM.
use ::ml_dsa::{MlDsa44, MlDsa65, MlDsa87};

use super::agree::X25519;
use super::curves::{P256, P384, P521};
use super::ec::Curve;
use super::ml_kem::{Encapsulated, MlKem512, MlKem768, MlKem1024};
use super::{eddsa, ml_dsa, random};
use crate::secret::SecretVec;

/// Which scheme. The curves are for signatures (each with its hash: SHA-256, -384 and -512) and for key agreement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scheme {
    P256,
    P384,
    P521,
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
    X25519,
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// Calls the function of that name in the scheme's own file.
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
            Scheme::X25519 => X25519::$function($($argument),*),
            Scheme::MlKem512 => MlKem512::$function($($argument),*),
            Scheme::MlKem768 => MlKem768::$function($($argument),*),
            Scheme::MlKem1024 => MlKem1024::$function($($argument),*),
        }
    };
}

/// The same for the schemes whose keys may be expanded; `None` for all others.
macro_rules! of_expanded {
    ($scheme:expr, $function:ident($($argument:expr),*)) => {
        match $scheme {
            Scheme::MlDsa44 => ml_dsa::$function::<MlDsa44>($($argument),*),
            Scheme::MlDsa65 => ml_dsa::$function::<MlDsa65>($($argument),*),
            Scheme::MlDsa87 => ml_dsa::$function::<MlDsa87>($($argument),*),
            Scheme::MlKem512 => MlKem512::$function($($argument),*),
            Scheme::MlKem768 => MlKem768::$function($($argument),*),
            Scheme::MlKem1024 => MlKem1024::$function($($argument),*),
            _ => None,
        }
    };
}

/// The same for key encapsulation.
macro_rules! of_kem {
    ($scheme:expr, $function:ident($($argument:expr),*)) => {
        match $scheme {
            Scheme::MlKem512 => MlKem512::$function($($argument),*),
            Scheme::MlKem768 => MlKem768::$function($($argument),*),
            Scheme::MlKem1024 => MlKem1024::$function($($argument),*),
            _ => None,
        }
    };
}

impl Scheme {
    pub(crate) fn signs(self) -> bool {
        !self.encapsulates() && self != Scheme::X25519
    }

    pub(crate) fn encapsulates(self) -> bool {
        matches!(self, Scheme::MlKem512 | Scheme::MlKem768 | Scheme::MlKem1024)
    }

    /// A new secret: a curve's scalar (big-endian, as long as the order: 32, 48 or 66 bytes), or a seed of 32 bytes, of
    /// ML-KEM 64.
    pub(crate) fn generate(self) -> SecretVec {
        let length = match self {
            Scheme::P256 => return P256::generate(),
            Scheme::P384 => return P384::generate(),
            Scheme::P521 => return P521::generate(),
            Scheme::Ed25519 | Scheme::MlDsa44 | Scheme::MlDsa65 | Scheme::MlDsa87 | Scheme::X25519 => 32,
            Scheme::MlKem512 | Scheme::MlKem768 | Scheme::MlKem1024 => 64,
        };
        let mut seed = SecretVec::new(vec![0; length]);
        random::fill(&mut seed);
        seed
    }

    /// The public key of a secret: an uncompressed point (SEC 1 section 2.3.3), 32 bytes, or the encoding of FIPS 203
    /// or 204.
    ///
    /// `None` if it is no secret of this scheme: of another length, 0, or not below the order.
    pub(crate) fn public(self, secret: &[u8]) -> Option<Vec<u8>> {
        of_scheme!(self, public(secret))
    }

    /// A public key in its one form. `None` if it is not one.
    ///
    /// A point of a curve may be compressed or not, and comes out uncompressed; the identity and hybrid forms are
    /// refused. A key of small order is, too, and one of ML-KEM whose numbers are not reduced.
    pub(crate) fn check_public(self, bytes: &[u8]) -> Option<Vec<u8>> {
        of_scheme!(self, check_public(bytes))
    }

    /// The expanded key of a seed: one that is stored beside its seed must be this, byte for byte (RFC 9881 section 8.2). `None` for schemes that have none.
    pub(crate) fn expand(self, seed: &[u8]) -> Option<SecretVec> {
        of_expanded!(self, expand(seed))
    }

    /// The public key of an expanded key. `None` if it is none, or its halves do not fit together.
    pub(crate) fn public_from_expanded(self, expanded: &[u8]) -> Option<Vec<u8>> {
        of_expanded!(self, public_from_expanded(expanded))
    }

    /// A public key made for this once, and what it has in common with a peer's, as `Ready::agree` gives it.
    pub(crate) fn agree_once(self, peer: &[u8]) -> Option<(Vec<u8>, SecretVec)> {
        match self {
            Scheme::P256 => P256::agree_once(peer),
            Scheme::P384 => P384::agree_once(peer),
            Scheme::P521 => P521::agree_once(peer),
            Scheme::X25519 => {
                let secret = self.generate();
                Some((X25519::public(&secret)?, X25519::agree(&secret, peer)?))
            }
            _ => None,
        }
    }

    /// Bytes of what `Ready::agree` gives.
    pub(crate) fn agreed_length(self) -> Option<usize> {
        match self {
            Scheme::P256 | Scheme::X25519 => Some(32),
            Scheme::P384 => Some(48),
            Scheme::P521 => Some(66),
            _ => None,
        }
    }

    /// A fresh secret for the holder of an ML-KEM key.
    pub(crate) fn encapsulate(self, public: &[u8]) -> Option<Encapsulated> {
        of_kem!(self, encapsulate(public))
    }

    /// The secret in an encapsulation. One that was not made for this key gives another, which nobody else has.
    pub(crate) fn decapsulate(self, seed: &[u8], ciphertext: &[u8]) -> Option<SecretVec> {
        of_kem!(self, decapsulate(seed, ciphertext))
    }

    /// [`decapsulate`](Self::decapsulate) with an expanded key.
    pub(crate) fn decapsulate_expanded(self, expanded: &[u8], ciphertext: &[u8]) -> Option<SecretVec> {
        of_kem!(self, decapsulate_expanded(expanded, ciphertext))
    }
}
