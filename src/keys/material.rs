//! The secret half of a key pair, as the algorithms take it.
use super::public::{Material as PublicMaterial, PublicKey};
use super::remote::RemoteKey;
use crate::error::{Error, Result};
use crate::primitives::rsa;
use crate::primitives::scheme::Scheme;
use crate::secret::SecretVec;

pub(super) enum Material {
    Rsa(rsa::Private),
    /// A scalar or seed.
    Scheme(Scheme, SecretVec),
    /// An ML-DSA or ML-KEM key whose seed is not known.
    Expanded(Scheme, SecretVec),
    /// Somewhere else.
    Remote(Box<dyn RemoteKey>),
}

impl Material {
    /// The public half; an error if this is no sound key.
    pub(super) fn public(&self) -> Result<PublicKey> {
        let public = match self {
            Material::Rsa(key) => Some(PublicMaterial::Rsa(key.public())),
            Material::Scheme(scheme, secret) => {
                scheme.public(secret).map(|public| PublicMaterial::Scheme(*scheme, public))
            }
            Material::Expanded(scheme, secret) => {
                scheme.public_from_expanded(secret).map(|public| PublicMaterial::Scheme(*scheme, public))
            }
            Material::Remote(key) => return Ok(key.public()),
        };
        PublicKey::new(public.ok_or_else(unsound)?)
    }
}

pub(super) fn unsound() -> Error {
    Error::malformed("private key", "it is no sound key, or its parts do not agree")
}
