//! Telling how far the work is, and copying while telling.
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::formats::payload::wide;

/// A function that is told how many bytes have been done, and may stop the work.
pub(super) type Progress<'a> = Option<&'a (dyn Fn(u64) -> ControlFlow<()> + Sync)>;

/// Tells how many bytes are done; an error if the caller wants to stop.
pub(super) fn tell(progress: Progress<'_>, done: u64) -> Result<()> {
    match progress.map(|tell| tell(done)) {
        Some(ControlFlow::Break(())) => Err(Error::new(
            ErrorKind::Cancelled,
            "stopped",
            "the caller asked for that",
            "nothing was left behind",
        )),
        _ => Ok(()),
    }
}

/// Copies plaintext, telling how far it is; the buffer is wiped.
pub(super) fn copy(from: &mut impl Read, to: &mut impl Write, progress: Progress<'_>) -> Result<u64> {
    let mut buffer = Zeroizing::new(vec![0; 256 * 1024]);
    let mut done: u64 = 0;
    loop {
        let got = match from.read(&mut buffer) {
            Ok(0) => return Ok(done),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other.map_err(|error| Error::io("reading", error))?,
        };
        let piece = buffer.split_at(got.min(buffer.len())).0;
        to.write_all(piece).map_err(|error| Error::io("writing", error))?;
        done = done.saturating_add(wide(got));
        tell(progress, done)?;
    }
}
