//! openssl: it reads what bulla writes, and bulla what it writes in each of its ways.
use bulla::x509::Pkcs12;
use bulla::{ErrorKind, Passphrase, PrivateKey};

use super::program::{Bob, Lab};
use crate::{PASSPHRASE, kind, low};

/// Exports `key.pem` with both certificates to `out.p12`.
fn export(lab: &Lab, words: &[&str]) {
    lab.write("pass", PASSPHRASE);
    let base = [
        "pkcs12",
        "-export",
        "-inkey",
        "key.pem",
        "-in",
        "bob.pem",
        "-certfile",
        "other.pem",
        "-out",
        "out.p12",
    ];
    let pass: &[&str] = if words.contains(&"-passout") { &[] } else { &["-passout", "file:pass"] };
    lab.run(&[&base, pass, words].concat());
}

#[test]
fn openssl_reads_what_bulla_writes() {
    let Some(lab) = Lab::with("openssl") else { return };
    let bob = Bob::new();
    lab.write("pass", PASSPHRASE);
    // As hard as it is by default, once.
    for passphrase in [low(PASSPHRASE), Passphrase::new(PASSPHRASE).unwrap()] {
        lab.write("ours.p12", bob.p12("Käse", &passphrase));
        let pem = lab.run(&["pkcs12", "-in", "ours.p12", "-passin", "file:pass", "-nodes"]);
        bob.is_in_pem(&pem);
        assert_eq!(pem.matches("localKeyID").count(), 2, "{pem}");
    }
    lab.write("pass", "wrong");
    assert!(!lab.accepts(&["pkcs12", "-in", "ours.p12", "-passin", "file:pass", "-nodes"]));
}

#[test]
fn bulla_reads_what_openssl_writes_today() {
    let Some(lab) = Lab::with("openssl") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    for words in [
        &["-name", "Käse"][..],
        &["-name", "Käse", "-macalg", "sha224"],
        &["-name", "Käse", "-macalg", "sha384"],
        &["-name", "Käse", "-macalg", "sha512"],
        &["-name", "Käse", "-certpbe", "aes-128-cbc", "-keypbe", "aes-192-cbc"],
        &["-name", "Käse", "-certpbe", "NONE", "-keypbe", "NONE"],
        &["-name", "Käse", "-iter", "200000"],
        &["-name", "Käse", "-nomaciter", "-noiter"],
    ] {
        export(&lab, words);
        let file = lab.p12("out.p12", PASSPHRASE).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        bob.is_in(&file, Some("Käse"));
        assert_eq!(file.certificates().len(), 2, "{words:?}");
        assert_eq!(kind(lab.p12("out.p12", "wrong")), Some(ErrorKind::NoKeyFits), "{words:?}");
    }
    export(&lab, &["-nomac"]);
    assert_eq!(kind(lab.p12("out.p12", PASSPHRASE)), Some(ErrorKind::Unauthentic));
    export(&lab, &["-passout", "pass:"]);
    bob.is_in(&Pkcs12::read(&lab.read("out.p12"), None).unwrap(), None);
}

#[test]
fn bulla_reads_what_openssl_wrote_of_old_by_its_legacy_way() {
    let Some(lab) = Lab::with("openssl") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    for words in [
        &["-legacy"][..],
        &["-descert", "-legacy"],
        &["-macalg", "sha1"],
        &["-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-2DES"],
        &["-legacy", "-certpbe", "PBE-SHA1-2DES", "-keypbe", "PBE-SHA1-RC2-40"],
        &["-certpbe", "aes-256-cbc", "-keypbe", "PBE-SHA1-3DES"],
        &["-certpbe", "aes-256-cbc", "-keypbe", "des-ede3-cbc"],
        &["-certpbe", "PBE-SHA1-3DES", "-keypbe", "aes-256-cbc", "-macalg", "sha512"],
    ] {
        export(&lab, words);
        assert_eq!(kind(lab.p12("out.p12", PASSPHRASE)), Some(ErrorKind::Unsupported), "{words:?}");
        let file = lab.p12_legacy("out.p12", PASSPHRASE).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        bob.is_in(&file, None);
        assert_eq!(kind(lab.p12_legacy("out.p12", "wrong")), Some(ErrorKind::NoKeyFits), "{words:?}");
    }
    // Old ciphers with a passphrase that is empty, or none: the derivation tells them apart.
    export(&lab, &["-legacy", "-passout", "pass:"]);
    bob.is_in(&Pkcs12::read_legacy(&lab.read("out.p12"), None).unwrap(), None);
    export(&lab, &["-legacy", "-certpbe", "PBE-SHA1-RC4-128", "-keypbe", "PBE-SHA1-RC4-40"]);
    assert_eq!(kind(lab.p12_legacy("out.p12", PASSPHRASE)), Some(ErrorKind::Unsupported));
}

#[test]
fn a_bag_may_be_encrypted_in_every_way_of_pbes2() {
    use super::der::{SHROUDED_KEY, bag, plain_safe, sealed};
    let Some(lab) = Lab::with("openssl") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    let prf = ["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"];
    let prfs = prf.map(|prf| vec!["-v2", "aes-256-cbc", "-v2prf", prf, "-iter", "3000"]);
    for words in
        [vec!["-scrypt"], vec!["-scrypt", "-scrypt_N", "8192", "-scrypt_p", "2"]].into_iter().chain(prfs)
    {
        let convert =
            ["pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:x", "-outform", "DER", "-out", "sealed"];
        lab.run(&[&convert[..], &words].concat());
        let file = sealed(&plain_safe(&bag(SHROUDED_KEY, &lab.read("sealed"))));
        let file = Pkcs12::read(&file, Some(&low("x"))).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert_eq!(file.keys()[0].key().unwrap().public(), bob.key.public(), "{words:?}");
    }
}

#[test]
fn triple_des_is_read_in_no_other_way() {
    let Some(lab) = Lab::with("openssl") else { return };
    Bob::new().write_to(&lab);
    let read = |cipher: &str| {
        lab.run(&[
            "pkcs8",
            "-topk8",
            "-in",
            "key.pem",
            "-passout",
            "pass:x",
            "-v2",
            cipher,
            "-out",
            "sealed.pem",
        ]);
        let pem = String::from_utf8(lab.read("sealed.pem")).unwrap();
        PrivateKey::from_pem(&pem, || Ok(low("x"))).err().map(|error| error.kind())
    };
    assert_eq!(read("aes-128-cbc"), None);
    assert_eq!(read("des-ede3-cbc"), Some(ErrorKind::Unsupported));
}

#[test]
fn a_part_under_another_passphrase_is_told() {
    let Some(lab) = Lab::with("openssl") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    // openssl asks for the second passphrase at a terminal only; so a key of another file is put into this one.
    export(&lab, &["-keypbe", "aes-256-cbc", "-certpbe", "NONE"]);
    let file = lab.read("out.p12");
    assert!(Pkcs12::read(&file, Some(&low(PASSPHRASE))).is_ok());
    let key = {
        use super::der::*;
        let other = pem_rfc7468::decode_vec(bob.key.to_pem(&low("other")).unwrap().as_bytes()).unwrap().1;
        sealed(&plain_safe(&bag(SHROUDED_KEY, &other)))
    };
    assert_eq!(kind(Pkcs12::read(&key, Some(&low("x")))), Some(ErrorKind::NoKeyFits));
    assert_eq!(kind(Pkcs12::read(&key, Some(&low("other")))), Some(ErrorKind::NoKeyFits));
}
