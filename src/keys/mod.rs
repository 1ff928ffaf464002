//! Keys: who may open a thing. What opening means is up in `formats/`.
pub(crate) mod identity;
pub(crate) mod key;
pub(crate) mod keyring;
pub(crate) mod lock;
pub(crate) mod passphrase;
pub(crate) mod recipient;
pub(crate) mod ssh;
pub(crate) mod text;
pub(crate) mod work;

pub use identity::Identity;
pub use key::{Key, KeyId};
pub use keyring::Keyring;
pub use lock::{Lock, Recipients, Unlock};
pub use passphrase::{KdfCost, Passphrase};
pub use recipient::Recipient;
pub use work::KdfLimits;
