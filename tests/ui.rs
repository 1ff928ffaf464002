//! Misuses that must not compile: `tests/ui/NAME.rs` with the compiler's words beside it.
//!
//! `TRYBUILD=overwrite cargo test --all-features --test ui` writes the words anew. With other features other crates are
//! there, and the compiler names things otherwise.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "cli", feature = "cookie", feature = "object_store"))]

use std::io::Write;

/// The words are those of one compiler; another says the same in others.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn misuses_do_not_compile() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if !version.starts_with(COMPILER) {
        // Not `eprintln!`: the test runner hides what a passing test says with it.
        let skipped = format!("skipped: tests/ui has the words of {COMPILER}x, and this is {version}");
        writeln!(std::io::stderr(), "{skipped}").unwrap();
        assert!(std::env::var("BULLA_PEERS").as_deref() != Ok("required"), "CI needs {COMPILER}x");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
