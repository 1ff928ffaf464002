//! Signs a mail and encrypts it, opens it and verifies who signed: `cargo run --example mail`.
#![allow(clippy::print_stdout, clippy::panic, reason = "an example shows what it does")]

use bulla::smime::{Addressees, Entity, Expect, Message, Opened, Trust};
use bulla::x509::{Authority, Credential, EmailAddress, Revocation, TrustAnchors};
use bulla::{ErrorKind, KeyKind, PrivateKey};

const LETTER: &str = "From: Alice <alice@example.org>\r\nTo: bob@example.org\r\nSubject: Greetings\r\n\
    Content-Type: text/plain\r\n\r\nDear Bob,\r\n";

/// A key, and a certificate for an address.
fn credential(ca: &Authority, address: &EmailAddress) -> bulla::Result<Credential> {
    let key = PrivateKey::generate(KeyKind::P256)?;
    let certificate = ca.email(key.public(), std::slice::from_ref(address))?.sign()?;
    Credential::new(key, [certificate])
}

fn main() -> bulla::Result<()> {
    let (alice, bob) = ("alice@example.org".parse()?, "bob@example.org".parse()?);
    let ca = Authority::root(&"CN=Example CA".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
    let (alices, bobs) = (credential(&ca, &alice)?, credential(&ca, &bob)?);

    // Whom one trusts, and what it means if nobody knows whether a certificate is revoked.
    let anchors = TrustAnchors::new([ca.certificate().clone()])?;
    let trust = Trust::new(&anchors, Revocation::IfGiven);

    // Alice signs, and encrypts to the owner of a certificate that is trusted for Bob's address, and for no other.
    let to_bob = Addressees::one(bobs.certificate(), &bob, &trust)?;
    assert!(Addressees::one(bobs.certificate(), &alice, &trust).is_err());
    let sent = Entity::parse(LETTER)?.sign(&alices)?.encrypt(&to_bob)?.into_bytes();
    println!("{}", String::from_utf8_lossy(sent.get(..300).unwrap_or_default()));

    // For others it does not open.
    let Message::Enveloped(sealed) = Message::parse(sent)? else { panic!("it was encrypted") };
    let opened = sealed.clone().open(&alices).map(drop);
    assert_eq!(opened.map_err(|error| error.kind()), Err(ErrorKind::NoKeyFits));

    // Bob opens it, and says whom he expects: the content is there when that was verified.
    let Opened::Signed(signed) = sealed.open(&bobs)? else { panic!("it was signed") };
    let as_bobs = signed.clone().verify(&trust, Expect::Address(&bob)).map(drop);
    assert_eq!(as_bobs.map_err(|error| error.kind()), Err(ErrorKind::WrongName));
    let letter = signed.verify(&trust, Expect::Address(&alice))?;
    assert_eq!(letter.get().body(), b"Dear Bob,\r\n");
    println!("signed by {:?}", letter.by().addresses());
    Ok(())
}
