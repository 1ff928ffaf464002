//! The CRLs and OCSP responses of Python's `cryptography` and of NIST's PKITS: what is in each.
use std::fmt::Write;
use std::fs;
use std::path::Path;

use bulla::x509::{
    Certificate, CertificateStatus, Crl, CrlNumber, GeneralName, IssuingDistributionPoint, OcspRequest,
    OcspResponse, OcspResponseStatus, ResponderId, RevocationReason, Revoked,
};
use bulla::{Error, ErrorKind};

use crate::facts::{self, Fact, Kind};
use crate::pyca;

/// Why there is nothing to compare.
#[derive(Debug)]
struct Refused(ErrorKind);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused(error.kind())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn names(names: &[GeneralName]) -> String {
    names.iter().map(GeneralName::to_string).collect::<Vec<_>>().join(", ")
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn certificate(file: &Path) -> Certificate {
    let bytes = fs::read(file).unwrap();
    match str::from_utf8(&bytes) {
        Ok(text) => Certificate::from_pem(text).unwrap(),
        Err(_) => Certificate::from_der(&bytes).unwrap(),
    }
}

fn crl(file: &Path) -> Result<Crl, Error> {
    let bytes = fs::read(file).unwrap();
    match str::from_utf8(&bytes) {
        Ok(text) if text.contains("-----BEGIN") => Crl::from_pem(text),
        _ => Crl::from_der(&bytes),
    }
}

fn entry(entry: &Revoked<'_>) -> Result<String, Error> {
    let mut text = format!("{}; {}", entry.serial(), entry.at()?);
    if let Some(reason) = entry.reason()? {
        write!(text, "; {}", reason.name()).unwrap();
    }
    if let Some(since) = entry.invalidity_date()? {
        write!(text, "; invalid since {since}").unwrap();
    }
    let issuers = entry.certificate_issuer()?;
    if entry.extensions().any(|extension| extension.id().to_string() == "2.5.29.29") {
        write!(text, "; of {}", names(&issuers)).unwrap();
    }
    Ok(text)
}

fn scope(point: &IssuingDistributionPoint) -> String {
    let mut parts = Vec::new();
    if let Some(relative) = &point.relative {
        // A SET of one attribute: as a name of one part.
        let header = [0x30, u8::try_from(relative.len()).unwrap()];
        let name = bulla::x509::Name::from_der(&[&header, &relative[..]].concat()).unwrap();
        parts.push(format!("relative {name}"));
    }
    if !point.names.is_empty() {
        parts.push(names(&point.names));
    }
    for (there, text) in [
        (point.only_user_certificates, "only users"),
        (point.only_ca_certificates, "only CAs"),
        (point.only_attribute_certificates, "only attributes"),
    ] {
        parts.extend(there.then(|| text.to_owned()));
    }
    if let Some(reasons) = point.only_some_reasons {
        let some: Vec<&str> = reasons.iter().map(RevocationReason::name).collect();
        parts.push(format!("for {}", some.join(" ")));
    }
    parts.extend(point.is_indirect.then(|| "indirect".to_owned()));
    parts.join("; ")
}

/// Numbers of CRLs stand there in hexadecimal.
fn number(text: &str, found: Option<CrlNumber>) -> String {
    let expected = u64::from_str_radix(&text.replace(':', ""), 16).unwrap();
    if found == Some(CrlNumber::from(expected)) { text.to_owned() } else { or_dash(found) }
}

/// What bulla says of a field of a CRL.
fn of_crl(file: &Path, fact: &Fact) -> Result<String, Refused> {
    let crl = crl(file)?;
    let (field, expected) = (fact.field, fact.expected);
    Ok(match field {
        "reads" => "yes".to_owned(),
        "issuer" => crl.issuer().to_string(),
        "this_update" => crl.this_update()?.to_string(),
        "next_update" => or_dash(crl.next_update()?),
        "entries" => crl.revoked().count().to_string(),
        "signature_algorithm" => crl.signature_algorithm()?.to_string(),
        "number" => number(expected, crl.number()?),
        "base" => number(expected, crl.delta_base()?),
        "authority_key_identifier" => {
            hex(&crl.authority_key_identifier()?.and_then(|identifier| identifier.key_id).unwrap())
        }
        "issuing_point" => scope(&crl.issuing_distribution_point()?.unwrap()),
        "extensions" => {
            crl.extensions().map(|extension| extension.id().to_string()).collect::<Vec<_>>().join(" ")
        }
        "entry" => {
            let (which, _) = expected.split_once(' ').unwrap();
            let found = crl.revoked().nth(which.parse().unwrap()).unwrap();
            format!("{which} {}", entry(&found)?)
        }
        "signed_by" => {
            let issuer = pyca::vectors(expected.trim_start_matches('!')).unwrap();
            crl.verify(&certificate(&issuer)).map(|_| expected.to_owned())?
        }
        other => panic!("not a field of CRLs: {other}"),
    })
}

fn status(status: CertificateStatus) -> String {
    match status {
        CertificateStatus::Good => "good".to_owned(),
        CertificateStatus::Unknown => "unknown".to_owned(),
        CertificateStatus::Revoked { at, reason: None, .. } => format!("revoked {at}"),
        CertificateStatus::Revoked { at, reason: Some(reason), .. } => {
            format!("revoked {at} {}", reason.name())
        }
        other => panic!("{other:?}"),
    }
}

/// What bulla says of a field of an OCSP response.
fn of_ocsp(file: &Path, fact: &Fact) -> Result<String, Refused> {
    let response = OcspResponse::from_der(&fs::read(file).unwrap())?;
    let first =
        || -> Result<_, Refused> { Ok(response.answers().next().ok_or(Refused(ErrorKind::Undetermined))??) };
    Ok(match fact.field {
        "reads" => "yes".to_owned(),
        "status" if response.status() == OcspResponseStatus::Successful => "successful".to_owned(),
        "status" => format!("{:?}", response.status()).to_lowercase(),
        "responder" => match response.responder()? {
            ResponderId::Name(name) => name.to_string(),
            ResponderId::KeyHash(hash) => hex(&hash),
            other => panic!("{other:?}"),
        },
        "produced" => response.produced_at()?.to_string(),
        "certificate_status" => status(first()?.status),
        "valid" => format!("{} {}", first()?.this_update, or_dash(first()?.next_update)),
        "serial" => first()?.serial.to_string(),
        "signature_algorithm" => response.signature_algorithm()?.to_string(),
        "certificates" => {
            let subjects: Result<Vec<String>, Error> =
                response.certificates().map(|found| Ok(found?.subject().to_string())).collect();
            subjects?.join(", ")
        }
        "nonce" => hex(&response.nonce()?.unwrap()),
        "responses" => response.answers().count().to_string(),
        "extensions" => {
            response.extensions().map(|extension| extension.id().to_string()).collect::<Vec<_>>().join(" ")
        }
        other => panic!("not a field of OCSP responses: {other}"),
    })
}

/// All facts of a kind of file that do not hold.
fn wrong(kind: Kind, of: fn(&Path, &Fact) -> Result<String, Refused>) -> Vec<String> {
    let facts = facts::of(kind);
    assert!(facts.len() > 20);
    let mut wrong = Vec::new();
    for fact in facts {
        let Some(file) = pyca::vectors(fact.file) else { return Vec::new() };
        let found = of(&file, &fact);
        // `entry 0 !malformed` has the error behind the number.
        let error = fact.expected.split(' ').find_map(|word| word.strip_prefix('!'));
        let holds = match (&found, error) {
            (Ok(found), None) => found == fact.expected,
            (Err(Refused(kind)), Some("malformed")) => *kind == ErrorKind::Malformed,
            (Err(Refused(kind)), Some("unsupported")) => *kind == ErrorKind::Unsupported,
            (Err(Refused(kind)), Some(_)) if fact.field == "signed_by" => *kind == ErrorKind::Unauthentic,
            (Err(_), Some("")) => true,
            _ => false,
        };
        if !holds {
            wrong.push(format!("{}: {} is {found:?} and not {}", fact.file, fact.field, fact.expected));
        }
    }
    wrong
}

#[test]
fn what_is_in_pythons_crls_is_read() {
    assert_eq!(wrong(Kind::Crl, of_crl), [""; 0]);
}

#[test]
fn what_is_in_pythons_ocsp_responses_is_read() {
    assert_eq!(wrong(Kind::Ocsp, of_ocsp), [""; 0]);
}

#[test]
fn a_request_names_a_certificate_by_the_hashes_that_python_finds() {
    let facts = facts::of(Kind::OcspRequest);
    let asks = facts.iter().find(|fact| fact.field == "asks").unwrap();
    let (Some(file), Some(issuer)) = (pyca::vectors(asks.file), pyca::vectors(asks.expected)) else { return };
    let request = OcspRequest::about(&certificate(&file), &certificate(&issuer)).unwrap();
    let hashes = facts.iter().find(|fact| fact.field == "sha1").unwrap().expected;
    for hash in hashes.split(' ') {
        assert_eq!(hash.len(), 40);
        assert!(hex(request.as_der()).contains(hash), "{hash}");
    }
}

/// The files of a folder of PKITS, by their names.
fn pkits(folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let folder = pyca::vectors(&format!("x509/PKITS_data/{folder}"))?;
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    Some(
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect(),
    )
}

/// What OpenSSL calls a delta CRL, and what an indirect one.
const DELTA: [&str; 4] =
    ["deltaCRLCA1deltaCRL", "deltaCRLCA2deltaCRL", "deltaCRLCA3deltaCRL", "deltaCRLIndicatorNoBaseCACRL"];
const INDIRECT: [&str; 4] =
    ["indirectCRLCA1CRL", "indirectCRLCA3cRLIssuerCRL", "indirectCRLCA4cRLIssuerCRL", "indirectCRLCA5CRL"];

/// A signature or an issuer that is meant to be wrong, keys that may not sign CRLs, and DSA.
const REFUSED: [&str; 7] = [
    "BadCRLIssuerNameCACRL",
    "BadCRLSignatureCACRL",
    "DSACACRL",
    "DSAParametersInheritedCACRL",
    "TwoCRLsCABadCRL",
    "keyUsageCriticalcRLSignFalseCACRL",
    "keyUsageNotCriticalcRLSignFalseCACRL",
];

#[test]
fn every_crl_of_pkits_is_read_and_its_signature_judged() {
    let (Some(crls), Some(certificates)) = (pkits("crls"), pkits("certs")) else { return };
    assert_eq!(crls.len(), 173);
    let issuers: Vec<Certificate> =
        certificates.iter().filter_map(|(_, der)| Certificate::from_der(der).ok()).collect();
    let (mut delta, mut indirect, mut refused, mut entries) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (file, der) in &crls {
        let file = file.trim_end_matches(".crl");
        let crl = Crl::from_der(der).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(crl.as_der(), der);
        assert_eq!(Crl::from_pem(&crl.to_pem()).unwrap(), crl);
        for revoked in crl.revoked() {
            entry(&revoked).unwrap_or_else(|error| panic!("{file}: {error}"));
            entries += 1;
        }
        assert_eq!(crl.is_delta(), crl.delta_base().unwrap().is_some(), "{file}");
        delta.extend(crl.is_delta().then_some(file));
        let point = crl.issuing_distribution_point().unwrap_or_else(|error| panic!("{file}: {error}"));
        indirect.extend(point.is_some_and(|point| point.is_indirect).then_some(file));
        let verified = issuers.iter().any(|issuer| crl.verify(issuer).is_ok());
        refused.extend((!verified).then_some(file));
    }
    for found in [&mut delta, &mut indirect, &mut refused] {
        found.sort_unstable();
    }
    assert_eq!((delta, indirect, entries), (DELTA.to_vec(), INDIRECT.to_vec(), 40));
    assert_eq!(refused, REFUSED);
}
