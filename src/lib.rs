//! bulla: encryption that cannot be held wrong.
//!
//! A *bulla* was the clay envelope closed round a document and stamped with a seal: to read it one had to break it, and
//! a broken one showed.
//!
//! ```
//! # let dir = tempfile::tempdir()?;
//! # let at = |name: &str| dir.path().join(name);
//! # std::fs::write(at("letter.txt"), "Dear Bob")?;
//! let bob = bulla::Identity::generate();           // Bob keeps this
//! let recipient = bob.recipient();                 // and gives you this
//!
//! bulla::encrypt_file(&recipient, at("letter.txt"), at("letter.bulla"))?;
//! bulla::decrypt_file(&bob, at("letter.bulla"), at("letter.again"))?;
//! # assert_eq!(std::fs::read(at("letter.again"))?, b"Dear Bob");
//! # Ok::<(), bulla::Error>(())
//! ```
//!
//! - A caller says *who may open it* and *what it is for*; the format fixes the rest. Nothing takes a nonce, a mode or
//!   the name of an algorithm.
//! - Nothing is handed out before it is authentic, and a file appears whole or not at all.
//! - Secrets are wiped, compare in constant time, and are shown only by methods named `expose_…`.
//!
//! One locks with a [`Key`], [`Keyring`], [`Passphrase`], [`Recipient`] or [`Recipients`], and unlocks with a [`Key`],
//! [`Keyring`], [`Passphrase`], [`Identity`] or several. See [`mod@file`] for streams, contexts, padding, metadata,
//! directories, random access, and changing who may open a file.
//!
//! Certificates are in [`mod@x509`]: read, requested, issued, and trusted only for a stated purpose and name.
//!
//! ```
//! # #[cfg(feature = "x509")] {
//! use bulla::x509::{Authority, EmailAddress, Mailbox, Purpose, Revocation, TrustAnchors, Validation};
//! use bulla::{KeyKind, PrivateKey};
//! let root = Authority::root(&"CN=Example Root".parse()?, PrivateKey::generate(KeyKind::P384)?)?;
//! let bob = PrivateKey::generate(KeyKind::P256)?;
//! let address: EmailAddress = "bob@example.org".parse()?;
//! let certificate = root.email(bob.public(), &[address.clone()])?.sign()?;
//!
//! let trust = TrustAnchors::new([root.certificate().clone()])?;
//! let whom = Purpose::EmailSigner(Mailbox::Of(&address));
//! let verified = Validation::new(whom, Revocation::Off).validate(&certificate, &trust)?;
//! assert_eq!(verified.get(), &certificate);
//! # }
//! # Ok::<(), bulla::Error>(())
//! ```
//!
//! Mail is in [`mod@smime`]: signed by a credential, encrypted to addressees whose certificates were checked, and read only when
//! it was opened and verified.
//!
//! ```
//! # #[cfg(feature = "smime")] {
//! use bulla::smime::{Addressees, Entity, Expect, Opened, Trust};
//! use bulla::x509::{Authority, Credential, EmailAddress, Revocation, TrustAnchors};
//! use bulla::{KeyKind, PrivateKey};
//! let ca = Authority::root(&"CN=Example CA".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
//! let of = |address: &EmailAddress| {
//!     let key = PrivateKey::generate(KeyKind::P256)?;
//!     let certificate = ca.email(key.public(), &[address.clone()])?.sign()?;
//!     Credential::new(key, [certificate])
//! };
//! let (alice, bob): (EmailAddress, EmailAddress) = ("alice@example.org".parse()?, "bob@example.org".parse()?);
//! let (alices, bobs) = (of(&alice)?, of(&bob)?);
//! let anchors = TrustAnchors::new([ca.certificate().clone()])?;
//! let trust = Trust::new(&anchors, Revocation::IfGiven);
//!
//! let to_bob = Addressees::one(bobs.certificate(), &bob, &trust)?;
//! let mail = Entity::parse(&b"Subject: Greetings\r\nContent-Type: text/plain\r\n\r\nDear Bob,\r\n"[..])?;
//! let sent = mail.sign(&alices)?.encrypt(&to_bob)?;
//!
//! let Opened::Signed(signed) = sent.open(&bobs)? else { panic!("it was signed") };
//! let letter = signed.verify(&trust, Expect::Address(&alice))?;
//! assert_eq!(letter.get().body(), b"Dear Bob,\r\n");
//! # }
//! # Ok::<(), bulla::Error>(())
//! ```
//!
//! Web sessions are in [`mod@cookie`]: tokens that carry typed claims, with their end inside the signature, and count in one place
//! and for one purpose.
//!
//! ```
//! # #[cfg(feature = "cookie")] {
//! use bulla::cookie::{Claims, Lifetime, Scope, Subject, TokenKeys, Tokens};
//! use bulla::{Time, TokenKeyring};
//! use serde::{Deserialize, Serialize};
//! use std::time::Duration;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Login {
//!     user: u64,
//! }
//! const HOUR: Duration = Duration::from_secs(3600);
//! impl Claims for Login {
//!     const PURPOSE: &'static str = "login";
//!     const LIFETIME: Lifetime = Lifetime::new(HOUR, Duration::from_secs(12 * 3600)); // idle, absolute
//!     fn subject(&self) -> Option<Subject> {
//!         Some(Subject::of(self.user.to_be_bytes()))
//!     }
//! }
//!
//! let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR * 24, Time::now())?);
//! let tokens = Tokens::<Login>::new(&keys, Scope::new("__Host-session")?)?;
//! let token = tokens.issue(&Login { user: 7 })?;
//! assert_eq!(tokens.accept(token.expose_text())?.get().user, 7);
//! # }
//! # Ok::<(), bulla::Error>(())
//! ```
//!
//! | feature | what it adds |
//! |---|---|
//! | `cookie` (default) | web sessions |
//! | `file` (default) | the file face |
//! | `x509` (default) | certificates |
//! | `smime` (default) | mail |
//! | `legacy-cookies` | old tokens of M2Crypto, itsdangerous and Django, read to issue new ones |
//! | `system-roots` | trust whom the system trusts |
//! | `mozilla-roots` | trust whom Mozilla trusts for web servers |
//! | `cli` | the command `bulla` |
//! | `object_store` | the same files in S3-like stores |
//! | `opaque` | passwords over TLS that the server never sees |
//! | `redb` | what sessions keep on the server, in a file of one host |
//! | `sqlite` | users and their passwords in a file of SQLite's, for several processes (C) |
//! | `redis` | revocations, a store and keyrings that many hosts share by Redis |
//! | `pkcs11` | keys on smart cards and tokens |
//! | `tls` | TLS connections, by rustls over AWS-LC (C and assembler) |
//! | `tokio` | TLS over tokio's sockets |
//! | `tower` | sessions in cookies, as a layer round services over `http` |
//! | `axum` | sessions as extractors |
//! | `metrics` | sessions counted and timed through the crate `metrics` |
//! | `aws-lc` | speed: ECDSA and ECDH on the NIST curves, and checking RSA's signatures, by AWS-LC (C and assembler) instead of RustCrypto |
#![forbid(unsafe_code)]
// In tests a panic is the point, and lengths are small.
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice))]

