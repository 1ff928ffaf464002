//! OpenSSL's `crl`, `verify`, `ca` and `ocsp`, both ways. No network: the responder works on files.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bulla::x509::{
    Authority, Certificate, CertificateStatus, Crl, CrlIssue, CrlNumber, GeneralName, OcspRequest,
    OcspResponse, ResponderId, RevocationReason as Reason, Serial,
};
use bulla::{ErrorKind, KeyKind, PrivateKey, Time};
use tempfile::TempDir;

use crate::peers;

/// A CA in a folder, as `openssl ca` and `openssl ocsp` want it.
struct Shop {
    folder: TempDir,
    openssl: PathBuf,
    root: Authority,
}

const REVOKED: &str = "250101120000Z";

impl Shop {
    fn open(kind: KeyKind) -> Option<Self> {
        let openssl = peers::find("openssl")?;
        let key = PrivateKey::generate(kind).unwrap();
        let root = Authority::root(&"CN=Example Root,O=Example".parse().unwrap(), key).unwrap();
        let shop = Shop { folder: tempfile::tempdir().unwrap(), openssl, root };
        shop.write("ca.pem", shop.root.certificate().to_pem());
        shop.write("ca.key", shop.root.credential().key().expose_pem().unwrap().as_bytes());
        Some(shop)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.at(name), content).unwrap();
    }

    /// What OpenSSL says on both streams, when it is run in the folder.
    fn run(&self, arguments: &str) -> Result<String, String> {
        let mut command = Command::new(&self.openssl);
        let output = command.args(arguments.split(' ')).current_dir(self.folder.path()).output().unwrap();
        let said =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        if output.status.success() { Ok(said) } else { Err(said) }
    }

    fn leaf(&self, address: &str) -> Certificate {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        self.root.email(key.public(), &[address.parse().unwrap()]).unwrap().sign().unwrap()
    }

    fn issue_crl(&self) -> CrlIssue<'_> {
        CrlIssue::by(self.root.certificate(), self.root.credential().key()).unwrap()
    }

    /// OpenSSL's list of what it has issued: each with `V`, or with when and why it was revoked.
    fn index(&self, lines: &[(&Serial, &str)]) {
        let line = |(serial, revoked): &(&Serial, &str)| {
            let number = serial.to_string().replace(':', "");
            let (state, revoked) = if revoked.is_empty() { ("V", "") } else { ("R", *revoked) };
            format!("{state}\t491231235959Z\t{revoked}\t{number}\tunknown\t/CN=x{number}\n")
        };
        self.write("index.txt", lines.iter().map(line).collect::<String>());
    }

    /// A CRL of `openssl ca -gencrl`.
    fn gencrl(&self, digest: &str, settings: &str, extensions: &str) -> Crl {
        let config = format!(
            "[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\ncertificate = ca.pem\nprivate_key = ca.key\n\
             default_md = {digest}\ndefault_crl_days = 30\n{settings}\n[extensions]\n{extensions}\n"
        );
        self.write("ca.cnf", config);
        self.write("crlnumber", "1F40\n");
        self.run("ca -config ca.cnf -gencrl -out out.crl").unwrap();
        Crl::from_pem(&fs::read_to_string(self.at("out.crl")).unwrap()).unwrap()
    }

    /// The answer of `openssl ocsp` to a request, signed with `ca.pem` or another's.
    fn respond(&self, request: &OcspRequest, signer: &str, more: &str) -> OcspResponse {
        self.write("request.der", request.as_der());
        let command = format!(
            "ocsp -index index.txt -CA ca.pem -rsigner {signer}.pem -rkey {signer}.key -reqin request.der -respout \
             response.der{more}"
        );
        self.run(&command).unwrap();
        OcspResponse::from_der(&fs::read(self.at("response.der")).unwrap()).unwrap()
    }
}

fn kinds() -> [KeyKind; 5] {
    [KeyKind::rsa(2048), KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519]
}

