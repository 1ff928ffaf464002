//! Makes the seeds of the target `csr`: `cd fuzz && cargo run --example request_seeds`.
use std::fs;
use std::path::Path;

use bulla::x509::{Extension, Request, Spkac};
use bulla_fuzz::der::wrap;
use bulla_fuzz::revocation::{KEY, name};

fn main() {
    let request = Request::builder(&KEY)
        .subject(&name("CN=Bob,O=Example"))
        .email(&"Zoë@example.org".parse().unwrap())
        .email(&"bob@example.org".parse().unwrap())
        .host("*.example.org")
        .host("192.0.2.1")
        .challenge_password("password")
        .extension(Extension::new("2.5.29.15".parse().unwrap(), true, vec![3, 2, 7, 0x80]))
        .sign()
        .unwrap();
    let spkac = Spkac::sign(&KEY, "4711").unwrap();
    write("der", request.as_der());
    write("pem", request.to_pem().as_bytes());
    write("base64", format!("SPKAC={}\nCN=Bob\n", spkac.to_base64()).as_bytes());
    write("spkac", &[&[3], spkac.as_der()].concat());
    write("challenge", &[2, 0x16, 4, b'4', b'7', b'1', b'1']);

    let id = |last: u8| wrap(6, &[&[42, 134, 72, 134, 247, 13, 1, 9, last]]);
    let attribute = |id: &[u8], values: &[u8]| wrap(0x30, &[id, &wrap(0x31, &[values])]);
    let extension = wrap(0x30, &[&[6, 3, 0x55, 0x1d, 0x13], &wrap(4, &[&[0x30, 3, 1, 1, 0xff]])]);
    let extensions = wrap(0x30, &[&extension]);
    let microsoft = wrap(6, &[&[43, 6, 1, 4, 1, 130, 55, 2, 1, 14]]);
    let all = [
        attribute(&id(14), &extensions),
        attribute(&id(7), &wrap(0x1e, &[b"\0p\0w"])),
        attribute(&id(2), &wrap(0x0c, &[b"loose"])),
        attribute(&[6, 2, 42, 3], &[5, 0, 5, 0]),
    ];
    write("attributes", &[&[0][..], &all.concat()].concat());
    write("microsoft", &[&[0][..], &attribute(&microsoft, &extensions)].concat());
    write(
        "twice",
        &[&[0][..], &attribute(&microsoft, &extensions), &attribute(&id(14), &extensions)].concat(),
    );
    // Without the attributes that there should be.
    let (subject, key) = (name("CN=Bob"), KEY.public());
    write("info", &[&[1][..], &wrap(0x30, &[&[2, 1, 0], subject.as_der(), key.as_der()])].concat());
}

fn write(name: &str, seed: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/csr");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), seed).unwrap();
}
