//! DER by hand: what a target wraps round its data so that a parser gets to it.
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub const DATA: &[u8] = &[6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 1];
pub const SIGNED_DATA: &[u8] = &[6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 2];
const PBMAC1: &[u8] = &[6, 9, 42, 134, 72, 134, 247, 13, 1, 5, 14];
const PBKDF2: &[u8] = &[6, 9, 42, 134, 72, 134, 247, 13, 1, 5, 12];
const HMAC_SHA256: &[u8] = &[6, 8, 42, 134, 72, 134, 247, 13, 2, 9];

/// A value with its shortest length.
pub fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len() as u32;
    let digits = length.to_be_bytes();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => [&[tag, 0x81][..], &digits[3..]].concat(),
        0x100..0x1_0000 => [&[tag, 0x82][..], &digits[2..]].concat(),
        _ => [&[tag, 0x84][..], &digits].concat(),
    };
    [head, content].concat()
}

/// ContentInfo.
pub fn content(kind: &[u8], value: &[u8]) -> Vec<u8> {
    wrap(0x30, &[kind, &wrap(0xa0, &[value])])
}

/// A PKCS #12 file round an AuthenticatedSafe, with a sound PBMAC1 of one iteration under `x`: nothing that a fuzzer would
/// have to find, and nothing that takes time.
pub fn pkcs12(safe: &[u8]) -> Vec<u8> {
    // One iteration of PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2) for a key of one block.
    let hmac = |key: &[u8], data: &[u8]| {
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap().chain_update(data).finalize().into_bytes()
    };
    let key = hmac(b"x", b"salt\0\0\0\x01");
    let tag = hmac(&key, safe);
    let prf = wrap(0x30, &[HMAC_SHA256, &[5, 0]]);
    let parameters = wrap(0x30, &[&wrap(4, &[b"salt"]), &[2, 1, 1, 2, 1, 32], &prf]);
    let kdf = wrap(0x30, &[PBKDF2, &parameters]);
    let algorithm = wrap(0x30, &[PBMAC1, &wrap(0x30, &[&kdf, &prf])]);
    let mac = wrap(0x30, &[&wrap(0x30, &[&algorithm, &wrap(4, &[&tag])]), &wrap(4, &[b"NOT USED"])]);
    wrap(0x30, &[&[2, 1, 3], &content(DATA, &wrap(4, &[safe])), &mac])
}

/// A PKCS #7 bundle with this among its certificates, in BER round it and no DER.
pub fn bundle(certificates: &[u8]) -> Vec<u8> {
    let signed =
        [&[2, 1, 1, 0x31, 0][..], &wrap(0x30, &[DATA]), &[0xa0, 0x80], certificates, &[0, 0, 0x31, 0]]
            .concat();
    let signed = [&[0x30, 0x80][..], &signed, &[0, 0]].concat();
    [&[0x30, 0x80][..], SIGNED_DATA, &[0xa0, 0x80], &signed, &[0, 0, 0, 0]].concat()
}
