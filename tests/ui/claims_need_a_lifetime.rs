use bulla::cookie::{Claims, Lifetime, Subject};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Serialize, Deserialize)]
struct Login {
    user: u64,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    fn subject(&self) -> Option<Subject> {
        None
    }
}

fn main() {}
