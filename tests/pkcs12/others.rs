//! NSS, Java, GnuTLS, GnuPG and Python: each reads what bulla writes, and bulla what each writes.
use bulla::x509::Pkcs12;
use bulla::{ErrorKind, Passphrase};

use super::program::{Bob, Lab};
use crate::{PASSPHRASE, kind, low, peers};

#[test]
fn nss_reads_what_bulla_writes_and_writes_it_again() {
    let (Some(lab), Some(certutil)) = (Lab::with("pk12util"), peers::find("certutil")) else { return };
    let bob = Bob::new();
    lab.write("pass", PASSPHRASE);
    std::fs::create_dir(lab.at("db")).unwrap();
    let mut new = std::process::Command::new(certutil);
    peers::run(new.current_dir(lab.at("")).args(["-N", "-d", "sql:db", "--empty-password"]), b"").unwrap();
    // Once as hard as it is by default.
    lab.write("ours.p12", bob.p12("Bob", &Passphrase::new(PASSPHRASE).unwrap()));
    lab.run(&["-i", "ours.p12", "-d", "sql:db", "-w", "pass"]);
    for words in [
        &[][..],
        &["-c", "AES-128-CBC", "-C", "AES-256-CBC", "-M", "SHA-512"],
        &["-c", "AES-256-CBC", "-C", "none", "-M", "SHA-384"],
    ] {
        lab.run(&[&["-o", "nss.p12", "-n", "Bob", "-d", "sql:db", "-w", "pass"], words].concat());
        let file = lab.p12("nss.p12", PASSPHRASE).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        bob.is_in(&file, Some("Bob"));
        assert_eq!(kind(lab.p12("nss.p12", "wrong")), Some(ErrorKind::NoKeyFits));
    }
    let old = [
        "-c",
        "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC",
        "-C",
        "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC",
    ];
    lab.run(
        &[&["-o", "nss.p12", "-n", "Bob", "-d", "sql:db", "-w", "pass", "-M", "SHA-1"][..], &old].concat(),
    );
    assert_eq!(kind(lab.p12("nss.p12", PASSPHRASE)), Some(ErrorKind::Unsupported));
    bob.is_in(&lab.p12_legacy("nss.p12", PASSPHRASE).unwrap(), Some("Bob"));
}

#[test]
fn keytool_reads_what_bulla_writes_and_writes_it_again() {
    let Some(lab) = Lab::with("keytool") else { return };
    let bob = Bob::new();
    // keytool takes ASCII alone at its command line.
    let passphrase = "correct horse";
    lab.write("ours.p12", bob.p12("Bob's Key", &Passphrase::new(passphrase).unwrap()));
    let listed = lab.run(&["-list", "-v", "-keystore", "ours.p12", "-storepass", passphrase]);
    assert!(listed.contains("Alias name: bob's key") && listed.contains("PrivateKeyEntry"), "{listed}");
    for (settings, old) in [
        (&[][..], false),
        (
            &[
                "-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512",
                "-J-Dkeystore.pkcs12.certPbeIterationCount=5000",
            ],
            false,
        ),
        (&["-J-Dkeystore.pkcs12.legacy"], true),
    ] {
        let from = ["-importkeystore", "-srckeystore", "ours.p12", "-srcstorepass", passphrase, "-noprompt"];
        let into = ["-destkeystore", "java.p12", "-deststoretype", "PKCS12", "-deststorepass", "another one"];
        lab.run(&[settings, &from, &into].concat());
        if old {
            assert_eq!(kind(lab.p12("java.p12", "another one")), Some(ErrorKind::Unsupported));
        } else {
            bob.is_in(&lab.p12("java.p12", "another one").unwrap(), Some("bob's key"));
        }
        bob.is_in(&lab.p12_legacy("java.p12", "another one").unwrap(), Some("bob's key"));
        std::fs::remove_file(lab.at("java.p12")).unwrap();
    }
    // Trust stores, which have no keys: ours, with and without the mark that Java looks for, and its own.
    let ours = Pkcs12::builder().trusted_by_java("Bob", &bob.certificate).certificate_named("x", &bob.other);
    lab.write("ours.p12", ours.to_der(&low(passphrase)).unwrap());
    let listed = lab.run(&["-list", "-keystore", "ours.p12", "-storepass", passphrase]);
    assert!(listed.contains("contains 1 entry") && listed.contains("bob, "), "{listed}");
    assert!(listed.contains("trustedCertEntry"), "{listed}");
    lab.write("bob.pem", bob.certificate.to_pem());
    let trust = ["-importcert", "-noprompt", "-alias", "bob", "-file", "bob.pem", "-keystore", "trust.p12"];
    lab.run(&[&trust[..], &["-storetype", "PKCS12", "-storepass", passphrase]].concat());
    let file = lab.p12("trust.p12", passphrase).unwrap();
    assert_eq!((file.keys().len(), file.certificates().len()), (0, 1));
    assert_eq!(
        (file.certificates()[0].as_der(), file.certificates()[0].name()),
        (bob.certificate.as_der(), Some("bob"))
    );
}

