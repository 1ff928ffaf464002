//! Trust anchors, times, old algorithms, and errors that name the certificate at fault.
use std::time::Duration;

use bulla::x509::{
    Certificate, Extension, Issue, Mailbox, Profile, Purpose, Revocation, TrustAnchors, Validation,
};
use bulla::{ErrorKind, Time};

use super::{below, key, root, trusting};

fn anyone() -> Purpose<'static> {
    Purpose::EmailSigner(Mailbox::Anyone)
}

#[test]
fn a_path_is_found_and_told() {
    let anchor = root("CN=Anchor");
    let (authority, intermediate) = below(&anchor, "CN=Below");
    let leaf = authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let trusted = Validation::new(anyone(), Revocation::Off)
        .intermediates([intermediate.clone()])
        .validate(&leaf, &trusting(anchor.certificate()))
        .unwrap();
    assert_eq!(trusted.by().certificates(), [leaf.clone(), intermediate]);
    assert_eq!(trusted.by().anchor(), Some(anchor.certificate()));
    assert_eq!(trusted.into_inner(), leaf);
}

#[test]
fn who_is_not_trusted_is_refused_by_name() {
    let anchor = root("CN=Anchor");
    let (authority, intermediate) = below(&anchor, "CN=Below");
    let leaf = authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let validation = Validation::new(anyone(), Revocation::Off);
    let missing = validation.clone().validate(&leaf, &trusting(anchor.certificate())).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Untrusted);
    assert!(missing.to_string().contains("CN=Below"), "{missing}");
    // The same name with another key.
    let other = root("CN=Anchor");
    let refused =
        validation.intermediates([intermediate]).validate(&leaf, &trusting(other.certificate())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Untrusted);
    assert!(refused.to_string().contains("did not sign"), "{refused}");
}

#[test]
fn a_certificate_is_valid_from_its_first_second_to_its_last() {
    let anchor = root("CN=Anchor");
    let issue = anchor.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap();
    let (from, until) = (Time::now() + Duration::from_secs(1000), Time::now() + Duration::from_secs(2000));
    let leaf = issue.validity(from, until).sign().unwrap();
    let judged = |at| {
        let validation = Validation::new(anyone(), Revocation::Off).at(at);
        validation.validate(&leaf, &trusting(anchor.certificate())).map(|_| ()).map_err(|error| error.kind())
    };
    let second = Duration::from_secs(1);
    assert_eq!(judged(from), Ok(()));
    assert_eq!(judged(until), Ok(()));
    assert_eq!(judged(from - second), Err(ErrorKind::Expired));
    assert_eq!(judged(until + second), Err(ErrorKind::Expired));
    // The anchor's own time is looked at, too.
    let late = anchor.certificate().not_after().unwrap() + second;
    assert_eq!(judged(late), Err(ErrorKind::Expired));
}

