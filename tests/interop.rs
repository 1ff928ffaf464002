//! Real peers, both ways: bulla opens what they seal, and they open what bulla seals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;

mod interop {
    mod age_and_rage;
    mod age_npm;
    pub(crate) mod holder;
    mod key_files;
    mod python_cobblestone;
    mod python_reader;
    mod ssh_keys;
}

use bulla::file::{Decryption, Encryption};
use bulla::{Format, Lock, Unlock};

/// Round age's chunks of 64 KiB, and more than three of them.
const AGE_SIZES: [usize; 6] = [0, 1, 65_535, 65_536, 65_537, 200_000];

/// Bytes that do not repeat, so that no chunk looks like another.
fn content(size: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}

fn age_seal(to: &(impl Lock + ?Sized), armor: bool, content: &[u8]) -> Vec<u8> {
    Encryption::to(to).format(Format::Age).armor(armor).bytes(content).unwrap()
}

/// Asserts that bulla opens a peer's age file, and that it is what was sealed.
fn assert_opens_age(with: &(impl Unlock + ?Sized), sealed: &[u8], content: &[u8]) {
    let (opened, about) = Decryption::with(with).bytes(sealed).unwrap();
    assert_eq!(about.format(), Format::Age);
    assert!(opened == content, "{} bytes came back as {} others", content.len(), opened.len());
}

/// Asserts that a peer opened what bulla sealed.
fn assert_opened(by_peer: Result<Vec<u8>, String>, content: &[u8]) {
    let opened = by_peer.unwrap();
    assert!(opened == content, "{} bytes came back as {} others", content.len(), opened.len());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
