//! One private key on a token: what it is asked for, in the words of PKCS #11.
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;
use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};
use spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use super::errors::{nonsense, of_padding, to_io};
use crate::{Decryption, Digest, KeyKind, PublicKey, RemoteKey, SignatureAlgorithm, ToDecrypt, ToSign};

/// A private key on a token, as [`PrivateKey::remote`](crate::PrivateKey::remote) takes it: for those who want to wrap it
/// first, to count or to log what it is used for. All keys of a [`Token`](super::Token) wait for each other.
pub struct TokenKey {
    session: Arc<Mutex<Session>>,
    handle: ObjectHandle,
    public: PublicKey,
}

pub(super) fn locked(session: &Mutex<Session>) -> MutexGuard<'_, Session> {
    // Whoever panicked left nothing half done: what a session holds is on the token.
    session.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TokenKey {
    pub(super) fn new(session: Arc<Mutex<Session>>, handle: ObjectHandle, public: PublicKey) -> Self {
        TokenKey { session, handle, public }
    }
}

impl RemoteKey for TokenKey {
    fn public(&self) -> PublicKey {
        self.public.clone()
    }

    fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
        let digest = what.digest().unwrap_or_default();
        let (mechanism, input) = match what.algorithm() {
            SignatureAlgorithm::RsaPkcs1(hash) => (pkcs1(hash), what.message()),
            SignatureAlgorithm::RsaPss { digest: hash, salt } => {
                let s_len = Ulong::try_from(usize::from(salt)).map_err(to_io)?;
                let parameters = PkcsPssParams { hash_alg: hash_type(hash), mgf: mgf(hash), s_len };
                (Mechanism::RsaPkcsPss(parameters), &digest[..])
            }
            SignatureAlgorithm::Ecdsa(_) => (Mechanism::Ecdsa, &digest[..]),
            SignatureAlgorithm::Ed25519 => {
                let parameters = EddsaParams::new(EddsaSignatureScheme::Ed25519);
                (Mechanism::Eddsa(parameters), what.message())
            }
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        let signature = locked(&self.session).sign(&mechanism, self.handle, input).map_err(to_io)?;
        match what.algorithm() {
            SignatureAlgorithm::Ecdsa(_) => in_der(&signature),
            _ => Ok(signature),
        }
    }

    fn decrypt(&self, what: &ToDecrypt<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
        let mechanism = match what.how() {
            Decryption::RsaOaep { digest, mask, label } => {
                let source = match label {
                    [] => PkcsOaepSource::empty(),
                    label => PkcsOaepSource::data_specified(label),
                };
                Mechanism::RsaPkcsOaep(PkcsOaepParams::new(hash_type(digest), mgf(mask), source))
            }
            // What the token says of the padding goes no further than the caller, which makes up a secret then.
            Decryption::RsaPkcs1 { .. } => Mechanism::RsaPkcs,
            Decryption::MlKem => return Err(io::ErrorKind::Unsupported.into()),
        };
        let opened = locked(&self.session).decrypt(&mechanism, self.handle, what.ciphertext());
        opened.map(Zeroizing::new).map_err(|error| match what.how() {
            Decryption::RsaPkcs1 { .. } => of_padding(error),
            _ => to_io(error),
        })
    }

    fn agree(&self, peer: &PublicKey) -> io::Result<Zeroizing<Vec<u8>>> {
        let length: usize = match peer.kind() {
            KeyKind::P256 | KeyKind::X25519 => 32,
            KeyKind::P384 => 48,
            KeyKind::P521 => 66,
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        let info =
            SubjectPublicKeyInfoRef::from_der(peer.as_der()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let point = info.subject_public_key.raw_bytes();
        let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), point));
        // An object of this session alone, which may be read once and is gone.
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Token(false),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
            Attribute::ValueLen(Ulong::try_from(length).map_err(to_io)?),
        ];
        let session = locked(&self.session);
        let derived = session.derive_key(&mechanism, self.handle, &template).map_err(to_io)?;
        // Wrapped before anything else can fail, so that it is wiped whatever does.
        let value = session.get_attributes(derived, &[AttributeType::Value]).map_err(to_io);
        let shared = value.map(|mut all| match all.pop() {
            Some(Attribute::Value(shared)) => Some(Zeroizing::new(shared)),
            _ => None,
        });
        session.destroy_object(derived).map_err(to_io)?;
        shared?.ok_or_else(|| nonsense("no shared secret"))
    }
}

fn pkcs1(hash: Digest) -> Mechanism<'static> {
    match hash {
        Digest::Sha1 => Mechanism::Sha1RsaPkcs,
        Digest::Sha224 => Mechanism::Sha224RsaPkcs,
        Digest::Sha256 => Mechanism::Sha256RsaPkcs,
        Digest::Sha384 => Mechanism::Sha384RsaPkcs,
        Digest::Sha512 => Mechanism::Sha512RsaPkcs,
    }
}

fn hash_type(hash: Digest) -> MechanismType {
    match hash {
        Digest::Sha1 => MechanismType::SHA1,
        Digest::Sha224 => MechanismType::SHA224,
        Digest::Sha256 => MechanismType::SHA256,
        Digest::Sha384 => MechanismType::SHA384,
        Digest::Sha512 => MechanismType::SHA512,
    }
}

fn mgf(hash: Digest) -> PkcsMgfType {
    match hash {
        Digest::Sha1 => PkcsMgfType::MGF1_SHA1,
        Digest::Sha224 => PkcsMgfType::MGF1_SHA224,
        Digest::Sha256 => PkcsMgfType::MGF1_SHA256,
        Digest::Sha384 => PkcsMgfType::MGF1_SHA384,
        Digest::Sha512 => PkcsMgfType::MGF1_SHA512,
    }
}

/// Ecdsa-Sig-Value (RFC 3279 section 2.2.3).
#[derive(Sequence)]
struct Ecdsa<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Tokens give r and s in as many bytes each as the order has, one after the other.
fn in_der(raw: &[u8]) -> io::Result<Vec<u8>> {
    let write = || {
        let (r, s) = raw.split_at_checked(raw.len() / 2).ok_or(der::ErrorKind::Failed)?;
        Ecdsa { r: UintRef::new(r)?, s: UintRef::new(s)? }.to_der()
    };
    write().map_err(|_: der::Error| nonsense("no ECDSA signature"))
}
