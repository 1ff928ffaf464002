//! The normaliser and the reader of BER beside openssl, on the objects of mail: what they make of them is the same.
#![cfg(feature = "smime")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic, and its numbers are small"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;
#[path = "support/published.rs"]
mod published;
#[path = "support/rewrite.rs"]
mod rewrite;

// Sources of bulla once more, as in fuzz/: no public call reaches one reader alone.
#[path = "../src/error.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is used")]
mod error;
#[path = "../src/limits.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod limits;
#[path = "../src/secret.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "a part of it is used")]
mod secret;
#[path = "../src/encoding"]
#[allow(dead_code, reason = "a part of it is used")]
mod encoding {
    pub(crate) mod ber;
    pub(crate) mod ber_reader;
    pub(crate) mod input;
    pub(crate) mod tlv;
}

use std::io::Read;
use std::path::Path;
use std::process::Command;

use bulla::smime::{Addressees, Encryption, Entity, SharedKey, Signing};
use bulla::x509::{Authority, Credential};
use bulla::{KeyKind, Passphrase, PrivateKey};
use encoding::ber::{implicit_octets, to_der};
use encoding::ber_reader::BerReader;
use encoding::tlv::{self, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Walker};
use error::{Error, Result};
use rewrite::Rewriter;

const MOST: usize = 1 << 20;
/// Comparisons at least.
const ENOUGH: usize = 200;

/// The objects of mails of each kind that bulla makes, in DER.
fn made() -> Vec<Vec<u8>> {
    let root = PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Example Root".parse().unwrap(), root).unwrap();
    let bob = "bob@example.org".parse().unwrap();
    let letter =
        Entity::parse(&b"Content-Type: text/plain\r\n\r\nDear Alice,\r\n\r\nhow are you?\r\n"[..]).unwrap();
    let (key, passphrase) = (SharedKey::new(b"ours", &[7; 32]).unwrap(), Passphrase::new("tea").unwrap());
    let mut all = vec![
        letter.encrypt(&Addressees::key(&key)).unwrap().into_bytes(),
        letter.encrypt(&Addressees::passphrase(&passphrase)).unwrap().into_bytes(),
    ];
    let mut signed = None;
    for kind in [KeyKind::P256, KeyKind::rsa(2048), KeyKind::X25519, KeyKind::MlKem512] {
        let key = PrivateKey::generate(kind).unwrap();
        let certificate = root.email(key.public(), std::slice::from_ref(&bob)).unwrap().sign().unwrap();
        let to = Addressees::as_given(&certificate, &bob).unwrap();
        let credential = Credential::new(key, [certificate]).unwrap();
        if let Ok(opaque) = Signing::by(&credential).opaque().entity(&letter) {
            all.push(opaque.as_bytes().to_vec());
            signed = Some(letter.sign(&credential).unwrap());
        }
        let inside = Entity::parse(signed.as_ref().unwrap().as_bytes()).unwrap();
        all.push(Encryption::to(&to).compat().entity(&inside).unwrap().into_bytes());
        all.push(letter.encrypt(&to.modern()).unwrap().into_bytes());
    }
    let object = |mail: &Vec<u8>| Entity::parse(mail.as_slice()).unwrap().content().unwrap();
    all.iter().map(|mail| der(&object(mail)).unwrap()).collect()
}

/// Objects of RFC 4134 that have their content in them, and no CRLs.
fn published() -> Vec<Vec<u8>> {
    let Some(folder) = published::folder("rfc4134") else { return Vec::new() };
    let names = ["4.1", "4.2", "4.5", "4.6", "4.7", "4.10", "5.1", "5.2"];
    let read = |name| std::fs::read(folder.join(format!("{name}.bin"))).unwrap();
    names.iter().map(read).map(|object| der(&object).unwrap()).collect()
}

fn der(ber: &[u8]) -> Result<Vec<u8>> {
    to_der("test", ber, MOST).map(std::borrow::Cow::into_owned)
}

/// What openssl writes of an object that it has read.
fn openssl(program: &Path, ber: &[u8]) -> std::result::Result<Vec<u8>, String> {
    peers::run(Command::new(program).args("cms -cmsout -inform DER -outform DER".split(' ')), ber)
}

/// EnvelopedData (RFC 5652 section 6.1) and AuthEnvelopedData (RFC 5083 section 2).
const ENCRYPTED: [&[u8]; 2] =
    [&[42, 134, 72, 134, 247, 13, 1, 7, 3], &[42, 134, 72, 134, 247, 13, 1, 9, 16, 1, 23]];

/// The content of an object in DER, or what it is encrypted to.
fn content(der: &[u8]) -> tlv::Result<Vec<u8>> {
    let mut object = tlv::only(der, SEQUENCE)?.inside();
    let kind = object.expect(OID)?.value();
    let mut fields = object.expect(tlv::constructed(0))?.inside().sequence()?;
    fields.expect(INTEGER)?;
    let is_encrypted = ENCRYPTED.contains(&kind);
    if is_encrypted {
        fields.optional(tlv::constructed(0))?;
    }
    fields.expect(SET)?;
    let mut about = fields.sequence()?;
    about.expect(OID)?;
    if is_encrypted {
        about.expect(SEQUENCE)?;
        return Ok(implicit_octets(&about.any()?, 0)?.into_owned());
    }
    let mut inside: Walker<'_> = about.expect(tlv::constructed(0))?.inside();
    Ok(inside.expect(OCTET_STRING)?.value().to_vec())
}

