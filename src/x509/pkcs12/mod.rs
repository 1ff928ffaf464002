//! PKCS #12 (RFC 7292): private keys and their certificates under a passphrase, in one file (`.p12`, `.pfx`).
mod bags;
mod builder;
mod file;
mod mac;
mod password;
mod sealed;
mod syntax;

pub use bags::{Pkcs12Certificate, Pkcs12Key};
pub use builder::Pkcs12Builder;
pub use file::Pkcs12;
