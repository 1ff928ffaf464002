//! What Redis reports as bulla's own error.
use std::io;

use ::redis::RedisError;

use crate::Error;

/// The kind that a caller may want to act on survives as that of the source.
pub(super) fn from_redis(error: RedisError) -> Error {
    let kind = if error.is_timeout() {
        io::ErrorKind::TimedOut
    } else if error.is_connection_refusal() || error.is_connection_dropped() {
        io::ErrorKind::NotConnected
    } else {
        io::ErrorKind::Other
    };
    io::Error::new(kind, error).into()
}

pub(super) fn too_late() -> Error {
    io::Error::new(io::ErrorKind::TimedOut, "Redis did not answer in time").into()
}

/// What is kept is not what is kept there.
pub(super) fn nonsense(what: &'static str) -> Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("Redis keeps {what} that bulla did not write")).into()
}

/// Something else was done there meanwhile.
pub(super) fn overtaken(sentence: impl Into<String>) -> Error {
    io::Error::other(sentence.into()).into()
}

/// `WHAT: WHY; WHAT TO DO`, of the caller's own doing: [`ErrorKind::Usage`](crate::ErrorKind::Usage).
pub(super) fn wrong(sentence: impl Into<String>) -> Error {
    io::Error::new(io::ErrorKind::InvalidInput, sentence.into()).into()
}
