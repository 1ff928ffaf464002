//! The one call that makes a certificate trusted: for a purpose, a name, a time, with what is known of revocations.
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::build::{Budget, Found, Intermediates, Search};
use super::chain::{self, Rules};
use super::crl_scope::Listings;
use super::policy::PolicyRules;
use super::purpose::Purpose;
use super::revocation::{Revocation, Statuses};
use crate::clock::Time;
use crate::encoding::oid::Oid;
use crate::error::{Error, Result};
use crate::limits::{CRLS, INTERMEDIATES, INTERMEDIATES_BYTES, OCSP_RESPONSES};
use crate::verified::Verified;
use crate::x509::certificate::Certificate;
use crate::x509::crl::Crl;
use crate::x509::ocsp::OcspResponse;
use crate::x509::trust::TrustAnchors;

/// Validates certificates: the purpose, whether revocation matters, then [`validate`](Validation::validate).
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let me = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?;
/// use bulla::x509::{Purpose, Revocation, TrustAnchors, Validation};
/// let anchors = TrustAnchors::new([me.clone()])?;
/// let trusted = Validation::new(Purpose::Any, Revocation::Off).validate(&me, &anchors)?;
/// assert_eq!(trusted.get(), &me);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Validation<'a> {
    purpose: Purpose<'a>,
    revocation: Revocation,
    at: Option<Time>,
    intermediates: Vec<Certificate>,
    crls: Vec<Crl>,
    ocsp: Vec<OcspResponse>,
    policies: PolicyRules,
    legacy: bool,
}

/// The way on which a certificate was found to be trusted.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let me = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?;
/// # use bulla::x509::{Purpose, Revocation, TrustAnchors, Validation};
/// # let anchors = TrustAnchors::new([me.clone()])?;
/// let trusted = Validation::new(Purpose::Any, Revocation::Off).validate(&me, &anchors)?;
/// let path = trusted.by();
/// assert_eq!(path.certificates(), [me]);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Path {
    certificates: Vec<Certificate>,
    anchor: Option<Certificate>,
    policies: BTreeSet<Oid>,
    at: Time,
    revocation_known: bool,
}

impl Path {
    /// The certificate itself, then each one's issuer; the anchor is not among them, unless it is the certificate.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The anchor, if it came as a certificate.
    #[must_use]
    pub fn anchor(&self) -> Option<&Certificate> {
        self.anchor.as_ref()
    }

    /// The policies that all CAs of the path and the caller agree on. It may hold 2.5.29.32.0, which is any.
    pub fn policies(&self) -> impl Iterator<Item = &Oid> {
        self.policies.iter()
    }

    /// Whether a CRL or an OCSP response said of each certificate that it stands. With [`Revocation::Require`] it is so;
    /// with [`Revocation::IfGiven`] only if what was given speaks of them all.
    #[must_use]
    pub fn revocation_known(&self) -> bool {
        self.revocation_known
    }

    /// The time that it was judged for.
    #[must_use]
    pub fn at(&self) -> Time {
        self.at
    }

    /// When the first of its certificates ends, the anchor among them: until then it holds, but for what is heard of revocations.
    #[cfg(feature = "tls")]
    pub(crate) fn ends(&self) -> Option<Time> {
        self.certificates.iter().chain(&self.anchor).map(|on| on.not_after().ok()).min().flatten()
    }

    /// The path at a later time, before it [`ends`](Self::ends).
    #[cfg(feature = "tls")]
    pub(crate) fn still_at(self, at: Time) -> Self {
        Path { at, ..self }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.certificates).entries(&self.anchor).finish()
    }
}

impl<'a> Validation<'a> {
    /// For this purpose (and name), with this word on missing revocation data, now.
    pub fn new(purpose: Purpose<'a>, revocation: Revocation) -> Self {
        let policies = PolicyRules::any();
        let (intermediates, crls, ocsp) = (Vec::new(), Vec::new(), Vec::new());
        Validation { purpose, revocation, at: None, intermediates, crls, ocsp, policies, legacy: false }
    }

    /// At another time than now: when a mail was signed, say, if that is proven.
    pub fn at(mut self, time: Time) -> Self {
        self.at = Some(time);
        self
    }

