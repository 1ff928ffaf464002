//! Extensions as text, each with what it says; those that bulla cannot read with their bytes.
use std::fmt;

use super::sct;
use super::sheet::{Sheet, hex};
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv;
use crate::x509::attribute;
use crate::x509::extension::{self, Extension, ExtensionValue};
use crate::x509::general_name::GeneralName;
use crate::x509::name_constraints::{NameConstraints, Subtree};
use crate::x509::points::{AccessDescription, AuthorityKeyIdentifier, DistributionPoint};
use crate::x509::policies::{ANY_POLICY, Policy, PolicyConstraints, PolicyMapping};
use crate::x509::revoked::RevocationReason;
use crate::x509::usage::BasicConstraints;

/// Bytes of an extension that are shown when nobody knows what they say.
const MOST: usize = 1024;

const TIMESTAMPS: KnownOid = KnownOid::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

/// Types and their names, OpenSSL's where it has one.
const NAMES: [(KnownOid, &str); 36] = [
    (extension::BASIC_CONSTRAINTS, "X509v3 Basic Constraints"),
    (extension::KEY_USAGE, "X509v3 Key Usage"),
    (extension::EXTENDED_KEY_USAGE, "X509v3 Extended Key Usage"),
    (extension::SUBJECT_ALT_NAME, "X509v3 Subject Alternative Name"),
    (extension::ISSUER_ALT_NAME, "X509v3 Issuer Alternative Name"),
    (extension::SUBJECT_KEY_ID, "X509v3 Subject Key Identifier"),
    (extension::AUTHORITY_KEY_ID, "X509v3 Authority Key Identifier"),
    (extension::NAME_CONSTRAINTS, "X509v3 Name Constraints"),
    (extension::POLICIES, "X509v3 Certificate Policies"),
    (extension::POLICY_MAPPINGS, "X509v3 Policy Mappings"),
    (extension::POLICY_CONSTRAINTS, "X509v3 Policy Constraints"),
    (extension::INHIBIT_ANY_POLICY, "X509v3 Inhibit Any Policy"),
    (extension::CRL_POINTS, "X509v3 CRL Distribution Points"),
    (extension::FRESHEST_CRL, "X509v3 Freshest CRL"),
    (extension::AUTHORITY_INFO, "Authority Information Access"),
    (extension::SUBJECT_INFO, "Subject Information Access"),
    (extension::TLS_FEATURE, "TLS Feature"),
    (extension::OCSP_NO_CHECK, "OCSP No Check"),
    (TIMESTAMPS, "CT Precertificate SCTs"),
    (KnownOid::new_unwrap("1.3.6.1.4.1.11129.2.4.3"), "CT Precertificate Poison"),
    (KnownOid::new_unwrap("2.5.29.9"), "X509v3 Subject Directory Attributes"),
    (KnownOid::new_unwrap("2.5.29.16"), "X509v3 Private Key Usage Period"),
    (KnownOid::new_unwrap("2.5.29.20"), "X509v3 CRL Number"),
    (KnownOid::new_unwrap("2.5.29.27"), "X509v3 Delta CRL Indicator"),
    (KnownOid::new_unwrap("2.5.29.28"), "X509v3 Issuing Distribution Point"),
    (KnownOid::new_unwrap("1.3.6.1.5.5.7.1.2"), "Biometric Info"),
    (KnownOid::new_unwrap("1.3.6.1.5.5.7.1.3"), "QC Statements"),
    (KnownOid::new_unwrap("1.3.6.1.5.5.7.1.12"), "Logotype"),
    (KnownOid::new_unwrap("1.2.840.113549.1.9.15"), "S/MIME Capabilities"),
    (KnownOid::new_unwrap("2.16.840.1.113730.1.1"), "Netscape Cert Type"),
    (KnownOid::new_unwrap("2.16.840.1.113730.1.13"), "Netscape Comment"),
    (KnownOid::new_unwrap("1.3.6.1.4.1.311.20.2"), "Microsoft Certificate Template Name"),
    (KnownOid::new_unwrap("1.3.6.1.4.1.311.21.1"), "Microsoft CA Version"),
    (KnownOid::new_unwrap("1.3.6.1.4.1.311.21.7"), "Microsoft Certificate Template"),
    (KnownOid::new_unwrap("1.3.6.1.4.1.311.21.10"), "Microsoft Application Policies"),
    (KnownOid::new_unwrap("1.2.840.113533.7.65.0"), "Entrust Version"),
];

