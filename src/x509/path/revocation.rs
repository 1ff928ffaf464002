//! Whether certificates of a path have been revoked (RFC 5280 section 6.3): by OCSP, and CRLs whole, in parts, indirect, delta.
use std::collections::HashMap;

use super::build::{self, Found, Pair, Search};
use super::chain::Rules;
use super::crl_scope::{Listing, Listings, Wanted};
use super::fault::{Fault, Reason};
use super::policy::PolicyRules;
use crate::error::Error;
use crate::limits::CRL_SIGNERS_DEPTH;
use crate::x509::certificate::Certificate;
use crate::x509::ocsp::{CertificateStatus, OcspResponse};
use crate::x509::ocsp_check;
use crate::x509::ocsp_id::{self, About};
use crate::x509::points::Reasons;
use crate::x509::revoked::{RevocationReason, Revoked};
use crate::x509::signed::Signed;
use crate::x509::trust::Anchor;
use crate::x509::usage::KeyUsage;

/// What missing revocation data means. There is no default: only the caller knows.
///
/// ```
/// use bulla::x509::{Purpose, Revocation, Validation};
/// // A gateway that fetches CRLs lets nothing pass that they do not speak of.
/// let strict = Validation::new(Purpose::Client, Revocation::Require);
/// # let _ = strict;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revocation {
    /// For each certificate of the path a CRL or OCSP response must say that it stands; otherwise
    /// [`Undetermined`](crate::ErrorKind::Undetermined).
    Require,
    /// What is given counts. Where nothing was given about a certificate nothing is asked; where something was that
    /// cannot be gone by (an expired CRL, say), that is [`Undetermined`](crate::ErrorKind::Undetermined), too.
    IfGiven,
    /// Nobody looks.
    Off,
}

/// What is known of a certificate, as one issuer's key signed it.
#[derive(Clone)]
enum Status {
    Good,
    Revoked(String),
    /// Something speaks about it, and cannot be gone by.
    Unclear(String),
    /// Nothing speaks about it.
    Nothing,
}

impl Status {
    /// The worse word on revocation counts, and any word more than none.
    fn or(self, other: Status) -> Status {
        match (self, other) {
            (_, Status::Revoked(why)) => Status::Revoked(why),
            (Status::Good, _) | (_, Status::Good) => Status::Good,
            (Status::Nothing, other) => other,
            (unclear, _) => unclear,
        }
    }
}

/// What was given about revocations, and what came out of it so far.
pub(super) struct Statuses<'a> {
    crls: &'a Listings<'a>,
    ocsp: &'a [OcspResponse],
    demand: Revocation,
    known: HashMap<Pair, Status>,
    /// Whether the last path that stood did so because each certificate was spoken of.
    is_told: bool,
    /// How many signers of CRLs are being validated inside of each other.
    depth: usize,
}

/// The one that issued a certificate, on this path.
#[derive(Clone, Copy)]
struct Issuer<'a> {
    public_key_info: &'a [u8],
    /// Mozilla's anchors come without.
    certificate: Option<&'a Certificate>,
    anchor: &'a Anchor,
}

impl<'a> Statuses<'a> {
    pub(super) fn new(crls: &'a Listings<'a>, ocsp: &'a [OcspResponse], demand: Revocation) -> Self {
        Statuses { crls, ocsp, demand, known: HashMap::new(), is_told: false, depth: 0 }
    }

    /// Whether no certificate of a path is revoked, as far as the caller wants to know. From the anchor down.
    pub(super) fn stand(&mut self, found: &Found<'a>, search: &mut Search<'a, '_>) -> Result<(), Fault> {
        // A certificate that is itself an anchor has nobody who could revoke it.
        self.is_told = false;
        let Some(anchor) = found.anchor.filter(|_| self.demand != Revocation::Off) else { return Ok(()) };
        let mut is_told = true;
        let mut issuer = Issuer {
            public_key_info: &anchor.public_key_info,
            certificate: anchor.certificate.as_ref(),
            anchor,
        };
        for certificate in found.certificates.iter().rev() {
            match self.status(certificate, issuer, search)? {
                Status::Good => {}
                Status::Nothing if self.demand == Revocation::IfGiven => is_told = false,
                Status::Nothing => {
                    let why = format!(
                        "nothing of its issuer, {}, was given that says whether it is revoked",
                        certificate.issuer()
                    );
                    return Err(unclear(certificate, &why));
                }
                Status::Unclear(why) => return Err(unclear(certificate, &why)),
                Status::Revoked(when) => return Err(Fault::new(Reason::Revoked, certificate, when)),
            }
            issuer = Issuer {
                public_key_info: certificate.public_key_info(),
                certificate: Some(certificate),
                anchor,
            };
        }
        self.is_told = is_told;
        Ok(())
    }

