//! Whatever is sealed as a directory: it becomes plain files and folders below the target, for nobody else, or nothing.
#![no_main]
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::LazyLock;
use std::{env, fs};

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, Nonce};
use base64ct::{Base64Unpadded, Encoding};
use bulla::file::{Decryption, Encryption, inspect};
use bulla::{Format, Key};
use bulla_fuzz::{KEY, check_text};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use sha2::Sha512;
use tar::{Archive, EntryType, Header};

fuzz_target!(|archive: &[u8]| {
    let ground = ground();
    let beside = ground.path().join("beside");
    fs::create_dir(&beside).unwrap();
    let target = beside.join("target");

    let decryption = Decryption::with(&*KEY).durable(false);
    let sealed = seal(archive);
    let reader = decryption.reader(&sealed[..]).unwrap();
    assert!(reader.opened().metadata().is_directory());
    match decryption.restore_reader(reader, &target) {
        Ok(opened) => {
            assert_eq!(opened.length(), Some(archive.len() as u64), "not all of it was read");
            assert_eq!(names(&beside), ["target"]);
            // What is missing from the target was made elsewhere.
            assert_eq!(made(&target), said(archive));
        }
        Err(error) => {
            check_text(&error);
            assert!(names(&beside).is_empty(), "it left something behind");
        }
    }
    assert_eq!(names(ground.path()), ["beside"]);
});

// Nearly every change to a header breaks its checksum, and would show no more than that.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if seed % 16 != 0 {
        mend_checksums(&mut data[..size]);
    }
    size
});

fn mend_checksums(archive: &mut [u8]) {
    let mut at = 0;
    while let Some(block) = archive.get_mut(at..at + 512) {
        at += 512;
        if block.iter().any(|byte| *byte != 0) {
            let mut header = Header::from_byte_slice(block).clone();
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
            // A content that is not there may as well be more headers.
            let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok());
            let size = size.filter(|size| *size <= archive.len() - at);
            at += size.unwrap_or(0).next_multiple_of(512);
        }
    }
}

/// A folder in memory, where there is one.
fn ground() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
    tempfile::Builder::new().prefix("bulla-fuzz-").tempdir_in(place).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// How many files are below a folder, with how many bytes. There is nothing else but folders, and all is the owner's.
fn made(folder: &Path) -> (usize, u64) {
    let mut sum = (0, 0);
    assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o7777, 0o700);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        let (files, bytes) = if about.is_dir() {
            made(&path)
        } else {
            assert!(about.is_file(), "{path:?} is neither a file nor a folder");
            assert!([0o600, 0o700].contains(&(about.permissions().mode() & 0o7777)), "{path:?}");
            (1, about.len())
        };
        sum = (sum.0 + files, sum.1 + bytes);
    }
    sum
}

/// How many files an archive says that it has, with how many bytes.
fn said(archive: &[u8]) -> (usize, u64) {
    let mut archive = Archive::new(archive);
    let entries = archive.entries().unwrap().raw(true).map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.header().entry_type() == EntryType::Regular);
    files.fold((0, 0), |(files, bytes), entry| (files + 1, bytes + entry.size()))
}

/// Seals any bytes as a directory, which the library does not: a header that it made, and a payload for its file key.
fn seal(archive: &[u8]) -> Vec<u8> {
    let (header, payload_key) = &*HEADER;
    // A payload is the same as a raw file (docs/file-format.md, section 3).
    [header.clone(), bulla::encrypt(payload_key, archive).unwrap()].concat()
}

/// The header of a sealed directory, and the key of its payload.
static HEADER: LazyLock<(Vec<u8>, Key)> = LazyLock::new(|| {
    let empty = tempfile::tempdir().unwrap();
    let encryption = Encryption::to(&*KEY).format(Format::Bulla);
    let mut sealed = encryption.directory_to(empty.path(), Vec::new()).unwrap();
    sealed.truncate(inspect(&sealed[..]).unwrap().header_length() as usize);
    let file_key = unwrap(std::str::from_utf8(&sealed).unwrap());
    let payload_key = expand(&file_key, b"bulla/v1 payload");
    (sealed, Key::from_bytes(payload_key[..32].try_into().unwrap()))
});

/// Opens the `key` stanza of a header (docs/file-format.md, section 2.a).
fn unwrap(header: &str) -> Vec<u8> {
    let stanza = &header[header.find("-> key ").unwrap()..header.find("\n---").unwrap()];
    let (line, body) = stanza.split_once('\n').unwrap();
    let body = Base64Unpadded::decode_vec(&body.replace('\n', "")).unwrap();
    let keys = expand(KEY.expose_bytes(), format!("bulla/v1 wrap{line}").as_bytes());
    assert_eq!(body[..32], keys[44..76]);
    let cipher = Aes256Gcm::new_from_slice(&keys[..32]).unwrap();
    cipher.decrypt(&Nonce::try_from(&keys[32..44]).unwrap(), &body[32..]).unwrap()
}

/// Two blocks of HKDF-Expand with SHA-512 (RFC 5869 section 2.3).
fn expand(key: &[u8], info: &[u8]) -> Vec<u8> {
    let block = |before: &[u8], number: u8| {
        let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
        for part in [before, info, &[number]] {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    };
    let first = block(b"", 1);
    let second = block(&first, 2);
    [first, second].concat()
}
