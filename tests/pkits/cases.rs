//! The table `cases.txt`, read: every test of PKITS, what goes in and what must come out.
//!
//! The paths and CRLs are those that NIST's own signed messages carry (`smime/` beside the certificates, but for 4.14.18,
//! whose message holds the next test's certificate); the inputs and outcomes are those of the document.
#![allow(dead_code, reason = "each test uses a part of it")]

/// The anchor of every path.
pub(crate) const TRUST_ANCHOR: &str = "TrustAnchorRootCertificate";

/// The anchor's CRL, which belongs to every case.
pub(crate) const TRUST_ANCHOR_CRL: &str = "TrustAnchorRootCRL";

/// When to judge: 2020-01-01T00:00:00Z. All that is meant to be in date is so from 2011 to 2030.
pub(crate) const MOMENT: i64 = 1_577_836_800;

/// `anyPolicy` in a set of policies; 1 to 8 are `NIST-test-policy-1` and so on.
pub(crate) const ANY_POLICY: u8 = 0;

/// The object identifier of a policy that is named by its number.
pub(crate) fn policy_oid(policy: u8) -> String {
    match policy {
        ANY_POLICY => "2.5.29.32.0".to_owned(),
        number => format!("2.16.840.1.101.3.2.1.48.{number}"),
    }
}

/// One test of the document, or one part of a test that has several.
///
/// Certificates and CRLs are named as their files are, without `.crt` and `.crl`.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Of the document: `[4, 8, 1]` is the first test of section 4.8.
    pub(crate) test: [u8; 3],
    /// From 1 on. `None` if the test is not divided.
    pub(crate) part: Option<u8>,
    pub(crate) name: &'static str,
    /// The certificates below the anchor, the end entity's last.
    pub(crate) path: Vec<&'static str>,
    /// Certificates of those who sign a CRL and are not on the path.
    pub(crate) beside: Vec<&'static str>,
    pub(crate) crls: Vec<&'static str>,
    pub(crate) inputs: Inputs,
    pub(crate) outcome: Outcome,
    /// The user-constrained policy set, where the document gives one: also where the path is invalid.
    pub(crate) policies: Option<Vec<u8>>,
    /// DSA: to be judged on the legacy path only, and refused on the other.
    pub(crate) legacy: bool,
    /// What the case is about, in short.
    pub(crate) about: &'static str,
}

/// What the validator is given (RFC 5280, section 6.1.1, (c) and (e) to (g)).
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// The user-initial-policy-set.
    pub(crate) policies: Vec<u8>,
    /// initial-explicit-policy.
    pub(crate) explicit: bool,
    /// initial-policy-mapping-inhibit.
    pub(crate) no_mapping: bool,
    /// initial-any-policy-inhibit.
    pub(crate) no_any_policy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Valid,
    Invalid(Why),
}

/// The check that the path must fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Signature,
    NotYetValid,
    Expired,
    /// Nobody there has the name of the issuer.
    NoIssuer,
    Revoked,
    /// No usable CRL says whether it is revoked.
    Status,
    /// An issuer that is no CA. In 4.5.8 its certificate may not sign certificates, either.
    NotCa,
    PathLength,
    KeyUsage,
    /// A policy is required, and none is left.
    Policy,
    /// A mapping from or to anyPolicy.
    Mapping,
    Names,
    /// An unknown critical extension.
    Extension,
}

impl Case {
    /// As the document numbers it: `4.8.1`, and `4.8.1.3` for the third part.
    pub(crate) fn number(&self) -> String {
        let numbers = self.test.iter().chain(&self.part).map(u8::to_string);
        numbers.collect::<Vec<_>>().join(".")
    }

    /// The certificate that is judged.
    pub(crate) fn target(&self) -> &'static str {
        self.path.last().unwrap()
    }

    /// The certificates that a validator finds besides, in no certain order.
    pub(crate) fn intermediates(&self) -> impl Iterator<Item = &'static str> {
        self.path.iter().rev().skip(1).chain(&self.beside).copied()
    }
}

