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
//! What the store reports is [`ErrorKind::Io`](crate::ErrorKind::Io); the error's
//! [source](std::error::Error::source) is a [`std::io::Error`] whose kind says if nothing was found, something was there
//! already, or access was denied.
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
use std::cell::Cell;
use std::io::{self, Write};
use std::ops::Range;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use ::object_store::path::Path;
use ::object_store::{
    Error as StoreError, GetOptions, GetResult, GetResultPayload, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutPayload, PutResult, UploadPart,
};
use bytes::Bytes;
use futures_util::future::{self, FutureExt, try_join};
use futures_util::stream::{Stream, StreamExt};

use crate::file::{Decryption, Encryption, Opened, Ranges, Writer, inspect};
use crate::{Error, ErrorKind, Result};

/// Bytes of a part: 10 000 of them, S3's most, are 78 GiB.
const PART: usize = 8 << 20;
/// S3 takes no smaller part but the last.
const LEAST_PART: usize = 5 << 20;
/// Plaintext that is sealed at a time, so that one huge piece does not come out as huge.
const STEP: usize = 64 << 10;

/// What is fetched first: most headers, and the whole of small objects.
const HEAD: u64 = 32 << 10;
/// The longest header with what follows it: see [`Decryption::ranges`].
const LONGEST_HEAD: u64 = (1 << 20) + AFTER_HEADER;
const AFTER_HEADER: u64 = 56;

/// Encrypts a stream into an object, which appears whole or not at all.
///
/// What fits into one part is put at once, the rest is uploaded part by part while it is sealed: about two parts are in
/// memory, however much there is, padding included. Parts have all the same size but the last.
///
/// An object that exists is not replaced unless [`overwrite`](Self::overwrite) says so. For one part the store itself
/// sees to that, if it can. **For more, no store offers it:** bulla looks before the first part and again before the
/// upload is completed, and of two who complete at the same moment the last one wins. Either object is whole.
///
/// ```
/// # use bulla::{Key, adapters::object_store::Upload, file::Encryption};
/// # use bytes::Bytes;
/// # use futures_util::stream;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bulla::Result<()> {
/// use object_store::{local::LocalFileSystem, path::Path};
/// let dir = tempfile::tempdir()?;
/// let store = LocalFileSystem::new_with_prefix(dir.path()).unwrap();
/// let (path, key) = (Path::from("report"), Key::generate());
/// let content = || stream::iter([Ok(Bytes::from("all is well"))]);
///
/// Upload::to(&store, &path).encrypt(&Encryption::to(&key), content()).await?;
/// assert!(Upload::to(&store, &path).encrypt(&Encryption::to(&key), content()).await.is_err());
/// Upload::to(&store, &path).overwrite(true).encrypt(&Encryption::to(&key), content()).await?;
/// assert_eq!(bulla::decrypt(&key, &std::fs::read(dir.path().join("report"))?)?, b"all is well");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is uploaded before `encrypt` is called"]
#[derive(Clone)]
pub struct Upload<'a> {
    store: &'a dyn ObjectStore,
    path: &'a Path,
    overwrite: bool,
    part: usize,
}

impl<'a> Upload<'a> {
    /// Where to.
    pub fn to(store: &'a dyn ObjectStore, path: &'a Path) -> Self {
        Upload { store, path, overwrite: false, part: PART }
    }

    /// Whether an object that exists is replaced. It is not unless this says so.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Bytes of a part, 8 MiB unless this says otherwise, and at least 5 MiB. A store bounds how many parts there may
    /// be: S3 takes 10 000, which are 78 GiB at 8 MiB.
    ///
    /// ```
    /// # use bulla::adapters::object_store::Upload;
    /// # let (store, path) = (object_store::memory::InMemory::new(), object_store::path::Path::from("large"));
    /// let for_5_tib = Upload::to(&store, &path).part_size(640 << 20);
    /// # let _ = for_5_tib;
    /// ```
    pub fn part_size(mut self, bytes: usize) -> Self {
        self.part = bytes.max(LEAST_PART);
        self
    }

