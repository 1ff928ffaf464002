//! Files and messages: encrypt and decrypt bytes, streams, files and directories.
//!
//! [`encrypt`] and [`decrypt`] take bytes, [`encrypt_file`] and [`decrypt_file`] files. For everything else there are
//! two builders, [`Encryption`] and [`Decryption`]. Nothing is handed out before it is authentic, and a target file
//! appears whole or not at all.
mod archive;
mod decryption;
mod encryption;
mod folders;
mod inspection;
mod keyfiles;
mod names;
mod opened;
mod parallel;
mod progress;
mod ranges;
mod reader;
mod rewrap;
mod source;
mod whole;
mod writer;

#[cfg(test)]
mod archive_tests;
#[cfg(test)]
mod authenticity_tests;
#[cfg(test)]
mod equality_tests;

pub use decryption::{Decryption, decrypt, decrypt_file, verify};
pub use encryption::{Encryption, encrypt, encrypt_file};
pub use inspection::{Inspection, StanzaInfo, inspect, inspect_file};
pub use keyfiles::{read_identities, read_keyring, write_identity, write_key, write_keyring};
#[cfg(any(feature = "cookie", feature = "tls"))]
pub use keyfiles::{read_token_keyring, write_token_keyring};
pub use opened::{Metadata, Opened};
pub use ranges::{Ranges, UncheckedRanges};
pub use reader::Reader;
pub use rewrap::{Rewrap, rewrap};
pub use whole::{write_streamed, write_whole};
pub use writer::Writer;

crate::secret::opaque_debug! {
    [] Encryption<'_> = "Encryption";
    [] Decryption<'_> = "Decryption";
    [] Rewrap<'_> = "Rewrap";
    [R] Reader<R> = "Reader";
    [W: std::io::Write] Writer<W> = "Writer";
    [] Ranges = "Ranges";
    [] UncheckedRanges = "UncheckedRanges";
}

pub use crate::formats::padding::Padding;
pub use crate::formats::sealing::Format;
pub use crate::formats::unsealing::Authenticity;
