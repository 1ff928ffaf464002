//! Objects written anew in BER, as random as BER lets them be: bulla reads them as before, and as openssl writes them in DER.
use bulla::Passphrase;
use bulla::smime::{Examination, Expect, Message, Opened, Opening, Verification};

use super::cells::{Cell, Cipher, Curve, Form, Hash, Way, all};
use super::lab::{Lab, PASSWORD};
use super::mail::{cms, multipart_signed, pkcs7_mime, signed_parts};
use super::matrix;
use super::openssl::OpenSsl;
use super::ours::{Bulla, shared_key};
use super::peer::Peer;
use crate::rewrite::Rewriter;

/// A mail that somebody made: its object, and what that signs beside it.
struct Sample {
    cell: Cell,
    maker: &'static str,
    beside: Option<Vec<u8>>,
    object: Vec<u8>,
}

impl Sample {
    fn make(maker: &mut dyn Peer, cell: Cell) -> Self {
        let mail = maker.make(cell, &matrix::content(1)).unwrap();
        let maker = maker.name();
        match cell {
            Cell::Signed(_, Form::Detached) => {
                let (content, object) = signed_parts(&mail).unwrap();
                Sample { cell, maker, beside: Some(content), object }
            }
            _ => Sample { cell, maker, beside: None, object: cms(&mail).unwrap() },
        }
    }

    /// The mail, with another object.
    fn mail(&self, object: &[u8]) -> Vec<u8> {
        match &self.beside {
            Some(content) => multipart_signed("sha-256", content, object),
            None => pkcs7_mime("any", object),
        }
    }
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {}", self.cell, self.maker)
    }
}

/// What bulla says of a mail: what comes out of it and as what, or why nothing does; and for whom and by whom it is.
fn said(bulla: &Bulla, cell: Cell, mail: &[u8]) -> (String, Vec<u8>, String) {
    let trust = bulla.trust();
    let report = match Examination::new().trust(&trust, Expect::AnyTrustedSigner).bytes(mail) {
        Ok(report) => report.to_string(),
        Err(error) => error.to_string(),
    };
    let (how, content) = match cell {
        Cell::Signed(..) => match Verification::new(&trust, Expect::AnyTrustedSigner).bytes(mail) {
            Ok(verified) => (format!("signed by {:?}", verified.by()), verified.into_inner().into_bytes()),
            Err(error) => (error.to_string(), Vec::new()),
        },
        Cell::Sealed(_, way) => opened(bulla, way, mail),
        Cell::Compressed => match Message::parse(mail) {
            Ok(Message::Compressed(mail)) => {
                ("compressed".to_owned(), mail.decompress().unwrap().into_bytes())
            }
            other => (format!("{other:?}"), Vec::new()),
        },
    };
    (how, content, report)
}

fn opened(bulla: &Bulla, way: Way, mail: &[u8]) -> (String, Vec<u8>) {
    let passphrase = Passphrase::new(PASSWORD).unwrap();
    let key = if let Way::Kek(bits) = way { Some(shared_key(bits)) } else { None };
    let credential = way.whom().map(|who| bulla.credential(who));
    let opening = match (&credential, &key) {
        (Some(credential), _) => Opening::with(credential),
        (None, Some(key)) => Opening::with_key(key),
        (None, None) => Opening::with_passphrase(&passphrase),
    };
    match opening.bytes(mail) {
        Ok(Opened::Plain(entity)) => ("authentic".to_owned(), entity.into_bytes()),
        // The mail round it is written anew each time.
        Ok(Opened::Signed(signed)) => {
            let verified = signed.verify(&bulla.trust(), Expect::AnyTrustedSigner).unwrap();
            (format!("signed by {:?}", verified.by()), verified.into_inner().into_bytes())
        }
        Ok(Opened::Malleable(bytes)) => ("malleable".to_owned(), bytes.dangerous_into_bytes()),
        Err(error) => (error.to_string(), Vec::new()),
    }
}

