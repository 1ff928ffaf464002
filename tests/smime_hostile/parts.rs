//! Signed mail in parts that one reader takes otherwise than another: refused, or what was signed comes out.
use bulla::ErrorKind;
use bulla::smime::{Entity, Expect, Message, Verification};

use crate::cms::{Signed, SignerInfo, attribute, attributes, base64, in_two_parts, number};
use crate::mail::{CONTENT, Lab, refused};
use crate::make::tlv;

struct Case {
    lab: Lab,
    mail: String,
}

fn case() -> Case {
    let lab = Lab::new();
    let bob = lab.bob();
    let signature = Signed::detached(CONTENT, &SignerInfo::new(&bob, CONTENT)).der();
    Case { lab, mail: String::from_utf8(in_two_parts(CONTENT, &signature)).unwrap() }
}

impl Case {
    fn verify(&self, mail: &[u8]) -> bulla::Result<Vec<u8>> {
        let trust = self.lab.trust();
        let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(mail)?;
        Ok(verified.into_inner().into_bytes())
    }

    /// What comes of the mail when something in it is replaced.
    fn with(&self, from: &str, to: &str) -> Result<Vec<u8>, ErrorKind> {
        assert!(self.mail.contains(from), "{from}");
        self.verify(self.mail.replacen(from, to, 1).as_bytes()).map_err(|error| error.kind())
    }
}

#[test]
fn the_mail_that_is_changed_here_verifies() {
    let case = case();
    assert_eq!(case.verify(case.mail.as_bytes()).unwrap(), CONTENT);
}

#[test]
fn boundary_tricks_are_refused() {
    let case = case();
    let evil = "Content-Type: text/plain\r\n\r\nPay at once.\r\n";
    for (what, from, to) in [
        ("a part before", "--xyz\r\n", format!("--xyz\r\n{evil}\r\n--xyz\r\n")),
        ("a part after", "--xyz--", format!("--xyz\r\n{evil}\r\n--xyz--")),
        ("parts after the end", "--xyz--\r\n", format!("--xyz--\r\n--xyz\r\n{evil}\r\n--xyz--\r\n")),
        ("a line that begins as a boundary", "Dear Alice", "--xyzzy\r\nDear Alice".to_owned()),
        ("a boundary with a text after it", "--xyz\r\n", "--xyz and so on\r\n".to_owned()),
        ("no end", "--xyz--\r\n", String::new()),
        ("another boundary beside", "boundary=xyz", "boundary=abc; boundary=xyz".to_owned()),
        (
            "a boundary in two pieces beside",
            "boundary=xyz",
            "boundary=abc; boundary*0=xy; boundary*1=z".to_owned(),
        ),
        ("no boundary", " boundary=xyz;", String::new()),
        ("an empty boundary", "boundary=xyz", "boundary=\"\"".to_owned()),
        ("a boundary that is too long", "boundary=xyz", format!("boundary={}", "x".repeat(71))),
        ("a second type", "MIME-Version: 1.0", "Content-Type: text/html".to_owned()),
        ("an encoding over all", "MIME-Version: 1.0", "Content-Transfer-Encoding: base64".to_owned()),
    ] {
        assert_eq!(case.with(from, &to), Err(ErrorKind::Malformed), "{what}");
    }
}

#[test]
fn a_signature_part_that_is_none_is_refused() {
    let case = case();
    let its_type = "Content-Type: application/pkcs7-signature";
    for to in [
        "Content-Type: text/plain",
        "Content-Type: application/pgp-signature",
        "Content-Type: application/pkcs7-mime",
        "Content-Type: application/pkcs7-signature\r\nContent-Type: application/pkcs7-signature",
        "X-Nothing: at all",
    ] {
        assert_eq!(case.with(its_type, to), Err(ErrorKind::Malformed), "{to}");
    }
    assert_eq!(case.with("\r\n--xyz--", "\r\n!!!!\r\n--xyz--"), Err(ErrorKind::Malformed));
}

#[test]
fn a_mail_whose_protocol_is_another_is_no_signed_mail() {
    let case = case();
    for to in ["protocol=\"application/pgp-signature\"", "protocol=\"text/plain\"", "x=y"] {
        assert_eq!(
            case.with("protocol=\"application/pkcs7-signature\"", to),
            Err(ErrorKind::Unrecognised),
            "{to}"
        );
    }
}

