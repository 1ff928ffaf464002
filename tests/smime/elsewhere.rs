//! Keys that are kept elsewhere sign and open mail; what they cannot do is said.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bulla::smime::{Expect, Opening, Signing};
use bulla::{
    Decryption, ErrorKind, KeyKind, PrivateKey, PublicKey, RemoteKey, SignatureAlgorithm, ToDecrypt, ToSign,
};
use rand_core::UnwrapErr;
use zeroize::Zeroizing;

use crate::mail::{CONTENT, Lab, letter, plain, refused};
use crate::make::{BIT_STRING, INTEGER, oid, sequence, tlv};

/// A service with a key, which counts what it is asked.
struct Service {
    key: Kept,
    asked: AtomicUsize,
    is_broken: bool,
}

enum Kept {
    Signs(PrivateKey),
    X25519(x25519_dalek::StaticSecret),
    Rsa(rsa::RsaPrivateKey),
}

impl Service {
    fn new(key: Kept, is_broken: bool) -> Arc<Self> {
        Arc::new(Service { key, asked: AtomicUsize::new(0), is_broken })
    }

    fn ask(&self) -> io::Result<()> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.is_broken { Err(io::ErrorKind::NotConnected.into()) } else { Ok(()) }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn x25519() -> Kept {
    Kept::X25519(x25519_dalek::StaticSecret::from([0x61; 32]))
}

fn rsa() -> Kept {
    Kept::Rsa(rsa::RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), 2048).unwrap())
}

impl RemoteKey for Service {
    fn public(&self) -> PublicKey {
        let bits = |bits: &[u8]| tlv(BIT_STRING, &[&[0], bits]);
        let der = match &self.key {
            Kept::Signs(key) => return key.public().clone(),
            Kept::X25519(secret) => {
                let public = x25519_dalek::PublicKey::from(secret);
                sequence(&[&sequence(&[&oid("1.3.101.110")]), &bits(public.as_bytes())])
            }
            Kept::Rsa(key) => {
                use rsa::traits::PublicKeyParts;
                let number =
                    |bytes: &[u8]| tlv(INTEGER, &[if bytes[0] < 0x80 { &[][..] } else { &[0] }, bytes]);
                let (n, e) = (key.n().to_be_bytes_trimmed_vartime(), key.e().to_be_bytes_trimmed_vartime());
                let key = sequence(&[&number(&n), &number(&e)]);
                sequence(&[&sequence(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]), &bits(&key)])
            }
        };
        PublicKey::from_der(&der).unwrap()
    }

    fn sign(&self, what: &ToSign<'_>) -> io::Result<Vec<u8>> {
        self.ask()?;
        match &self.key {
            Kept::Signs(key) => Ok(key.sign_as_asked(what)?),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn decrypt(&self, what: &ToDecrypt<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
        self.ask()?;
        let Kept::Rsa(key) = &self.key else { return Err(io::ErrorKind::Unsupported.into()) };
        let opened = match what.how() {
            Decryption::RsaOaep { .. } => key.decrypt(rsa::Oaep::<sha2::Sha256>::new(), what.ciphertext()),
            Decryption::RsaPkcs1 { .. } => key.decrypt(rsa::Pkcs1v15Encrypt, what.ciphertext()),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        opened.map(Zeroizing::new).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn agree(&self, peer: &PublicKey) -> io::Result<Zeroizing<Vec<u8>>> {
        self.ask()?;
        let Kept::X25519(secret) = &self.key else { return Err(io::ErrorKind::Unsupported.into()) };
        let bits: [u8; 32] = *peer.as_der().last_chunk().unwrap();
        Ok(Zeroizing::new(secret.diffie_hellman(&bits.into()).as_bytes().to_vec()))
    }
}

#[test]
fn a_key_that_is_kept_elsewhere_signs_mail() {
    let lab = Lab::new();
    for kind in [KeyKind::P256, KeyKind::rsa(2048), KeyKind::Ed25519] {
        let service = Service::new(Kept::Signs(PrivateKey::generate(kind).unwrap()), false);
        let bob = lab.with_key(PrivateKey::remote(Arc::clone(&service)).unwrap(), "bob@example.org");
        for signing in [Signing::by(&bob), Signing::by(&bob).opaque(), Signing::by(&bob).modern()] {
            let before = service.asked();
            let signed = signing.entity(&letter()).unwrap();
            assert_eq!(service.asked(), before + 1, "{kind}: one question a mail");
            let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
            assert_eq!(verified.get().as_bytes(), CONTENT);
            let is_pss = matches!(verified.by().algorithm(), SignatureAlgorithm::RsaPss { .. });
            assert!(!is_pss || kind == KeyKind::rsa(2048));
        }
    }
}

#[test]
fn a_key_that_is_kept_elsewhere_opens_mail() {
    let lab = Lab::new();
    for kept in [x25519(), rsa()] {
        let service = Service::new(kept, false);
        let bob = lab.with_key(PrivateKey::remote(Arc::clone(&service)).unwrap(), "bob@example.org");
        let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
        assert_eq!(plain(sealed.open(&bob)), CONTENT);
        assert_eq!(service.asked(), 1);
    }
}

#[test]
fn a_key_that_is_kept_elsewhere_opens_mail_of_old_programs() {
    let lab = Lab::new();
    let service = Service::new(rsa(), false);
    let bob = lab.with_key(PrivateKey::remote(Arc::clone(&service)).unwrap(), "bob@example.org");
    let sealed = letter().sign(&lab.bob()).unwrap().encrypt(&lab.to(&bob)).unwrap();
    let mut out = Vec::new();
    Opening::with(&bob).stream(sealed.as_bytes(), &mut out).unwrap();
    assert_eq!(service.asked(), 1);
}

#[test]
fn a_service_that_is_not_reached_is_no_forgery() {
    let lab = Lab::new();
    let signs = Kept::Signs(PrivateKey::generate(KeyKind::P256).unwrap());
    for kept in [signs, x25519(), rsa()] {
        let bob = lab.with_key(PrivateKey::remote(Service::new(kept, true)).unwrap(), "bob@example.org");
        let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
        refused(sealed.open(&bob), ErrorKind::Io);
    }
    let key = Kept::Signs(PrivateKey::generate(KeyKind::P256).unwrap());
    let bob = lab.with_key(PrivateKey::remote(Service::new(key, true)).unwrap(), "bob@example.org");
    refused(letter().sign(&bob), ErrorKind::Io);
}