#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
mod clock;
mod error;
mod limits;
#[cfg(any(feature = "file", feature = "smime"))]
mod new_file;
mod secret;
#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
mod verified;

#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
mod encoding;
#[cfg(any(feature = "cookie", feature = "file", feature = "smime"))]
mod formats;
#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
mod keys;
#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
mod primitives;

#[cfg(any(
    all(feature = "file", any(feature = "cookie", feature = "tls")),
    feature = "metrics",
    feature = "object_store",
    feature = "pkcs11",
    feature = "redb",
    feature = "sqlite",
    feature = "tokio",
    feature = "tower"
))]
pub mod adapters;
#[cfg(feature = "cookie")]
pub mod cookie;
#[cfg(feature = "file")]
pub mod file;
#[cfg(feature = "smime")]
pub mod smime;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "x509")]
pub mod x509;

#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
pub use clock::Time;
#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
pub use encoding::plain::one_line;
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "file")]
pub use file::{Authenticity, Format, Padding, decrypt, decrypt_file, encrypt, encrypt_file};
#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
pub use keys::{
    Decryption, Digest, Fingerprint, Identity, KdfCost, KdfLimits, Key, KeyId, KeyKind, Keyring, Lock,
    Passphrase, PrivateKey, PublicKey, Recipient, Recipients, RemoteKey, SignatureAlgorithm, ToDecrypt,
    ToSign, Unlock, legacy,
};
#[cfg(any(feature = "cookie", feature = "tls"))]
pub use keys::{KeyState, TokenKeyring, TokenKeys};
#[cfg(any(feature = "file", feature = "smime"))]
pub use new_file::remove_unfinished;
#[cfg(any(feature = "cookie", feature = "file", feature = "x509"))]
pub use verified::Verified;

#[cfg(doc)]
pub mod manual;

// Compiles what the read-me shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadMe;

// And what the guide shows.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../docs/sessions.md")]
struct SessionsGuide;

// And its neighbour.
#[cfg(all(doctest, feature = "opaque"))]
#[doc = include_str!("../docs/tls.md")]
struct TlsGuide;
