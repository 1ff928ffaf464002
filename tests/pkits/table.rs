//! Whether the table is whole, says what its files say, and agrees with another validator.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::cases::{ANY_POLICY, Case, MOMENT, Outcome, TRUST_ANCHOR, all, policy_oid};
use crate::{peers, pyca};

/// Tests in sections 4.1 to 4.16.
const TESTS: [u8; 16] = [6, 8, 11, 21, 8, 17, 5, 20, 8, 14, 11, 10, 38, 35, 10, 2];

#[test]
fn the_table_has_every_test_of_the_document_in_its_order() {
    let mut tests: Vec<[u8; 3]> = all().iter().map(|case| case.test).collect();
    tests.dedup();
    let document =
        (1..).zip(TESTS).flat_map(|(section, tests)| (1..=tests).map(move |test| [4, section, test]));
    assert_eq!(tests, document.collect::<Vec<_>>());
    let numbers: BTreeSet<String> = all().iter().map(Case::number).collect();
    assert_eq!(numbers.len(), all().len(), "a number stands for one case");
    assert_eq!(all().len(), 247);
}

#[test]
fn a_name_that_says_valid_or_invalid_says_the_outcome() {
    for case in all().iter().filter(|case| case.part.is_none()) {
        match case.name.split_once(' ').unwrap().0 {
            "Valid" => assert_eq!(case.outcome, Outcome::Valid, "{}", case.number()),
            "Invalid" | "Missing" => assert_ne!(case.outcome, Outcome::Valid, "{}", case.number()),
            _ => assert_eq!(case.test[1], 8, "{}: only policies are named otherwise", case.number()),
        }
    }
}

#[test]
fn the_policy_sections_have_policy_sets_and_the_others_have_none() {
    for case in all() {
        assert_eq!(case.policies.is_some(), (8..=12).contains(&case.test[1]), "{}", case.number());
    }
}

#[test]
fn every_certificate_and_crl_of_the_suite_has_a_place_in_the_table() {
    let Some(folder) = pyca::vectors("x509/PKITS_data") else { return };
    let cases = all();
    let mut named: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.path.iter().chain(&case.beside).copied()).collect();
    named.insert(TRUST_ANCHOR);
    assert_eq!(named, names(&folder.join("certs"), ".crt").iter().map(String::as_str).collect());
    let named: BTreeSet<&str> = cases.iter().flat_map(|case| case.crls.iter().copied()).collect();
    assert_eq!(named, names(&folder.join("crls"), ".crl").iter().map(String::as_str).collect());
}

fn names(folder: &Path, suffix: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.map(|file| file.strip_suffix(suffix).unwrap().to_owned()).collect()
}

/// Where OpenSSL 3.0 ends otherwise, and why.
const OPENSSL_DIFFERS: &[(&str, &str)] = &[
    ("4.1.5", "it does not hand DSA parameters down"),
    ("4.6.4", "-x509_strict wants basicConstraints to be critical"),
    ("4.14.30", "it will not take the CRL issuer's word for its own certificate"),
];

#[test]
#[ignore = "about the table, not about bulla: run it when the table changes"]
fn openssl_agrees_with_the_table() {
    let (Some(suite), Some(openssl)) = (pyca::vectors("x509/PKITS_data"), peers::find("openssl")) else {
        return;
    };
    let mut differ = Vec::new();
    for case in all() {
        let folder = tempfile::tempdir().unwrap();
        bundle(&suite, folder.path(), &case);
        let output = verify(&openssl, folder.path(), &case).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let right = case.policies.as_ref().is_none_or(|expected| user_policies(&said) == named(expected));
        if output.status.success() != (case.outcome == Outcome::Valid) || !right {
            differ.push(case.number());
        }
    }
    assert_eq!(differ, OPENSSL_DIFFERS.iter().map(|(number, _)| *number).collect::<Vec<_>>());
}

fn named(policies: &[u8]) -> BTreeSet<String> {
    let name = |policy: &u8| match *policy {
        ANY_POLICY => "X509v3 Any Policy".to_owned(),
        other => policy_oid(other),
    };
    policies.iter().map(name).collect()
}

/// What `-policy_print` says under `User Policies:`; nothing where OpenSSL did not get so far.
fn user_policies(said: &str) -> BTreeSet<String> {
    let list = said.lines().skip_while(|line| *line != "User Policies:").skip(1);
    let list = list.take_while(|line| line.starts_with(' '));
    list.filter_map(|line| line.strip_prefix("  Policy: ")).map(str::to_owned).collect()
}

fn verify(openssl: &Path, folder: &Path, case: &Case) -> Command {
    let mut command = Command::new(openssl);
    command.current_dir(folder).arg("verify").args(["-CAfile", "anchor", "-CRLfile", "crls", "-attime"]);
    command.arg(MOMENT.to_string()).args(["-crl_check_all", "-extended_crl", "-use_deltas", "-x509_strict"]);
    command.args(["-auth_level", "0", "-policy_check", "-policy_print"]);
    if case.intermediates().next().is_some() {
        command.args(["-untrusted", "intermediates"]);
    }
    for policy in &case.inputs.policies {
        command.arg("-policy").arg(policy_oid(*policy));
    }
    let inputs = &case.inputs;
    let flags = [
        (inputs.explicit, "-explicit_policy"),
        (inputs.no_mapping, "-inhibit_map"),
        (inputs.no_any_policy, "-inhibit_any"),
    ];
    command.args(flags.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag));
    command.arg("target");
    command
}

/// The files of a case as OpenSSL wants them: PEM, several in one.
fn bundle(suite: &Path, folder: &Path, case: &Case) {
    let write = |file: &str, label: &str, names: &mut dyn Iterator<Item = &str>| {
        let (place, suffix) = if label == "X509 CRL" { ("crls", "crl") } else { ("certs", "crt") };
        let der = names.map(|name| fs::read(suite.join(place).join(format!("{name}.{suffix}"))).unwrap());
        let pem: String = der.map(|der| pem(label, &der)).collect();
        fs::write(folder.join(file), pem).unwrap();
    };
    write("anchor", "CERTIFICATE", &mut std::iter::once(TRUST_ANCHOR));
    write("intermediates", "CERTIFICATE", &mut case.intermediates());
    write("target", "CERTIFICATE", &mut std::iter::once(case.target()));
    write("crls", "X509 CRL", &mut case.crls.iter().copied());
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    let text = Base64::encode_string(der);
    let lines = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.collect::<Vec<_>>().join("\n"))
}
