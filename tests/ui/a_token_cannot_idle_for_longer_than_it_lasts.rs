use bulla::cookie::Lifetime;
use std::time::Duration;

const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(7200), Duration::from_secs(3600));

fn main() {
    let _ = LIFETIME;
}