#[test]
fn openssl_verifies_and_goes_by_crls_that_bulla_signs() {
    for kind in kinds() {
        let Some(shop) = Shop::open(kind) else { return };
        let [lost, kept] = ["lost@example.org", "kept@example.org"].map(|address| shop.leaf(address));
        let crl = shop.issue_crl().revoke(&lost.serial(), Time::now(), Reason::KeyCompromise).number(4096);
        let crl = crl.sign().unwrap();
        shop.write("crl.pem", crl.to_pem());
        shop.write("crl.der", crl.as_der());
        shop.write("lost.pem", lost.to_pem());
        shop.write("kept.pem", kept.to_pem());
        let said = shop.run("crl -in crl.pem -noout -CAfile ca.pem -text -crlnumber").unwrap();
        let number = lost.serial().to_string().replace(':', "");
        for expected in ["verify OK", "Key Compromise", "crlNumber=0x1000", "Version 2", number.as_str()] {
            assert!(said.contains(expected), "{kind}: {expected} is not in {said}");
        }
        let again = shop.run("crl -in crl.der -inform DER -outform PEM").unwrap();
        assert_eq!(Crl::from_pem(&again).unwrap(), crl);
        let refused = shop.run("verify -crl_check -CAfile ca.pem -CRLfile crl.pem lost.pem").unwrap_err();
        assert!(refused.contains("certificate revoked"), "{kind}: {refused}");
        let accepted = shop.run("verify -crl_check -CAfile ca.pem -CRLfile crl.pem kept.pem").unwrap();
        assert!(accepted.contains("kept.pem: OK"), "{kind}: {accepted}");
    }
}

#[test]
fn openssl_reads_an_empty_crl_and_an_updated_one() {
    let Some(shop) = Shop::open(KeyKind::P256) else { return };
    let first = shop.issue_crl().sign().unwrap();
    shop.write("first.pem", first.to_pem());
    assert!(shop.run("crl -in first.pem -noout -text").unwrap().contains("No Revoked Certificates"));
    let [one, two] = ["one@example.org", "two@example.org"].map(|address| shop.leaf(address).serial());
    let second = shop.issue_crl().update(&first).unwrap().revoke(&one, Time::now(), Reason::Superseded);
    let second = second.sign().unwrap();
    let third = shop.issue_crl().update(&second).unwrap().revoke(&two, Time::now(), Reason::CertificateHold);
    shop.write("third.pem", third.sign().unwrap().to_pem());
    let said = shop.run("crl -in third.pem -noout -text -CAfile ca.pem").unwrap();
    for expected in ["verify OK", "Superseded", "Certificate Hold"] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
}

#[test]
fn bulla_reads_the_crls_of_openssl() {
    for kind in kinds() {
        let Some(shop) = Shop::open(kind) else { return };
        let certificates = ["a", "b", "c", "d", "e"].map(|name| shop.leaf(&format!("{name}@example.org")));
        let [plain, reason, invalid, hold, good] = &certificates;
        shop.index(&[
            (&plain.serial(), REVOKED),
            (&reason.serial(), &format!("{REVOKED},cessationOfOperation")),
            (&invalid.serial(), &format!("{REVOKED},keyTime,20241231235959Z")),
            (&hold.serial(), &format!("{REVOKED},holdInstruction,holdInstructionReject")),
            (&good.serial(), ""),
        ]);
        let digest = if kind == KeyKind::Ed25519 { "null" } else { "sha384" };
        let crl = shop.gencrl(
            digest,
            "crlnumber = crlnumber\ncrl_extensions = extensions",
            "authorityKeyIdentifier = keyid",
        );
        let verified = crl.verify(shop.root.certificate()).unwrap();
        let crl = verified.get();
        crl.check_current(Time::now()).unwrap();
        assert_eq!((crl.version(), crl.number().unwrap()), (2, Some(CrlNumber::from(0x1f40))), "{kind}");
        assert_eq!(crl.revoked().count(), 4);
        let since: Time = "2025-01-01T12:00:00Z".parse().unwrap();
        for (certificate, expected) in [
            (plain, None),
            (reason, Some(Reason::CessationOfOperation)),
            (invalid, Some(Reason::KeyCompromise)),
            (hold, Some(Reason::CertificateHold)),
        ] {
            let entry = verified.find_certificate(certificate).unwrap().unwrap();
            assert_eq!((entry.at().unwrap(), entry.reason().unwrap()), (since, expected), "{kind}");
            assert!(!entry.has_unknown_critical());
        }
        let invalid = verified.find_certificate(invalid).unwrap().unwrap().invalidity_date().unwrap();
        assert_eq!(invalid, Some("2024-12-31T23:59:59Z".parse().unwrap()));
        assert!(verified.find_certificate(good).unwrap().is_none());
        // And bulla goes on where OpenSSL stopped.
        let next =
            shop.issue_crl().update(crl).unwrap().revoke(&good.serial(), Time::now(), Reason::Superseded);
        let next = next.sign().unwrap();
        assert_eq!((next.revoked().count(), next.number().unwrap()), (5, Some(CrlNumber::from(0x1f41))));
        shop.write("next.pem", next.to_pem());
        let said = shop.run("crl -in next.pem -noout -text -CAfile ca.pem").unwrap();
        for expected in ["verify OK", "Hold Instruction Reject", "Dec 31 23:59:59 2024", "Superseded"] {
            assert!(said.contains(expected), "{kind}: {expected} is not in {said}");
        }
    }
}