fn title(id: &Oid, critical: bool) -> String {
    let name = NAMES.iter().find(|(known, _)| id.is(known));
    let name = name.map_or_else(|| id.to_string(), |(_, name)| (*name).to_owned());
    format!("{name}:{}", if critical { " critical" } else { "" })
}

/// All extensions of a SEQUENCE of them.
pub(in crate::x509) fn extensions(sheet: &mut Sheet<'_, '_>, raw: &[u8]) -> fmt::Result {
    for raw in extension::all(raw) {
        match raw.owned() {
            Some(extension) => one(sheet, &extension)?,
            None => {
                sheet.line("(an identifier that is not sound):")?;
                sheet.inside(|sheet| sheet.dump(raw.value, MOST))?;
            }
        }
    }
    Ok(())
}

/// An extension: its name, and what it says in lines below.
pub(super) fn one(sheet: &mut Sheet<'_, '_>, extension: &Extension) -> fmt::Result {
    sheet.line(title(extension.id(), extension.is_critical()))?;
    sheet.inside(|sheet| match extension.decode() {
        Ok(ExtensionValue::Other) => other(sheet, extension),
        Ok(decoded) => value(sheet, &decoded),
        Err(_) => {
            sheet.line("(not what its type allows)")?;
            sheet.dump(extension.value(), MOST)
        }
    })
}

/// As OpenSSL shows it, in several lines.
impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        one(&mut Sheet::new(f), self)
    }
}

fn value(sheet: &mut Sheet<'_, '_>, value: &ExtensionValue) -> fmt::Result {
    use ExtensionValue as Value;
    match value {
        Value::BasicConstraints(BasicConstraints { is_ca, path_length }) => {
            let length = path_length.map(|length| format!(", pathlen:{length}")).unwrap_or_default();
            sheet.line(format_args!("CA:{}{length}", if *is_ca { "TRUE" } else { "FALSE" }))
        }
        Value::KeyUsage(usage) => sheet.line(usage),
        Value::ExtendedKeyUsage(usage) => sheet.line(usage),
        Value::SubjectAltName(names) | Value::IssuerAltName(names) => sheet.line(listed(names, shown)),
        Value::SubjectKeyIdentifier(id) => sheet.line(hex(id)),
        Value::AuthorityKeyIdentifier(id) => authority(sheet, id),
        Value::NameConstraints(constraints) => name_constraints(sheet, constraints),
        Value::CertificatePolicies(policies) => policies.iter().try_for_each(|one| policy(sheet, one)),
        Value::PolicyMappings(mappings) => {
            let one = |mapping: &PolicyMapping| format!("{}:{}", mapping.issuer, mapping.subject);
            sheet.line(listed(mappings, one))
        }
        Value::PolicyConstraints(constraints) => policy_constraints(sheet, constraints),
        Value::InhibitAnyPolicy(skip) => sheet.line(skip),
        Value::CrlDistributionPoints(points) | Value::FreshestCrl(points) => {
            points.iter().try_for_each(|one| point(sheet, one))
        }
        Value::AuthorityInfoAccess(accesses) | Value::SubjectInfoAccess(accesses) => {
            accesses.iter().try_for_each(|one| access(sheet, one))
        }
        Value::TlsFeature(features) => sheet.line(listed(features, feature)),
        Value::OcspNoCheck => sheet.line("(stands for itself)"),
        Value::Other => Ok(()),
    }
}

fn listed<T>(all: &[T], one: impl Fn(&T) -> String) -> String {
    if all.is_empty() { "(empty)".to_owned() } else { all.iter().map(one).collect::<Vec<_>>().join(", ") }
}

/// A type without a reader of its own: text is shown as text, all else in bytes.
fn other(sheet: &mut Sheet<'_, '_>, extension: &Extension) -> fmt::Result {
    if extension.id().is(&TIMESTAMPS)
        && let Some(written) = sct::write(sheet, extension.value())
    {
        return written;
    }
    match text(extension.value()) {
        Some(text) => sheet.line(text),
        None => sheet.dump(extension.value(), MOST),
    }
}

/// What a single string says.
fn text(der: &[u8]) -> Option<String> {
    let mut walker = tlv::Walker::new(der);
    let value = walker.any().ok()?;
    walker.end().ok()?;
    attribute::text(value.tag, value.value())
}

