//! Whatever is changed in something sealed: never a success, never a byte that is not the original's in its place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod tamper {
    pub(crate) mod specimens;
}

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use tamper::specimens::{QUICK, SLOW, Specimen};

/// A single change.
#[derive(Clone, Debug)]
enum Change {
    Flip(Place, u8),
    Insert(Place, u8),
    Remove(Place),
    Zero(Place, usize),
    Truncate(Place),
    Extend(Vec<u8>),
    /// All of it, or all of the other file, once more behind it.
    ExtendWithSelf,
    ExtendWithOther,
    /// Chunks by number, round and round.
    SwapChunks(usize, usize),
    DropChunk(usize),
    RepeatChunk(usize),
    OverwriteChunk(usize, usize),
    /// The other file's chunk, all its chunks from one on, or all before its chunks.
    SpliceChunk(usize),
    SpliceRest(usize),
    SpliceHead,
}

/// A place in a file: anywhere, before the chunks, or about the edge of a chunk.
#[derive(Clone, Debug)]
enum Place {
    Anywhere(Index),
    Head(Index),
    Edge(Index, usize),
}

fn place() -> impl Strategy<Value = Place> {
    let index = any::<Index>;
    prop_oneof![
        1 => index().prop_map(Place::Anywhere),
        1 => index().prop_map(Place::Head),
        1 => (index(), 0..5usize).prop_map(|(chunk, offset)| Place::Edge(chunk, offset)),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let number = || 0..60usize;
    prop_oneof![
        4 => (place(), 0..8u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        2 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        1 => (place(), prop::sample::select(&b" \t\r\n=A-"[..])).prop_map(|(at, byte)| Change::Insert(at, byte)),
        2 => place().prop_map(Change::Remove),
        1 => (place(), 1..40usize).prop_map(|(at, count)| Change::Zero(at, count)),
        2 => place().prop_map(Change::Truncate),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Change::Extend),
        1 => prop::collection::vec(prop::sample::select(&b" \t\r\n"[..]), 1..4).prop_map(Change::Extend),
        1 => Just(Change::ExtendWithSelf),
        1 => Just(Change::ExtendWithOther),
        1 => (number(), number()).prop_map(|(a, b)| Change::SwapChunks(a, b)),
        1 => number().prop_map(Change::DropChunk),
        1 => number().prop_map(Change::RepeatChunk),
        1 => (number(), number()).prop_map(|(a, b)| Change::OverwriteChunk(a, b)),
        1 => number().prop_map(Change::SpliceChunk),
        1 => number().prop_map(Change::SpliceRest),
        1 => Just(Change::SpliceHead),
    ]
}

impl Place {
    /// In a file of `length` bytes, which is 1 at least.
    fn of(&self, specimen: &Specimen, length: usize) -> usize {
        let place = match self {
            Place::Anywhere(index) => index.index(length),
            Place::Head(index) => index.index(specimen.first_chunk()),
            Place::Edge(index, offset) => {
                let chunks = specimen.chunks();
                (chunks[index.index(chunks.len())].end + offset).saturating_sub(2)
            }
        };
        place.min(length - 1)
    }
}

impl Change {
    fn apply(&self, specimen: &Specimen) -> Vec<u8> {
        // Bytes are changed as they lie in the file; chunks, in what the armor holds.
        let mut bytes = specimen.sealed.clone();
        let length = bytes.len();
        match self {
            Change::Flip(at, bit) => bytes[at.of(specimen, length)] ^= 1 << bit,
            Change::Insert(at, byte) => bytes.insert(at.of(specimen, length), *byte),
            Change::Remove(at) => drop(bytes.remove(at.of(specimen, length))),
            Change::Zero(at, count) => {
                bytes.iter_mut().skip(at.of(specimen, length)).take(*count).for_each(|byte| *byte = 0);
            }
            Change::Truncate(at) => bytes.truncate(at.of(specimen, length)),
            Change::Extend(more) => bytes.extend(more),
            Change::ExtendWithSelf => bytes.extend_from_within(..),
            Change::ExtendWithOther => bytes.extend(specimen.dress(&specimen.other)),
            _ => return specimen.dress(&self.apply_to_chunks(specimen)),
        }
        bytes
    }

    fn apply_to_chunks(&self, specimen: &Specimen) -> Vec<u8> {
        let (bare, ranges) = (&specimen.bare, specimen.chunks());
        let head = &bare[..specimen.first_chunk()];
        let mut chunks: Vec<&[u8]> = ranges.iter().map(|range| &bare[range.clone()]).collect();
        let other = |index: usize| &specimen.other[ranges[index].clone()];
        let nth = |number: &usize| number % ranges.len();
        match self {
            Change::SwapChunks(a, b) => chunks.swap(nth(a), nth(b)),
            Change::DropChunk(which) => drop(chunks.remove(nth(which))),
            Change::RepeatChunk(which) => chunks.insert(nth(which), chunks[nth(which)]),
            Change::OverwriteChunk(from, to) => chunks[nth(to)] = chunks[nth(from)],
            Change::SpliceChunk(which) => chunks[nth(which)] = other(nth(which)),
            Change::SpliceRest(from) => (nth(from)..ranges.len()).for_each(|n| chunks[n] = other(n)),
            Change::SpliceHead => {
                let head = &specimen.other[..specimen.first_chunk()];
                return [head, &chunks.concat()].concat();
            }
            _ => {}
        }
        [head, &chunks.concat()].concat()
    }
}

type Checked = Result<(), TestCaseError>;

/// All that must hold for changed bytes, in every way of reading them.
fn check(specimen: &Specimen, changed: &[u8], place: &Index, piece: usize) -> Checked {
    if changed == specimen.sealed {
        return Ok(());
    }
    let good = match specimen.with().bytes(changed) {
        Ok((content, _)) => {
            // White space round an armor and the kind of its line ends are not part of what it holds.
            let same = specimen.armored && meaning(changed) == meaning(&specimen.sealed);
            prop_assert!(same && content == specimen.content, "{}: a success", specimen.name);
            true
        }
        Err(_) => false,
    };
    check_stream(specimen, changed, piece, good)?;
    check_seek(specimen, changed, place, good)?;
    check_file(specimen, changed, good)
}

/// An armor without what it does not mean.
fn meaning(armor: &[u8]) -> Vec<u8> {
    let text = armor.trim_ascii();
    (0..text.len()).filter(|at| !text[*at..].starts_with(b"\r\n")).map(|at| text[at]).collect()
}

fn check_stream(specimen: &Specimen, changed: &[u8], piece: usize, good: bool) -> Checked {
    let name = &specimen.name;
    let Ok(mut reader) = specimen.reader(Pieces { rest: changed, most: piece }) else {
        prop_assert!(!good, "{name}: opens as bytes and not as a stream");
        return Ok(());
    };
    let mut content = Vec::new();
    let end = reader.read_to_end(&mut content);
    prop_assert!(specimen.content.starts_with(&content), "{name}: a wrong byte in a stream");
    prop_assert_eq!(end.is_ok(), good, "{}: a success in a stream", name);
    if end.is_err() {
        check_keeps_failing(&mut reader, name)?;
    }
    Ok(())
}

fn check_seek(specimen: &Specimen, changed: &[u8], place: &Index, good: bool) -> Checked {
    let name = &specimen.name;
    let Ok(mut reader) = specimen.reader(Cursor::new(changed)) else {
        prop_assert!(!good, "{name}: opens as bytes and not by seeking");
        return Ok(());
    };
    let place = place.index(specimen.content.len() + 1);
    let mut content = Vec::new();
    if reader.seek(SeekFrom::Start(place.try_into().unwrap())).is_err() {
        return check_keeps_failing(&mut reader, name);
    }
    let end = reader.read_to_end(&mut content);
    prop_assert!(specimen.content[place..].starts_with(&content), "{name}: a wrong byte after a seek");
    if end.is_err() {
        return check_keeps_failing(&mut reader, name);
    }
    prop_assert_eq!(place + content.len(), specimen.content.len(), "{}: too little after a seek", name);
    content.clear();
    let whole = reader.rewind().and_then(|()| reader.read_to_end(&mut content));
    prop_assert!(specimen.content.starts_with(&content), "{name}: a wrong byte after a rewind");
    prop_assert_eq!(whole.is_ok(), good, "{}: a success by seeking", name);
    Ok(())
}

fn check_keeps_failing<R: Read>(reader: &mut R, name: &str) -> Checked {
    for _ in 0..3 {
        prop_assert!(reader.read(&mut [0; 9]).is_err(), "{name}: an error is followed by something else");
    }
    Ok(())
}

fn check_file(specimen: &Specimen, changed: &[u8], good: bool) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let (from, into) = (folder.path().join("sealed"), folder.path().join("content"));
    fs::write(&from, changed).unwrap();
    let result = specimen.with().file(&from, &into);
    prop_assert_eq!(result.is_ok(), good, "{}: a success as a file", specimen.name);
    prop_assert_eq!(specimen.with().verify(&from).is_ok(), good, "{}: verified", specimen.name);
    let left = fs::read_dir(folder.path()).unwrap().count();
    prop_assert_eq!(left, if good { 2 } else { 1 }, "{}: left something behind", specimen.name);
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn a_changed_file_never_opens_and_never_gives_a_wrong_byte(
        specimen in any::<Index>(), change in change(), place in any::<Index>(), piece in 1..20_000usize,
    ) {
        let specimen = specimen.get(&QUICK);
        check(specimen, &change.apply(specimen), &place, piece)?;
    }
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn a_changed_file_under_a_passphrase_never_opens_and_never_gives_a_wrong_byte(
        change in change(), place in any::<Index>(), piece in 1..20_000usize,
    ) {
        for specimen in SLOW.iter() {
            check(specimen, &change.apply(specimen), &place, piece)?;
        }
    }
}

