//! Tests of the normaliser: what is DER stays, every way to write BER becomes it, and hostile input costs nothing.
use std::borrow::Cow;
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::ber::{implicit_octets, to_der};
use super::tlv::{self, Walker, wrap};
use crate::error::ErrorKind;
use crate::limits::BER_DEPTH;

const MOST: usize = 1 << 24;

fn der(ber: &[u8]) -> Vec<u8> {
    match to_der("test", ber, MOST) {
        Ok(der) => der.into_owned(),
        Err(error) => panic!("{error}: {:02x?}", ber.get(..40).unwrap_or(ber)),
    }
}

fn refusal(ber: &[u8]) -> Option<ErrorKind> {
    to_der("test", ber, MOST).err().map(|error| error.kind())
}

#[test]
fn what_is_der_already_is_not_copied() {
    for sound in [
        &[0x30, 0][..],
        &[0x30, 3, 1, 1, 0xff],
        &[5, 0],
        &[0xa0, 6, 4, 1, 1, 4, 1, 2],
        &[0x9f, 0x1f, 1, 9],
        &[0xbf, 0x81, 0x01, 2, 5, 0],
        &wrap(4, &[&[7; 128]]),
        &wrap(4, &[&[7; 70_000]]),
        // A SET out of order is not DER, and stays: CMS digests what was sent.
        &[0x31, 6, 2, 1, 9, 2, 1, 1],
    ] {
        assert!(
            matches!(to_der("test", sound, MOST), Ok(Cow::Borrowed(same)) if same == sound),
            "{sound:02x?}"
        );
    }
}

#[test]
fn each_liberty_of_ber_becomes_der() {
    for (ber, want) in [
        // Indefinite lengths, nested.
        (&[0x30, 0x80, 0, 0][..], &[0x30, 0][..]),
        (&[0x30, 0x80, 0xa0, 0x80, 2, 1, 5, 0, 0, 0, 0], &[0x30, 5, 0xa0, 3, 2, 1, 5]),
        (&[0x30, 7, 0x30, 0x80, 2, 1, 5, 0, 0], &[0x30, 5, 0x30, 3, 2, 1, 5]),
        // Lengths longer than they must be.
        (&[4, 0x81, 1, 9], &[4, 1, 9]),
        (&[4, 0x84, 0, 0, 0, 1, 9], &[4, 1, 9]),
        (&[4, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9], &[4, 1, 9]),
        (&[0x30, 0x82, 0, 0], &[0x30, 0]),
        // Strings in pieces, definite or not, nested, empty.
        (&[0x24, 0x80, 4, 2, 1, 2, 4, 0, 4, 1, 3, 0, 0], &[4, 3, 1, 2, 3]),
        (&[0x24, 7, 4, 2, 1, 2, 4, 1, 3], &[4, 3, 1, 2, 3]),
        (&[0x24, 0x80, 0x24, 0x80, 4, 1, 1, 0, 0, 0x24, 3, 4, 1, 2, 4, 1, 3, 0, 0], &[4, 3, 1, 2, 3]),
        (&[0x24, 0], &[4, 0]),
        (&[0x23, 8, 3, 2, 0, 0xaa, 3, 2, 4, 0xf0], &[3, 3, 4, 0xaa, 0xf0]),
        (&[0x23, 0x80, 0, 0], &[3, 1, 0]),
        // X.690 section 8.23.6.
        (&[0x3a, 9, 4, 3, 0x4a, 0x6f, 0x6e, 4, 2, 0x65, 0x73], &[0x1a, 5, 0x4a, 0x6f, 0x6e, 0x65, 0x73]),
        (&[0x2c, 3, 12, 1, b'x'], &[12, 1, b'x']),
        // TRUE.
        (&[0x30, 6, 1, 1, 1, 1, 1, 0], &[0x30, 6, 1, 1, 0xff, 1, 1, 0]),
        // Tags of several bytes.
        (&[0xbf, 0x1f, 0x80, 5, 0, 0, 0], &[0xbf, 0x1f, 2, 5, 0]),
        // What only a schema tells from an implicitly tagged string.
        (&[0xa0, 0x80, 4, 1, 1, 0x24, 3, 4, 1, 2, 0, 0], &[0xa0, 6, 4, 1, 1, 4, 1, 2]),
    ] {
        assert_eq!(der(ber), want, "{ber:02x?}");
    }
    // Merged content that needs a longer length than any of its pieces.
    let pieces = [wrap(4, &[&[1; 100]]), wrap(4, &[&[2; 100]])].concat();
    assert_eq!(der(&[&[0x24, 0x80][..], &pieces, &[0, 0]].concat()), wrap(4, &[&[1; 100], &[2; 100]]));
}

