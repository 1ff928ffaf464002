//! S/MIME with other programs, both ways: every algorithm that both have.
#![cfg(feature = "smime")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic, and its numbers are small"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;
#[path = "support/rewrite.rs"]
mod rewrite;

mod smime_interop {
    mod ber;
    pub(crate) mod bouncycastle;
    pub(crate) mod cells;
    pub(crate) mod gpgsm;
    pub(crate) mod lab;
    pub(crate) mod mail;
    pub(crate) mod matrix;
    pub(crate) mod nss;
    pub(crate) mod openssl;
    pub(crate) mod ours;
    pub(crate) mod peer;
}

use std::io::Write;

use smime_interop::cells::{Cell, Form, Hash, Scheme, all};
use smime_interop::lab::Lab;
use smime_interop::mail::{cms, pkcs7_mime};
use smime_interop::matrix::{self, Tried};
use smime_interop::ours::Bulla;
use smime_interop::peer::Peer;
use smime_interop::{bouncycastle::BouncyCastle, gpgsm::Gpgsm, nss::Nss, openssl::OpenSsl};

/// How many there are with bulla on one side.
const CELLS: usize = 300;

/// Those that are there.
fn peers(lab: &Lab) -> Vec<Box<dyn Peer>> {
    fn boxed(peer: Option<impl Peer + 'static>) -> Option<Box<dyn Peer>> {
        let peer = peer?;
        Some(Box::new(peer))
    }
    let all = [
        boxed(OpenSsl::new(lab, false)),
        boxed(OpenSsl::new(lab, true)),
        boxed(Gpgsm::new(lab)),
        boxed(Nss::new(lab)),
        boxed(BouncyCastle::new(lab)),
    ];
    all.into_iter().flatten().collect()
}

