//! Encrypting into a store: parts of a multipart upload, which ends whole or is aborted.
use std::cell::Cell;
use std::io::{self, Write};
use std::pin::{Pin, pin};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use ::object_store::path::Path;
use ::object_store::{
    Error as StoreError, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutPayload, PutResult, UploadPart,
};
use bytes::Bytes;
use futures_util::future::{self, FutureExt, try_join};
use futures_util::stream::{Stream, StreamExt};

use super::errors::from_store;
use crate::file::{Encryption, Writer};
use crate::{Error, Result};

/// Bytes of a part: 10 000 of them, S3's most, are 78 GiB.
const PART: usize = 8 << 20;
/// S3 takes no smaller part but the last.
const LEAST_PART: usize = 5 << 20;
/// Plaintext that is sealed at a time, so that one huge piece does not come out as huge.
const STEP: usize = 64 << 10;

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
    /// Those of [`Encryption::writer`], those of `source`, [`Exists`](crate::ErrorKind::Exists) if there is an object
    /// already, and [`Io`](crate::ErrorKind::Io) for the store's other errors. If completing an upload fails on the way back, the object may be there all the same, whole.
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
