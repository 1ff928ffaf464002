//! Keys as text and in files: reading them within bounds, and the error that repeats nothing.
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::encoding::input::read_full;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::KEY_FILE_BYTES;
use crate::secret::SecretVec;

/// The error for text that is no key; it never repeats the text, which may hold one with a slip in it.
pub(super) fn bad_key(form: &'static str) -> Error {
    Error::new(
        ErrorKind::Malformed,
        "key",
        format!("the text is not of the form {form}, or a character is wrong or missing"),
        "copy it whole, with nothing before or after",
    )
}

/// Reads a file that holds keys, up to a bound, into memory that is wiped.
pub(crate) fn read_key_file(path: &Path) -> Result<SecretVec> {
    let name = || path.display().to_string();
    let file = File::open(path).map_err(|error| Error::io(name(), error))?;
    read_key_stream(file, &name())
}

/// [`read_key_file`] for anything that reads.
pub(crate) fn read_key_stream(mut from: impl Read, name: &str) -> Result<SecretVec> {
    let mut bytes = SecretVec::new(vec![0; KEY_FILE_BYTES + 1]);
    let got = read_full(&mut from, &mut bytes).map_err(|error| Error::io(name.to_owned(), error))?;
    if got > KEY_FILE_BYTES {
        let why = format!("it is over {KEY_FILE_BYTES} bytes");
        return Err(Error::new(ErrorKind::OverLimit, name.to_owned(), why, "give a file of keys"));
    }
    bytes.truncate(got);
    Ok(bytes)
}
