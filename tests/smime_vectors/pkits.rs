//! PKITS' 224 signed mails: each is judged as its path is, and as the document says.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bulla::smime::{Expect, Trust, Verification};
use bulla::x509::{Certificate, Crl, Mailbox, Purpose, Revocation, TrustAnchors, Validation};
use bulla::{ErrorKind, Time};

use crate::cases::{self, Case, Outcome};
use crate::pyca;

/// Its mail holds the certificate of the next test.
const ANOTHER_CERTIFICATE: &str = "4.14.18";

/// Valid, and refused, each for its reason.
const REFUSED: [(&str, &str); 6] = [
    ("4.1.5", "a DSA key takes its parameters from the CA above it"),
    ("4.6.8", "a CA signed the mail"),
    ("4.6.14", "a CA signed the mail"),
    ("4.8.6", "a CA signed the mail"),
    ("4.14.13", "a CA signed the mail"),
    ("4.14.30", "the certificate of the CRL's signer is judged by the CRL that it signed itself"),
];

fn certificate(suite: &Path, name: &str) -> Certificate {
    Certificate::from_der(&fs::read(suite.join(format!("certs/{name}.crt"))).unwrap()).unwrap()
}

fn crl(suite: &Path, name: &str) -> Crl {
    Crl::from_der(&fs::read(suite.join(format!("crls/{name}.crl"))).unwrap()).unwrap()
}

/// `Valid Signatures Test1` is `SignedValidSignaturesTest1.eml`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn has_usual_inputs(case: &Case) -> bool {
    let inputs = &case.inputs;
    inputs.policies == [cases::ANY_POLICY] && !inputs.explicit && !inputs.no_mapping && !inputs.no_any_policy
}

/// What the path of a case is worth to a reader of mail.
fn path(suite: &Path, case: &Case, anchors: &TrustAnchors) -> Result<(), ErrorKind> {
    let crls = case.crls.iter().chain([&cases::TRUST_ANCHOR_CRL]).map(|name| crl(suite, name));
    let validation = Validation::new(Purpose::EmailSigner(Mailbox::Anyone), Revocation::Require)
        .at(Time::from_unix(cases::MOMENT))
        .intermediates(case.intermediates().map(|name| certificate(suite, name)))
        .crls(crls);
    let judged = validation.validate(&certificate(suite, case.target()), anchors);
    judged.map(drop).map_err(|error| error.kind())
}

#[test]
fn every_signed_mail_is_judged_as_its_path() {
    let Some(suite) = pyca::vectors("x509/PKITS_data") else { return };
    let anchors = TrustAnchors::new([certificate(&suite, cases::TRUST_ANCHOR)]).unwrap();
    let trust = Trust::new(&anchors, Revocation::Require)
        .at(Time::from_unix(cases::MOMENT))
        .crls([crl(&suite, cases::TRUST_ANCHOR_CRL)]);
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let all = cases::all();
    let (mut wrong, mut seen, mut judged_by_document) = (Vec::new(), BTreeSet::new(), 0);
    for entry in fs::read_dir(suite.join("smime")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let of_it: Vec<&Case> =
            all.iter().filter(|case| plain(&name) == format!("signed{}", plain(case.name))).collect();
        let case = *of_it.first().unwrap_or_else(|| panic!("{name} is of no case"));
        seen.insert(case.test);
        let mail = fs::read(&file).unwrap();
        let mut out = Vec::new();
        let found = verification.stream(mail.as_slice(), &mut out);
        assert_eq!(has(&out, b"This is a sample signed message."), found.is_ok(), "{name}");
        let mut found = found.map(drop).map_err(|error| error.kind());
        let number = format!("4.{}.{}", case.test[1], case.test[2]);
        if case.legacy {
            // DSA: refused, and judged where old mail is read.
            assert_eq!(found, Err(ErrorKind::Unsupported), "{name}");
            found = verification.legacy_bytes(&mail).map(drop).map_err(|error| error.kind());
        } else if number != ANOTHER_CERTIFICATE && found != path(&suite, case, &anchors) {
            wrong.push(format!("{number} {name}: {found:?}, its path {:?}", path(&suite, case, &anchors)));
        }
        // What the document says holds for the inputs that a reader of mail has.
        let said = of_it.iter().find(|case| has_usual_inputs(case)).map(|case| case.outcome);
        if REFUSED.iter().any(|(refused, _)| *refused == number) {
            assert!(said == Some(Outcome::Valid) && found.is_err(), "{name} is no exception");
        } else if let Some(said) = said.filter(|_| number != ANOTHER_CERTIFICATE) {
            judged_by_document += 1;
            if found.is_ok() != (said == Outcome::Valid) {
                wrong.push(format!("{number} {name}: {found:?}, and the document says {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(seen.len(), 224);
    assert!(judged_by_document > 200, "{judged_by_document}");
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
