//! Keys on a PKCS #11 token, SoftHSM2: what they do, what they refuse, and what a token that lies gets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::mem_forget,
    reason = "a test may panic, its numbers are small, and a library may stay loaded"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;

mod pkcs11 {
    #[cfg(feature = "smime")]
    mod mail;
    #[cfg(feature = "tls")]
    mod tls;
    pub(crate) mod token;
}

use std::io;

use bulla::adapters::pkcs11::Token;
use bulla::{Decryption, Digest, ErrorKind, KeyKind, Passphrase, PrivateKey, RemoteKey, ToDecrypt};
use cryptoki::object::{Attribute, CertificateType, ObjectClass};
use pkcs11::token::{LABEL, Lab, PIN, in_a_token};

const KINDS: [KeyKind; 5] =
    [KeyKind::RSA_3072, KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519];

/// The kind of the error of the operating system that is underneath.
fn underneath<T>(result: bulla::Result<T>) -> io::ErrorKind {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    let source = std::error::Error::source(&error).unwrap();
    source.downcast_ref::<io::Error>().unwrap().kind()
}

#[test]
fn a_key_on_a_token_signs_as_one_in_bytes_does() {
    in_a_token("a_key_on_a_token_signs_as_one_in_bytes_does", |lab| {
        let keys = KINDS.map(|kind| PrivateKey::generate(kind).unwrap());
        for (n, key) in keys.iter().enumerate() {
            lab.import(key, &key.kind().to_string(), n as u8);
        }
        let token = lab.open().unwrap();
        let mut labels: Vec<_> =
            token.keys().unwrap().into_iter().map(|entry| (entry.id, entry.label)).collect();
        labels.sort();
        let expected = keys.iter().enumerate().map(|(n, key)| (vec![n as u8], key.kind().to_string()));
        assert_eq!(labels, expected.collect::<Vec<_>>());
        for (n, key) in keys.iter().enumerate() {
            let kind = key.kind();
            let on_token = token.key(&kind.to_string()).unwrap();
            assert_eq!(on_token.public(), key.public(), "{kind}");
            assert_eq!(token.key_by_id(&[n as u8]).unwrap().public(), key.public(), "{kind}");
            on_token.check().unwrap();
            let signature = on_token.sign("invoice", b"100 francs").unwrap();
            assert!(key.public().verify("invoice", b"100 francs", &signature).is_ok(), "{kind}");
            let signature = on_token.sign_plain(b"message").unwrap();
            assert!(key.public().verify_plain(b"message", &signature).is_ok(), "{kind}");
            assert_eq!(on_token.expose_pem().unwrap_err().kind(), ErrorKind::Usage, "{kind}");
        }
    });
}

#[test]
fn a_key_on_a_token_agrees_as_one_in_bytes_does() {
    in_a_token("a_key_on_a_token_agrees_as_one_in_bytes_does", |lab| {
        for (n, kind) in [KeyKind::P256, KeyKind::P384, KeyKind::P521].into_iter().enumerate() {
            let [one, two] = [(); 2].map(|()| PrivateKey::generate(kind).unwrap());
            lab.import(&one, "one", 2 * n as u8);
            lab.import(&two, "two", 2 * n as u8 + 1);
            for label in ["one", "two"] {
                lab.change(label, &[Attribute::Derive(true)]);
            }
            let token = lab.open().unwrap();
            let from = |key: &str| token.remote_key(key).unwrap();
            let shared = from("one").agree(two.public()).unwrap();
            assert_eq!(shared, from("two").agree(one.public()).unwrap(), "{kind}");
            assert_ne!(shared, from("two").agree(two.public()).unwrap(), "{kind}");
            let other = PrivateKey::generate(KeyKind::Ed25519).unwrap();
            let refused = from("one").agree(other.public()).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
            // A key for agreement alone passes its check by that.
            lab.change("one", &[Attribute::Sign(false)]);
            let one = token.key("one").unwrap();
            one.check().unwrap();
            assert!(one.sign_plain(b"message").is_err(), "{kind}");
            lab.change("one", &[Attribute::Derive(false)]);
            assert_eq!(one.check().unwrap_err().kind(), ErrorKind::Unsupported, "{kind}");
            lab.remove("one");
            lab.remove("two");
        }
    });
}

