//! Certification paths: whom bulla trusts, for what and whom, and what it takes to confuse it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test may panic, and its lengths are small"
)]

#[path = "revocation/make.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod make;
#[path = "support/pyca.rs"] // rustfmt would look for support::pyca elsewhere
mod pyca;

mod path {
    mod bombs;
    mod hostile;
    mod legacy;
    mod limits;
    mod names;
    mod purposes;
    mod revocation;
    mod trust;

    use super::make;

    use bulla::x509::{Authority, Certificate, TrustAnchors};
    use bulla::{KeyKind, PrivateKey};

    /// A new key of a kind that is quick to make and to use.
    pub(crate) fn key() -> PrivateKey {
        PrivateKey::generate(KeyKind::P256).unwrap()
    }

    pub(crate) fn root(name: &str) -> Authority {
        Authority::root(&name.parse().unwrap(), key()).unwrap()
    }

    pub(crate) fn trusting(certificate: &Certificate) -> TrustAnchors {
        TrustAnchors::new([certificate.clone()]).unwrap()
    }

    /// A CA below another, and its certificate.
    pub(crate) fn below(above: &Authority, name: &str) -> (Authority, Certificate) {
        let key = key();
        let issue = above.intermediate(&name.parse().unwrap(), key.public(), 0).unwrap();
        let certificate = issue.sign().unwrap();
        let chain = [certificate.clone()];
        (Authority::new(bulla::x509::Credential::new(key, chain).unwrap()).unwrap(), certificate)
    }
}
