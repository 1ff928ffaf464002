//! Tests of the reader of BER: what it reads is what `ber` makes DER of, however it comes, and hostile input costs nothing.
use std::io::{self, BufRead, Read};

use proptest::prelude::*;

use super::ber::to_der;
use super::ber_reader::BerReader;
use super::tlv::{self, Walker, wrap};
use crate::error::{ErrorKind, Result};
use crate::limits::BER_DEPTH;

const MOST: usize = 1 << 20;

/// Gives a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.1);
        self.0.read(&mut out[..most])
    }
}

fn reader(ber: &[u8], piece: usize) -> BerReader<Slow<'_>> {
    BerReader::new("test", Slow(ber, piece))
}

/// All of it, as one value.
fn whole(ber: &[u8], most: usize, piece: usize) -> Result<Vec<u8>> {
    let mut reader = reader(ber, piece);
    let value = reader.value(most)?;
    reader.end().map(|()| value)
}

/// One OCTET STRING that is all there is.
fn octets(ber: &[u8], number: Option<u8>) -> Result<Vec<u8>> {
    let mut reader = reader(ber, 3);
    let mut bytes = Vec::new();
    reader.octets(number)?.read_to_end(&mut bytes)?;
    reader.end().map(|()| bytes)
}

/// Reads value by value, going into those of these tags, and writes it as DER.
fn walk(ber: &[u8], piece: usize) -> Result<Vec<u8>> {
    let mut reader = reader(ber, piece);
    let der = walk_one(&mut reader)?;
    reader.end().map(|()| der)
}

fn walk_one(reader: &mut BerReader<Slow<'_>>) -> Result<Vec<u8>> {
    match reader.peek()? {
        Some(tag @ (0x30 | 0x31)) => {
            reader.enter(tag)?;
            let mut inside = Vec::new();
            while reader.peek()?.is_some() {
                inside.extend(walk_one(reader)?);
            }
            reader.leave()?;
            Ok(wrap(tag, &[&inside]))
        }
        Some(4 | 0x24) => {
            let mut bytes = Vec::new();
            reader.octets(None)?.read_to_end(&mut bytes)?;
            Ok(wrap(4, &[&bytes]))
        }
        _ => reader.value(MOST),
    }
}

#[test]
fn a_message_is_read_value_by_value() {
    for ber in [
        // Definite; indefinite; with lengths longer than they must be, and a string in pieces in pieces.
        &[0x30, 14, 6, 1, 42, 0xa0, 7, 4, 5, 1, 2, 3, 4, 5, 5, 0][..],
        &[
            0x30, 0x80, 6, 1, 42, 0xa0, 0x80, 0x24, 0x80, 4, 2, 1, 2, 4, 0, 4, 3, 3, 4, 5, 0, 0, 0, 0, 5, 0,
            0, 0,
        ],
        &[
            0x30, 0x84, 0, 0, 0, 29, 6, 0x81, 1, 42, 0xa0, 21, 0x24, 0x80, 4, 2, 1, 2, 0x24, 11, 0x24, 0x80,
            4, 1, 3, 0, 0, 4, 2, 4, 5, 0, 0, 5, 0,
        ],
    ] {
        for piece in [1, 2, 100] {
            let mut reader = reader(ber, piece);
            assert_eq!(reader.peek().unwrap(), Some(0x30));
            reader.enter(0x30).unwrap();
            assert_eq!(reader.value_of(6, 100).unwrap(), [6, 1, 42]);
            assert!(!reader.enter_if(0xa1).unwrap());
            assert!(reader.enter_if(0xa0).unwrap());
            let mut bytes = Vec::new();
            reader.octets(None).unwrap().read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, [1, 2, 3, 4, 5]);
            assert_eq!(reader.peek().unwrap(), None);
            reader.leave().unwrap();
            assert_eq!(reader.value(2).unwrap(), [5, 0]);
            assert_eq!(reader.peek().unwrap(), None);
            reader.leave().unwrap();
            assert_eq!(reader.peek().unwrap(), None);
            reader.end().unwrap();
        }
    }
}

