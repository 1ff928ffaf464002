//! Certificates that were changed after they were signed, or signed in a way that proves nothing.
use bulla::ErrorKind::{NotAllowed, Untrusted};
use rsa::traits::PublicKeyParts;
use sha1::Digest;

use super::made::{BASIC_CONSTRAINTS, Case, Ground, Made};
use crate::make::{BIT_STRING, INTEGER, UNKNOWN, algorithm, oid, p256, sequence, tlv};

const NOT_SIGNED: &str = "did not sign it";
const ECDSA: &str = "1.2.840.10045.4.3.2";
const UNSOUND: &str = "it is no sound key";
const UNUSED: &str = "it is of a kind or size that bulla does not use";
const WITH_SHA1: &str = "1.2.840.113549.1.1.5";

/// DER with one bit of one byte changed.
fn flipped(der: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut changed = der.to_vec();
    changed[at] ^= 1 << bit;
    changed
}

fn find(der: &[u8], part: &[u8]) -> usize {
    der.windows(part.len()).position(|window| window == part).unwrap()
}

/// One bit here and there, of what says nothing else: all that is wrong then is the signature.
pub(crate) fn changed(ground: &Ground) -> Vec<Case> {
    let filling: Vec<u8> = (0..24).collect();
    let leaf = ground.leaf().with(UNKNOWN, false, &filling);
    let ca = ground.ca().with(UNKNOWN, false, &filling);
    let (leaf_der, ca_der) = (leaf.sign(&ground.middle_key), ca.sign(&ground.root_key));
    let mut rows = Vec::new();
    for (whose, der, is_leaf) in [("the end's", &leaf_der, true), ("the CA's", &ca_der, false)] {
        let mut row = |what: String, changed: Vec<u8>| {
            let chain = if is_leaf { [changed, ca_der.clone()] } else { [leaf_der.clone(), changed] };
            rows.push(ground.chain(format!("{whose} {what}"), &chain, Untrusted, NOT_SIGNED));
        };
        let serial = find(der, &leaf.serial) + 2;
        for at in 0..8 {
            row(format!("serial number, byte {at}"), flipped(der, serial + at, 1));
        }
        let unknown = find(der, &filling);
        for at in (0..24).step_by(3) {
            row(format!("other extension, byte {at}"), flipped(der, unknown + at, 7));
        }
        // The last seconds of its time.
        let validity = find(der, &leaf.validity);
        row("beginning".into(), flipped(der, validity + 17, 0));
        row("end".into(), flipped(der, validity + 34, 0));
        // The signature: its two numbers, their frames, the count of its unused bits.
        let to_be_signed = if is_leaf { leaf.to_be_signed() } else { ca.to_be_signed() };
        let start = find(der, &to_be_signed) + to_be_signed.len() + algorithm().len() + 3;
        for at in (start..der.len()).step_by(4) {
            for bit in [0, 6] {
                row(format!("signature, byte {}, bit {bit}", at - start), flipped(der, at, bit));
            }
        }
        row("signature, a bit of which is unused".into(), flipped(der, start - 1, 0));
        row("signature, eight bits of which are unused".into(), flipped(der, start - 1, 3));
    }
    type Change = fn(&mut Made);
    let changes: [(&str, Change); 6] = [
        ("another subject", |made| made.subject = super::made::name("CN=Else")),
        ("another key", |made| made.key = p256().public().as_der().to_vec()),
        ("another version", |made| made.ids = vec![0x81, 2, 0, 1]),
        ("an extension more", |made| {
            made.extensions.push((String::new(), crate::make::extension(UNKNOWN, false, &[5, 0])));
        }),
        ("an extension less", |made| made.extensions.retain(|(id, _)| id != BASIC_CONSTRAINTS)),
        ("its extensions in another order", |made| made.extensions.reverse()),
    ];
    for (what, change) in changes {
        let signature = ground.middle_key.sign_plain(ground.leaf().to_be_signed()).unwrap();
        let der = ground.leaf().but(change).signed_with(&signature);
        rows.push(ground.chain(what, &[der, ground.middle.clone()], Untrusted, NOT_SIGNED));
    }
    rows
}

