//! The wrong thing to open, and the wrong thing to open it with.
use bulla::file::{Decryption, Encryption, Rewrap, inspect};
use bulla::{ErrorKind, Format, Identity, KdfCost, Key, Keyring, Passphrase, Unlock};

use super::ground::Ground;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap().cost(KdfCost::Low)
}

/// Decrypting must fail in that way as bytes, as a stream, as a file and when verified.
#[track_caller]
fn refuses(kind: ErrorKind, with: &Decryption<'_>, file: &[u8]) {
    let error = with.bytes(file).expect_err("a failure");
    assert_eq!(error.kind(), kind, "{error}");
    let ground = Ground::new();
    let path = ground.file("file", file);
    ground.refuses(kind, || with.file(&path, ground.at("content")));
    ground.refuses(kind, || with.restore(&path, ground.at("content")));
    ground.refuses(kind, || with.verify(&path));
}

#[test]
fn what_is_no_sealed_file_is_unrecognised_or_fits_no_key() {
    let (key, identity, passphrase) = (Key::generate(), Identity::generate(), passphrase("x"));
    let texts = [
        "",
        "\n",
        "bull",
        "hello world",
        "PK\u{3}\u{4}",
        "-----BEGIN PGP MESSAGE-----\n\nabc\n",
        "<html></html>",
    ];
    let mut files: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    files.extend([vec![0; 100_000], vec![0xff; 56]]);
    for file in &files {
        // Any 56 bytes could be the beginning of a raw file: only the key can tell.
        let kind = if file.len() < 56 { ErrorKind::Unauthentic } else { ErrorKind::NoKeyFits };
        refuses(kind, &Decryption::with(&key), file);
        refuses(ErrorKind::Unrecognised, &Decryption::with(&identity), file);
        refuses(ErrorKind::Unrecognised, &Decryption::with(&passphrase), file);
        assert_eq!(inspect(&file[..]).unwrap_err().kind(), ErrorKind::Unrecognised);
        let ground = Ground::new();
        let path = ground.file("file", file);
        ground.refuses(ErrorKind::Usage, || Rewrap::with(&key).add(&identity.recipient()).file(&path));
    }
}

#[test]
fn another_version_is_unsupported() {
    let key = Key::generate();
    for first in
        ["bulla/v2\n", "bulla/v\n", "bulla/v1 \n", "bulla/v10\n", "age-encryption.org/v2\n", "bulla/v1"]
    {
        refuses(ErrorKind::Unsupported, &Decryption::with(&key), first.as_bytes());
        assert_eq!(inspect(first.as_bytes()).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn a_key_of_another_kind_or_value_does_not_fit() {
    let (key, classic, hybrid) = (Key::generate(), Identity::generate_x25519(), Identity::generate());
    let secret = passphrase("right");
    let ring = Keyring::generate();
    let age = |to: &dyn bulla::Lock| Encryption::to(to).format(Format::Age).bytes(b"content").unwrap();
    let bulla = |to: &dyn bulla::Lock| Encryption::to(to).format(Format::Bulla).bytes(b"content").unwrap();
    let sealed: [(&dyn Unlock, Vec<u8>); 8] = [
        (&key, bulla(&key)),
        (&ring, bulla(&ring)),
        (&classic, bulla(&classic.recipient())),
        (&hybrid, bulla(&hybrid.recipient())),
        (&secret, bulla(&secret)),
        (&classic, age(&classic.recipient())),
        (&hybrid, age(&hybrid.recipient())),
        (&secret, age(&secret)),
    ];
    let strangers: [&dyn Unlock; 4] =
        [&Key::generate(), &Identity::generate_x25519(), &Identity::generate(), &Keyring::generate()];
    for (own, file) in &sealed {
        assert_eq!(bulla::decrypt(*own, file).unwrap(), b"content");
        let others: [&dyn Unlock; 4] = [&key, &ring, &classic, &hybrid];
        for with in others.into_iter().filter(|other| !std::ptr::addr_eq(*other, *own)).chain(strangers) {
            refuses(ErrorKind::NoKeyFits, &Decryption::with(with), file);
        }
        let none: [&dyn Unlock; 0] = [];
        refuses(ErrorKind::NoKeyFits, &Decryption::with(&none[..]), file);
        refuses(ErrorKind::NoKeyFits, &Decryption::with(&strangers[..]), file);
    }
    let wrong = passphrase("wrong");
    for file in sealed.iter().map(|(_, file)| file) {
        assert_eq!(bulla::decrypt(&wrong, file).unwrap_err().kind(), ErrorKind::NoKeyFits);
    }
}

#[test]
fn a_raw_file_opens_with_its_key_only() {
    let key = Key::generate();
    let raw = bulla::encrypt(&key, b"content").unwrap();
    refuses(ErrorKind::NoKeyFits, &Decryption::with(&Key::generate()), &raw);
    refuses(ErrorKind::NoKeyFits, &Decryption::with(&Keyring::generate()), &raw);
    refuses(ErrorKind::Unrecognised, &Decryption::with(&Identity::generate()), &raw);
    refuses(ErrorKind::Unrecognised, &Decryption::with(&passphrase("x")), &raw);
    let none: [&dyn Unlock; 0] = [];
    refuses(ErrorKind::Unrecognised, &Decryption::with(&none[..]), &raw);
}

#[test]
fn a_file_opens_in_its_own_context_only() {
    let (key, identity) = (Key::generate(), Identity::generate());
    let context = b"invoice 7";
    let raw = Encryption::to(&key).context(context).bytes(b"content").unwrap();
    let bulla = Encryption::to(&identity.recipient()).context(context).bytes(b"content").unwrap();
    for other in [&b""[..], b"invoice 8", b"invoice 7 ", b"invoice 7\0", b"nvoice 7"] {
        refuses(ErrorKind::NoKeyFits, &Decryption::with(&key).context(other), &raw);
        refuses(ErrorKind::Unauthentic, &Decryption::with(&identity).context(other), &bulla);
    }
    let age = Encryption::to(&identity.recipient()).format(Format::Age).bytes(b"content").unwrap();
    refuses(ErrorKind::Usage, &Decryption::with(&identity).context(context), &age);
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (key, identity) = (Key::generate(), Identity::generate());
    let content = vec![3; 16_390];
    let raw = bulla::encrypt(&key, &content).unwrap();
    let bulla = Encryption::to(&identity.recipient()).name("n").bytes(&content).unwrap();
    let age = Encryption::to(&identity.recipient()).format(Format::Age).bytes(&content).unwrap();
    for file in [raw, bulla, age] {
        let with: [&dyn Unlock; 2] = [&key, &identity];
        // Densely at its beginning and end, sparsely between.
        let places = (0..file.len()).filter(|at| *at < 120 || at + 60 > file.len() || at % 331 == 0);
        for length in places {
            let error = bulla::decrypt(&with[..], &file[..length]).unwrap_err();
            let fits =
                [ErrorKind::Unauthentic, ErrorKind::Malformed, ErrorKind::Unsupported, ErrorKind::NoKeyFits];
            assert!(fits.contains(&error.kind()), "{length}: {error}");
        }
    }
}