/// All that bulla and openssl make.
fn samples(bulla: &mut Bulla, openssl: &mut OpenSsl) -> Vec<Sample> {
    let mut samples = Vec::new();
    for cell in all() {
        for maker in [&mut *bulla as &mut dyn Peer, openssl] {
            if maker.makes(cell) {
                samples.push(Sample::make(maker, cell));
            }
        }
    }
    samples
}

/// Comparisons at least.
const ENOUGH: usize = 200;

#[test]
fn an_object_written_anew_in_ber_says_what_it_said_and_what_openssl_makes_der_of_it_says() {
    let lab = Lab::new();
    let Some(mut openssl) = OpenSsl::new(&lab, false) else { return };
    let mut bulla = Bulla::new(&lab);
    let mut compared = 0;
    for (number, sample) in samples(&mut bulla, &mut openssl).iter().enumerate() {
        let of = |object: &[u8]| said(&bulla, sample.cell, &sample.mail(object));
        let want = of(&sample.object);
        assert!(!want.1.is_empty(), "{sample}: {}", want.0);
        let der = openssl.to_der(&sample.object).unwrap();
        assert_eq!(of(&der), want, "{sample}");
        for round in 0..2 {
            let mut rewriter = Rewriter::new(number as u64 * 1000 + round);
            rewriter.implicit = true;
            let ber = rewriter.rewrite(&der);
            assert_ne!(ber, der);
            assert_eq!(of(&ber), want, "{sample}, {round}");
            rewriter.for_openssl = true;
            let ber = rewriter.rewrite(&der);
            let again = openssl.to_der(&ber).unwrap();
            assert_eq!(of(&ber), want, "{sample}, {round}");
            // It orders attributes by bytes that it left in BER, and so not as they were signed.
            if !matches!(sample.cell, Cell::Signed(..)) {
                assert_eq!(of(&again), want, "{sample}, {round}");
            }
            rewriter.whole = false;
            let ber = rewriter.rewrite(&der);
            assert_eq!(of(&ber), want, "{sample}, {round}");
            assert!(openssl.to_der(&ber).unwrap() == der, "{sample}, {round}");
            compared += 2;
        }
    }
    assert!(compared > ENOUGH, "{compared}");
}

/// A few bytes changed, left out or put in, wherever it is.
fn mutated(rewriter: &mut Rewriter, object: &[u8]) -> Vec<u8> {
    let mut bytes = object.to_vec();
    for _ in 0..=rewriter.below(2) {
        let at = rewriter.below(bytes.len());
        match rewriter.below(8) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, rewriter.below(256) as u8),
            2 | 3 => bytes[at] ^= 1 << rewriter.below(8),
            _ => bytes[at] = rewriter.below(256) as u8,
        }
    }
    bytes
}

#[test]
fn of_what_was_changed_bulla_and_openssl_say_the_same_content_if_both_say_any() {
    let lab = Lab::new();
    let Some(mut openssl) = OpenSsl::new(&lab, false) else { return };
    let bulla = Bulla::new(&lab);
    let (mut tried, mut agreed) = (0, 0);
    // In CBC, where nothing shows a change: what comes out is for comparing.
    let ways = [Way::Kek(256), Way::Kek(128), Way::Ecdh(Curve::P256, Hash::Sha256)];
    for (number, way) in ways.into_iter().enumerate() {
        let sample = Sample::make(&mut openssl, Cell::Sealed(Cipher::Cbc(256), way));
        let mut rewriter = Rewriter::new(77_000 + number as u64);
        (rewriter.implicit, rewriter.for_openssl) = (true, true);
        let der = openssl.to_der(&sample.object).unwrap();
        for _ in 0..150 {
            let ber = rewriter.rewrite(&der);
            let changed = mutated(&mut rewriter, &ber);
            let (how, content) = opened(&bulla, way, &sample.mail(&changed));
            tried += 1;
            let Ok(theirs) = openssl.content(way, &changed) else { continue };
            if !content.is_empty() {
                assert_eq!(theirs, content, "{sample}: {how}: {changed:02x?}");
                agreed += 1;
            }
        }
    }
    assert!(tried > ENOUGH && agreed > ENOUGH / 2, "{agreed} of {tried}");
}