#[test]
fn a_signed_part_that_was_moved_into_another_mail_is_what_comes_out() {
    // The whole signed mail becomes a part: it is no signed mail any more.
    let case = case();
    let (_, inner) = case.mail.split_once("MIME-Version: 1.0\r\n").unwrap();
    let mail = format!(
        "From: eve@example.org\r\nContent-Type: multipart/mixed; boundary=eve\r\n\r\n--eve\r\n\r\nPay at once.\r\n\
         --eve\r\n{inner}\r\n--eve--\r\n"
    );
    refused(case.verify(mail.as_bytes()), ErrorKind::Unrecognised);
    assert!(matches!(Message::parse(mail).unwrap(), Message::Plain(_)));
}

#[test]
fn a_field_of_the_message_can_be_changed_and_is_not_believed() {
    let case = case();
    let out = case.with("From: bob@example.org", "From: eve@example.org\r\nSubject: Pay at once").unwrap();
    assert_eq!(out, CONTENT);
}

#[test]
fn a_detached_signature_that_brings_its_own_content_is_refused() {
    // CVE-2018-18509: the signature is over what it brings, and the reader is shown the other part.
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let shown = b"Content-Type: text/plain\r\n\r\nPay at once.\r\n";
    for content in [shown.as_slice(), CONTENT] {
        // Of the same content, too: one of the two would be taken by each reader.
        let signature = Signed::opaque(CONTENT, &SignerInfo::new(&bob, CONTENT)).der();
        refused(verification.bytes(&in_two_parts(content, &signature)), ErrorKind::Malformed);
    }
    let mut empty = Signed::opaque(b"", &SignerInfo::new(&bob, CONTENT));
    empty.signers = vec![SignerInfo::new(&bob, CONTENT).der(CONTENT)];
    refused(verification.bytes(&in_two_parts(CONTENT, &empty.der())), ErrorKind::Malformed);
}

#[test]
fn an_opaque_mail_without_a_content_does_not_verify_whatever_is_round_it() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let object = Signed::detached(CONTENT, &SignerInfo::new(&bob, CONTENT)).der();
    let head = "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let mail = [head.as_bytes(), &base64(&object)].concat();
    refused(verification.bytes(&mail), ErrorKind::Usage);
}

#[test]
fn attributes_that_are_shown_as_a_content_are_refused() {
    // draft-ietf-lamps-cms-euf-cma-signeddata: the SET OF signed attributes becomes the content of a signer without any.
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let set = tlv(crate::cms::SET, &[&attributes(CONTENT).concat()]);
    let bare = SignerInfo { attributes: None, ..SignerInfo::new(&bob, &set) };
    refused(verification.bytes(&Signed::opaque(&set, &bare).mail()), ErrorKind::Unsupported);
    let bare = SignerInfo { attributes: None, ..SignerInfo::new(&bob, CONTENT) };
    refused(verification.bytes(&Signed::opaque(CONTENT, &bare).mail()), ErrorKind::Unsupported);
    let signature = Signed::detached(CONTENT, &bare).der();
    refused(verification.bytes(&in_two_parts(CONTENT, &signature)), ErrorKind::Unsupported);
}

#[test]
fn old_readers_refuse_a_bare_signature_over_attributes_too() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let set = tlv(crate::cms::SET, &[&attributes(CONTENT).concat()]);
    let bare = SignerInfo { attributes: None, ..SignerInfo::new(&bob, &set) };
    assert!(verification.legacy_bytes(&Signed::opaque(&set, &bare).mail()).is_err());
    // More of them than are read here: another program may have made them.
    let more = (0..70u8).map(|at| attribute(&format!("1.2.3.{at}"), &[&number(at)]));
    let set =
        tlv(crate::cms::SET, &[&attributes(CONTENT).into_iter().chain(more).collect::<Vec<_>>().concat()]);
    let bare = SignerInfo { attributes: None, ..SignerInfo::new(&bob, &set) };
    let mail = Signed::opaque(&set, &bare).mail();
    refused(verification.legacy_bytes(&mail), ErrorKind::Unauthentic);
}

#[test]
fn a_mail_that_is_signed_and_names_two_senders_has_none() {
    for field in
        ["a@example.org, b@example.org", "a@example.org <b@example.org>", "\"a@example.org\" <b@example.org>"]
    {
        let mail = format!("From: {field}\r\n\r\nhello\r\n");
        refused(Entity::parse(mail).unwrap().sender(), ErrorKind::Malformed);
    }
    let twice = "From: a@example.org\r\nFrom: b@example.org\r\n\r\nhello\r\n";
    refused(Entity::parse(twice).unwrap().sender(), ErrorKind::Malformed);
}

#[test]
fn a_bare_cr_in_a_header_or_a_line_that_is_no_field_is_refused() {
    let case = case();
    for to in ["From: bob@example.org\rContent-Type: text/html", "From bob@example.org"] {
        assert_eq!(case.with("From: bob@example.org", to), Err(ErrorKind::Malformed), "{to:?}");
    }
}
