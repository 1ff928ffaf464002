//! The facts about certificate requests, asked of `Request` one by one, and the number of certificates in PKCS #7 files.
use std::fs;
use std::path::Path;

use bulla::x509::{Bundle, ExtensionValue, Request, RequestAttribute};
use bulla::{ErrorKind, Result};

use super::certificates::{absent, basic_constraints, list, marked, name, or_absent, refusal};
use super::facts::{self, Fact, Kind};
use crate::pyca;

/// What bulla judges in another way than the table has it: file, field, what it says, and why.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    (
        "x509/requests/long-form-attribute.pem",
        "subject",
        "!malformed",
        "a tag of more than one byte, which nothing in a request has: bulla has no reader for such, as in certificates",
    ),
    (
        "x509/requests/bad-version.pem",
        "reads",
        "it is read",
        "another version is told as it stands, as that of a certificate is: whoever cares asks for it",
    ),
];

#[test]
fn every_fact_about_a_request_is_told_or_listed_with_the_reason_why_not() {
    let facts = facts::of(Kind::Request);
    assert!(facts.len() > 25, "{}", facts.len());
    let mut wrong = Vec::new();
    for fact in &facts {
        let Some(path) = pyca::vectors(fact.file) else { return };
        let told = told(&path, fact);
        let listed = DIFFERENT.iter().find(|(file, field, ..)| (*file, *field) == (fact.file, fact.field));
        let expected = listed.map_or(fact.expected, |(_, _, said, _)| said);
        if told != expected && !(expected == "!" && told.starts_with('!')) {
            wrong.push(format!("{} {}\n  expected {expected}\n  told     {told}", fact.file, fact.field));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_fact_about_a_bundle_is_told() {
    let facts = facts::of(Kind::Certificates);
    let bundles: Vec<&Fact> = facts.iter().filter(|fact| fact.file.starts_with("pkcs7/")).collect();
    assert!(!bundles.is_empty());
    for fact in bundles {
        let Some(path) = pyca::vectors(fact.file) else { return };
        let bytes = fs::read(&path).unwrap();
        let bundle = match str::from_utf8(&bytes) {
            Ok(text) => Bundle::from_pem(text),
            Err(_) => Bundle::from_der(&bytes),
        };
        assert_eq!(bundle.unwrap().certificates().count().to_string(), fact.expected, "{}", fact.file);
    }
}

fn told(path: &Path, fact: &Fact) -> String {
    let read = read(path).and_then(|request| field(&request, fact.field));
    read.unwrap_or_else(|error| refusal(error.kind()))
}

fn read(path: &Path) -> Result<Request> {
    let bytes = fs::read(path).unwrap();
    let read = match str::from_utf8(&bytes) {
        Ok(text) => Request::from_pem(text),
        Err(_) => Request::from_der(&bytes),
    };
    if let Ok(request) = &read {
        assert_eq!(Request::from_pem(&request.to_pem()).unwrap().as_der(), request.as_der());
    }
    read
}

fn field(request: &Request, field: &str) -> Result<String> {
    Ok(match field {
        "reads" => "it is read".to_owned(),
        "subject" => name(&request.subject()),
        "signature_algorithm" => request.signature_algorithm()?.to_string(),
        "possession" => {
            let verified = request.clone().verify()?;
            assert_eq!(*verified.by(), request.public_key()?);
            "proven".to_owned()
        }
        "attributes" => or_absent(request.attributes().map(|one| kind(&one)).collect::<Vec<_>>().join(" ")),
        "challenge" => {
            request.expose_challenge_password()?.map_or_else(absent, |password| password.to_string())
        }
        "extensions" => marked(request.extensions()?.into_iter()),
        "alternative_names" => or_absent(list(&request.alternative_names()?, ", ")),
        "basic_constraints" => {
            let all = request.extensions()?;
            let one = all.iter().find(|extension| extension.id().to_string() == "2.5.29.19");
            basic_constraints(match one.map(bulla::x509::Extension::decode).transpose()? {
                Some(ExtensionValue::BasicConstraints(constraints)) => Some(constraints),
                None => None,
                other => panic!("basic constraints are {other:?}"),
            })
        }
        other => panic!("not a field of requests: {other}"),
    })
}

/// The type of an attribute (RFC 2985 sections 5.4.1 and 5.4.2, appendix A).
fn kind(attribute: &RequestAttribute) -> String {
    match attribute {
        RequestAttribute::Extensions(_) => "1.2.840.113549.1.9.14".to_owned(),
        RequestAttribute::ChallengePassword => "1.2.840.113549.1.9.7".to_owned(),
        RequestAttribute::UnstructuredName(_) => "1.2.840.113549.1.9.2".to_owned(),
        RequestAttribute::Other(id, _) => id.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_proves_nothing_is_refused_for_the_reason_that_it_has() {
    for (file, kind) in [
        // Before its signature is looked at: the key has 1024 bits.
        ("x509/requests/invalid_signature.pem", ErrorKind::Unsupported),
        ("x509/requests/rsa_sha1.pem", ErrorKind::Unsupported),
        ("x509/requests/rsa_md4.pem", ErrorKind::Unsupported),
        ("x509/requests/dsa_sha1.pem", ErrorKind::Unsupported),
    ] {
        let Some(path) = pyca::vectors(file) else { return };
        assert_eq!(read(&path).unwrap().verify().unwrap_err().kind(), kind, "{file}");
    }
}
