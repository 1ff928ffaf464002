//! Where the published vectors are: read in place, never copied.
use std::path::PathBuf;

/// A folder of `BULLA_VECTORS`. `None`, with a line on stderr, where it is absent; a failure where peers are required.
#[allow(clippy::print_stderr, reason = "what is skipped is skipped by name")]
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BULLA_VECTORS").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"));
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
    assert!(!required, "{} is required and not there", folder.display());
    eprintln!("skipped: the published vectors {name} are not in {}", root.display());
    None
}
