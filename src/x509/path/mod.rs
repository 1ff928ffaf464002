//! Certification paths: from a certificate to somebody trusted, for a purpose and a name (RFC 5280 section 6, RFC 9618).
mod build;
mod chain;
mod crl_scope;
mod fault;
mod graph;
mod names;
mod policy;
mod purpose;
mod revocation;
mod validation;

#[cfg(feature = "tls")]
pub(crate) use names::names_host;
pub use policy::PolicyRules;
pub use purpose::{Mailbox, Purpose};
pub use revocation::Revocation;
pub use validation::{Path, Validation};
