//! A token becomes claims without a single allocation.
#![cfg(feature = "cookie")]
#![allow(clippy::unwrap_used)]
use std::time::Duration;

use bulla::cookie::{Claims, Lifetime, Scope, Subject, TokenKeys, Tokens};
use bulla::{Time, TokenKeyring};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Login {
    user: u64,
    roles: [u32; 8],
    theme: Option<u8>,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        None
    }
}

#[test]
fn accepting_a_token_takes_no_memory_from_the_heap() {
    let hour = Duration::from_secs(3600);
    let keys = TokenKeys::new(TokenKeyring::generate(hour, hour, Time::now()).unwrap());
    let tokens = Tokens::<Login>::new(&keys, Scope::new("x").unwrap()).unwrap();
    let token = tokens.issue(&Login { user: 7, roles: [u32::MAX; 8], theme: Some(1) }).unwrap();
    // The first call in a thread may make what belongs to the thread.
    assert!(tokens.accept(token.expose_text()).is_ok());
    let taken = allocation_counter::measure(|| {
        for _ in 0..100 {
            assert_eq!(tokens.accept(token.expose_text()).unwrap().get().user, 7);
        }
    });
    assert_eq!(taken.count_total, 0);
    // The counter counts.
    assert!(
        allocation_counter::measure(|| drop(tokens.issue(&Login { user: 8, roles: [0; 8], theme: None })))
            .count_total
            > 0
    );
}
