//! What a correspondent's program can read: SMIMECapabilities (RFC 8551 section 2.5.2).
use std::fmt;

use spki::ObjectIdentifier;

use crate::encoding::oid::Oid;
use crate::encoding::tlv::{self, OID, SEQUENCE, Unsound};
use crate::keys::KeyKind;
use crate::limits::CMS_CAPABILITIES;

/// What somebody's program can read, as it says of itself: in what it signs, or in a certificate (RFC 4262).
///
/// It is worth as much as the signature that it came under; [`Signer::capabilities`](super::Signer::capabilities) gives
/// those of a verified mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Capabilities {
    all: Vec<Oid>,
}

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// RFC 5084 and RFC 3565.
const AES_256_GCM: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.46");
const AES_128_GCM: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.6");
const AES_256_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.42");
const AES_128_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.2");
/// RFC 8103.
const CHACHA20_POLY1305: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.18");
/// RFC 9709.
const CEK_HKDF: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.31");
/// RFC 4055.
const RSA_OAEP: ObjectIdentifier = oid("1.2.840.113549.1.1.7");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");

const NAMES: [(ObjectIdentifier, &str); 8] = [
    (AES_256_GCM, "AES-256-GCM"),
    (AES_128_GCM, "AES-128-GCM"),
    (CHACHA20_POLY1305, "ChaCha20-Poly1305"),
    (AES_256_CBC, "AES-256-CBC"),
    (AES_128_CBC, "AES-128-CBC"),
    (CEK_HKDF, "CEK-HKDF-SHA256"),
    (RSA_OAEP, "RSA-OAEP"),
    (RSA_PSS, "RSA-PSS"),
];

impl Capabilities {
    /// Those of bulla, as the owner of this kind of key tells them: best first (RFC 8551 section 2.5.2).
    pub(super) fn own(kind: KeyKind) -> Vec<u8> {
        let all: Vec<Vec<u8>> = NAMES
            .iter()
            .filter(|(oid, _)| *oid != RSA_OAEP || matches!(kind, KeyKind::Rsa { .. }))
            .map(|(oid, _)| tlv::sequence(&[&tlv::wrap(OID, &[oid.as_bytes()]), &parameters(oid)]))
            .collect();
        tlv::sequence(&all.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// Reads SMIMECapabilities. Their parameters say nothing here.
    pub(super) fn read(der: &[u8]) -> tlv::Result<Self> {
        let mut walker = tlv::only(der, SEQUENCE)?.inside();
        let mut all = Vec::new();
        while !walker.is_done() {
            if all.len() >= CMS_CAPABILITIES {
                return Err(Unsound);
            }
            let mut capability = walker.sequence()?;
            all.push(Oid::from_value(capability.expect(OID)?.value()).ok_or(Unsound)?);
        }
        Ok(Capabilities { all })
    }

    /// The names of what it can read, best first; what bulla does not know is an identifier (`1.2.840.113549.3.7`).
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.all.iter().map(|oid| {
            let known = NAMES.iter().find(|(known, _)| known.as_bytes() == oid.as_bytes());
            known.map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
        })
    }

    fn has(&self, oid: &ObjectIdentifier) -> bool {
        self.all.iter().any(|known| known.as_bytes() == oid.as_bytes())
    }

    pub(super) fn reads_aes_256_gcm(&self) -> bool {
        self.has(&AES_256_GCM)
    }

    pub(super) fn reads_aes_128_gcm(&self) -> bool {
        self.has(&AES_128_GCM)
    }

    pub(super) fn reads_chacha20(&self) -> bool {
        self.has(&CHACHA20_POLY1305)
    }

    pub(super) fn reads_cek_hkdf(&self) -> bool {
        self.has(&CEK_HKDF)
    }

    pub(super) fn reads_oaep(&self) -> bool {
        self.has(&RSA_OAEP)
    }

    pub(super) fn reads_pss(&self) -> bool {
        self.has(&RSA_PSS)
    }
}

/// RSAES-OAEP and RSASSA-PSS with SHA-256 say so (RFC 4055 sections 3.1 and 4.1), and PSS its salt, which would be of 20 bytes
/// if it did not; the others have no parameters.
fn parameters(oid: &ObjectIdentifier) -> Vec<u8> {
    if *oid != RSA_OAEP && *oid != RSA_PSS {
        return Vec::new();
    }
    let sha256 = crate::keys::Digest::Sha256.to_der();
    let mgf1 = tlv::wrap(OID, &[MGF1.as_bytes()]);
    let salt = tlv::wrap(tlv::constructed(2), &[&tlv::number(PSS_SALT.into())]);
    tlv::sequence(&[
        &tlv::wrap(tlv::constructed(0), &[&sha256]),
        &tlv::wrap(tlv::constructed(1), &[&tlv::sequence(&[&mgf1, &sha256])]),
        if *oid == RSA_PSS { &salt } else { &[] },
    ])
}

/// Bytes of the salt that bulla signs with: as many as of the hash, as RFC 4056 section 2.2 recommends.
pub(super) const PSS_SALT: u16 = 32;

const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");

/// The [names](Capabilities::names), best first.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capabilities({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Digest, SignatureAlgorithm};

    #[test]
    fn what_bulla_says_of_itself_is_read_again() {
        let read = Capabilities::read(&Capabilities::own(KeyKind::Rsa { bits: 2048 })).unwrap();
        assert!(read.reads_aes_256_gcm() && read.reads_oaep() && read.reads_pss() && read.reads_cek_hkdf());
        let other = Capabilities::read(&Capabilities::own(KeyKind::P256)).unwrap();
        assert!(other.reads_aes_256_gcm() && !other.reads_oaep());
        assert_eq!(Capabilities::read(&tlv::sequence(&[])).unwrap().to_string(), "");
        assert!(Capabilities::read(&[4, 0]).is_err());
    }

    #[test]
    fn the_signatures_that_bulla_says_it_reads_are_those_that_it_makes() {
        let own = Capabilities::own(KeyKind::P256);
        let mut all = tlv::only(&own, SEQUENCE).unwrap().inside();
        let read: Vec<_> = std::iter::from_fn(|| all.any().ok())
            .filter_map(|one| SignatureAlgorithm::from_der(one.whole()).ok())
            .collect();
        assert_eq!(read, [SignatureAlgorithm::RsaPss { digest: Digest::Sha256, salt: PSS_SALT }]);
    }
}
