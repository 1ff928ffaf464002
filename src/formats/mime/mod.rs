//! MIME as S/MIME needs it (RFC 2045, RFC 2046, RFC 8551): what stands where, to the byte, as it comes and in constant memory.
//! What can be read in two ways is refused, not guessed: two readers who differ are how a signature comes to cover something
//! else than what is shown.
pub(crate) mod bare;
pub(crate) mod entity;
pub(crate) mod header;
pub(crate) mod lines;
pub(crate) mod multipart;
pub(crate) mod parameters;
pub(crate) mod plain_lines;
pub(crate) mod quoted;
pub(crate) mod seven_bit;
pub(crate) mod transfer;