#[test]
fn bulla_reads_what_openssl_writes_of_the_scope_of_crls() {
    let Some(shop) = Shop::open(KeyKind::P256) else { return };
    let leaf = shop.leaf("bob@example.org");
    shop.index(&[(&leaf.serial(), REVOKED)]);
    let settings = "crlnumber = crlnumber\ncrl_extensions = extensions";
    let crl = shop.gencrl(
        "sha256",
        settings,
        "issuingDistributionPoint = critical,@point\nfreshestCRL = URI:http://example.org/delta.crl\n[point]\n\
         fullname = URI:http://example.org/1.crl\nonlyuser = TRUE\nonlysomereasons = keyCompromise,superseded\n\
         indirectCRL = TRUE",
    );
    let point = crl.issuing_distribution_point().unwrap().unwrap();
    assert_eq!(point.names, [GeneralName::Uri("http://example.org/1.crl".to_owned())]);
    assert!(point.only_user_certificates && point.is_indirect);
    assert!(!point.only_ca_certificates && !point.only_attribute_certificates);
    let reasons = point.only_some_reasons.unwrap();
    let contained =
        [Reason::KeyCompromise, Reason::Superseded, Reason::CaCompromise].map(|r| reasons.contains(r));
    assert_eq!(contained, [true, true, false]);
    assert_eq!(
        crl.freshest_crl().unwrap()[0].names,
        [GeneralName::Uri("http://example.org/delta.crl".to_owned())]
    );
    let root = shop.root.certificate();
    let verified = crl.verify(root).unwrap();
    assert_eq!(verified.find_certificate(&leaf).unwrap_err().kind(), ErrorKind::Undetermined);

    let delta = shop.gencrl("sha256", settings, "2.5.29.27 = critical,ASN1:INTEGER:7999");
    assert!(delta.is_delta());
    assert_eq!(delta.delta_base().unwrap(), Some(CrlNumber::from(7999)));
    assert_eq!(
        delta.verify(root).unwrap().find_certificate(&leaf).unwrap_err().kind(),
        ErrorKind::Undetermined
    );
}

