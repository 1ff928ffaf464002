//! On all cores or one after the other, in large pieces or small: the same bytes for the same random bytes.
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use super::{Decryption, Encryption, Format, Padding};
use crate::formats::payload::wide;
use crate::primitives::random::with_seed;
use crate::{Identity, Key, Recipients};

/// Sizes round the edges of chunks (16 and 64 KiB) and of batches (512 KiB), and beyond two batches.
const SIZES: &[usize] = &[
    0, 1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, 524_287, 524_288, 524_289, 1_048_575,
    1_048_576, 1_048_577, 1_300_000,
];

/// Paddings, of which some end in the chunk or batch before the content's last, or many after it.
const PADDINGS: &[Padding] = &[
    Padding::Padme,
    Padding::Block(1),
    Padding::Block(16_384),
    Padding::Block(524_288),
    Padding::Block(1_500_000),
];

/// Content with runs of zeros, one of them at its end, which padding must not be mistaken for.
fn content(size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0u32..).map(|i| (i / 7 % 251).to_le_bytes()[0]).take(size).collect();
    let end = size.saturating_sub(40);
    bytes[end..].fill(0);
    bytes
}

/// Seals as a file and through a writer, from the same seed: both must give the same bytes. Gives them.
fn seal_both_ways(how: &Encryption<'_>, folder: &Path, content: &[u8]) -> Vec<u8> {
    let (from, into) = (folder.join("content"), folder.join("sealed"));
    fs::write(&from, content).unwrap();
    let seed = format!("equality {}", content.len());
    let how = how.clone().durable(false).overwrite(true);
    with_seed(&seed, || how.file(&from, &into)).unwrap();
    let sealed = fs::read(&into).unwrap();
    for piece in [999 + content.len() % 7, 16_384, 700_000] {
        let mut writer = with_seed(&seed, || how.writer(Vec::new())).unwrap();
        content.chunks(piece).for_each(|piece| writer.write_all(piece).unwrap());
        let written = writer.finish().unwrap();
        assert!(written == sealed, "{} bytes in pieces of {piece}", content.len());
    }
    sealed
}

/// Opens as a file and as a stream.
fn open_both_ways(with: &Decryption<'_>, folder: &Path, sealed: &[u8], content: &[u8]) {
    let (from, into) = (folder.join("sealed"), folder.join("again"));
    let with = with.clone().durable(false).overwrite(true);
    let opened = with.file(&from, &into).unwrap();
    assert!(fs::read(&into).unwrap() == content, "{} bytes as a file", content.len());
    assert_eq!(opened.length(), Some(wide(content.len())));
    assert_eq!(with.verify(&from).unwrap().length(), opened.length());
    let mut streamed = Vec::new();
    with.reader(sealed).unwrap().read_to_end(&mut streamed).unwrap();
    assert!(streamed == content, "{} bytes as a stream", content.len());
}

fn check(how: &Encryption<'_>, with: &Decryption<'_>, sizes: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    for &size in sizes {
        let content = content(size);
        let sealed = seal_both_ways(how, folder.path(), &content);
        open_both_ways(with, folder.path(), &sealed, &content);
    }
}

#[test]
fn a_raw_file_has_the_same_bytes_on_all_cores_as_on_one() {
    let key = Key::generate();
    let how = Encryption::to(&key).context(b"equality");
    check(&how, &Decryption::with(&key).context(b"equality"), SIZES);
}

#[test]
fn a_container_has_the_same_bytes_on_all_cores_as_on_one() {
    let identity = Identity::generate();
    let recipient = identity.recipient();
    let how = Encryption::to(&recipient).name("a name");
    check(&how, &Decryption::with(&identity), SIZES);
}

#[test]
fn a_padded_container_has_the_same_bytes_on_all_cores_as_on_one() {
    let key = Key::generate();
    for &padding in PADDINGS {
        let how = Encryption::to(&key).padding(padding);
        // The 8 bytes of the length shift every edge.
        check(&how, &Decryption::with(&key), &[0, 16_376, 16_377, 524_281]);
    }
}

#[test]
fn an_age_file_has_the_same_bytes_on_all_cores_as_on_one() {
    let identities = [Identity::generate_x25519(), Identity::generate_x25519()];
    let recipients = identities.each_ref().map(Identity::recipient);
    let both = Recipients::all(&recipients).unwrap();
    let how = Encryption::to(&both).format(Format::Age);
    check(&how, &Decryption::with(&identities[1]), SIZES);
}

#[test]
fn an_armored_file_has_the_same_bytes_as_what_a_writer_armors() {
    let key = Key::generate();
    let how = Encryption::to(&key).padding(Padding::Padme).armor(true);
    check(&how, &Decryption::with(&key), &[0, 1, 16_384, 524_289]);
}
