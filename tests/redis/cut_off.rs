//! A host that is cut off while others are not.
use bulla::cookie::{OnStale, Standing};
use bulla::{ErrorKind, Time};

use super::lab::{BOUND, Host, LIMIT, Lab, until};
use super::wire::Wire;

/// A host that goes by this policy, and its own way to the server.
async fn host(lab: &Lab, policy: OnStale, folder: &tempfile::TempDir) -> (Host, Wire) {
    let wire = Wire::to(lab.server.socket(), folder.path());
    let (revocations, link) = lab.redis_by(&wire.url()).link(BOUND, policy).unwrap();
    assert!(link.ready(LIMIT).await);
    (Host { revocations, link }, wire)
}

#[tokio::test]
async fn a_host_that_is_cut_off_goes_by_its_policy_and_hears_the_end_when_it_is_back() {
    let Some(lab) = Lab::new() else { return };
    for (policy, meanwhile) in [
        (OnStale::Allow, Standing::Good),
        (OnStale::Deny, Standing::Unknown),
        (OnStale::Ask, Standing::Unknown),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (one, wire) = host(&lab, policy, &folder).await;
        let other = lab.host_by(OnStale::Deny);
        let (ended, good) = (lab.session(1), lab.session(2));
        until("the other hears", || other.standing(&good) == Standing::Good).await;
        until("it goes on, too", || one.standing(&ended) == Standing::Good).await;
        wire.cut();
        other.end(&ended);
        until("it is stale", || one.revocations.staleness().unwrap() > BOUND).await;
        assert_eq!((one.standing(&ended), one.standing(&good)), (meanwhile, meanwhile), "{policy:?}");
        assert_eq!(one.revocations.ask(&good, None, Time::now()).await.unwrap_err().kind(), ErrorKind::Io);
        // It is nobody else's trouble.
        until("the other is sure", || other.standing(&good) == Standing::Good).await;
        wire.mend();
        one.learns(&ended).await;
        until("it is sure again", || one.standing(&good) == Standing::Good).await;
        assert_eq!(one.revocations.ask(&ended, None, Time::now()).await.unwrap(), Standing::Revoked);
    }
}

#[tokio::test]
async fn what_a_host_ends_while_it_is_cut_off_is_told_when_it_is_back() {
    let Some(lab) = Lab::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (one, wire) = host(&lab, OnStale::Deny, &folder).await;
    let (other, ended, probe) = (lab.ready().await, lab.session(1), lab.session(2));
    wire.cut();
    one.end(&ended);
    assert_eq!(one.standing(&ended), Standing::Revoked);
    // The other hears all that was told, and that was not.
    let third = lab.ready().await;
    third.end(&probe);
    other.learns(&probe).await;
    assert_eq!(other.standing(&ended), Standing::Good);
    wire.mend();
    other.learns(&ended).await;
}
