//! Many revocations by two hosts, while Redis is restarted again and again: none is lost.
use bulla::Time;
use bulla::cookie::{Revocation, Standing};
use proptest::prelude::*;

use super::lab::{Lab, subject, until};

/// What a host does: ends a session, or all that somebody has.
fn deeds() -> impl Strategy<Value = Vec<(bool, bool, u64)>> {
    proptest::collection::vec((any::<bool>(), any::<bool>(), 0..50_u64), 200..600)
}

fn sorted(mut all: Vec<Revocation>) -> Vec<String> {
    let mut all: Vec<_> = all.drain(..).map(|revocation| format!("{revocation:?}")).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn two_hosts_agree_whatever_happens_to_redis_and_lose_nothing(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let Some(mut lab) = Lab::new() else { return };
            let hosts = [lab.ready().await, lab.ready().await];
            let mut ended = Vec::new();
            for (number, (which, is_everything, user)) in deeds.iter().enumerate() {
                let host = &hosts[usize::from(*which)];
                let session = lab.session(*user);
                if *is_everything {
                    host.revocations.end_all_of(subject(*user), Time::now()).unwrap();
                } else {
                    host.end(&session);
                }
                ended.push((session, *user));
                if number % (deeds.len() / 4 + 1) == deeds.len() / 4 {
                    lab.server.kill();
                    lab.server.run();
                } else if number % 7 == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            }
            let third = lab.ready().await;
            let all = [&hosts[0], &hosts[1], &third];
            for host in all {
                until("every host knows all", || ended.iter().all(|(session, user)| {
                    let standing = host.revocations.standing(session, Some(&subject(*user)), Time::now());
                    standing == Standing::Revoked
                })).await;
            }
            let [one, two, three] = all.map(|host| &host.revocations);
            until("hosts agree", || {
                let first = sorted(one.all());
                first == sorted(two.all()) && first == sorted(three.all())
            }).await;
        });
    }
}