/// Signatures that are none, and algorithms that are others.
pub(crate) fn signatures(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let good = ground.middle_key.sign_plain(ground.leaf().to_be_signed()).unwrap();
    let two = |one: &[u8], other: &[u8]| sequence(&[&tlv(INTEGER, &[one]), &tlv(INTEGER, &[other])]);
    // The order of P-256, which is as much as nothing.
    let order: Vec<u8> = [&[0][..], &[0xff; 4], &[0; 4], &[0xff; 8]]
        .concat()
        .into_iter()
        .chain([
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ])
        .collect();
    for (what, signature) in [
        ("nothing", Vec::new()),
        ("one zero", vec![0]),
        ("64 zeros", vec![0; 64]),
        ("an empty list", sequence(&[])),
        ("one number", sequence(&[&[INTEGER, 1, 1]])),
        ("three numbers", sequence(&[&[INTEGER, 1, 1], &[INTEGER, 1, 1], &[INTEGER, 1, 1]])),
        ("zero and zero", two(&[0], &[0])),
        ("zero and one", two(&[0], &[1])),
        ("one and zero", two(&[1], &[0])),
        ("one and one", two(&[1], &[1])),
        ("the order and the order", two(&order, &order)),
        ("numbers below nothing", two(&[0x80], &[0x80])),
        ("a byte behind", [&good[..], &[0]].concat()),
        ("a byte less", good[..good.len() - 1].to_vec()),
        ("twice", [&good[..], &good].concat()),
        ("of another text", ground.middle_key.sign_plain(b"another text").unwrap()),
        ("of the CA's own certificate", ground.root_key.sign_plain(ground.ca().to_be_signed()).unwrap()),
    ] {
        let der = ground.leaf().signed_with(&signature);
        rows.push(ground.chain(
            format!("signature: {what}"),
            &[der, ground.middle.clone()],
            Untrusted,
            NOT_SIGNED,
        ));
    }
    let named = |id: &str, rest: &[u8]| sequence(&[&oid(id), rest]);
    for (what, other, word) in [
        ("ECDSA with SHA-384", named("1.2.840.10045.4.3.3", &[]), NOT_SIGNED),
        ("ECDSA with SHA-512", named("1.2.840.10045.4.3.4", &[]), NOT_SIGNED),
        ("RSA with SHA-256", named("1.2.840.113549.1.1.11", &[5, 0]), NOT_SIGNED),
        ("Ed25519", named("1.3.101.112", &[]), NOT_SIGNED),
        ("ECDSA with SHA-1", named("1.2.840.10045.4.1", &[]), "too weak"),
        ("RSA with SHA-1", named(WITH_SHA1, &[5, 0]), "too weak"),
        ("RSA with MD5", named("1.2.840.113549.1.1.4", &[5, 0]), "does not know it"),
        ("DSA with SHA-1", named("1.2.840.10040.4.3", &[]), "too weak"),
        ("ECDSA with SHA-224", named("1.2.840.10045.4.3.1", &[]), NOT_SIGNED),
        ("what nobody knows", named("1.3.6.1.4.1.99999.4", &[]), "does not know it"),
        ("a curve", named("1.2.840.10045.2.1", &oid("1.2.840.10045.3.1.7")), "does not know it"),
        ("none", sequence(&[]), "not the parameters"),
        ("ECDSA with a parameter too many", named(ECDSA, &sequence(&[])), "not the parameters"),
    ] {
        let mut row = |what: String, leaf: Made, word: &str| {
            rows.push(ground.row(what, &leaf, Untrusted, word));
        };
        let both = ground.leaf().but(|made| {
            made.inner.clone_from(&other);
            made.outer.clone_from(&other);
        });
        row(format!("algorithm: {what}"), both, word);
        let twice = "names two algorithms";
        row(format!("outside, {what}"), ground.leaf().but(|made| made.outer.clone_from(&other)), twice);
        row(format!("inside, {what}"), ground.leaf().but(|made| made.inner.clone_from(&other)), twice);
    }
    rows
}

