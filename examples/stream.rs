//! Encrypts into a connection and decrypts out of it, in little memory: `cargo run --example stream`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::thread;

use bulla::file::{Decryption, Encryption};
use bulla::{ErrorKind, Key};

const LINES: usize = 200_000;

fn main() -> bulla::Result<()> {
    let key = Key::generate();
    // Any `Write` and any `Read` will do: a socket, a child process, a compressor.
    let (from, into) = io::pipe()?;

    thread::scope(|scope| {
        let sender = scope.spawn(|| -> bulla::Result<()> {
            let mut writer = Encryption::to(&key).context(b"log").writer(into)?;
            for number in 0..LINES {
                writeln!(writer, "line {number}: all is well")?;
            }
            // Without `finish` the reader is told that the end is missing.
            writer.finish().map(drop)
        });

        // What comes out of the reader is authentic. Only its end says that it was all, so act on it after that.
        let reader = BufReader::new(Decryption::with(&key).context(b"log").reader(from)?);
        let mut count = 0;
        for line in reader.lines() {
            assert_eq!(line?, format!("line {count}: all is well"));
            count += 1;
        }
        assert_eq!(count, LINES);
        sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;

    // A stream that was cut short says so, and says it with its own kind of error.
    let sealed = bulla::encrypt(&key, &[7; 100_000])?;
    let cut = sealed.split_at(sealed.len() / 2).0;
    let mut content = Vec::new();
    let result = Decryption::with(&key).reader(cut)?.read_to_end(&mut content);
    assert_eq!(result.map_err(|error| bulla::Error::from(error).kind()), Err(ErrorKind::Unauthentic));
    println!("{LINES} lines went through; of the stream that was cut, {} bytes came first", content.len());
    Ok(())
}
