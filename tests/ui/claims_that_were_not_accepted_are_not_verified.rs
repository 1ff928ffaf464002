use bulla::cookie::Stamp;
use bulla::Verified;

struct Login {
    user: u64,
}

fn pay(_: Verified<Login, Stamp>) {}

fn main() {
    pay(Login { user: 7 });
}
