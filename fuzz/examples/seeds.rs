//! Makes the seeds that only the fixed keys open: `cd fuzz && cargo run --example seeds`. Salts differ each time.
use std::fs;
use std::path::Path;

use bulla::file::Encryption;
use bulla::x509::{Bundle, Issue};
use bulla::{Format, Identity, KeyKind, PrivateKey, Recipient, Recipients};
use bulla_fuzz::der::{self, wrap};
use bulla_fuzz::{KEY, SSH, SSH_ED25519, SSH_RSA, X25519, XWING};

fn main() {
    let (x25519, x_wing) = (X25519.recipient(), XWING.recipient());
    let bulla = Encryption::to(&*KEY).format(Format::Bulla);
    let named = bulla.clone().name("letter.txt").media_type("text/plain");
    let all = Recipients::one(&x25519).and(&x_wing).and(&*KEY).allow_downgrade_mix().allow_shared();
    container("key", &bulla);
    container("metadata", &named);
    container("x25519", &Encryption::to(&x25519));
    container("x_wing", &Encryption::to(&x_wing));
    container("all", &Encryption::to(&all));

    let [ed25519, rsa] = [0, 1].map(|number| SSH[number].recipient());
    let hybrid = Encryption::to(&x_wing).format(Format::Age);
    let classic = Recipients::one(&x25519).and(&ed25519).and(&rsa);
    for (name, encryption) in [
        ("x25519", Encryption::to(&x25519).format(Format::Age)),
        ("hybrid", hybrid),
        ("ssh_ed25519", Encryption::to(&ed25519)),
        ("ssh_rsa", Encryption::to(&rsa)),
        ("several", Encryption::to(&classic)),
    ] {
        write("age_header", name, &without("age-encryption.org/v1\n", &encryption));
        write("armor", &format!("age_{name}"), &encryption.armor(true).bytes(b"hello").unwrap());
    }
    keys(&[x25519, x_wing, ed25519, rsa]);
    archives();
    bags();
}

fn container(name: &str, encryption: &Encryption<'_>) {
    write("header", name, &without("bulla/v1\n", encryption));
    write("armor", name, &encryption.clone().armor(true).bytes(b"hello").unwrap());
}

fn without(first: &str, encryption: &Encryption<'_>) -> Vec<u8> {
    encryption.bytes(b"hello").unwrap().strip_prefix(first.as_bytes()).unwrap().to_vec()
}

fn keys(recipients: &[Recipient]) {
    for (number, recipient) in recipients.iter().enumerate() {
        write("keys", &format!("recipient_{number}"), recipient.to_string().as_bytes());
    }
    for (name, prefix, length) in [("x25519", 1, 32), ("x_wing", 2, 1216), ("identity", 3, 32)] {
        write("keys", &format!("bytes_{name}"), &[vec![prefix], vec![9; length]].concat());
    }
    // What the armor of an OpenSSH key holds.
    for (name, pem) in [("ed25519", SSH_ED25519), ("rsa", SSH_RSA)] {
        let identity = Identity::from_ssh(pem, None).unwrap().recipient().to_string();
        let wire = unbase64(identity.split(' ').nth(1).unwrap());
        let kind = if name == "rsa" { 6 } else { 5 };
        let length = 4 + "ssh-".len() + name.len();
        write("keys", &format!("bytes_{name}"), &[&[kind], &wire[length..]].concat());
        let lines: String =
            std::str::from_utf8(pem).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
        let inside = unbase64(&lines);
        write(
            "keys",
            &format!("bytes_private_{name}"),
            &[&[7], &inside["openssh-key-v1\0".len()..]].concat(),
        );
    }
}

fn archives() {
    let long = [["x"; 90].concat(), ["y"; 90].concat()].join("/");
    let long_name = entry(b'L', "././@LongLink", &[long.as_bytes(), b"\0"].concat());
    // Too long a name for most disks, which an error then tells of.
    let steering = ["x".repeat(300).as_bytes(), b"\x1b[2J\n"].concat();
    let plain =
        [entry(b'0', "a", b"content"), entry(b'5', "folder", b""), entry(b'0', "folder/run", &[7; 1000])];
    let nested = ["d", "d/d", "d/d/d"].map(|path| entry(b'5', path, b""));
    let mut prefixed = tar::Header::new_ustar();
    prefixed.as_ustar_mut().unwrap().prefix[..6].copy_from_slice(b"before");
    let link = {
        let mut link = header(tar::Header::new_gnu(), b'2', "link", 0);
        link.as_old_mut().linkname[..2].copy_from_slice(b"..");
        link.set_cksum();
        link.as_bytes().to_vec()
    };
    for (name, entries) in [
        ("empty", vec![]),
        ("plain", plain.to_vec()),
        ("nested", [&nested[..], &[entry(b'0', "d/d/d/d/d/f", b"deep")]].concat()),
        ("long_name", vec![long_name.clone(), entry(b'0', &long[..100], b"content"), long_name]),
        ("steering", vec![entry(b'L', "././@LongLink", &steering), entry(b'0', "a", b"content")]),
        ("prefix", vec![header(prefixed, b'0', "a", 0).as_bytes().to_vec(), entry(b'0', "b", b"")]),
        ("twice", vec![entry(b'0', "a", b"one"), entry(b'0', "a", b"two")]),
        ("outside", vec![entry(b'0', "a", b""), entry(b'0', "../../b", b"content")]),
        ("link", vec![link, entry(b'0', "link/a", b"content")]),
        ("pax", vec![entry(b'x', "pax", b"13 path=../a\n"), entry(b'0', "a", b"content")]),
    ] {
        write("archive", name, &[entries.concat(), vec![0; 1024]].concat());
    }
    // Filled up to a record, as tar does it.
    let mut record = plain.concat();
    record.resize(10_240, 0);
    write("archive", "record", &record);
}

