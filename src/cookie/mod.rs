//! Web sessions: tokens that a server gives out and takes back, in cookies or links (docs/token-format.md).
//!
//! A token carries claims of one type, signed, with their end inside the signature. What it is for and how long it lasts belongs
//! to the type ([`Claims`]); where it counts is a parameter ([`Scope`]); what comes back from [`Tokens::accept`] is
//! [`Verified`](crate::Verified), with the token's times.
mod claims;
mod event;
mod form;
mod inspection;
#[cfg(feature = "legacy-cookies")]
pub mod legacy;
mod link;
mod memory;
mod notice;
mod one_time;
mod payload;
mod ready;
mod refusal;
mod remember;
mod revocation;
mod scope;
mod session;
mod stamp;
mod store;
mod tokens;
#[cfg(test)]
mod vectors;

pub use claims::{Claims, Lifetime, Sealed, Subject};
pub use event::Event;
pub use inspection::{Inspection, SignedBy};
pub use link::{Answer, Link, OnStale, Revocation};
pub use memory::MemoryStore;
pub use notice::Notices;
pub use one_time::OneTime;
pub use payload::Payloads;
pub use refusal::Refusal;
pub use remember::{Recognition, Remember, Series};
pub use revocation::{Revocations, Standing};
pub use scope::Scope;
pub use session::{Change, OptionalSession, Session, Sessions};
pub use stamp::{SessionId, Stamp, Token};
pub use store::{Store, check_value};
pub use tokens::Tokens;

pub use crate::keys::TokenKeys;
