//! Files and streams: of any length, whole or not at all.
use std::fs;
use std::io::{self, Read};

use bulla::ErrorKind;
use bulla::smime::{Addressees, Encryption, Expect, Opening, Signing, Verification};

use crate::cms::{Enveloped, Key};
use crate::mail::{CONTENT, LETTER, Lab, refused};

/// A mail of this many bytes and some.
fn long(bytes: usize) -> Vec<u8> {
    let mut mail = b"Subject: long\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    let mut line = 0u32;
    while mail.len() < bytes {
        mail.extend(format!("line {line} of a mail that does not end soon\r\n").bytes());
        line += 1;
    }
    mail
}

/// What is signed of [`long`].
fn content(mail: &[u8]) -> &[u8] {
    &mail[b"Subject: long\r\n".len()..]
}

/// A mail that never ends well.
struct Breaking<'a>(&'a [u8]);

impl Read for Breaking<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let most = out.len().min(1000);
        self.0.read(&mut out[..most])
    }
}

#[test]
fn a_mail_of_some_megabytes_is_signed_and_verified_as_a_stream() {
    let lab = Lab::new();
    let bob = lab.bob();
    let trust = lab.trust();
    for length in [(1 << 20) - 7, 3 << 20, 6 << 20] {
        let mail = long(length);
        for signing in [Signing::by(&bob), Signing::by(&bob).opaque()] {
            let (mut signed, mut out) = (Vec::new(), Vec::new());
            signing.stream(mail.as_slice(), &mut signed).unwrap();
            let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
            let verified = verification.stream(signed.as_slice(), &mut out).unwrap();
            assert!(out == content(&mail), "{length}");
            assert_eq!(*verified.get(), out.len() as u64);
        }
    }
}

#[test]
fn a_mail_of_some_megabytes_is_encrypted_and_opened_as_a_stream() {
    let key = Key::generate();
    let to = Addressees::key(&key);
    for length in [(1 << 20) - 7, 3 << 20] {
        let mail = long(length);
        let (mut sealed, mut out) = (Vec::new(), Vec::new());
        Encryption::to(&to).stream(mail.as_slice(), &mut sealed).unwrap();
        let count = Opening::with_key(&key).stream(sealed.as_slice(), &mut out).unwrap();
        assert!(out == content(&mail), "{length}");
        assert_eq!(count.length(), out.len() as u64);
    }
}

#[test]
fn a_long_mail_that_lost_its_last_byte_or_was_changed_at_its_end_writes_nothing() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let (trust, to, mail) = (lab.trust(), Addressees::key(&key), long(2 << 20));
    let (mut signed, mut sealed) = (Vec::new(), Vec::new());
    Signing::by(&bob).stream(mail.as_slice(), &mut signed).unwrap();
    Encryption::to(&to).stream(mail.as_slice(), &mut sealed).unwrap();
    let at = signed.windows(4).rposition(|window| window == b"soon").unwrap();
    signed[at] ^= 1;
    let mut out = Vec::new();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    refused(verification.stream(signed.as_slice(), &mut out), ErrorKind::Unauthentic);
    for cut in [5, 100, 1 << 20] {
        let cut = &sealed[..sealed.len() - cut];
        assert!(Opening::with_key(&key).stream(cut, &mut out).is_err());
    }
    let middle = sealed.len() / 2;
    sealed[middle] = if sealed[middle] == b'A' { b'B' } else { b'A' };
    assert!(Opening::with_key(&key).stream(sealed.as_slice(), &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn an_input_that_breaks_off_writes_nothing_and_says_so() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let (trust, to) = (lab.trust(), Addressees::key(&key));
    let (mut signed, mut sealed) = (Vec::new(), Vec::new());
    Signing::by(&bob).stream(LETTER, &mut signed).unwrap();
    Encryption::to(&to).stream(LETTER, &mut sealed).unwrap();
    let mut out = Vec::new();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let half = signed.len() / 2;
    refused(verification.stream(Breaking(&signed[..half]), &mut out), ErrorKind::Io);
    let half = sealed.len() / 2;
    refused(Opening::with_key(&key).stream(Breaking(&sealed[..half]), &mut out), ErrorKind::Io);
    assert!(out.is_empty());
}

#[test]
fn files_go_through_all_four_and_come_out_whole() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let (trust, to) = (lab.trust(), Addressees::key(&key));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("letter"), LETTER).unwrap();
    Signing::by(&bob).file(at("letter"), at("signed")).unwrap();
    Encryption::to(&to).file(at("signed"), at("sealed")).unwrap();
    Opening::with_key(&key).file(at("sealed"), at("opened")).unwrap();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    let verified = verification.file(at("opened"), at("verified")).unwrap();
    assert_eq!(verified.get(), &at("verified"));
    assert_eq!(fs::read(at("verified")).unwrap(), CONTENT);
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_that_is_said() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let (trust, to) = (lab.trust(), Addressees::key(&key));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("letter"), LETTER).unwrap();
    fs::write(at("there"), "mine").unwrap();
    Signing::by(&bob).file(at("letter"), at("signed")).unwrap();
    Encryption::to(&to).file(at("letter"), at("sealed")).unwrap();
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner);
    refused(Signing::by(&bob).file(at("letter"), at("there")), ErrorKind::Exists);
    refused(Encryption::to(&to).file(at("letter"), at("there")), ErrorKind::Exists);
    refused(Opening::with_key(&key).file(at("sealed"), at("there")), ErrorKind::Exists);
    refused(verification.file(at("signed"), at("there")), ErrorKind::Exists);
    assert_eq!(fs::read(at("there")).unwrap(), b"mine");
    Opening::with_key(&key).overwrite(true).file(at("sealed"), at("there")).unwrap();
    assert_eq!(fs::read(at("there")).unwrap(), CONTENT);
    Signing::by(&bob).overwrite(true).file(at("letter"), at("there")).unwrap();
    let _ = verification.clone().overwrite(true).file(at("there"), at("there")).unwrap();
    assert_eq!(fs::read(at("there")).unwrap(), CONTENT);
    Encryption::to(&to).overwrite(true).file(at("letter"), at("there")).unwrap();
    Opening::with_key(&key).overwrite(true).file(at("there"), at("there")).unwrap();
    assert_eq!(fs::read(at("there")).unwrap(), CONTENT);
}