/// All of them, in the order of the document. Panics where the table cannot be read.
pub(crate) fn all() -> Vec<Case> {
    let lines = include_str!("cases.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut cases: Vec<Case> = Vec::new();
    let mut open = None;
    for line in lines {
        let Some(field) = line.strip_prefix("    ") else {
            open = Some(heading(line));
            continue;
        };
        let test = open.as_mut().expect("a field is of a test");
        match field.split_once(' ').unwrap_or_else(|| panic!("not a field: {line}")) {
            ("path", names) => test.path = names.split(' ').collect(),
            ("beside", names) => test.beside = names.split(' ').collect(),
            ("crls", names) => test.crls.extend(names.split(' ')),
            _ => {
                test.part = test.part.map(|part| part + 1);
                cases.push(outcome(test.clone(), field));
            }
        }
    }
    let parts = |test| cases.iter().filter(|case| case.test == test).count();
    let parts: Vec<usize> = cases.iter().map(|case| parts(case.test)).collect();
    for (case, _) in cases.iter_mut().zip(parts).filter(|(_, parts)| *parts == 1) {
        case.part = None;
    }
    cases
}

/// `4.1.1 Valid Signatures Test1`
fn heading(line: &'static str) -> Case {
    let (number, name) = line.split_once(' ').unwrap_or_else(|| panic!("not a test: {line}"));
    let numbers: Vec<u8> = number.split('.').map(|number| number.parse().unwrap()).collect();
    Case {
        test: numbers.try_into().unwrap_or_else(|_| panic!("three numbers are expected: {line}")),
        part: Some(0),
        name,
        path: Vec::new(),
        beside: Vec::new(),
        crls: vec![TRUST_ANCHOR_CRL],
        inputs: Inputs {
            policies: vec![ANY_POLICY],
            explicit: false,
            no_mapping: false,
            no_any_policy: false,
        },
        outcome: Outcome::Valid,
        policies: None,
        legacy: false,
        about: "",
    }
}

/// `invalid Policy {} given initial 2, explicit: policy 2 is asked for`
fn outcome(mut case: Case, line: &'static str) -> Case {
    let (what, about) = line.split_once(": ").unwrap_or_else(|| panic!("not an outcome: {line}"));
    case.about = about;
    let (mut what, given) = what.split_once(" given ").unwrap_or((what, ""));
    for input in given.split(", ").filter(|input| !input.is_empty()) {
        match input.split_once(' ') {
            None if input == "explicit" => case.inputs.explicit = true,
            None if input == "no-mapping" => case.inputs.no_mapping = true,
            None if input == "no-any-policy" => case.inputs.no_any_policy = true,
            Some(("initial", numbers)) => case.inputs.policies = policies(numbers),
            _ => panic!("not an input: {input}"),
        }
    }
    if let Some((before, set)) = what.strip_suffix('}').and_then(|what| what.split_once(" {")) {
        (what, case.policies) = (before, Some(policies(set)));
    }
    if let Some(before) = what.strip_suffix(" legacy") {
        (what, case.legacy) = (before, true);
    }
    case.outcome = match what.split_once(' ') {
        None if what == "valid" => Outcome::Valid,
        Some(("invalid", why)) => Outcome::Invalid(reason(why)),
        _ => panic!("not an outcome: {line}"),
    };
    case
}

fn policies(numbers: &str) -> Vec<u8> {
    let number = |word: &str| if word == "*" { ANY_POLICY } else { word.parse().unwrap() };
    numbers.split(' ').filter(|word| !word.is_empty()).map(number).collect()
}

fn reason(word: &str) -> Why {
    let all = [
        Why::Signature,
        Why::NotYetValid,
        Why::Expired,
        Why::NoIssuer,
        Why::Revoked,
        Why::Status,
        Why::NotCa,
        Why::PathLength,
        Why::KeyUsage,
        Why::Policy,
        Why::Mapping,
        Why::Names,
        Why::Extension,
    ];
    all.into_iter().find(|why| format!("{why:?}") == word).unwrap_or_else(|| panic!("not a reason: {word}"))
}
