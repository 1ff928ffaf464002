//! Whatever is changed in a signed or sealed mail: never a success with another content, never a panic.
#![cfg(feature = "smime")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic"
)]

#[path = "support/cms.rs"] // rustfmt would look for support::cms elsewhere
mod cms;
#[path = "support/mail.rs"]
mod mail;
#[path = "revocation/make.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod make;

use std::sync::LazyLock;

use bulla::smime::{Examination, Expect, Message, Opened, Opening, Signing, Verification};
use bulla::x509::Credential;
use cms::Key;
use mail::{CONTENT, Lab};
use proptest::prelude::*;
use proptest::sample::Index;

/// Mails of each kind, and what opens them.
struct Specimens {
    lab: Lab,
    key: Key,
    detached: Vec<u8>,
    opaque: Vec<u8>,
    sealed: Vec<u8>,
    /// In CBC, with a signature inside.
    enveloped: Vec<u8>,
}

static SPECIMENS: LazyLock<Specimens> = LazyLock::new(|| {
    let (lab, key) = (Lab::new(), Key::generate());
    let bob: Credential = lab.bob();
    let detached = Signing::by(&bob).entity(&mail::letter()).unwrap().into_bytes();
    let opaque = Signing::by(&bob).opaque().entity(&mail::letter()).unwrap().into_bytes();
    let sealed = mail::letter().encrypt(&bulla::smime::Addressees::key(&key)).unwrap().into_bytes();
    let enveloped = cms::Enveloped::cbc(&key, &opaque).mail();
    Specimens { lab, key, detached, opaque, sealed, enveloped }
});

impl Specimens {
    /// Whether a mail verifies; then what comes out is what was signed.
    fn verifies(&self, mail: &[u8]) -> bool {
        let trust = self.lab.trust();
        match Verification::new(&trust, Expect::AnyTrustedSigner).bytes(mail) {
            Ok(verified) => {
                assert_eq!(verified.get().as_bytes(), CONTENT);
                true
            }
            Err(_) => false,
        }
    }

    /// Whether a mail opens; then what comes out is what was sealed, or it is malleable.
    fn opens(&self, mail: &[u8]) -> bool {
        match Opening::with_key(&self.key).bytes(mail) {
            Ok(Opened::Plain(entity)) => {
                assert_eq!(entity.as_bytes(), CONTENT);
                true
            }
            Ok(Opened::Signed(signed)) => self.verifies(signed.as_bytes()),
            Ok(Opened::Malleable(_)) | Err(_) => false,
        }
    }

    /// Everything that takes a mail.
    fn looked_at(&self, mail: &[u8]) {
        let _ = self.verifies(mail);
        let _ = self.opens(mail);
        let _ = Message::parse(mail);
        let (trust, opening) = (self.lab.trust(), Opening::with_key(&self.key));
        let examination = Examination::new().opening(&opening).trust(&trust, Expect::AnyTrustedSigner);
        if let Ok(report) = examination.bytes(mail) {
            assert!(report.layers().len() <= 9);
            let _ = report.to_string();
        }
    }
}

/// Every byte of an object in every of a few ways.
fn each_byte(object: &[u8], mut judge: impl FnMut(&[u8]) -> bool) -> usize {
    let mut held = 0;
    for at in 0..object.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = object.to_vec();
            changed[at] ^= change;
            held += usize::from(judge(&changed));
        }
    }
    held
}

#[test]
fn no_byte_of_a_mail_in_two_parts_can_be_changed_so_that_another_content_verifies() {
    let specimens = &*SPECIMENS;
    assert!(specimens.verifies(&specimens.detached));
    let held = each_byte(&specimens.detached, |mail| specimens.verifies(mail));
    assert!(held > 0, "fields of the message may change");
}

#[test]
fn no_byte_of_an_opaque_object_can_be_changed_so_that_another_content_verifies() {
    let specimens = &*SPECIMENS;
    let object = cms::object_of(&specimens.opaque);
    assert!(specimens.verifies(&cms::mail(&object)));
    each_byte(&object, |object| specimens.verifies(&cms::mail(object)));
}

#[test]
fn no_byte_of_a_sealed_object_can_be_changed_so_that_another_content_opens() {
    let specimens = &*SPECIMENS;
    let object = cms::object_of(&specimens.sealed);
    assert!(specimens.opens(&cms::mail(&object)));
    let held = each_byte(&object, |object| specimens.opens(&cms::mail(object)));
    // The identifiers of an algorithm, lengths, nonce, key, text and tag: all of it is needed as it is.
    assert_eq!(held, 0);
}

#[test]
fn no_byte_of_a_signed_mail_in_cbc_can_be_changed_so_that_another_content_verifies() {
    let specimens = &*SPECIMENS;
    let object = cms::object_of(&specimens.enveloped);
    assert!(specimens.opens(&cms::mail(&object)));
    each_byte(&object, |object| specimens.opens(&cms::mail(object)));
}

#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Copy(Index, Index, usize),
    Truncate(Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1).min(bytes.len());
        match self {
            Change::Set(index, byte) if !bytes.is_empty() => {
                let at = index.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Set(..) => {}
            Change::Insert(index, more) => {
                let at = at(index, bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Remove(index, count) => {
                let at = at(index, bytes);
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Change::Copy(from, into, count) => {
                let (from, into) = (at(from, bytes), at(into, bytes));
                let part = bytes[from..(from + count).min(bytes.len())].to_vec();
                bytes.splice(into..into, part);
            }
            Change::Truncate(index) => {
                let at = at(index, bytes);
                bytes.truncate(at);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    let lines = [
        &b"\r\n"[..],
        b"--xyz\r\n",
        b"--xyz--\r\n",
        b"Content-Type: text/html\r\n",
        b"\0\0",
        b"\x30\x80",
        b"\x24\x80",
    ];
    prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (index(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, more)| Change::Insert(at, more)),
        2 => (index(), prop::sample::select(lines.map(<[u8]>::to_vec).to_vec())).prop_map(|(at, more)| Change::Insert(at, more)),
        2 => (index(), 1..60usize).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (index(), index(), 1..400usize).prop_map(|(from, into, count)| Change::Copy(from, into, count)),
        1 => index().prop_map(Change::Truncate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_to_a_mail_give_what_was_signed_or_sealed_or_an_error(
        which in 0..4usize,
        as_object in any::<bool>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let specimens = &*SPECIMENS;
        let all = [&specimens.detached, &specimens.opaque, &specimens.sealed, &specimens.enveloped];
        let mut bytes = if as_object && which > 0 { cms::object_of(all[which]) } else { all[which].clone() };
        changes.iter().for_each(|change| change.apply(&mut bytes));
        specimens.looked_at(&bytes);
    }

    #[test]
    fn no_bytes_at_all_make_anything_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let specimens = &*SPECIMENS;
        specimens.looked_at(&bytes);
        specimens.looked_at(&cms::mail(&bytes));
        specimens.looked_at(&cms::in_two_parts(&bytes, &bytes));
        specimens.looked_at(&[&[0x30, 0x80][..], &bytes].concat());
    }
}
