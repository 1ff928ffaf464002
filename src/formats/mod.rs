//! Bytes on the wire: what a header says, what a chunk is. No file is opened here.
#[cfg(feature = "file")]
pub(crate) mod age;
#[cfg(feature = "smime")]
pub(crate) mod cms;
#[cfg(feature = "file")]
pub(crate) mod cobblestone;
#[cfg(feature = "file")]
pub(crate) mod envelope;
#[cfg(feature = "file")]
pub(crate) mod header;
#[cfg(feature = "file")]
pub(crate) mod meta;
#[cfg(feature = "smime")]
pub(crate) mod mime;
#[cfg(feature = "file")]
pub(crate) mod padding;
#[cfg(feature = "file")]
pub(crate) mod payload;
#[cfg(feature = "file")]
pub(crate) mod sealing;
#[cfg(feature = "cookie")]
pub(crate) mod token;
#[cfg(feature = "file")]
pub(crate) mod unsealing;
#[cfg(feature = "file")]
#[cfg(test)]
mod vectors;
