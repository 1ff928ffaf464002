//! Several CRLs and deltas about one certificate: in whatever order they are given, the worst word counts.
use bulla::ErrorKind;
use bulla::x509::{Certificate, Crl, Purpose, Revocation, TrustAnchors, Validation};

use super::make::*;

const KEY_COMPROMISE: u8 = 1;
const HOLD: u8 = 6;
const REMOVE: u8 = 8;

const ALTERNATIVE_NAME: &str = "2.5.29.17";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";

/// A root, a certificate of number 9 below it, and what is said when these CRLs are given in every order.
struct Court {
    root: Party,
    leaf: Certificate,
}

impl Court {
    fn new() -> Self {
        let root = ca("CN=Root");
        let leaf = root.issue(&Draft::new("CN=leaf", "CN=Root").serial(&[9])).certificate;
        Court { root, leaf }
    }

    /// A list of this number, that names the certificate for a reason or does not.
    fn list(&self, number: u8, reason: Option<u8>) -> List {
        let list = List::by("CN=Root").with(CRL_NUMBER, false, &[INTEGER, 1, number]);
        match reason {
            Some(reason) => list.entry(&[9], &[extension(REASON, false, &[ENUMERATED, 1, reason])]),
            None => list,
        }
    }

    fn whole(&self, number: u8, reason: Option<u8>) -> Crl {
        self.list(number, reason).sign(&self.root.key)
    }

    fn delta(&self, number: u8, base: u8, reason: u8) -> Crl {
        self.list(number, Some(reason)).with(DELTA, true, &[INTEGER, 1, base]).sign(&self.root.key)
    }

    /// The same in all orders of two or three.
    fn judge(&self, crls: &[Crl]) -> Result<(), ErrorKind> {
        let orders: Vec<Vec<usize>> = match crls.len() {
            2 => vec![vec![0, 1], vec![1, 0]],
            _ => {
                vec![vec![0, 1, 2], vec![0, 2, 1], vec![1, 0, 2], vec![1, 2, 0], vec![2, 0, 1], vec![2, 1, 0]]
            }
        };
        let anchors = TrustAnchors::new([self.root.certificate.clone()]).unwrap();
        let said: Vec<Result<(), ErrorKind>> = orders
            .iter()
            .map(|order| {
                let given = order.iter().map(|at| crls[*at].clone());
                let validation = Validation::new(Purpose::Any, Revocation::Require).at(now()).crls(given);
                validation.validate(&self.leaf, &anchors).map(drop).map_err(|error| error.kind())
            })
            .collect();
        assert!(said.iter().all(|one| *one == said[0]), "the order decides: {said:?}");
        said[0]
    }
}

#[test]
fn an_older_crl_that_is_still_current_hides_nothing_of_a_newer_one() {
    let court = Court::new();
    let (old, newer) = (court.whole(1, None), court.whole(2, Some(KEY_COMPROMISE)));
    assert_eq!(court.judge(&[old.clone(), newer]), Err(ErrorKind::Revoked));
    assert_eq!(court.judge(&[old, court.whole(2, None)]), Ok(()));
}

#[test]
fn of_several_deltas_the_latest_word_counts() {
    let court = Court::new();
    let base = court.whole(10, Some(HOLD));
    let (removed, revoked) = (court.delta(11, 10, REMOVE), court.delta(12, 10, KEY_COMPROMISE));
    assert_eq!(court.judge(&[base.clone(), removed.clone()]), Ok(()));
    assert_eq!(court.judge(&[base.clone(), removed, revoked]), Err(ErrorKind::Revoked));
    let (held, released) = (court.delta(11, 10, HOLD), court.delta(12, 10, REMOVE));
    assert_eq!(court.judge(&[court.whole(10, None), held, released]), Ok(()));
}

#[test]
fn a_removal_lifts_a_hold_and_nothing_else() {
    let court = Court::new();
    let removed = court.delta(11, 10, REMOVE);
    assert_eq!(court.judge(&[court.whole(10, Some(KEY_COMPROMISE)), removed]), Err(ErrorKind::Revoked));
    let (compromised, removed) = (court.delta(11, 10, KEY_COMPROMISE), court.delta(12, 10, REMOVE));
    assert_eq!(court.judge(&[court.whole(10, None), compromised, removed]), Err(ErrorKind::Revoked));
}

