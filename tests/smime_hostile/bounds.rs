//! What costs without end: lengths, layers, bombs. Each is refused at its bound, and taken one below where that is cheap.
use std::io::{self, Read};

use bulla::ErrorKind;
use bulla::smime::{Entity, Examination, Expect, LayerKind, Message, Opening, Outcome, Verification};

use crate::cms::{self, DATA, SIGNED_DATA, Signed, SignerInfo};
use crate::mail::{CONTENT, Lab, kind, letter, refused};
use crate::make::{octets, oid, sequence, tlv};

fn compressed(zlib: &[u8]) -> Vec<u8> {
    let content = sequence(&[&oid(DATA), &tlv(0xa0, &[&octets(zlib)])]);
    let how = cms::algorithm("1.2.840.113549.1.9.16.3.8");
    cms::content_info(cms::COMPRESSED_DATA, &sequence(&[&cms::number(0), &how, &content]))
}

fn deflate(text: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::ZlibEncoder::new(text, flate2::Compression::best()).read_to_end(&mut out).unwrap();
    out
}

fn layers(mail: &[u8]) -> Vec<LayerKind> {
    let report = Examination::new().bytes(mail).unwrap();
    report.layers().iter().map(|layer| layer.kind()).collect()
}

#[test]
fn a_compressed_bomb_is_stopped() {
    let mail = cms::mail(&compressed(&deflate(io::repeat(b'a').take((256 << 20) + 1))));
    assert!(mail.len() < 1 << 20, "it is a bomb");
    let Message::Compressed(bomb) = Message::parse(mail.as_slice()).unwrap() else { panic!("compressed") };
    refused(bomb.decompress(), ErrorKind::OverLimit);
    refused(Examination::new().bytes(&mail), ErrorKind::OverLimit);
}

#[test]
fn what_is_compressed_and_damaged_or_goes_on_is_refused() {
    let zlib = deflate(CONTENT);
    let good = [&zlib[..], b"more"].concat();
    let mut wrong = zlib.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let cut = zlib[..zlib.len() - 1].to_vec();
    let all = [
        ("its end cut off", cut),
        ("another checksum", wrong),
        ("no zlib", b"no zlib".to_vec()),
        ("nothing", Vec::new()),
        ("more after it", good),
    ];
    for (what, zlib) in all {
        let Ok(Message::Compressed(mail)) = Message::parse(cms::mail(&compressed(&zlib))) else {
            panic!("it is called compressed")
        };
        assert_eq!(kind(mail.decompress()), Err(ErrorKind::Malformed), "{what}");
    }
}

#[test]
fn compressed_within_compressed_ends_at_the_bound_of_layers() {
    let mut mail = CONTENT.to_vec();
    for depth in 1..=9 {
        mail = cms::mail(&compressed(&deflate(mail.as_slice())));
        let found = layers(&mail);
        assert_eq!(found.len(), (depth + 1).min(9));
        assert_eq!(found.last(), Some(if depth <= 8 { &LayerKind::Content } else { &LayerKind::Unreadable }));
    }
    for _ in 0..30 {
        mail = cms::mail(&compressed(&deflate(mail.as_slice())));
    }
    let report = Examination::new().bytes(&mail).unwrap();
    assert_eq!((report.layers().len(), report.worst()), (9, Outcome::Fails));
}

#[test]
fn a_mail_in_eight_layers_is_looked_at_to_its_content_and_one_in_nine_is_not() {
    let lab = Lab::new();
    let bob = lab.bob();
    let mut mail = letter();
    for depth in 1..=9 {
        mail = Entity::parse(mail.sign(&bob).unwrap().into_bytes()).unwrap();
        let found = layers(mail.as_bytes());
        let last = if depth <= 8 { LayerKind::Content } else { LayerKind::Unreadable };
        assert_eq!((found.len(), found.last()), ((depth + 1).min(9), Some(&last)), "{depth}");
    }
}

#[test]
fn ten_thousand_layers_are_not_looked_at() {
    let lab = Lab::new();
    let bob = lab.bob();
    let signer = SignerInfo::new(&bob, CONTENT).der(CONTENT);
    // Binary, so that no layer is a third longer than what is in it.
    let head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..10_000 {
        // Each as BER of indefinite length has it: nothing round it has to know how long it is.
        let start = [
            &head[..],
            &[0x30, 0x80],
            &oid(SIGNED_DATA),
            &[0xa0, 0x80, 0x30, 0x80],
            &cms::number(1),
            &tlv(cms::SET, &[&cms::algorithm(cms::SHA256)]),
            &[0x30, 0x80],
            &oid(DATA),
            &[0xa0, 0x80, 0x24, 0x80],
        ];
        before.extend(start.concat());
        after.push([&[0; 6][..], &tlv(cms::SET, &[&signer]), &[0; 6]].concat());
    }
    let mail = [before, octets(CONTENT), after.concat()].concat();
    // What is in the first is no OCTET STRING but the header of the next: it is refused there.
    assert!(Message::parse(mail.as_slice()).is_err());
    assert!(Examination::new().bytes(&mail).is_err());
}

