//! L3, age v1 (C2SP age.md): read and written by our own code on the shared header grammar.
pub(crate) mod stanza;
pub(crate) mod stream;

use stanza::FileKey;

use super::header::{Header, Stanza, Version, malformed};
use crate::error::{Error, Result};
use crate::primitives::hash;
use crate::secret::equal;

/// Checks what age asks of a header before any stanza is tried; gives what each stanza is.
pub(crate) fn check(header: &Header) -> Result<Vec<stanza::Kind>> {
    let kinds = header.stanzas.iter().map(stanza::Kind::read).collect::<Result<Vec<_>>>()?;
    // A passphrase stands alone, so that it says who wrote the file.
    if kinds.len() > 1 && kinds.iter().any(|kind| matches!(kind, stanza::Kind::Scrypt { .. })) {
        return Err(malformed("age allows a passphrase only as the one stanza"));
    }
    Ok(kinds)
}

/// Checks the MAC over the whole header.
pub(crate) fn verify(header: &Header, file_key: &FileKey) -> Result<()> {
    let mac = mac(file_key, &header.covered);
    if equal(&mac, &header.mac) { Ok(()) } else { Err(Error::unauthentic()) }
}

/// Writes a header round its stanzas.
pub(crate) fn write(file_key: &FileKey, stanzas: &[Stanza]) -> Vec<u8> {
    Header::write(Version::Age, stanzas, |covered| mac(file_key, covered))
}

fn mac(file_key: &FileKey, covered: &[u8]) -> [u8; 32] {
    let key = hash::hkdf_sha256(file_key.expose(), b"", b"header");
    hash::hmac_sha256(key.expose(), covered)
}
