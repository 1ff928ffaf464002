//! HPKE (RFC 9180) in base mode, single shot: DHKEM(X25519, HKDF-SHA256) and X-Wing (draft-ietf-hpke-pq).
use hpke::aead::{Aead, AesGcm256, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem as KemTrait, X25519HkdfSha256, XWing};
use hpke::{Deserializable, OpModeR, OpModeS, Serializable};

use super::agree;
use super::random::Source;
use crate::secret::{Secret, SecretVec};

/// Bytes of an X-Wing encapsulated key.
pub(crate) const XWING_ENC: usize = 1120;

/// Which KEM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kem {
    X25519,
    XWing,
}

/// Which cipher: bulla's own stanzas use AES-256-GCM, age's use ChaCha20-Poly1305.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cipher {
    Aes256Gcm,
    ChaCha20Poly1305,
}

/// An encapsulated key and a ciphertext.
pub(crate) struct Sealed {
    pub(crate) enc: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
}

/// Why [`open`] gave nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// The share in `enc` is of low order: no honest sender makes one.
    LowOrder,
    /// Not for this key, or changed.
    Refused,
}

/// The public key of a 32-byte secret.
pub(crate) fn public(kem: Kem, secret: &[u8; 32]) -> Vec<u8> {
    fn of<K: KemTrait>(secret: &[u8; 32]) -> Option<Vec<u8>> {
        let secret = K::PrivateKey::from_bytes(secret).ok()?;
        Some(K::sk_to_pk(&secret).to_bytes().to_vec())
    }
    match kem {
        Kem::X25519 => of::<X25519HkdfSha256>(secret),
        Kem::XWing => of::<XWing>(secret),
    }
    // Any 32 bytes are a secret of either KEM, so this default is never used.
    .unwrap_or_default()
}

/// Whether bytes are a public key: the length, ML-KEM's modulus check (FIPS 203 section 7.2), no low order.
pub(crate) fn is_public(kem: Kem, public: &[u8]) -> bool {
    let parses = match kem {
        Kem::X25519 => <X25519HkdfSha256 as KemTrait>::PublicKey::from_bytes(public).is_ok(),
        Kem::XWing => <XWing as KemTrait>::PublicKey::from_bytes(public).is_ok(),
    };
    parses && !ends_in_low_order(public)
}

/// Seals `plaintext` to a public key. `None` if the public key is not one.
pub(crate) fn seal(kem: Kem, cipher: Cipher, public: &[u8], info: &[u8], plaintext: &[u8]) -> Option<Sealed> {
    match (kem, cipher) {
        (Kem::X25519, Cipher::Aes256Gcm) => seal_with::<X25519HkdfSha256, AesGcm256>(public, info, plaintext),
        (Kem::X25519, Cipher::ChaCha20Poly1305) => {
            seal_with::<X25519HkdfSha256, ChaCha20Poly1305>(public, info, plaintext)
        }
        (Kem::XWing, Cipher::Aes256Gcm) => seal_with::<XWing, AesGcm256>(public, info, plaintext),
        (Kem::XWing, Cipher::ChaCha20Poly1305) => {
            seal_with::<XWing, ChaCha20Poly1305>(public, info, plaintext)
        }
    }
}

/// Opens what [`seal`] made.
pub(crate) fn open(
    kem: Kem,
    cipher: Cipher,
    secret: &Secret<32>,
    enc: &[u8],
    info: &[u8],
    ciphertext: &[u8],
) -> Result<SecretVec, NotOpened> {
    // The hpke crate accepts a low-order share inside X-Wing; age's test kit and we do not.
    if ends_in_low_order(enc) {
        return Err(NotOpened::LowOrder);
    }
    let secret = secret.expose();
    match (kem, cipher) {
        (Kem::X25519, Cipher::Aes256Gcm) => {
            open_with::<X25519HkdfSha256, AesGcm256>(secret, enc, info, ciphertext)
        }
        (Kem::X25519, Cipher::ChaCha20Poly1305) => {
            open_with::<X25519HkdfSha256, ChaCha20Poly1305>(secret, enc, info, ciphertext)
        }
        (Kem::XWing, Cipher::Aes256Gcm) => open_with::<XWing, AesGcm256>(secret, enc, info, ciphertext),
        (Kem::XWing, Cipher::ChaCha20Poly1305) => {
            open_with::<XWing, ChaCha20Poly1305>(secret, enc, info, ciphertext)
        }
    }
    .ok_or(NotOpened::Refused)
}

fn ends_in_low_order(bytes: &[u8]) -> bool {
    bytes.last_chunk::<32>().is_some_and(agree::is_low_order)
}

fn seal_with<K: KemTrait, A: Aead>(public: &[u8], info: &[u8], plaintext: &[u8]) -> Option<Sealed> {
    let public = K::PublicKey::from_bytes(public).ok()?;
    let (enc, ciphertext) = hpke::single_shot_seal_with_rng::<A, HkdfSha256, K>(
        &OpModeS::Base,
        &public,
        info,
        plaintext,
        b"",
        &mut Source,
    )
    .ok()?;
    Some(Sealed { enc: enc.to_bytes().to_vec(), ciphertext })
}

fn open_with<K: KemTrait, A: Aead>(
    secret: &[u8; 32],
    enc: &[u8],
    info: &[u8],
    ciphertext: &[u8],
) -> Option<SecretVec> {
    let secret = K::PrivateKey::from_bytes(secret).ok()?;
    let enc = K::EncappedKey::from_bytes(enc).ok()?;
    hpke::single_shot_open::<A, HkdfSha256, K>(&OpModeR::Base, &secret, &enc, info, ciphertext, b"")
        .ok()
        .map(SecretVec::new)
}
