//! What is no certificate, or no sound one, by its bytes alone.
use bulla::ErrorKind::{Malformed, Untrusted};

use super::made::{Case, Ground, Made};
use crate::make::{BIT_STRING, INTEGER, UNKNOWN, extension, octets, oid, sequence, tlv};

const NONE: &str = "it is no X.509 certificate in DER";

pub(crate) fn rows(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let (leaf, ca) = (ground.leaf().sign(&ground.middle_key), ground.middle.clone());
    let mut end = |what: String, der: Vec<u8>| {
        rows.push(ground.chain(format!("the end: {what}"), &[der, ca.clone()], Malformed, NONE));
    };
    // Cut off at many places; and with its length mended, so that it is the last field that ends too soon.
    for part in 1..24 {
        let length = leaf.len() * part / 24;
        end(format!("{length} bytes of {}", leaf.len()), leaf[..length].to_vec());
        end(format!("{length} bytes in a frame"), sequence(&[&leaf[4..length.max(5)]]));
    }
    end("a byte less".into(), leaf[..leaf.len() - 1].to_vec());
    end("nothing".into(), Vec::new());
    end("one byte".into(), vec![0x30]);
    end("an empty list".into(), vec![0x30, 0]);
    for (what, more) in [("a zero", vec![0]), ("nothing", vec![5, 0]), ("itself", leaf.clone())] {
        end(format!("{what} behind it"), [&leaf[..], &more].concat());
    }
    let inside = &leaf[4..];
    end("without a length".into(), [&[0x30, 0x80][..], inside, &[0, 0]].concat());
    end("with a long length".into(), [&[0x30, 0x83, 0], &leaf[2..]].concat());
    end("of over four gigabytes".into(), [&[0x30, 0x85, 1, 0, 0, 0, 0][..], inside].concat());
    end("as a set".into(), [&[0x31], &leaf[1..]].concat());
    end("as a string".into(), octets(&leaf));
    end("as PEM".into(), super::made::certificate(&leaf).to_pem().into_bytes());
    end("a key".into(), ground.key.public().as_der().to_vec());
    end("text".into(), b"www.example.org".to_vec());
    end("zeros".into(), vec![0; 400]);
    end("in a frame of its own".into(), sequence(&[&leaf]));
    // Fields that are missing, there twice, or something else.
    let parts = |made: &Made| {
        let signature = ground.middle_key.sign_plain(made.to_be_signed()).unwrap();
        [made.to_be_signed(), made.outer.clone(), tlv(BIT_STRING, &[&[0], &signature])]
    };
    let [signed, algorithm, signature] = parts(&ground.leaf());
    for (what, der) in [
        ("without a signature", sequence(&[&signed, &algorithm])),
        ("without an algorithm", sequence(&[&signed, &signature])),
        ("without what is signed", sequence(&[&algorithm, &signature])),
        ("with two signatures", sequence(&[&signed, &algorithm, &signature, &signature])),
        ("the signature first", sequence(&[&signature, &signed, &algorithm])),
        ("the signature as a string", sequence(&[&signed, &algorithm, &octets(&signature[3..])])),
    ] {
        end(what.into(), der);
    }
    type Change = fn(&mut Made);
    let changes: &[(&str, Change)] = &[
        ("no serial number", |made| made.serial.clear()),
        ("an empty serial number", |made| made.serial = vec![INTEGER, 0]),
        ("a serial number that is longer than it need be", |made| made.serial = vec![INTEGER, 2, 0, 1]),
        ("a serial number as a string", |made| made.serial = octets(&[1])),
        ("two serial numbers", |made| made.serial = vec![INTEGER, 1, 1, INTEGER, 1, 2]),
        ("no algorithm inside", |made| made.inner.clear()),
        ("no issuer", |made| made.issuer.clear()),
        ("an issuer as a set", |made| made.issuer[0] = 0x31),
        ("an issuer of text", |made| made.issuer = tlv(12, &[b"CN=Middle"])),
        ("no time", |made| made.validity.clear()),
        ("one time", |made| made.validity = sequence(&[&made.validity[2..19]])),
        ("three times", |made| made.validity = sequence(&[&made.validity[2..], &made.validity[2..19]])),
        ("an empty time", |made| made.validity = sequence(&[])),
        ("no subject", |made| made.subject.clear()),
        ("two subjects", |made| made.subject = made.subject.repeat(2)),
        ("a subject with an empty part", |made| made.subject = sequence(&[&[0x31, 0]])),
        ("a subject of no parts but text", |made| made.subject = sequence(&[&tlv(12, &[b"End"])])),
        ("no key", |made| made.key.clear()),
        ("two keys", |made| made.key = made.key.repeat(2)),
        ("a version without a number", |made| made.version = vec![0xa0, 0]),
        ("two versions", |made| made.version = made.version.repeat(2)),
        ("a version of two bytes", |made| made.version = tlv(0xa0, &[&[INTEGER, 2, 1, 0]])),
        ("a version below nothing", |made| made.version = tlv(0xa0, &[&[INTEGER, 1, 0xff]])),
        ("a version without its tag", |made| made.version = vec![INTEGER, 1, 2]),
        ("no list of extensions", |made| {
            made.extensions.clear();
            made.after = vec![0xa3, 0];
        }),
        ("an empty list of extensions", |made| {
            made.extensions.clear();
            made.after = tlv(0xa3, &[&sequence(&[])]);
        }),
        ("extensions twice", |made| made.after = tlv(0xa3, &[&sequence(&[&extension(UNKNOWN, false, &[])])])),
        ("something behind its extensions", |made| made.after = vec![5, 0]),
        ("extensions under another tag", |made| {
            made.extensions.clear();
            made.after = tlv(0xa4, &[&sequence(&[&extension(UNKNOWN, false, &[])])]);
        }),
        ("extensions before the key", |made| {
            made.key =
                [tlv(0xa3, &[&sequence(&[&extension(UNKNOWN, false, &[])])]), made.key.clone()].concat();
        }),
        ("an extension without a value", |made| odd_extension(made, &[&oid(UNKNOWN)])),
        ("an extension without a name", |made| odd_extension(made, &[&octets(&[5, 0])])),
        ("an extension with two values", |made| {
            odd_extension(made, &[&oid(UNKNOWN), &octets(&[]), &octets(&[])]);
        }),
        ("an extension that is critical twice", |made| {
            odd_extension(made, &[&oid(UNKNOWN), &[1, 1, 0xff], &[1, 1, 0xff], &octets(&[])]);
        }),
        ("an extension that is half critical", |made| {
            odd_extension(made, &[&oid(UNKNOWN), &[1, 1, 0x7f], &octets(&[])]);
        }),
        ("an extension with bits", |made| odd_extension(made, &[&oid(UNKNOWN), &[BIT_STRING, 1, 0]])),
        ("257 extensions", |made| {
            made.extensions = vec![(String::new(), extension(UNKNOWN, false, &[])); 257];
        }),
    ];
    for (what, change) in changes {
        end((*what).into(), ground.leaf().but(change).sign(&ground.middle_key));
    }
    // What comes with it is read, too.
    for (what, der) in [
        ("cut off", ground.middle[..100].to_vec()),
        ("with a byte behind", [&ground.middle[..], &[0]].concat()),
        ("of zeros", vec![0; 100]),
        ("a key", ground.middle_key.public().as_der().to_vec()),
        ("one byte", vec![0]),
        ("nothing", Vec::new()),
    ] {
        rows.push(ground.chain(format!("the CA: {what}"), &[leaf.clone(), der.clone()], Malformed, NONE));
        let chain = [leaf.clone(), ground.middle.clone(), der];
        rows.push(ground.chain(format!("one that is not needed: {what}"), &chain, Malformed, NONE));
    }
    // Read, and of no version that has what it says.
    for version in [0, 1, 3, 4, 0x7f] {
        let word = "only version 3 has extensions";
        let version = if version == 0 { Vec::new() } else { tlv(0xa0, &[&[INTEGER, 1, version]]) };
        let leaf = ground.leaf().but(|made| made.version.clone_from(&version));
        rows.push(ground.row(format!("extensions in version {version:?}"), &leaf, Untrusted, word));
        let ca = ground.ca().but(|made| made.version.clone_from(&version));
        rows.push(ground.below(format!("a CA's extensions in version {version:?}"), &ca, Untrusted, word));
    }
    rows
}

fn odd_extension(made: &mut Made, parts: &[&[u8]]) {
    made.extensions.push((String::new(), sequence(parts)));
}
