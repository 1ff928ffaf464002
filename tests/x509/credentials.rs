//! A credential is a key and certificates that fit: in any order, and nothing else.
use bulla::x509::{Certificate, Credential};
use bulla::{Passphrase, PrivateKey};

use crate::{below, key, name, refused, root};

fn again(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pem(&key.expose_pem().unwrap(), || panic!("it is not encrypted")).unwrap()
}

#[test]
fn a_shuffled_chain_is_put_in_order() {
    let root = root();
    let low = below(&below(&root, "CN=Top", key(), 1), "CN=Low", key(), 0);
    let key = key();
    let leaf = low.tls_client(key.public(), &name("CN=Bob")).unwrap().sign().unwrap();
    let chain: Vec<Certificate> =
        std::iter::once(leaf).chain(low.credential().chain().iter().cloned()).collect();
    assert_eq!(chain.len(), 4);
    for turn in 0..4 {
        let mut given = chain.clone();
        given.rotate_left(turn);
        given.swap(0, 3);
        // Twice is once.
        given.push(given[0].clone());
        let credential = Credential::new(again(&key), given).unwrap();
        assert_eq!(credential.chain(), chain);
        assert_eq!(credential.certificate(), &chain[0]);
    }
    // Without the root, or without all of it, it is a shorter chain.
    assert_eq!(Credential::new(again(&key), chain[..3].to_vec()).unwrap().chain(), &chain[..3]);
    assert_eq!(Credential::new(again(&key), chain[..1].to_vec()).unwrap().chain(), &chain[..1]);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let (root, other) = (root(), root());
    let key = key();
    let leaf = root.tls_client(key.public(), &name("CN=Bob")).unwrap().sign().unwrap();
    let of =
        |certificates: &[&Certificate]| Credential::new(again(&key), certificates.iter().copied().cloned());
    refused(of(&[]), "no certificate is for the private key");
    refused(of(&[root.certificate()]), "no certificate is for the private key");
    // The same name, but another key.
    refused(of(&[&leaf, other.certificate()]), "does not belong to its chain: that of CN=Root");
    refused(of(&[&leaf, root.certificate(), other.certificate()]), "does not belong");
    // A gap.
    let middle = below(&root, "CN=Middle", crate::key(), 0);
    let low = middle.tls_client(key.public(), &name("CN=Low")).unwrap().sign().unwrap();
    refused(of(&[&low, root.certificate()]), "does not belong");
    assert_eq!(of(&[&low, root.certificate(), middle.certificate()]).unwrap().chain().len(), 3);
}

#[test]
fn a_credential_is_read_from_pem_with_its_passphrase() {
    let root = root();
    let key = key();
    let leaf = root.tls_client(key.public(), &name("CN=Bob")).unwrap().sign().unwrap();
    let passphrase = || Passphrase::new("one two three");
    let all = format!(
        "{}{}{}",
        root.certificate().to_pem(),
        key.to_pem(&passphrase().unwrap()).unwrap(),
        leaf.to_pem()
    );
    let credential = Credential::from_pem(&all, &all, passphrase).unwrap();
    assert_eq!(credential.chain(), [leaf, root.certificate().clone()]);
    assert_eq!(format!("{credential:?}"), "Credential { .. }");
    assert_eq!(credential.into_key().public(), key.public());
}
