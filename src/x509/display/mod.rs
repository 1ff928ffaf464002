//! Certificates, requests and their parts as text for people: everything that is in them, and nothing that draws.
mod certificate;
pub(super) mod extension;
pub(super) mod key;
mod request;
mod sct;
pub(super) mod sheet;
