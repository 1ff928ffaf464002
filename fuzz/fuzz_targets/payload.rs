//! Content is sealed and what is sealed is changed: only what was sealed ever comes out, and whole only if unchanged.
#![no_main]
use std::io::{Cursor, Read, Seek, SeekFrom};

use arbitrary::Arbitrary;
use bulla::file::{Decryption, Encryption};
use bulla::{Format, Padding};
use bulla_fuzz::{KEY, X25519, mine, stream};

#[derive(Arbitrary, Debug)]
struct Case {
    /// Repeated up to the length.
    content: Vec<u8>,
    length: Length,
    kind: Kind,
    context: bool,
    edits: Vec<Edit>,
    piece: u16,
    places: Vec<(u32, u16)>,
}

/// Short, or about a whole number of Cobblestone's chunks; four of them are one of age's.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Length {
    Short(u8),
    Chunks { count: u8, more: i8 },
}

#[derive(Arbitrary, Debug, Clone, Copy, PartialEq)]
enum Kind {
    Raw,
    Bulla,
    Padme,
    Block(u16),
    Age,
    Armored,
}

/// Places are taken modulo the length. A chunk is one of Cobblestone's, counted from the beginning or from the end.
#[derive(Arbitrary, Debug)]
enum Edit {
    Flip { at: u32, bits: u8 },
    Insert { at: u32, bytes: Vec<u8> },
    Remove { at: u32, count: u16 },
    Cut { at: u32 },
    CutChunks { count: u8, from_start: bool },
    Append { bytes: Vec<u8> },
    SwapChunks { one: u8, other: u8 },
    RepeatChunk { one: u8 },
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    let content = content(&case);
    let context: &[u8] = if case.context { b"letters" } else { b"" };
    let sealed = seal(&case, context, &content);
    let mut edited = sealed.clone();
    for edit in case.edits.iter().take(4) {
        apply(edit, &mut edited);
    }
    // An armor may have other line endings and white space round it.
    let must_fail = edited != sealed && case.kind != Kind::Armored;
    let context = if case.kind == Kind::Age { b"" } else { context };
    let keys = mine();
    let decryption = Decryption::with(&keys[..]).context(context);

    let whole = decryption.bytes(&edited).map(|(content, _)| content);
    assert!(whole.is_ok() || edited != sealed, "what was sealed does not open: {whole:?}");
    assert!(whole.is_err() || !must_fail, "what was changed opens");
    assert!(whole.is_err() || whole.is_ok_and(|whole| whole == content), "something else comes out");

    if context.is_empty() {
        let streamed = stream(&keys, &edited, usize::from(case.piece));
        assert!(content.starts_with(&streamed.content), "a stream gives something else");
        assert!(streamed.end.is_err() || (streamed.content == content && !must_fail));
    }
    seek(&decryption, &case, &edited, &content);
    if case.kind != Kind::Armored {
        ranges(&decryption, &case, &edited, &content);
    }
});

fn content(case: &Case) -> Vec<u8> {
    let length = match case.length {
        Length::Short(length) => usize::from(length),
        Length::Chunks { count, more } => {
            (usize::from(count % 9) * 16_384).saturating_add_signed(isize::from(more % 40))
        }
    };
    // Runs of zeros are what padding is made of.
    let unit = if case.content.is_empty() { &[0][..] } else { &case.content };
    unit.iter().copied().cycle().take(length).collect()
}

fn seal(case: &Case, context: &[u8], content: &[u8]) -> Vec<u8> {
    let recipient = X25519.recipient();
    let bulla = Encryption::to(&*KEY).context(context).format(Format::Bulla);
    let encryption = match case.kind {
        Kind::Raw => Encryption::to(&*KEY).context(context),
        Kind::Bulla => bulla.name("letter.txt"),
        Kind::Padme => bulla.padding(Padding::Padme),
        Kind::Block(block) => bulla.padding(Padding::Block(u32::from(block))),
        Kind::Age => Encryption::to(&recipient).format(Format::Age),
        Kind::Armored => bulla.armor(true),
    };
    encryption.bytes(content).unwrap()
}

fn apply(edit: &Edit, sealed: &mut Vec<u8>) {
    const CHUNK: usize = 16_400;
    let length = sealed.len();
    let place = |at: u32| at as usize % (length + 1);
    let chunk = |one: u8| {
        // From the end of a raw file's prefix.
        let start = (56 + usize::from(one % 8) * CHUNK).min(length);
        start..(start + CHUNK).min(length)
    };
    match edit {
        Edit::Flip { at, bits } if length > 0 => sealed[*at as usize % length] ^= bits,
        Edit::Flip { .. } => {}
        Edit::Insert { at, bytes } => drop(sealed.splice(place(*at)..place(*at), bytes.iter().copied())),
        Edit::Remove { at, count } => {
            let start = place(*at);
            drop(sealed.drain(start..(start + usize::from(*count)).min(length)));
        }
        Edit::Cut { at } => sealed.truncate(place(*at)),
        Edit::CutChunks { count, from_start: true } => sealed.truncate(chunk(*count).start),
        Edit::CutChunks { count, .. } => sealed.truncate(length.saturating_sub(usize::from(*count) * CHUNK)),
        Edit::Append { bytes } => sealed.extend(bytes),
        Edit::SwapChunks { one, other } => {
            let (first, second) = (chunk(*one.min(other)), chunk(*one.max(other)));
            if first.len() == second.len() && first.end <= second.start {
                let (left, right) = sealed.split_at_mut(second.start);
                left[first].swap_with_slice(&mut right[..second.end - second.start]);
            }
        }
        Edit::RepeatChunk { one } => {
            let (place, chunk) = (chunk(*one).end, sealed[chunk(*one)].to_vec());
            drop(sealed.splice(place..place, chunk));
        }
    }
}

/// Every place that can be read has what was sealed there.
fn seek(decryption: &Decryption<'_>, case: &Case, edited: &[u8], content: &[u8]) {
    let Ok(mut reader) = decryption.reader(Cursor::new(edited)) else { return };
    let Ok(length) = reader.seek(SeekFrom::End(0)) else { return };
    assert_eq!(length, content.len() as u64, "another length is taken for authentic");
    for (at, count) in case.places.iter().take(4) {
        let at = *at as usize % (content.len() + 1);
        let mut got = Vec::new();
        let sought = reader.seek(SeekFrom::Start(at as u64));
        if sought.is_ok() && reader.by_ref().take(u64::from(*count)).read_to_end(&mut got).is_ok() {
            assert!(got == content[at..(at + usize::from(*count)).min(content.len())]);
        }
        assert!(content[at..].starts_with(&got));
    }
}

fn ranges(decryption: &Decryption<'_>, case: &Case, edited: &[u8], content: &[u8]) {
    let Ok(unchecked) = decryption.ranges(edited, edited.len() as u64) else { return };
    let end = unchecked.end();
    let Ok(ranges) = unchecked.finish(&edited[end.start as usize..end.end as usize]) else { return };
    assert_eq!(ranges.len(), content.len() as u64, "another length is taken for authentic");
    for (at, count) in case.places.iter().take(4) {
        let wanted = u64::from(*at) % (content.len() as u64 + 1)..u64::from(*at) + u64::from(*count);
        let needed = ranges.sealed_range(wanted.clone());
        if let Ok(got) = ranges.open(wanted.clone(), &edited[needed.start as usize..needed.end as usize]) {
            let end = wanted.end.min(content.len() as u64).max(wanted.start);
            assert!(got == content[wanted.start as usize..end as usize]);
        }
    }
}
