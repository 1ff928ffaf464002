use bulla::cookie::{Claims, Lifetime, Subject};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Serialize, Deserialize)]
struct Login {
    user: u64,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));
}

fn main() {}