/// Keys that protect nothing, of ends and of CAs.
pub(crate) fn weak(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let rsa = |bytes: usize, exponent: &[u8]| {
        let modulus = tlv(INTEGER, &[&[0], &vec![0xc1; bytes]]);
        let key = sequence(&[&modulus, &tlv(INTEGER, &[exponent])]);
        sequence(&[&named_null("1.2.840.113549.1.1.1"), &tlv(BIT_STRING, &[&[0], &key])])
    };
    let curve = |id: &str, point: &[u8]| {
        sequence(&[&sequence(&[&oid("1.2.840.10045.2.1"), &oid(id)]), &tlv(BIT_STRING, &[&[0], point])])
    };
    let point = |tag: u8, fill: u8, bytes: usize| [&[tag][..], &vec![fill; bytes]].concat();
    let p256_id = "1.2.840.10045.3.1.7";
    for (what, key, why) in [
        ("RSA of 512 bits", rsa(64, &[1, 0, 1]), UNUSED),
        ("RSA of 768 bits", rsa(96, &[1, 0, 1]), UNUSED),
        ("RSA of 1024 bits", rsa(128, &[1, 0, 1]), UNUSED),
        ("RSA of 1536 bits", rsa(192, &[1, 0, 1]), UNUSED),
        ("RSA of 2040 bits", rsa(255, &[1, 0, 1]), UNUSED),
        ("RSA with the exponent 1", rsa(256, &[1]), UNUSED),
        ("RSA with an even exponent", rsa(256, &[1, 0, 0]), UNUSED),
        ("RSA with the exponent 0", rsa(256, &[0]), UNUSED),
        ("a point off the curve", curve(p256_id, &point(4, 1, 64)), UNSOUND),
        ("the point at infinity", curve(p256_id, &[0]), UNSOUND),
        ("a point that is too short", curve(p256_id, &point(4, 1, 63)), UNSOUND),
        ("a point of all zeros", curve(p256_id, &point(4, 0, 64)), UNSOUND),
        ("a point of a form that there is not", curve(p256_id, &point(9, 1, 64)), UNSOUND),
        ("secp256k1", curve("1.3.132.0.10", &point(4, 1, 64)), UNUSED),
        ("secp192r1", curve("1.2.840.10045.3.1.1", &point(4, 1, 48)), UNUSED),
        ("secp224r1", curve("1.3.132.0.33", &point(4, 1, 56)), UNUSED),
        ("brainpoolP256r1", curve("1.3.36.3.3.2.8.1.1.7", &point(4, 1, 64)), UNUSED),
        (
            "Ed448",
            sequence(&[&sequence(&[&oid("1.3.101.113")]), &tlv(BIT_STRING, &[&[0], &[1; 57]])]),
            UNUSED,
        ),
        (
            "Ed25519 of 31 bytes",
            sequence(&[&sequence(&[&oid("1.3.101.112")]), &tlv(BIT_STRING, &[&[0], &[1; 31]])]),
            UNSOUND,
        ),
        ("what nobody knows", sequence(&[&sequence(&[&oid(UNKNOWN)]), &tlv(BIT_STRING, &[&[0, 1]])]), UNUSED),
        ("no key", sequence(&[]), UNSOUND),
        ("a key without bits", sequence(&[&sequence(&[&oid("1.2.840.10045.2.1"), &oid(p256_id)])]), UNSOUND),
    ] {
        let leaf = ground.leaf().but(|made| made.key.clone_from(&key));
        rows.push(ground.row(format!("a key: {what}"), &leaf, Untrusted, &format!("its key: {why}")));
        let ca = ground.ca().but(|made| made.key.clone_from(&key));
        rows.push(ground.below(
            format!("a CA's key: {what}"),
            &ca,
            Untrusted,
            &format!("its issuer's key: {why}"),
        ));
    }
    // Sound in all but their strength: 1024 bits, and SHA-1.
    let mut random = rand_core::UnwrapErr(getrandom::SysRng);
    let sha256 = named_null("1.2.840.113549.1.1.11");
    for (bits, algorithm, word) in
        [(1024, &sha256, "its issuer's key"), (2048, &named_null(WITH_SHA1), "too weak")]
    {
        let key = rsa::RsaPrivateKey::new(&mut random, bits).unwrap();
        let leaf = ground.leaf().but(|made| {
            made.inner.clone_from(algorithm);
            made.outer.clone_from(algorithm);
        });
        let ca = ground.ca().but(|made| made.key = public(&key));
        let der = leaf.signed_with(&signed(&key, &leaf.to_be_signed(), algorithm == &sha256));
        let chain = [der, ca.sign(&ground.root_key)];
        rows.push(ground.chain(format!("signed with {bits} bits: {word}"), &chain, Untrusted, word));
        if bits == 2048 {
            let leaf = ground.leaf().but(|made| {
                made.inner.clone_from(&sha256);
                made.outer.clone_from(&sha256);
            });
            let der = leaf.signed_with(&signed(&key, &leaf.to_be_signed(), true));
            let row = ground.chain("longer keys are asked for", &[der, chain[1].clone()], NotAllowed, "2048");
            rows.push(row.trust(ground.trust().rsa_bits(3072)));
        }
    }
    rows
}

fn named_null(id: &str) -> Vec<u8> {
    sequence(&[&oid(id), &[5, 0]])
}

fn public(key: &rsa::RsaPrivateKey) -> Vec<u8> {
    let numbers = sequence(&[&tlv(INTEGER, &[&[0], &key.n_bytes()]), &tlv(INTEGER, &[&key.e_bytes()])]);
    sequence(&[&named_null("1.2.840.113549.1.1.1"), &tlv(BIT_STRING, &[&[0], &numbers])])
}

fn signed(key: &rsa::RsaPrivateKey, message: &[u8], today: bool) -> Vec<u8> {
    if today {
        let hash = sha2::Sha256::digest(message);
        key.sign(rsa::Pkcs1v15Sign::new::<sha2::Sha256>(), &hash).unwrap()
    } else {
        key.sign(rsa::Pkcs1v15Sign::new::<sha1::Sha1>(), &sha1::Sha1::digest(message)).unwrap()
    }
}
