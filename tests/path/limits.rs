//! Bounds of certificates and of what a validation is given: at each one all is well, and past it comes an error.
use bulla::x509::{Certificate, Crl, Name, OcspResponse, Purpose, Revocation, TrustAnchors, Validation};
use bulla::{ErrorKind, Result};

use super::make::{
    self, Answer, CRL_POINTS, Draft, GOOD, ISSUING_POINT, KEY_USAGE, List, NOW, Party, Response, UNKNOWN,
    algorithm, directory, extension, generalized, now, oid, sequence, tlv,
};
use super::trusting;

/// A certificate that nobody signed, with this subject and these extensions.
fn certificate(subject: &[u8], extensions: &[Vec<u8>]) -> Result<Certificate> {
    let key = make::p256();
    let issuer: Name = "CN=CA".parse().unwrap();
    let to_be_signed = sequence(&[
        &[0xa0, 3, 2, 1, 2],
        &[2, 1, 7],
        &algorithm(),
        issuer.as_der(),
        &sequence(&[&generalized(NOW - 9), &generalized(NOW + 9)]),
        subject,
        key.public().as_der(),
        &tlv(0xa3, &[&sequence(&[&extensions.concat()])]),
    ]);
    Certificate::from_der(&sequence(&[&to_be_signed, &algorithm(), &tlv(3, &[&[0, 1]])]))
}

fn extensions(count: usize) -> Result<()> {
    certificate(&sequence(&[]), &vec![extension(UNKNOWN, false, &[5, 0]); count]).map(drop)
}

fn name_attributes(count: usize) -> Result<()> {
    let attribute = tlv(0x31, &[&sequence(&[&oid("2.5.4.3"), &tlv(12, &[b"x"])])]);
    certificate(&sequence(&[&attribute.repeat(count)]), &[extension(UNKNOWN, false, &[])]).map(drop)
}

fn general_names(count: usize) -> Result<()> {
    let names = sequence(&[&tlv(0x82, &[b"x.y"]).repeat(count)]);
    let certificate = certificate(&sequence(&[]), &[extension("2.5.29.17", true, &names)])?;
    certificate.alternative_names().map(|names| assert_eq!(names.len(), count))
}

fn policies(count: usize) -> Result<()> {
    let each = (1..=count).flat_map(|number| sequence(&[&oid(&format!("1.3.6.1.4.1.99999.{number}"))]));
    let policies = sequence(&[&each.collect::<Vec<u8>>()]);
    let certificate = certificate(&sequence(&[]), &[extension("2.5.29.32", false, &policies)])?;
    certificate.extensions().next().unwrap().decode().map(drop)
}

fn certificate_bytes(count: usize) -> Result<()> {
    let of = |filling: usize| certificate(&sequence(&[]), &[extension(UNKNOWN, false, &vec![0; filling])]);
    // All lengths have three bytes from here on; a key's signature none, as nobody signed.
    let rest = of(100_000).unwrap().as_der().len() - 100_000;
    let made = of(count - rest)?;
    assert_eq!(made.as_der().len(), count);
    Ok(())
}

fn anchors(count: usize) -> Result<()> {
    let ca = make::ca("CN=CA").certificate;
    TrustAnchors::new(vec![ca; count]).map(drop)
}

/// A validation that has been given so many things, all alike.
fn given(fill: impl FnOnce(Validation<'static>, &Party) -> Validation<'static>) -> Result<()> {
    let ca = make::ca("CN=CA");
    let leaf = ca.issue(&Draft::new("CN=Bob", "CN=CA")).certificate;
    let validation = fill(Validation::new(Purpose::Any, Revocation::Off).at(now()), &ca);
    validation.validate(&leaf, &trusting(&ca.certificate)).map(drop)
}

fn intermediates(count: usize) -> Result<()> {
    given(|validation, ca| validation.intermediates(vec![ca.certificate.clone(); count]))
}

fn crls(count: usize) -> Result<()> {
    given(|validation, ca| validation.crls(vec![List::by("CN=CA").sign(&ca.key); count]))
}

fn ocsp_responses(count: usize) -> Result<()> {
    given(|validation, ca| {
        let id = make::id(&ca.certificate, &ca.certificate);
        validation.ocsp(vec![Response::by("CN=CA", &[Answer::new(&id, GOOD)]).sign(&ca.key); count])
    })
}

/// Signers of CRLs that each need the next one's CRL to be believed; the last has the root's word.
fn crl_signers_depth(count: usize) -> Result<()> {
    let root = make::ca("CN=Root");
    let told_by = |subject: &str, signer: &str| {
        let point = tlv(0xa2, &[&directory(signer)[2..]]);
        Draft::new(subject, "CN=Root").with(CRL_POINTS, &sequence(&[&sequence(&[&point])]))
    };
    let leaf = root.issue(&told_by("CN=Bob", "CN=S1").serial(&[100])).certificate;
    let mut crls: Vec<Crl> = Vec::new();
    let mut signers: Vec<Certificate> = Vec::new();
    for number in 1..=count {
        let own = format!("CN=S{number}");
        let draft = if number == count {
            Draft::new(&own, "CN=Root")
        } else {
            told_by(&own, &format!("CN=S{}", number + 1))
        };
        let draft = draft.serial(&[u8::try_from(number).unwrap()]);
        let signer = root.issue(&draft.critical(KEY_USAGE, &[3, 2, 1, 2]));
        let list = List::by(&own).with(ISSUING_POINT, true, &sequence(&[&[0x84, 1, 0xff]]));
        crls.push(list.sign(&signer.key));
        signers.push(signer.certificate);
    }
    let id = make::id(signers.last().unwrap(), &root.certificate);
    let good: OcspResponse = Response::by("CN=Root", &[Answer::new(&id, GOOD)]).sign(&root.key);
    let validation = Validation::new(Purpose::Any, Revocation::Require).at(now());
    let validation = validation.intermediates(signers).crls(crls).ocsp([good]);
    validation.validate(&leaf, &trusting(&root.certificate)).map(drop)
}

#[test]
fn what_is_at_its_bound_is_taken_and_what_is_past_it_refused() {
    type Try = fn(usize) -> Result<()>;
    let bounds: [(&str, usize, ErrorKind, Try); 10] = [
        ("EXTENSIONS", 256, ErrorKind::Malformed, extensions),
        ("NAME_ATTRIBUTES", 256, ErrorKind::Malformed, name_attributes),
        ("GENERAL_NAMES", 4096, ErrorKind::Malformed, general_names),
        ("POLICIES", 1024, ErrorKind::Malformed, policies),
        ("CERTIFICATE_BYTES", 256 << 10, ErrorKind::OverLimit, certificate_bytes),
        ("ANCHORS", 4096, ErrorKind::OverLimit, anchors),
        ("INTERMEDIATES", 4096, ErrorKind::OverLimit, intermediates),
        ("CRLS", 1024, ErrorKind::OverLimit, crls),
        ("OCSP_RESPONSES", 1024, ErrorKind::OverLimit, ocsp_responses),
        ("CRL_SIGNERS_DEPTH", 4, ErrorKind::Undetermined, crl_signers_depth),
    ];
    for (name, bound, refusal, give) in bounds {
        let judged = [bound, bound + 1].map(|count| give(count).map_err(|error| error.kind()));
        assert_eq!(judged, [Ok(()), Err(refusal)], "{name}");
    }
}
