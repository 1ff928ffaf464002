//! Reads a few bytes out of a large sealed file, wherever it lies: `cargo run --example random_access`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use bulla::Identity;
use bulla::file::{Decryption, Encryption};

fn main() -> bulla::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("numbers.bulla");
    let identity = Identity::generate();
    let numbers: Vec<u8> = (0..1_000_000u64).flat_map(u64::to_be_bytes).collect();
    Encryption::to(&identity.recipient()).stream(&numbers[..], &path)?;

    // A file: the reader seeks. The first seek checks the end of the file, and so its length.
    let mut reader = Decryption::with(&identity).reader(File::open(&path)?)?;
    assert_eq!(reader.seek(SeekFrom::End(0))?, 8_000_000);
    let mut number = [0; 8];
    reader.seek(SeekFrom::Start(8 * 777_777))?;
    reader.read_exact(&mut number)?;
    assert_eq!(u64::from_be_bytes(number), 777_777);

    // Anything else that gives ranges, as HTTP does: bulla says which bytes it needs, and fetches nothing itself.
    let mut fetched = 0;
    let mut fetch = |range: Range<u64>| -> bulla::Result<Vec<u8>> {
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = Vec::new();
        file.take(range.end - range.start).read_to_end(&mut bytes)?;
        fetched += bytes.len();
        Ok(bytes)
    };
    let size = std::fs::metadata(&path)?.len();
    let unchecked = Decryption::with(&identity).ranges(&fetch(0..32 * 1024)?, size)?;
    let end = fetch(unchecked.end())?;
    let ranges = unchecked.finish(&end)?;
    let wanted = 8 * 123_456..8 * 123_457;
    let sealed = fetch(ranges.sealed_range(wanted.clone()))?;
    assert_eq!(ranges.open(wanted, &sealed)?, 123_456u64.to_be_bytes());

    println!("of {size} bytes, {fetched} were fetched");
    Ok(())
}
