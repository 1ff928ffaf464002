//! What opening says about who sealed, against one who knows a file key and no secret.
use super::{Authenticity, Decryption, Encryption, Rewrap};
use crate::formats::envelope::stanza::FileKey;
use crate::formats::envelope::{self, Container};
use crate::formats::header::{Header, Stanza, Version};
use crate::formats::{cobblestone, unsealing};
use crate::keys::{Identity, KdfCost, KdfLimits, Key, Keyring, Passphrase, Recipients, Unlock};
use crate::{ErrorKind, Format, Lock};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap().cost(KdfCost::Low)
}

fn sealed(to: &dyn Lock, content: &[u8]) -> Vec<u8> {
    Encryption::to(to).format(Format::Bulla).bytes(content).unwrap()
}

fn opened(with: &dyn Unlock, file: &[u8]) -> (Vec<u8>, Authenticity) {
    let (content, opened) = Decryption::with(with).bytes(file).unwrap();
    (content, opened.authenticity())
}

fn rewrapped(rewrap: &Rewrap<'_>, file: &[u8]) -> crate::Result<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealed");
    std::fs::write(&path, file).unwrap();
    rewrap.file(&path)?;
    Ok(std::fs::read(&path).unwrap())
}

/// What a holder learns: the stanzas, and the file key.
fn insider(with: &dyn Unlock, file: &[u8]) -> (Vec<Stanza>, FileKey) {
    let container = Container::check(Header::read(&mut &*file, Version::Bulla).unwrap()).unwrap();
    let openers = crate::keys::lock::sealed::Unlock::openers(with);
    let unwrapped = unsealing::unlock_container(&container, &openers, KdfLimits::default()).unwrap();
    (container.header.stanzas, unwrapped.file_key)
}

/// Another file under a file key that is known, with stanzas of one's choice.
fn forged(file_key: &FileKey, stanzas: &[Stanza], content: &[u8]) -> Vec<u8> {
    let input_key = envelope::payload_key(file_key);
    let (chunks, salt) = cobblestone::Cobblestone::begin(&input_key, b"");
    let payload = crate::formats::payload::Payload::Cobblestone(chunks);
    let mut chunk = vec![0; content.len() + 16];
    payload.seal(0, true, content, &mut chunk).unwrap();
    [envelope::write(file_key, stanzas), salt, chunk].concat()
}

#[test]
fn a_file_for_one_secret_alone_comes_from_one_who_knows_it() {
    let (key, phrase) = (Key::generate(), passphrase("x"));
    let ring = Keyring::generate();
    let alone: [(&dyn Lock, &dyn Unlock); 3] = [(&key, &key), (&phrase, &phrase), (&ring, &ring)];
    for (lock, unlock) in alone {
        assert_eq!(opened(unlock, &sealed(lock, b"x")).1, Authenticity::SharedSecret);
    }
    let both = Recipients::one(&key).and(&phrase).allow_shared();
    let once = Recipients::one(&key).and(&key);
    let identity = Identity::generate();
    assert_eq!(opened(&key, &sealed(&both, b"x")).1, Authenticity::None);
    assert_eq!(opened(&key, &sealed(&once, b"x")).1, Authenticity::SharedSecret);
    assert_eq!(opened(&identity, &sealed(&identity.recipient(), b"x")).1, Authenticity::None);
}

#[test]
fn who_knows_a_file_key_cannot_make_it_say_that_a_secrets_holder_made_it() {
    let (key, identity) = (Key::generate(), Identity::generate());
    let recipient = identity.recipient();
    let both = Recipients::one(&key).and(&recipient).allow_shared();
    let (stanzas, file_key) = insider(&identity, &sealed(&both, b"true"));
    let [for_key, _] = <[Stanza; 2]>::try_from(stanzas).unwrap();
    let file = forged(&file_key, std::slice::from_ref(&for_key), b"forged");
    assert_eq!(opened(&key, &file), (b"forged".to_vec(), Authenticity::None));

    let raised = Stanza::new(for_key.line()[3..].replace(" joint", " alone"), for_key.body.clone());
    let file = forged(&file_key, &[raised], b"forged");
    assert_eq!(crate::decrypt(&key, &file).unwrap_err().kind(), ErrorKind::NoKeyFits);
}

