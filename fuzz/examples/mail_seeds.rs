//! Makes seeds of the targets `smime` and `ber_reader`, and `src/readers`, whose keys open them: `cd fuzz && cargo run --example
//! mail_seeds`. Keys are new each time, and nobody's.
use std::fs;
use std::path::Path;

use bulla::smime::{Addressees, Encryption, Entity, Opened, Opening, SharedKey, Signing};
use bulla::x509::{Authority, Certificate, Credential, EmailAddress};
use bulla::{KeyKind, Passphrase, PrivateKey};
use bulla_fuzz::der::{self, wrap};
use bulla_fuzz::{mail, smime};

fn main() {
    let root = PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=R".parse().unwrap(), root).unwrap();
    let bob: EmailAddress = "b@example.org".parse().unwrap();
    let readers = [KeyKind::P256, KeyKind::rsa(2048), KeyKind::X25519, KeyKind::MlKem512].map(|kind| {
        let key = PrivateKey::generate(kind).unwrap();
        let certificate = root.email(key.public(), std::slice::from_ref(&bob)).unwrap().sign().unwrap();
        reader(&key, &certificate);
        Credential::new(key, [certificate]).unwrap()
    });
    let to = |who: usize| Addressees::as_given(readers[who].certificate(), &bob).unwrap();
    let note = Entity::parse(&b"Content-Type: text/plain\r\n\r\nNoon.\r\n"[..]).unwrap();
    let signed =
        Entity::parse(Signing::by(&readers[0]).opaque().entity(&note).unwrap().into_bytes()).unwrap();
    let old = |who| Encryption::to(&to(who)).compat().entity(&signed).unwrap().into_bytes();
    let new = |to: &Addressees<'_>| note.encrypt(to).unwrap().into_bytes();
    // Wraps with AES-128, and has another name than the key of the target.
    let short = SharedKey::new(b"s", &[7; 16]).unwrap();
    let fuzz = SharedKey::new(b"fuzz", &[7; 32]).unwrap();
    let passphrase = Passphrase::new("x").unwrap();
    let all = to(0).and(to(2)).unwrap().and(Addressees::key(&fuzz)).unwrap().modern();
    for (name, mail) in [
        ("signed_object", signed.as_bytes().to_vec()),
        ("agreement_p256", new(&to(0).modern())),
        ("agreement_p256_cbc", old(0)),
        ("transport_oaep", new(&to(1).modern())),
        ("transport_pkcs1", old(1)),
        ("agreement_x25519", new(&to(2))),
        ("encapsulation", new(&to(3))),
        ("kek", new(&Addressees::key(&fuzz))),
        ("kek_of_another", new(&Addressees::key(&short))),
        ("password", new(&Addressees::passphrase(&passphrase))),
        ("several", new(&all)),
    ] {
        object(name, &Entity::parse(mail).unwrap().content().unwrap());
    }
    object("compressed", &compressed(note.as_bytes()));
    // What is opened shows that the keys and the seeds go together.
    for (name, credential) in
        [("agreement_p256", 0), ("transport_oaep", 1), ("agreement_x25519", 2), ("encapsulation", 3)]
    {
        let seed = fs::read(seeds("smime").join(name)).unwrap();
        let opened = Opening::with(&readers[credential]).bytes(&seed).unwrap();
        assert!(matches!(opened, Opened::Plain(opened) if opened == note), "{name}");
    }
}

/// The object alone, which both targets take: `ber_reader` after how many bytes come at a time.
fn object(name: &str, object: &[u8]) {
    smime::check(object);
    mail::check_ber(object, 7);
    write("smime", name, object);
    write("ber_reader", name, &[&[7], object].concat());
}

/// CompressedData (RFC 3274), of which nothing is compressed: one stored block (RFC 1951 section 3.2.4) in a stream of zlib.
fn compressed(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let (a, b) = text.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let sum = (b << 16 | a).to_be_bytes();
    let zlib = [&[0x78, 1, 1], &length.to_le_bytes()[..], &(!length).to_le_bytes(), text, &sum].concat();
    let id = |last: &[u8]| wrap(6, &[&[42, 134, 72, 134, 247, 13, 1, 9, 16], last]);
    let inside = wrap(0x30, &[der::DATA, &wrap(0xa0, &[&wrap(4, &[&zlib])])]);
    let fields = [&[2, 1, 0][..], &wrap(0x30, &[&id(&[3, 8])]), &inside].concat();
    der::content(&id(&[1, 9]), &wrap(0x30, &[&fields]))
}

fn reader(key: &PrivateKey, certificate: &Certificate) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/readers");
    fs::create_dir_all(&folder).unwrap();
    let name = match key.kind() {
        KeyKind::P256 => "p256",
        KeyKind::X25519 => "x25519",
        KeyKind::MlKem512 => "mlkem",
        _ => "rsa",
    };
    let text = [certificate.to_pem().as_str(), key.expose_pem().unwrap().as_str()].concat();
    fs::write(folder.join(format!("{name}.pem")), text).unwrap();
}

fn seeds(target: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target)
}

fn write(target: &str, name: &str, seed: &[u8]) {
    fs::create_dir_all(seeds(target)).unwrap();
    fs::write(seeds(target).join(name), seed).unwrap();
}