    /// Whether of the last path that stood each certificate is known to.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    fn status(
        &mut self,
        certificate: &'a Certificate,
        issuer: Issuer<'a>,
        search: &mut Search<'a, '_>,
    ) -> Result<Status, Fault> {
        if self.crls.is_empty() && self.ocsp.is_empty() {
            return Ok(Status::Nothing);
        }
        let pair = build::pair(certificate.as_der(), issuer.public_key_info);
        if let Some(known) = self.known.get(&pair) {
            return Ok(known.clone());
        }
        // Until it is known: who asks for it on the way to its own answer goes in a circle.
        self.known
            .insert(pair, Status::Unclear("the signer of its CRL cannot be judged without it".to_owned()));
        let by_ocsp = self.by_ocsp(certificate, issuer, search)?;
        let status = match by_ocsp {
            Status::Revoked(_) => by_ocsp,
            _ => by_ocsp.or(self.by_crls(certificate, issuer, search)?),
        };
        self.known.insert(pair, status.clone());
        Ok(status)
    }

    /// What OCSP responses say (RFC 6960).
    fn by_ocsp(
        &self,
        certificate: &Certificate,
        issuer: Issuer<'a>,
        search: &mut Search<'a, '_>,
    ) -> Result<Status, Fault> {
        let about = About {
            certificate,
            issuer: ocsp_id::Issuer {
                name: certificate.issuer_der(),
                public_key_info: issuer.public_key_info,
            },
        };
        let mut spent = None;
        let at = search.rules.at;
        let judge = &mut |key: &[u8], it: &Signed<'_>| match search.signs_other(certificate, key, it) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::unauthentic()),
            Err(fault) => {
                let failed = Err(fault.clone().into());
                spent = Some(fault).filter(Fault::is_final).or(spent.take());
                failed
            }
        };
        let said = ocsp_check::status(self.ocsp, &about, at, judge);
        if let Some(fault) = spent {
            return Err(fault);
        }
        Ok(match said.map(|answer| answer.map(|answer| answer.status)) {
            Ok(None) => Status::Nothing,
            Ok(Some(CertificateStatus::Good)) => Status::Good,
            Ok(Some(CertificateStatus::Revoked { at, reason: Some(reason), .. })) => {
                Status::Revoked(format!("it was revoked at {at}: {reason}"))
            }
            Ok(Some(CertificateStatus::Revoked { at, .. })) => {
                Status::Revoked(format!("it was revoked at {at}"))
            }
            Ok(Some(CertificateStatus::Unknown)) => {
                Status::Unclear("the OCSP responder does not know it".to_owned())
            }
            Err(error) => Status::Unclear(format!("its OCSP response: {}", error.why())),
        })
    }

    /// RFC 5280 section 6.3.3, over all CRLs that may be about the certificate: one that lists it counts, whatever the
    /// others say.
    fn by_crls(
        &mut self,
        certificate: &'a Certificate,
        issuer: Issuer<'a>,
        search: &mut Search<'a, '_>,
    ) -> Result<Status, Fault> {
        let wanted = Wanted::new(certificate, &mut search.budget.comparisons)?;
        let listings = self.crls;
        let mut covered = 0;
        let mut why = None;
        for listing in wanted.issuers.iter().flat_map(|name| listings.by(name)) {
            let said = match wanted.reasons(certificate, listing, &mut search.budget.comparisons) {
                Ok(0) => continue,
                Ok(reasons) => {
                    self.listed(listing, certificate, issuer, search).map(|listed| (listed, reasons))
                }
                Err(fault) => Err(fault),
            };
            match said {
                Ok((Some(revoked), _)) => return Ok(Status::Revoked(revoked)),
                Ok((None, reasons)) => covered |= reasons,
                Err(fault) if fault.is_final() => return Err(fault),
                Err(fault) => {
                    why.get_or_insert(fault.into_detail());
                }
            }
        }
        if covered == Reasons::ALL.0 {
            return Ok(Status::Good);
        }
        let mut own = wanted.issuers.first().into_iter().flat_map(|name| listings.by(name));
        let half = "its CRLs are for some reasons of revocation only";
        let alone = "there is a delta CRL of its issuer, and not the CRL that it changes";
        Ok(match why {
            Some(why) => Status::Unclear(why),
            None if covered != 0 => Status::Unclear(half.to_owned()),
            None if own.any(|listing| listing.crl.is_delta()) => Status::Unclear(alone.to_owned()),
            None => Status::Nothing,
        })
    }

    /// Whether a CRL, with the deltas after it, lists a certificate: steps (f) to (k). The latest word counts, but for
    /// one: what is removed from a list was on hold (section 5.3.1), and what was revoked for good stays so.
    fn listed(
        &mut self,
        listing: &'a Listing<'a>,
        certificate: &'a Certificate,
        issuer: Issuer<'a>,
        search: &mut Search<'a, '_>,
    ) -> Result<Option<String>, Fault> {
        let unusable = |error: Error| unclear(certificate, &format!("its CRL: {}", error.why()));
        let at = search.rules.at;
        listing.crl.check_current(at).and_then(|()| listing.crl.check_entries()).map_err(unusable)?;
        let key = self.signer(listing, certificate, issuer, search)?;
        let (name, serial) = (certificate.issuer(), certificate.serial());
        let mut released = false;
        let deltas = self.crls.deltas_after(listing);
        for later in deltas.into_iter().chain([listing]) {
            let crl = later.crl;
            let is_delta = crl.is_delta();
            // Its entries last: they may be many, and somebody else's.
            if is_delta
                && (crl.check_current(at).is_err()
                    || !search.signs_crl(certificate, key, crl)?
                    || crl.check_entries().is_err())
            {
                continue;
            }
            let Some(entry) = crl.entry(&name, &serial).map_err(unusable)? else { continue };
            match entry.reason().map_err(unusable)? {
                Some(RevocationReason::RemoveFromCrl) if is_delta => released |= later.changes(listing),
                Some(RevocationReason::CertificateHold) if released => {}
                _ => return Ok(Some(told(&entry))),
            }
        }
        Ok(None)
    }

    /// The key that signed a CRL: the certificate issuer's own, the anchor's, or one of the CRL issuer's name that is
    /// on a valid path to the same anchor (section 6.3.3 (f)).
    fn signer(
        &mut self,
        listing: &'a Listing<'a>,
        certificate: &'a Certificate,
        issuer: Issuer<'a>,
        search: &mut Search<'a, '_>,
    ) -> Result<&'a [u8], Fault> {
        let (crl, name) = (listing.crl, listing.crl.issuer());
        if name == certificate.issuer()
            && issuer.certificate.is_none_or(may_sign_crls)
            && search.signs_crl(certificate, issuer.public_key_info, crl)?
        {
            return Ok(issuer.public_key_info);
        }
        let anchor = issuer.anchor;
        if name == anchor.subject
            && anchor.certificate.as_ref().is_none_or(may_sign_crls)
            && search.signs_crl(certificate, &anchor.public_key_info, crl)?
        {
            return Ok(&anchor.public_key_info);
        }
        if self.depth >= CRL_SIGNERS_DEPTH {
            return Err(unclear(certificate, "the signers of its CRL need too many CRLs themselves"));
        }
        let named = search.intermediates.named(&listing.issuer);
        for candidate in named.filter(|candidate| is_crl_signer(candidate)) {
            if search.signs_crl(certificate, candidate.public_key_info(), crl)? {
                self.depth += 1;
                let valid = self.leads_to(candidate, anchor, search);
                self.depth -= 1;
                match valid {
                    Ok(()) => return Ok(candidate.public_key_info()),
                    Err(fault) if fault.is_final() => return Err(fault),
                    Err(_) => {}
                }
            }
        }
        Err(unclear(certificate, "its CRL is signed by nobody who may"))
    }

    /// Whether a signer of CRLs is on a path of its own to this anchor, not revoked.
    fn leads_to(
        &mut self,
        candidate: &'a Certificate,
        anchor: &'a Anchor,
        search: &mut Search<'a, '_>,
    ) -> Result<(), Fault> {
        let any = PolicyRules::any();
        let rules = Rules { at: search.rules.at, purpose: None, policies: &any, legacy: search.rules.legacy };
        let mut aside = search.aside(&rules);
        let accept = &mut |found: &Found<'a>, search: &mut Search<'a, '_>| {
            let same = found.anchor.is_some_and(|other| std::ptr::eq(other, anchor));
            if !same {
                return Err(unclear(
                    candidate,
                    "it leads to another anchor than the certificate whose CRL it signed",
                ));
            }
            // Whoever wants to know of certificates wants to know of those who tell.
            self.stand(found, search)
        };
        aside.run(candidate, accept).map(|_| ())
    }
}

fn unclear(certificate: &Certificate, why: &str) -> Fault {
    Fault::new(Reason::Undetermined, certificate, why.to_owned())
}

fn told(entry: &Revoked<'_>) -> String {
    let when = entry.at().map_or_else(|_| "some time".to_owned(), |at| at.to_string());
    match entry.reason() {
        Ok(Some(reason)) => format!("it was revoked at {when}: {reason}"),
        _ => format!("it was revoked at {when}"),
    }
}

/// Whether an issuer may sign CRLs about what it issued: if its key usage does not say otherwise.
fn may_sign_crls(certificate: &Certificate) -> bool {
    certificate.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.allows(KeyUsage::CRL_SIGN)))
}

/// Whether somebody else may, who has but the issuer's name: anybody may ask some CA for a certificate of that name, and
/// section 6.3.3 (f) would let one without a key usage pass. So it must say that it may, or be a CA's.
fn is_crl_signer(certificate: &Certificate) -> bool {
    let is_ca =
        || certificate.basic_constraints().is_ok_and(|stated| stated.is_some_and(|stated| stated.is_ca));
    certificate.key_usage().is_ok_and(|usage| match usage {
        Some(usage) => usage.allows(KeyUsage::CRL_SIGN),
        None => is_ca(),
    })
}
