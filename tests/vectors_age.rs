//! The 143 published vectors of the age format (C2SP/CCTV), each opened in four ways: bytes, stream, seek and file.
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
use std::path::Path;

use bulla::file::{Decryption, Reader};
use bulla::{Error, ErrorKind, Identity, Passphrase, Unlock};
use sha2::{Digest, Sha256};

/// What the kit expects, and the kind of error that says so here.
const KINDS: &[(&str, ErrorKind)] = &[
    ("header failure", ErrorKind::Malformed),
    ("armor failure", ErrorKind::Malformed),
    ("HMAC failure", ErrorKind::Unauthentic),
    ("no match", ErrorKind::NoKeyFits),
    ("payload failure", ErrorKind::Unauthentic),
];

/// Vectors for which another kind says more than the one above.
const EXCEPTIONS: &[(&str, ErrorKind)] = &[
    // Nothing in it says that it is an age file.
    ("empty", ErrorKind::Unrecognised),
    // It does not begin as an armor begins, so nothing says that it is one.
    ("armor_garbage_leading", ErrorKind::Unrecognised),
    ("armor_lowercase", ErrorKind::Unrecognised),
    ("armor_whitespace_begin", ErrorKind::Unrecognised),
    ("armor_wrong_type", ErrorKind::Unrecognised),
    // The first line names age and another version, or has a CR where the version ends.
    ("version_unsupported", ErrorKind::Unsupported),
    ("header_crlf", ErrorKind::Unsupported),
    ("armor_header_crlf", ErrorKind::Unsupported),
    // Sound, and more work than this reader does for a stranger.
    ("scrypt_work_factor_23", ErrorKind::OverLimit),
    // The header is whole and its MAC is right; what is missing was cut off behind it.
    ("stream_no_nonce", ErrorKind::Unauthentic),
    ("stream_short_nonce", ErrorKind::Unauthentic),
];

/// Failures before which the kit's reference hands out one chunk more than is handed out here, and what is here.
///
/// The reference opens a full chunk before it knows what follows. This reader looks first: a chunk sealed as the last
/// with more behind it, or as another with nothing behind it, is not handed out. That is less, and never something else.
const HELD_BACK: &[(&str, &str)] = &[
    ("armor_garbage_encoded", NOTHING),
    ("stream_no_final_full", NOTHING),
    ("stream_no_final_two_chunks_full", FIRST_CHUNK),
    ("stream_trailing_garbage_long", NOTHING),
    ("stream_trailing_garbage_short", NOTHING),
    ("stream_two_final_chunks", NOTHING),
    ("stream_two_final_chunks_full", NOTHING),
    ("stream_two_final_chunks_second", FIRST_CHUNK),
];
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// As the kit says itself, in `stream_bad_tag_second_chunk`.
const FIRST_CHUNK: &str = "a68cb6fa0b2e2a8d1abd54fcb26ff31fe16166ed38688bffa681e617813b781a";

struct Vector {
    name: String,
    expect: String,
    /// Of all that may be handed out, also when the end is a failure.
    payload: Option<String>,
    identities: Vec<Identity>,
    passphrases: Vec<Passphrase>,
    file: Vec<u8>,
}

/// What an opening gave: the content as far as it was handed out, and whether that was all.
struct Outcome {
    content: Vec<u8>,
    end: Result<(), ErrorKind>,
}

#[test]
fn every_vector_of_the_age_kit_ends_as_it_says_in_all_four_ways() {
    let Some(folder) = support::published::folder("age-cctv") else { return };
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    std::thread::scope(|scope| {
        for first in 0..4 {
            // Every fourth, because the long ones stand together.
            let part = names.iter().skip(first).step_by(4);
            scope.spawn(|| part.for_each(|path| check(&Vector::read(path))));
        }
    });
    assert_eq!(names.len(), 143);
    let is_there = |name: &str| names.iter().any(|path| path.ends_with(name));
    assert!(
        EXCEPTIONS.iter().all(|(name, _)| is_there(name)) && HELD_BACK.iter().all(|(name, _)| is_there(name))
    );
}

fn check(vector: &Vector) {
    let name = &vector.name;
    let keys = vector.keys();
    let stream = stream(&keys, &vector.file);
    assert_eq!(stream.end, vector.end(), "{name}, as a stream");
    match vector.handed_out() {
        Some(hash) => assert_eq!(hex(&Sha256::digest(&stream.content)), hash, "{name}, as a stream"),
        None => assert!(stream.content.is_empty(), "{name}, as a stream"),
    }
    match bulla::decrypt(&keys[..], &vector.file) {
        Ok(content) => {
            assert_eq!(vector.end(), Ok(()), "{name}, as bytes");
            assert!(content == stream.content, "{name}, as bytes");
        }
        Err(error) => assert_eq!(Err(error.kind()), vector.end(), "{name}, as bytes"),
    }
    let seek = seek(&keys, &vector.file, &stream.content);
    assert_eq!(seek.end, vector.end(), "{name}, by seeking");
    match seek.end {
        Ok(()) => assert!(seek.content == stream.content, "{name}, by seeking"),
        Err(_) => assert!(stream.content.starts_with(&seek.content), "{name}, by seeking"),
    }
    check_file(vector, &keys, &stream.content);
}

/// Reads a few bytes at a time, as a slow connection gives them.
fn stream(keys: &[&dyn Unlock], file: &[u8]) -> Outcome {
    let drip = Drip { rest: file, step: 0, given: 0 };
    match Decryption::with(keys).reader(drip) {
        Ok(mut reader) => read_all(&mut reader),
        Err(error) => Outcome { content: Vec::new(), end: Err(error.kind()) },
    }
}

