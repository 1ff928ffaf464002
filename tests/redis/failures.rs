//! Redis that is away, frozen, emptied or replaced.
use std::time::{Duration, Instant};

use bulla::cookie::{Notices, OnStale, Revocation, Standing};
use bulla::{ErrorKind, Time};

use super::lab::{Lab, until};
use super::server::Server;

#[tokio::test]
async fn a_host_starts_without_redis_and_goes_by_its_policy_until_it_is_there() {
    let Some(server) = Server::none() else { return };
    let mut lab = Lab::at(server);
    let session = lab.session(1);
    for (policy, standing) in [
        (OnStale::Allow, Standing::Good),
        (OnStale::Deny, Standing::Unknown),
        (OnStale::Ask, Standing::Unknown),
    ] {
        let host = lab.host_by(policy);
        assert!(!host.link.ready(Duration::from_millis(50)).await);
        assert_eq!(host.standing(&session), standing);
        assert_eq!(host.revocations.staleness(), Some(Duration::MAX));
        assert_eq!(
            host.revocations.ask(&session, None, Time::now()).await.unwrap_err().kind(),
            ErrorKind::Io
        );
    }
    let (host, ended) = (lab.host_by(OnStale::Deny), lab.session(2));
    host.end(&ended);
    lab.server.run();
    assert!(host.link.ready(super::lab::LIMIT).await);
    until("sessions go on", || host.standing(&session) == Standing::Good).await;
    lab.host().learns(&ended).await;
}

#[tokio::test]
async fn while_redis_is_away_nothing_waits_and_what_was_revoked_is_told_later() {
    let Some(mut lab) = Lab::new() else { return };
    let (one, other, strict) = (lab.ready().await, lab.ready().await, lab.host_by(OnStale::Deny));
    let (before, meanwhile, never) = (lab.session(1), lab.session(2), lab.session(3));
    one.end(&before);
    other.learns(&before).await;
    until("a strict host hears", || strict.standing(&never) == Standing::Good).await;
    lab.server.kill();
    // Twenty thousand and more: more than wait.
    let many: Vec<_> = (0..25_000).map(|_| lab.session(4)).collect();
    one.end(&meanwhile);
    many.iter().for_each(|session| one.end(session));
    assert_eq!(one.standing(&meanwhile), Standing::Revoked);
    assert_eq!(other.standing(&never), Standing::Good);
    until("a strict host is unsure", || strict.standing(&never) == Standing::Unknown).await;
    assert_eq!(strict.standing(&before), Standing::Revoked);
    lab.server.run();
    other.learns(&meanwhile).await;
    until("all of many are told", || many.iter().all(|session| other.standing(session) == Standing::Revoked))
        .await;
    until("a strict host is sure again", || strict.standing(&never) == Standing::Good).await;
}

#[tokio::test]
async fn a_question_to_a_frozen_redis_fails_by_its_deadline() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host_by(OnStale::Ask);
    let (session, ended) = (lab.session(1), lab.session(2));
    assert!(host.link.ready(super::lab::LIMIT).await);
    assert_eq!(host.revocations.ask(&session, None, Time::now()).await.unwrap(), Standing::Good);
    lab.server.freeze();
    let begun = Instant::now();
    // A limit that is far above the deadline of a second, and far below never.
    let asked = tokio::time::timeout(super::lab::LIMIT, host.revocations.ask(&session, None, Time::now()));
    assert_eq!(asked.await.unwrap().unwrap_err().kind(), ErrorKind::Io);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    until("the host is unsure", || host.standing(&session) == Standing::Unknown).await;
    host.end(&ended);
    lab.server.thaw();
    until("the host is sure", || host.standing(&session) == Standing::Good).await;
    lab.host().learns(&ended).await;
}

#[tokio::test]
async fn what_redis_has_lost_is_written_back_and_who_comes_later_knows_it() {
    let Some(mut lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let losses: [fn(&mut Server); 5] = [
        |server| {
            server.kill();
            server.run();
        },
        |server| server.does(&[b"FLUSHALL"]),
        |server| server.does::<()>(&[b"DEL", b"bulla:told"]),
        |server| server.does::<()>(&[b"DEL", b"bulla:revoked"]),
        |server| server.does::<()>(&[b"DEL", b"bulla:revoked", b"bulla:ends"]),
    ];
    let mut all = Vec::new();
    for lose in losses {
        let session = lab.session(1);
        one.end(&session);
        other.learns(&session).await;
        all.push(session);
        lose(&mut lab.server);
        // Until it is back, a new host might come too early: it knows what it read, and hears the rest.
        let third = lab.ready().await;
        for session in &all {
            third.learns(session).await;
            assert_eq!(one.standing(session), Standing::Revoked);
            assert_eq!(other.standing(session), Standing::Revoked);
        }
        let after = lab.session(2);
        third.end(&after);
        one.learns(&after).await;
        other.learns(&after).await;
        all.push(after);
    }
}

#[tokio::test]
async fn a_replica_that_may_be_behind_is_not_gone_by() {
    let Some(lab) = Lab::new() else { return };
    let (host, session, ended) = (lab.host_by(OnStale::Deny), lab.session(1), lab.session(2));
    until("sessions go on", || host.standing(&session) == Standing::Good).await;
    lab.server.does::<()>(&[b"REPLICAOF", b"127.0.0.1", b"1"]);
    until("the host is unsure", || host.standing(&session) == Standing::Unknown).await;
    assert_eq!(host.revocations.ask(&session, None, Time::now()).await.unwrap_err().kind(), ErrorKind::Io);
    host.end(&ended);
    lab.server.does::<()>(&[b"REPLICAOF", b"NO", b"ONE"]);
    until("sessions go on", || host.standing(&session) == Standing::Good).await;
    lab.host().learns(&ended).await;
}

/// As it is after a burst: the table has what was told, and the feed has only what was told after it.
#[tokio::test]
async fn a_feed_that_was_cut_short_is_noticed() {
    let Some(lab) = Lab::new() else { return };
    let (host, session) = (lab.ready().await, lab.session(1));
    let ended = Revocation::Session {
        digest: session.session().digest(),
        from: Time::from_unix(0),
        until: session.until(),
    };
    let notice = Notices::new(&lab.key(), "bulla").write(&ended);
    let burst = b"redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) redis.call('XTRIM', KEYS[2], 'MAXLEN', 0) \
        redis.call('XADD', KEYS[2], '*', 'n', redis.call('HGET', KEYS[1], ARGV[3]))";
    let generation = Notices::place(&Revocation::Generation(0));
    let keys: [&[u8]; 2] = [b"bulla:revoked", b"bulla:told"];
    lab.server.does::<()>(&[
        b"EVAL",
        burst,
        b"2",
        keys[0],
        keys[1],
        &Notices::place(&ended),
        &notice,
        &generation,
    ]);
    host.learns(&session).await;
    assert_eq!(host.link.strange(), 0);
}

#[tokio::test]
async fn a_host_that_stops_tells_what_waits_or_says_that_it_could_not() {
    let Some(mut lab) = Lab::new() else { return };
    let (one, session) = (lab.ready().await, lab.session(1));
    one.end(&session);
    assert!(one.link.stop(super::lab::LIMIT).await);
    assert_eq!(lab.ready().await.standing(&session), Standing::Revoked);
    let one = lab.ready().await;
    lab.server.kill();
    one.end(&lab.session(2));
    assert!(!one.link.stop(Duration::from_millis(100)).await);
}