#[test]
fn certtool_reads_what_bulla_writes_and_writes_it_again() {
    let Some(lab) = Lab::with("certtool") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    let password = format!("--password={PASSPHRASE}");
    lab.write("ours.p12", bob.p12("Bob", &Passphrase::new(PASSPHRASE).unwrap()));
    let shown = lab.run(&["--p12-info", "--inder", "--infile", "ours.p12", &password]);
    assert!(shown.contains("Friendly name: Bob") && shown.contains("PRIVATE KEY"), "{shown}");
    let export =
        ["--to-p12", "--load-privkey=key.pem", "--load-certificate=bob.pem", "--p12-name=Bob", "--outder"];
    for (words, old) in [
        (vec![&*password], false),
        (vec![&*password, "--pkcs-cipher=aes-256", "--hash=sha512"], false),
        (vec!["--empty-password"], false),
        (vec!["--null-password"], false),
        (vec![&*password, "--pkcs-cipher=3des-pkcs12"], true),
        (vec![&*password, "--pkcs-cipher=rc2-40"], true),
        (vec![&*password, "--pkcs-cipher=3des"], true),
        (vec!["--empty-password", "--pkcs-cipher=3des-pkcs12"], true),
        (vec!["--null-password", "--pkcs-cipher=3des-pkcs12"], true),
    ] {
        lab.run(&[&export[..], &["--outfile=gnutls.p12"], &words].concat());
        let passphrase = words.contains(&&*password).then(|| low(PASSPHRASE));
        let bytes = lab.read("gnutls.p12");
        if old {
            assert_eq!(
                kind(Pkcs12::read(&bytes, passphrase.as_ref())),
                Some(ErrorKind::Unsupported),
                "{words:?}"
            );
        } else {
            bob.is_in(&Pkcs12::read(&bytes, passphrase.as_ref()).unwrap(), Some("Bob"));
        }
        let file = Pkcs12::read_legacy(&bytes, passphrase.as_ref())
            .unwrap_or_else(|error| panic!("{words:?}: {error}"));
        bob.is_in(&file, Some("Bob"));
    }
}