#[test]
fn what_is_no_ber_is_refused() {
    for bad in [
        &[][..],
        &[0x30],
        &[0x30, 1],
        &[4, 0x81],
        // After the end.
        &[5, 0, 0],
        &[0x30, 0x80, 0, 0, 0, 0],
        // Out of what holds it.
        &[0x30, 3, 4, 2, 1],
        &[4, 0x84, 0x40, 0, 0, 0],
        &[4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        // The end of contents: missing, cut, behind what holds it, where it ends nothing, with a length.
        &[0x30, 0x80],
        &[0x30, 0x80, 0],
        &[0x30, 0x80, 5, 0],
        &[0x30, 2, 0x30, 0x80, 0, 0],
        &[0x30, 2, 0, 0],
        &[0x30, 0x80, 0, 1, 0, 0, 0],
        &[0x30, 0x80, 0, 0x81, 0, 0, 0],
        &[0, 0],
        // An indefinite length where nothing is inside; a length that means nothing.
        &[4, 0x80, 0, 0],
        &[4, 0xff, 0],
        // Types in the wrong form.
        &[0x10, 0],
        &[0x11, 0],
        &[0x22, 3, 2, 1, 0],
        &[0x25, 0],
        &[1, 0],
        &[1, 2, 0xff, 0xff],
        // Pieces of another type, or of none.
        &[0x24, 2, 5, 0],
        &[0x24, 2, 12, 0],
        &[0x24, 2, 0x80, 0],
        &[0x23, 3, 4, 1, 0],
        &[0x2c, 2, 19, 0],
        // Bits that are unused before the end, or are not there.
        &[0x23, 8, 3, 2, 1, 0xaa, 3, 2, 0, 0xf0],
        &[0x23, 4, 3, 2, 8, 0],
        &[0x23, 3, 3, 1, 1],
        &[0x23, 2, 3, 0],
        // Tags that are longer than they must be, or than any.
        &[0x1f, 5, 0],
        &[0x1f, 0x80, 0x1f, 0],
        &[0x9f, 0x81, 0x81, 0x81, 0x81, 1, 0],
        &[0x9f, 0x81],
    ] {
        assert_eq!(refusal(bad), Some(ErrorKind::Malformed), "{bad:02x?}");
    }
}

/// So many values, each in the one before.
fn nested(depth: usize, inner: &[u8]) -> Vec<u8> {
    [&[0x30, 0x80].repeat(depth)[..], inner, &[0, 0].repeat(depth)].concat()
}

#[test]
fn what_is_nested_too_deep_is_refused_before_work() {
    let mut want = vec![5, 0];
    for _ in 0..BER_DEPTH {
        want = wrap(0x30, &[&want]);
    }
    assert_eq!(der(&nested(BER_DEPTH, &[5, 0])), want);
    assert_eq!(refusal(&nested(BER_DEPTH + 1, &[5, 0])), Some(ErrorKind::OverLimit));
    assert_eq!(refusal(&nested(1_000_000, &[5, 0])), Some(ErrorKind::OverLimit));
    assert_eq!(refusal(&[0x30, 0x80].repeat(1_000_000)), Some(ErrorKind::OverLimit));
    assert_eq!(refusal(&[0x24, 0x80].repeat(10_000)), Some(ErrorKind::OverLimit));
    let definite = (0..BER_DEPTH).fold(want, |inner, _| wrap(0x30, &[&inner]));
    assert_eq!(refusal(&definite), Some(ErrorKind::OverLimit));
}

#[test]
fn what_is_too_long_is_refused_and_what_is_not_is_read() {
    let long = nested(3, &wrap(4, &[&vec![1; 1000]]));
    assert!(to_der("test", &long, long.len()).is_ok());
    assert_eq!(to_der("test", &long, long.len() - 1).unwrap_err().kind(), ErrorKind::OverLimit);
}

#[test]
fn layers_around_a_megabyte_are_written_once_each() {
    let content = vec![7; 1 << 20];
    let string: Vec<u8> = content.chunks(1000).flat_map(|piece| wrap(4, &[piece])).collect();
    let ber = nested(BER_DEPTH - 1, &[&[0x24, 0x80][..], &string, &[0, 0]].concat());
    let mut left = &der(&ber)[..];
    for _ in 1..BER_DEPTH {
        left = tlv::only(left, tlv::SEQUENCE).unwrap().value();
    }
    assert!(tlv::only(left, tlv::OCTET_STRING).unwrap().value() == content);
}

#[test]
fn an_implicitly_tagged_string_is_put_together_by_who_knows_that_it_is_one() {
    let octets = |text: &[u8]| {
        let text = der(text);
        let tlv = Walker::new(&text).any().unwrap();
        implicit_octets(&tlv, 0).map(Cow::into_owned)
    };
    assert_eq!(octets(&[0x80, 2, 1, 2]), Ok(vec![1, 2]));
    assert_eq!(octets(&[0xa0, 0x80, 4, 1, 1, 0x24, 3, 4, 1, 2, 4, 0, 0, 0]), Ok(vec![1, 2]));
    assert_eq!(octets(&[0xa0, 0]), Ok(vec![]));
    assert!(octets(&[0xa0, 3, 2, 1, 2]).is_err());
    assert!(octets(&[0x81, 2, 1, 2]).is_err());
    assert!(octets(&[4, 2, 1, 2]).is_err());
}

/// A value, written as DER and in a way that BER allows.
#[derive(Debug, Clone)]
struct Pair {
    der: Vec<u8>,
    ber: Vec<u8>,
}

/// How a length is written: 0 as DER has it, 1 indefinite, above with so many zeros.
fn dressed(tag: u8, content: &[u8], way: u8) -> Vec<u8> {
    let plain = wrap(tag, &[content]);
    match way {
        0 => plain,
        1 if tag & 0x20 != 0 => [&[tag, 0x80][..], content, &[0, 0]].concat(),
        zeros => {
            let length = u32::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x84 + zeros][..], &vec![0; zeros.into()], &length, content].concat()
        }
    }
}

