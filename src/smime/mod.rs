//! Mail: S/MIME (RFC 8551), signed and verified, encrypted and opened.
//!
//! An [`Entity`] is signed by a credential and encrypted to [`Addressees`], whose certificates were checked for their
//! addresses. [`Signed`] and [`Enveloped`] show no content: [`Signed::verify`] gives a [`Verified`](crate::Verified) entity with
//! its [`Signer`], [`Enveloped::open`] says whether what comes out could have been changed ([`Opened`]).
//!
//! For streams and files of any length there are builders: [`Signing`], [`Verification`], [`Encryption`], [`Opening`].
//! [`Message`] tells what a mail is, [`Examination`] reports on all of its layers. What is written, believed and refused, and
//! why: docs/smime-profile.md.
mod addressees;
mod calls;
mod capabilities;
mod check;
mod cipher;
mod compressed;
mod digests;
mod encryption;
mod entity;
mod examination;
mod files;
mod kek;
mod layout;
mod message;
mod opening;
mod reading;
mod report;
mod sender;
mod shared_key;
mod signer;
mod signing;
mod spool;
mod trust;
mod unwrap;
mod verification;
mod wrap;

#[cfg(test)]
mod keys_tests;

pub use addressees::Addressees;
pub use capabilities::Capabilities;
pub use encryption::Encryption;
pub use entity::Entity;
pub use examination::Examination;
pub use message::{Compressed, Enveloped, Malleable, Message, Opened, Signed};
pub use opening::{Opening, Protection, Unsealed};
pub use report::{Finding, Layer, LayerKind, Outcome, Report};
pub use shared_key::SharedKey;
pub use signer::{LegacySigner, Signer};
pub use signing::Signing;
pub use trust::{Expect, Trust};
pub use verification::Verification;