/// Edges of chunks are where a cut could look like an end, so all of them are tried, and not some.
#[test]
fn a_file_whose_chunks_were_cut_off_or_moved_never_opens() {
    for specimen in QUICK.iter() {
        let ranges = specimen.chunks();
        let cuts = ranges.iter().map(|range| specimen.dress(&specimen.bare[..range.start]));
        let moved = (0..ranges.len()).flat_map(|number| {
            let (this, next) = (number, number + 1);
            let changes = [
                Change::DropChunk(this),
                Change::RepeatChunk(this),
                Change::SwapChunks(this, next),
                Change::OverwriteChunk(this, next),
                Change::SpliceChunk(this),
                Change::SpliceRest(this),
            ];
            changes.map(|change| change.apply(specimen))
        });
        for changed in cuts.chain(moved).filter(|changed| *changed != specimen.sealed) {
            assert!(specimen.with().bytes(&changed).is_err(), "{}: a success", specimen.name);
            check_stream(specimen, &changed, 5000, false).unwrap();
        }
    }
}

/// The end of a header, its MAC among it, byte by byte; what is before, here and there.
#[test]
fn a_header_with_a_flipped_bit_never_opens() {
    for specimen in QUICK.iter().filter(|specimen| specimen.content.len() == 1) {
        let end = specimen.first_chunk();
        for place in (0..end).filter(|place| place + 250 > end || place % 13 == 0) {
            let mut bare = specimen.bare.clone();
            bare[place] ^= 1 << (place % 8);
            let opened = specimen.with().bytes(&specimen.dress(&bare));
            assert!(opened.is_err(), "{}: byte {place}", specimen.name);
        }
    }
}

