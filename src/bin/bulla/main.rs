//! The command bulla.
fn main() {}
