//! CRLs and OCSP: what is read, made, believed and refused; with OpenSSL both ways, and the vectors of others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic, and its lengths are small"
)]

#[path = "x509_vectors/facts.rs"]
#[allow(dead_code)]
mod facts;
#[path = "support/peers.rs"] // rustfmt would look for support::peers elsewhere
mod peers;
#[path = "support/pyca.rs"]
mod pyca;

mod revocation {
    mod crl;
    mod crl_hostile;
    mod crl_order;
    mod crl_scope;
    mod gnutls;
    pub(crate) mod make;
    mod ocsp;
    mod ocsp_hostile;
    mod ocsp_paths;
    mod ocsp_responders;
    mod openssl;
    mod published;
}
