//! The number of chunks, which nobody can fill: told by sizes alone.
use std::fs::File;
use std::ops::ControlFlow;

use bulla::file::{Decryption, Encryption};
use bulla::{ErrorKind, Format, Identity, Key};

use super::ground::{Ground, skip};

#[test]
fn a_size_of_the_most_chunks_is_taken_and_one_more_is_refused() {
    let (key, identity) = (Key::generate(), Identity::generate_x25519());
    let raw = bulla::encrypt(&key, b"").unwrap();
    // 2^38 chunks of 16 KiB: all but the last are full, and the last is one byte short of that.
    let most = 56 + (1u64 << 38) * (16_384 + 16) - 1;
    assert!(Decryption::with(&key).ranges(&raw, most).is_ok());
    for size in [most + 1, most + 1 + 16, u64::MAX] {
        let refused = Decryption::with(&key).ranges(&raw, size).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Unauthentic, "{size}");
    }
    let age = Encryption::to(&identity.recipient()).format(Format::Age).bytes(b"").unwrap();
    // 2^40 chunks of 64 KiB, of which the last may be full.
    let most = u64::try_from(age.len() - 16).unwrap() + (1u64 << 40) * (65_536 + 16);
    assert!(Decryption::with(&identity).ranges(&age, most).is_ok());
    for size in [most + 17, u64::MAX] {
        let refused = Decryption::with(&identity).ranges(&age, size).err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Unauthentic, "{size}");
    }
}

#[test]
fn no_size_makes_the_arithmetic_fail() {
    let (key, identity) = (Key::generate(), Identity::generate_x25519());
    let age = Encryption::to(&identity.recipient()).format(Format::Age).bytes(b"").unwrap();
    let padded = Encryption::to(&key).padding(bulla::Padding::Block(64)).bytes(b"").unwrap();
    let raw = bulla::encrypt(&key, b"").unwrap();
    let files: [(&dyn bulla::Unlock, _); 3] = [(&key, &raw), (&key, &padded), (&identity, &age)];
    for size in [0, 1, 15, 16, 56, 57, 71, 72, 73, 16_455, 16_456, 1 << 52, 1 << 63, u64::MAX - 1, u64::MAX] {
        for (with, file) in files {
            let Ok(unchecked) = Decryption::with(with).ranges(file, size) else { continue };
            let end = unchecked.end();
            assert!(end.start <= end.end && end.end == size, "{size}: {end:?}");
            let last = vec![0; usize::try_from(end.end - end.start).unwrap()];
            assert!(last.len() <= 2 * (65_536 + 16));
            assert!(unchecked.finish(&last).is_err(), "{size}");
        }
    }
}

#[test]
fn a_source_that_is_too_large_is_refused_before_it_is_read() {
    let key = Key::generate();
    // Only where memory is the disk can a file of 2^52 bytes be made: it is all hole.
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return skip("a huge source", "no /dev/shm") };
    let huge = folder.path().join("huge");
    if File::create(&huge).and_then(|file| file.set_len(1 << 52)).is_err() {
        return skip("a huge source", "the disk has no files of 2^52 bytes");
    }
    let ground = Ground::new();
    ground.refuses(ErrorKind::Usage, || bulla::encrypt_file(&key, &huge, ground.at("sealed")));
    // One byte less is the most; nobody waits for it.
    File::options().write(true).open(&huge).unwrap().set_len((1 << 52) - 1).unwrap();
    let stop = |_| ControlFlow::Break(());
    ground.refuses(ErrorKind::Cancelled, || {
        Encryption::to(&key).progress(&stop).file(&huge, ground.at("sealed"))
    });
}
