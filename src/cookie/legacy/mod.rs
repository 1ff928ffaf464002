//! Old tokens of other libraries, read while an application moves to bulla's: each gives data to issue a new token from, and
//! none is a session itself. Nothing in here makes one.
//!
//! How long the move lasts is a parameter ([`Import::until`]), and how old a token may be is one, too, where the token does not
//! say when it ends. What is signed without any time is read only by a method named `accept_endless`.
//!
//! | library | what it makes | read by |
//! |---|---|---|
//! | M2Crypto | `AuthCookieJar.makeCookie`, to 0.45 with SHA-1 | [`M2Crypto::sha1`] |
//! | | the same since, with SHA-256 | [`M2Crypto::sha256`] |
//! | itsdangerous | `TimestampSigner`, `Signer` | [`ItsDangerous::signed`] |
//! | | `URLSafeTimedSerializer` (Flask's sessions), `URLSafeSerializer` | [`ItsDangerous::serialized`] |
//! | Django | `TimestampSigner.sign`, `Signer.sign` | [`Django::signed`] |
//! | | `signing.dumps`, `sign_object` | [`Django::dumped`] |
//! | | sessions of the backend `signed_cookies` | [`Django::sessions`] |
//! | | `set_signed_cookie` since the mending of CVE-2026-6873 | [`Django::cookie`] |
//! | | `set_signed_cookie` before | [`Django::cookie_with_ambiguous_salt`] |
//!
//! The tag is checked first, in constant time and over the bytes as they came; only then are fields read. That is stricter than
//! the libraries, which take other spellings of one token. A value in double quotes, as Python's `http.cookies` writes it and
//! browsers send it back, is taken out of them before. A token has 4096 characters at most, and what is compressed in it 64 KiB.
//!
//! Somebody who comes with an old token gets a new one:
//!
//! ```
//! use bulla::cookie::legacy::{Import, ItsDangerous};
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
//!     const LIFETIME: Lifetime = Lifetime::new(HOUR, Duration::from_secs(12 * 3600));
//!     fn subject(&self) -> Option<Subject> {
//!         Some(Subject::of(self.user.to_be_bytes()))
//!     }
//! }
//!
//! let import = Import::until("2027-02-15T00:00:00Z".parse()?);
//! # let import = import.clock(|| Time::from_unix(1_800_000_600));
//! let old = ItsDangerous::serialized(&import, ["correct horse battery staple"], "login")?;
//! let tokens = Tokens::<Login>::new(
//!     &TokenKeys::new(TokenKeyring::generate(HOUR, HOUR * 24, Time::now())?),
//!     Scope::new("__Host-session")?,
//! )?;
//! # let cookie = "eyJ1c2VyIjo3fQ.a0nSAA.pL0smRgKX-bLlezR26d3egPo1nQ";
//!
//! let old = old.accept(cookie, Duration::from_secs(14 * 86_400))?;
//! let login: Login = serde_json::from_slice(old.data())?;
//! let token = tokens.issue(&login)?;
//! # assert_eq!(tokens.accept(token.expose_text())?.get().user, 7);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod django;
mod import;
mod itsdangerous;
mod m2crypto;
mod old_token;
mod quoted;
mod secrets;
mod signed;

pub use django::Django;
pub use import::Import;
pub use itsdangerous::{Derivation, ItsDangerous};
pub use m2crypto::M2Crypto;
pub use old_token::OldToken;
