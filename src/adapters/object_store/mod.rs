//! Sealed objects in S3-like stores: encrypted on their way in, read at any place without fetching the rest.
//!
//! The objects are the files that [`mod@crate::file`] writes, byte for byte: a file can be moved into a store and out of
//! it with any tool. `LocalFileSystem` is such a store, too.
//!
//! Sealing and opening are done where the future is polled; a few megabytes take a millisecond or two. **A passphrase is
//! another matter:** its KDF takes up to a second and blocks the thread once, at the beginning of
//! [`Upload::encrypt`] and of [`StoredReader::open`]. Do that where blocking is allowed
//! (`tokio::task::spawn_blocking`), or use keys and recipients.
//!
//! What the store reports is [`ErrorKind::Io`], or [`ErrorKind::Exists`] for an object that is there already; the error's
//! [source](std::error::Error::source) is a [`std::io::Error`] whose kind says if nothing was found or access was denied.
//!
//! ```
//! use std::sync::Arc;
//! use bulla::adapters::object_store::{StoredReader, Upload};
//! use bulla::{Key, file::{Decryption, Encryption}};
//! use bytes::Bytes;
//! use futures_util::stream;
//! use object_store::{ObjectStore, memory::InMemory, path::Path};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> bulla::Result<()> {
//! let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
//! let (path, key) = (Path::from("letters/1"), Key::generate());
//!
//! let content = stream::iter([Ok(Bytes::from("Dear Bob, ")), Ok(Bytes::from("hello."))]);
//! Upload::to(&*store, &path).encrypt(&Encryption::to(&key), content).await?;
//!
//! let letter = StoredReader::open(store, &path, &Decryption::with(&key)).await?;
//! assert_eq!(letter.len(), 16);
//! assert_eq!(letter.read(10..15).await?, "hello");
//! # Ok(())
//! # }
//! ```
mod errors;
mod reader;
mod upload;

pub use reader::StoredReader;
pub use upload::Upload;

#[cfg(doc)]
use crate::ErrorKind;
