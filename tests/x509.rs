//! Certificates: what is issued, requested and shown, what is refused, and what other programs make of it.
#![cfg(feature = "x509")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic"
)]

#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;

#[path = "support/published.rs"]
mod published;

mod x509 {
    pub(crate) mod bench;
    mod bounds;
    mod credentials;
    mod issuing;
    mod openssl;
    mod others;
    mod post_quantum;
    mod python;
    pub(crate) mod requests;
    mod showing;
}

use x509::{bench, requests};

use bulla::x509::{Authority, Credential, Name};
use bulla::{ErrorKind, KeyKind, PrivateKey, Result};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn key() -> PrivateKey {
    PrivateKey::generate(KeyKind::P256).unwrap()
}

fn root() -> Authority {
    Authority::root(&name("CN=Root,O=Example"), key()).unwrap()
}

/// An authority below another, of any kind of key.
fn below(above: &Authority, text: &str, key: PrivateKey, path_length: u32) -> Authority {
    let issued = above.intermediate(&name(text), key.public(), path_length).unwrap().sign().unwrap();
    let chain = std::iter::once(issued).chain(above.credential().chain().iter().cloned());
    Authority::new(Credential::new(key, chain).unwrap()).unwrap()
}

/// Asserts that a call is refused as wrong, with these words in the reason.
#[track_caller]
fn refused<T>(result: Result<T>, words: &str) {
    let Err(error) = result else { panic!("not refused; `{words}` was expected") };
    assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}