/// Of one key, PKCS #7 and PKCS #12. No number has more than two bytes: the target passes over what may cost time.
fn bags() {
    let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
    let certificate = Issue::self_signed(&"CN=Bob".parse().unwrap(), &key).unwrap();
    let bundle = Bundle::new().with(&certificate);
    let der = certificate.as_der();
    let pieces =
        [&[0x30, 0x80, 0x24, 0x80, 4, 1, 1, 0x24, 3, 4, 1, 2, 0, 0, 0x23, 4, 3, 2, 4, 0xf0][..], &[0, 0]];
    write("ber", "bundle", &bundle.to_der());
    write("ber", "pem", bundle.to_pem().as_bytes());
    write("ber", "stream", &der::bundle(der));
    write("ber", "certificates", &[&[0], der, &wrap(0xa2, &[&[5, 0]])].concat());
    write("ber", "pieces", &[&[0], &pieces.concat()[..], &[0x30, 0x84, 0, 0, 0, 3, 1, 1, 1]].concat());

    let pem = key.expose_pem().unwrap();
    let pkcs8 = unbase64(&pem.lines().filter(|line| !line.starts_with('-')).collect::<String>());
    let oid = |last: &[u8]| wrap(6, &[&[42, 134, 72, 134, 247, 13, 1], last]);
    let attribute = |last: u8, value: &[u8]| wrap(0x30, &[&oid(&[9, last]), &wrap(0x31, &[value])]);
    let label = [attribute(20, &wrap(30, &[b"\0B\0o\0b"])), attribute(21, &wrap(4, &[b"id"]))].concat();
    let bag = |kind: u8, value: &[u8]| {
        wrap(0x30, &[&oid(&[12, 10, 1, kind]), &wrap(0xa0, &[value]), &wrap(0x31, &[&label])])
    };
    let salt = [&wrap(4, &[b"saltsalt"])[..], &[2, 1, 2]].concat();
    let legacy = wrap(0x30, &[&oid(&[12, 1, 3]), &wrap(0x30, &[&salt])]);
    let prf = wrap(0x30, &[&wrap(6, &[&[42, 134, 72, 134, 247, 13, 2, 9]]), &[5, 0]]);
    let pbkdf2 = wrap(0x30, &[&oid(&[5, 12]), &wrap(0x30, &[&salt, &prf])]);
    let aes = wrap(0x30, &[&wrap(6, &[&[96, 134, 72, 1, 101, 3, 4, 1, 42]]), &wrap(4, &[&[9; 16]])]);
    let pbes2 = wrap(0x30, &[&oid(&[5, 13]), &wrap(0x30, &[&pbkdf2, &aes])]);
    let own = bag(3, &wrap(0x30, &[&oid(&[9, 22, 1]), &wrap(0xa0, &[&wrap(4, &[der])])]));
    let shrouded = |how: &[u8]| bag(2, &wrap(0x30, &[how, &wrap(4, &[&[7; 64]])]));
    let all = [bag(1, &pkcs8), own.clone(), bag(6, &wrap(0x30, &[&own])), bag(5, &[5, 0])].concat();
    let encrypted = wrap(0x30, &[der::DATA, &pbes2, &wrap(0x80, &[&[7; 64]])]);
    let encrypted = der::content(&oid(&[7, 6]), &wrap(0x30, &[&[2, 1, 0], &encrypted]));
    let safe = wrap(0x30, &[&der::content(der::DATA, &wrap(4, &[&wrap(0x30, &[&all])])), &encrypted]);
    write("pkcs12", "file", &der::pkcs12(&safe));
    write("pkcs12", "safe", &[&[0], &safe[..]].concat());
    write("pkcs12", "contents", &[&[1], &wrap(0x30, &[&all])[..]].concat());
    for (name, bags) in [("bags", all), ("legacy", shrouded(&legacy)), ("pbes2", shrouded(&pbes2))] {
        write("pkcs12", name, &[&[2], &bags[..]].concat());
    }
}

/// A part of a tar stream, of any kind and with any name: tar's own builder would refuse some.
fn entry(kind: u8, name: &str, content: &[u8]) -> Vec<u8> {
    let header = header(tar::Header::new_gnu(), kind, name, content.len());
    let filling = vec![0; content.len().next_multiple_of(512) - content.len()];
    [header.as_bytes(), content, &filling].concat()
}

fn header(mut header: tar::Header, kind: u8, name: &str, size: usize) -> tar::Header {
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkflag = [kind];
    header.set_mode(if name.ends_with("run") { 0o7777 } else { 0o666 });
    header.set_mtime(1);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

fn unbase64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits = text
        .trim_end_matches('=')
        .bytes()
        .flat_map(|letter| (0..6).rev().map(move |bit| value(letter) >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect()
}

fn write(target: &str, name: &str, seed: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), seed).unwrap();
}