#[test]
fn a_key_on_a_token_decrypts_what_openssl_sealed() {
    in_a_token("a_key_on_a_token_decrypts_what_openssl_sealed", |lab| {
        let key = PrivateKey::generate(KeyKind::rsa(2048)).unwrap();
        lab.import(&key, "rsa", 1);
        let token = lab.open().unwrap();
        let on_token = token.remote_key("rsa").unwrap();
        let Some(sealed) = lab.seal(&key, "oaep", b"a secret") else { return };
        // SoftHSM 2.6 takes SHA-1 only; what it does not take it names as such.
        let how = |digest| Decryption::RsaOaep { digest, mask: digest, label: b"" };
        let opened = on_token.decrypt(&ToDecrypt::new(how(Digest::Sha1), &sealed)).unwrap();
        assert_eq!(opened[..], *b"a secret");
        let mut changed = sealed.clone();
        changed[9] ^= 1;
        assert!(on_token.decrypt(&ToDecrypt::new(how(Digest::Sha1), &changed)).is_err());
        let refused = on_token.decrypt(&ToDecrypt::new(how(Digest::Sha256), &sealed)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
        let refused = on_token.decrypt(&ToDecrypt::new(Decryption::MlKem, &sealed)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
        // With PKCS #1 v1.5 what the token says of the padding is for bulla alone, and of a kind that bulla takes for that.
        let old = Decryption::RsaPkcs1 { length: 8 };
        let sealed = lab.seal(&key, "pkcs1", b"a secret").unwrap();
        assert_eq!(on_token.decrypt(&ToDecrypt::new(old, &sealed)).unwrap()[..], *b"a secret");
        for at in [0, 9, 255] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            match on_token.decrypt(&ToDecrypt::new(old, &changed)) {
                Ok(opened) => assert_ne!(opened[..], *b"a secret"),
                Err(error) => {
                    assert!(
                        [io::ErrorKind::Other, io::ErrorKind::InvalidData].contains(&error.kind()),
                        "{error}"
                    );
                }
            }
        }
    });
}

#[test]
fn what_is_not_there_is_said_to_be_missing() {
    in_a_token("what_is_not_there_is_said_to_be_missing", |lab| {
        let pin = Passphrase::new(PIN).unwrap();
        let wrong = Passphrase::new("654321").unwrap();
        let library = lab.library();
        assert_eq!(underneath(Token::open(&library, LABEL, &wrong)), io::ErrorKind::PermissionDenied);
        assert_eq!(underneath(Token::open(&library, "another", &pin)), io::ErrorKind::NotFound);
        assert_eq!(underneath(Token::open("libsofthsm2.so", LABEL, &pin)), io::ErrorKind::NotFound);
        // A file, but no library.
        assert_eq!(underneath(Token::open(file!(), LABEL, &pin)), io::ErrorKind::NotFound);
        let token = lab.open().unwrap();
        assert_eq!(token.keys().unwrap(), []);
        assert_eq!(underneath(token.key("none")), io::ErrorKind::NotFound);
        assert_eq!(underneath(token.key_by_id(&[7])), io::ErrorKind::NotFound);
        // Several are none: nobody said which.
        for id in [1, 2] {
            lab.import(&PrivateKey::generate(KeyKind::P256).unwrap(), "twin", id);
        }
        let error = token.key("twin").err().unwrap();
        assert!(error.to_string().contains("several private keys"), "{error}");
        assert!(token.key_by_id(&[1]).is_ok());
    });
}

#[test]
fn the_public_half_may_be_in_a_certificate() {
    in_a_token("the_public_half_may_be_in_a_certificate", |lab| {
        let Some(certificate) = lab.certificate() else { return };
        let token = lab.open().unwrap();
        assert_eq!(token.key("key").unwrap().kind(), KeyKind::P256);
        lab.remove_public("key");
        let error = token.key("key").err().unwrap();
        assert!(error.to_string().contains("the public half of the key is not on the token"), "{error}");
        lab.create(&[
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Token(true),
            Attribute::Id(vec![9]),
            Attribute::Subject(vec![0x30, 0]),
            Attribute::Value(certificate),
        ]);
        let key = token.key("key").unwrap();
        key.check().unwrap();
    });
}

#[test]
fn a_signature_that_does_not_fit_the_public_half_is_not_given_out() {
    in_a_token("a_signature_that_does_not_fit_the_public_half_is_not_given_out", |lab| {
        let [one, two] = [(); 2].map(|()| PrivateKey::generate(KeyKind::P256).unwrap());
        lab.import(&one, "one", 1);
        lab.import(&two, "two", 2);
        // The one's public half is the other's.
        lab.remove_public("one");
        lab.change_public("two", &[Attribute::Id(vec![1])]);
        let key = lab.open().unwrap().key("one").unwrap();
        assert_eq!(key.public(), two.public());
        assert_eq!(key.sign_plain(b"message").unwrap_err().kind(), ErrorKind::Unauthentic);
        assert!(key.check().is_err());
    });
}

#[test]
fn threads_share_a_token() {
    in_a_token("threads_share_a_token", |lab| {
        lab.import(&PrivateKey::generate(KeyKind::P256).unwrap(), "key", 1);
        let (token, second) = (lab.open().unwrap(), lab.open().unwrap());
        let keys = [token.key("key").unwrap(), token.key("key").unwrap(), second.key("key").unwrap()];
        drop((token, second));
        std::thread::scope(|scope| {
            for key in &keys {
                scope.spawn(move || {
                    for n in 0..20u8 {
                        let signature = key.sign("thread", [n]).unwrap();
                        let _ = key.public().verify("thread", [n], &signature).unwrap();
                    }
                });
            }
        });
    });
}

#[test]
fn attributes_that_make_no_key_are_refused() {
    in_a_token("attributes_that_make_no_key_are_refused", |lab| {
        lab.import(&PrivateKey::generate(KeyKind::P256).unwrap(), "key", 1);
        lab.remove_public("key");
        let token = lab.open().unwrap();
        let p256 = vec![6, 8, 42, 134, 72, 206, 61, 3, 1, 7];
        for (params, point) in [
            (p256.clone(), vec![4, 3, 4, 1, 2]),
            (p256, vec![0; 67]),
            // secp256k1.
            (vec![6, 5, 43, 129, 4, 0, 10], vec![4, 3, 4, 1, 2]),
        ] {
            let public = lab.create(&[
                Attribute::Class(ObjectClass::PUBLIC_KEY),
                Attribute::KeyType(cryptoki::object::KeyType::EC),
                Attribute::Token(true),
                Attribute::Id(vec![1]),
                Attribute::EcParams(params),
                Attribute::EcPoint(point),
            ]);
            let kind = token.key("key").err().unwrap().kind();
            assert!(
                matches!(kind, ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Io),
                "{kind:?}"
            );
            lab.destroy(public);
        }
    });
}

/// The lab is used in the child; here is what makes sure of that.
#[test]
fn a_promise_that_breaks_in_the_token_breaks_the_test() {
    if Lab::is_inside() {
        panic!("broken on purpose");
    }
    let broken = std::panic::catch_unwind(|| {
        in_a_token("a_promise_that_breaks_in_the_token_breaks_the_test", |_| {});
    });
    assert_eq!(broken.is_err(), peers::find("softhsm2-util").is_some());
}
