//! Hostile input: each bound at its edge and one past it, and what each kind of failure leaves behind: nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod hostile {
    mod archives;
    mod ground;
    mod headers;
    mod keys;
    mod memory;
    mod passphrases;
    mod sizes;
    mod sources;
    mod targets;
    mod wrong;
}