#[test]
fn bulla_reads_openssls_crls_of_version_1_and_refuses_sha_1() {
    let Some(shop) = Shop::open(KeyKind::rsa(2048)) else { return };
    let leaf = shop.leaf("bob@example.org");
    shop.index(&[(&leaf.serial(), REVOKED)]);
    let old = shop.gencrl("sha256", "", "");
    assert_eq!((old.version(), old.extensions().count()), (1, 0));
    let root = shop.root.certificate();
    let old = old.verify(root).unwrap();
    assert!(old.find_certificate(&leaf).unwrap().is_some());
    let updated = shop.issue_crl().update(old.get()).unwrap().sign().unwrap();
    assert!(updated.verify(root).unwrap().find_certificate(&leaf).unwrap().is_some());

    let weak = shop.gencrl("sha1", "", "");
    assert_eq!(weak.signature_algorithm().unwrap().to_string(), "sha1WithRSAEncryption");
    assert_eq!(weak.verify(shop.root.certificate()).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn requests_are_byte_for_byte_those_of_openssl() {
    let Some(shop) = Shop::open(KeyKind::P256) else { return };
    let leaf = shop.leaf("bob@example.org");
    shop.write("leaf.pem", leaf.to_pem());
    shop.run("ocsp -issuer ca.pem -cert leaf.pem -no_nonce -reqout request.der").unwrap();
    let request = OcspRequest::about(&leaf, shop.root.certificate()).unwrap();
    assert_eq!(fs::read(shop.at("request.der")).unwrap(), request.as_der());
    shop.write("nonce.der", request.with_nonce().as_der());
    let said = shop.run("ocsp -reqin nonce.der -req_text").unwrap();
    assert!(said.contains("OCSP Nonce"), "{said}");
}

#[test]
fn bulla_believes_openssls_responder() {
    for kind in kinds() {
        let Some(shop) = Shop::open(kind) else { return };
        let certificates = ["a", "b", "c", "d"].map(|name| shop.leaf(&format!("{name}@example.org")));
        let [good, plain, lost, unknown] = &certificates;
        shop.index(&[
            (&good.serial(), ""),
            (&plain.serial(), REVOKED),
            (&lost.serial(), &format!("{REVOKED},keyCompromise")),
        ]);
        responder(&shop);
        let since: Time = "2025-01-01T12:00:00Z".parse().unwrap();
        // By the CA itself and by a responder; named and by its key; with another hash; without an end.
        for (signer, more) in [
            ("ca", " -ndays 1"),
            ("ca", " -ndays 1 -resp_key_id"),
            ("responder", " -ndays 1"),
            ("responder", " -nmin 10 -resp_key_id -rmd sha512"),
            ("responder", ""),
        ] {
            if kind == KeyKind::Ed25519 && signer == "ca" {
                // OpenSSL's responder cannot sign without a hash.
                continue;
            }
            let ask = |certificate: &Certificate| {
                let request = OcspRequest::about(certificate, shop.root.certificate()).unwrap().with_nonce();
                let response = shop.respond(&request, signer, more);
                let checked = response.check_answer(&request, Time::now());
                let checked = checked.unwrap_or_else(|error| panic!("{kind}, {signer}{more}: {error}"));
                assert_eq!(checked.by(), &read(&shop.at(&format!("{signer}.pem"))));
                assert_eq!(checked.get().serial, certificate.serial());
                assert_eq!(checked.get().next_update.is_some(), !more.is_empty());
                let by_key = matches!(response.responder().unwrap(), ResponderId::KeyHash(_));
                assert_eq!(by_key, more.contains("key_id"));
                match checked.get().status {
                    CertificateStatus::Revoked { at, reason, .. } => format!("revoked {at} {reason:?}"),
                    status => format!("{status:?}"),
                }
            };
            assert_eq!(ask(good), "Good");
            assert_eq!(ask(plain), format!("revoked {since} None"));
            assert_eq!(ask(lost), format!("revoked {since} Some(KeyCompromise)"));
            assert_eq!(ask(unknown), "Unknown");
        }
    }
}

fn read(file: &Path) -> Certificate {
    Certificate::from_pem(&fs::read_to_string(file).unwrap()).unwrap()
}

fn responder(shop: &Shop) {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let name = "CN=Example OCSP".parse().unwrap();
    let certificate = shop.root.ocsp_responder(key.public(), &name).unwrap().sign().unwrap();
    shop.write("responder.pem", certificate.to_pem());
    shop.write("responder.key", key.expose_pem().unwrap().as_bytes());
}

#[test]
fn bulla_disbelieves_openssls_responder_where_it_should() {
    let Some(shop) = Shop::open(KeyKind::rsa(2048)) else { return };
    let leaf = shop.leaf("bob@example.org");
    shop.index(&[(&leaf.serial(), "")]);
    responder(&shop);
    let request = OcspRequest::about(&leaf, shop.root.certificate()).unwrap().with_nonce();
    let ends = |response: &OcspResponse, at: Time| {
        response.check_answer(&request, at).err().map(|error| error.kind())
    };
    let response = shop.respond(&request, "responder", " -nmin 60");
    let minutes = |minutes: u64| Time::now() + std::time::Duration::from_secs(60 * minutes);
    assert_eq!(ends(&response, minutes(60)), None);
    assert_eq!(ends(&response, minutes(70)), Some(ErrorKind::Undetermined));
    // An answer to an earlier request.
    let earlier = OcspRequest::about(&leaf, shop.root.certificate()).unwrap().with_nonce();
    assert_eq!(ends(&shop.respond(&earlier, "responder", ""), Time::now()), Some(ErrorKind::Unauthentic));
    // Its certificate left out, SHA-1, a leaf that answers for the CA.
    let silent = shop.respond(&request, "responder", " -resp_no_certs");
    assert_eq!(ends(&silent, Time::now()), Some(ErrorKind::Unauthentic));
    let weak = shop.respond(&request, "ca", " -rmd sha1");
    assert_eq!(ends(&weak, Time::now()), Some(ErrorKind::Unsupported));
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let mallory =
        shop.root.email(key.public(), &["mallory@example.org".parse().unwrap()]).unwrap().sign().unwrap();
    shop.write("mallory.pem", mallory.to_pem());
    shop.write("mallory.key", key.expose_pem().unwrap().as_bytes());
    assert_eq!(ends(&shop.respond(&request, "mallory", ""), Time::now()), Some(ErrorKind::Unauthentic));
}
