//! An object store in memory that keeps account of what is asked of it, and goes wrong where it is told to.
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

/// What was asked, and what shall go wrong.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Ranges that were fetched.
    pub(crate) ranges: Vec<Range<u64>>,
    pub(crate) heads: usize,
    /// Fetches that any object would have satisfied, whatever was put there meanwhile.
    pub(crate) unpinned: usize,
    pub(crate) puts: usize,
    /// Sizes of the parts that arrived.
    pub(crate) parts: Vec<usize>,
    pub(crate) aborts: usize,
    pub(crate) fail_part: Option<usize>,
    pub(crate) fail_complete: bool,
    /// As stores without conditional requests: `PutMode::Create` and `If-Match` are not there.
    pub(crate) unconditional: bool,
    /// Somebody else puts this there when the first part comes.
    pub(crate) intruder: Option<Bytes>,
    /// A byte of the object whose bits come back turned round.
    pub(crate) flip: Option<u64>,
    /// Bytes that are given beyond those asked for.
    pub(crate) surplus: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) inner: InMemory,
    account: Arc<Mutex<Account>>,
}

impl Watched {
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap()
    }

    /// Ranges that were fetched since this was asked last.
    pub(crate) fn take_ranges(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.account().ranges)
    }

    async fn spoil(&self, mut result: GetResult) -> Result<GetResult> {
        let Account { flip, surplus, .. } = *self.account();
        if flip.is_none() && surplus == 0 {
            return Ok(result);
        }
        let range = result.range.clone();
        let payload =
            std::mem::replace(&mut result.payload, GetResultPayload::Stream(stream::empty().boxed()));
        let whole = GetResult { payload, range: range.clone(), meta: result.meta.clone(), ..empty(&result) };
        let mut bytes = whole.bytes().await?.to_vec();
        if let Some(at) = flip.filter(|at| range.contains(at)) {
            bytes[(at - range.start) as usize] ^= 0x80;
        }
        bytes.extend(vec![0; surplus]);
        // In two pieces, as a network gives them.
        let rest = bytes.split_off(bytes.len() / 2);
        let pieces = [Ok(Bytes::from(bytes)), Ok(Bytes::from(rest))];
        result.payload = GetResultPayload::Stream(stream::iter(pieces).boxed());
        Ok(result)
    }
}

fn empty(like: &GetResult) -> GetResult {
    GetResult {
        payload: GetResultPayload::Stream(stream::empty().boxed()),
        meta: like.meta.clone(),
        range: like.range.clone(),
        attributes: like.attributes.clone(),
        extensions: like.extensions.clone(),
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if self.account().unconditional && options.mode == PutMode::Create {
            return Err(Error::NotImplemented {
                operation: "put_opts".into(),
                implementer: self.to_string(),
            });
        }
        self.account().puts += 1;
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(path, options).await?;
        let (store, account) = (self.inner.clone(), Arc::clone(&self.account));
        Ok(Box::new(WatchedUpload { inner, begun: 0, account, store, path: path.clone() }))
    }

    async fn get_opts(&self, path: &Path, mut options: GetOptions) -> Result<GetResult> {
        {
            let mut account = self.account();
            match &options.range {
                _ if options.head => account.heads += 1,
                Some(GetRange::Bounded(range)) => account.ranges.push(range.clone()),
                other => panic!("a range with two ends is expected, not {other:?}"),
            }
            account.unpinned += usize::from(!options.head && options.if_match.is_none());
            if account.unconditional {
                options.if_match = None;
            }
        }
        let result = self.inner.get_opts(path, options).await?;
        self.spoil(result).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct WatchedUpload {
    inner: Box<dyn MultipartUpload>,
    begun: usize,
    account: Arc<Mutex<Account>>,
    store: InMemory,
    path: Path,
}

#[async_trait]
impl MultipartUpload for WatchedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.begun;
        self.begun += 1;
        let (account, size) = (Arc::clone(&self.account), data.content_length());
        let (store, path) = (self.store.clone(), self.path.clone());
        let inner = self.inner.put_part(data);
        Box::pin(async move {
            // Not at once: what waits shows whether the writer runs ahead.
            tokio::task::yield_now().await;
            let intruder = account.lock().unwrap().intruder.take();
            if let Some(intruder) = intruder {
                store.put_opts(&path, intruder.into(), PutOptions::default()).await?;
            }
            if account.lock().unwrap().fail_part == Some(number) {
                return Err(failure());
            }
            inner.await?;
            account.lock().unwrap().parts.push(size);
            Ok(())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if self.account.lock().unwrap().fail_complete {
            return Err(failure());
        }
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.account.lock().unwrap().aborts += 1;
        self.inner.abort().await
    }
}

fn failure() -> Error {
    Error::Generic { store: "Watched", source: "the line is dead".into() }
}
