//! What a passphrase encrypts inside of PKCS #12: PBES2, and on request the ways of old (RFC 7292 appendix C).
use der::Decode;
use pkcs5::EncryptionScheme;
use spki::ObjectIdentifier;

use super::password::Text;
use super::syntax::{Algorithm, WHAT, unsound, unsupported};
use crate::encoding::ber;
use crate::encoding::tlv::{self, INTEGER, OCTET_STRING, SEQUENCE, Unsound};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::pbes2;
use crate::keys::work::Budget;
use crate::limits::PKCS12_BYTES;
use crate::primitives::hash::Digest;
use crate::primitives::legacy_ciphers::LegacyCipher;
use crate::primitives::pbe::{self, Purpose};
use crate::secret::SecretVec;

/// id-PBES2 (RFC 8018 appendix A.4).
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
/// RFC 7292 appendix C. The two with RC4 are not there: no program wrote them by itself.
const LEGACY: [(LegacyCipher, ObjectIdentifier); 4] = [
    (LegacyCipher::TripleDes, ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3")),
    (LegacyCipher::TwoKeyTripleDes, ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4")),
    (LegacyCipher::Rc2Bits128, ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5")),
    (LegacyCipher::Rc2Bits40, ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6")),
];

/// Decrypts a SEQUENCE, if the budget allows the work, and makes it DER. The MAC has been checked.
pub(super) fn open(
    algorithm: &Algorithm<'_>,
    sealed: &[u8],
    text: &Text,
    legacy: bool,
    budget: &mut Budget,
) -> Result<SecretVec> {
    let plain = if algorithm.oid == PBES2.as_bytes() {
        let scheme = EncryptionScheme::from_der(algorithm.whole).map_err(|_| unknown())?;
        if !legacy && !pbes2::is_current(&scheme) {
            return Err(old());
        }
        pbes2::decrypt(&scheme, &text.utf8, sealed, budget)?
    } else {
        let known = LEGACY.iter().find(|(_, oid)| oid.as_bytes() == algorithm.oid);
        let (cipher, _) = known.ok_or_else(unknown)?;
        if !legacy {
            return Err(old());
        }
        open_legacy(*cipher, algorithm, sealed, text, budget)?
    };
    // CBC has no tag: under another passphrase, once in 256 times there is a padding, and nonsense before it.
    let der = ber::secret_to_der(WHAT, plain.ok_or_else(other_passphrase)?, PKCS12_BYTES);
    let der = der.map_err(|error| match error.kind() {
        ErrorKind::Malformed => other_passphrase(),
        _ => error,
    })?;
    if der.first() == Some(&SEQUENCE) { Ok(der) } else { Err(other_passphrase()) }
}

/// pkcs-12PbeParams (RFC 7292 appendix C), always with SHA-1.
fn open_legacy(
    cipher: LegacyCipher,
    algorithm: &Algorithm<'_>,
    sealed: &[u8],
    text: &Text,
    budget: &mut Budget,
) -> Result<Option<SecretVec>> {
    let parts = || {
        let mut parameters = algorithm.sequence()?;
        let salt = parameters.expect(OCTET_STRING)?.value();
        let iterations = parameters.expect(INTEGER)?.small()?;
        parameters.end()?;
        if iterations == 0 { Err(Unsound) } else { tlv::Result::Ok((salt, iterations)) }
    };
    let (salt, iterations) = parts().map_err(unsound)?;
    // Two blocks of SHA-1 for the longest key, and one for the IV.
    budget.spend_pbkdf2(iterations.saturating_mul(3))?;
    let derive = |purpose, length| pbe::pkcs12(Digest::Sha1, purpose, &text.utf16, salt, iterations, length);
    let key = derive(Purpose::Key, cipher.key_len());
    let iv = derive(Purpose::Iv, 8);
    let Some(iv) = iv.first_chunk::<8>() else { return Ok(None) };
    Ok(cipher.decrypt(&key, iv, sealed))
}

fn other_passphrase() -> Error {
    Error::new(
        ErrorKind::NoKeyFits,
        WHAT,
        "the passphrase of the file does not open all that is in it",
        "export it again under one passphrase",
    )
}

fn old() -> Error {
    let why = "it is encrypted with RC2 or triple DES, which protect little";
    unsupported(why, "export it again, or read it as the old file it is (read_legacy, --legacy)")
}

fn unknown() -> Error {
    let why = "it is encrypted in a way that bulla does not know";
    unsupported(why, "export it again with PBES2 and AES-256")
}
