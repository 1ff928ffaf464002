//! GnuTLS' certtool reads our CRLs, and we read its own.
use std::process::Command;

use bulla::x509::{Authority, Certificate, Crl, CrlIssue, CrlNumber, RevocationReason};
use bulla::{KeyKind, PrivateKey, Time};

use crate::peers;

fn leaf(root: &Authority, address: &str) -> Certificate {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    root.email(key.public(), &[address.parse().unwrap()]).unwrap().sign().unwrap()
}

#[test]
fn certtool_and_bulla_read_each_others_crls() {
    let Some(certtool) = peers::find("certtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let run = |arguments: &str| {
        let output =
            Command::new(&certtool).args(arguments.split(' ')).current_dir(folder.path()).output().unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        assert!(output.status.success(), "{arguments}: {}", said.concat());
        said.concat()
    };
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Example Root,O=Example".parse().unwrap(), key).unwrap();
    let (lost, kept) = (leaf(&root, "lost@example.org"), leaf(&root, "kept@example.org"));
    std::fs::write(at("ca.pem"), root.certificate().to_pem()).unwrap();
    std::fs::write(at("ca.key"), root.credential().key().expose_pem().unwrap().as_bytes()).unwrap();
    std::fs::write(at("lost.pem"), lost.to_pem()).unwrap();

    let ours = CrlIssue::by(root.certificate(), root.credential().key()).unwrap();
    let ours =
        ours.revoke(&lost.serial(), Time::now(), RevocationReason::Superseded).number(77).sign().unwrap();
    std::fs::write(at("ours.pem"), ours.to_pem()).unwrap();
    let shown = run("--crl-info --infile ours.pem");
    let digits: String = lost.serial().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(shown.contains(&digits) && shown.contains("CRL Number (not critical): 4d"), "{shown}");
    assert!(run("--verify-crl --load-ca-certificate ca.pem --infile ours.pem").contains("Verified"));

    std::fs::write(at("template"), "crl_next_update = 30\ncrl_number = 5\n").unwrap();
    run("--generate-crl --load-ca-privkey ca.key --load-ca-certificate ca.pem --load-certificate lost.pem \
         --template template --outfile theirs.pem");
    let theirs = Crl::from_pem(&std::fs::read_to_string(at("theirs.pem")).unwrap()).unwrap();
    assert_eq!(theirs.number().unwrap(), Some(CrlNumber::from(5)));
    theirs.check_current(Time::now()).unwrap();
    let theirs = theirs.verify(root.certificate()).unwrap();
    assert!(theirs.find_certificate(&lost).unwrap().is_some());
    assert!(theirs.find_certificate(&kept).unwrap().is_none());
}
