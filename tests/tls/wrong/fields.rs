//! Certificates whose time is not now, and such as are for something else.
use bulla::ErrorKind::{Expired, Untrusted};
use bulla::{KeyKind, PrivateKey};

use super::made::{
    ALTERNATIVE_NAME, BASIC_CONSTRAINTS, Case, DAY, Ground, Made, certificate, dns, purposes, trusting,
    usage_bit,
};
use crate::make::{
    BIT_STRING, EXTENDED_KEY_USAGE, GENERALIZED_TIME, KEY_USAGE, NOW, generalized, oid, sequence, tlv,
};
use crate::tls::lab::HOST;

const UTC_TIME: u8 = 23;
const ANY_PURPOSE: &str = "2.5.29.37.0";

pub(crate) fn dates(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let year = 365 * DAY;
    for (what, from, until, word) in [
        ("begins in a second", NOW + 1, NOW + DAY, "valid from"),
        ("begins in a day", NOW + DAY, NOW + 2 * DAY, "valid from"),
        ("begins in fifty years", NOW + 50 * year, NOW + 51 * year, "valid from"),
        ("ended a second ago", NOW - DAY, NOW - 1, "valid until"),
        ("ended a day ago", NOW - 2 * DAY, NOW - DAY, "valid until"),
        ("ended fifty years ago", NOW - 51 * year, NOW - 50 * year, "valid until"),
        ("ends before it begins, both to come", NOW + 2 * DAY, NOW + DAY, "valid from"),
        ("ends before it begins, both gone", NOW - DAY, NOW - 2 * DAY, "valid until"),
        ("ends before it begins, and it is between", NOW + DAY, NOW - DAY, "valid from"),
    ] {
        rows.push(ground.row(format!("the end {what}"), &ground.leaf().valid(from, until), Expired, word));
        let whose = |row: Case, name: &str| Case { word: format!("{name}: it"), ..row };
        let row = ground.below(format!("the CA {what}"), &ground.ca().valid(from, until), Expired, word);
        rows.push(whose(row, "CN=Middle"));
        let root = Made::ca("CN=Root", "CN=Root", &ground.root_key).valid(from, until);
        let root = certificate(&root.sign(&ground.root_key));
        let row =
            ground.row(format!("the root {what}"), &ground.leaf(), Expired, word).trust(trusting(&root));
        rows.push(whose(row, "CN=Root"));
    }
    let sound = generalized(NOW + DAY);
    for (tag, text) in [
        (UTC_TIME, "2512010000Z"),
        (UTC_TIME, "251201000000"),
        (UTC_TIME, "251201000000+0000"),
        (UTC_TIME, "251201000000z"),
        (UTC_TIME, "20251201000000Z"),
        (UTC_TIME, "251301000000Z"),
        (UTC_TIME, "250001000000Z"),
        (UTC_TIME, "251232000000Z"),
        (UTC_TIME, "250229000000Z"),
        (UTC_TIME, "251201240000Z"),
        (UTC_TIME, "251201006000Z"),
        (UTC_TIME, "2512010000 0Z"),
        (UTC_TIME, "-51201000000Z"),
        (UTC_TIME, "Z"),
        (UTC_TIME, ""),
        (GENERALIZED_TIME, "20251201000000.5Z"),
        (GENERALIZED_TIME, "2025120100Z"),
        (GENERALIZED_TIME, "251201000000Z"),
        (GENERALIZED_TIME, "20251201000000+0100"),
        (GENERALIZED_TIME, "20250431000000Z"),
        (12, "20251201000000Z"),
        (22, "251201000000Z"),
    ] {
        let odd = tlv(tag, &[text.as_bytes()]);
        let leaf = ground.leaf().but(|made| made.validity = sequence(&[&odd, &sound]));
        rows.push(ground.row(format!("valid from {tag} {text:?}"), &leaf, Untrusted, "no sound time"));
        let ca = ground.ca().but(|made| made.validity = sequence(&[&sound, &odd]));
        rows.push(ground.below(format!("a CA until {tag} {text:?}"), &ca, Untrusted, "no sound time"));
    }
    rows
}

