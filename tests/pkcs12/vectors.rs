//! Published files, each judged: those of Python's `cryptography`, of NIST's PKITS and of Thunderbird's tests.
use std::path::Path;

use bulla::x509::Pkcs12;
use bulla::{ErrorKind, KeyKind, Passphrase};

use crate::{kind, published, pyca};

/// The `.p12` files of a folder, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "p12"));
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = files.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

/// Name, kind of key or none, and names of the certificates.
type Seen = (Vec<(Option<String>, KeyKind)>, Vec<Option<String>>);

fn seen(file: &Pkcs12) -> Seen {
    let owned = |name: Option<&str>| name.map(str::to_owned);
    let keys = file.keys().iter().map(|key| (owned(key.name()), key.key().unwrap().kind())).collect();
    assert!(file.certificates().iter().all(|one| one.certificate().is_ok()));
    for key in file.keys().iter().filter(|_| !file.certificates().is_empty()) {
        let own = file.certificate_of(key).expect("its certificate is there");
        assert_eq!(own.local_key_id(), key.local_key_id());
    }
    (keys, file.certificates().iter().map(|one| owned(one.name())).collect())
}

/// What `cryptography`'s own tests say of a file: its passphrase, whether it takes the old ciphers or an old MAC (of SHA-1),
/// and what is in it.
fn pyca_says(name: &str) -> (Option<&'static str>, bool, Seen) {
    let some = |name: &str| Some(name.to_owned());
    let p256 = |name: Option<String>| vec![(name, KeyKind::P256)];
    let of_pyca = Some("cryptography");
    match name {
        "cert-aes256cbc-no-key" => return (of_pyca, true, (vec![], vec![None])),
        "no-cert-key-aes256cbc" => return (of_pyca, true, (p256(None), vec![])),
        "cert-key-aes256cbc" | "cert-none-key-none" => return (of_pyca, true, (p256(None), vec![None])),
        "cert-rc2-key-3des" => return (of_pyca, true, (p256(None), vec![None])),
        "java-truststore" => return (None, false, (vec![], vec![some("cert1"), None])),
        "no-password" => return (None, true, (p256(some("6BC162DA")), vec![some("cryptography CA")])),
        _ => {}
    }
    // The others follow a scheme: whether there is a key, which of three things have names, whether there is a passphrase.
    let (rest, passphrase) = match name.strip_suffix("-no-pwd") {
        Some(rest) => (rest, None),
        None => (name.strip_suffix("-pwd").expect("a name that is not known"), Some("password")),
    };
    let (rest, with_key) = rest.strip_prefix("no-cert-").map_or((rest, true), |rest| (rest, false));
    let names = match rest {
        "no-name" => [None, None, None],
        "name-1" => [some("name"), None, None],
        "name-2" => [None, some("name2"), None],
        "name-3" => [None, None, some("name3")],
        "name-2-3" => [None, some("name2"), some("name3")],
        "name-all" => [some("name"), some("name2"), some("name3")],
        "name-unicode" if with_key => [some("☺"), some("ä"), some("ç")],
        "name-unicode" => [None, some("☹"), some("ï")],
        other => panic!("{other} is not known"),
    };
    let keys = if with_key { p256(names[0].clone()) } else { vec![] };
    (passphrase, true, (keys, names[usize::from(!with_key)..].to_vec()))
}

#[test]
fn every_file_of_pyca_is_read_as_pyca_reads_it() {
    let Some(folder) = pyca::vectors("pkcs12") else { return };
    let files = files(&folder);
    assert_eq!(files.len(), 31);
    for (name, bytes) in files {
        let (passphrase, legacy, want) = pyca_says(&name);
        let passphrase = passphrase.map(|text| Passphrase::new(text).unwrap());
        let read = Pkcs12::read(&bytes, passphrase.as_ref());
        let file = match legacy {
            true => {
                assert_eq!(kind(read), Some(ErrorKind::Unsupported), "{name}");
                Pkcs12::read_legacy(&bytes, passphrase.as_ref()).unwrap()
            }
            false => read.unwrap(),
        };
        assert_eq!((seen(&file), file.others()), (want, 0), "{name}");
        let wrong = Passphrase::new("wrong").unwrap();
        assert_eq!(kind(Pkcs12::read_legacy(&bytes, Some(&wrong))), Some(ErrorKind::NoKeyFits), "{name}");
    }
}

#[test]
fn every_file_of_thunderbird_is_read() {
    let Some(folder) = published::folder("thunderbird") else { return };
    let files = files(&folder);
    assert_eq!(files.len(), 7);
    let passphrase = Passphrase::new("nss").unwrap();
    for (name, bytes) in files {
        // Those of Fran came from elsewhere.
        let old = name.starts_with("Fran");
        assert_eq!(
            kind(Pkcs12::read(&bytes, Some(&passphrase))),
            old.then_some(ErrorKind::Unsupported),
            "{name}"
        );
        let file = Pkcs12::read_legacy(&bytes, Some(&passphrase)).unwrap();
        let (keys, certificates) = seen(&file);
        let of = if name.ends_with("-ec") { KeyKind::P384 } else { KeyKind::rsa(2048) };
        assert_eq!(keys, [(Some(name.clone()), of)]);
        assert_eq!(
            (certificates.len(), certificates.contains(&Some(name.clone()))),
            (2 - usize::from(old), true)
        );
    }
}

#[test]
fn every_file_of_pkits_is_read_by_the_legacy_way_alone() {
    let Some(folder) = pyca::vectors("x509/PKITS_data/pkcs12") else { return };
    let passphrase = Passphrase::new("password").unwrap();
    let files = files(&folder);
    assert_eq!(files.len(), 405);
    let mut dsa = 0;
    for (name, bytes) in files {
        assert_eq!(kind(Pkcs12::read(&bytes, Some(&passphrase))), Some(ErrorKind::Unsupported), "{name}");
        let file = Pkcs12::read_legacy(&bytes, Some(&passphrase)).unwrap();
        assert_eq!((file.keys().len(), file.others()), (1, 0), "{name}");
        assert!(!file.certificates().is_empty(), "{name}");
        match file.keys()[0].key() {
            Ok(key) => assert_eq!(key.kind(), KeyKind::rsa(2048), "{name}"),
            // DSA: it is read, and told when it is asked for.
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{name}");
                dsa += 1;
            }
        }
    }
    assert!(dsa < 10, "{dsa}");
}