#[test]
fn ten_thousand_values_within_each_other_are_refused_wherever_they_stand() {
    let deep = |tag: u8| [vec![[tag, 0x80]; 10_000].concat(), vec![0; 20_000]].concat();
    for place in [
        deep(0x30),
        [&[0x30, 0x80][..], &oid(SIGNED_DATA), &deep(0xa0)].concat(),
        [&[0x30, 0x80][..], &oid(cms::ENVELOPED_DATA), &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0], &deep(0x31)]
            .concat(),
        [&[0x30, 0x80][..], &oid(cms::COMPRESSED_DATA), &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0], &deep(0x30)]
            .concat(),
        [
            &[0x30, 0x80][..],
            &oid(SIGNED_DATA),
            &[0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80],
            &oid(DATA),
            &[0xa0, 0x80],
            &deep(0x24),
        ]
        .concat(),
    ] {
        // Of what is encrypted or compressed the type alone is looked at here.
        let parsed = Message::parse(cms::mail(&place));
        assert!(matches!(parsed, Err(_) | Ok(Message::Enveloped(_) | Message::Compressed(_))));
        assert!(Examination::new().bytes(&cms::mail(&place)).is_err());
        let key = cms::Key::generate();
        assert!(Opening::with_key(&key).bytes(&cms::mail(&place)).is_err());
    }
}

#[test]
fn lengths_of_gigabytes_with_nothing_behind_them_are_refused_before_memory_is_taken() {
    let key = cms::Key::generate();
    let (start, inner) = (oid(SIGNED_DATA), oid(DATA));
    for length in [
        &[0x84, 0x40, 0, 0, 0][..],
        &[0x84, 0xff, 0xff, 0xff, 0xff],
        &[0x88, 0x7f, 0, 0, 0, 0, 0, 0, 0],
        &[0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        for object in [
            [&[0x30][..], length, &start].concat(),
            [&[0x30, 0x80][..], &start, &[0xa0], length].concat(),
            [&[0x30, 0x80][..], &start, &[0xa0, 0x80, 0x30, 0x80, 2], length, &[1]].concat(),
            [&[0x30, 0x80][..], &start, &[0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31], length].concat(),
            [
                &[0x30, 0x80][..],
                &start,
                &[0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80],
                &inner,
                &[0xa0, 0x80, 4],
                length,
            ]
            .concat(),
            [&[0x30, 0x80, 6][..], length, &[0x2a]].concat(),
        ] {
            let mail = cms::mail(&object);
            assert!(Message::parse(mail.as_slice()).is_err());
            assert!(Opening::with_key(&key).bytes(&mail).is_err());
            assert!(Examination::new().bytes(&mail).is_err());
        }
    }
}

#[test]
fn a_header_without_end_is_refused() {
    let field = "X: ".to_owned() + &"x".repeat(300 << 10) + "\r\n\r\nhello\r\n";
    refused(Entity::parse(field), ErrorKind::OverLimit);
    let folded = format!("X: x{}\r\n\r\n", "\r\n x".repeat(100_000));
    refused(Entity::parse(folded), ErrorKind::OverLimit);
    let many = "X: x\r\n".repeat(1002) + "\r\n";
    refused(Entity::parse(many), ErrorKind::OverLimit);
    let endless = io::repeat(b'x');
    let lab = Lab::new();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    assert!(kind(verification.stream(endless, io::sink())).is_err());
}

#[test]
fn an_endless_signature_or_head_is_refused() {
    let lab = Lab::new();
    let (bob, trust) = (lab.bob(), lab.trust());
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let mail = cms::in_two_parts(CONTENT, &Signed::detached(CONTENT, &SignerInfo::new(&bob, CONTENT)).der());
    let cut = mail.windows(4).rposition(|window| window == b"\r\n\r\n").unwrap() + 4;
    let endless = (&mail[..cut]).chain(io::repeat(b'A'));
    assert!(kind(verification.stream(endless, io::sink())).is_err());
    // Recipients that never end.
    let key = cms::Key::generate();
    let start =
        [&[0x30, 0x80][..], &oid(cms::ENVELOPED_DATA), &[0xa0, 0x80, 0x30, 0x80, 2, 1, 0, 0x31, 0x80]]
            .concat();
    let one = cms::for_key(&key);
    let endless = start.as_slice().chain(Repeated { bytes: &one, at: 0 });
    refused(Opening::with_key(&key).stream(endless, io::sink()), ErrorKind::OverLimit);
}

/// The same bytes again and again.
struct Repeated<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Read for Repeated<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        for byte in out.iter_mut() {
            *byte = self.bytes[self.at % self.bytes.len()];
            self.at += 1;
        }
        Ok(out.len())
    }
}

#[test]
fn what_is_no_mail_within_eight_layers_fails_for_what_it_is() {
    let mut mail = b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nhello\r\n".to_vec();
    for _ in 0..8 {
        mail = cms::mail(&compressed(&deflate(mail.as_slice())));
    }
    let report = Examination::new().bytes(&mail).unwrap();
    assert_eq!((report.layers().len(), report.worst()), (9, Outcome::Fails));
    assert!(!report.to_string().contains("more than 8 layers"), "{report}");
}