pub(crate) fn usage(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let other = if ground.purpose().ends_with('1') { "1.3.6.1.5.5.7.3.2" } else { "1.3.6.1.5.5.7.3.1" };
    let for_other =
        if other.ends_with('2') { "it is for: TLS Web Client" } else { "it is for: TLS Web Server" };
    for (what, all, word) in [
        ("the other side", &[other][..], for_other),
        ("mail", &["1.3.6.1.5.5.7.3.4"], "it is for: E-mail"),
        ("code", &["1.3.6.1.5.5.7.3.3"], "it is for: Code"),
        ("stamps of time", &["1.3.6.1.5.5.7.3.8"], "it is for: Time"),
        ("answers of OCSP", &["1.3.6.1.5.5.7.3.9"], "it is for: OCSP"),
        ("what nobody knows", &["1.3.6.1.4.1.99999.3"], "it is for: 1.3.6.1.4.1.99999.3"),
        ("many things", &[other, "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.9"], for_other),
        ("what is above its purpose", &["1.3.6.1.5.5.7.3"], "it is for: 1.3.6.1.5.5.7.3;"),
        ("what is below its purpose", &["1.3.6.1.5.5.7.3.1.1"], "it is for: 1.3.6.1.5.5.7.3.1.1"),
    ] {
        let value = purposes(all);
        for critical in [false, true] {
            let leaf = ground.leaf().instead(EXTENDED_KEY_USAGE, critical, &value);
            rows.push(ground.row(format!("for {what}, critical {critical}"), &leaf, Untrusted, word));
        }
        // A CA's purposes bind those below.
        let ca = ground.ca().with(EXTENDED_KEY_USAGE, false, &value);
        rows.push(ground.below(format!("by a CA for {what}"), &ca, Untrusted, word));
        let root = Made::ca("CN=Root", "CN=Root", &ground.root_key).with(EXTENDED_KEY_USAGE, false, &value);
        let root = certificate(&root.sign(&ground.root_key));
        let row = ground.row(format!("under a root for {what}"), &ground.leaf(), Untrusted, word);
        rows.push(row.trust(trusting(&root)));
    }
    for (what, value) in [
        ("nothing", sequence(&[])),
        ("no value", Vec::new()),
        ("what is no identifier", sequence(&[&[2, 1, 1]])),
        ("one without its list", oid(ground.purpose())),
        ("a set", tlv(0x31, &[&oid(ground.purpose())])),
        ("an empty identifier", sequence(&[&[6, 0]])),
        ("an identifier that does not end", sequence(&[&[6, 2, 0x2b, 0x86]])),
    ] {
        let leaf = ground.leaf().instead(EXTENDED_KEY_USAGE, false, &value);
        rows.push(ground.row(format!("purposes: {what}"), &leaf, Untrusted, "2.5.29.37 is not what"));
    }
    // What a key may do, one thing at a time: all but to sign.
    for (bit, word) in [
        (1, "Non Repudiation"),
        (2, "Key Encipherment"),
        (3, "Data Encipherment"),
        (4, "Key Agreement"),
        (5, "Certificate Sign"),
        (6, "CRL Sign"),
        (7, "Encipher Only"),
        (8, "Decipher Only"),
    ] {
        let leaf = ground.leaf().instead(KEY_USAGE, true, &usage_bit(bit));
        rows.push(ground.row(
            format!("a key for: {word}"),
            &leaf,
            Untrusted,
            &format!("its key is for: {word}"),
        ));
        // And of a CA all but to sign certificates.
        let ca = ground.ca().instead(KEY_USAGE, true, &usage_bit(if bit == 5 { 0 } else { bit }));
        let word = "its key may not sign certificates";
        rows.push(ground.below(format!("a CA's key without bit 5, with {bit}"), &ca, Untrusted, word));
    }
    let all_but_signing = ground.leaf().instead(KEY_USAGE, true, &[BIT_STRING, 3, 7, 0x7f, 0x80]);
    let nothing = ground.leaf().instead(KEY_USAGE, true, &[BIT_STRING, 1, 0]);
    rows.push(ground.row("a key for nothing", &nothing, Untrusted, "its key is for: ;"));
    rows.push(ground.row(
        "a key for all but signing",
        &all_but_signing,
        Untrusted,
        "its key is for: Non Rep",
    ));
    for (what, value) in [
        ("no value", Vec::new()),
        ("a number", vec![2, 1, 1]),
        ("bits without their count", vec![BIT_STRING, 0]),
        ("eight unused bits", vec![BIT_STRING, 2, 8, 0x80]),
        ("unused bits that are set", vec![BIT_STRING, 2, 7, 0xff]),
        ("bytes behind", vec![BIT_STRING, 2, 7, 0x80, 0]),
    ] {
        let leaf = ground.leaf().instead(KEY_USAGE, false, &value);
        rows.push(ground.row(format!("key usage: {what}"), &leaf, Untrusted, "2.5.29.15 is not what"));
    }
    rows.extend(authorities(ground));
    // Keys that cannot sign at all.
    for kind in [KeyKind::X25519, KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024] {
        let key = PrivateKey::generate(kind).unwrap();
        let leaf = ground.leaf().but(|made| made.key = key.public().as_der().to_vec());
        rows.push(ground.row(
            format!("a key of {kind}"),
            &leaf,
            Untrusted,
            "cannot do what it is wanted for",
        ));
    }
    rows
}

