//! The programs of `examples/`, as cargo has built them beside the tests.
use std::path::{Path, PathBuf};

/// Cargo builds examples along with the tests, into the folder beside theirs.
pub(crate) fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is not built: cargo build --all-features --examples", program.display());
    program
}
