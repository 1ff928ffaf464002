//! Hundreds of certificates, each wrong in its own way: every one is refused, for that reason, and its holder hears that it was.
mod chains;
mod fields;
mod made;
mod names;
mod revoked;
mod shapes;
mod shown;
mod signed;

use std::collections::BTreeSet;

use bulla::ErrorKind;

use made::{Case, Ground, Side};
use shown::{Outcome, show, show_in_tls_1_2};

type Family = fn(&Ground) -> Vec<Case>;

/// How many rows these families have, each of which is refused as it says.
fn judged(side: Side, families: &[Family], show: fn(&Ground, &Case) -> Outcome) -> usize {
    let ground = Ground::new(side);
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let (mut rows, mut by_rustls) = (0, 0);
    for case in families.iter().flat_map(|family| family(&ground)) {
        assert!(seen.insert(case.name.clone()), "{} is there twice", case.name);
        assert!(!case.word.is_empty(), "{} has no word", case.name);
        let outcome = show(&ground, &case);
        rows += 1;
        by_rustls += usize::from(outcome.by_rustls);
        let Err(ours) = outcome.ours else {
            wrong.push(format!("{}: TAKEN", case.name));
            continue;
        };
        if ours.kind() != case.kind || !ours.to_string().contains(&case.word) {
            wrong.push(format!("{}: {:?} {:?} instead of {ours:?}", case.name, case.kind, case.word));
        }
        match outcome.theirs {
            Err((true, said)) if said.contains(alert(case.kind)) => {}
            other => wrong.push(format!("{}: its holder hears {other:?}", case.name)),
        }
    }
    println!("{side:?}: {rows} certificates, {by_rustls} of them shown by rustls itself");
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
    rows
}

/// What RFC 8446 section 6.2 has for it.
fn alert(kind: ErrorKind) -> &'static str {
    match kind {
        // RFC 8446 has none for what nobody can tell; rustls takes this.
        ErrorKind::Untrusted | ErrorKind::Undetermined => "UnknownCA",
        ErrorKind::Expired => "CertificateExpired",
        ErrorKind::WrongName | ErrorKind::Malformed | ErrorKind::OverLimit => "BadCertificate",
        ErrorKind::Revoked => "CertificateRevoked",
        ErrorKind::NotAllowed => "AccessDenied",
        other => panic!("no row has {other:?}"),
    }
}

/// Of servers and of clients alike.
const FAMILIES: [Family; 12] = [
    fields::dates,
    fields::usage,
    chains::roots,
    chains::authorities,
    chains::constraints,
    chains::critical,
    signed::changed,
    signed::signatures,
    signed::weak,
    shapes::rows,
    revoked::lists,
    revoked::rules,
];

#[test]
fn a_server_whose_certificate_names_it_wrongly_is_refused() {
    assert!(judged(Side::Server, &[names::rows], show) >= 100);
}

#[test]
fn a_server_whose_certificate_is_wrong_is_refused() {
    assert!(judged(Side::Server, &FAMILIES, show) >= 200);
}

#[test]
fn a_server_that_staples_a_word_against_itself_is_refused() {
    judged(Side::Server, &[revoked::stapled], show);
}

#[test]
fn a_client_whose_certificate_is_wrong_is_refused() {
    assert!(judged(Side::Client, &FAMILIES, show) >= 200);
}

#[test]
fn a_server_of_tls_1_2_whose_certificate_is_wrong_is_refused() {
    assert!(judged(Side::Server, &FAMILIES, show_in_tls_1_2) >= 200);
    judged(Side::Server, &[names::rows, revoked::stapled], show_in_tls_1_2);
}

/// So that what is wrong above is wrong by what it says, and not by how it is made.
#[test]
fn what_is_not_wrong_is_taken() {
    for side in [Side::Server, Side::Client] {
        let ground = Ground::new(side);
        let named = if side == Side::Server { names::good(&ground) } else { Vec::new() };
        for case in fields::good(&ground).into_iter().chain(named) {
            let old = if side == Side::Server { show_in_tls_1_2 } else { show };
            for outcome in [show(&ground, &case), old(&ground, &case)] {
                assert!(outcome.ours.is_ok() && outcome.theirs.is_ok(), "{}: {:?}", case.name, outcome.ours);
            }
        }
    }
}

/// Wherever a bit is changed: it is no certificate, or another's, or not signed.
#[test]
fn a_certificate_that_was_changed_anywhere_is_refused() {
    for side in [Side::Server, Side::Client] {
        let ground = Ground::new(side);
        let leaf = ground.leaf().sign(&ground.middle_key);
        for at in 0..leaf.len() {
            let mut changed = leaf.clone();
            changed[at] ^= 1 << (at % 8);
            let row = ground.chain("", &[changed, ground.middle.clone()], ErrorKind::Untrusted, "");
            let Err(error) = show(&ground, &row).ours else { panic!("byte {at} does not count") };
            let kinds =
                [ErrorKind::Untrusted, ErrorKind::Malformed, ErrorKind::WrongName, ErrorKind::Expired];
            assert!(kinds.contains(&error.kind()), "byte {at}: {error:?}");
        }
    }
}

/// A certificate is no secret: whoever shows another's does not have its key.
#[test]
fn who_shows_the_certificate_of_another_is_refused() {
    for side in [Side::Server, Side::Client] {
        let ground = Ground::new(side);
        let anothers = ground.leaf().but(|made| made.key = crate::make::p256().public().as_der().to_vec());
        let row = ground.row("another's", &anothers, ErrorKind::Unauthentic, "");
        let outcome = show(&ground, &row);
        let error = outcome.ours.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthentic, "{error}");
        assert!(error.to_string().contains("does not prove"), "{error}");
        assert!(matches!(outcome.theirs, Err((true, said)) if said.contains("Decrypt")));
    }
}
