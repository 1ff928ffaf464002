//! What an issuer may ask for beyond the profile, and in which form: extensions, URIs, name constraints.
use super::address::{EmailAddress, is_host};
use super::certificate::Certificate;
use super::extension::{self, Extension};
use super::name_constraints::Subtree;
use super::path::{Purpose, Revocation, Validation};
use super::trust::TrustAnchors;
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::error::{Error, Result};

/// What bulla sets itself, and what said the same in other times and houses: Netscape's certificate type, X.509's
/// extensions of 1994, Microsoft's application policies, and proxy certificates, which leaves issue (RFC 3820).
const OURS: [(KnownOid, &str); 14] = [
    (extension::BASIC_CONSTRAINTS, "whether it is an authority's follows from how it is issued"),
    (extension::KEY_USAGE, "the key usage follows from the profile and the key"),
    (extension::EXTENDED_KEY_USAGE, "the extended key usage follows from the profile"),
    (extension::SUBJECT_ALT_NAME, "the alternative names are the profile's"),
    (extension::SUBJECT_KEY_ID, "key identifiers follow from the keys"),
    (extension::AUTHORITY_KEY_ID, "key identifiers follow from the keys"),
    (extension::NAME_CONSTRAINTS, "name constraints are set by `permit` and `exclude`"),
    (KnownOid::new_unwrap("2.16.840.1.113730.1.1"), "the profile says what Netscape's certificate type did"),
    (KnownOid::new_unwrap("2.5.29.4"), "the key usage follows from the profile and the key"),
    (KnownOid::new_unwrap("2.5.29.7"), "the alternative names are the profile's"),
    (KnownOid::new_unwrap("2.5.29.8"), "the alternative names are the profile's"),
    (KnownOid::new_unwrap("2.5.29.10"), "whether it is an authority's follows from how it is issued"),
    (KnownOid::new_unwrap("1.3.6.1.4.1.311.21.10"), "the extended key usage follows from the profile"),
    (KnownOid::new_unwrap("1.3.6.1.5.5.7.1.14"), "leaves issue nothing, and no proxies"),
];

/// What constrains policies, in certificates of authorities only (RFC 5280 sections 4.2.1.5, 4.2.1.11, 4.2.1.14).
const OF_AUTHORITIES: [KnownOid; 3] =
    [extension::POLICY_MAPPINGS, extension::POLICY_CONSTRAINTS, extension::INHIBIT_ANY_POLICY];

/// Whether an extension may go beside these into a certificate, a leaf's or an authority's.
pub(super) fn check_extra(extra: &Extension, all: &[Extension], is_leaf: bool) -> Result<()> {
    let why = match OURS.iter().find(|(id, _)| extra.id().is(id)) {
        Some((_, why)) => *why,
        None if is_leaf && OF_AUTHORITIES.iter().any(|id| extra.id().is(id)) => "it is for authorities only",
        None if all.iter().any(|other| other.id() == extra.id()) => "it is there already",
        None => return Ok(()),
    };
    Err(Error::usage("certificate", format!("extension {} is refused: {why}", extra.id()), "leave it out"))
}

/// Reads what was made, before it is given out.
pub(super) fn read_again(der: &[u8], chain: &[Certificate]) -> Result<Certificate> {
    let certificate = Certificate::from_der(der).map_err(|error| {
        let hint = "ask for fewer names, policies and extensions";
        Error::usage("certificate", format!("bulla would not read it: {error}"), hint)
    })?;
    for extension in certificate.extensions() {
        extension.decode().map_err(|_| {
            let why = format!("extension {} is not what its type allows", extension.id());
            Error::usage("certificate", why, "change its value")
        })?;
    }
    check_names(&certificate, chain)?;
    Ok(certificate)
}

/// Whether name constraints above permit the names: then the whole path has to hold, up to the top of the chain.
///
/// Without any, nothing above is looked at: what the caller adds, such as critical extensions of a type that bulla does
/// not know, is on the caller.
fn check_names(certificate: &Certificate, chain: &[Certificate]) -> Result<()> {
    let constrains =
        |above: &Certificate| above.extensions().any(|it| it.id().is(&extension::NAME_CONSTRAINTS));
    let Some(top) = chain.last().filter(|_| chain.iter().any(constrains)) else { return Ok(()) };
    // When all are valid, if ever they are.
    let starts = chain.iter().map(Certificate::not_before).collect::<Result<Vec<_>>>()?;
    let start = starts.into_iter().fold(certificate.not_before()?, Time::max);
    let validation = Validation::new(Purpose::Any, Revocation::Off).at(start).intermediates(chain.to_vec());
    let held = validation.validate(certificate, &TrustAnchors::new([top.clone()])?);
    held.map(drop).map_err(|error| {
        let hint = "ask for names that the authorities above may certify";
        Error::usage("certificate", format!("it would be trusted by nobody: {error}"), hint)
    })
}

/// An absolute URI in ASCII, as RFC 5280 section 4.2.1.6 asks. What is there is not looked at.
pub(super) fn check_uri(uri: &str) -> Result<()> {
    let sound = uri.split_once("://").is_some_and(|(scheme, rest)| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(plain) && !rest.is_empty()
    });
    if sound && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::usage("certificate", "a URI in it is none", "write it like http://example.org/ca.crl"))
}

/// Whether a subtree says what others will understand.
pub(super) fn check_subtree(tree: &Subtree) -> Result<()> {
    let domain = |text: &str| is_host(text.strip_prefix('.').unwrap_or(text));
    let sound = match tree {
        Subtree::Email(text) if text.contains('@') => text.is_ascii() && EmailAddress::read(text).is_some(),
        Subtree::Email(text) | Subtree::Uri(text) => domain(text),
        // No leading dot: RFC 5280 section 4.2.1.10 has none for hosts, and programs differ.
        Subtree::Dns(text) => text.is_empty() || is_host(text),
        Subtree::Ip(address, mask) => address.is_ipv4() == mask.is_ipv4(),
        Subtree::Directory(name) => !name.is_empty(),
        Subtree::Other(_) => false,
    };
    if sound {
        return Ok(());
    }
    let hint = "write hosts like example.org, mailboxes like bob@example.org, networks as address and mask";
    Err(Error::usage("certificate", format!("a name constraint is none: {tree}"), hint))
}
