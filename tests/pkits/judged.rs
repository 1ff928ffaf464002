//! Judges every case with bulla: exactly the set of certificates of the case, and all certificates and CRLs at once.
use std::collections::BTreeSet;
use std::path::Path;

use bulla::x509::{Certificate, Crl, Oid, PolicyRules, Purpose, Revocation, TrustAnchors, Validation};
use bulla::{ErrorKind, Time};

use super::cases::{self, Case, Outcome, Why};
use crate::pyca;

/// Cases that are valid and that bulla refuses: each by name, with its reason.
const REFUSED: &[(&str, &str)] = &[
    (
        "4.1.5",
        "a DSA key takes its parameters from the CA above it: nobody issues such today, and no other part of bulla reads them",
    ),
    (
        "4.14.30",
        "the certificate of the CRL's signer is judged by the CRL that it signed itself: who stole its key would never list it",
    ),
];

fn certificate(folder: &Path, name: &str) -> Certificate {
    let der = std::fs::read(folder.join(format!("certs/{name}.crt"))).unwrap();
    Certificate::from_der(&der).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn rules(case: &Case) -> PolicyRules {
    let accepted: Vec<Oid> =
        case.inputs.policies.iter().map(|policy| cases::policy_oid(*policy).parse().unwrap()).collect();
    let rules = PolicyRules::any().accept(&accepted);
    let rules = if case.inputs.explicit { rules.explicit() } else { rules };
    let rules = if case.inputs.no_mapping { rules.without_mapping() } else { rules };
    if case.inputs.no_any_policy { rules.without_any() } else { rules }
}

/// What kind of error a reason should give.
fn kind(why: Why) -> ErrorKind {
    match why {
        Why::Expired | Why::NotYetValid => ErrorKind::Expired,
        Why::Revoked => ErrorKind::Revoked,
        Why::Status => ErrorKind::Undetermined,
        _ => ErrorKind::Untrusted,
    }
}

fn crl(folder: &Path, name: &str) -> Crl {
    let der = std::fs::read(folder.join(format!("crls/{name}.crl"))).unwrap();
    Crl::from_der(&der).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Judges all cases, with these certificates and CRLs beside each case's own.
fn judge_all(folder: &Path, certificates: &[Certificate], crls: &[Crl]) {
    let anchors = TrustAnchors::new([certificate(folder, cases::TRUST_ANCHOR)]).unwrap();
    let mut wrong = Vec::new();
    let mut refused = BTreeSet::new();
    for case in cases::all() {
        let target = certificate(folder, case.target());
        let own = case.crls.iter().chain([&cases::TRUST_ANCHOR_CRL]).map(|name| crl(folder, name));
        let validation = Validation::new(Purpose::Any, Revocation::Require)
            .at(Time::from_unix(cases::MOMENT))
            .intermediates(case.intermediates().map(|name| certificate(folder, name)))
            .intermediates(certificates.iter().cloned())
            .crls(own.chain(crls.iter().cloned()))
            .policies(rules(&case));
        let validation = if case.legacy { validation.legacy() } else { validation };
        let judged = validation.validate(&target, &anchors);
        let number = case.number();
        match (&judged, case.outcome) {
            (Ok(trusted), Outcome::Valid) => {
                let found: BTreeSet<String> = trusted.by().policies().map(Oid::to_string).collect();
                let stated: Option<BTreeSet<String>> =
                    case.policies.as_ref().map(|all| all.iter().map(|p| cases::policy_oid(*p)).collect());
                if stated.as_ref().is_some_and(|stated| *stated != found) {
                    wrong.push(format!("{number} {}: policies {found:?}, not {stated:?}", case.name));
                }
            }
            (Err(error), Outcome::Invalid(why)) if error.kind() == kind(why) => {}
            (Err(error), Outcome::Valid) if REFUSED.iter().any(|(name, _)| *name == number) => {
                refused.insert(number);
                assert_ne!(error.kind(), ErrorKind::OverLimit);
            }
            _ => wrong.push(format!(
                "{number} {}: {:?}, not {:?}",
                case.name,
                judged.map(|_| ()),
                case.outcome
            )),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(refused.len(), REFUSED.len(), "listed as refused, and is not");
}

#[test]
fn every_case_is_judged_as_the_document_says() {
    let Some(folder) = pyca::vectors("x509/PKITS_data") else { return };
    judge_all(&folder, &[], &[]);
}

#[test]
fn every_case_is_judged_the_same_among_all_certificates_and_crls() {
    let Some(folder) = pyca::vectors("x509/PKITS_data") else { return };
    let names = |kind: &str| {
        let files = std::fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path());
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let certificates: Vec<_> = names("certs").iter().map(|name| certificate(&folder, name)).collect();
    let crls: Vec<_> = names("crls").iter().map(|name| crl(&folder, name)).collect();
    assert!(certificates.len() > 400 && crls.len() > 170);
    judge_all(&folder, &certificates, &crls);
}
