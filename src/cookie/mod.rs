//! Web sessions: tokens that a server gives out and takes back, in cookies or links (docs/token-format.md).
//!
//! A token carries claims of one type, signed, with their end inside the signature. What it is for and how long it lasts belongs
//! to the type ([`Claims`]); where it counts is a parameter ([`Scope`]); what comes back from [`Tokens::accept`] is
//! [`Verified`](crate::Verified), with the token's times.
mod claims;
mod inspection;
mod keys;
mod ready;
mod refusal;
mod scope;
mod stamp;
mod tokens;
#[cfg(test)]
mod vectors;

pub use claims::{Claims, Lifetime, Sealed, Subject};
pub use inspection::{Inspection, SignedBy};
pub use keys::TokenKeys;
pub use refusal::Refusal;
pub use scope::Scope;
pub use stamp::{SessionId, Stamp, Token};
pub use tokens::Tokens;