#[test]
fn a_leaf_certifies_nobody() {
    let anchor = root("CN=Anchor");
    let own = key();
    let leaf = anchor.email(own.public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    // What bulla does not make, openssl does: here another root of the leaf's name and key signs instead.
    let forged_root = bulla::x509::Authority::root(&leaf.subject(), own).unwrap();
    let forged =
        forged_root.email(key().public(), &["b@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let judged = Validation::new(anyone(), Revocation::Off)
        .intermediates([leaf])
        .validate(&forged, &trusting(anchor.certificate()))
        .unwrap_err();
    assert_eq!(judged.kind(), ErrorKind::Untrusted);
    assert!(judged.to_string().contains("no CA's"), "{judged}");
}

#[test]
fn an_anchor_that_is_no_authority_vouches_for_itself_alone() {
    let own = key();
    let pinned = Issue::self_signed(&"CN=Pinned".parse().unwrap(), &own).unwrap();
    let anchors = trusting(&pinned);
    let validation = Validation::new(Purpose::Any, Revocation::Off);
    assert!(validation.validate(&pinned, &anchors).is_ok());
    let forged = bulla::x509::Authority::root(&"CN=Pinned".parse().unwrap(), own).unwrap();
    let below = forged.email(key().public(), &["b@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    assert_eq!(validation.validate(&below, &anchors).unwrap_err().kind(), ErrorKind::Untrusted);
}

#[test]
fn a_changed_certificate_is_not_trusted() {
    let anchor = root("CN=Anchor");
    let leaf = anchor.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    let anchors = trusting(anchor.certificate());
    let validation = Validation::new(Purpose::Any, Revocation::Off);
    assert!(validation.validate(&leaf, &anchors).is_ok());
    for at in 0..leaf.as_der().len() {
        let mut der = leaf.as_der().to_vec();
        der[at] ^= 1;
        if let Ok(changed) = Certificate::from_der(&der) {
            assert!(validation.validate(&changed, &anchors).is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_critical_extension_that_cannot_be_read_is_refused_though_nobody_asks_for_it() {
    let key = key();
    // It trusts itself, so that its signature, which the change breaks, is not asked for.
    let judged = |critical: bool, tag: u8| {
        let names = vec![0x30, 5, 0x82, 3, b'a', b'.', b'b'];
        let issuer_names = Extension::new("2.5.29.18".parse().unwrap(), critical, names);
        let profile = Profile::tls_client(&"CN=Bob".parse().unwrap()).unwrap();
        let issue = Issue::self_signed_for(profile, &key).unwrap().extension(issuer_names);
        let mut der = issue.sign().unwrap().as_der().to_vec();
        let at = der.windows(5).position(|bytes| bytes == [5, 0x82, 3, b'a', b'.']).unwrap();
        der[at - 1] = tag;
        let certificate = Certificate::from_der(&der).unwrap();
        let validation = Validation::new(Purpose::Any, Revocation::Off);
        validation.validate(&certificate, &trusting(&certificate)).map(|_| ()).map_err(|error| error.kind())
    };
    assert_eq!([judged(false, 0x30), judged(true, 0x30), judged(false, 0x31)], [Ok(()); 3]);
    assert_eq!(judged(true, 0x31), Err(ErrorKind::Untrusted));
}

#[test]
fn there_is_always_an_anchor() {
    assert_eq!(TrustAnchors::new([]).unwrap_err().kind(), ErrorKind::Usage);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(TrustAnchors::from_directory(folder.path()).unwrap_err().kind(), ErrorKind::Usage);
    let anchor = root("CN=Anchor");
    std::fs::write(folder.path().join("a.pem"), anchor.certificate().to_pem()).unwrap();
    std::fs::write(folder.path().join("b.crt"), root("CN=Other").certificate().as_der()).unwrap();
    std::fs::write(folder.path().join("c.pem"), "nothing").unwrap();
    assert_eq!(TrustAnchors::from_directory(folder.path()).unwrap().len(), 2);
}

#[cfg(feature = "mozilla-roots")]
#[test]
fn mozillas_roots_are_all_read() {
    let roots = TrustAnchors::mozilla().unwrap();
    assert_eq!(roots.len(), webpki_roots::TLS_SERVER_ROOTS.len());
}

/// What the test below shall find when it runs again, in a process of its own.
#[cfg(feature = "system-roots")]
const EXPECTED: &str = "BULLA_TEST_SYSTEM";

#[cfg(feature = "system-roots")]
#[test]
fn the_system_gives_anchors_or_an_error_and_never_an_empty_set() {
    if let Some(expected) = std::env::var_os(EXPECTED) {
        let found = TrustAnchors::system().map(|anchors| anchors.len()).map_err(|error| error.kind());
        return assert_eq!(format!("{found:?}"), expected.to_str().unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let pem = root("CN=Root").certificate().to_pem();
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let two = root("CN=Other").certificate().to_pem();
    for (file, expected) in [
        (write("one.pem", &pem), "Ok(1)"),
        (write("odd.pem", &format!("{other}{pem}{two}")), "Ok(2)"),
        (write("empty.pem", ""), "Err(Usage)"),
        (write("no certificate.pem", other), "Err(Usage)"),
        (folder.path().join("absent.pem"), "Err(Io)"),
    ] {
        in_a_system_with(&file, expected);
    }
    // What the system itself has differs from one to the next.
    let bundle = "/etc/ssl/certs/ca-certificates.crt";
    let known = std::env::var_os("SSL_CERT_FILE").or(std::env::var_os("SSL_CERT_DIR")).is_none();
    if known && std::path::Path::new(bundle).is_file() {
        assert!(TrustAnchors::system().unwrap().len() > 20);
    }
}

/// Runs the test above again, where this file is all that the system trusts.
#[cfg(feature = "system-roots")]
fn in_a_system_with(file: &std::path::Path, expected: &str) {
    let name = "path::trust::the_system_gives_anchors_or_an_error_and_never_an_empty_set";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]).env_remove("SSL_CERT_DIR");
    let output = again.env("SSL_CERT_FILE", file).env(EXPECTED, expected).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no test is named {name}");
}