    /// Encrypts all that `source` gives. What `encryption` says of targets ([`overwrite`](Encryption::overwrite),
    /// [`durable`](Encryption::durable)) and of [`progress`](Encryption::progress) does not count here.
    ///
    /// After an error nothing is at the path that was not there before, and the parts that had been uploaded are
    /// removed. If the future is dropped, or the program ends, nothing appears either, but stores like S3 keep the parts
    /// until a lifecycle rule removes them: have one.
    ///
    /// # Errors
    /// Those of [`Encryption::writer`], those of `source`, and [`ErrorKind::Io`] for those of the store. If completing an
    /// upload fails on the way back, the object may be there all the same, whole.
    pub async fn encrypt(
        &self,
        encryption: &Encryption<'_>,
        source: impl Stream<Item = io::Result<Bytes>>,
    ) -> Result<PutResult> {
        let writer = encryption.writer(Sink::new(self.part))?;
        let mut sealing = Sealing { source: pin!(source), piece: Bytes::new(), writer };
        let mut parts = Parts { target: self, upload: None, under_way: nothing() };
        let result = async {
            // The next part is sealed while the one before is on its way.
            while let ((), Some(part)) = try_join(parts.arrived(), sealing.next_part()).await? {
                parts.push(part).await?;
            }
            let ending = Ending::begin(sealing.writer)?;
            while let Ok(part) = ending.parts.recv() {
                parts.push(part).await?;
            }
            parts.finish(ending.rest()?).await
        }
        .await;
        if result.is_err() {
            parts.abort().await;
        }
        result
    }

    async fn put_whole(&self, object: Bytes) -> Result<PutResult> {
        let payload = PutPayload::from(object);
        let mode = if self.overwrite { PutMode::Overwrite } else { PutMode::Create };
        match self.store.put_opts(self.path, payload.clone(), mode.into()).await {
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) if !self.overwrite => {
                self.refuse_existing().await?;
                self.store.put_opts(self.path, payload, PutMode::Overwrite.into()).await.map_err(from_store)
            }
            Err(StoreError::AlreadyExists { .. }) => Err(self.exists()),
            other => other.map_err(from_store),
        }
    }

    async fn refuse_existing(&self) -> Result<()> {
        if self.overwrite {
            return Ok(());
        }
        match self.store.head(self.path).await {
            Ok(_) => Err(self.exists()),
            Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(from_store(error)),
        }
    }

    fn exists(&self) -> Error {
        let why = format!("there is an object {} already, and nothing said to overwrite it", self.path);
        io::Error::new(io::ErrorKind::AlreadyExists, why).into()
    }
}

/// The parts that have been sealed, on their way to the store.
struct Parts<'a> {
    target: &'a Upload<'a>,
    /// Begun with the first part.
    upload: Option<Box<dyn MultipartUpload>>,
    under_way: UploadPart,
}

impl Parts<'_> {
    async fn arrived(&mut self) -> Result<()> {
        std::mem::replace(&mut self.under_way, nothing()).await.map_err(from_store)
    }

    async fn push(&mut self, part: Bytes) -> Result<()> {
        self.arrived().await?;
        let upload = match &mut self.upload {
            Some(upload) => upload,
            None => {
                self.target.refuse_existing().await?;
                let (store, path) = (self.target.store, self.target.path);
                let upload = store.put_multipart_opts(path, PutMultipartOptions::default()).await;
                self.upload.insert(upload.map_err(from_store)?)
            }
        };
        self.under_way = upload.put_part(part.into());
        Ok(())
    }

    /// Sends what is left, and makes the object appear.
    async fn finish(&mut self, rest: Bytes) -> Result<PutResult> {
        if self.upload.is_none() {
            return self.target.put_whole(rest).await;
        }
        if !rest.is_empty() {
            self.push(rest).await?;
        }
        self.arrived().await?;
        self.target.refuse_existing().await?;
        let Some(upload) = &mut self.upload else {
            return Err(io::Error::other("no upload was begun").into());
        };
        upload.complete().await.map_err(from_store)
    }

    async fn abort(mut self) {
        drop(self.under_way);
        if let Some(upload) = &mut self.upload {
            // What went wrong before is what the caller is told.
            upload.abort().await.ok();
        }
    }
}