#[test]
fn a_delta_that_lists_a_certificate_counts_though_the_crl_that_it_changes_is_missing() {
    let court = Court::new();
    let old = court.whole(5, None);
    assert_eq!(court.judge(&[old, court.delta(12, 10, KEY_COMPROMISE)]), Err(ErrorKind::Revoked));
    // But what it does not list, or removes, it cannot speak well of.
    let held = court.whole(5, Some(HOLD));
    assert_eq!(court.judge(&[held, court.delta(12, 10, REMOVE)]), Err(ErrorKind::Revoked));
    // And a CRL that came after it says more than it does.
    assert_eq!(court.judge(&[court.whole(13, None), court.delta(12, 10, HOLD)]), Ok(()));
}

#[test]
fn a_certificate_that_has_but_the_name_of_an_issuer_signs_no_crls_for_it() {
    let root = ca("CN=Root");
    let is_ca = sequence(&[&[1, 1, 0xff]]);
    let below = |name, serial| {
        root.issue(&Draft::new(name, "CN=Root").critical(BASIC_CONSTRAINTS, &is_ca).serial(&[serial]))
    };
    let court = |draft: &Draft| {
        // Who asks a mail CA for a certificate may choose the name in it.
        let (good, mail) = (below("CN=Good CA", 2), below("CN=Mail CA", 3));
        let other = mail.issue(draft);
        let stolen = good.issue(&Draft::new("CN=victim", "CN=Good CA").serial(&[9])).certificate;
        let crls = [
            List::by("CN=Good CA").sign(&other.key),
            List::by("CN=Root").sign(&root.key),
            List::by("CN=Mail CA").sign(&mail.key),
        ];
        let validation = Validation::new(Purpose::Any, Revocation::Require).at(now()).crls(crls);
        let validation = validation.intermediates([good, mail, other].map(|party| party.certificate));
        let anchors = TrustAnchors::new([root.certificate.clone()]).unwrap();
        validation.validate(&stolen, &anchors).map(drop).map_err(|error| error.kind())
    };
    let name = |draft: Draft| {
        let address = tlv(0x81, &[b"other@example.org"]);
        draft.with(ALTERNATIVE_NAME, &sequence(&[&address]))
    };
    let draft = || name(Draft::new("CN=Good CA", "CN=Mail CA"));
    assert_eq!(court(&draft()), Err(ErrorKind::Undetermined));
    let no_ca = draft().critical(BASIC_CONSTRAINTS, &sequence(&[]));
    assert_eq!(court(&no_ca), Err(ErrorKind::Undetermined));
    // digitalSignature, and then cRLSign, which a CA gives to whom it makes a signer of CRLs.
    assert_eq!(court(&draft().critical(KEY_USAGE, &[BIT_STRING, 2, 7, 0x80])), Err(ErrorKind::Undetermined));
    assert_eq!(court(&draft().critical(KEY_USAGE, &[BIT_STRING, 2, 1, 2])), Ok(()));
}

#[test]
fn distribution_points_and_crls_beyond_number_are_over_the_budget() {
    let root = ca("CN=Root");
    let point = |n: usize| {
        let uri = tlv(0x86, &[format!("u:{n}").as_bytes()]);
        sequence(&[&tlv(0xa0, &[&tlv(0xa0, &[&uri])])])
    };
    let judge = |points: usize| {
        let all: Vec<u8> = (0..points).flat_map(point).collect();
        let draft = Draft::new("CN=leaf", "CN=Root").with(CRL_POINTS, &sequence(&[&all]));
        let leaf = root.issue(&draft).certificate;
        let list = List::by("CN=Root").sign(&root.key);
        let crls = std::iter::repeat_n(list, 500);
        let validation = Validation::new(Purpose::Any, Revocation::Require).at(now()).crls(crls);
        let anchors = TrustAnchors::new([root.certificate.clone()]).unwrap();
        validation.validate(&leaf, &anchors).map(drop).map_err(|error| error.kind())
    };
    assert_eq!(judge(10), Ok(()));
    assert_eq!(judge(1000), Err(ErrorKind::OverLimit));
}
