//! PKCS #7 bundles: what goes in comes out, odd ones too, and other programs' are read and read ours.
use bulla::ErrorKind;
use bulla::x509::{Bundle, Certificate};

use super::der::*;
use super::program::{Bob, Lab};
use crate::pyca;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

/// ContentInfo with SignedData that has these sets, and what stands for the signers.
fn signed(certificates: &[u8], crls: &[u8], signers: &[u8]) -> Vec<u8> {
    let [certificates, crls] = [(0xa0, certificates), (0xa1, crls)]
        .map(|(tag, all)| if all.is_empty() { vec![] } else { wrap(tag, &[all]) });
    let parts =
        [number(1), wrap(0x31, &[]), sequence(&[&oid(DATA)]), certificates, crls, wrap(0x31, &[signers])];
    content(SIGNED_DATA, &sequence(&[&parts.concat()]))
}

fn kind(bytes: &[u8]) -> Option<ErrorKind> {
    Bundle::from_der(bytes).err().map(|error| error.kind())
}

fn sorted<'a>(all: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    all
}

#[test]
fn a_bundle_comes_back_from_der_and_pem() {
    let bob = Bob::new();
    let bundle = Bundle::new().with(&bob.certificate).with(&bob.other);
    let want = sorted([bob.certificate.as_der(), bob.other.as_der()].into_iter());
    for again in [Bundle::from_der(&bundle.to_der()), Bundle::from_pem(&bundle.to_pem())] {
        let again = again.unwrap();
        assert_eq!(again.certificates_der().collect::<Vec<_>>(), want);
        assert_eq!(again.certificates().filter(Result::is_ok).count(), 2);
        assert_eq!((again.crls_der().len(), again.others()), (0, 0));
        assert_eq!(again.to_der(), bundle.to_der());
    }
    assert_eq!(Bundle::from_der(&Bundle::new().to_der()).unwrap(), Bundle::new());
    assert_eq!(format!("{bundle:?}"), "Bundle { certificates: 2, crls: 0, others: 0 }");
    assert!(Bundle::from_pem(&bundle.to_pem().replace("PKCS7", "CMS")).is_ok());
    let other = Bundle::from_pem(&bob.certificate.to_pem());
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn an_odd_certificate_does_not_keep_the_others_back() {
    let bob = Bob::new();
    // A certificate whose length is not written the shortest way: its issuer may have signed it so.
    let ber = [&[0x30, 0x84, 0, 0, 0, 2][..], &[5, 0]].concat();
    let all = [bob.certificate.as_der(), &[0x30, 0], &wrap(0xa2, &[&[5, 0]]), &wrap(0x30, &[&ber])].concat();
    let crls = [&sequence(&[&number(1)])[..], &wrap(0xa1, &[&[5, 0]])].concat();
    let bundle = Bundle::from_der(&signed(&all, &crls, &[])).unwrap();
    let ders: Vec<&[u8]> = bundle.certificates_der().collect();
    assert_eq!(ders, [bob.certificate.as_der(), &[0x30, 0], &wrap(0x30, &[&ber])]);
    assert_eq!(bundle.certificates().map(|one| one.is_ok()).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(bundle.crls_der().collect::<Vec<_>>(), [sequence(&[&number(1)])]);
    assert_eq!(bundle.others(), 2);
}

#[test]
fn ber_is_read_and_what_is_no_bundle_is_refused() {
    let bob = Bob::new();
    let plain = signed(bob.certificate.as_der(), &[], &[]);
    // Indefinite lengths outside of the certificate, as streams have them.
    let inner =
        [&[0x30, 0x80][..], &number(1), &[0x31, 0x80, 0, 0, 0x30, 0x80], &oid(DATA), &[0, 0, 0xa0, 0x80]];
    let inner = [&inner.concat()[..], bob.certificate.as_der(), &[0, 0, 0x31, 0, 0, 0]].concat();
    let stream = [&[0x30, 0x80][..], &oid(SIGNED_DATA), &[0xa0, 0x80], &inner, &[0, 0, 0, 0]].concat();
    assert_eq!(Bundle::from_der(&stream).unwrap(), Bundle::from_der(&plain).unwrap());
    for cut in [0, 1, 10, plain.len() / 2, plain.len() - 1] {
        assert_eq!(kind(&plain[..cut]), Some(ErrorKind::Malformed), "{cut}");
    }
    for bad in
        [[&plain[..], &[0]].concat(), content(DATA, &octets(b"x")), vec![0x30, 0x80, 0, 0], sequence(&[])]
    {
        assert_eq!(kind(&bad), Some(ErrorKind::Malformed));
    }
    assert_eq!(kind(&[0x30, 0x80].repeat(1_000_000)), Some(ErrorKind::OverLimit));
    assert_eq!(kind(&[0x30, 0x84, 0x40, 0, 0, 0]), Some(ErrorKind::Malformed));
    assert_eq!(kind(&vec![0x30; (64 << 20) + 1]), Some(ErrorKind::OverLimit));
}

#[test]
fn openssl_and_bulla_read_each_others_bundles() {
    let Some(lab) = Lab::with("openssl") else { return };
    let bob = Bob::new();
    bob.write_to(&lab);
    let ours = Bundle::new().with(&bob.certificate).with(&bob.other);
    lab.write("ours.p7b", ours.to_der());
    lab.write("ours.pem", ours.to_pem());
    for words in [&["-inform", "DER", "-in", "ours.p7b"], &["-inform", "PEM", "-in", "ours.pem"]] {
        let printed = lab.run(&[&["pkcs7", "-print_certs"], &words[..]].concat());
        let printed = Certificate::all_from_pem(&printed).unwrap();
        let printed = printed.iter().map(Certificate::as_der);
        assert_eq!(sorted(printed), sorted(ours.certificates_der()));
    }
    // A CRL, for which openssl needs a small CA.
    lab.write("index", "");
    lab.write(
        "ca.conf",
        "[ca]\ndefault_ca = us\n[us]\ndatabase = index\ndefault_md = sha256\ndefault_crl_days = 30\n",
    );
    let crl =
        ["ca", "-config", "ca.conf", "-gencrl", "-keyfile", "key.pem", "-cert", "bob.pem", "-out", "crl.pem"];
    lab.run(&crl);
    lab.run(&["crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der"]);
    let into =
        ["crl2pkcs7", "-in", "crl.pem", "-certfile", "bob.pem", "-certfile", "other.pem", "-out", "theirs"];
    for form in ["DER", "PEM"] {
        lab.run(&[&into[..], &["-outform", form]].concat());
        let theirs = match form {
            "DER" => Bundle::from_der(&lab.read("theirs")),
            _ => Bundle::from_pem(std::str::from_utf8(&lab.read("theirs")).unwrap()),
        };
        let theirs = theirs.unwrap();
        assert_eq!(sorted(theirs.certificates_der()), sorted(ours.certificates_der()));
        assert_eq!(theirs.crls_der().collect::<Vec<_>>(), [lab.read("crl.der")]);
        let crl = theirs.crls().next().unwrap().unwrap();
        assert_eq!(ours.clone().with_crl(&crl).to_der(), theirs.to_der());
        // And back, with the CRL.
        lab.write("back.p7b", theirs.to_der());
        let printed = lab.run(&["pkcs7", "-print_certs", "-inform", "DER", "-in", "back.p7b"]);
        assert!(printed.contains("-----BEGIN X509 CRL-----"), "{printed}");
    }
    // The certificates of a signed stream, in BER.
    lab.write("message", "a message");
    let sign =
        ["cms", "-sign", "-nodetach", "-stream", "-outform", "DER", "-in", "message", "-out", "signed"];
    lab.run(&[&sign[..], &["-signer", "bob.pem", "-inkey", "key.pem", "-certfile", "other.pem"]].concat());
    let stream = Bundle::from_der(&lab.read("signed")).unwrap();
    assert_eq!(sorted(stream.certificates_der()), sorted(ours.certificates_der()));
}

#[test]
fn certtool_reads_what_bulla_writes_and_writes_it_again() {
    let Some(lab) = Lab::with("certtool") else { return };
    let bob = Bob::new();
    let ours = Bundle::new().with(&bob.certificate).with(&bob.other);
    lab.write("ours.pem", ours.to_pem());
    let shown = lab.run(&["--p7-info", "--infile", "ours.pem"]);
    let shown = Certificate::all_from_pem(&shown).unwrap();
    assert_eq!(sorted(shown.iter().map(Certificate::as_der)), sorted(ours.certificates_der()));
    lab.write("both.pem", [bob.certificate.to_pem(), bob.other.to_pem()].concat());
    lab.run(&["--p7-generate", "--load-certificate=both.pem", "--outder", "--outfile=theirs"]);
    let theirs = Bundle::from_der(&lab.read("theirs")).unwrap();
    assert_eq!(sorted(theirs.certificates_der()), sorted(ours.certificates_der()));
}

#[test]
fn every_bundle_of_pyca_is_read() {
    let Some(folder) = pyca::vectors("pkcs7") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let pem = |name: &str| Bundle::from_pem(&String::from_utf8(read(name)).unwrap());
    let count = |bundle: bulla::Result<Bundle>| {
        let bundle = bundle.unwrap();
        assert!(bundle.certificates().all(|one| one.is_ok()));
        bundle.certificates().len()
    };
    assert_eq!(count(Bundle::from_der(&read("amazon-roots.der"))), 2);
    assert_eq!(count(Bundle::from_der(&read("amazon-roots.p7b"))), 2);
    assert_eq!(count(pem("isrg.pem")), 1);
    assert_eq!(count(Bundle::from_der(&read("authenticode.der"))), 1);
    // Messages, which are another thing.
    assert_eq!(kind(&read("enveloped-no-content.der")), Some(ErrorKind::Malformed));
    assert_eq!(pem("enveloped.pem").unwrap_err().kind(), ErrorKind::Malformed);
}
