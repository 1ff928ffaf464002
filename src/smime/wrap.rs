//! Seals a content key for one recipient: a certificate, a key that both have, or a passphrase.
use super::kek;
use crate::encoding::tlv;
use crate::error::{Error, Result};
use crate::formats::cms::algorithm::{Aes, Cipher};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::key_algorithm::{Kdf, KeyAgreement, KeyTransport, KeyWrap, write_hkdf, write_kem};
use crate::formats::cms::password_algorithm::{Pbkdf2, write_password_wrap};
use crate::formats::cms::recipient::{self, DERIVATION, Encapsulating};
use crate::keys::exchange::OAEP;
use crate::keys::{Decryption, Digest, KeyKind, Passphrase, PublicKey};
use crate::primitives::{key_wrap, password_wrap, random};
use crate::x509::Certificate;

/// Iterations of PBKDF2-HMAC-SHA-256, as many as private keys are written with: OWASP's figure (2023).
const ITERATIONS: u32 = 600_000;

/// What an RSA key is sealed to with.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) enum RsaPadding {
    /// RSAES-OAEP with SHA-256 throughout.
    #[default]
    Oaep,
    /// RSAES-PKCS1-v1_5: for programs that know nothing else.
    Pkcs1,
}

/// For the owner of a certificate, by what its key is. Gives a RecipientInfo in DER.
///
/// Whether the certificate is to be trusted, and its key may be used so, is for the caller to look at.
pub(super) fn for_certificate(
    certificate: &Certificate,
    padding: RsaPadding,
    content_key: &[u8],
) -> Result<Vec<u8>> {
    let key = certificate.public_key()?;
    let (issuer, serial) = (certificate.issuer(), certificate.serial());
    // By issuer and serial number: every program finds its certificate by them.
    let recipient = CertificateId::IssuerAndSerial(issuer.as_der(), serial.as_bytes());
    match key.kind() {
        KeyKind::Rsa { .. } => to_rsa(&key, &recipient, padding, content_key),
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 | KeyKind::X25519 => {
            by_agreement(&key, &recipient, content_key)
        }
        KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024 => {
            by_encapsulation(&key, &recipient, content_key)
        }
        kind => Err(Error::usage(
            "recipient",
            format!("the key of {} is {kind}, and only signs", certificate.subject()),
            "take a certificate for encryption: RSA, P-256, P-384, P-521, X25519 or ML-KEM",
        )),
    }
}

/// RFC 8017 section 7, RFC 3370 section 4.2.1, RFC 3560.
fn to_rsa(
    key: &PublicKey,
    recipient: &CertificateId<'_>,
    padding: RsaPadding,
    content_key: &[u8],
) -> Result<Vec<u8>> {
    let (algorithm, how) = match padding {
        RsaPadding::Oaep => (KeyTransport::OAEP, OAEP),
        RsaPadding::Pkcs1 => (KeyTransport::RsaPkcs1, Decryption::RsaPkcs1 { length: content_key.len() }),
    };
    let sealed = key.encrypt_as(how, content_key)?;
    Ok(recipient::write_key_transport(recipient, &algorithm.to_der(), &sealed))
}

/// With a key made for this message and recipient alone (RFC 5753 section 3.1, RFC 8418 section 3).
fn by_agreement(key: &PublicKey, recipient: &CertificateId<'_>, content_key: &[u8]) -> Result<Vec<u8>> {
    let (ephemeral, shared) = key.agree_once()?;
    let how = agreement(key.kind(), content_key.len());
    let kek = kek::of_agreement(how, &shared, None)?;
    let wrapped = key_wrap::wrap(&kek, content_key).ok_or_else(no_key)?;
    let (kind, bits) = originator(&ephemeral)?;
    Ok(recipient::write_key_agreement(recipient, (&kind, &bits), &how.to_der(), &wrapped))
}

