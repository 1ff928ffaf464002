//! Certificates looked up in CRLs: what a CRL does not list is not revoked only if the CRL is about it.
use super::certificate::Certificate;
use super::crl::Crl;
use super::crl_extensions::IssuingDistributionPoint;
use super::general_name::GeneralName;
use super::name::Name;
use super::points::DistributionPoint;
use super::revoked::{RevocationReason, Revoked};
use super::serial::Serial;
use crate::error::{Error, ErrorKind, Result};
use crate::verified::Verified;

/// Certificates looked up: only in a CRL whose issuer is known, for *not listed* is said by silence, and in a CRL of
/// anybody's all are.
///
/// ```
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let ca = bulla::x509::Issue::root(&"CN=CA".parse()?, &key).sign()?;
/// # let lost = ca.clone();
/// # let pem = bulla::x509::CrlIssue::by(&ca, &key)?
/// #     .revoke(&lost.serial(), bulla::Time::now(), bulla::x509::RevocationReason::KeyCompromise).sign()?.to_pem();
/// use bulla::x509::{Crl, RevocationReason};
/// let crl = Crl::from_pem(&pem)?.verify(&ca)?;
/// crl.get().check_current(bulla::Time::now())?;
/// let revoked = crl.find_certificate(&lost)?.expect("it is listed");
/// assert_eq!(revoked.reason()?, Some(RevocationReason::KeyCompromise));
/// # Ok::<(), bulla::Error>(())
/// ```
impl Verified<Crl, Certificate> {
    /// Looks for a certificate by the number that the CRL's own issuer gave it. `None`: it is not listed.
    ///
    /// It takes time in proportion to the CRL. Whether the CRL is about the certificate at all is for the caller to
    /// know; [`find_certificate`](Self::find_certificate) looks at that, too. Whether it is the latest,
    /// [`Crl::check_current`] tells.
    ///
    /// # Errors
    /// [`Undetermined`](ErrorKind::Undetermined) for a delta CRL, in which what is missing is not thereby good (its
    /// entries are in [`Crl::revoked`]), and for one with a critical extension that bulla does not understand;
    /// [`Malformed`](ErrorKind::Malformed) if the entries contradict each other.
    pub fn find(&self, serial: &Serial) -> Result<Option<Revoked<'_>>> {
        self.get().check_use()?;
        self.get().entry(&self.get().issuer(), serial)
    }

    /// Looks for a certificate by issuer and number. `None`: it is not revoked, as far as this CRL knows.
    ///
    /// # Errors
    /// [`Undetermined`](ErrorKind::Undetermined) if the CRL is not about the certificate, or not about all reasons for
    /// revocation (RFC 5280 section 6.3.3 (b)); and those of [`find`](Self::find).
    pub fn find_certificate(&self, certificate: &Certificate) -> Result<Option<Revoked<'_>>> {
        let crl = self.get();
        crl.check_use()?;
        let issuer = certificate.issuer();
        let point = crl.issuing_distribution_point()?;
        let scope = point.unwrap_or_default();
        scope.check_about(certificate, &issuer, &crl.issuer())?;
        match crl.entry(&issuer, &certificate.serial())? {
            None if scope.only_some_reasons.is_some() => Err(undetermined(
                "it lists only those revoked for some reasons",
                "get that for the others, too",
            )),
            found => Ok(found),
        }
    }
}

impl Crl {
    /// Whether the entries may be gone by, and what is not listed be taken for good.
    pub(super) fn check_use(&self) -> Result<()> {
        if self.is_delta() {
            return Err(undetermined("it lists only what changed since an earlier one", "get the whole CRL"));
        }
        self.check_entries()
    }

    /// Whether the entries may be gone by: for a validator, which knows what to do with a delta CRL.
    pub(super) fn check_entries(&self) -> Result<()> {
        let notes = self.notes();
        if self.has_unknown_critical() {
            let why = "it has a critical extension that bulla does not understand";
            return Err(undetermined(why, "ask its issuer for one without"));
        }
        if notes.twice {
            return Err(Error::malformed("CRL", "an entry has an extension twice"));
        }
        // RFC 5280 section 5.3.3. Whose the entries after that one are would be anybody's guess.
        if notes.names_issuers && !self.issuing_distribution_point()?.is_some_and(|point| point.is_indirect) {
            return Err(Error::malformed("CRL", "an entry names an issuer, and the CRL is not indirect"));
        }
        Ok(())
    }

    /// The entry of this issuer and number, in any CRL; that [`check_entries`](Self::check_entries) was content with.
    ///
    /// If there are several, one that revokes counts more than one that takes back.
    pub(super) fn entry(&self, issuer: &Name, serial: &Serial) -> Result<Option<Revoked<'_>>> {
        let mut taken_back = None;
        // The issuer that was compared last, and how: it may be long, and carry over to many entries.
        let mut last: Option<(Option<&[u8]>, bool)> = None;
        for revoked in self.revoked().filter(|revoked| revoked.has_serial(serial)) {
            let place = revoked.issuer_place();
            let same = match last {
                Some((before, same)) if is_place(before, place) => same,
                _ => revoked.certificate_issuer()?.iter().any(|name| names(name, issuer)),
            };
            last = Some((place, same));
            if !same {
                continue;
            }
            if revoked.reason()? != Some(RevocationReason::RemoveFromCrl) {
                return Ok(Some(revoked));
            }
            taken_back = Some(revoked);
        }
        Ok(taken_back)
    }
}

/// Whether it is the same place, without a look at what is there.
fn is_place(a: Option<&[u8]>, b: Option<&[u8]>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        _ => false,
    }
}

fn names(name: &GeneralName, issuer: &Name) -> bool {
    matches!(name, GeneralName::Directory(name) if name == issuer)
}

fn undetermined(why: &'static str, hint: &'static str) -> Error {
    Error::new(ErrorKind::Undetermined, "CRL", why, hint)
}

impl IssuingDistributionPoint {
    /// Whether a CRL of this scope and issuer is about the certificate (RFC 5280 section 6.3.3 (b)). Without the
    /// extension all is as with an empty one.
    fn check_about(&self, certificate: &Certificate, issuer: &Name, crl_issuer: &Name) -> Result<()> {
        let another = |why| Err(undetermined(why, "get the one that is about the certificate"));
        let is_ca = certificate.basic_constraints()?.is_some_and(|constraints| constraints.is_ca);
        if self.only_attribute_certificates
            || (self.only_user_certificates && is_ca)
            || (self.only_ca_certificates && !is_ca)
        {
            return another("it is about other kinds of certificates");
        }
        let own = issuer == crl_issuer;
        if !own && !self.is_indirect {
            return another("it is about certificates of another issuer");
        }
        if self.relative.is_some() {
            return another("the name of its distribution point is a part of a name");
        }
        if own && self.names.is_empty() {
            return Ok(());
        }
        // The certificate says where its status is told, and by whom.
        let leads_here = |point: &DistributionPoint| {
            let by = match &point.crl_issuer[..] {
                [] => own,
                by => by.iter().any(|name| names(name, crl_issuer)),
            };
            // The CRL issuer's name stands for the point's where the point has none.
            let at = if point.names.is_empty() { &point.crl_issuer } else { &point.names };
            by && (self.names.is_empty() || at.iter().any(|name| self.names.contains(name)))
        };
        if certificate.crl_distribution_points()?.iter().any(leads_here) {
            return Ok(());
        }
        another("it is of another distribution point than the certificate names")
    }
}