fn values() -> impl Strategy<Value = Pair> {
    let way = 0..4u8;
    let strings = (prop::collection::vec(any::<u8>(), 0..300), 1..90usize, any::<bool>(), way.clone());
    let string = strings.prop_map(|(content, piece, whole, way)| {
        let pieces: Vec<u8> =
            content.chunks(piece).flat_map(|part| dressed(4, part, way.saturating_sub(1))).collect();
        // Every other piece once more in pieces.
        let nested: Vec<u8> = pieces.iter().copied().chain(dressed(0x24, &dressed(4, &[], 0), way)).collect();
        let ber = if whole { dressed(4, &content, way) } else { dressed(0x24, &nested, way) };
        Pair { der: wrap(4, &[&content]), ber }
    });
    let truth = (any::<u8>(), way.clone()).prop_map(|(byte, way)| Pair {
        der: vec![1, 1, if byte == 0 { 0 } else { 0xff }],
        ber: dressed(1, &[byte], way),
    });
    let number = (prop::collection::vec(any::<u8>(), 1..20), way)
        .prop_map(|(bytes, way)| Pair { der: wrap(2, &[&bytes]), ber: dressed(2, &bytes, way) });
    let leaf = prop_oneof![string, truth, number];
    leaf.prop_recursive(6, 60, 6, |inner| {
        let tag = prop_oneof![Just(0x30u8), Just(0x31), Just(0xa0), Just(0xa3), Just(0x61)];
        (prop::collection::vec(inner, 0..6), tag, 0..4u8).prop_map(|(parts, tag, way)| {
            let ders: Vec<&[u8]> = parts.iter().map(|part| &part.der[..]).collect();
            let bers: Vec<u8> = parts.iter().flat_map(|part| part.ber.clone()).collect();
            Pair { der: wrap(tag, &ders), ber: dressed(tag, &bers, way) }
        })
    })
}

