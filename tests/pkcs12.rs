//! PKCS #12 and PKCS #7: what they promise, hostile files, published vectors, and other programs' files, both ways.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    reason = "a test may panic, and lengths are small"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;
#[path = "support/published.rs"]
mod published;
#[path = "support/pyca.rs"]
mod pyca;

mod pkcs12 {
    mod bundles;
    pub(crate) mod der;
    mod hostile;
    mod openssl;
    mod others;
    pub(crate) mod program;
    mod vectors;
}

use bulla::x509::{self, Authority, Credential, Pkcs12, Pkcs12Builder, Pkcs12Key};
use bulla::{ErrorKind, KdfCost, KeyKind, Passphrase, PrivateKey};
use pkcs12::der::certificate;

const PASSPHRASE: &str = "Käse, 3 × täglich 🧀";

/// One that costs little.
fn low(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap().cost(KdfCost::Low)
}

fn kind(result: bulla::Result<Pkcs12>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn what_is_put_in_comes_out() {
    let kinds = [KeyKind::P256, KeyKind::Ed25519, KeyKind::MlDsa65, KeyKind::rsa(2048)];
    let keys = kinds.map(|kind| PrivateKey::generate(kind).unwrap());
    let [own, ca] =
        ["Bob", "Our CA"].map(|name| certificate(&PrivateKey::generate(KeyKind::P256).unwrap(), name));
    let bobs = certificate(&keys[0], "Bob");
    let mut builder = Pkcs12::builder();
    for (number, key) in keys.iter().enumerate() {
        builder = builder.key(&format!("key {number} 🔑"), key).unwrap();
    }
    let builder = builder.certificate(&own).certificate(&bobs).certificate_named("CA", &ca);
    for builder in [builder.pbmac1(), Pkcs12::builder().key("", &keys[1]).unwrap()] {
        let bytes = builder.to_der(&low(PASSPHRASE)).unwrap();
        let file = Pkcs12::read(&bytes, Some(&low(PASSPHRASE))).unwrap();
        assert_eq!(file.others(), 0);
        if file.keys().len() == 1 {
            assert_eq!((file.keys()[0].name(), file.certificates().len()), (None, 0));
            continue;
        }
        for (number, (entry, key)) in file.keys().iter().zip(&keys).enumerate() {
            assert_eq!(entry.name(), Some(&*format!("key {number} 🔑")));
            assert_eq!(entry.key().unwrap().public(), key.public());
        }
        let found: Vec<_> = file.certificates().iter().map(|found| (found.name(), found.as_der())).collect();
        let want = [(None, own.as_der()), (Some("key 0 🔑"), bobs.as_der()), (Some("CA"), ca.as_der())];
        assert_eq!(found, want);
        let tied = file.certificate_of(&file.keys()[0]).unwrap();
        assert_eq!((tied.as_der(), tied.local_key_id()), (bobs.as_der(), file.keys()[0].local_key_id()));
        assert!(tied.local_key_id().is_some());
        assert!(file.certificate_of(&file.keys()[1]).is_none());
    }
}

#[test]
fn a_credential_goes_in_and_comes_out_with_its_chain() {
    let key = || PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Root".parse().unwrap(), key()).unwrap();
    let bobs = key();
    let certificate =
        root.email(bobs.public(), &["bob@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let bob = Credential::new(bobs, [certificate, root.certificate().clone()]).unwrap();
    let builder = || Pkcs12::builder().credential("Bob", &bob).unwrap();
    let stranger = x509::Issue::self_signed(&"CN=Stranger".parse().unwrap(), &key()).unwrap();
    let read =
        |builder: Pkcs12Builder| Pkcs12::read(&builder.to_der(&low("x")).unwrap(), Some(&low("x"))).unwrap();
    let file = read(builder().certificate(&stranger));
    for found in [file.credential().unwrap(), file.credential_of(&file.keys()[0]).unwrap()] {
        assert_eq!(found.key().public(), bob.key().public());
        assert_eq!(found.chain(), bob.chain());
    }
    // Which of two? And a key without a certificate is no credential.
    let other = key();
    let two = read(builder().key("other", &other).unwrap());
    assert_eq!(two.credential().unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(two.credential_of(&two.keys()[0]).unwrap().chain(), bob.chain());
    assert_eq!(two.credential_of(&two.keys()[1]).unwrap_err().kind(), ErrorKind::Usage);
    let none = read(Pkcs12::builder().certificate(&stranger));
    assert_eq!(none.credential().unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn each_form_of_unicode_opens_what_was_made_with_the_composed_one() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let made = |text: &str| Pkcs12::builder().key("", &key).unwrap().to_der(&low(text)).unwrap();
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    assert!(Pkcs12::read(&made(composed), Some(&low(composed))).is_ok());
    assert!(Pkcs12::read(&made(composed), Some(&low(decomposed))).is_ok());
    assert!(Pkcs12::read(&made(decomposed), Some(&low(decomposed))).is_ok());
    assert_eq!(kind(Pkcs12::read(&made(composed), Some(&low("cafe")))), Some(ErrorKind::NoKeyFits));
}

#[test]
fn what_our_own_reader_would_refuse_is_not_made() {
    assert_eq!(Pkcs12::builder().to_der(&low("x")).unwrap_err().kind(), ErrorKind::Usage);
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let twice = Pkcs12::builder().key("a", &key).unwrap().key("b", &key);
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Usage);
    let hard = Passphrase::new("x").unwrap().cost(KdfCost::High);
    let many = (0..5).fold(Pkcs12::builder(), |builder, _| {
        builder.key("", &PrivateKey::generate(KeyKind::Ed25519).unwrap()).unwrap()
    });
    assert_eq!(many.to_der(&hard).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_key_of_a_file_cannot_be_printed() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let bytes = Pkcs12::builder().key("secret name", &key).unwrap().to_der(&low("x")).unwrap();
    let file = Pkcs12::read(&bytes, Some(&low("x"))).unwrap();
    let printed = |key: &Pkcs12Key| format!("{key:?}");
    assert_eq!(printed(&file.keys()[0]), "Pkcs12Key { .. }");
    assert_eq!(format!("{file:?}"), "Pkcs12 { .. }");
}
