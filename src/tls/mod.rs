//! TLS connections that cannot be made without saying whom to believe, over rustls (RFC 8446; RFC 5246 on request).
//!
//! A [`Client`] says whom it believes ([`Trust`], [`KnownKeys`], [`ByKey`]), and for each connection which host it means; a [`Server`] says what
//! it shows ([`Credentials`]), and whom it lets in. A [`Stream`] knows its peer: where something was asked for, it is there.
//!
//! Certificates are judged as everywhere in bulla ([`Validation`](crate::x509::Validation)), and keys are those of mail.
#[cfg(feature = "opaque")]
mod any_of;
#[cfg(feature = "opaque")]
mod attempts;
mod certified;
mod client;
mod credentials;
mod engine;
#[cfg(feature = "opaque")]
mod enrolment;
mod facts;
mod fault;
mod judge;
#[cfg(feature = "opaque")]
mod password;
#[cfg(feature = "opaque")]
mod password_user;
mod proof;
pub mod rustls_023;
mod server;
mod sessions;
mod settings;
mod shared_key;
mod shared_key_text;
mod starttls;
mod stream;
mod tickets;
mod trust;
#[cfg(feature = "opaque")]
mod users;
mod verdict;
mod whom;

#[cfg(feature = "opaque")]
pub use any_of::{AnyOf, AsAsked, OneOf};
pub use client::{Client, ClientBuilder};
pub use credentials::Credentials;
pub use engine::{Engine, Handshake};
#[cfg(feature = "opaque")]
pub use enrolment::set_password;
pub use facts::Facts;
#[cfg(feature = "opaque")]
pub use password::{ByPassword, ByPasswords};
#[cfg(feature = "opaque")]
pub use password_user::{PasswordUser, ProvenByPassword};
pub use server::{Server, ServerBuilder};
pub use sessions::{MemorySessions, SessionStore};
pub use settings::{Group, Settings, Suite};
pub use shared_key::{ByKey, ByKeys, KeyHolder, ProvenByKey, SharedKey, SharedKeyStore, SharedKeys};
pub use starttls::{Conversation, StartTls, leave_plain};
pub use stream::{Connecting, Progress, Stream};
pub use trust::{Allowed, Anyone, CertifiedPeer, KnownKeys, KnownPeer, Trust};
#[cfg(feature = "opaque")]
pub use users::{MemoryUsers, UserStore, Users};
pub use whom::{Admit, Believe, Judges};
