//! A session that was ended before its time has ended.
use std::time::Duration;

use bulla::ErrorKind;
use bulla::cookie::{Revocation, Revocations, Stamp, Standing, Subject, TokenKeys};

use super::lab::{Lab, Login, at, login, ring};

fn subject() -> Subject {
    Subject::of(7_u64.to_be_bytes())
}

#[test]
fn a_session_that_was_ended_is_refused_after_its_grace_and_others_go_on() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let (one, other) = (*tokens.issue(&login()).unwrap().stamp(), *tokens.issue(&login()).unwrap().stamp());
    let revocations = Revocations::new();
    revocations.end(&one, Duration::from_secs(10), at(100)).unwrap();
    for (seconds, standing) in [(100, Standing::Ending), (109, Standing::Ending), (110, Standing::Revoked)] {
        assert_eq!(revocations.standing(&one, Some(&subject()), at(seconds)), standing);
        assert_eq!(revocations.standing(&other, Some(&subject()), at(seconds)), Standing::Good);
    }
    // It stays so under a renewed token, and an earlier end counts.
    lab.set(101);
    let renewed = *tokens.renew(&one, &login()).unwrap().stamp();
    assert_eq!(revocations.standing(&renewed, None, at(110)), Standing::Revoked);
    revocations.end(&one, Duration::ZERO, at(101)).unwrap();
    assert_eq!(revocations.standing(&one, None, at(101)), Standing::Revoked);
}

#[test]
fn a_session_is_ended_by_its_digest() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let session = *lab.tokens::<Login>(&keys).issue(&login()).unwrap().stamp();
    let revocations = Revocations::new();
    revocations.end_by_digest(session.session().digest(), session.until(), at(5)).unwrap();
    assert_eq!(revocations.standing(&session, None, at(5)), Standing::Revoked);
}

#[test]
fn all_that_somebody_has_ends_and_what_they_begin_later_goes_on() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let tokens = lab.tokens::<Login>(&keys);
    let old = *tokens.issue(&login()).unwrap().stamp();
    lab.set(50);
    let renewed = *tokens.renew(&old, &login()).unwrap().stamp();
    let revocations = Revocations::new();
    revocations.end_all_of(subject(), at(40)).unwrap();
    lab.set(60);
    let new = *tokens.issue(&login()).unwrap().stamp();
    for (session, standing) in [(old, Standing::Revoked), (renewed, Standing::Revoked), (new, Standing::Good)]
    {
        assert_eq!(revocations.standing(&session, Some(&subject()), at(60)), standing);
        assert_eq!(revocations.standing(&session, Some(&Subject::of("bob")), at(60)), Standing::Good);
    }
}

#[test]
fn what_one_host_revokes_counts_on_another() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let session = *lab.tokens::<Login>(&keys).issue(&login()).unwrap().stamp();
    let (here, there) = (Revocations::new(), Revocations::new());
    here.end(&session, Duration::ZERO, at(0)).unwrap();
    here.end_all_of(subject(), at(0)).unwrap();
    here.apply(Revocation::Generation(3), at(0)).unwrap();
    here.all().into_iter().for_each(|revocation| there.apply(revocation, at(0)).unwrap());
    assert_eq!((there.all(), there.generation()), (here.all(), 3));
    assert_eq!(there.standing(&session, None, at(0)), Standing::Revoked);
}

#[test]
fn a_full_table_refuses_what_is_new_and_takes_a_generation() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let session = *lab.tokens::<Login>(&keys).issue(&login()).unwrap().stamp();
    let revocations = Revocations::new();
    let until = at(1000);
    let ended = |number: u32| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        Revocation::Session { digest, from: at(0), until }
    };
    (0..1 << 20).for_each(|number| revocations.apply(ended(number), at(0)).unwrap());
    assert_eq!(revocations.end(&session, Duration::ZERO, at(0)).unwrap_err().kind(), ErrorKind::OverLimit);
    assert_eq!(revocations.standing(&session, None, at(0)), Standing::Good);
    // What is known already needs no room, and what helps needs none.
    revocations.apply(ended(7), at(0)).unwrap();
    revocations.end_generations_before(1, at(0)).unwrap();
    assert_eq!(revocations.standing(&session, None, at(0)), Standing::Revoked);
    // And there is room once those have ended by themselves.
    assert!(revocations.apply(ended(1 << 20), at(1029)).is_err());
    revocations.apply(ended(1 << 20), at(1031)).unwrap();
}

#[test]
fn what_was_ended_has_ended_by_a_clock_that_is_behind_too() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let session = *lab.tokens::<Login>(&keys).issue(&login()).unwrap().stamp();
    let ends: [fn(&Revocations, &Stamp) -> bulla::Result<Revocation>; 2] = [
        |revocations, session| revocations.end(session, Duration::ZERO, at(1000)),
        |revocations, session| {
            revocations.end_by_digest(session.session().digest(), session.until(), at(1000))
        },
    ];
    for end_it in ends {
        let revocations = Revocations::new();
        end_it(&revocations, &session).unwrap();
        assert_eq!(revocations.standing(&session, None, at(1)), Standing::Revoked);
    }
}
