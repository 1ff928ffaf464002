//! The proof that whoever asks for a certificate has the private key: they signed with it.
use super::signed::{self, Signed};
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{PublicKey, SignatureAlgorithm};

/// md2WithRSAEncryption and md5WithRSAEncryption (RFC 3279 section 2.2.1), which old browsers and OpenSSL signed with.
const BROKEN: [(KnownOid, &str); 2] = [
    (KnownOid::new_unwrap("1.2.840.113549.1.1.2"), "MD2"),
    (KnownOid::new_unwrap("1.2.840.113549.1.1.4"), "MD5"),
];

/// Gives the key if it made the signature, by an algorithm (an AlgorithmIdentifier in DER) that is good today.
pub(super) fn check(
    what: &'static str,
    public_key_info: &[u8],
    algorithm: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Result<PublicKey> {
    let id = tlv::only(algorithm, tlv::SEQUENCE).and_then(|tlv| tlv.inside().expect(tlv::OID));
    let id = id.ok().and_then(|id| Oid::from_value(id.value()));
    let broken = BROKEN.iter().find(|(known, _)| id.as_ref().is_some_and(|id| id.is(known)));
    if let Some((_, hash)) = broken {
        let why = format!("it is signed by RSA with {hash}, which anybody can forge");
        return Err(Error::new(ErrorKind::Unsupported, what, why, "ask for one that is signed with SHA-256"));
    }
    let algorithm = SignatureAlgorithm::from_der(algorithm)?;
    signed::check(public_key_info, &Signed { what, algorithm, signed, signature })?;
    PublicKey::from_der(public_key_info)
}
