//! Makes the seeds of the targets `certificate`, `name_constraints` and `private_key`: `cd fuzz && cargo run --example
//! certificate_seeds`. Keys are new each time, and nobody's.
use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding};
use bulla::{KeyKind, Passphrase, PrivateKey};
use bulla_fuzz::der::wrap;
use bulla_fuzz::revocation::{CA, LEAF, name};

fn main() {
    write("certificate", "ca", CA.as_der());
    write("certificate", "leaf", LEAF.as_der());
    write("certificate", "pem", CA.to_pem().as_bytes());
    let old_key =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    write("certificate", "pem_beside_key", [old_key, &CA.to_pem()].concat().as_bytes());
    write("certificate", "name", &[&[1][..], name("CN=Bob\\, x+UID=b,O=Zoë,C=CH").as_der()].concat());
    // What is no string, which no text stands for.
    let odd = wrap(0x31, &[&wrap(0x30, &[&[6, 3, 0x55, 4, 3], &wrap(12, &[b"\xff"])])]);
    write("certificate", "name_unsound", &[&[1][..], &wrap(0x30, &[&odd])].concat());
    write("certificate", "text", b"\x02CN=Bob\\2c x+UID=b,O=\\#a,1.2.3=y,C=CH");
    extensions();
    constraints();
    keys();
}

/// `2.5.29`, where most extensions are, and what comes behind it.
fn ce(number: u8) -> Vec<u8> {
    wrap(6, &[&[0x55, 0x1d, number]])
}

/// `1.3.6.1.5.5.7`, and what comes behind it.
fn pkix(arcs: &[u8]) -> Vec<u8> {
    wrap(6, &[&[43, 6, 1, 5, 5, 7], arcs])
}

/// A name of each kind that there is (RFC 5280 section 4.2.1.6).
fn general_names() -> Vec<u8> {
    let mailbox = [pkix(&[8, 9]), wrap(0xa0, &[&wrap(12, &["zoë@example.org".as_bytes()])])].concat();
    let other = [wrap(6, &[&[42, 3, 4]]), wrap(0xa0, &[&[5, 0]])].concat();
    let all = [
        wrap(0xa0, &[&mailbox]),
        wrap(0xa0, &[&other]),
        wrap(0x81, &[b"a@example.org"]),
        wrap(0x82, &[b"*.example.org"]),
        wrap(0xa3, &[&[0x30, 0]]),
        wrap(0xa4, &[name("CN=Bob,O=Example").as_der()]),
        wrap(0x86, &[b"https://example.org/x"]),
        wrap(0x87, &[&[192, 0, 2, 7]]),
        wrap(0x87, &[&[9; 16]]),
        wrap(0x88, &[&[42, 3, 4]]),
    ];
    all.concat()
}

/// Certificate policies with a statement and a notice, and anyPolicy.
fn policies() -> Vec<u8> {
    let statement = wrap(0x30, &[&pkix(&[2, 1]), &wrap(22, &[b"https://example.org/cps"])]);
    let numbers = wrap(0x30, &[&wrap(12, &[b"Example"]), &wrap(0x30, &[&[2, 1, 1]])]);
    let notice = wrap(0x30, &[&numbers, &wrap(26, &[b"read this"])]);
    let notice = wrap(0x30, &[&pkix(&[2, 2]), &notice]);
    let own = wrap(0x30, &[&wrap(6, &[&[42, 3, 4]]), &wrap(0x30, &[&statement, &notice])]);
    wrap(0x30, &[&own, &wrap(0x30, &[&wrap(6, &[&[0x55, 0x1d, 32, 0]])])])
}

/// Points with names, with reasons, and relative to an issuer.
fn points() -> Vec<u8> {
    let uri = wrap(0xa0, &[&wrap(0x86, &[b"http://example.org/1.crl"])]);
    let full = wrap(0x30, &[&wrap(0xa0, &[&uri]), &[0x81, 2, 1, 0x60]]);
    let attribute = wrap(0x30, &[&wrap(6, &[&[0x55, 4, 3]]), &wrap(12, &[b"CRL1"])]);
    let issuer = wrap(0xa2, &[&wrap(0xa4, &[name("CN=Lists").as_der()])]);
    let relative = wrap(0x30, &[&wrap(0xa0, &[&wrap(0xa1, &[&attribute])]), &issuer]);
    wrap(0x30, &[&full, &relative])
}