#[test]
fn a_rewrapped_file_does_not_say_who_made_it() {
    let (old, new) = (passphrase("old"), passphrase("new"));
    let file = sealed(&old, b"hello");
    let changed = rewrapped(&Rewrap::with(&old).to(&new), &file).unwrap();
    assert_eq!(opened(&new, &changed), (b"hello".to_vec(), Authenticity::None));
    // Who knew the old passphrase knows the file key, and the new stanza is there to see.
    let (stanzas, _) = insider(&new, &changed);
    let (_, file_key) = insider(&old, &file);
    assert_eq!(opened(&new, &forged(&file_key, &stanzas, b"forged")).1, Authenticity::None);
}

#[test]
fn a_secret_that_stays_is_no_longer_alone_and_still_opens() {
    let (key, phrase, new_key) = (Key::generate(), passphrase("x"), Key::generate());
    let olds: [(&dyn Lock, &dyn Unlock); 2] = [(&key, &key), (&phrase, &phrase)];
    let new = Recipients::one(&new_key).allow_shared();
    for (lock, old) in olds {
        let file = rewrapped(&Rewrap::with(old).add(&new), &sealed(lock, b"hello")).unwrap();
        assert_eq!(opened(old, &file), (b"hello".to_vec(), Authenticity::None));
        assert_eq!(opened(&new_key, &file), (b"hello".to_vec(), Authenticity::None));
        let file = rewrapped(&Rewrap::with(old).remove(1), &file).unwrap();
        assert_eq!(opened(&new_key, &file).1, Authenticity::None);
    }
}

#[test]
fn an_age_file_never_says_who_made_it() {
    let (old, new) = (passphrase("old"), passphrase("new"));
    let file = Encryption::to(&old).format(Format::Age).bytes(b"x").unwrap();
    assert_eq!(opened(&old, &file).1, Authenticity::None);
    let changed = rewrapped(&Rewrap::with(&old).to(&new), &file).unwrap();
    assert_eq!(opened(&new, &changed), (b"x".to_vec(), Authenticity::None));
}

#[test]
fn a_secret_stands_beside_others_only_when_that_is_allowed() {
    let (a, b, identity) = (Key::generate(), passphrase("x"), Identity::generate());
    let recipient = identity.recipient();
    let others: [&dyn Lock; 2] = [&b, &recipient];
    for other in others {
        let both = Recipients::one(&a).and(other);
        assert_eq!(crate::encrypt(&both, b"").unwrap_err().kind(), ErrorKind::Usage);
        assert!(crate::encrypt(&both.allow_shared(), b"").is_ok());
        let error = rewrapped(&Rewrap::with(&a).add(other), &sealed(&a, b"")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn passphrases_that_a_reader_could_not_all_try_are_not_put_together() {
    let (high, low) = (passphrase("x").cost(KdfCost::High), passphrase("y"));
    let both = Recipients::one(&low).and(&high).allow_shared();
    assert_eq!(crate::encrypt(&both, b"").unwrap_err().kind(), ErrorKind::Usage);
    let new = Recipients::one(&high).allow_shared();
    let error = rewrapped(&Rewrap::with(&low).add(&new), &sealed(&low, b"")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn a_rewrap_that_no_file_could_hold_is_an_error_of_use() {
    let (key, phrase, identity) = (Key::generate(), passphrase("x"), Identity::generate());
    let recipient = identity.recipient();
    let age = Encryption::to(&phrase).format(Format::Age).bytes(b"x").unwrap();
    let container = sealed(&key, b"x");
    let many: Vec<Key> = std::iter::repeat_with(Key::generate).take(1024).collect();
    let many = many.iter().fold(Recipients::one(&many[0]), |all, next| all.and(next)).allow_shared();
    let beside = Recipients::one(&recipient).allow_shared();
    for (rewrap, file) in [
        (Rewrap::with(&key), &container),
        (Rewrap::with(&key).remove(1), &container),
        (Rewrap::with(&key).add(&many), &container),
        (Rewrap::with(&phrase).add(&beside), &age),
    ] {
        assert_eq!(rewrapped(&rewrap, file).unwrap_err().kind(), ErrorKind::Usage);
    }
}
