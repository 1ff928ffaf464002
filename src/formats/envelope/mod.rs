//! L2, the container `bulla/v1`: docs/file-format.md sections 1 to 3.
pub(crate) mod stanza;

use stanza::FileKey;

use super::header::{Header, Stanza, Version, malformed};
use super::meta;
use crate::error::{Error, Result};
use crate::limits::PASSPHRASE_STANZAS;
use crate::primitives::hash;
use crate::secret::{Secret, equal};

/// A header whose every stanza has the form that the format gives it.
pub(crate) struct Container {
    pub(crate) header: Header,
    pub(crate) kinds: Vec<stanza::Kind>,
}

impl Container {
    /// Checks forms: what stanzas there are and where. It checks nothing cryptographic.
    pub(crate) fn check(header: Header) -> Result<Self> {
        let kinds = header.stanzas.iter().map(stanza::Kind::read).collect::<Result<Vec<_>>>()?;
        let metas = kinds.iter().filter(|kind| matches!(kind, stanza::Kind::Meta)).count();
        let first = matches!(kinds.first(), Some(stanza::Kind::Meta));
        if metas > 1 || (metas == 1 && !first) {
            return Err(malformed("its metadata are not in the first stanza, or there twice"));
        }
        if metas == kinds.len() {
            return Err(malformed("it has no stanza that anybody could open"));
        }
        if kinds.iter().any(stanza::Kind::is_alone) && kinds.len().saturating_sub(metas) > 1 {
            return Err(malformed("a stanza that says it is the only one is not"));
        }
        if kinds.iter().filter(|kind| kind.is_passphrase()).count() > PASSPHRASE_STANZAS {
            return Err(Error::over_limit(
                "header",
                format!("over {PASSPHRASE_STANZAS} passphrases"),
                "bulla opens no file with more; it may be hostile",
            ));
        }
        if let (true, Some(sealed)) = (first, header.stanzas.first()) {
            meta::check_length(&sealed.body)?;
        }
        Ok(Container { header, kinds })
    }

    /// Checks the MAC over the whole header. Everything in it is authentic after that.
    pub(crate) fn verify(&self, file_key: &FileKey) -> Result<()> {
        let mac = mac(file_key, &self.header.covered);
        if equal(&mac, &self.header.mac) { Ok(()) } else { Err(Error::unauthentic()) }
    }

    /// The metadata; call [`verify`](Self::verify) first.
    pub(crate) fn meta(&self, file_key: &FileKey) -> Result<meta::Meta> {
        match (self.kinds.first(), self.header.stanzas.first()) {
            (Some(stanza::Kind::Meta), Some(sealed)) => meta::Meta::open(file_key, &sealed.body),
            _ => Ok(meta::Meta::default()),
        }
    }
}

/// Writes a header round its stanzas.
pub(crate) fn write(file_key: &FileKey, stanzas: &[Stanza]) -> Vec<u8> {
    Header::write(Version::Bulla, stanzas, |covered| mac(file_key, covered))
}

/// The key of the payload. It does not depend on the stanzas: they can change without it.
pub(crate) fn payload_key(file_key: &FileKey) -> Secret<32> {
    hash::expand_sha512(file_key.expose(), &[b"bulla/v1 payload"])
}

fn mac(file_key: &FileKey, covered: &[u8]) -> [u8; 32] {
    let key = hash::expand_sha512::<64>(file_key.expose(), &[b"bulla/v1 header"]);
    hash::hmac_sha512_256(key.expose(), covered)
}
