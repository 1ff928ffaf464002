//! Certificates, requests and CRLs as reports for machines.
use bulla::Time;
use bulla::x509::{Certificate, Crl, Extension, GeneralName, Request, Revoked};
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
    let usage = certificate.key_usage().ok().flatten().map(|usage| usage.to_string());
    let purposes = certificate.extended_key_usage().ok().flatten().map(|usage| usage.to_string());
    let mut report = summary(certificate);
    let more = json!({
        "type": "certificate",
        "version": certificate.version(),
        "public_key": public_key(certificate.public_key()),
        "signature_algorithm": certificate.signature_algorithm().ok().map(|algorithm| algorithm.to_string()),
        "is_ca": constraints.map(|constraints| constraints.is_ca),
        "path_length": constraints.and_then(|constraints| constraints.path_length),
        "key_usage": usage.as_deref().map(listed),
        "extended_key_usage": purposes.as_deref().map(listed),
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
        "reason": entry.reason().ok().flatten().map(|reason| reason.to_string()),
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

fn listed(text: &str) -> Vec<&str> {
    text.split(", ").filter(|part| !part.is_empty()).collect()
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
