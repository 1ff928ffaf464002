//! Keys that live elsewhere, and keepers of such keys that are at fault.
#![cfg(feature = "x509")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::exchange::OAEP;
use super::{Decryption, Digest, KeyKind, PrivateKey, PublicKey, RemoteKey, SignatureAlgorithm};
use super::{ToDecrypt, ToSign};
use crate::error::ErrorKind;

/// What is wrong with a keeper.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// Signs, decrypts and agrees with another key than the one it shows.
    OtherKey,
    Zeros,
    Short,
    /// Says why a ciphertext does not open.
    Tells,
    /// Is not there.
    Gone,
    SignsNothing,
    DoesNothing,
}

struct Keeper {
    key: PrivateKey,
    shown: PublicKey,
    fault: Fault,
    asked: AtomicUsize,
}

impl Keeper {
    fn new(kind: KeyKind, fault: Fault) -> Arc<Self> {
        let key = PrivateKey::generate(kind).unwrap();
        let other = PrivateKey::generate(kind).unwrap();
        let shown = if fault == Fault::OtherKey { other.public() } else { key.public() }.clone();
        Arc::new(Keeper { key, shown, fault, asked: AtomicUsize::new(0) })
    }

    fn answer(&self, answer: crate::Result<Zeroizing<Vec<u8>>>) -> io::Result<Zeroizing<Vec<u8>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answer = answer?;
        match self.fault {
            Fault::None | Fault::OtherKey | Fault::SignsNothing => {}
            Fault::Zeros => answer.fill(0),
            Fault::Short => drop(answer.pop()),
            Fault::Tells => return Err(io::Error::other("the padding is wrong")),
            Fault::Gone => return Err(io::ErrorKind::NotConnected.into()),
            Fault::DoesNothing => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(answer)
    }
}

impl RemoteKey for Keeper {
    fn public(&self) -> PublicKey {
        self.shown.clone()
    }

    fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
        if self.fault == Fault::SignsNothing {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let signature = self.key.sign_with(what.algorithm(), what.message());
        Ok(self.answer(signature.map(Zeroizing::new))?.to_vec())
    }

    fn decrypt(&self, what: &ToDecrypt<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
        self.answer(self.key.decrypt_as(what.how(), what.ciphertext()))
    }

    fn agree(&self, peer: &PublicKey) -> io::Result<Zeroizing<Vec<u8>>> {
        self.answer(self.key.agree(peer))
    }
}

const KINDS: [KeyKind; 8] = [
    KeyKind::Rsa { bits: 2048 },
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
    KeyKind::X25519,
    KeyKind::MlKem768,
];

fn remote(kind: KeyKind, fault: Fault) -> PrivateKey {
    PrivateKey::remote(Keeper::new(kind, fault)).unwrap()
}

#[test]
fn a_remote_key_does_what_a_key_of_its_kind_does() {
    for kind in KINDS {
        let key = remote(kind, Fault::None);
        assert_eq!(key.kind(), kind);
        key.check().unwrap();
        match kind {
            KeyKind::X25519 | KeyKind::MlKem768 => {
                assert_eq!(key.sign("x", b"message").unwrap_err().kind(), ErrorKind::Usage, "{kind}");
            }
            _ => {
                let signature = key.sign("x", b"message").unwrap();
                assert!(key.public().verify("x", b"message", &signature).is_ok(), "{kind}");
                let algorithm = key.signature_algorithm().unwrap();
                let signature = key.sign_with(algorithm, b"message").unwrap();
                assert!(key.public().check_signature(algorithm, b"message", &signature).is_ok(), "{kind}");
            }
        }
    }
}

