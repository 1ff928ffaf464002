//! What one host revokes, the others know.
use std::time::Duration;

use bulla::Time;
use bulla::cookie::{OnStale, Standing};

use super::lab::{BOUND, Lab, subject, until};

#[tokio::test]
async fn what_one_host_revokes_others_know() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let (ended, all_of_seven, of_eight) = (lab.session(1), lab.session(7), lab.session(8));
    one.end(&ended);
    one.revocations.end_all_of(subject(7), Time::now()).unwrap();
    other.learns(&ended).await;
    let standing = |session, user| other.revocations.standing(session, Some(&subject(user)), Time::now());
    until("all of a user's sessions end", || standing(&all_of_seven, 7) == Standing::Revoked).await;
    assert_eq!(standing(&of_eight, 8), Standing::Good);
    one.revocations.end_generations_before(3, Time::now()).unwrap();
    until("generations end", || other.revocations.generation() == 3).await;
    assert_eq!(standing(&of_eight, 8), Standing::Revoked);
    assert_eq!(one.link.strange() + other.link.strange(), 0);
}

#[tokio::test]
async fn who_comes_later_knows_what_was_told_before() {
    let Some(lab) = Lab::new() else { return };
    let one = lab.ready().await;
    let session = lab.session(1);
    one.end(&session);
    assert!(one.link.stop(Duration::from_secs(30)).await);
    assert_eq!(lab.ready().await.standing(&session), Standing::Revoked);
}

#[tokio::test]
async fn a_session_that_was_ended_with_a_grace_is_ended_at_the_earlier_of_two_times() {
    let Some(lab) = Lab::new() else { return };
    let (one, other) = (lab.ready().await, lab.ready().await);
    let session = lab.session(1);
    one.revocations.end(&session, Duration::from_secs(3000), Time::now()).unwrap();
    until("a host learns of the grace", || other.standing(&session) == Standing::Ending).await;
    other.end(&session);
    one.learns(&session).await;
    // The later grace takes nothing back, in the table either.
    one.revocations.end(&session, Duration::from_secs(2000), Time::now()).unwrap();
    assert!(one.link.stop(Duration::from_secs(30)).await);
    assert_eq!(lab.ready().await.standing(&session), Standing::Revoked);
}

#[tokio::test]
async fn hosts_of_another_prefix_or_key_share_nothing() {
    let Some(mut lab) = Lab::new() else { return };
    let one = lab.ready().await;
    let prefixed = lab.redis().prefix("shop").unwrap().link(BOUND, OnStale::Allow).unwrap();
    let session = lab.session(1);
    one.end(&session);
    lab = Lab::at(lab.server);
    let stranger = lab.ready().await;
    assert!(prefixed.1.ready(BOUND * 10).await);
    for revocations in [&prefixed.0, &stranger.revocations] {
        assert_eq!(revocations.standing(&session, None, Time::now()), Standing::Good);
    }
    until("what the other key signed is counted", || stranger.link.strange() > 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_that_were_told_before_are_known_at_the_start() {
    let Some(lab) = Lab::new() else { return };
    let one = lab.ready().await;
    let sessions: Vec<_> = (0..100_000).map(|_| lab.session(1)).collect();
    sessions.iter().for_each(|session| one.end(session));
    assert!(one.link.stop(Duration::from_secs(60)).await);
    let other = lab.ready().await;
    assert!(sessions.iter().all(|session| other.standing(session) == Standing::Revoked));
}

#[tokio::test]
async fn what_has_ended_anyhow_is_removed() {
    let Some(lab) = Lab::new() else { return };
    let old = Time::from_unix(1_700_000_000);
    let session = lab.session(1);
    let one = lab.ready().await;
    let ended = bulla::cookie::Revocation::Session { digest: [7; 32], from: old, until: old };
    lab.server.does::<()>(&[b"ZADD", b"bulla:ends", b"1700000000", b"old"]);
    lab.server.does::<()>(&[b"HSET", b"bulla:revoked", b"old", b"value"]);
    one.end(&session);
    one.revocations.apply(ended, Time::now()).unwrap();
    until("what has ended is removed", || !lab.server.does::<bool>(&[b"HEXISTS", b"bulla:revoked", b"old"]))
        .await;
    assert_eq!(lab.server.does::<u64>(&[b"ZCARD", b"bulla:ends"]), 1);
    // What this host knows of it is not brought back.
    lab.server.does::<()>(&[b"DEL", b"bulla:told"]);
    until("the feed begins anew", || lab.server.does::<u64>(&[b"EXISTS", b"bulla:told"]) == 1).await;
    assert_eq!(lab.server.does::<u64>(&[b"HLEN", b"bulla:revoked"]), 2);
}

#[test]
fn a_link_is_opened_within_a_runtime_and_with_a_bound_that_can_be_kept() {
    let Some(lab) = Lab::new() else { return };
    let refused = |of: bulla::Result<_>| of.map(drop).unwrap_err().to_string();
    assert!(refused(lab.redis().link(BOUND, OnStale::Deny)).contains("tokio runtime"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let slow = lab.redis().every(Duration::from_secs(1));
    assert!(refused(slow.link(BOUND, OnStale::Deny)).contains("bound"));
}

#[tokio::test]
async fn a_grace_is_by_the_clock_that_hosts_were_given() {
    let Some(lab) = Lab::new() else { return };
    let ahead = || Time::now() + Duration::from_secs(600);
    let (revocations, link) = lab.redis().clock(ahead).link(Duration::from_secs(60), OnStale::Allow).unwrap();
    assert!(link.ready(super::lab::LIMIT).await);
    let (session, other) = (lab.session(1), lab.session(1));
    revocations.end(&session, Duration::from_secs(10), ahead()).unwrap();
    revocations.end(&other, Duration::ZERO, ahead()).unwrap();
    // It has come back from Redis, behind the other.
    let third = lab.redis().clock(ahead).link(Duration::from_secs(60), OnStale::Allow).unwrap();
    until("all is read", || third.0.standing(&other, None, ahead()) == Standing::Revoked).await;
    for revocations in [&revocations, &third.0] {
        assert_eq!(revocations.standing(&session, None, ahead()), Standing::Ending);
    }
}
