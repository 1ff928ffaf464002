//! The programs that bulla is compared with: found, or skipped by name; then run on bytes.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::ffi::OsStr;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of `scripts/install-peers` or of the PATH, or the file of a package that it installs.
///
/// `None`, with a line on stderr, where it is absent; a failure where peers are required.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let root = root();
    let places: Vec<PathBuf> = match name {
        // Not the PATH's: these come with the packages that the tests need.
        "python" => vec![root.join("venv/bin/python")],
        "nginx" => vec![PathBuf::from("/usr/sbin/nginx")],
        "pyopenssl" => vec![in_venv(&root, "OpenSSL/SSL.py")],
        "tlslite" => vec![in_venv(&root, "tlslite/api.py")],
        "m2crypto" => vec![root.join("m2crypto/0.51.0/AuthCookie.py")],
        "openssl4" => vec![root.join("openssl4/bin/openssl")],
        jar if jar.ends_with(".jar") => vec![Path::new("/usr/share/java").join(jar)],
        "age-encryption" => vec![root.join("node/node_modules/age-encryption/dist/index.js")],
        _ => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::env::split_paths(&path).map(|folder| folder.join(name));
            std::iter::once(root.join("cargo/bin").join(name)).chain(folders).collect()
        }
    };
    let found = places.into_iter().find(|place| place.is_file());
    if found.is_none() {
        let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
        assert!(!required, "{name} is required and not there; run scripts/install-peers");
        // Not `eprintln!`: the test runner keeps that to itself when a test passes.
        let line = format!("skipped: {name} is not there; scripts/install-peers brings it\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    found
}

/// A file of a Python package, below whichever version of Python the venv has.
fn in_venv(root: &Path, file: &str) -> PathBuf {
    let versions = std::fs::read_dir(root.join("venv/lib")).into_iter().flatten().flatten();
    let mut places = versions.map(|version| version.path().join("site-packages").join(file));
    places.find(|place| place.is_file()).unwrap_or_default()
}

fn root() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    std::env::var_os("BULLA_PEERS_DIR").map_or_else(|| home().join(".cache/bulla-peers"), PathBuf::from)
}

/// A helper script of `tests/interop`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

/// A program that asks for a passphrase at a terminal, and gets this one.
pub(crate) fn at_a_terminal(passphrase: &str, program: impl AsRef<OsStr>) -> Option<Command> {
    let mut command = Command::new(find("python")?);
    command.arg(script("at_a_terminal.py")).arg(passphrase).arg(program);
    // Empty: rage asks at the terminal itself, whatever else is installed.
    command.env("PINENTRY_PROGRAM", "");
    Some(command)
}

/// What the command writes when it is given `input`; if it fails, what it says.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    // A file and not a pipe: nobody has to write while somebody reads.
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
    file.rewind().unwrap();
    let output = command.stdin(file).output().unwrap();
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{:?}: {}: {said}", command.get_program(), output.status))
}
