//! An authority and owners of mail certificates, as both sides take them.
use std::path::Path;

use bulla::x509::{Authority, Certificate, Credential, EmailAddress};
use bulla::{KeyKind, PrivateKey};

use crate::Result;

/// The kinds of key, by the names that files and rows have.
pub(crate) const KINDS: [&str; 6] = ["P-256", "P-384", "P-521", "Ed25519", "X25519", "RSA-2048"];

pub(crate) fn kind(name: &str) -> Result<KeyKind> {
    Ok(match name {
        "P-256" => KeyKind::P256,
        "P-384" => KeyKind::P384,
        "P-521" => KeyKind::P521,
        "Ed25519" => KeyKind::Ed25519,
        "X25519" => KeyKind::X25519,
        "RSA-2048" => KeyKind::rsa(2048),
        _ => return Err(format!("no kind of key is called {name}").into()),
    })
}

pub(crate) fn address() -> EmailAddress {
    "alice@example.org".parse().expect("it is one")
}

/// The authority's key is of the kind of its owners', or else of P-256: a path costs what its signatures cost.
pub(crate) fn authority(name: &str) -> Result<Authority> {
    let kind = if name == "X25519" { KeyKind::P256 } else { kind(name)? };
    Ok(Authority::root(&"CN=Bench CA".parse()?, PrivateKey::generate(kind)?)?)
}

pub(crate) fn owner(authority: &Authority, name: &str) -> Result<Credential> {
    let key = PrivateKey::generate(kind(name)?)?;
    let certificate = authority.email(key.public(), &[address()])?.sign()?;
    Ok(Credential::new(key, [certificate])?)
}

pub(crate) fn pem(certificate: &Certificate) -> String {
    certificate.to_pem()
}

/// `KIND.ca.pem`, `KIND.crt.pem` and `KIND.key.pem` for every kind.
pub(crate) fn write(folder: &Path) -> Result<()> {
    for name in KINDS {
        let authority = authority(name)?;
        let owner = owner(&authority, name)?;
        std::fs::write(folder.join(format!("{name}.ca.pem")), pem(authority.certificate()))?;
        std::fs::write(folder.join(format!("{name}.crt.pem")), pem(owner.certificate()))?;
        std::fs::write(folder.join(format!("{name}.key.pem")), owner.key().expose_pem()?.as_bytes())?;
    }
    Ok(())
}
