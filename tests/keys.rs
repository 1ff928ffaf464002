//! Asymmetric keys: what they promise, hostile ones, and openssl's, both ways.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;

#[path = "support/pyca.rs"]
mod pyca;

#[path = "support/published.rs"]
mod published;

mod keys {
    mod hostile;
    mod legacy;
    mod openssl;
    mod post_quantum;
    mod pyca;
}

use bulla::{ErrorKind, KeyKind, Passphrase, PrivateKey, PublicKey, RemoteKey, ToSign};

const KINDS: [KeyKind; 7] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Ed25519,
    KeyKind::MlDsa44,
    KeyKind::MlDsa65,
    KeyKind::MlDsa87,
];

const FOR_ENCRYPTION: [KeyKind; 4] =
    [KeyKind::X25519, KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];

/// One key of each kind that signs.
fn signing() -> Vec<PrivateKey> {
    let rsa = std::iter::once(KeyKind::RSA_3072);
    rsa.chain(KINDS).map(|kind| PrivateKey::generate(kind).unwrap()).collect()
}

/// One key of each kind.
fn all() -> Vec<PrivateKey> {
    let others = FOR_ENCRYPTION.into_iter().map(|kind| PrivateKey::generate(kind).unwrap());
    signing().into_iter().chain(others).collect()
}

fn unasked() -> bulla::Result<Passphrase> {
    panic!("no passphrase is needed")
}

fn pem_bytes(pem: &str) -> Vec<u8> {
    pem_rfc7468::decode_vec(pem.as_bytes()).unwrap().1
}

#[test]
fn a_signature_is_good_for_its_key_its_message_and_its_context_only() {
    let keys = signing();
    for (key, other) in keys.iter().zip(keys.iter().cycle().skip(1)) {
        let kind = key.kind();
        let public = key.public();
        let signature = key.sign("invoice", b"100 francs").unwrap();
        let good = public.verify("invoice", b"100 francs", &signature).unwrap();
        assert_eq!((good.get(), good.by()), (&b"100 francs", public), "{kind}");
        let refused = [
            public.verify("invoice", b"200 francs", &signature),
            public.verify("receipt", b"100 francs", &signature),
            public.verify_plain(b"100 francs", &signature),
            other.public().verify("invoice", b"100 francs", &signature),
            public.verify("invoice", b"100 francs", &signature[1..]),
            public.verify("invoice", b"100 francs", &[]),
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unauthentic, "{kind}");
        }
        for place in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[place] ^= 1;
            assert!(public.verify("invoice", b"100 francs", &changed).is_err(), "{kind}: byte {place}");
        }
    }
}

#[test]
fn a_plain_signature_is_none_for_a_context() {
    for key in signing() {
        let signature = key.sign_plain(b"message").unwrap();
        assert!(key.public().verify_plain(b"message", &signature).is_ok(), "{}", key.kind());
        assert!(key.public().verify_plain(b"another", &signature).is_err(), "{}", key.kind());
        assert!(key.public().verify("x", b"message", &signature).is_err(), "{}", key.kind());
    }
}

/// A key that is elsewhere, and keeps what it was asked to sign.
struct Elsewhere(PrivateKey, std::sync::Mutex<Vec<u8>>);

impl RemoteKey for Elsewhere {
    fn public(&self) -> PublicKey {
        self.0.public().clone()
    }

    fn sign(&self, what: &ToSign<'_>) -> std::io::Result<Vec<u8>> {
        *self.1.lock().unwrap() = what.message().to_vec();
        Ok(self.0.sign_as_asked(what)?)
    }
}

#[test]
fn what_would_be_a_signature_for_a_context_is_not_signed_plain() {
    for key in signing() {
        let kind = key.kind();
        let elsewhere = std::sync::Arc::new(Elsewhere(key, std::sync::Mutex::default()));
        let signature =
            PrivateKey::remote(elsewhere.clone()).unwrap().sign("invoice", b"100 francs").unwrap();
        let (key, asked) = (&elsewhere.0, elsewhere.1.lock().unwrap());
        assert!(key.public().verify("invoice", b"100 francs", &signature).is_ok(), "{kind}");
        for message in [&asked[..], &asked[..84]] {
            assert_eq!(key.sign_plain(message).unwrap_err().kind(), ErrorKind::Usage, "{kind}");
        }
        // Whatever follows these, it is signed for no context.
        for message in [&asked[..83], &asked[1..], b""] {
            assert!(key.sign_plain(message).is_ok(), "{kind}");
        }
    }
}

#[test]
fn a_stream_is_signed_as_its_bytes_are() {
    let content = vec![7; 1_000_000];
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let signature = key.sign_stream("backup", &content[..]).unwrap();
    assert!(key.public().verify("backup", &content, &signature).is_ok());
    let signature = key.sign("backup", &content).unwrap();
    assert_eq!(*key.public().verify_stream("backup", &content[..], &signature).unwrap().get(), 1_000_000);
    assert!(key.public().verify_stream("backup", &content[1..], &signature).is_err());
}

#[test]
fn a_context_is_a_parameter_that_says_something() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    for context in ["", "a\0b"] {
        assert_eq!(key.sign(context, b"x").unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(key.public().verify(context, b"x", &[]).unwrap_err().kind(), ErrorKind::Usage);
    }
}

#[test]
fn a_key_comes_back_from_its_pem_encrypted_and_plain() {
    let passphrase = || Passphrase::new("Käse, 3 × täglich");
    for key in all() {
        let kind = key.kind();
        let sealed = key.to_pem(&passphrase().unwrap()).unwrap();
        assert!(sealed.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let again = PrivateKey::from_pem(&sealed, passphrase).unwrap();
        assert_eq!((again.public(), again.kind()), (key.public(), kind));
        let wrong = PrivateKey::from_pem(&sealed, || Passphrase::new("wrong")).err().unwrap();
        assert_eq!(wrong.kind(), ErrorKind::NoKeyFits, "{kind}");
        let plain = PrivateKey::from_pem(&key.expose_pem().unwrap(), unasked).unwrap();
        assert_eq!(plain.public(), key.public(), "{kind}");
        plain.check().unwrap();
        let public = PublicKey::from_pem(&key.public().to_pem()).unwrap();
        assert_eq!(public.fingerprint(), key.public().fingerprint(), "{kind}");
        assert_eq!(PublicKey::from_der(public.as_der()).unwrap(), public, "{kind}");
    }
}

#[test]
fn a_key_for_encryption_signs_nothing_and_says_so() {
    for kind in FOR_ENCRYPTION {
        let key = PrivateKey::generate(kind).unwrap();
        let public = key.public();
        for error in [
            key.sign("x", b"message").unwrap_err(),
            key.sign_plain(b"message").unwrap_err(),
            key.sign_stream("x", &b"message"[..]).unwrap_err(),
            public.verify("x", b"message", &[0; 64]).unwrap_err(),
            public.verify_plain(b"message", &[0; 64]).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Usage, "{kind}");
            assert!(error.to_string().contains(&format!("{kind} is for encryption")), "{error}");
        }
    }
}

#[test]
fn every_new_key_passes_its_check() {
    for key in all() {
        assert!(key.check().is_ok(), "{}", key.kind());
    }
}

#[test]
fn rsa_of_other_sizes_is_not_made() {
    for bits in [0, 1024, 2047, 8193, u32::MAX] {
        let made = PrivateKey::generate(KeyKind::rsa(bits));
        assert_eq!(made.err().unwrap().kind(), ErrorKind::Unsupported, "{bits}");
    }
}
