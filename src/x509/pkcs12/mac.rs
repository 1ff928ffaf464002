//! The MAC of a PKCS #12 file (RFC 7292 section 4, RFC 9579): checked before anything inside is looked at.
use spki::ObjectIdentifier;

use super::password::Text;
use super::syntax::{Algorithm, HMACS, WHAT, digest, identifier, unsound, unsupported};
use crate::encoding::tlv::{self, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, Unsound, Walker};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::algorithm::DIGESTS;
use crate::keys::work::Budget;
use crate::limits::PBMAC1_KEY_BYTES;
use crate::primitives::hash::{self, Digest};
use crate::primitives::pbe::{self, Purpose};
use crate::primitives::random;
use crate::secret::{SecretVec, equal};

/// id-PBMAC1 and id-PBKDF2 (RFC 8018 appendices A.5 and A.2).
const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");

/// MacData (RFC 7292 section 4).
pub(super) struct Mac<'a> {
    key: Derivation<'a>,
    /// Of HMAC, and in the older way of the derivation, too.
    digest: Digest,
    tag: &'a [u8],
}

/// How the key of HMAC is made of the passphrase.
enum Derivation<'a> {
    /// RFC 7292 appendix B.
    Pkcs12 { salt: &'a [u8], iterations: u32 },
    /// RFC 9579.
    Pbkdf2 { salt: &'a [u8], iterations: u32, length: usize, prf: Digest },
}

impl<'a> Mac<'a> {
    pub(super) fn read(from: &mut Walker<'a>) -> Result<Self> {
        let mut data = from.sequence().map_err(unsound)?;
        let mut info = data.sequence().map_err(unsound)?;
        let algorithm = Algorithm::read(&mut info).map_err(unsound)?;
        let tag =
            info.expect(OCTET_STRING).and_then(|tag| info.end().map(|()| tag.value())).map_err(unsound)?;
        let (salt, iterations) = salt_and_iterations(data).map_err(unsound)?;
        let (key, digest) = if algorithm.oid == PBMAC1.as_bytes() {
            // The salt and count outside of its parameters mean nothing (RFC 9579 section 5).
            pbmac1(&algorithm)?
        } else {
            let digest =
                digest(&DIGESTS, algorithm.oid).filter(|_| algorithm.is_plain()).ok_or_else(unknown)?;
            (Derivation::Pkcs12 { salt, iterations }, digest)
        };
        // A shorter tag would be one that is easier to guess.
        if tag.len() != pbe::output_len(digest) {
            return Err(Error::malformed(WHAT, "its MAC has not the length of its hash"));
        }
        Ok(Mac { key, digest, tag })
    }

    /// Whether it is made with SHA-1, as files of old are.
    pub(super) fn is_old(&self) -> bool {
        self.digest == Digest::Sha1
    }

    /// The text under which the content is authentic.
    pub(super) fn verify(&self, content: &[u8], texts: Vec<Text>, budget: &mut Budget) -> Result<Text> {
        let mut tried: Option<SecretVec> = None;
        for text in texts {
            if let (Derivation::Pbkdf2 { .. }, Some(tried)) = (&self.key, &tried)
                && **tried == **text.utf8
            {
                continue;
            }
            let key = self.key(&text, budget)?;
            if equal(&hash::hmac(self.digest, &key, &[content]), self.tag) {
                return Ok(text);
            }
            tried = Some(text.utf8);
        }
        Err(Error::new(
            ErrorKind::NoKeyFits,
            WHAT,
            "the passphrase is wrong, or the file was changed",
            "type it again, or get a good copy",
        ))
    }

    fn key(&self, text: &Text, budget: &mut Budget) -> Result<SecretVec> {
        let length = pbe::output_len(self.digest);
        match self.key {
            Derivation::Pkcs12 { salt, iterations } => {
                budget.spend_pbkdf2(iterations)?;
                Ok(pbe::pkcs12(self.digest, Purpose::Mac, &text.utf16, salt, iterations, length))
            }
            Derivation::Pbkdf2 { salt, iterations, length, prf } => {
                // PBKDF2 begins anew for each block of the hash that the key takes.
                let blocks = u32::try_from(length.div_ceil(pbe::output_len(prf))).unwrap_or(u32::MAX);
                budget.spend_pbkdf2(iterations.saturating_mul(blocks))?;
                Ok(pbe::pbkdf2(prf, &text.utf8, salt, iterations, length))
            }
        }
    }
}

fn salt_and_iterations<'a>(mut data: Walker<'a>) -> tlv::Result<(&'a [u8], u32)> {
    let salt = data.expect(OCTET_STRING)?.value();
    let iterations = if data.is_done() { 1 } else { count(&mut data)? };
    data.end()?;
    Ok((salt, iterations))
}

/// A count of iterations, at least one.
fn count(from: &mut Walker<'_>) -> tlv::Result<u32> {
    let count = from.expect(INTEGER)?.small()?;
    if count == 0 { Err(Unsound) } else { Ok(count) }
}