    /// Certificates that paths may lead through. They need not be trusted, nor all be of use.
    pub fn intermediates(mut self, certificates: impl IntoIterator<Item = Certificate>) -> Self {
        self.intermediates.extend(certificates);
        self
    }

    /// CRLs, whole ones and deltas, in any order. Those that are not about the path do no harm.
    pub fn crls(mut self, crls: impl IntoIterator<Item = Crl>) -> Self {
        self.crls.extend(crls);
        self
    }

    /// OCSP responses, stapled or asked for. Those that are not about the path do no harm.
    pub fn ocsp(mut self, responses: impl IntoIterator<Item = OcspResponse>) -> Self {
        self.ocsp.extend(responses);
        self
    }

    /// What is asked of the certificate policies of the path.
    pub fn policies(mut self, rules: PolicyRules) -> Self {
        self.policies = rules;
        self
    }

    /// Also what old things were signed with: SHA-1, RSA from 1024 bits, DSA, addresses in the subject's name.
    ///
    /// # Security
    /// Such signatures can be forged today. For reading old archives, at their date, and nothing else.
    pub fn legacy(mut self) -> Self {
        self.legacy = true;
        self
    }

    /// Finds a path from the certificate to an anchor that holds for the purpose.
    ///
    /// # Errors
    /// [`Untrusted`](crate::ErrorKind::Untrusted), [`Expired`](crate::ErrorKind::Expired),
    /// [`WrongName`](crate::ErrorKind::WrongName), [`Revoked`](crate::ErrorKind::Revoked),
    /// [`Undetermined`](crate::ErrorKind::Undetermined), with the certificate at fault and the reason that helps most;
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if it would take too much work.
    pub fn validate(
        &self,
        certificate: &Certificate,
        anchors: &TrustAnchors,
    ) -> Result<Verified<Certificate, Path>> {
        if self.intermediates.len() > INTERMEDIATES {
            return Err(Error::over_limit("intermediate certificates", "there are over 4096", "give fewer"));
        }
        let bytes = self.intermediates.iter().map(|certificate| certificate.as_der().len()).sum::<usize>();
        if bytes > INTERMEDIATES_BYTES {
            return Err(Error::over_limit(
                "intermediate certificates",
                "they have over 16 MiB",
                "give fewer",
            ));
        }
        if self.crls.len() > CRLS {
            return Err(Error::over_limit("CRLs", "there are over 1024", "give fewer"));
        }
        if self.ocsp.len() > OCSP_RESPONSES {
            return Err(Error::over_limit("OCSP responses", "there are over 1024", "give fewer"));
        }
        let at = self.at.unwrap_or_else(Time::now);
        let rules =
            Rules { at, purpose: self.purpose.usage(), policies: &self.policies, legacy: self.legacy };
        let pinned = anchors.itself(certificate).is_some();
        // Before work is spent on what came with it.
        chain::is_for(certificate, &rules)?;
        self.purpose.suits(certificate, pinned, self.legacy)?;
        let intermediates = Intermediates::new(&self.intermediates, anchors);
        let (mut budget, mut signed) = (Budget::new(), HashMap::new());
        let mut search = Search {
            anchors,
            intermediates: &intermediates,
            rules: &rules,
            budget: &mut budget,
            signed: &mut signed,
        };
        // Nobody would look at them, and each has to be read.
        let crls = if self.revocation == Revocation::Off { &[][..] } else { &self.crls };
        let listings = Listings::new(crls);
        let mut statuses = Statuses::new(&listings, &self.ocsp, self.revocation);
        let found = search.run(certificate, &mut |found, search| statuses.stand(found, search))?;
        Ok(Verified::new(certificate.clone(), Path::of(&found, at, statuses.is_told())))
    }
}

impl Path {
    fn of(found: &Found<'_>, at: Time, revocation_known: bool) -> Self {
        Path {
            certificates: found.certificates.iter().map(|certificate| (*certificate).clone()).collect(),
            anchor: found.anchor.and_then(|anchor| anchor.certificate.clone()),
            policies: found.policies.clone(),
            at,
            revocation_known,
        }
    }
}
