//! Makes the seeds of the targets `certificate`, `name_constraints` and `private_key`: `cd fuzz && cargo run --example certificate_seeds`.
use std::fs;
use std::path::Path;

use bulla::{KeyKind, PrivateKey};
use bulla_fuzz::der::wrap;
use bulla_fuzz::revocation::{CA, LEAF, name};

fn main() {
    write("certificate", "ca", CA.as_der());
    write("certificate", "leaf", LEAF.as_der());
    write("certificate", "pem", CA.to_pem().as_bytes());
    write("certificate", "name", &[&[1][..], name("CN=Bob\\, x+UID=b,O=Zoë,C=CH").as_der()].concat());
    write("certificate", "text", b"\x02CN=Bob\\2c x+UID=b,O=\\#a,1.2.3=y,C=CH");
    for extension in CA.extensions() {
        let id: Vec<u8> = extension.id().to_string().split('.').skip(2).map(|arc| arc.parse().unwrap()).collect();
        let id = wrap(6, &[&[0x55], &id]);
        let whole = wrap(0x30, &[&id, &[1, 1, 0xff], &wrap(4, &[extension.value()])]);
        write("certificate", &format!("extension_{}", extension.id()), &[&[0][..], &whole].concat());
    }
    let subtree = |tag: u8, text: &[u8]| wrap(0x30, &[&wrap(tag, &[text])]);
    for (label, tag, base, text) in [
        ("dns", 0x82, &b"example.org"[..], &b"a.example.org"[..]),
        ("wildcard", 0x82, b"a.example.org", b"*.example.org"),
        ("email", 0x81, b"example.org", b"a@example.org"),
        ("uri", 0x86, b".example.org", b"https://a.example.org/x"),
        ("ip", 0x87, &[192, 0, 2, 0, 255, 255, 255, 0], &[192, 0, 2, 7]),
    ] {
        for (side, number) in [("permitted", 0xa0), ("excluded", 0xa1)] {
            let constraints = wrap(number, &[&subtree(tag, base)]);
            let length = u8::try_from(constraints.len()).unwrap();
            let seed = [&[length][..], &constraints, &wrap(tag, &[text])].concat();
            write("name_constraints", &format!("{label}_{side}"), &seed);
        }
    }
    for (label, kind) in [
        ("p256", KeyKind::P256),
        ("p521", KeyKind::P521),
        ("ed25519", KeyKind::Ed25519),
        ("x25519", KeyKind::X25519),
        ("ml_kem", KeyKind::MlKem512),
        ("ml_dsa", KeyKind::MlDsa44),
        ("rsa", KeyKind::rsa(2048)),
    ] {
        let key = PrivateKey::generate(kind).unwrap();
        write("private_key", label, key.expose_pem().unwrap().as_bytes());
        write("private_key", &format!("{label}_public"), &[&[0][..], key.public().as_der()].concat());
    }
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}
