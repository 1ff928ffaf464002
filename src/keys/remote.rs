//! Keys that live elsewhere: on a token or smart card, or with a service that signs for its callers.
use std::io;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::algorithm::{Digest, SignatureAlgorithm};
use super::public::PublicKey;
use crate::error::{Error, ErrorKind, Result};
use crate::primitives::{hash, rsa};
use crate::secret::SecretVec;

/// A private key that is somewhere else and does not come out, such as one on a smart card or with a cloud's key
/// management: [`PrivateKey::remote`](crate::PrivateKey::remote) makes it usable wherever a private key is.
///
/// bulla decides what is asked for and how; the implementation carries that there and the answer back. What it cannot do it
/// answers with [`io::ErrorKind::Unsupported`], as do the methods that it does not write. Signatures are checked with the
/// public key before anybody gets them.
///
/// ```
/// use std::io;
/// use bulla::{KeyKind, PrivateKey, PublicKey, RemoteKey, ToSign};
///
/// struct Service { key: PrivateKey } // somebody else's, over the wire
///
/// impl RemoteKey for Service {
///     fn public(&self) -> PublicKey {
///         self.key.public().clone()
///     }
///     fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
///         Ok(self.key.sign_as_asked(what)?)
///     }
/// }
///
/// let service = Service { key: PrivateKey::generate(KeyKind::Ed25519)? };
/// let key = PrivateKey::remote(service)?;
/// let signature = key.sign("invoice", b"100 francs")?;
/// key.public().verify("invoice", b"100 francs", &signature)?;
/// assert!(key.expose_pem().is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
pub trait RemoteKey: Send + Sync {
    /// The public half. It is asked for once, and believed.
    fn public(&self) -> PublicKey;

    /// Signs. The signature has the form that X.509 has: ECDSA in DER (RFC 3279 section 2.2.3), all others as they are.
    ///
    /// # Errors
    /// Whatever goes wrong; [`io::ErrorKind::Unsupported`] for what the key does not do.
    fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
        let _ = what;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Decrypts: gives the plaintext, or with [`Decryption::MlKem`] the shared secret.
    ///
    /// # Errors
    /// As those of [`sign`](Self::sign). All that are of the ciphertext should be alike.
    fn decrypt(&self, what: &ToDecrypt<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
        let _ = what;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Agrees on a secret with the owner of another key of the same kind: gives the x coordinate of the common point (SEC 1
    /// section 3.3.1), or the output of X25519, and derives nothing from it.
    ///
    /// # Errors
    /// As those of [`sign`](Self::sign).
    fn agree(&self, peer: &PublicKey) -> io::Result<Zeroizing<Vec<u8>>> {
        let _ = peer;
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl<K: RemoteKey + ?Sized> RemoteKey for Arc<K> {
    fn public(&self) -> PublicKey {
        (**self).public()
    }

    fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
        (**self).sign(what)
    }

    fn decrypt(&self, what: &ToDecrypt<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
        (**self).decrypt(what)
    }

    fn agree(&self, peer: &PublicKey) -> io::Result<Zeroizing<Vec<u8>>> {
        (**self).agree(peer)
    }
}

/// What a [`RemoteKey`] is asked to sign.
pub struct ToSign<'a> {
    algorithm: SignatureAlgorithm,
    message: &'a [u8],
}

impl<'a> ToSign<'a> {
    /// A question as bulla asks it, for those who try out an implementation.
    #[must_use]
    pub fn new(algorithm: SignatureAlgorithm, message: &'a [u8]) -> Self {
        ToSign { algorithm, message }
    }

    /// How it is to be signed: one of the ways of the key's kind.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The message, whole.
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        self.message
    }

    /// The hash of the message, for those who sign that. `None` for Ed25519 and ML-DSA, which sign the message.
    #[must_use]
    pub fn digest(&self) -> Option<Vec<u8>> {
        Some(hash::digest(self.algorithm.digest()?, &[self.message]))
    }
}

/// What a [`RemoteKey`] is asked to decrypt.
pub struct ToDecrypt<'a> {
    how: Decryption<'a>,
    ciphertext: &'a [u8],
}