/// What one may do with something that reads and seeks.
#[derive(Clone, Debug)]
enum Step {
    Read(usize),
    Start(u64),
    End(i64),
    Current(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..40_000usize).prop_map(Step::Read),
        (0..70_000u64).prop_map(Step::Start),
        (-70_000..100i64).prop_map(Step::End),
        (-40_000..40_000i64).prop_map(Step::Current),
    ]
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn reading_and_seeking_gives_what_a_plain_file_gives(
        specimen in any::<Index>(), steps in prop::collection::vec(step(), 1..12),
    ) {
        let specimen = specimen.get(&QUICK);
        let mut plain = Cursor::new(&specimen.content);
        let mut reader = specimen.reader(Cursor::new(&specimen.sealed)).unwrap();
        for step in steps {
            let to = match step {
                Step::Read(length) => {
                    let (mut expected, mut got) = (Vec::new(), Vec::new());
                    let length = length.try_into().unwrap();
                    plain.by_ref().take(length).read_to_end(&mut expected).unwrap();
                    reader.by_ref().take(length).read_to_end(&mut got).unwrap();
                    prop_assert!(got == expected, "{}: {} bytes", specimen.name, length);
                    continue;
                }
                Step::Start(to) => SeekFrom::Start(to),
                Step::End(to) => SeekFrom::End(to),
                Step::Current(to) => SeekFrom::Current(to),
            };
            // A plain file refuses to go before its start, and stays where it was.
            if let Ok(expected) = plain.seek(to) {
                prop_assert_eq!(reader.seek(to).unwrap(), expected, "{}: {:?}", &specimen.name, to);
            }
        }
    }

    #[test]
    fn ranges_give_what_slices_give(specimen in any::<Index>(), start in 0..70_000u64, length in 0..40_000u64) {
        let specimen = specimen.get(&QUICK);
        let (sealed, content) = (&specimen.bare, &specimen.content);
        let slice = |from: &[u8], range: std::ops::Range<u64>| {
            let end = from.len().min(range.end.try_into().unwrap());
            from[end.min(range.start.try_into().unwrap())..end].to_vec()
        };
        let unchecked = specimen.with().ranges(sealed, sealed.len().try_into().unwrap()).unwrap();
        let end = unchecked.end();
        let ranges = unchecked.finish(&slice(sealed, end)).unwrap();
        let wanted = start..start + length;
        let got = ranges.open(wanted.clone(), &slice(sealed, ranges.sealed_range(wanted.clone()))).unwrap();
        prop_assert!(got == slice(content, wanted), "{}", specimen.name);
    }
}