/// Goes to the end, then to the start and reads all; and compares reads from the middle with `plain`.
fn seek(keys: &[&dyn Unlock], file: &[u8], plain: &[u8]) -> Outcome {
    let mut reader = match Decryption::with(keys).reader(Cursor::new(file)) {
        Ok(reader) => reader,
        Err(error) => return Outcome { content: Vec::new(), end: Err(error.kind()) },
    };
    let end = match reader.seek(SeekFrom::End(0)) {
        Ok(end) => end,
        Err(error) => {
            assert!(reader.read(&mut [0]).is_err(), "a reader that failed to seek gives nothing more");
            return Outcome { content: Vec::new(), end: Err(Error::from(error).kind()) };
        }
    };
    assert_eq!(reader.read(&mut [0]).unwrap(), 0, "nothing is behind the end");
    assert_eq!(reader.seek(SeekFrom::Start(0)).unwrap(), 0);
    let outcome = read_all(&mut reader);
    if outcome.end.is_ok() {
        assert_eq!(end, u64::try_from(plain.len()).unwrap());
        for place in [1, 65_535, 65_536, 65_537, plain.len() / 2, plain.len().saturating_sub(1)] {
            let from = u64::try_from(place).unwrap();
            assert_eq!(reader.seek(SeekFrom::Start(from)).unwrap(), from);
            let expected = plain.get(place..).unwrap_or_default();
            let mut piece = Vec::new();
            reader.by_ref().take(70_000).read_to_end(&mut piece).unwrap();
            assert!(piece == expected[..expected.len().min(70_000)], "from {place}");
        }
    }
    outcome
}

fn check_file(vector: &Vector, keys: &[&dyn Unlock], plain: &[u8]) {
    let name = &vector.name;
    let folder = tempfile::tempdir().unwrap();
    let (sealed, target) = (folder.path().join("sealed"), folder.path().join("content"));
    fs::write(&sealed, &vector.file).unwrap();
    match bulla::decrypt_file(keys, &sealed, &target) {
        Ok(()) => {
            assert_eq!(vector.end(), Ok(()), "{name}, as a file");
            assert!(fs::read(&target).unwrap() == plain, "{name}, as a file");
        }
        Err(error) => {
            assert_eq!(Err(error.kind()), vector.end(), "{name}, as a file");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{name} left something behind");
        }
    }
}

/// Reads to the end or the first error, after which there must be nothing but errors.
fn read_all<R: Read>(reader: &mut Reader<R>) -> Outcome {
    let mut content = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Outcome { content, end: Ok(()) },
            Ok(count) => content.extend_from_slice(&buffer[..count]),
            Err(error) => {
                for _ in 0..3 {
                    assert!(reader.read(&mut buffer).is_err(), "an error must not be followed by an end");
                }
                return Outcome { content, end: Err(Error::from(error).kind()) };
            }
        }
    }
}

/// Gives 1 to 7 bytes at a time, and more only after a megabyte: by then every edge of a chunk has been met by all.
struct Drip<'a> {
    rest: &'a [u8],
    step: usize,
    given: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.step = self.step % 7 + 1;
        self.given += self.step;
        let piece = if self.given > 1 << 20 { self.step * 1000 } else { self.step };
        let count = piece.min(out.len()).min(self.rest.len());
        let (now, later) = self.rest.split_at(count);
        out[..count].copy_from_slice(now);
        self.rest = later;
        Ok(count)
    }
}

impl Vector {
    /// A text header, an empty line, the file (CCTV, age/README.md).
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let cut = bytes.windows(2).position(|two| two == b"\n\n").expect("an empty line");
        let mut vector = Vector {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            expect: String::new(),
            payload: None,
            identities: Vec::new(),
            passphrases: Vec::new(),
            file: bytes[cut + 2..].to_vec(),
        };
        for line in std::str::from_utf8(&bytes[..cut]).unwrap().lines() {
            let (key, value) = line.split_once(": ").unwrap();
            match key {
                "expect" => vector.expect = value.to_owned(),
                "payload" => vector.payload = Some(value.to_owned()),
                "identity" => vector.identities.push(value.parse().unwrap()),
                "passphrase" => vector.passphrases.push(Passphrase::new(value).unwrap()),
                "compressed" => vector.file = inflate(value, &vector.file),
                // The file key is for debugging; that it is armored is for the reader to find out.
                "file key" | "armored" | "comment" => {}
                other => panic!("{}: {other} is unknown", vector.name),
            }
        }
        vector
    }

    fn keys(&self) -> Vec<&dyn Unlock> {
        let identities = self.identities.iter().map(|key| -> &dyn Unlock { key });
        identities.chain(self.passphrases.iter().map(|key| -> &dyn Unlock { key })).collect()
    }

    /// The hash of all that a stream hands out, even if the end is a failure.
    fn handed_out(&self) -> Option<&str> {
        let held_back = HELD_BACK.iter().find(|(name, _)| *name == self.name);
        held_back.map(|(_, hash)| *hash).or(self.payload.as_deref())
    }

    /// How opening must end.
    fn end(&self) -> Result<(), ErrorKind> {
        if self.expect == "success" {
            return Ok(());
        }
        let exception = EXCEPTIONS.iter().find(|(name, _)| *name == self.name);
        let rule = KINDS.iter().find(|(expect, _)| *expect == self.expect);
        Err(exception.or(rule).unwrap_or_else(|| panic!("{}: {} is unknown", self.name, self.expect)).1)
    }
}

fn inflate(how: &str, bytes: &[u8]) -> Vec<u8> {
    assert_eq!(how, "zlib");
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
