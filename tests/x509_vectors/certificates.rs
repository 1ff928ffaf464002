//! The facts about certificates, asked of `Certificate` one by one; and all files, odd or not, kept as they came.
use std::fs;
use std::path::Path;

use bulla::x509::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, Certificate, DistributionPoint, Extension,
    ExtensionValue, GeneralName, Name, NameConstraints, Policy, Reasons, RevocationReason, Subtree,
};
use bulla::{ErrorKind, Result};

use super::facts::{self, Kind};
use crate::pyca;

#[test]
fn every_fact_about_a_certificate_is_told() {
    let mut wrong = Vec::new();
    for fact in &facts::of(Kind::Certificate) {
        let Some(path) = pyca::vectors(fact.file) else { return };
        let told = match read(&path).and_then(|certificate| field(&certificate, fact.field, fact.expected)) {
            Ok(told) => told,
            Err(error) => refusal(error.kind()),
        };
        let any_error = fact.expected == "!" && told.starts_with('!');
        if told != fact.expected && !any_error {
            wrong.push(format!(
                "{} {}\n  expected {}\n  told     {told}",
                fact.file, fact.field, fact.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

pub(super) fn refusal(kind: ErrorKind) -> String {
    format!("!{kind:?}").to_lowercase()
}

pub(super) fn read(path: &Path) -> Result<Certificate> {
    let bytes = fs::read(path).unwrap();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("pem") => Certificate::from_pem(std::str::from_utf8(&bytes).unwrap()),
        _ => Certificate::from_der(&bytes),
    }
}

fn field(certificate: &Certificate, field: &str, expected: &str) -> Result<String> {
    Ok(match field {
        "reads" => "it is read".to_owned(),
        "version" => certificate.version().to_string(),
        "serial" => certificate.serial().to_string(),
        "subject" => name(&certificate.subject()),
        "issuer" => name(&certificate.issuer()),
        "not_before" => certificate.not_before()?.to_string(),
        "not_after" => certificate.not_after()?.to_string(),
        "signature_algorithm" => algorithm(certificate)?,
        "public_key" => certificate.public_key()?.kind().to_string(),
        "fingerprint" => certificate.fingerprint().to_string(),
        "openssl_hash" => format!("{:08x}", certificate.subject().openssl_hash()),
        "extensions" => marked(certificate.extensions()),
        "basic_constraints" => basic_constraints(certificate.basic_constraints()?),
        "key_usage" => certificate.key_usage()?.map_or_else(absent, |usage| usage.to_string()),
        "extended_key_usage" => {
            let usage = certificate.extended_key_usage()?;
            usage.map_or_else(absent, |usage| list(usage.purposes(), " "))
        }
        "alternative_names" => or_absent(list(&certificate.alternative_names()?, ", ")),
        "subject_key_identifier" => certificate.subject_key_identifier()?.map_or_else(absent, |id| hex(&id)),
        "authority_key_identifier" => {
            certificate.authority_key_identifier()?.map_or_else(absent, |id| authority(&id))
        }
        "crl_distribution_points" => points(&certificate.crl_distribution_points()?),
        "authority_info_access" => access(&certificate.authority_info_access()?),
        "signed_by" => signed_by(certificate, expected)?,
        other => decoded(certificate, other)?,
    })
}

/// An extension that has no accessor of its own.
fn decoded(certificate: &Certificate, field: &str) -> Result<String> {
    let id = match field {
        "issuer_alternative_names" => "2.5.29.18",
        "name_constraints" => "2.5.29.30",
        "policies" => "2.5.29.32",
        "policy_constraints" => "2.5.29.36",
        "freshest_crl" => "2.5.29.46",
        "inhibit_any_policy" => "2.5.29.54",
        "subject_info_access" => "1.3.6.1.5.5.7.1.11",
        "tls_features" => "1.3.6.1.5.5.7.1.24",
        other => panic!("not a field: {other}"),
    };
    let Some(extension) = certificate.extensions().find(|extension| extension.id().to_string() == id) else {
        return Ok(absent());
    };
    Ok(match extension.decode()? {
        ExtensionValue::IssuerAltName(names) => list(&names, ", "),
        ExtensionValue::NameConstraints(constraints) => name_constraints(&constraints),
        ExtensionValue::CertificatePolicies(all) => all.iter().map(policy).collect::<Vec<_>>().join(" | "),
        ExtensionValue::PolicyConstraints(constraints) => {
            let explicit = constraints.require_explicit.map(|after| format!("explicit {after}"));
            let mapping = constraints.inhibit_mapping.map(|after| format!("mapping {after}"));
            explicit.into_iter().chain(mapping).collect::<Vec<_>>().join(", ")
        }
        ExtensionValue::FreshestCrl(all) => points(&all),
        ExtensionValue::InhibitAnyPolicy(after) => after.to_string(),
        ExtensionValue::SubjectInfoAccess(all) => access(&all),
        ExtensionValue::TlsFeature(features) => list(&features, " "),
        other => panic!("{field} is {other:?}"),
    })
}

pub(super) fn absent() -> String {
    "-".to_owned()
}

pub(super) fn or_absent(list: String) -> String {
    if list.is_empty() { absent() } else { list }
}

pub(super) fn list<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn name(name: &Name) -> String {
    if name.is_empty() { "(empty)".to_owned() } else { name.to_string() }
}

fn algorithm(certificate: &Certificate) -> Result<String> {
    let algorithm = certificate.signature_algorithm()?;
    Ok(match algorithm {
        bulla::SignatureAlgorithm::RsaPss { digest, salt, .. } => {
            format!("{algorithm} {digest:?} {salt}").replace("Sha", "sha")
        }
        _ => algorithm.to_string(),
    })
}

/// Their types, the critical ones with a star.
pub(super) fn marked(all: impl Iterator<Item = Extension>) -> String {
    let star = |critical| if critical { "*" } else { "" };
    let all = all.map(|extension| format!("{}{}", extension.id(), star(extension.is_critical())));
    or_absent(all.collect::<Vec<_>>().join(" "))
}

pub(super) fn basic_constraints(constraints: Option<BasicConstraints>) -> String {
    let Some(constraints) = constraints else { return absent() };
    let who = if constraints.is_ca { "CA" } else { "no CA" };
    let length = constraints.path_length.map(|length| format!(", path length {length}"));
    format!("{who}{}", length.unwrap_or_default())
}

fn authority(id: &AuthorityKeyIdentifier) -> String {
    let key = id.key_id.as_ref().map(|key| hex(key));
    let issuer = (!id.issuer.is_empty()).then(|| list(&id.issuer, ", "));
    let serial = id.serial.as_ref().map(ToString::to_string);
    [key, issuer, serial].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn points(all: &[DistributionPoint]) -> String {
    let one = |point: &DistributionPoint| {
        let names = |names: &[GeneralName]| (!names.is_empty()).then(|| list(names, ", "));
        let reasons =
            |reasons: Reasons| reasons.iter().map(RevocationReason::name).collect::<Vec<_>>().join(" ");
        let reasons = point.reasons.map(|some| format!("for {}", reasons(some)));
        let issuer = names(&point.crl_issuer).map(|issuer| format!("by {issuer}"));
        let parts = [names(&point.names), reasons, issuer];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    };
    or_absent(all.iter().map(one).collect::<Vec<_>>().join(" | "))
}

fn access(all: &[AccessDescription]) -> String {
    let one = |access: &AccessDescription| format!("{} {}", access.method, access.location);
    or_absent(all.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn policy(policy: &Policy) -> String {
    let statements =
        (!policy.statements.is_empty()).then(|| format!("; statements {}", policy.statements.join(" ")));
    let notices = (!policy.notices.is_empty()).then(|| format!("; notices {}", policy.notices.join(" ")));
    format!("{}{}{}", policy.id, statements.unwrap_or_default(), notices.unwrap_or_default())
}

fn name_constraints(constraints: &NameConstraints) -> String {
    let part =
        |word: &str, trees: &[Subtree]| (!trees.is_empty()).then(|| format!("{word} {}", list(trees, ", ")));
    let parts = [part("permitted", &constraints.permitted), part("excluded", &constraints.excluded)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The issuer's file if its key made the signature.
fn signed_by(certificate: &Certificate, issuer: &str) -> Result<String> {
    let path = pyca::vectors(issuer).unwrap();
    let key = read(&path)?.public_key()?;
    let signed = key.verify_plain(certificate.as_signed(), certificate.signature())?;
    assert_eq!(*signed.get(), certificate.as_signed());
    Ok(issuer.to_owned())
}

#[test]
fn a_text_with_several_certificates_gives_them_all() {
    for fact in facts::of(Kind::Certificates).iter().filter(|fact| fact.file.starts_with("x509/")) {
        let Some(path) = pyca::vectors(fact.file) else { return };
        let all = Certificate::all_from_pem(&fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(all.len().to_string(), fact.expected, "{}", fact.file);
    }
}