fn nothing() -> UploadPart {
    future::ready(Ok(())).boxed()
}

/// From a stream of plaintext to parts of what is sealed.
struct Sealing<'s, S> {
    source: Pin<&'s mut S>,
    /// Plaintext that came and has not been sealed.
    piece: Bytes,
    writer: Writer<Sink>,
}

impl<S: Stream<Item = io::Result<Bytes>>> Sealing<'_, S> {
    /// The next full part; `None` when the source has ended.
    async fn next_part(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(part) = self.writer.get_ref().cut() {
                return Ok(Some(part));
            }
            while self.piece.is_empty() {
                match self.source.next().await {
                    Some(piece) => self.piece = piece?,
                    None => return Ok(None),
                }
            }
            let now = self.piece.split_to(self.piece.len().min(STEP));
            self.writer.write_all(&now)?;
        }
    }
}

/// Where the writer puts what it has sealed, and parts are cut from. In cells, because the writer only lends it.
struct Sink {
    part: usize,
    sealed: Cell<Vec<u8>>,
    /// When the end is being sealed: where full parts go.
    parts: Cell<Option<SyncSender<Bytes>>>,
}

impl Sink {
    fn new(part: usize) -> Self {
        Sink { part, sealed: Cell::default(), parts: Cell::default() }
    }

    /// A full part, if there is one.
    fn cut(&self) -> Option<Bytes> {
        let mut sealed = self.sealed.take();
        let part = (sealed.len() >= self.part).then(|| {
            let rest = sealed.split_off(self.part);
            std::mem::replace(&mut sealed, rest)
        });
        self.sealed.set(sealed);
        part.map(Bytes::from)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sealed.get_mut().extend_from_slice(bytes);
        if let Some(parts) = self.parts.take() {
            while let Some(part) = self.cut() {
                parts.send(part).map_err(|_| io::Error::other("the upload was given up"))?;
            }
            self.parts.set(Some(parts));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end as it is sealed: padding may make it many parts long, and a [`Writer`] ends in one call. So it does that on
/// a thread, which waits after each part. To wait for it takes no longer than to seal a part.
struct Ending {
    parts: Receiver<Bytes>,
    thread: JoinHandle<Result<Vec<u8>>>,
}

impl Ending {
    fn begin(writer: Writer<Sink>) -> Result<Self> {
        let (sender, parts) = sync_channel(0);
        writer.get_ref().parts.set(Some(sender));
        // The sink ends on the thread, and with it the sender: that tells the receiver that no part follows.
        let end = move || writer.finish().map(|sink| sink.sealed.take());
        let thread = thread::Builder::new().name("bulla-upload".into()).spawn(end)?;
        Ok(Ending { parts, thread })
    }

    /// What did not fill a part.
    fn rest(self) -> Result<Bytes> {
        let rest = self.thread.join().map_err(|_| io::Error::other("sealing the end came to a stop"))?;
        rest.map(Bytes::from)
    }
}

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
    /// Opens an object with two requests at most of them: for its first 32 KiB and for its last chunk or two. One is
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
    match inspect(head) {
        Ok(inspection) => inspection.header_length().saturating_add(AFTER_HEADER) <= length(head),
        Err(error) => error.kind() != ErrorKind::Malformed,
    }
}

fn slice<'b>(bytes: &'b [u8], range: &Range<u64>) -> Option<&'b [u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The kind that a caller may want to act on survives as that of the source.
fn from_store(error: StoreError) -> Error {
    let kind = match &error {
        StoreError::NotFound { .. } => io::ErrorKind::NotFound,
        StoreError::AlreadyExists { .. } => io::ErrorKind::AlreadyExists,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error).into()
}
