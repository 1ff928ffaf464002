//! Keys: who may open a thing. What opening means is up in `formats/`.
pub(crate) mod algorithm;
#[cfg(test)]
mod algorithm_tests;
mod dsa;
pub(crate) mod exchange;
pub(crate) mod identity;
pub(crate) mod key;
pub(crate) mod keyring;
pub(crate) mod kind;
pub mod legacy;
pub(crate) mod lock;
mod material;
pub(crate) mod passphrase;
pub(crate) mod pbes2;
mod pkcs8;
pub(crate) mod private;
pub(crate) mod public;
pub(crate) mod recipient;
pub(crate) mod remote;
#[cfg(test)]
mod remote_tests;
pub(crate) mod ssh;
pub(crate) mod text;
#[cfg(any(feature = "cookie", feature = "tls"))]
mod token_keyring;
#[cfg(any(feature = "cookie", feature = "tls"))]
mod token_keys;
#[cfg(test)]
mod vectors;
pub(crate) mod work;

pub use algorithm::{Digest, SignatureAlgorithm};
pub use identity::Identity;
pub use key::{Key, KeyId};
pub use keyring::Keyring;
pub use kind::KeyKind;
pub use lock::{Lock, Recipients, Unlock};
pub use passphrase::{KdfCost, Passphrase};
pub use private::PrivateKey;
pub use public::{Fingerprint, PublicKey};
pub use recipient::Recipient;
pub use remote::{Decryption, RemoteKey, ToDecrypt, ToSign};
#[cfg(any(feature = "cookie", feature = "tls"))]
pub use token_keyring::{KeyState, TokenKeyring};
#[cfg(any(feature = "cookie", feature = "tls"))]
pub use token_keys::TokenKeys;
pub use work::KdfLimits;
