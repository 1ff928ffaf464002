//! Certificates, requests and CRLs as reports for machines.
use bulla::Time;
use bulla::x509::{
    Certificate, Crl, Extension, GeneralName, KeyUsage, Oid, Request, RevocationReason, Revoked,
};
use serde_json::{Value, json};

/// Enough to know a certificate again.
pub(crate) fn summary(certificate: &Certificate) -> Value {
    json!({
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial().to_string(),
        "not_before": moment(certificate.not_before()),
        "not_after": moment(certificate.not_after()),
        "fingerprint": certificate.fingerprint().to_string(),
    })
}

/// All of it. What cannot be read is null.
pub(crate) fn certificate(certificate: &Certificate) -> Value {
    let constraints = certificate.basic_constraints().ok().flatten();
    let usage = certificate.key_usage().ok().flatten();
    let purposes = certificate.extended_key_usage().ok().flatten();
    let mut report = summary(certificate);
    let more = json!({
        "type": "certificate",
        "version": certificate.version(),
        "public_key": public_key(certificate.public_key()),
        "signature_algorithm": certificate.signature_algorithm().ok().map(|algorithm| algorithm.to_string()),
        "is_ca": constraints.map(|constraints| constraints.is_ca),
        "path_length": constraints.and_then(|constraints| constraints.path_length),
        "key_usage": usage.map(usages),
        "extended_key_usage": purposes.map(|purposes| purposes.purposes().iter().map(purpose).collect::<Vec<_>>()),
        "alternative_names": certificate.alternative_names().ok().map(|names| texts(&names)),
        "subject_key_identifier": certificate.subject_key_identifier().ok().flatten().map(|id| hex(&id)),
        "extensions": certificate.extensions().map(|extension| self::extension(&extension)).collect::<Vec<_>>(),
    });
    merge(&mut report, more);
    report
}

/// A request, and whether whoever made it has the private key.
pub(crate) fn request(request: &Request) -> Value {
    json!({
        "type": "request",
        "subject": request.subject().to_string(),
        "public_key": public_key(request.public_key()),
        "signature_algorithm": request.signature_algorithm().ok().map(|algorithm| algorithm.to_string()),
        "possession": request.clone().verify().is_ok(),
        "alternative_names": request.alternative_names().ok().map(|names| texts(&names)),
        "extensions": request.extensions().ok()
            .map(|all| all.iter().map(extension).collect::<Vec<_>>()),
    })
}

/// A CRL with its entries.
pub(crate) fn crl(crl: &Crl) -> Value {
    json!({
        "type": "crl",
        "issuer": crl.issuer().to_string(),
        "version": crl.version(),
        "number": crl.number().ok().flatten().map(|number| number.to_string()),
        "this_update": moment(crl.this_update()),
        "next_update": crl.next_update().ok().flatten().map(|time| time.to_string()),
        "delta": crl.is_delta(),
        "signature_algorithm": crl.signature_algorithm().ok().map(|algorithm| algorithm.to_string()),
        "revoked": crl.revoked().map(|entry| revoked(&entry)).collect::<Vec<_>>(),
        "extensions": crl.extensions().map(|extension| self::extension(&extension)).collect::<Vec<_>>(),
    })
}

fn revoked(entry: &Revoked<'_>) -> Value {
    json!({
        "serial": entry.serial().to_string(),
        "at": moment(entry.at()),
        "reason": entry.reason().ok().flatten().map(reason),
    })
}

fn extension(extension: &Extension) -> Value {
    json!({
        "id": extension.id().to_string(),
        "critical": extension.is_critical(),
        "value": hex(extension.value()),
    })
}

fn public_key(key: bulla::Result<bulla::PublicKey>) -> Value {
    match key {
        Ok(key) => json!({"kind": key.kind().to_string(), "fingerprint": key.fingerprint().to_string()}),
        Err(_) => Value::Null,
    }
}

fn moment(time: bulla::Result<Time>) -> Option<String> {
    time.ok().map(|time| time.to_string())
}

// Machines get the names of RFC 5280, which do not change; people read OpenSSL's.

/// `CRLReason` (RFC 5280 section 5.3.1).
fn reason(reason: RevocationReason) -> Option<&'static str> {
    const NAMES: [&str; 10] = [
        "unspecified",
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "removeFromCRL",
        "privilegeWithdrawn",
        "aACompromise",
    ];
    NAMES.into_iter().find(|name| name.parse().is_ok_and(|known: RevocationReason| known == reason))
}

/// `KeyUsage` (RFC 5280 section 4.2.1.3).
fn usages(usage: KeyUsage) -> Vec<&'static str> {
    const NAMES: [(KeyUsage, &str); 9] = [
        (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
        (KeyUsage::CONTENT_COMMITMENT, "nonRepudiation"),
        (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
        (KeyUsage::DATA_ENCIPHERMENT, "dataEncipherment"),
        (KeyUsage::KEY_AGREEMENT, "keyAgreement"),
        (KeyUsage::CERTIFICATE_SIGN, "keyCertSign"),
        (KeyUsage::CRL_SIGN, "cRLSign"),
        (KeyUsage::ENCIPHER_ONLY, "encipherOnly"),
        (KeyUsage::DECIPHER_ONLY, "decipherOnly"),
    ];
    NAMES.into_iter().filter(|(one, _)| usage.allows(*one)).map(|(_, name)| name).collect()
}

/// `KeyPurposeId` (RFC 5280 section 4.2.1.12); others by their number.
fn purpose(id: &Oid) -> String {
    const NAMES: [(&str, &str); 7] = [
        ("2.5.29.37.0", "anyExtendedKeyUsage"),
        ("1.3.6.1.5.5.7.3.1", "serverAuth"),
        ("1.3.6.1.5.5.7.3.2", "clientAuth"),
        ("1.3.6.1.5.5.7.3.3", "codeSigning"),
        ("1.3.6.1.5.5.7.3.4", "emailProtection"),
        ("1.3.6.1.5.5.7.3.8", "timeStamping"),
        ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
    ];
    let number = id.to_string();
    let known = NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned());
    known.unwrap_or(number)
}

fn texts(names: &[GeneralName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn merge(report: &mut Value, more: Value) {
    if let (Value::Object(report), Value::Object(more)) = (report, more) {
        report.extend(more);
    }
}
