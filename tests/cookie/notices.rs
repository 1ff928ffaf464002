//! Revocations as bytes: what was written is read, and nothing else is.
use bulla::cookie::{Notices, Revocation, Subject};
use bulla::{ErrorKind, Key, Time};

use super::lab::at;

fn revocations() -> [Revocation; 4] {
    [
        Revocation::Session { digest: [7; 32], from: at(10), until: at(1000) },
        Revocation::Subject {
            subject: Subject::of("alice"),
            authenticated_until: at(0),
            until: at(400 * 86_400),
        },
        Revocation::Generation(0),
        Revocation::Generation(u32::MAX),
    ]
}

#[test]
fn what_was_written_is_read() {
    let notices = Notices::new(&Key::generate(), "shop");
    for revocation in revocations() {
        let notice = notices.write(&revocation);
        assert_eq!(notices.read(&notice, at(0)).unwrap(), revocation);
        assert_eq!(notice[..33], Notices::place(&revocation));
    }
    let [session, subject, one, other] = revocations().map(|revocation| Notices::place(&revocation));
    assert!(session != subject && subject != one && one == other);
}

#[test]
fn a_notice_of_another_key_or_name_or_with_a_bit_changed_is_refused() {
    let key = Key::generate();
    let notices = Notices::new(&key, "shop");
    for revocation in revocations() {
        let notice = notices.write(&revocation);
        for stranger in [Notices::new(&Key::generate(), "shop"), Notices::new(&key, "shop2")] {
            assert_eq!(stranger.read(&notice, at(0)).unwrap_err().kind(), ErrorKind::Unauthentic);
        }
        for bit in 0..notice.len() * 8 {
            let mut changed = notice;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(notices.read(&changed, at(0)).unwrap_err().kind(), ErrorKind::Unauthentic);
        }
        for length in 0..notice.len() {
            assert_eq!(notices.read(&notice[..length], at(0)).unwrap_err().kind(), ErrorKind::Malformed);
        }
        assert!(notices.read(&[&notice[..], &[0]].concat(), at(0)).is_err());
    }
}

#[test]
fn times_that_no_token_has_are_cut_down() {
    let notices = Notices::new(&Key::generate(), "shop");
    let (soon, last) = (at(30), at(30 + 400 * 86_400));
    let far = Time::from_unix(i64::MAX);
    let subject = Subject::of("alice");
    let told = notices.write(&Revocation::Subject { subject, authenticated_until: far, until: far });
    let expected = Revocation::Subject { subject, authenticated_until: soon, until: last };
    assert_eq!(notices.read(&told, at(0)).unwrap(), expected);
    let told = notices.write(&Revocation::Session { digest: [7; 32], from: far, until: far });
    let expected = Revocation::Session { digest: [7; 32], from: soon, until: last };
    assert_eq!(notices.read(&told, at(0)).unwrap(), expected);
}
