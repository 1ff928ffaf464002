//! What the fuzz targets share: keys that never change, and checks that hold whatever comes in.
pub mod der;
pub mod legacy_cookies;
pub mod mail;
pub mod notice;
pub mod opaque;
pub mod revocation;
pub mod smime;
pub mod ticket;
pub mod tls;
pub mod token;

// Sources of bulla once more: what reads mail is inside, and no public call reaches one reader alone.
#[path = "../../src/error.rs"]
#[allow(dead_code, unexpected_cfgs)]
mod error;
#[path = "../../src/limits.rs"]
#[allow(dead_code, unexpected_cfgs)]
mod limits;
#[path = "../../src/secret.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod secret;
#[path = "../../src/encoding"]
#[allow(dead_code)]
mod encoding {
    pub(crate) mod base64_stream;
    pub(crate) mod base64_tables;
    pub(crate) mod ber;
    pub(crate) mod ber_reader;
    pub(crate) mod input;
    pub(crate) mod tlv;
}
#[path = "../../src/formats"]
#[allow(dead_code)]
mod formats {
    pub(crate) mod mime;
}

use std::io::Read;
use std::sync::LazyLock;

use bulla::file::{Decryption, Inspection, Rewrap, StanzaInfo, inspect};
use bulla::{Error, ErrorKind, Format, Identity, Key, Unlock};

pub const SSH_ED25519: &[u8] = include_bytes!("../seeds/keys/ssh_private");
pub const SSH_RSA: &[u8] = include_bytes!("../seeds/keys/ssh_private_rsa");

pub static KEY: LazyLock<Key> = LazyLock::new(|| Key::from_bytes(&[7; 32]));
pub static X25519: LazyLock<Identity> = LazyLock::new(|| identity("age-secret-key-"));
pub static XWING: LazyLock<Identity> = LazyLock::new(|| identity("age-secret-key-pq-"));
pub static SSH: LazyLock<[Identity; 2]> =
    LazyLock::new(|| [SSH_ED25519, SSH_RSA].map(|pem| Identity::from_ssh(pem, None).unwrap()));

fn identity(prefix: &str) -> Identity {
    bech32(prefix, &[8; 32]).to_uppercase().parse().unwrap()
}

/// Everything that opens without a passphrase: no KDF is ever run here.
pub fn mine() -> Vec<&'static dyn Unlock> {
    vec![&*KEY, &*X25519, &*XWING, &SSH[0], &SSH[1]]
}

/// What a reading gave out, and how it ended.
pub struct Outcome {
    pub content: Vec<u8>,
    pub end: Result<(), ErrorKind>,
}

/// Reads a stream that comes in small pieces.
pub fn stream(keys: &[&dyn Unlock], sealed: &[u8], piece: usize) -> Outcome {
    let mut content = Vec::new();
    let slow = Slow { rest: sealed, piece: piece.max(1) };
    let end = Decryption::with(keys).reader(slow).and_then(|mut reader| {
        reader.read_to_end(&mut content)?;
        Ok(())
    });
    Outcome { content, end: end.map_err(|error| error.kind()) }
}

struct Slow<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let most = out.len().min(self.piece);
        self.rest.read(&mut out[..most])
    }
}

/// Opens bytes in two ways, and says whether that agrees. What opens can be wrapped anew, and opens to the same.
pub fn open_both_ways(sealed: &[u8]) {
    let keys = mine();
    let streamed = stream(&keys, sealed, 100);
    match bulla::decrypt(&keys[..], sealed) {
        Ok(content) => {
            assert_eq!(streamed.end, Ok(()));
            assert!(content == streamed.content);
            rewrap(&keys, sealed, &content);
        }
        Err(error) => {
            check_text(&error);
            assert_eq!(streamed.end, Err(error.kind()));
        }
    }
}

/// Changes who may open: that reads a header and writes it again.
fn rewrap(keys: &[&dyn Unlock], sealed: &[u8], content: &[u8]) {
    let Ok(inspection) = inspect(sealed) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealed");
    std::fs::write(&path, sealed).unwrap();
    match inspection.format() {
        Format::Bulla => Rewrap::with(keys).to(&*KEY).file(&path).unwrap(),
        _ => Rewrap::with(keys).to(&X25519.recipient()).file(&path).unwrap(),
    }
    let again = std::fs::read(&path).unwrap();
    assert!(bulla::decrypt(keys, &again).unwrap() == content);
    assert_eq!(inspect(&again[..]).unwrap().payload_length(), inspection.payload_length());
}

/// Inspects bytes. What is sound is what the grammar says, and no letter of it can harm a terminal.
pub fn inspect_soundly(sealed: &[u8]) {
    match inspect(sealed) {
        Err(error) => check_text(&error),
        Ok(inspection) => {
            inspection.stanzas().iter().for_each(check_stanza);
            if !inspection.is_armored() {
                check_header(sealed, &inspection);
            }
        }
    }
}

fn check_header(sealed: &[u8], inspection: &Inspection) {
    let (header, payload) = sealed.split_at(inspection.header_length() as usize);
    assert_eq!(payload.len() as u64, inspection.payload_length());
    assert!(header.len() <= 1 << 20 && inspection.stanzas().len() <= 1024);
    // No line of a body begins as an argument line does, so that this counts the stanzas.
    let lines: Vec<&[u8]> = header.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').collect();
    assert!(lines.iter().all(|line| line.iter().all(|byte| (0x20..0x7f).contains(byte))));
    let stanzas = lines.iter().filter(|line| line.starts_with(b"-> ")).count();
    assert_eq!(stanzas, inspection.stanzas().len());
    let mac = lines.last().unwrap();
    assert!(mac.starts_with(b"--- ") && mac.len() == 47);
}

fn check_stanza(stanza: &StanzaInfo) {
    assert!(stanza.to_string().bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{stanza}");
}

/// An error is one line, and repeats nothing of what it is about that a terminal would obey.
pub fn check_text(error: &Error) {
    let text = error.to_string();
    assert!([b'\n', b'\r', 0x1b].iter().all(|bad| !text.as_bytes().contains(bad)), "{error:?}");
}

/// Bech32 (BIP 173) of any length: what the library reads is written here by other code.
pub fn bech32(prefix: &str, bytes: &[u8]) -> String {
    const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let group = |bits: &[u8]| (0..5).fold(0, |value, at| value << 1 | bits.get(at).copied().unwrap_or(0));
    let data: Vec<u8> = bits.chunks(5).map(group).collect();
    let high = prefix.bytes().map(|letter| letter >> 5);
    let low = prefix.bytes().map(|letter| letter & 31);
    let covered = high.chain([0]).chain(low).chain(data.iter().copied()).chain([0; 6]);
    let sum = covered.fold(1u32, |sum, value| {
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        (0..5).filter(|bit| sum >> 25 >> bit & 1 == 1).fold(shifted, |sum, bit| sum ^ generators[bit])
    }) ^ 1;
    let check = (0..6).map(|at| (sum >> (5 * (5 - at)) & 31) as u8);
    let letters = data.iter().copied().chain(check).map(|value| CHARSET[usize::from(value)] as char);
    format!("{prefix}1{}", letters.collect::<String>())
}

/// Base64 (RFC 4648 section 4) with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let quad = |three: &[u8]| {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let value = at(0) << 16 | at(1) << 8 | at(2);
        let letter = move |index: usize| match index <= three.len() {
            true => ALPHABET[(value >> (18 - 6 * index) & 63) as usize] as char,
            false => '=',
        };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(quad).collect()
}
