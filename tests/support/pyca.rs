//! The test vectors of Python's `cryptography`, as `scripts/install-peers` brings them: read in place, never copied.
use std::io::Write;
use std::path::PathBuf;

/// A file or folder of `cryptography_vectors`, named as it is in the package: `x509/PKITS_data/certs`.
///
/// `None`, with a line on stderr, where the package is absent; a failure where peers are required. A name that
/// the package does not have is a failure always.
pub(crate) fn vectors(name: &str) -> Option<PathBuf> {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let peers = std::env::var_os("BULLA_PEERS_DIR");
    let peers = peers.map_or_else(|| home().join(".cache/bulla-peers"), PathBuf::from);
    let package = peers.join("pyca/cryptography_vectors");
    if package.is_dir() {
        let found = package.join(name);
        assert!(found.exists(), "cryptography_vectors has no {name}");
        return Some(found);
    }
    let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
    assert!(!required, "cryptography_vectors is required and not there; run scripts/install-peers");
    // Not `eprintln!`: the test runner keeps that to itself when a test passes.
    let line =
        format!("skipped: cryptography_vectors ({name}) is not there; scripts/install-peers brings it\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}
