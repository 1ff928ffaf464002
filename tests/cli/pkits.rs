//! `bulla cert verify` judges every case of PKITS as the document says, with files and flags alone.
use serde_json::Value;

use super::lab::{Lab, outcome};
use crate::pkits_cases::{self as cases, Case, Outcome, Why};
use crate::pyca;

/// Cases that are valid and that bulla refuses; tests/pkits/judged.rs has the reasons.
const REFUSED: [&str; 2] = ["4.1.5", "4.14.30"];

fn words(case: &Case, folder: &str) -> Vec<String> {
    let file = |kind: &str, name: &str, end: &str| format!("{folder}/{kind}/{name}.{end}");
    let mut words: Vec<String> = ["cert", "verify", "--json", "--purpose", "any", "--revocation", "require"]
        .map(str::to_owned)
        .to_vec();
    words.extend(["--at", "2020-01-01T00:00:00Z", "--trust"].map(str::to_owned));
    words.push(file("certs", cases::TRUST_ANCHOR, "crt"));
    // A list after one flag, and one flag for each: both are the contract.
    let others: Vec<String> = case.intermediates().map(|name| file("certs", name, "crt")).collect();
    if !others.is_empty() {
        words.push("--untrusted".to_owned());
        words.extend(others);
    }
    for name in case.crls.iter().chain([&cases::TRUST_ANCHOR_CRL]) {
        words.extend(["--crl".to_owned(), file("crls", name, "crl")]);
    }
    for policy in &case.inputs.policies {
        words.extend(["--policy".to_owned(), cases::policy_oid(*policy)]);
    }
    for (given, flag) in [
        (case.inputs.explicit, "--require-policy"),
        (case.inputs.no_mapping, "--no-policy-mapping"),
        (case.inputs.no_any_policy, "--no-any-policy"),
        (case.legacy, "--legacy"),
    ] {
        words.extend(given.then(|| flag.to_owned()));
    }
    words.push(file("certs", case.target(), "crt"));
    words
}

fn code(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Valid => 0,
        Outcome::Invalid(Why::Status) => 5,
        Outcome::Invalid(_) => 1,
    }
}

#[test]
fn cert_verify_judges_pkits_as_the_document_says() {
    let Some(folder) = pyca::vectors("x509/PKITS_data") else { return };
    let folder = folder.to_str().unwrap();
    let lab = Lab::new();
    let mut wrong = Vec::new();
    for case in cases::all() {
        let number = case.number();
        let run = outcome(&mut lab.command(&words(&case, folder)));
        let refused = REFUSED.contains(&number.as_str()) && run.code != Some(0);
        if run.code != Some(code(case.outcome)) && !refused {
            wrong.push(format!("{number} {}: {:?} {}", case.name, run.code, run.err));
        }
        if let (Some(0), Some(stated)) = (run.code, &case.policies) {
            let report: Value = serde_json::from_slice(&run.out).unwrap();
            let mut stated: Vec<String> = stated.iter().map(|policy| cases::policy_oid(*policy)).collect();
            stated.sort();
            let mut found: Vec<&str> =
                report["policies"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
            found.sort_unstable();
            if found != stated {
                wrong.push(format!("{number} {}: policies {found:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