/// A name with all that is in it.
fn shown(name: &GeneralName) -> String {
    /// User principal name, by which Windows knows its users.
    const UPN: KnownOid = KnownOid::new_unwrap("1.3.6.1.4.1.311.20.2.3");
    match name {
        GeneralName::Other(id, value) => {
            let id = if id.is(&UPN) { "UPN".to_owned() } else { id.to_string() };
            let value = text(value).unwrap_or_else(|| hex(value.get(..MOST).unwrap_or(value)));
            format!("othername:{id}:{value}")
        }
        name => name.to_string(),
    }
}

fn authority(sheet: &mut Sheet<'_, '_>, id: &AuthorityKeyIdentifier) -> fmt::Result {
    if let Some(key_id) = &id.key_id {
        sheet.line(format_args!("keyid:{}", hex(key_id)))?;
    }
    id.issuer.iter().try_for_each(|name| sheet.line(shown(name)))?;
    id.serial.iter().try_for_each(|serial| sheet.line(format_args!("serial:{serial}")))?;
    match id {
        AuthorityKeyIdentifier { key_id: None, serial: None, issuer } if issuer.is_empty() => {
            sheet.line("(empty)")
        }
        _ => Ok(()),
    }
}

fn name_constraints(sheet: &mut Sheet<'_, '_>, constraints: &NameConstraints) -> fmt::Result {
    let mut part = |head: &str, trees: &[Subtree]| {
        if trees.is_empty() {
            return Ok(());
        }
        sheet.line(head)?;
        sheet.inside(|sheet| trees.iter().try_for_each(|tree| sheet.line(tree)))
    };
    part("Permitted:", &constraints.permitted)?;
    part("Excluded:", &constraints.excluded)
}

fn policy(sheet: &mut Sheet<'_, '_>, policy: &Policy) -> fmt::Result {
    let any = if policy.id.is(&ANY_POLICY) { " (any policy)" } else { "" };
    sheet.line(format_args!("Policy: {}{any}", policy.id))?;
    sheet.inside(|sheet| {
        policy.statements.iter().try_for_each(|text| sheet.line(format_args!("CPS: {text}")))?;
        policy.notices.iter().try_for_each(|text| sheet.line(format_args!("User Notice: {text}")))
    })
}

fn policy_constraints(sheet: &mut Sheet<'_, '_>, constraints: &PolicyConstraints) -> fmt::Result {
    if let Some(skip) = constraints.require_explicit {
        sheet.line(format_args!("Require Explicit Policy:{skip}"))?;
    }
    match constraints.inhibit_mapping {
        Some(skip) => sheet.line(format_args!("Inhibit Policy Mapping:{skip}")),
        None => Ok(()),
    }
}

fn point(sheet: &mut Sheet<'_, '_>, point: &DistributionPoint) -> fmt::Result {
    let mut part = |head: &str, names: &[GeneralName]| {
        if names.is_empty() {
            return Ok(());
        }
        sheet.line(head)?;
        sheet.inside(|sheet| names.iter().try_for_each(|name| sheet.line(shown(name))))
    };
    part("Full Name:", &point.names)?;
    part("CRL Issuer:", &point.crl_issuer)?;
    if let Some(relative) = &point.relative {
        sheet.line("Relative Name:")?;
        sheet.inside(|sheet| sheet.dump(relative, MOST))?;
    }
    match point.reasons {
        Some(reasons) => {
            let all: Vec<RevocationReason> = reasons.iter().collect();
            sheet.line(format_args!("Reasons: {}", listed(&all, RevocationReason::to_string)))
        }
        None => Ok(()),
    }
}

fn access(sheet: &mut Sheet<'_, '_>, access: &AccessDescription) -> fmt::Result {
    let method = match access {
        _ if access.is_ocsp() => "OCSP".to_owned(),
        _ if access.is_issuers() => "CA Issuers".to_owned(),
        _ => access.method.to_string(),
    };
    sheet.line(format_args!("{method} - {}", shown(&access.location)))
}

fn feature(feature: &u32) -> String {
    match feature {
        // RFC 6066 section 8 and RFC 6961.
        5 => "status_request".to_owned(),
        17 => "status_request_v2".to_owned(),
        other => other.to_string(),
    }
}