#[test]
fn a_remote_key_does_not_come_out() {
    let key = remote(KeyKind::P256, Fault::None);
    assert_eq!(key.expose_pem().unwrap_err().kind(), ErrorKind::Usage);
    let passphrase = crate::Passphrase::new("x").unwrap();
    assert_eq!(key.to_pem(&passphrase).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(key.to_pkcs8().unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn what_another_key_signed_or_opened_is_not_given_out() {
    for kind in KINDS {
        let key = remote(kind, Fault::OtherKey);
        let refused = key.check().unwrap_err().kind();
        match kind {
            KeyKind::X25519 | KeyKind::MlKem768 => assert_eq!(refused, ErrorKind::Malformed, "{kind}"),
            _ => {
                assert_eq!(refused, ErrorKind::Unauthentic, "{kind}");
                assert_eq!(key.sign_plain(b"message").unwrap_err().kind(), ErrorKind::Unauthentic, "{kind}");
            }
        }
    }
}

#[test]
fn answers_that_are_no_signatures_or_secrets_are_refused() {
    for kind in KINDS {
        for fault in [Fault::Zeros, Fault::Short] {
            assert!(remote(kind, fault).check().is_err(), "{kind} {fault:?}");
        }
        let peer = PrivateKey::generate(kind).unwrap();
        for fault in [Fault::Zeros, Fault::Short] {
            let shared = remote(kind, fault).agree(peer.public());
            let agrees = peer.agree(peer.public()).is_ok();
            let expected = if agrees { ErrorKind::Malformed } else { ErrorKind::Usage };
            assert_eq!(shared.unwrap_err().kind(), expected, "{kind} {fault:?}");
        }
    }
}

#[test]
fn what_the_keeper_says_is_told() {
    for kind in KINDS {
        assert_eq!(remote(kind, Fault::Gone).check().unwrap_err().kind(), ErrorKind::Io, "{kind}");
        assert_eq!(remote(kind, Fault::DoesNothing).check().unwrap_err().kind(), ErrorKind::Unsupported);
        // Something is enough: a key may be there for decryption only.
        let does_the_rest = remote(kind, Fault::SignsNothing).check();
        let nothing_is_left = matches!(kind, KeyKind::Ed25519 | KeyKind::MlDsa44);
        assert_eq!(does_the_rest.is_err(), nothing_is_left, "{kind}");
    }
}

/// RSAES-PKCS1-v1_5 is an oracle for whoever can tell sound padding from other (RFC 3218).
#[test]
fn with_pkcs1_nothing_that_a_keeper_says_of_a_ciphertext_gets_out() {
    const HOW: Decryption<'_> = Decryption::RsaPkcs1 { length: 32 };
    let rsa = KeyKind::Rsa { bits: 2048 };
    for fault in [Fault::None, Fault::OtherKey, Fault::Zeros, Fault::Short, Fault::Tells] {
        let keeper = Keeper::new(rsa, fault);
        let sealed = keeper.key.public().encrypt_as(HOW, &[7; 32]).unwrap();
        let key = PrivateKey::remote(Arc::clone(&keeper)).unwrap();
        let [one, two] = [(); 2].map(|()| key.decrypt_as(HOW, &sealed).unwrap());
        assert_eq!((one.len(), &one), (32, &two), "{fault:?}");
        match fault {
            Fault::None | Fault::OtherKey => {
                assert_eq!(one[..], [7; 32], "it opens with the one that the keeper has");
            }
            Fault::Zeros => assert_eq!(one[..], [0; 32], "an answer of the right length is one"),
            _ => assert!(one[..] != [7; 32] && one[..] != [0; 32], "{fault:?}"),
        }
        let other_length = key.decrypt_as(Decryption::RsaPkcs1 { length: 16 }, &sealed).unwrap();
        assert!(
            other_length.len() == 16 && (fault == Fault::Zeros || other_length[..] != one[..16]),
            "{fault:?}"
        );
        let asked = keeper.asked.load(Ordering::Relaxed);
        for wrong in [&sealed[1..], b""] {
            assert_eq!(key.decrypt_as(HOW, wrong).unwrap_err().kind(), ErrorKind::Unauthentic, "{fault:?}");
        }
        assert_eq!(keeper.asked.load(Ordering::Relaxed), asked, "of a length nobody needs to be asked");
    }
    for (fault, kind) in [(Fault::Gone, ErrorKind::Io), (Fault::DoesNothing, ErrorKind::Unsupported)] {
        let refused = remote(rsa, fault).decrypt_as(HOW, &[1; 256]).unwrap_err();
        assert_eq!(refused.kind(), kind, "what would be so with any ciphertext is told");
    }
    let key = remote(rsa, Fault::Tells);
    let sealed = key.public().encrypt_as(OAEP, &[7; 32]).unwrap();
    let refused = key.decrypt_as(OAEP, &sealed).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Io, "with OAEP what the keeper says is told");
}

#[test]
fn a_keeper_is_asked_for_nothing_weak_and_nothing_of_another_kind() {
    let keeper = Keeper::new(KeyKind::P256, Fault::None);
    let key = PrivateKey::remote(Arc::clone(&keeper)).unwrap();
    for algorithm in [
        SignatureAlgorithm::Ecdsa(Digest::Sha1),
        SignatureAlgorithm::RsaPkcs1(Digest::Sha256),
        SignatureAlgorithm::Ed25519,
        SignatureAlgorithm::Dsa(Digest::Sha256),
    ] {
        assert_eq!(key.sign_with(algorithm, b"message").unwrap_err().kind(), ErrorKind::Usage, "{algorithm}");
    }
    let other = PrivateKey::generate(KeyKind::P384).unwrap();
    assert_eq!(key.agree(other.public()).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(key.decrypt_as(OAEP, b"x").unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(key.decapsulate(b"x").unwrap_err().kind(), ErrorKind::Unauthentic);
    assert_eq!(keeper.asked.load(Ordering::Relaxed), 0);
    key.sign_with(SignatureAlgorithm::Ecdsa(Digest::Sha512), b"message").unwrap();
    assert_eq!(keeper.asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_keeper_is_given_the_message_and_its_hash() {
    struct Witness(PublicKey);
    impl RemoteKey for Witness {
        fn public(&self) -> PublicKey {
            self.0.clone()
        }
        fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
            let hashed = what.digest().map(|digest| digest.len());
            let expected = match what.algorithm() {
                SignatureAlgorithm::RsaPkcs1(Digest::Sha256) | SignatureAlgorithm::RsaPss { .. } => Some(32),
                SignatureAlgorithm::Ecdsa(Digest::Sha384) => Some(48),
                SignatureAlgorithm::Ed25519 => None,
                other => panic!("{other}"),
            };
            assert_eq!((hashed, what.message()), (expected, &b"message"[..]));
            Ok(vec![])
        }
    }
    for kind in [KeyKind::Rsa { bits: 2048 }, KeyKind::P384, KeyKind::Ed25519] {
        let public = PrivateKey::generate(kind).unwrap().public().clone();
        let key = PrivateKey::remote(Witness(public)).unwrap();
        assert_eq!(key.sign_plain(b"message").unwrap_err().kind(), ErrorKind::Unauthentic);
        let algorithm = key.signature_algorithm().unwrap();
        assert!(key.sign_with(algorithm, b"message").is_err());
    }
}