#[test]
fn a_seek_before_the_start_is_refused_and_changes_nothing() {
    for specimen in QUICK.iter().filter(|specimen| specimen.content.len() > 100) {
        let mut reader = specimen.reader(Cursor::new(&specimen.sealed)).unwrap();
        reader.read_exact(&mut [0; 10]).unwrap();
        let error = reader.seek(SeekFrom::Current(-11)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{}", specimen.name);
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap_or_else(|error| panic!("{}: {error}", specimen.name));
        assert!(rest == specimen.content[10..], "{}", specimen.name);
    }
}

#[test]
fn a_signal_between_two_reads_is_not_noticed_and_an_error_is_final() {
    for specimen in QUICK.iter().step_by(3) {
        let half = specimen.sealed.len() / 2;
        let (first, second) = specimen.sealed.split_at(half);
        let broken = |kind| Cursor::new(first).chain(Fails(Some(kind))).chain(Cursor::new(second));
        let mut content = Vec::new();
        let mut reader = specimen.reader(broken(io::ErrorKind::Interrupted)).unwrap();
        reader.read_to_end(&mut content).unwrap();
        assert!(content == specimen.content, "{}", specimen.name);
        // What failed once works again here, and still nothing may be given: there could be a gap.
        let Ok(mut reader) = specimen.reader(broken(io::ErrorKind::TimedOut)) else { continue };
        content.clear();
        reader.read_to_end(&mut content).unwrap_err();
        assert!(specimen.content.starts_with(&content), "{}", specimen.name);
        assert!((0..3).all(|_| reader.read(&mut [0; 9]).is_err()), "{}", specimen.name);
    }
}

/// Gives at most so many bytes at a time.
struct Pieces<'a> {
    rest: &'a [u8],
    most: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.most);
        self.rest.read(&mut out[..most])
    }
}

/// Fails once.
struct Fails(Option<io::ErrorKind>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), |kind| Err(kind.into()))
    }
}
