//! What a mail is taken for, in whichever form it comes.
use bulla::ErrorKind;
use bulla::smime::{Entity, Expect, Message, Signing};
use bulla::x509::Bundle;

use crate::cms::{self, Signed, SignerInfo, object_of};
use crate::mail::{CONTENT, Lab, letter, plain, refused};
use crate::make::{octets, sequence, tlv};

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let body = String::from_utf8(cms::base64(der)).unwrap();
    format!("-----BEGIN {label}-----\r\n{body}-----END {label}-----\r\n").into_bytes()
}

#[test]
fn a_mail_is_known_by_what_was_done_to_it() {
    let lab = Lab::new();
    let bob = lab.bob();
    let parse = |bytes: &[u8]| Message::parse(bytes).unwrap();
    assert!(matches!(parse(letter().as_bytes()), Message::Plain(entity) if entity == letter()));
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = signing.entity(&letter()).unwrap();
        let Message::Signed(signed) = parse(signed.as_bytes()) else { panic!("it is signed") };
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
    }
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap();
    let Message::Enveloped(sealed) = parse(sealed.as_bytes()) else { panic!("it is encrypted") };
    assert_eq!(plain(sealed.open(&bob)), CONTENT);
}

#[test]
fn an_object_without_a_mail_round_it_is_one_in_binary_base64_or_pem() {
    let lab = Lab::new();
    let bob = lab.bob();
    let signed = object_of(Signing::by(&bob).opaque().entity(&letter()).unwrap().as_bytes());
    for bare in [signed.clone(), cms::base64(&signed), pem("CMS", &signed), pem("PKCS7", &signed)] {
        let Message::Signed(signed) = Message::parse(bare).unwrap() else { panic!("it is signed") };
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert_eq!(verified.get().as_bytes(), CONTENT);
    }
    let sealed = object_of(letter().encrypt(&lab.to(&bob).modern()).unwrap().as_bytes());
    for bare in [sealed.clone(), cms::base64(&sealed), pem("CMS", &sealed)] {
        let Message::Enveloped(sealed) = Message::parse(bare).unwrap() else { panic!("it is encrypted") };
        assert_eq!(plain(sealed.open(&bob)), CONTENT);
    }
}

#[test]
fn old_names_of_the_types_are_known() {
    let lab = Lab::new();
    let bob = lab.bob();
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = String::from_utf8(signing.entity(&letter()).unwrap().into_bytes()).unwrap();
        let old = signed.replace("application/pkcs7-", "application/x-pkcs7-");
        let Message::Signed(signed) = Message::parse(old).unwrap() else { panic!("it is signed") };
        let _ = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    }
}

#[test]
fn certificates_alone_are_no_signed_mail() {
    let lab = Lab::new();
    let bob = lab.bob();
    let bundle = Bundle::new().with(bob.certificate()).to_der();
    let Message::Certificates(read) = Message::parse(cms::mail(&bundle)).unwrap() else {
        panic!("they are certificates")
    };
    assert_eq!(read.certificates_der().collect::<Vec<_>>(), [bob.certificate().as_der()]);
}

#[test]
fn a_content_that_nobody_signed_does_not_verify() {
    let lab = Lab::new();
    let bob = lab.bob();
    let mut signed = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT));
    signed.signers.clear();
    let Message::Signed(signed) = Message::parse(signed.mail()).unwrap() else { panic!("it has a content") };
    refused(signed.verify(&lab.trust(), Expect::AnyTrustedSigner), ErrorKind::Unauthentic);
}

/// CompressedData (RFC 3274) of a text that is compressed already.
pub(crate) fn compressed(content_type: &str, zlib: &[u8]) -> Vec<u8> {
    let content = sequence(&[&crate::make::oid(content_type), &tlv(0xa0, &[&octets(zlib)])]);
    let algorithm = cms::algorithm("1.2.840.113549.1.9.16.3.8");
    cms::content_info(cms::COMPRESSED_DATA, &sequence(&[&cms::number(0), &algorithm, &content]))
}

pub(crate) fn deflate(text: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    flate2::read::ZlibEncoder::new(text, flate2::Compression::best()).read_to_end(&mut out).unwrap();
    out
}

#[test]
fn compressed_mail_is_decompressed() {
    let mail = cms::mail(&compressed(cms::DATA, &deflate(CONTENT)));
    let Message::Compressed(compressed) = Message::parse(mail).unwrap() else { panic!("it is compressed") };
    assert_eq!(compressed.decompress().unwrap(), Entity::parse(CONTENT).unwrap());
}

#[test]
fn the_layers_of_a_triple_wrap_come_off_one_by_one() {
    let lab = Lab::new();
    let bob = lab.bob();
    let inner = letter().sign(&bob).unwrap();
    let sealed = inner.encrypt(&lab.to(&bob).modern()).unwrap();
    let outer = Entity::parse(sealed.into_bytes()).unwrap().sign(&bob).unwrap();
    let Message::Signed(outer) = Message::parse(outer.into_bytes()).unwrap() else { panic!("signed") };
    let inside = outer.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap().into_inner();
    let Message::Enveloped(sealed) = Message::of(inside).unwrap() else { panic!("encrypted") };
    let bulla::smime::Opened::Signed(inner) = sealed.open(&bob).unwrap() else { panic!("signed") };
    let verified = inner.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert_eq!(verified.get().as_bytes(), CONTENT);
}

#[test]
fn what_is_no_sound_mail_is_refused_and_not_taken_for_a_plain_one() {
    for text in [
        "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
        "Content-Type: application/pkcs7-mime\r\n\r\n",
        "Content-Type: application/pkcs7-mime; a=1; a=2\r\n\r\n",
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"\r\n\r\n--b--\r\n",
    ] {
        refused(Message::parse(text), ErrorKind::Malformed);
    }
}
