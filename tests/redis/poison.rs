//! What somebody does who writes to Redis and has not the key: hosts skip it, and go on.
use bulla::cookie::{Notices, OnStale, Revocation, Standing};
use bulla::{ErrorKind, Key, Time};

use super::lab::{Lab, subject, until};

#[tokio::test]
async fn what_no_host_wrote_is_skipped_and_the_feed_goes_on() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let huge = vec![b'x'; 10 << 20];
    let forged = Notices::new(&Key::generate(), "bulla").write(&Revocation::Generation(u32::MAX));
    let mut rounds = 0;
    for value in [b"".as_slice(), b"x", &[0; 80], &[0; 81], &[0; 82], &[0xff; 81], &forged, &huge] {
        let before = other.link.strange();
        lab.server.does::<String>(&[b"XADD", b"bulla:told", b"*", b"n", value]);
        lab.server.does::<String>(&[b"XADD", b"bulla:told", b"*", b"a", value, b"b", value]);
        lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &[rounds; 33], value]);
        until("what is skipped is counted", || other.link.strange() >= before + 2).await;
        let session = lab.session(1);
        one.end(&session);
        other.learns(&session).await;
        rounds += 1;
    }
    let third = lab.ready().await;
    assert_eq!(third.link.strange(), u64::from(rounds));
    assert_eq!(third.revocations.generation(), 0);
    assert_eq!(third.standing(&lab.session(2)), Standing::Good);
}

#[tokio::test]
async fn keys_of_another_type_are_replaced() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    for name in [b"bulla:told".as_slice(), b"bulla:revoked", b"bulla:ends"] {
        let before = lab.session(1);
        one.end(&before);
        other.learns(&before).await;
        lab.server.does::<()>(&[b"SET", name, b"value"]);
        let session = lab.session(1);
        one.end(&session);
        other.learns(&session).await;
        let third = lab.ready().await;
        third.learns(&before).await;
        third.learns(&session).await;
    }
}

#[tokio::test]
async fn a_feed_whose_numbers_are_used_up_begins_anew() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let last = format!("{0}-{0}", u64::MAX);
    lab.server.does::<String>(&[b"XADD", b"bulla:told", last.as_bytes(), b"n", b"x"]);
    for _ in 0..3 {
        let session = lab.session(1);
        one.end(&session);
        other.learns(&session).await;
    }
}

#[tokio::test]
async fn what_was_told_once_and_is_shown_again_revokes_nothing_else() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let (ended, good) = (lab.session(1), lab.session(2));
    let Revocation::Session { digest, .. } =
        one.revocations.end(&ended, std::time::Duration::ZERO, Time::now()).unwrap()
    else {
        panic!()
    };
    other.learns(&ended).await;
    let told: Vec<u8> = lab.server.does(&[b"HGET", b"bulla:revoked", &[&[1][..], &digest].concat()]);
    let place = [&[1][..], &good.session().digest()].concat();
    lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &place, &told]);
    lab.server.does::<String>(&[b"XADD", b"bulla:told", b"*", b"n", &told]);
    let third = lab.ready().await;
    for host in [&other, &third] {
        assert_eq!(host.standing(&good), Standing::Good);
        assert_eq!(host.revocations.ask(&good, None, Time::now()).await.unwrap(), Standing::Good);
    }
}

#[tokio::test]
async fn a_question_whose_answer_cannot_be_read_is_no_yes() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host_by(OnStale::Ask);
    assert!(host.link.ready(super::lab::LIMIT).await);
    let session = lab.session(1);
    let place = [&[1][..], &session.session().digest()].concat();
    for value in [b"x".as_slice(), &[0; 81], &vec![b'x'; 10 << 20]] {
        lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &place, value]);
        let error = host.revocations.ask(&session, None, Time::now()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("that bulla did not write"), "{error}");
    }
}

#[tokio::test]
async fn junk_in_the_generations_place_stops_no_host_and_goes_when_one_tells_its_own() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let place = Notices::place(&Revocation::Generation(0));
    let good = lab.session(2);
    for junk in [b"".as_slice(), b"x", &[0; 80], &[0; 81], &[0xff; 81], &vec![b'x'; 10 << 20]] {
        for is_told_by_a_new_one in [false, true] {
            lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &place, junk]);
            let session = lab.session(1);
            one.end(&session);
            other.learns(&session).await;
            assert_eq!(other.standing(&good), Standing::Good);
            // What stands there may have been a generation that ends all: a question has no answer. Hosts that tell theirs now and
            // then may have replaced it meanwhile.
            lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &place, junk]);
            let error = other.revocations.ask(&good, None, Time::now()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.to_string().contains("that bulla did not write"), "{error}");
            if is_told_by_a_new_one {
                lab.ready().await;
            } else {
                one.revocations.end_generations_before(0, Time::now()).unwrap();
            }
            let told = || lab.server.does::<Vec<u8>>(&[b"HGET", b"bulla:revoked", &place]);
            until("it is replaced", || told() != junk).await;
            assert_eq!(other.revocations.ask(&good, None, Time::now()).await.unwrap(), Standing::Good);
        }
    }
}

/// They say of themselves that they are the last of all.
#[tokio::test]
async fn forged_notices_do_not_keep_genuine_ones_out() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let end = Time::from_unix(i64::MAX);
    let (session, good) = (lab.session(7), lab.session(2));
    let digest = session.session().digest();
    for forged in [
        Revocation::Generation(u32::MAX),
        Revocation::Subject { subject: subject(7), authenticated_until: end, until: end },
        Revocation::Session { digest, from: Time::from_unix(0), until: end },
    ] {
        let forged = Notices::new(&Key::generate(), "bulla").write(&forged);
        lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &forged[..33], &forged]);
    }
    one.revocations.end_all_of(subject(7), Time::now()).unwrap();
    one.end(&session);
    other.learns(&session).await;
    // All that is known is told by who comes, the generation, too.
    let third = lab.ready().await;
    for (session, subject, standing) in [
        (&lab.session(7), Some(subject(7)), Standing::Revoked),
        (&session, None, Standing::Revoked),
        (&good, None, Standing::Good),
    ] {
        assert_eq!(third.revocations.ask(session, subject.as_ref(), Time::now()).await.unwrap(), standing);
    }
    for host in [&one, &other, &third] {
        assert_eq!((host.revocations.generation(), host.standing(&good)), (0, Standing::Good));
    }
}

#[tokio::test]
async fn junk_in_the_generations_place_goes_after_a_while_though_nobody_comes_or_ends_anything() {
    let Some(lab) = Lab::new() else { return };
    let (host, good) = (lab.ready().await, lab.session(2));
    let forged = Notices::new(&Key::generate(), "bulla").write(&Revocation::Generation(u32::MAX));
    lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &forged[..33], &forged]);
    let own = || lab.server.does::<Vec<u8>>(&[b"HGET", b"bulla:revoked", &forged[..33]]) != forged;
    until("it is replaced", own).await;
    assert_eq!(host.revocations.ask(&good, None, Time::now()).await.unwrap(), Standing::Good);
}