#[test]
fn what_fails_leaves_no_file_behind_and_the_old_one_as_it_was() {
    let lab = Lab::new();
    let (bob, key) = (lab.bob(), Key::generate());
    let (trust, to) = (lab.trust(), Addressees::key(&key));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut sealed = Vec::new();
    Encryption::to(&to).stream(LETTER, &mut sealed).unwrap();
    let middle = sealed.len() - 40;
    sealed[middle] = if sealed[middle] == b'A' { b'B' } else { b'A' };
    fs::write(at("changed"), &sealed).unwrap();
    fs::write(at("malleable"), Enveloped::cbc(&key, CONTENT).mail()).unwrap();
    let mut forged = Vec::new();
    Signing::by(&bob).stream(LETTER, &mut forged).unwrap();
    let forged = String::from_utf8(forged).unwrap().replace("how are you", "who are you");
    fs::write(at("forged"), forged).unwrap();
    fs::write(at("old"), "mine").unwrap();
    let before = names(&at(""));
    let opening = Opening::with_key(&key).overwrite(true);
    let verification = Verification::new(&trust, Expect::AnyTrustedSigner).overwrite(true);
    for into in ["new", "old"] {
        refused(opening.file(at("changed"), at(into)), ErrorKind::Unauthentic);
        refused(opening.file(at("malleable"), at(into)), ErrorKind::Unauthentic);
        refused(verification.file(at("forged"), at(into)), ErrorKind::Unauthentic);
        refused(Encryption::to(&to).overwrite(true).file(at("absent"), at(into)), ErrorKind::Io);
    }
    assert_eq!(names(&at("")), before);
    assert_eq!(fs::read(at("old")).unwrap(), b"mine");
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A mail that is read, and how much of it was when the first byte of what is signed was written.
struct Watched<'a> {
    rest: &'a [u8],
    count: &'a std::cell::Cell<usize>,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(out)?;
        self.count.set(self.count.get() + count);
        Ok(count)
    }
}

struct FirstWrite<'a> {
    count: &'a std::cell::Cell<usize>,
    at: Option<usize>,
}

impl io::Write for FirstWrite<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.at.get_or_insert(self.count.get());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_plain_mail_is_signed_in_little_memory_wherever_its_first_part_ends() {
    const PEEK: usize = 4 << 20;
    let lab = Lab::new();
    let bob = lab.bob();
    let head = b"Content-Type: text/plain\r\n\r\n";
    // A blank, and the CR of a line, as the last byte that is looked at.
    for (line, last) in [(&b"some words\r\n"[..], b' '), (b"some words\r\n", b'\r'), (b"word \r\n", b' ')] {
        let is_there = |filling: &usize| line[(PEEK - 1 - head.len() - filling) % line.len()] == last;
        let filling = vec![b'x'; (0..line.len()).find(is_there).unwrap()];
        let mail = [&head[..], &filling, &line.repeat(3 * PEEK / (2 * line.len()))].concat();
        assert_eq!(mail[PEEK - 1], last);
        let count = std::cell::Cell::new(0);
        let mut into = FirstWrite { count: &count, at: None };
        Signing::by(&bob).stream(Watched { rest: &mail, count: &count }, &mut into).unwrap();
        let is_plain = line != b"word \r\n";
        assert_eq!(into.at.unwrap() < PEEK + (1 << 18), is_plain, "{:?} of {}", into.at, mail.len());
    }
}