proptest! {
    #[test]
    fn every_way_to_write_a_value_becomes_the_same_der(pair in values()) {
        prop_assert_eq!(der(&pair.ber), &pair.der[..]);
        prop_assert!(matches!(to_der("test", &pair.der, MOST), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn whatever_is_accepted_is_accepted_again_unchanged(
        pair in values(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut ber = pair.ber;
        for (at, byte) in edits {
            let at = at.index(ber.len());
            ber[at] = byte;
        }
        if let Ok(once) = to_der("test", &ber, MOST) {
            prop_assert!(matches!(to_der("test", &once, MOST), Ok(Cow::Borrowed(_))));
            prop_assert!(Walker::new(&once).any().is_ok() || once.iter().any(|byte| byte & 0x1f == 0x1f));
        }
    }
}

/// Another program's opinion. `None`, said on stderr, where it is not installed and need not be.
fn openssl(words: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
            assert!(!required, "openssl is required: {error}");
            std::io::stderr().write_all(b"skipped: openssl is not there\n").unwrap();
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// openssl's list of what is in it, without places and lengths of headers, and with strings in pieces put together.
fn listed(text: &[u8]) -> Option<Vec<String>> {
    let list = openssl("asn1parse -inform DER", text)?;
    let lines = String::from_utf8(list).unwrap();
    let lines = lines.lines().map(|line| line.split_once("d=").unwrap().1);
    Some(
        lines
            .filter(|line| !line.contains("EOC"))
            .map(|line| {
                let (depth, rest) = line.split_once(' ').unwrap();
                let (_, what) = rest.split_once(": ").unwrap();
                format!("{depth} {what}").trim_end().to_owned()
            })
            .collect(),
    )
}

#[test]
fn openssl_sees_the_same_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let request = format!(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout {} -out {}",
        at("key"),
        at("certificate"),
    );
    if openssl(&request, b"").is_none() {
        return;
    }
    // Not printable: openssl would show its line breaks as they are.
    let content = [0xff, 0, 7, 0x80].repeat(80_000);
    for words in
        ["-sign -nodetach", "-sign", "-encrypt", "-encrypt -aes-256-gcm", "-data_create", "-digest_create"]
    {
        let certificate = at("certificate");
        let who = match words {
            _ if words.starts_with("-sign") => format!(" -signer {certificate} -inkey {}", at("key")),
            _ if words.starts_with("-encrypt") => format!(" -recip {certificate}"),
            _ => String::new(),
        };
        let ber = openssl(&format!("cms {words} -binary -stream -outform DER{who}"), &content).unwrap();
        let normal = der(&ber);
        assert_ne!(normal, ber, "{words}: streams have indefinite lengths");
        assert!(ber.len().abs_diff(normal.len()) < ber.len() / 10 + 64, "{words}");
        let [before, after] = [&ber, &normal].map(|text| listed(text).unwrap());
        let plain = |list: &[String]| {
            let kept = list.iter().filter(|line| !line.contains("OCTET STRING")).cloned();
            kept.collect::<Vec<_>>()
        };
        assert_eq!(plain(&before), plain(&after), "{words}");
        // openssl opens both to the same.
        let open = match words {
            _ if words.starts_with("-sign") => "-verify -noverify -binary -inform DER".to_owned(),
            _ if words.starts_with("-encrypt") => {
                format!("-decrypt -inform DER -inkey {} -recip {certificate}", at("key"))
            }
            "-data_create" => "-data_out -inform DER".to_owned(),
            _ => "-digest_verify -inform DER".to_owned(),
        };
        std::fs::write(at("content"), &content).unwrap();
        let open = if words == "-sign" { format!("{open} -content {}", at("content")) } else { open };
        assert!(openssl(&format!("cms {open}"), &normal).unwrap() == content, "{words}");
    }
}
