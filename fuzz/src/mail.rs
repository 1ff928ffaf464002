//! Checks of what reads mail as it comes: however the bytes come, it gives what plain code gives that has all of them.
use std::io::{self, BufRead, BufReader, Read, Write};

use crate::encoding::base64_stream::{self, Decoder};
use crate::encoding::ber::to_der;
use crate::encoding::ber_reader::BerReader;
use crate::encoding::input::Input;
use crate::encoding::tlv::{OCTET_STRING, Walker};
use crate::error::Result;
use crate::formats::mime::bare::Form;
use crate::formats::mime::entity::{self, Kind, Signed};
use crate::formats::mime::lines::Canonical;
use crate::formats::mime::multipart::Parts;
use crate::formats::mime::quoted;
use crate::formats::mime::seven_bit::to_seven_bit;
use crate::formats::mime::transfer::Transfer;

const MOST: usize = 1 << 20;

/// Gives a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.1);
        self.0.read(&mut out[..most])
    }
}

fn all(mut from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The reader of BER beside the normaliser, in pieces of so many bytes.
pub fn check_ber(ber: &[u8], piece: usize) {
    let reader = || BerReader::new("test", Slow(ber, piece));
    let want = to_der("test", ber, MOST).ok().map(|der| der.into_owned());
    let mut whole = reader();
    let read = whole.value(MOST).and_then(|value| whole.end().map(|()| value));
    assert_eq!(read.ok(), want);
    let mut values = reader();
    let walked = walk(&mut values, 0).and_then(|value| values.end().map(|()| value));
    assert_eq!(walked.ok(), want);
    let mut string = reader();
    let octets = string.octets(None).and_then(all).and_then(|bytes| string.end().map(|()| bytes));
    let want =
        want.and_then(|der| Walker::new(&der).expect(OCTET_STRING).ok().map(|tlv| tlv.value().to_vec()));
    assert_eq!(octets.ok(), want);
}

/// Reads a value part by part, and writes it as DER. What only stands in two pieces because the depths of the two are counted
/// from other values is left whole.
fn walk(reader: &mut BerReader<Slow<'_>>, depth: usize) -> Result<Vec<u8>> {
    match reader.peek()? {
        Some(tag @ (0x30 | 0x31)) if depth < 8 => {
            reader.enter(tag)?;
            let mut inside = Vec::new();
            while reader.peek()?.is_some() {
                inside.extend(walk(reader, depth + 1)?);
            }
            reader.leave()?;
            Ok(crate::der::wrap(tag, &[&inside]))
        }
        Some(4 | 0x24) if depth == 0 => Ok(crate::der::wrap(4, &[&all(reader.octets(None)?)?])),
        _ => reader.value(MOST),
    }
}

/// What reads mail, each by the first byte.
pub fn check_mail(what: u8, text: &[u8], piece: usize) {
    match what {
        0 => check_entity(text, piece),
        1 => check_parts(text, piece),
        2 => check_base64(text, piece),
        3 => check_quoted(text, piece),
        4 => check_canonical(text, piece),
        5 => check_seven_bit(text),
        6 => check_bare(text, piece),
        _ => {}
    }
}

fn check_entity(text: &[u8], piece: usize) {
    let mut rest = text;
    let opened = entity::open(&mut rest);
    let mut slow = BufReader::with_capacity(piece, text);
    let again = entity::open(&mut slow);
    assert_eq!(opened.is_ok(), again.is_ok());
    let (Ok(opened), Ok(again)) = (opened, again) else { return };
    assert_eq!(opened.kind, again.kind);
    assert!([opened.header.raw(), rest].concat() == text);
    assert!(again.header.raw() == opened.header.raw());
    let fields: usize = opened.header.fields().map(|field| field.whole.len()).sum();
    assert!(opened.header.raw().len() - fields <= 2);
    match opened.kind {
        Kind::Signed { boundary, .. } => {
            let signed = |body: &mut dyn Read| {
                let mut signed = Signed::new(body, &boundary)?;
                let content = all(signed.content()?)?;
                signed.signature(MOST).map(|signature| (content, signature))
            };
            assert_eq!(signed(&mut rest).ok(), signed(&mut slow).ok());
        }
        Kind::Cms { transfer, .. } => {
            assert_eq!(all(transfer.decode(rest)).ok(), all(transfer.decode(slow)).ok());
        }
        Kind::Other => {}
    }
}

fn check_parts(body: &[u8], piece: usize) {
    let split = || {
        let mut parts = Parts::new(Slow(body, piece), "b")?;
        let mut found = Vec::new();
        while let Some(part) = parts.next()? {
            found.push(all(part)?);
        }
        Ok::<_, crate::error::Error>(found)
    };
    assert_eq!(split().ok(), plain_parts(body, b"--b"));
}

/// The parts of a body that is all there.
fn plain_parts(body: &[u8], dashed: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut part: Option<Vec<u8>> = None;
    let mut ended = false;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = without_end(line);
        let Some(rest) = text.strip_prefix(dashed) else {
            part.iter_mut().for_each(|part| part.extend(line));
            continue;
        };
        let last = rest.strip_prefix(b"--");
        if ended || !last.unwrap_or(rest).iter().all(|byte| b" \t".contains(byte)) {
            return None;
        }
        if let Some(part) = part.take() {
            parts.push(without_end(&part).to_vec());
        }
        ended = last.is_some();
        if ended && parts.is_empty() {
            return None;
        }
        part = (!ended).then(Vec::new);
    }
    (ended && parts.len() <= 1000).then_some(parts)
}

fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text))
}

fn check_base64(text: &[u8], piece: usize) {
    use base64ct::{Base64, Encoding};
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !b" \t\r\n".contains(byte)).collect();
    let want = str::from_utf8(&digits).ok().and_then(|digits| Base64::decode_vec(digits).ok());
    assert_eq!(all(Decoder::new(BufReader::with_capacity(piece, text))).ok(), want);
    let mut lines = base64_stream::Lines::new(Vec::new());
    text.chunks(piece).for_each(|piece| lines.write_all(piece).unwrap());
    let lines = lines.finish().unwrap();
    assert!(
        str::from_utf8(&lines).unwrap().split_terminator("\r\n").all(|line| (1..=76).contains(&line.len()))
    );
    assert!(all(Decoder::new(&lines[..])).unwrap() == text);
}

fn check_quoted(text: &[u8], piece: usize) {
    let decode = |from: &[u8]| all(Transfer::QuotedPrintable.decode(BufReader::with_capacity(piece, from)));
    assert_eq!(decode(text).ok(), all(Transfer::QuotedPrintable.decode(text)).ok());
    let made = quoted::encode(text);
    assert!(quoted::is_safe(&made));
    assert!(decode(&made).unwrap() == canonical(text));
}

fn canonical(text: &[u8]) -> Vec<u8> {
    let mut lines: Vec<u8> = Vec::new();
    for byte in text {
        if *byte == b'\n' && lines.last() != Some(&b'\r') {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines
}

fn check_canonical(text: &[u8], piece: usize) {
    let mut made = Canonical::new(Vec::new());
    text.chunks(piece).for_each(|piece| made.write_all(piece).unwrap());
    let made = made.into_inner();
    assert!(made == canonical(text));
    assert!(canonical(&made) == made);
}

fn check_seven_bit(entity: &[u8]) {
    let Ok(made) = to_seven_bit(entity) else { return };
    assert!(quoted::is_seven_bit(&made));
    assert!(to_seven_bit(&made).unwrap() == made);
}

fn check_bare(text: &[u8], piece: usize) {
    let open = |piece: usize| {
        let mut input = Input::new(Slow(text, piece), usize::MAX);
        let form = Form::of(&mut input).unwrap()?;
        Some(form.decode(input).and_then(|mut object| {
            object.fill_buf()?;
            all(object)
        }))
    };
    assert_eq!(open(piece).map(Result::ok), open(MOST).map(Result::ok));
}