/// The same, read as it comes.
fn streamed(ber: &[u8]) -> Result<Vec<u8>> {
    let mut reader = BerReader::new("test", ber);
    reader.enter(SEQUENCE)?;
    let kind = reader.value_of(OID, 256)?;
    let is_encrypted = ENCRYPTED.contains(&&kind[2..]);
    reader.enter(tlv::constructed(0))?;
    reader.enter(SEQUENCE)?;
    reader.value_of(INTEGER, 16)?;
    if is_encrypted && reader.peek()? == Some(tlv::constructed(0)) {
        reader.value(MOST)?;
    }
    reader.value_of(SET, MOST)?;
    reader.enter(SEQUENCE)?;
    reader.value_of(OID, 256)?;
    let mut content = Vec::new();
    let failed = |error| Error::io("test", error);
    if is_encrypted {
        reader.value_of(SEQUENCE, 4096)?;
        reader.octets(Some(0))?.read_to_end(&mut content).map_err(failed)?;
    } else {
        reader.enter(tlv::constructed(0))?;
        reader.octets(None)?.read_to_end(&mut content).map_err(failed)?;
        reader.leave()?;
    }
    reader.leave()?;
    while reader.peek()?.is_some() {
        reader.value(MOST)?;
    }
    for _ in 0..3 {
        reader.leave()?;
    }
    reader.end().map(|()| content)
}

#[test]
fn whatever_the_form_of_an_object_the_normaliser_writes_what_openssl_writes() {
    let Some(program) = peers::find("openssl") else { return };
    let (mut compared, mut kept) = (0, 0);
    for (number, object) in made().into_iter().chain(published()).enumerate() {
        // What is compared below is DER of the same order of values.
        assert_eq!(openssl(&program, &object).unwrap(), object, "{number}");
        let (signed, want) = (content(&object).unwrap(), Some(&object[..]));
        for round in 0..12 {
            let mut rewriter = Rewriter::new(number as u64 * 100 + round);
            // As BER lets it be.
            let ber = rewriter.rewrite(&object);
            assert_eq!(der(&ber).ok().as_deref(), want, "{number} {round}");
            assert_eq!(streamed(&ber).unwrap(), signed, "{number} {round}");
            // With the pieces that only who knows CMS can put together.
            rewriter.implicit = true;
            let ber = rewriter.rewrite(&object);
            assert_eq!(content(&der(&ber).unwrap()).unwrap(), signed, "{number} {round}");
            assert_eq!(streamed(&ber).unwrap(), signed, "{number} {round}");
            // As openssl reads it, all of it; some it keeps as it came, and orders attributes by that.
            (rewriter.implicit, rewriter.for_openssl) = (false, true);
            let ber = rewriter.rewrite(&object);
            let theirs = openssl(&program, &ber).unwrap();
            assert_eq!(der(&ber).ok().as_deref(), want, "{number} {round}");
            assert_eq!(content(&der(&theirs).unwrap()).unwrap(), signed, "{number} {round}");
            kept += usize::from(der(&theirs).unwrap() != theirs);
            // Where it keeps nothing, it writes DER: the same as bulla.
            rewriter.whole = false;
            let ber = rewriter.rewrite(&object);
            assert_ne!(ber, object);
            assert_eq!(der(&ber).unwrap(), openssl(&program, &ber).unwrap(), "{number} {round}");
            compared += 2;
        }
    }
    assert!(compared > ENOUGH && kept > 0, "{compared} {kept}");
}

/// A few bytes changed, left out or put in.
fn mutated(rewriter: &mut Rewriter, object: &[u8]) -> Vec<u8> {
    let mut bytes = object.to_vec();
    for _ in 0..=rewriter.below(3) {
        let at = rewriter.below(bytes.len());
        let byte = u8::try_from(rewriter.below(256)).unwrap();
        match rewriter.below(8) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, byte),
            2 | 3 => bytes[at] ^= 1 << rewriter.below(8),
            _ => bytes[at] = byte,
        }
    }
    bytes
}

#[test]
fn of_an_object_that_was_changed_no_two_readers_say_two_contents() {
    let Some(program) = peers::find("openssl") else { return };
    let (mut tried, mut agreed) = (0, [0; 2]);
    for (number, object) in made().into_iter().chain(published()).enumerate() {
        let mut rewriter = Rewriter::new(9_000 + number as u64);
        (rewriter.implicit, rewriter.for_openssl) = (true, true);
        for _ in 0..40 {
            let ber = rewriter.rewrite(&object);
            let changed = mutated(&mut rewriter, &ber);
            let ours = der(&changed).ok().and_then(|der| content(&der).ok());
            // What is read as it comes is what is read at once.
            let read = streamed(&changed).ok();
            assert!(read.is_none() || ours.is_none() || read == ours, "{number}: {changed:02x?}");
            tried += 1;
            let theirs =
                openssl(&program, &changed).ok().and_then(|theirs| content(&der(&theirs).ok()?).ok());
            for (one, agreed) in [ours, read].into_iter().zip(&mut agreed) {
                let (Some(one), Some(theirs)) = (one, &theirs) else { continue };
                assert!(one == *theirs, "{number}: {changed:02x?}");
                *agreed += 1;
            }
        }
    }
    assert!(agreed.iter().all(|agreed| *agreed > ENOUGH), "{agreed:?} of {tried}");
}
