//! Objects in stores: encrypted on their way in, in bounded memory and all or nothing; read at any place, and no more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::single_range_in_vec_init,
    reason = "a test may panic, its lengths are small, and what was fetched may be one range"
)]

mod support {
    pub(crate) mod watched_store;
}

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bulla::adapters::object_store::{StoredReader, Upload};
use bulla::file::{Decryption, Encryption};
use bulla::{Error, ErrorKind, Format, Identity, Key, Padding, Recipient, Recipients, Result};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use futures_util::{FutureExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use support::watched_store::Watched;

const PART: usize = 5 << 20;
/// Two parts.
const LARGE: usize = 6 << 20;
const CHUNK: u64 = 16_384;
const SEALED_CHUNK: u64 = CHUNK + 16;
/// Raw: salt and commitment.
const PREFIX: u64 = 56;

static KEY: LazyLock<Key> = LazyLock::new(Key::generate);

fn path() -> Path {
    Path::from("folder/object")
}

/// Content in which every place is told from every other.
fn content(length: usize) -> Vec<u8> {
    let mut content = Vec::with_capacity(length + 8);
    while content.len() < length {
        let place = (content.len() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        content.extend_from_slice(&place.to_be_bytes());
    }
    content.truncate(length);
    content
}

fn pieces(content: &[u8], size: usize) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let pieces: Vec<_> = content.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

async fn upload(store: &Watched, encryption: &Encryption<'_>, content: &[u8]) {
    Upload::to(store, &path()).encrypt(encryption, pieces(content, 10_007)).await.unwrap();
}

async fn stored(store: &dyn ObjectStore) -> Option<Bytes> {
    store.get(&path()).await.ok()?.bytes().await.ok()
}

/// A store with an object in it, with nothing on its account.
async fn store_with(content: &[u8]) -> Arc<Watched> {
    let store = Arc::new(Watched::default());
    upload(&store, &Encryption::to(&*KEY), content).await;
    store
}

async fn open(store: &Arc<Watched>) -> Result<StoredReader> {
    let store: Arc<dyn ObjectStore> = Arc::<Watched>::clone(store);
    StoredReader::open(store, &path(), &Decryption::with(&*KEY)).await
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().expect("it is refused").kind()
}

fn io_kind(error: &Error) -> io::ErrorKind {
    let source = std::error::Error::source(error).expect("it has a source");
    source.downcast_ref::<io::Error>().expect("that is one of input or output").kind()
}

#[tokio::test]
async fn what_was_uploaded_comes_back_in_every_format() {
    let identity = Identity::generate();
    let (key, bob): (&Key, Recipient) = (&KEY, identity.recipient());
    for encryption in [
        Encryption::to(key),
        Encryption::to(key).format(Format::Bulla),
        Encryption::to(&bob).padding(Padding::Padme).name("letter.txt"),
        Encryption::to(&bob).format(Format::Age),
    ] {
        for length in [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000] {
            let store = Arc::new(Watched::default());
            let content = content(length);
            upload(&store, &encryption, &content).await;
            let mine: [&dyn bulla::Unlock; 2] = [key, &identity];
            let file = store.inner.get(&path()).await.unwrap().bytes().await.unwrap();
            assert!(bulla::decrypt(&mine[..], &file).unwrap() == content, "{length} as bytes");
            let store: Arc<dyn ObjectStore> = store;
            let reader = StoredReader::open(store, &path(), &Decryption::with(&mine[..])).await.unwrap();
            assert_eq!(reader.len(), length as u64);
            assert_eq!(reader.is_empty(), length == 0);
            assert!(reader.read(0..u64::MAX).await.unwrap() == content, "{length} from the store");
        }
    }
}

#[tokio::test]
async fn what_is_known_of_an_object_is_told() {
    let store = Arc::new(Watched::default());
    upload(&store, &Encryption::to(&*KEY).name("letter.txt").media_type("text/plain"), b"hello").await;
    let opened = open(&store).await.unwrap().opened();
    assert_eq!(opened.metadata().file_name(), Some("letter.txt"));
    assert_eq!(opened.metadata().media_type(), Some("text/plain"));
    assert_eq!((opened.format(), opened.length()), (Format::Bulla, Some(5)));
}

#[tokio::test]
async fn an_upload_holds_two_parts_at_most_however_long_the_stream_is() {
    let store = Watched::default();
    let content = content(16 << 20);
    let (pulled, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let source = pieces(&content, 10_007).inspect(|piece| {
        let pulled = pulled.fetch_add(piece.as_ref().unwrap().len(), Ordering::Relaxed);
        let arrived: usize = store.account().parts.iter().sum();
        most.fetch_max(pulled.saturating_sub(arrived), Ordering::Relaxed);
    });
    let key = &*KEY;
    Upload::to(&store, &path()).part_size(PART).encrypt(&Encryption::to(key), source).await.unwrap();
    let most = most.into_inner();
    // Beside the parts: what the writer gathers, and a piece.
    assert!(most <= 2 * PART + (512 << 10), "{most} bytes were waiting");
    assert!(most > PART, "nothing was sealed while a part was on its way: {most}");
    let parts = store.account().parts.clone();
    assert!(parts.len() == 4 && parts[..3].iter().all(|size| *size == PART), "{parts:?}");
    assert!(bulla::decrypt(key, &stored(&store.inner).await.unwrap()).unwrap() == content);
}

#[tokio::test]
async fn one_huge_piece_and_much_padding_leave_in_parts_of_one_size() {
    let key = &*KEY;
    let padded = Encryption::to(key).padding(Padding::Block(11 << 20));
    for (encryption, content, full) in [(Encryption::to(key), content(LARGE), 1), (padded, content(1), 2)] {
        let store = Watched::default();
        let whole = stream::iter([Ok(Bytes::from(content.clone()))]);
        Upload::to(&store, &path()).part_size(1).encrypt(&encryption, whole).await.unwrap();
        let parts = store.account().parts.clone();
        assert!(parts.len() == full + 1 && parts[..full].iter().all(|size| *size == PART), "{parts:?}");
        assert!(bulla::decrypt(key, &stored(&store.inner).await.unwrap()).unwrap() == content);
    }
}

#[tokio::test]
async fn any_range_is_the_slice_of_the_content() {
    let key = &*KEY;
    let mut state = 7u64;
    let mut draw = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % (most + 1)
    };
    for encryption in [Encryption::to(key), Encryption::to(key).padding(Padding::Block(50_000))] {
        for length in [1, CHUNK, 5 * CHUNK + 3] {
            let content = content(length as usize);
            let store = Arc::new(Watched::default());
            upload(&store, &encryption, &content).await;
            let reader = open(&store).await.unwrap();
            for _ in 0..60 {
                let Range { start, end } = draw(length + 2)..draw(length + 2);
                let expected = content.get(start as usize..(end.min(length)) as usize).unwrap_or_default();
                assert!(reader.read(start..end).await.unwrap() == expected, "{start}..{end} of {length}");
            }
        }
    }
}

#[tokio::test]
async fn only_the_chunks_that_hold_a_range_are_fetched() {
    let store = store_with(&content(100 * CHUNK as usize + 5)).await;
    let size = PREFIX + 100 * SEALED_CHUNK + 5 + 16;
    let reader = open(&store).await.unwrap();
    assert_eq!(store.take_ranges(), [0..32_768, size - 21..size]);
    assert_eq!(store.account().heads, 0);
    let chunks = |range: Range<u64>| PREFIX + range.start * SEALED_CHUNK..PREFIX + range.end * SEALED_CHUNK;
    for (range, fetched) in [
        (0..1, chunks(0..1)),
        (50 * CHUNK..51 * CHUNK, chunks(50..51)),
        (50 * CHUNK - 1..51 * CHUNK + 1, chunks(49..52)),
        (100 * CHUNK..u64::MAX, size - 21..size),
    ] {
        reader.read(range).await.unwrap();
        assert_eq!(store.take_ranges(), [fetched]);
    }
    for nothing in [7..7, 100 * CHUNK + 5..u64::MAX, Range { start: 9, end: 8 }] {
        assert!(reader.read(nothing).await.unwrap().is_empty());
    }
    assert!(store.take_ranges().is_empty());
}

#[tokio::test]
async fn a_small_object_is_opened_with_one_request() {
    let store = store_with(&content(100)).await;
    assert_eq!(open(&store).await.unwrap().len(), 100);
    assert_eq!(store.take_ranges(), [0..32_768]);
}

#[tokio::test]
async fn a_header_over_32_kib_is_fetched_with_one_request_more() {
    let recipients: Vec<Recipient> = (0..400).map(|_| Identity::generate_x25519().recipient()).collect();
    let many = Recipients::all(&recipients).unwrap().and(&*KEY).allow_shared();
    for length in [0, 100_000, 2_000_000] {
        let store = Arc::new(Watched::default());
        let content = content(length);
        upload(&store, &Encryption::to(&many), &content).await;
        let size = stored(&store.inner).await.unwrap().len() as u64;
        let reader = open(&store).await.unwrap();
        let fetched = store.take_ranges();
        assert_eq!(fetched[..2], [0..32_768, 32_768..size.min((1 << 20) + 56)]);
        assert_eq!(fetched.len(), if size > (1 << 20) + 56 { 3 } else { 2 });
        assert!(reader.read(0..u64::MAX).await.unwrap() == content);
    }
}

#[tokio::test]
async fn a_truncated_object_is_refused() {
    let store = store_with(&content(3 * CHUNK as usize + 100)).await;
    let whole = stored(&store.inner).await.unwrap();
    let chunk = |number: u64| (PREFIX + number * SEALED_CHUNK) as usize;
    for length in [0, 1, 55, 56, chunk(1) - 1, chunk(1), chunk(2), chunk(2) + 1, chunk(3), whole.len() - 1] {
        store.put(&path(), whole.slice(..length).into()).await.unwrap();
        assert_eq!(kind(open(&store).await), ErrorKind::Unauthentic, "{length}");
    }
    store.put(&path(), [&whole[..], b"x"].concat().into()).await.unwrap();
    assert_eq!(kind(open(&store).await), ErrorKind::Unauthentic);
}

#[tokio::test]
async fn an_object_that_is_no_file_of_bulla_is_refused() {
    let store = Arc::new(Watched::default());
    for (object, expected) in [
        (&b"bulla/v1\n-> key"[..], ErrorKind::Malformed),
        (&[b'a'; 40_000][..], ErrorKind::NoKeyFits),
        (b"bulla/v2\n", ErrorKind::Unsupported),
    ] {
        store.put(&path(), object.to_vec().into()).await.unwrap();
        assert_eq!(kind(open(&store).await), expected);
    }
    let endless = [b"bulla/v1\n-> ".to_vec(), vec![b'x'; 2 << 20]].concat();
    store.put(&path(), endless.into()).await.unwrap();
    store.take_ranges();
    assert_eq!(kind(open(&store).await), ErrorKind::OverLimit);
    assert_eq!(store.take_ranges().last(), Some(&(32_768..(1 << 20) + 56)), "no more is fetched for it");
}

#[tokio::test]
async fn a_replaced_object_is_noticed_even_by_a_store_without_conditions() {
    for unconditional in [false, true] {
        let store = store_with(&content(100_000)).await;
        store.account().unconditional = unconditional;
        let reader = open(&store).await.unwrap();
        reader.read(0..10).await.unwrap();
        assert_eq!(store.account().unpinned, 1, "only the first fetch takes what there is");
        // Byte for byte the same, and all the same another object.
        store.inner.put(&path(), stored(&store.inner).await.unwrap().into()).await.unwrap();
        let error = reader.read(0..10).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("was replaced since it was opened"), "{error}");
        assert_eq!(open(&store).await.unwrap().read(0..10).await.unwrap(), content(100_000)[..10]);
        store.inner.delete(&path()).await.unwrap();
        assert_eq!(io_kind(&reader.read(0..10).await.unwrap_err()), io::ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_changed_byte_is_refused_wherever_it_is() {
    let store = store_with(&content(5 * CHUNK as usize)).await;
    let reader = open(&store).await.unwrap();
    for chunk in 0..5 {
        store.account().flip = Some(PREFIX + chunk * SEALED_CHUNK + chunk * 999);
        for other in 0..5 {
            let result = reader.read(other * CHUNK..other * CHUNK + 10).await;
            if other == chunk {
                assert_eq!(kind(result), ErrorKind::Unauthentic);
            } else {
                assert_eq!(result.unwrap(), content(5 * CHUNK as usize)[(other * CHUNK) as usize..][..10]);
            }
        }
        assert_eq!(kind(reader.read(0..u64::MAX).await), ErrorKind::Unauthentic);
    }
    for at in [0, 23, 24, 55, PREFIX + 5 * SEALED_CHUNK + 15] {
        store.account().flip = Some(at);
        let expected = if at < PREFIX { ErrorKind::NoKeyFits } else { ErrorKind::Unauthentic };
        assert_eq!(kind(open(&store).await), expected, "{at}");
    }
}

#[tokio::test]
async fn a_store_that_gives_more_than_it_was_asked_for_is_refused() {
    let store = store_with(&content(100_000)).await;
    let reader = open(&store).await.unwrap();
    store.account().surplus = 1;
    assert_eq!(kind(reader.read(0..10).await), ErrorKind::Io);
    assert_eq!(kind(open(&store).await), ErrorKind::Io);
}

#[tokio::test]
async fn a_wrong_key_or_context_opens_nothing() {
    let store = Arc::new(Watched::default());
    upload(&store, &Encryption::to(&*KEY).context(b"invoice 7").padding(Padding::Padme), b"100 francs").await;
    assert_eq!(kind(open(&store).await), ErrorKind::Unauthentic);
    let store: Arc<dyn ObjectStore> = store;
    let (other, key, place) = (Key::generate(), &*KEY, path());
    for (wrong, expected) in [
        (Decryption::with(&other).context(b"invoice 7"), ErrorKind::NoKeyFits),
        (Decryption::with(key).context(b"invoice 8"), ErrorKind::Unauthentic),
    ] {
        assert_eq!(kind(StoredReader::open(Arc::clone(&store), &place, &wrong).await), expected);
    }
    let right = Decryption::with(key).context(b"invoice 7");
    let reader = StoredReader::open(store, &place, &right).await.unwrap();
    assert_eq!(reader.read(0..3).await.unwrap(), "100");
}

#[tokio::test]
async fn an_upload_that_fails_leaves_nothing() {
    let content = content(11 << 20);
    for failing in ["source", "second part", "completing"] {
        let store = Watched::default();
        store.account().fail_part = (failing == "second part").then_some(1);
        store.account().fail_complete = failing == "completing";
        let end = stream::iter((failing == "source").then(|| Err(io::ErrorKind::TimedOut.into())));
        let source = pieces(&content, 100_000).chain(end);
        let (place, key) = (path(), &*KEY);
        let upload = Upload::to(&store, &place).part_size(PART);
        let error = upload.encrypt(&Encryption::to(key), source).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{failing}");
        let expected = if failing == "source" { io::ErrorKind::TimedOut } else { io::ErrorKind::Other };
        assert_eq!(io_kind(&error), expected);
        assert!(!store.account().parts.is_empty(), "{failing}");
        assert_eq!(store.account().aborts, 1, "{failing}");
        assert!(stored(&store.inner).await.is_none(), "{failing}");
    }
}

#[tokio::test]
async fn a_failed_upload_leaves_no_file_in_a_local_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let (key, place) = (&*KEY, Path::from("object"));
    let files = || std::fs::read_dir(dir.path()).unwrap().count();
    for length in [1 << 20, LARGE] {
        let content = content(length);
        let failing = pieces(&content, 100_000).chain(stream::iter([Err(io::ErrorKind::TimedOut.into())]));
        let upload = Upload::to(&store, &place).part_size(PART);
        assert!(upload.encrypt(&Encryption::to(key), failing).await.is_err());
        assert_eq!(files(), 0);
        upload.encrypt(&Encryption::to(key), pieces(&content, 100_000)).await.unwrap();
        assert_eq!(files(), 1);
        let sealed = std::fs::read(dir.path().join("object")).unwrap();
        assert!(bulla::decrypt(key, &sealed).unwrap() == content);
        store.delete(&place).await.unwrap();
    }
}

#[tokio::test]
async fn an_upload_that_is_dropped_leaves_no_object() {
    let store = Watched::default();
    let (key, place) = (&*KEY, path());
    let source = pieces(&content(LARGE), 100_000).chain(stream::pending());
    let upload = Upload::to(&store, &place).part_size(PART);
    let encryption = Encryption::to(key);
    let mut under_way = Box::pin(upload.encrypt(&encryption, source));
    let mut polls = 0;
    while store.account().parts.is_empty() {
        polls += 1;
        assert!(polls < 100_000, "no part was ever sent");
        assert!((&mut under_way).now_or_never().is_none());
    }
    drop(under_way);
    assert!(stored(&store.inner).await.is_none());
}

#[tokio::test]
async fn an_object_that_exists_is_replaced_only_if_asked() {
    for unconditional in [false, true] {
        for length in [100, LARGE] {
            let store = Watched::default();
            store.inner.put(&path(), "precious".into()).await.unwrap();
            store.account().unconditional = unconditional;
            let (content, key, place) = (content(length), &*KEY, path());
            let upload = Upload::to(&store, &place).part_size(PART);
            let error = upload.encrypt(&Encryption::to(key), pieces(&content, 99_999)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Exists);
            assert_eq!(stored(&store.inner).await.unwrap(), "precious");
            assert!(store.account().parts.is_empty(), "parts were sent for nothing");
            let upload = upload.overwrite(true);
            upload.encrypt(&Encryption::to(key), pieces(&content, 99_999)).await.unwrap();
            assert!(bulla::decrypt(key, &stored(&store.inner).await.unwrap()).unwrap() == content);
        }
    }
}

#[tokio::test]
async fn an_object_that_appears_during_an_upload_is_not_replaced() {
    let store = Watched::default();
    store.account().intruder = Some(Bytes::from("precious"));
    let (content, key, place) = (content(LARGE), &*KEY, path());
    let upload = Upload::to(&store, &place).part_size(PART);
    let error = upload.encrypt(&Encryption::to(key), pieces(&content, 99_999)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exists);
    assert_eq!(stored(&store.inner).await.unwrap(), "precious");
    assert_eq!(store.account().aborts, 1);
}

#[tokio::test]
async fn an_error_of_use_comes_before_anything_is_asked_of_the_store() {
    let store = Watched::default();
    let (bob, place) = (Identity::generate().recipient(), path());
    let wrong = Encryption::to(&bob).format(Format::Age).context(b"letters");
    let source = stream::poll_fn(|_| -> std::task::Poll<Option<io::Result<Bytes>>> { panic!("it was read") });
    let result = Upload::to(&store, &place).encrypt(&wrong, source).await;
    assert_eq!(kind(result), ErrorKind::Usage);
    let account = store.account();
    assert_eq!((account.puts, account.heads), (0, 0));
}

#[tokio::test]
async fn an_object_that_is_not_there_is_not_found() {
    let store = Arc::new(Watched::default());
    assert_eq!(io_kind(&open(&store).await.err().unwrap()), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn uploads_and_readers_can_be_spawned_and_shared() {
    let store: Arc<dyn ObjectStore> = Arc::new(Watched::default());
    let there = Arc::clone(&store);
    let put = tokio::spawn(async move {
        let (place, encryption) = (path(), Encryption::to(&*KEY));
        Upload::to(&*there, &place).encrypt(&encryption, pieces(&content(100_000), 999)).await
    });
    put.await.unwrap().unwrap();
    let open = async move { StoredReader::open(store, &path(), &Decryption::with(&*KEY)).await };
    let reader = Arc::new(tokio::spawn(open).await.unwrap().unwrap());
    let reads = (0..4u64).map(|part| {
        let reader = Arc::clone(&reader);
        tokio::spawn(async move { reader.read(part * 25_000..(part + 1) * 25_000).await })
    });
    let parts: Vec<Bytes> =
        stream::iter(reads).then(|read| async { read.await.unwrap() }).try_collect().await.unwrap();
    assert!(parts.concat() == content(100_000));
}