/// How a [`RemoteKey`] is to decrypt.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Decryption<'a> {
    /// RSAES-OAEP (RFC 8017 section 7.1).
    RsaOaep {
        /// The hash of the label.
        digest: Digest,
        /// The hash of MGF1.
        mask: Digest,
        /// Empty, nearly always.
        label: &'a [u8],
    },
    /// RSAES-PKCS1-v1_5 (RFC 8017 section 7.2), for old mail.
    ///
    /// The answer has `length` bytes whatever the ciphertext, and takes the same time: where the padding is not sound, or what
    /// comes out has another length, it is made up, best such that the same ciphertext always gives the same
    /// (draft-irtf-cfrg-rsa-guidance section 7.2). Whoever can see the difference opens anything that was encrypted for the
    /// key (RFC 3218). bulla does its part: an answer of another length, and an error that may be of the ciphertext, it takes
    /// for such a case, and goes on with bytes that it makes up; [`Unsupported`](io::ErrorKind::Unsupported) and errors of the
    /// way there, such as [`NotConnected`](io::ErrorKind::NotConnected), it passes on.
    RsaPkcs1 {
        /// Bytes of what was encrypted.
        length: usize,
    },
    /// ML-KEM: decapsulation (FIPS 203 section 7.3).
    MlKem,
}

impl<'a> ToDecrypt<'a> {
    /// A question as bulla asks it, for those who try out an implementation.
    #[must_use]
    pub fn new(how: Decryption<'a>, ciphertext: &'a [u8]) -> Self {
        ToDecrypt { how, ciphertext }
    }

    /// How.
    #[must_use]
    pub fn how(&self) -> Decryption<'a> {
        self.how
    }

    /// What.
    #[must_use]
    pub fn ciphertext(&self) -> &'a [u8] {
        self.ciphertext
    }
}

/// Has something signed, and checks it: a token at fault must not give its key away, nor the wrong key sign.
pub(super) fn sign(
    key: &dyn RemoteKey,
    public: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>> {
    let signature = key.sign(&ToSign::new(algorithm, message)).map_err(failed)?;
    if public.check_signature(algorithm, message, &signature).is_err() {
        return Err(Error::new(
            ErrorKind::Unauthentic,
            "remote key",
            "what it signed does not verify",
            "see whether it is the private half of its public key",
        ));
    }
    Ok(signature)
}

/// Has something decrypted. A ciphertext that does not open and one that is another's are one error.
pub(super) fn decrypt(key: &dyn RemoteKey, what: &ToDecrypt<'_>) -> Result<SecretVec> {
    key.decrypt(what).map_err(failed)
}

/// Has something decrypted with PKCS #1 v1.5, of so many bytes. That the ciphertext does not open does not show.
pub(super) fn decrypt_pkcs1(key: &dyn RemoteKey, what: &ToDecrypt<'_>, length: usize) -> Result<SecretVec> {
    let answer = match key.decrypt(what) {
        Ok(answer) => answer,
        Err(error) if says_nothing_of_ciphertexts(error.kind()) => return Err(failed(error)),
        Err(_) => SecretVec::default(),
    };
    Ok(rsa::settle_pkcs1(&answer, what.ciphertext(), length))
}

/// Whether it would have come for any ciphertext.
fn says_nothing_of_ciphertexts(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::*;
    matches!(
        kind,
        Unsupported
            | NotFound
            | NotConnected
            | PermissionDenied
            | TimedOut
            | Interrupted
            | BrokenPipe
            | ConnectionRefused
            | ConnectionReset
            | ConnectionAborted
            | HostUnreachable
            | NetworkUnreachable
            | NetworkDown
    )
}

/// Has a secret agreed on, of a length that is known beforehand.
pub(super) fn agree(key: &dyn RemoteKey, peer: &PublicKey, length: usize) -> Result<SecretVec> {
    let shared = key.agree(peer).map_err(failed)?;
    // Zeros are what a point of low order brings about (RFC 7748 section 6.1), and no x coordinate.
    if shared.len() != length || shared.iter().all(|byte| *byte == 0) {
        let why = "it gave something that is no shared secret";
        return Err(Error::new(ErrorKind::Malformed, "remote key", why, "look at its maker's notes"));
    }
    Ok(shared)
}

fn failed(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::Unsupported {
        let hint = "take a key that does, or see whether it may be allowed to";
        return Error::new(ErrorKind::Unsupported, "remote key", "it does not do that", hint);
    }
    Error::io("remote key", error)
}