#[test]
fn octets_are_read_behind_an_implicit_tag_too() {
    for (ber, number, want) in [
        (&[4, 2, 1, 2][..], None, &[1, 2][..]),
        (&[4, 0], None, &[]),
        (&[0x24, 0], None, &[]),
        (&[0x24, 0x80, 0, 0], None, &[]),
        (&[0x80, 2, 1, 2], Some(0), &[1, 2]),
        (&[0xa1, 0x80, 4, 1, 1, 0x24, 3, 4, 1, 2, 0, 0], Some(1), &[1, 2]),
        (&[0xa0, 6, 4, 1, 1, 4, 1, 2], Some(0), &[1, 2]),
    ] {
        assert_eq!(octets(ber, number).unwrap(), want, "{ber:02x?}");
    }
    for (bad, number) in [
        (&[4, 2, 1, 2][..], Some(0)),
        (&[0x80, 2, 1, 2], None),
        (&[0x80, 2, 1, 2], Some(1)),
        (&[5, 0], None),
        // Pieces of another type, implicitly tagged, outside of what holds them.
        (&[0x24, 2, 5, 0], None),
        (&[0x24, 2, 0x80, 0], None),
        (&[0xa0, 2, 0x80, 0], Some(0)),
        (&[0x24, 3, 4, 2, 1, 2], None),
        (&[0x24, 0x80, 4, 1, 1], None),
        (&[0x24, 0x80, 4, 1, 1, 0], None),
        (&[0x24, 0x80, 4, 1, 1, 0, 1, 0, 0], None),
        (&[4, 0x80, 1, 0, 0], None),
        // Cut short, and with something after it.
        (&[4, 3, 1, 2], None),
        (&[4, 2, 1, 2, 0], None),
        (&[4, 0x84, 0x40, 0, 0, 0, 1], None),
        (&[4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], None),
        (&[4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], None),
    ] {
        assert_eq!(octets(bad, number).unwrap_err().kind(), ErrorKind::Malformed, "{bad:02x?}");
    }
}

#[test]
fn a_string_must_be_read_to_its_end_and_not_further() {
    let ber = [0x30, 9, 0x24, 5, 4, 1, 1, 4, 0, 5, 0];
    let mut exact = reader(&ber, 100);
    exact.enter(0x30).unwrap();
    exact.octets(None).unwrap().read_exact(&mut [0]).unwrap();
    assert_eq!(exact.value(10).unwrap(), [5, 0]);
    for read in [0, 1] {
        let mut early = reader(&[0x30, 6, 4, 2, 1, 2, 5, 0], 100);
        early.enter(0x30).unwrap();
        early.octets(None).unwrap().read_exact(&mut vec![0; read]).unwrap();
        assert_eq!(early.peek().unwrap_err().kind(), ErrorKind::Malformed);
        assert!(early.value(10).is_err() && early.leave().is_err() && early.end().is_err());
    }
}

#[test]
fn nothing_is_left_behind_unseen_or_asked_for_in_vain() {
    let mut left = reader(&[0x30, 2, 5, 0], 100);
    left.enter(0x30).unwrap();
    assert!(left.end().is_err());
    assert_eq!(left.leave().unwrap_err().kind(), ErrorKind::Malformed);
    left.value(2).unwrap();
    assert_eq!(left.value(2).unwrap_err().kind(), ErrorKind::Malformed);
    assert!(left.enter(0x30).is_err() && left.octets(None).is_err());
    left.leave().unwrap();
    assert!(left.leave().is_err() && left.value(2).is_err());
    left.end().unwrap();
    for (ber, tag) in [(&[0x30, 0][..], 0x31), (&[4, 0], 4), (&[], 0x30), (&[0x30], 0x30), (&[0x30, 1], 0x31)]
    {
        assert!(reader(ber, 100).enter(tag).is_err(), "{ber:02x?}");
    }
    assert!(reader(&[5, 0], 100).value_of(6, 100).is_err());
    assert_eq!(reader(&[0x24, 3, 4, 1, 9], 100).value_of(4, 100).unwrap(), [4, 1, 9]);
    assert!(reader(&[0x26, 0], 100).value_of(6, 100).is_err());
    // What ends outside of what holds it, and what does not end.
    let mut outside = reader(&[0x30, 2, 4, 1, 1], 100);
    outside.enter(0x30).unwrap();
    assert!(outside.value(100).is_err());
    let mut cut = reader(&[0x30, 0x80, 5, 0], 100);
    cut.enter(0x30).unwrap();
    cut.value(2).unwrap();
    assert!(cut.peek().is_err() && cut.leave().is_err());
}

