//! Mail by bulla and by OpenSSL in one process. `scripts/bench-smime` calls it; alone it is of little use.
//!
//! - `functions ROUNDS [KIND]`: mails of 4 KiB, the two in turns; a Markdown table.
//! - `keys FOLDER`: an authority and a key of each kind, in PEM, for whole commands.
//! - `openssl sign|verify|encrypt|decrypt FOLDER KIND IN OUT`: one file by OpenSSL in this process.
mod functions;
mod lab;
mod peer;

use std::path::Path;

/// What stops a bench: anything.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["functions", rounds] => functions::table(rounds.parse()?, None),
        ["functions", rounds, kind] => functions::table(rounds.parse()?, Some(kind)),
        ["keys", folder] => lab::write(Path::new(folder)),
        ["openssl", step, folder, kind, from, into] => peer::file(step, Path::new(folder), kind, from, into),
        _ => Err("functions ROUNDS [KIND] | keys FOLDER | openssl STEP FOLDER KIND IN OUT".into()),
    }
}