/// PBMAC1-params (RFC 8018 appendix A.5), as narrow as RFC 9579 makes them.
fn pbmac1<'a>(algorithm: &Algorithm<'a>) -> Result<(Derivation<'a>, Digest)> {
    let parts = || {
        let mut parameters = algorithm.sequence()?;
        let parts = (Algorithm::read(&mut parameters)?, Algorithm::read(&mut parameters)?);
        parameters.end().map(|()| parts)
    };
    let (kdf, hmac) = parts().map_err(unsound)?;
    let digest = digest(&HMACS, hmac.oid).filter(|_| hmac.is_plain()).ok_or_else(unknown)?;
    if kdf.oid != PBKDF2.as_bytes() {
        return Err(unknown());
    }
    pbkdf2(&kdf).map(|derivation| (derivation, digest))
}

/// PBKDF2-params (RFC 8018 appendix A.2). The length of the key must be there (RFC 9579 section 5): without it programs
/// would differ. A key of a few bytes could be guessed instead of the passphrase (CVE-2026-34181).
fn pbkdf2<'a>(kdf: &Algorithm<'a>) -> Result<Derivation<'a>> {
    let parts = || {
        let mut parameters = kdf.sequence()?;
        let salt = parameters.expect(OCTET_STRING)?.value();
        let iterations = count(&mut parameters)?;
        let length = parameters.expect(INTEGER)?.small()?;
        let prf = if parameters.is_done() { None } else { Some(Algorithm::read(&mut parameters)?) };
        parameters.end().map(|()| (salt, iterations, length, prf))
    };
    let (salt, iterations, length, prf) = parts().map_err(unsound)?;
    let prf = prf.filter(Algorithm::is_plain).and_then(|prf| digest(&HMACS, prf.oid)).ok_or_else(unknown)?;
    let length = usize::try_from(length).ok().filter(|length| PBMAC1_KEY_BYTES.contains(length));
    let length = length.ok_or_else(|| {
        let why = "the key of its MAC has not 20 to 64 bytes, so the MAC proves nothing";
        Error::over_limit(WHAT, why, "leave it: no sound program writes so, and it may be hostile")
    })?;
    Ok(Derivation::Pbkdf2 { salt, iterations, length, prf })
}

fn unknown() -> Error {
    let why = "its MAC is of a kind that bulla does not know";
    unsupported(why, "export it again with HMAC and SHA-256")
}

/// MacData with HMAC-SHA-256 over the content, its key derived as RFC 7292 appendix B says. Every reader knows it.
pub(super) fn write(content: &[u8], text: &Text, iterations: u32) -> Vec<u8> {
    let salt = random::bytes::<16>();
    let key = pbe::pkcs12(Digest::Sha256, Purpose::Mac, &text.utf16, &salt, iterations, 32);
    let tag = hash::hmac(Digest::Sha256, &key, &[content]);
    let algorithm = plain(identifier(&DIGESTS, Digest::Sha256));
    let info = tlv::sequence(&[&algorithm, &tlv::wrap(OCTET_STRING, &[&tag])]);
    tlv::sequence(&[&info, &tlv::wrap(OCTET_STRING, &[&salt]), &tlv::number(iterations)])
}

/// MacData with PBMAC1: PBKDF2-HMAC-SHA-256 and HMAC-SHA-256.
pub(super) fn write_pbmac1(content: &[u8], text: &Text, iterations: u32) -> Vec<u8> {
    let salt = random::bytes::<16>();
    let key = pbe::pbkdf2(Digest::Sha256, &text.utf8, &salt, iterations, 32);
    let tag = hash::hmac(Digest::Sha256, &key, &[content]);
    let hmac = plain(identifier(&HMACS, Digest::Sha256));
    let salt = tlv::wrap(OCTET_STRING, &[&salt]);
    let kdf = tlv::sequence(&[&salt, &tlv::number(iterations), &tlv::number(32), &hmac]);
    let kdf = tlv::sequence(&[&tlv::wrap(OID, &[PBKDF2.as_bytes()]), &kdf]);
    let parameters = tlv::sequence(&[&kdf, &hmac]);
    let algorithm = tlv::sequence(&[&tlv::wrap(OID, &[PBMAC1.as_bytes()]), &parameters]);
    let info = tlv::sequence(&[&algorithm, &tlv::wrap(OCTET_STRING, &[&tag])]);
    // A salt must stand here, and means nothing; OpenSSL writes these words. The count is its default, 1.
    tlv::sequence(&[&info, &tlv::wrap(OCTET_STRING, &[b"NOT USED"])])
}

/// An AlgorithmIdentifier with NULL.
fn plain(oid: &[u8]) -> Vec<u8> {
    tlv::wrap(SEQUENCE, &[&tlv::wrap(OID, &[oid]), &[NULL, 0]])
}
