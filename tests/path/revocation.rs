//! Revocation in paths: what CRLs and OCSP responses say counts, and what is missing is the caller's to judge.
use std::time::Duration;

use bulla::x509::{Authority, Certificate, Crl, CrlIssue, Purpose, Revocation, RevocationReason, Validation};
use bulla::{ErrorKind, Time};

use super::{key, root, trusting};

fn leaf(authority: &Authority) -> Certificate {
    authority.email(key().public(), &["a@example.org".parse().unwrap()]).unwrap().sign().unwrap()
}

fn crl(authority: &Authority, revoked: &[&Certificate]) -> Crl {
    let mut issue = CrlIssue::by(authority.certificate(), authority.credential().key()).unwrap();
    for certificate in revoked {
        issue = issue.revoke(&certificate.serial(), Time::now(), RevocationReason::KeyCompromise);
    }
    issue.next_update(Time::now() + Duration::from_secs(3600)).sign().unwrap()
}

fn judge(
    authority: &Authority,
    leaf: &Certificate,
    crls: Vec<Crl>,
    demand: Revocation,
) -> Result<(), ErrorKind> {
    let validation = Validation::new(Purpose::Any, demand).crls(crls);
    let judged = validation.validate(leaf, &trusting(authority.certificate()));
    judged.map(|_| ()).map_err(|error| error.kind())
}

#[test]
fn a_revoked_certificate_is_refused_wherever_revocation_is_looked_at() {
    let authority = root("CN=Root");
    let leaf = leaf(&authority);
    let crl = crl(&authority, &[&leaf]);
    assert_eq!(judge(&authority, &leaf, vec![crl.clone()], Revocation::Require), Err(ErrorKind::Revoked));
    assert_eq!(judge(&authority, &leaf, vec![crl.clone()], Revocation::IfGiven), Err(ErrorKind::Revoked));
    assert_eq!(judge(&authority, &leaf, vec![crl], Revocation::Off), Ok(()));
}

#[test]
fn missing_revocation_data_is_what_the_caller_says() {
    let authority = root("CN=Root");
    let leaf = leaf(&authority);
    assert_eq!(judge(&authority, &leaf, vec![], Revocation::Require), Err(ErrorKind::Undetermined));
    assert_eq!(judge(&authority, &leaf, vec![], Revocation::IfGiven), Ok(()));
    let other = crl(&root("CN=Other"), &[]);
    assert_eq!(
        judge(&authority, &leaf, vec![other.clone()], Revocation::Require),
        Err(ErrorKind::Undetermined)
    );
    assert_eq!(judge(&authority, &leaf, vec![other], Revocation::IfGiven), Ok(()));
    assert_eq!(judge(&authority, &leaf, vec![crl(&authority, &[])], Revocation::Require), Ok(()));
}

#[test]
fn a_crl_that_cannot_be_gone_by_is_not_passed_over() {
    let authority = root("CN=Root");
    let leaf = leaf(&authority);
    // The right name, another key.
    let forged = crl(&root("CN=Root"), &[]);
    for demand in [Revocation::Require, Revocation::IfGiven] {
        assert_eq!(judge(&authority, &leaf, vec![forged.clone()], demand), Err(ErrorKind::Undetermined));
    }
    let good = crl(&authority, &[]);
    assert_eq!(judge(&authority, &leaf, vec![forged, good.clone()], Revocation::Require), Ok(()));
    // Expired: judged at a time when the next was due.
    let validation = Validation::new(Purpose::Any, Revocation::IfGiven).crls([good]);
    let late = validation.at(Time::now() + Duration::from_secs(7200));
    let judged = late.validate(&leaf, &trusting(authority.certificate())).unwrap_err();
    assert_eq!(judged.kind(), ErrorKind::Undetermined);
    assert!(judged.to_string().contains("was due"), "{judged}");
}
