//! Bytes on the wire: what a header says, what a chunk is. No file is opened here.
pub(crate) mod age;
pub(crate) mod cobblestone;
pub(crate) mod envelope;
pub(crate) mod header;
pub(crate) mod meta;
pub(crate) mod padding;
pub(crate) mod payload;
pub(crate) mod sealing;
pub(crate) mod unsealing;
#[cfg(test)]
mod vectors;
