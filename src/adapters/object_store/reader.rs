//! Reading out of a store: ranged requests for the chunks that are needed, of the object that was first seen.
use std::io;
use std::ops::Range;
use std::sync::Arc;

use ::object_store::path::Path;
use ::object_store::{
    Error as StoreError, GetOptions, GetResult, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt,
};
use bytes::Bytes;
use futures_util::stream::StreamExt;

use super::errors::{from_store, length};
use crate::file::{Decryption, Opened, Ranges};
use crate::{Error, ErrorKind, Result, file};

/// What is fetched first: most headers, and the whole of small objects.
const HEAD: u64 = 32 << 10;
/// The longest header with what follows it: see [`Decryption::ranges`].
const LONGEST_HEAD: u64 = (1 << 20) + AFTER_HEADER;
const AFTER_HEADER: u64 = 56;

/// Reads a sealed object at any place, fetching the chunks that are needed and no others.
///
/// It is pinned to the object that was there when it was opened: if another is put in its place, reading fails. Every
/// byte it gives is authentic. It may be shared by many readers at once.
///
/// ```
/// # use std::sync::Arc;
/// # use bulla::{Identity, adapters::object_store::StoredReader, file::Decryption};
/// # use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bulla::Result<()> {
/// let (store, path): (Arc<dyn ObjectStore>, _) = (Arc::new(InMemory::new()), Path::from("film"));
/// let bob = Identity::generate();
/// store.put(&path, bulla::encrypt(&bob.recipient(), &[7; 1_000_000])?.into()).await.unwrap();
///
/// let film = StoredReader::open(store, &path, &Decryption::with(&bob)).await?;
/// assert_eq!(film.read(999_990..u64::MAX).await?.len(), 10); // fetches 17 KiB
/// # Ok(())
/// # }
/// ```
pub struct StoredReader {
    object: Pinned,
    ranges: Ranges,
}

impl StoredReader {
    /// Opens an object, most of them with two requests: for the first 32 KiB, and for the last chunk or two. One is
    /// enough if it is small, and a third is needed for a header over 32 KiB. Objects in armor are not for this.
    ///
    /// # Errors
    /// Those of [`Decryption::ranges`] and [`UncheckedRanges::finish`](crate::file::UncheckedRanges::finish), and
    /// [`ErrorKind::Io`] for those of the store.
    pub async fn open(
        store: Arc<dyn ObjectStore>,
        path: &Path,
        decryption: &Decryption<'_>,
    ) -> Result<StoredReader> {
        let (object, mut head) = Pinned::open(store, path).await?;
        let size = object.meta.size;
        let have = length(&head);
        if !is_header_whole(&head) && have < size {
            let more = object.fetch(have..size.min(LONGEST_HEAD)).await?;
            head = [head, more].concat().into();
        }
        let unchecked = decryption.ranges(&head, size)?;
        let end = unchecked.end();
        let ranges = match slice(&head, &end) {
            Some(end) => unchecked.finish(end)?,
            None => unchecked.finish(&object.fetch(end).await?)?,
        };
        Ok(StoredReader { object, ranges })
    }

    /// The content's size in bytes. It is authentic.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.len()
    }

    /// Whether there is no content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What is known of the object: format, who could have sealed it, metadata.
    #[must_use]
    pub fn opened(&self) -> Opened {
        self.ranges.opened()
    }

    /// Reads a range of the content with one request, or none if nothing is in it. A range past the end is cut there.
    /// It is in memory thrice for a moment, so read something large in pieces.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`] if the chunks are not what was sealed there, [`ErrorKind::Io`] if the store fails, or
    /// the object was replaced or removed since it was opened.
    pub async fn read(&self, content: Range<u64>) -> Result<Bytes> {
        let needed = self.ranges.sealed_range(content.clone());
        if needed.is_empty() {
            return Ok(Bytes::new());
        }
        let sealed = self.object.fetch(needed).await?;
        self.ranges.open(content, &sealed).map(Bytes::from)
    }
}

/// An object as it was when it was first seen.
struct Pinned {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
}

impl Pinned {
    /// Fetches an object's beginning, and pins it.
    async fn open(store: Arc<dyn ObjectStore>, path: &Path) -> Result<(Self, Bytes)> {
        let first = GetOptions::new().with_range(Some(0..HEAD));
        match store.get_opts(path, first).await {
            Ok(result) => {
                let meta = result.meta.clone();
                let head = collect(result, HEAD).await?;
                Ok((Pinned { store, meta }, head))
            }
            Err(error) => {
                // An empty object has no first byte, so stores refuse the range. It is for the format to refuse it.
                let meta = store.head(path).await.ok().filter(|meta| meta.size == 0);
                let meta = meta.ok_or_else(|| from_store(error))?;
                Ok((Pinned { store, meta }, Bytes::new()))
            }
        }
    }

    async fn fetch(&self, range: Range<u64>) -> Result<Bytes> {
        let most = range.end.saturating_sub(range.start);
        // A weak tag never matches (RFC 9110 section 13.1.1); what comes back is compared in any case.
        let tag = self.meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
        let options = GetOptions::new()
            .with_range(Some(range))
            .with_if_match(tag)
            .with_version(self.meta.version.clone());
        match self.store.get_opts(&self.meta.location, options).await {
            Ok(result) if self.is(&result.meta) => collect(result, most).await,
            Ok(_) | Err(StoreError::Precondition { .. }) => {
                let path = &self.meta.location;
                let why = format!("the object {path} was replaced since it was opened; open it again");
                Err(io::Error::other(why).into())
            }
            Err(error) => Err(from_store(error)),
        }
    }

    fn is(&self, other: &ObjectMeta) -> bool {
        let meta = &self.meta;
        let same_time = || meta.e_tag.is_some() || meta.last_modified == other.last_modified;
        meta.size == other.size && meta.e_tag == other.e_tag && meta.version == other.version && same_time()
    }
}

/// Reads an answer of the store, and not more than was asked for.
async fn collect(result: GetResult, most: u64) -> Result<Bytes> {
    let too_much = || Error::from(io::Error::other("the store gives more than it was asked for"));
    if result.range.end.saturating_sub(result.range.start) > most {
        return Err(too_much());
    }
    if !matches!(result.payload, GetResultPayload::Stream(_)) {
        return result.bytes().await.map_err(from_store);
    }
    let mut stream = result.into_stream();
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        all.extend_from_slice(&piece.map_err(from_store)?);
        if length(&all) > most {
            return Err(too_much());
        }
    }
    Ok(all.into())
}

/// Whether `head` holds all that precedes the content. It need not be sound.
fn is_header_whole(head: &[u8]) -> bool {
    match file::inspect(head) {
        Ok(inspection) => inspection.header_length().saturating_add(AFTER_HEADER) <= length(head),
        Err(error) => error.kind() != ErrorKind::Malformed,
    }
}

fn slice<'b>(bytes: &'b [u8], range: &Range<u64>) -> Option<&'b [u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}