/// The hash goes with the curve, and the wrap with the content's cipher (RFC 5753 section 8); X25519's is AES-256.
fn agreement(kind: KeyKind, content_key: usize) -> KeyAgreement {
    let aes = if content_key == 16 { Aes::Aes128 } else { Aes::Aes256 };
    let (kdf, aes) = match kind {
        KeyKind::P256 => (Kdf::X963(Digest::Sha256), aes),
        KeyKind::P384 => (Kdf::X963(Digest::Sha384), aes),
        KeyKind::P521 => (Kdf::X963(Digest::Sha512), aes),
        _ => (Kdf::Hkdf(Digest::Sha256), Aes::Aes256),
    };
    KeyAgreement { kdf, wrap: KeyWrap::Aes(aes) }
}

/// Which kind of key it is, and its bits. The curve is the recipient's and not named again (RFC 5753 section 3.1.1).
fn originator(key: &PublicKey) -> Result<(Vec<u8>, Vec<u8>)> {
    let parts = || {
        let mut info = tlv::only(key.as_der(), tlv::SEQUENCE)?.inside();
        let oid = info.sequence()?.expect(tlv::OID)?.whole();
        Ok((tlv::sequence(&[oid]), tlv::key_bits(key.as_der())?.to_vec()))
    };
    parts().map_err(|tlv::Unsound| no_key())
}

/// RFC 9629 section 2, RFC 9936 section 2.1: AES-128 is what every reader of ML-KEM-512 has, AES-256 of the others.
fn by_encapsulation(key: &PublicKey, recipient: &CertificateId<'_>, content_key: &[u8]) -> Result<Vec<u8>> {
    let made = key.encapsulate()?;
    let wrap = KeyWrap::Aes(if key.kind() == KeyKind::MlKem512 { Aes::Aes128 } else { Aes::Aes256 });
    let kek = kek::of_encapsulation(Digest::Sha256, &made.shared, wrap, None)?;
    let wrapped = key_wrap::wrap(&kek, content_key).ok_or_else(no_key)?;
    let made = Encapsulating {
        kem: &write_kem(key.kind()).ok_or_else(no_key)?,
        ciphertext: &made.ciphertext,
        kdf: &write_hkdf(Digest::Sha256),
        kek_len: wrap.key_len(),
        wrap: &wrap.to_der(),
        wrapped: &wrapped,
    };
    Ok(recipient::write_encapsulation(recipient, &made))
}

/// For those who have a key of 16, 24 or 32 bytes that is known by a name.
pub(super) fn for_kek(id: &[u8], key: &[u8], content_key: &[u8]) -> Result<Vec<u8>> {
    let usage = || Error::usage("key", "it has not 16, 24 or 32 bytes", "give a key of AES");
    let wrap = KeyWrap::aes(key.len()).ok_or_else(usage)?;
    let wrapped = key_wrap::wrap(key, content_key).ok_or_else(no_key)?;
    Ok(recipient::write_kek(id, &wrap.to_der(), &wrapped))
}

/// For those who know a passphrase.
pub(super) fn for_passphrase(passphrase: &Passphrase, content_key: &[u8]) -> Result<Vec<u8>> {
    let (salt, iv) = (random::bytes::<16>(), random::bytes::<16>());
    let how = Pbkdf2 { salt: &salt, iterations: ITERATIONS, prf: Digest::Sha256 };
    let kek = kek::of_passphrase(passphrase.as_bytes(), &how, 32);
    let wrapped = password_wrap::wrap(&kek, &iv, content_key).ok_or_else(no_key)?;
    let algorithm = write_password_wrap(Cipher::AesCbc { aes: Aes::Aes256, iv });
    Ok(recipient::write_password(&how.write(DERIVATION), &algorithm, &wrapped))
}

/// Does not happen: content keys have 16, 24 or 32 bytes, and every kind of key its place in the tables.
fn no_key() -> Error {
    Error::usage("recipient", "the content key cannot be sealed so", "take another cipher")
}