/// A CA's certificate in the place of an end's.
fn authorities(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    for (what, value) in [
        ("a CA", sequence(&[&[1, 1, 0xff]])),
        ("a CA of ends only", sequence(&[&[1, 1, 0xff], &[2, 1, 0]])),
        ("a CA of many", sequence(&[&[1, 1, 0xff], &[2, 1, 100]])),
    ] {
        for usage in [&[BIT_STRING, 2, 7, 0x80][..], &[BIT_STRING, 2, 1, 0x86]] {
            let leaf = ground.leaf().instead(BASIC_CONSTRAINTS, true, &value).instead(KEY_USAGE, true, usage);
            rows.push(ground.row(
                format!("{what} as an end, its key for {usage:?}"),
                &leaf,
                Untrusted,
                "it is a CA's",
            ));
        }
    }
    for (what, value) in [
        ("no value", Vec::new()),
        ("a byte for true that is none", sequence(&[&[1, 1, 1]])),
        ("true in two bytes", sequence(&[&[1, 2, 0xff, 0xff]])),
        ("a length of path below none", sequence(&[&[1, 1, 0xff], &[2, 1, 0xff]])),
        ("a number too many", sequence(&[&[1, 1, 0xff], &[2, 1, 0], &[2, 1, 0]])),
        ("a string", sequence(&[&[12, 1, 65]])),
    ] {
        let leaf = ground.leaf().instead(BASIC_CONSTRAINTS, false, &value);
        rows.push(ground.row(
            format!("an end's constraints: {what}"),
            &leaf,
            Untrusted,
            "2.5.29.19 is not what",
        ));
        let ca = ground.ca().instead(BASIC_CONSTRAINTS, false, &value);
        rows.push(ground.below(
            format!("a CA's constraints: {what}"),
            &ca,
            Untrusted,
            "2.5.29.19 is not what",
        ));
    }
    // The CA of the very path, shown by somebody who has another key.
    let ca = [ground.middle.clone()];
    rows.push(ground.chain("the CA in the middle itself", &ca, Untrusted, "it is a CA's"));
    let root = ground.root.as_der().to_vec();
    rows.push(ground.chain("the root itself", &[root], Untrusted, "its key is for: Certificate Sign"));
    rows
}

pub(crate) fn good(ground: &Ground) -> Vec<Case> {
    let row = |name: &str, leaf: Made| ground.row(format!("good: {name}"), &leaf, Untrusted, "");
    let plain = || Made::new("CN=Plain", "CN=Middle", ground.key.public().as_der());
    let named = |made: Made| made.with(ALTERNATIVE_NAME, true, &sequence(&[&dns(HOST)]));
    vec![
        row("the end as it is", ground.leaf()),
        row("to the second", ground.leaf().valid(NOW, NOW)),
        row("nothing said of usage", named(plain())),
        row("any purpose", ground.leaf().instead(EXTENDED_KEY_USAGE, true, &purposes(&[ANY_PURPOSE]))),
        row("two uses", ground.leaf().instead(KEY_USAGE, true, &[BIT_STRING, 2, 6, 0xc0])),
    ]
}