/// One seed for each type of extension that is decoded, and one with several.
fn extensions() {
    let access = |last| wrap(0x30, &[&pkix(&[48, last]), &wrap(0x86, &[b"http://example.org/ocsp"])]);
    let purposes = wrap(0x30, &[&pkix(&[3, 1]), &pkix(&[3, 4]), &wrap(6, &[&[0x55, 0x1d, 37, 0]])]);
    let oid = wrap(6, &[&[42, 3, 4]]);
    let key = [wrap(0x80, &[&[9; 20]]), wrap(0xa1, &[&wrap(0xa4, &[name("CN=CA").as_der()])])].concat();
    let alternative = wrap(0x30, &[&general_names()]);
    let subtree = |tag: u8, text: &[u8]| wrap(0x30, &[&wrap(tag, &[text])]);
    let limits =
        [wrap(0xa0, &[&subtree(0x82, b"example.org")]), wrap(0xa1, &[&subtree(0x81, b"example.com")])];
    let access = wrap(0x30, &[&access(1), &access(2)]);
    let all = [
        ("usage", ce(15), vec![3, 2, 1, 0xa6]),
        ("basic", ce(19), vec![0x30, 6, 1, 1, 0xff, 2, 1, 2]),
        ("purposes", ce(37), purposes),
        ("names", ce(17), alternative.clone()),
        ("issuer_names", ce(18), alternative),
        ("key_id", ce(14), wrap(4, &[&[9; 20]])),
        ("authority_key", ce(35), wrap(0x30, &[&key, &[0x82, 1, 42]])),
        ("constraints", ce(30), wrap(0x30, &[&limits.concat()])),
        ("policies", ce(32), policies()),
        ("mappings", ce(33), wrap(0x30, &[&wrap(0x30, &[&oid, &oid])])),
        ("policy_constraints", ce(36), vec![0x30, 6, 0x80, 1, 0, 0x81, 1, 0]),
        ("inhibit_any", ce(54), vec![2, 1, 0]),
        ("points", ce(31), points()),
        ("freshest", ce(46), points()),
        ("access", pkix(&[1, 1]), access.clone()),
        ("subject_access", pkix(&[1, 11]), access),
        ("features", pkix(&[1, 24]), vec![0x30, 6, 2, 1, 5, 2, 1, 17]),
        ("no_check", pkix(&[48, 1, 5]), vec![5, 0]),
        ("timestamps", wrap(6, &[&[43, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2]]), timestamps()),
        ("unknown", oid.clone(), vec![5, 0]),
    ];
    let mut several = Vec::new();
    for (label, id, value) in &all {
        let extension = wrap(0x30, &[id, &wrap(4, &[value])]);
        write("certificate", &format!("extension_{label}"), &[&[0][..], &extension].concat());
        if ["usage", "names", "key_id", "authority_key", "policies", "points"].contains(label) {
            several.extend(extension);
        }
    }
    write("certificate", "extensions", &[&[0][..], &several].concat());
    for (label, bits) in [("critical", 0x80), ("critical_unsound", 0xa0)] {
        let critical = wrap(0x30, &[&ce(15), &[1, 1, 0xff], &wrap(4, &[&[3, 2, 7, bits]])]);
        write("certificate", &format!("extension_{label}"), &[&[0][..], &critical].concat());
    }
}

/// SignedCertificateTimestampList (RFC 6962 section 3.3) with one.
fn timestamps() -> Vec<u8> {
    let one = [&[0][..], &[7; 32], &[0, 0, 1, 0x9b, 0, 0, 0, 0], &[0, 0], &[4, 3, 0, 4, 9, 9, 9, 9]].concat();
    let length = u8::try_from(one.len()).unwrap();
    wrap(4, &[&wrap(4, &[&[0, length + 2, 0, length], &one])])
}