#[test]
fn a_value_over_its_bound_is_refused_before_it_is_read() {
    /// An endless input that counts.
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            out.fill(0x55);
            self.0 += out.len() as u64;
            assert!(self.0 < 1 << 20, "too much is read");
            Ok(out.len())
        }
    }
    for head in
        [&[0x30, 0x84, 0x40, 0, 0, 0][..], &[0x30, 0x80, 4, 0x84, 0x40, 0, 0, 0], &[0x30, 0x80, 5, 0, 4, 100]]
    {
        let mut hostile = BerReader::new("test", head.chain(Endless(0)));
        assert_eq!(hostile.value(100).unwrap_err().kind(), ErrorKind::OverLimit, "{head:02x?}");
    }
    assert_eq!(whole(&wrap(4, &[&[1; 98]]), 100, 7).unwrap().len(), 100);
    assert_eq!(whole(&wrap(4, &[&[1; 99]]), 100, 7).unwrap_err().kind(), ErrorKind::OverLimit);
    assert_eq!(whole(&[0x30, 0x80, 5, 0, 0, 0], 6, 7).unwrap(), [0x30, 2, 5, 0]);
    assert_eq!(whole(&[0x30, 0x80, 5, 0, 0, 0], 5, 7).unwrap_err().kind(), ErrorKind::OverLimit);
    // A string of a gigabyte is begun at once.
    let mut long = BerReader::new("test", (&[4, 0x84, 0x40, 0, 0, 0][..]).chain(Endless(0)));
    assert_eq!(long.octets(None).unwrap().fill_buf().unwrap().first(), Some(&0x55));
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let nested = |tag: u8, depth: usize, inner: &[u8]| {
        [&[tag, 0x80].repeat(depth)[..], inner, &[0, 0].repeat(depth)].concat()
    };
    for deep in [BER_DEPTH, BER_DEPTH + 1] {
        let strings = nested(0x24, deep, &[4, 1, 7]);
        let values = nested(0x30, deep, &[5, 0]);
        let is_over = deep > BER_DEPTH;
        for ended in [
            octets(&strings, None).map(|_| ()),
            whole(&strings, MOST, 7).map(|_| ()),
            whole(&values, MOST, 7).map(|_| ()),
            walk(&values, 7).map(|_| ()),
        ] {
            assert_eq!(ended.err().map(|error| error.kind()), is_over.then_some(ErrorKind::OverLimit));
        }
    }
}

#[test]
fn an_error_of_the_source_is_passed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let broken = || BerReader::new("test", (&[4, 9, 1][..]).chain(Broken));
    assert_eq!(broken().value(100).unwrap_err().kind(), ErrorKind::Io);
    let mut reader = broken();
    let mut bytes = Vec::new();
    let error = reader.octets(None).unwrap().read_to_end(&mut bytes).unwrap_err();
    assert_eq!((error.kind(), bytes), (io::ErrorKind::ConnectionReset, vec![1]));
}

/// BER of one value, written in any of the ways that there are.
fn ber() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..20);
    let leaf = (prop::sample::select(vec![4_u8, 4, 12, 0x80, 6, 2]), bytes, 0..4_usize)
        .prop_map(|(tag, value, long)| headed(tag, &value, long));
    leaf.prop_recursive(5, 40, 5, |inner| {
        let tags = prop::sample::select(vec![0x30_u8, 0x31, 0xa0, 0x24, 0x24]);
        (tags, prop::collection::vec(inner, 0..5), 0..4_usize, any::<bool>()).prop_map(
            |(tag, values, long, indefinite)| {
                let content = values.concat();
                match indefinite {
                    true => [&[tag, 0x80][..], &content, &[0, 0]].concat(),
                    false => headed(tag, &content, long),
                }
            },
        )
    })
}

/// With so many bytes of length too many, or the fewest.
fn headed(tag: u8, content: &[u8], long: usize) -> Vec<u8> {
    match long {
        0 => wrap(tag, &[content]),
        _ => {
            let length = (content.len() as u32).to_be_bytes();
            [&[tag, 0x84 + long as u8][..], &vec![0; long], &length, content].concat()
        }
    }
}

proptest! {
    #[test]
    fn what_is_read_is_what_ber_makes_der_of(ber in ber(), cut in any::<prop::sample::Index>(), flip in any::<Option<(prop::sample::Index, u8)>>(), piece in 1..9_usize) {
        let mut ber = ber;
        if let Some((at, byte)) = flip {
            let at = at.index(ber.len());
            ber[at] = byte;
        }
        for ber in [&ber[..], &ber[..cut.index(ber.len() + 1)], &[&ber[..], &[0]].concat()] {
            let want = to_der("test", ber, MOST).map(|der| der.into_owned());
            let whole = whole(ber, MOST, piece);
            prop_assert_eq!(whole.as_ref().ok(), want.as_ref().ok(), "{:02x?}", ber);
            prop_assert_eq!(walk(ber, piece).ok(), want.as_ref().ok().cloned(), "{:02x?}", ber);
        }
    }

    #[test]
    fn octets_are_those_of_the_string_that_ber_puts_together(ber in ber(), piece in 1..9_usize) {
        let mut reader = reader(&ber, piece);
        let read = reader.octets(None).and_then(|mut octets| {
            let mut bytes = Vec::new();
            octets.read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        let der = to_der("test", &ber, MOST).ok();
        let want = der.as_ref().and_then(|der| Walker::new(der).expect(tlv::OCTET_STRING).ok()).map(|tlv| tlv.value().to_vec());
        prop_assert_eq!(read.ok(), want);
    }
}