#[test]
fn bulla_reads_what_gpgsm_writes_and_newer_ones_read_what_bulla_writes() {
    let (Some(lab), Some(openssl)) = (Lab::with("gpgsm"), Lab::with("openssl")) else { return };
    lab.write("gpg-agent.conf", "allow-loopback-pinentry\n");
    lab.write("pass", "secret\n");
    let gpgsm = |words: &[&str]| {
        let quiet = ["--batch", "--pinentry-mode=loopback", "--passphrase-fd=0", "--disable-crl-checks"];
        lab.command(&[&quiet, words].concat())
    };
    // Old versions read the ways of old alone, and stumble over EC keys.
    let request = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Bob", "-keyout", "key.pem", "-out",
        "bob.pem",
    ];
    openssl.run(&request);
    let export = [
        "pkcs12",
        "-export",
        "-inkey",
        "key.pem",
        "-in",
        "bob.pem",
        "-passout",
        "pass:secret",
        "-out",
        "old.p12",
    ];
    let old =
        [&export[..], &["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]].concat();
    // With about every hundredth salt 2.2 makes another key of the passphrase than everybody else, and neither reads files of
    // others then nor writes one that they read. So with another salt it is tried again.
    let imports = || {
        openssl.run(&old);
        lab.write("old.p12", openssl.read("old.p12"));
        peers::run(&mut gpgsm(&["--import", "old.p12"]), b"secret\n").is_ok()
    };
    assert!((0..5).any(|_| imports()), "gpgsm imports nothing");
    let ours = openssl.p12_legacy("old.p12", "secret").unwrap();
    let exports = |number: u32| {
        let name = format!("gpgsm{number}.p12");
        let words = ["--output", &name, "--export-secret-key-p12", "Bob"];
        peers::run(&mut gpgsm(&words), b"secret\n").unwrap();
        openssl.write(&name, lab.read(&name));
        let opens = ["pkcs12", "-legacy", "-in", &name, "-passin", "pass:secret", "-nodes", "-out", "opened"];
        let is_sound = peers::run(&mut openssl.command(&opens), b"").is_ok();
        let read = lab.p12_legacy(&name, "secret");
        assert_eq!(read.is_ok(), is_sound, "bulla opens what openssl opens");
        read.ok()
    };
    let theirs = (0..5).find_map(exports).expect("gpgsm exports nothing that can be read");
    assert_eq!(theirs.keys()[0].key().unwrap().public(), ours.keys()[0].key().unwrap().public());
    assert_eq!(theirs.certificate_of(&theirs.keys()[0]).unwrap().as_der(), ours.certificates()[0].as_der());

    let key = ours.keys()[0].key().unwrap();
    let file = Pkcs12::builder().key("Bob", &key).unwrap();
    let file = file.certificate(&ours.certificates()[0].certificate().unwrap());
    lab.write("ours.p12", file.to_der(&low("secret")).unwrap());
    let imported = peers::run(&mut gpgsm(&["--import", "ours.p12"]), b"secret\n");
    let version = lab.run(&["--version"]);
    let old = version.lines().next().is_some_and(|line| line.contains(" 2.2."));
    // 2.2 does not read PBES2 with SHA-256, whoever wrote it; see docs/defaults.md.
    assert_eq!(imported.is_ok(), !old, "{version}: {imported:?}");
    // What it started goes when its folder does.
}

/// Words of Python, run with `cryptography`.
fn python(lab: &Lab, code: &str) -> String {
    let start = "from cryptography.hazmat.primitives.serialization import *\n\
                 from cryptography.hazmat.primitives.serialization import pkcs12\n\
                 from cryptography.hazmat.primitives import hashes\n\
                 from cryptography import x509\n\
                 read = lambda name: open(name, 'rb').read()\n\
                 passphrase = read('pass')\n";
    lab.run(&["-c", &format!("{start}{code}")])
}

#[test]
fn python_reads_what_bulla_writes_pbmac1_too() {
    let Some(lab) = Lab::with("python") else { return };
    let bob = Bob::new();
    lab.write("pass", PASSPHRASE);
    let builder = Pkcs12::builder().key("Bob", &bob.key).unwrap();
    let builder = builder.certificate(&bob.certificate).certificate_named("Other", &bob.other);
    lab.write("hmac.p12", builder.to_der(&low(PASSPHRASE)).unwrap());
    lab.write("pbmac1.p12", builder.pbmac1().to_der(&low(PASSPHRASE)).unwrap());
    for name in ["hmac.p12", "pbmac1.p12"] {
        let pem = python(
            &lab,
            &format!(
                "p12 = pkcs12.load_pkcs12(read('{name}'), passphrase)\n\
                 assert (p12.cert.friendly_name, p12.additional_certs[0].friendly_name) == (b'Bob', b'Other')\n\
                 print(p12.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())\n\
                 for one in [p12.cert] + p12.additional_certs: print(one.certificate.public_bytes(Encoding.PEM).decode())"
            ),
        );
        bob.is_in_pem(&pem);
        let wrong = format!("pkcs12.load_pkcs12(read('{name}'), b'wrong')");
        assert!(!lab.accepts(&["-c", &format!("from cryptography.hazmat.primitives.serialization import pkcs12\nread = lambda name: open(name, 'rb').read()\n{wrong}")]));
    }
}

#[test]
fn bulla_reads_what_python_writes() {
    let Some(lab) = Lab::with("python") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    lab.write("pass", PASSPHRASE);
    for (how, old) in [
        ("BestAvailableEncryption(passphrase)", false),
        (
            "PrivateFormat.PKCS12.encryption_builder().kdf_rounds(7000).key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA512()).build(passphrase)",
            false,
        ),
        (
            "PrivateFormat.PKCS12.encryption_builder().kdf_rounds(7000).key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1()).build(passphrase)",
            true,
        ),
    ] {
        python(
            &lab,
            &format!(
                "key = load_pem_private_key(read('key.pem'), None)\n\
                 bob, other = [x509.load_pem_x509_certificate(read(name)) for name in ['bob.pem', 'other.pem']]\n\
                 p12 = pkcs12.serialize_key_and_certificates('Käse'.encode(), key, bob, [other], {how})\n\
                 open('python.p12', 'wb').write(p12)"
            ),
        );
        let read = lab.p12("python.p12", PASSPHRASE);
        let file = match old {
            true => {
                assert_eq!(kind(read), Some(ErrorKind::Unsupported));
                lab.p12_legacy("python.p12", PASSPHRASE).unwrap()
            }
            false => read.unwrap(),
        };
        bob.is_in(&file, Some("Käse"));
        assert_eq!(file.certificates().len(), 2);
    }
}

/// PBMAC1 made by Python's own `hashlib` and `hmac`, in ways that bulla does not write.
#[test]
fn bulla_checks_pbmac1_as_others_make_it() {
    let Some(lab) = Lab::with("python") else { return };
    lab.write("safe", super::der::plain_safe(&super::der::certificate_bag(b"\x30\x00")));
    lab.write("pass", PASSPHRASE);
    for (prf, hmac, length) in [(512, 512, 64), (256, 512, 32), (384, 256, 48), (224, 384, 20)] {
        let tag = lab.run(&[
            "-c",
            &format!(
                "import hashlib, hmac\n\
                 key = hashlib.pbkdf2_hmac('sha{prf}', open('pass', 'rb').read(), b'salt', 77, {length})\n\
                 print(hmac.new(key, open('safe', 'rb').read(), 'sha{hmac}').hexdigest())"
            ),
        ]);
        let tag: Vec<u8> = (0..tag.trim().len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&tag[at..at + 2], 16).unwrap())
            .collect();
        use super::der::*;
        let identifier = |bits: u32| {
            let last = match bits {
                224 => 8,
                256 => 9,
                384 => 10,
                _ => 11,
            };
            algorithm(&format!("1.2.840.113549.2.{last}"), &[])
        };
        let kdf = sequence(&[&octets(b"salt"), &number(77), &number(length), &identifier(prf)]);
        let pbmac1 = algorithm(PBMAC1, &sequence(&[&algorithm(PBKDF2, &kdf), &identifier(hmac)]));
        lab.write("made.p12", pfx(&lab.read("safe"), &mac_data(&pbmac1, &tag)));
        assert_eq!(lab.p12("made.p12", PASSPHRASE).unwrap().certificates().len(), 1, "{prf} {hmac} {length}");
        assert_eq!(kind(lab.p12("made.p12", "wrong")), Some(ErrorKind::NoKeyFits));
    }
}