/// Not `println!`: the test runner keeps that to itself when a test passes.
fn show(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// Each peer in a thread of its own, both ways.
fn with_all(lab: &Lab, peers: Vec<Box<dyn Peer>>) -> Vec<Tried> {
    let both_ways = |mut peer: Box<dyn Peer>| {
        let mut bulla = Bulla::new(lab);
        let mut tried = matrix::one_way(&mut *peer, &mut bulla);
        tried.extend(matrix::one_way(&mut bulla, &mut *peer));
        tried
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = peers.into_iter().map(|peer| scope.spawn(|| both_ways(peer))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn every_algorithm_that_both_have_goes_both_ways() {
    let lab = Lab::new();
    let peers = peers(&lab);
    let all = peers.len() == 5;
    let tried = with_all(&lab, peers);
    show(&matrix::table("bulla", &tried));
    let failures = matrix::failures(&tried);
    assert!(failures.is_empty(), "{failures}");
    assert!(!all || tried.len() >= CELLS, "{} cells", tried.len());
}

/// That the peers are asked rightly: what one makes, another reads.
#[test]
#[ignore = "tries the peers, not bulla, in a minute: run it when one of them, or how it is asked, changes"]
fn the_peers_read_each_other() {
    let lab = Lab::new();
    let mut peers = peers(&lab);
    let mut tried = Vec::new();
    for at in 0..peers.len() {
        let (before, from) = peers.split_at_mut(at);
        for other in before {
            tried.extend(matrix::one_way(&mut **other, &mut *from[0]));
            tried.extend(matrix::one_way(&mut *from[0], &mut **other));
        }
    }
    // gpgsm does not read content of a length that is said within one whose length is not, as BouncyCastle writes it.
    let is_known = |one: &Tried| {
        one.taker == "gpgsm" && one.maker == "bouncycastle" && matches!(one.cell, Cell::Sealed(..))
    };
    tried.retain(|one| !is_known(one));
    show(&format!("{} cells among the peers\n", tried.len()));
    let failures = matrix::failures(&tried);
    assert!(failures.is_empty(), "{failures}");
}

/// Ciphers of old, for which openssl has to be asked, too.
#[test]
fn what_openssl_seals_in_old_ciphers_opens_as_malleable_and_only_where_old_mail_is_read() {
    let lab = Lab::new();
    let Some(openssl) = OpenSsl::new(&lab, false) else { return };
    let bulla = Bulla::new(&lab);
    let content = matrix::content(1);
    for (cipher, whom) in [
        ("rc2-40", "rsa2048"),
        ("rc2-64", "rsa2048"),
        ("rc2-128", "rsa2048"),
        ("des3", "rsa2048"),
        // Here the key is wrapped with triple DES, too (RFC 3217).
        ("des3", "p256"),
        ("des3", "p521"),
    ] {
        let mail = openssl.encrypt_as_of_old(cipher, whom, &content).unwrap();
        let error = bulla.open_as_of_old(whom, &mail, false).unwrap_err();
        assert!(error.contains("its cipher is broken today"), "{cipher} {whom}: {error}");
        assert_eq!(bulla.open_as_of_old(whom, &mail, true), Ok(content.clone()), "{cipher} {whom}");
    }
}

/// The same mail with a byte of its content, or of its ciphertext, changed.
fn changed(cell: Cell, mail: &[u8]) -> Vec<u8> {
    let swap = |bytes: &[u8]| {
        let at = bytes.windows(5).position(|window| window == b"quick").unwrap();
        [&bytes[..at], b"quack", &bytes[at + 5..]].concat()
    };
    match cell {
        Cell::Signed(_, Form::Detached) => swap(mail),
        Cell::Signed(_, Form::Opaque) => pkcs7_mime("signed-data", &swap(&cms(mail).unwrap())),
        Cell::Sealed(cipher, _) => {
            let mut der = cms(mail).unwrap();
            let middle = der.len() - 120; // the content is longer than that, and ends with less than half of it
            der[middle] ^= 1;
            pkcs7_mime(if cipher.has_tag() { "authEnveloped-data" } else { "enveloped-data" }, &der)
        }
        Cell::Compressed => mail.to_vec(),
    }
}

/// A mail in each form, signed in the way that all can check.
fn signed(mut by: OpenSsl) -> [(Scheme, Form, Vec<u8>); 2] {
    let scheme = Scheme::RsaPkcs1(Hash::Sha256);
    let content = matrix::content(1);
    [Form::Detached, Form::Opaque].map(|form| (scheme, form, by.sign(scheme, form, &content).unwrap()))
}

/// That a peer's yes means something.
#[test]
fn no_peer_takes_what_was_changed_or_signed_by_a_stranger() {
    let by_stranger: Vec<_> = OpenSsl::new(&Lab::new(), false).map(signed).into_iter().flatten().collect();
    let lab = Lab::new();
    for mut peer in peers(&lab) {
        let both = all().into_iter().filter(|cell| peer.makes(*cell) && peer.takes(*cell));
        let cells: Vec<Cell> = both.filter(|cell| *cell != Cell::Compressed).step_by(7).collect();
        assert!(cells.len() > 1, "{} has no cells", peer.name());
        for cell in cells {
            let content = matrix::content(1);
            let mail = peer.make(cell, &content).unwrap();
            assert_eq!(peer.take(cell, &mail), Ok(content.clone()), "{cell} by {}", peer.name());
            let taken = peer.take(cell, &changed(cell, &mail));
            // Without a tag, changed content may come out; this is why bulla signs it before.
            let refused = match cell {
                Cell::Sealed(cipher, _) if !cipher.has_tag() => taken.as_ref() != Ok(&content),
                _ => taken.is_err(),
            };
            assert!(refused, "{cell} by {}: {taken:?}", peer.name());
        }
        for (scheme, form, mail) in &by_stranger {
            let taken = peer.verify(*scheme, *form, mail);
            assert!(taken.is_err(), "{form:?} by a stranger, with {}: {taken:?}", peer.name());
        }
    }
}