/// What a CA states, and a name that it is asked about.
fn constraints() {
    let subtree = |tag: u8, text: &[u8]| wrap(0x30, &[&wrap(tag, &[text])]);
    let (organisation, bob) = (name("O=Example"), name("CN=Bob,O=Example"));
    for (label, tag, base, text) in [
        ("dns", 0x82, &b"example.org"[..], &b"a.example.org"[..]),
        ("wildcard", 0x82, b"a.example.org", b"*.example.org"),
        ("email", 0x81, b"example.org", b"a@example.org"),
        ("uri", 0x86, b".example.org", b"https://a.example.org/x"),
        ("ip", 0x87, &[192, 0, 2, 0, 255, 255, 255, 0], &[192, 0, 2, 7]),
        ("directory", 0xa4, organisation.as_der(), bob.as_der()),
    ] {
        for (side, number) in [("permitted", 0xa0), ("excluded", 0xa1)] {
            constraint(
                &format!("{label}_{side}"),
                &wrap(number, &[&subtree(tag, base)]),
                &wrap(tag, &[text]),
            );
        }
    }
    // SmtpUTF8Mailbox is within what is said of e-mail (RFC 9598 section 6).
    let mailbox = [pkix(&[8, 9]), wrap(0xa0, &[&wrap(12, &["zoë@example.org".as_bytes()])])].concat();
    let mail = subtree(0x81, b"example.org");
    constraint("mailbox", &wrap(0xa0, &[&mail]), &wrap(0xa0, &[&mailbox]));
    let both = [&mail[..], &subtree(0x82, b"example.org"), &subtree(0x82, b".example.com")].concat();
    let both = [wrap(0xa0, &[&both]), wrap(0xa1, &[&subtree(0x82, b"b.example.org")])].concat();
    let excluded = wrap(0xa1, &[&subtree(0x82, b"example.org")]);
    constraint("dot", &excluded, &wrap(0x82, &[b"a.example.org."]));
    let names = [wrap(0x82, &[b"a.example.org"]), wrap(0x81, &[b"a@example.org"])].concat();
    constraint("several", &both, &names);
}

fn constraint(label: &str, constraints: &[u8], names: &[u8]) {
    let length = u8::try_from(constraints.len()).unwrap();
    write("name_constraints", label, &[&[length][..], constraints, names].concat());
}

/// Each kind in PKCS #8, plain and encrypted, as its own standard has it, and its public half.
fn keys() {
    let passphrase = Passphrase::new("x").unwrap();
    for (label, kind) in [
        ("p256", KeyKind::P256),
        ("p384", KeyKind::P384),
        ("p521", KeyKind::P521),
        ("ed25519", KeyKind::Ed25519),
        ("x25519", KeyKind::X25519),
        ("ml_kem", KeyKind::MlKem512),
        ("ml_dsa", KeyKind::MlDsa44),
        ("rsa", KeyKind::rsa(2048)),
    ] {
        let key = PrivateKey::generate(kind).unwrap();
        let der = unarmored(&key.expose_pem().unwrap());
        write("private_key", label, &der);
        write("private_key", &format!("{label}_public"), &[&[0][..], key.public().as_der()].concat());
        // PKCS #1 and SEC 1 are what is in PKCS #8 behind a version and an algorithm.
        let (_, behind) = first(first(&der).0);
        let inner = first(first(behind).1).0;
        match label {
            "rsa" => write("private_key", "rsa_pkcs1", inner),
            // RFC 9935 section 6 and RFC 9881 section 6: as long as such keys are, and no more like them.
            "ml_kem" => write("private_key", "ml_kem_expanded", &expanded(behind, 1632)),
            "ml_dsa" => write("private_key", "ml_dsa_expanded", &expanded(behind, 2560)),
            "p256" => {
                // version, privateKey, [0] parameters, [1] publicKey (RFC 5915 section 3)
                let curve = wrap(0xa0, &[&wrap(6, &[&[42, 134, 72, 206, 61, 3, 1, 7]])]);
                let (_, behind) = first(first(inner).0);
                let (secret, public) = first(behind);
                let parts = [&[2, 1, 1][..], &wrap(4, &[secret]), &curve, public];
                write("private_key", "p256_sec1", &wrap(0x30, &parts));
            }
            "p521" => {
                // As GnuTLS writes it: a number, without the zeros in front.
                let curve = wrap(0xa0, &[&wrap(6, &[&[43, 129, 4, 0, 35]])]);
                let short = wrap(0x30, &[&[2, 1, 1], &wrap(4, &[&[7; 65]]), &curve]);
                write("private_key", "p521_short", &short);
            }
            "ed25519" => {
                write("private_key", "pem", key.expose_pem().unwrap().as_bytes());
                write("private_key", "encrypted", &unarmored(&key.to_pem(&passphrase).unwrap()));
            }
            _ => {}
        }
    }
}

/// A key of this many bytes, whose algorithm comes first in what is given.
fn expanded(algorithm: &[u8], length: usize) -> Vec<u8> {
    let algorithm = wrap(0x30, &[first(algorithm).0]);
    wrap(0x30, &[&[2, 1, 0], &algorithm, &wrap(4, &[&wrap(4, &[&vec![9; length]])])])
}

/// The value of the first item, and what is behind it.
fn first(der: &[u8]) -> (&[u8], &[u8]) {
    let (header, length) = match der[1] {
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        0x81 => (3, usize::from(der[2])),
        short => (2, usize::from(short)),
    };
    der[header..].split_at(length)
}

fn unarmored(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&lines).unwrap()
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}
