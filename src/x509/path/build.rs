//! Finds the ways from a certificate to an anchor: depth first, each link signed, within a budget.
use std::collections::{BTreeSet, HashMap, HashSet};

use super::chain::{self, Rules, budget};
use super::fault::{Fault, Reason};
use super::names::Comparisons;
use crate::encoding::oid::Oid;
use crate::limits::{PATH_CERTIFICATES, PATH_SIGNATURES, PATH_STEPS};
use crate::x509::certificate::Certificate;
use crate::x509::crl::Crl;
use crate::x509::name::NameKey;
use crate::x509::signed::Signed;
use crate::x509::trust::{Anchor, TrustAnchors};

/// Certificates that paths may lead through, found by their subject's name.
pub(super) struct Intermediates<'a> {
    by_subject: HashMap<NameKey, Vec<Candidate<'a>>>,
}

/// A certificate that may have issued another. Names are folded once: it costs more than all else, and a search meets
/// each certificate often.
struct Candidate<'a> {
    certificate: &'a Certificate,
    issuer: NameKey,
    /// Whether an anchor seems to have issued it.
    is_near: bool,
}

impl<'a> Intermediates<'a> {
    pub(super) fn new(all: &'a [Certificate], anchors: &TrustAnchors) -> Self {
        let mut by_subject: HashMap<_, Vec<_>> = HashMap::new();
        let mut seen = HashSet::new();
        for certificate in all.iter().filter(|certificate| seen.insert(certificate.as_der())) {
            let issuer = certificate.issuer().key();
            let is_near = anchors.issuers(&issuer).next().is_some();
            let candidate = Candidate { certificate, issuer, is_near };
            by_subject.entry(certificate.subject().key()).or_default().push(candidate);
        }
        Intermediates { by_subject }
    }

    fn candidates(&self, name: &NameKey) -> &[Candidate<'a>] {
        self.by_subject.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those with this name.
    pub(super) fn named(&self, name: &NameKey) -> impl Iterator<Item = &'a Certificate> {
        self.candidates(name).iter().map(|candidate| candidate.certificate)
    }
}

/// Something signed and a key, or the like, by where they lie: all stay there as long as a validation takes.
pub(super) type Pair = (usize, usize);

pub(super) fn pair(signed: &[u8], key: &[u8]) -> Pair {
    (signed.as_ptr().addr(), key.as_ptr().addr())
}

/// The work that one validation has left.
pub(super) struct Budget {
    pub(super) steps: u32,
    pub(super) signatures: u32,
    pub(super) comparisons: Comparisons,
}

impl Budget {
    pub(super) fn new() -> Self {
        Budget { steps: PATH_STEPS, signatures: PATH_SIGNATURES, comparisons: Comparisons::new() }
    }
}

/// A way that holds: the certificates from the end on, and what it leads to.
#[derive(Clone)]
pub(super) struct Found<'a> {
    pub(super) certificates: Vec<&'a Certificate>,
    pub(super) anchor: Option<&'a Anchor>,
    pub(super) policies: BTreeSet<Oid>,
}

/// What a caller asks of a way besides.
pub(super) type Accept<'a, 'f> = dyn FnMut(&Found<'a>, &mut Search<'a, '_>) -> Result<(), Fault> + 'f;

/// What a search knows throughout.
pub(super) struct Search<'a, 'r> {
    pub(super) anchors: &'a TrustAnchors,
    pub(super) intermediates: &'a Intermediates<'a>,
    pub(super) rules: &'r Rules<'r>,
    pub(super) budget: &'r mut Budget,
    /// Whether a certificate or CRL is signed by a key: asked once for each pair.
    pub(super) signed: &'r mut HashMap<Pair, bool>,
}

impl<'a> Search<'a, '_> {
    /// Looks for a way from `end` that holds and that `accept` is content with; else the reason that helps most.
    pub(super) fn run(
        &mut self,
        end: &'a Certificate,
        accept: &mut Accept<'a, '_>,
    ) -> Result<Found<'a>, Fault> {
        // What no path can mend is told before one is looked for.
        chain::every(end, self.rules)?;
        if self.anchors.itself(end).is_some() {
            let found = self.judged(end, None, &[end])?;
            accept(&found, self)?;
            return Ok(found);
        }
        self.extend(end, &end.issuer().key(), &mut vec![end], accept)
    }

    /// Goes on from the last certificate of a path to whoever has its issuer's name.
    fn extend(
        &mut self,
        last: &'a Certificate,
        issuer: &NameKey,
        path: &mut Vec<&'a Certificate>,
        accept: &mut Accept<'a, '_>,
    ) -> Result<Found<'a>, Fault> {
        let mut faults = Vec::new();
        let anchors = self.anchors;
        for anchor in anchors.issuers(issuer) {
            let tried = self.link(last, &anchor.public_key_info).and_then(|()| {
                if let Some(certificate) = &anchor.certificate {
                    chain::valid_at(certificate, self.rules.at)?;
                    chain::is_for(certificate, self.rules)?;
                }
                let found = self.judged(last, Some(anchor), path)?;
                accept(&found, self).map(|()| found)
            });
            match tried {
                Err(fault) if !fault.is_final() => faults.push(fault),
                done => return done,
            }
        }
        for Candidate { certificate: candidate, issuer, .. } in self.candidates(last, issuer)? {
            if path.len() >= PATH_CERTIFICATES {
                faults.push(Fault::new(Reason::Constraint, last, "the way to an anchor is too long"));
                break;
            }
            // A name with the same key twice leads nowhere new (RFC 4158 section 5.2).
            let same = |seen: &&Certificate| {
                seen.public_key_info() == candidate.public_key_info()
                    && seen.subject_der() == candidate.subject_der()
            };
            if path.iter().any(same) {
                continue;
            }
            let tried = chain::is_ca(candidate)
                .and_then(|()| chain::valid_at(candidate, self.rules.at))
                .and_then(|()| self.link(last, candidate.public_key_info()))
                .and_then(|()| {
                    path.push(candidate);
                    let found = self.extend(candidate, issuer, path, accept);
                    path.pop();
                    found
                });
            match tried {
                Err(fault) if !fault.is_final() => faults.push(fault),
                done => return done,
            }
        }
        let why = format!("nobody trusted issued it; its issuer is {}", last.issuer());
        Err(faults.into_iter().fold(Fault::new(Reason::NoIssuer, last, why), Fault::better))
    }

    /// Certificates with the issuer's name. First those whose key the certificate names; of these, first those that an
    /// anchor seems to have issued. Each that is looked at is a step, of use or not.
    fn candidates(&mut self, last: &Certificate, issuer: &NameKey) -> Result<Vec<&'a Candidate<'a>>, Fault> {
        let mut all: Vec<&Candidate<'a>> = self.intermediates.candidates(issuer).iter().collect();
        self.step(last, all.len(), "possible issuers")?;
        if all.len() > 1 {
            let named = last.authority_key_identifier().ok().flatten().and_then(|authority| authority.key_id);
            let fits = |candidate: &Certificate| {
                let own = candidate.subject_key_identifier().ok().flatten();
                named.is_none() || own == named
            };
            all.sort_by_cached_key(|candidate| (!fits(candidate.certificate), !candidate.is_near));
        }
        Ok(all)
    }

    fn step(&mut self, at: &Certificate, count: usize, what: &str) -> Result<(), Fault> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.budget.steps = self.budget.steps.checked_sub(count).ok_or_else(|| budget(at, what))?;
        Ok(())
    }

    /// Whether the key signed the certificate, with an algorithm that is still good.
    fn link(&mut self, certificate: &Certificate, issuer_key: &[u8]) -> Result<(), Fault> {
        let algorithm = certificate.signature_algorithm().map_err(|error| {
            let why = format!("the algorithm of its signature: {}", error.why());
            Fault::new(Reason::Weak, certificate, why)
        })?;
        if algorithm.is_weak() && !self.rules.legacy {
            let why = format!("it is signed with {algorithm}, which is too weak today");
            return Err(Fault::new(Reason::Weak, certificate, why));
        }
        let pair = pair(certificate.as_der(), issuer_key);
        let good = match self.signed.get(&pair) {
            Some(known) => *known,
            None => {
                let (signed, signature) = (certificate.as_signed(), certificate.signature());
                let it = Signed { what: "certificate", algorithm, signed, signature };
                let good = self.signs(certificate, issuer_key, &it)?;
                self.signed.insert(pair, good);
                good
            }
        };
        let why = "the key of whom it names as its issuer did not sign it";
        if good { Ok(()) } else { Err(Fault::new(Reason::Signature, certificate, why)) }
    }

    /// Whether the key signed it, by whatever algorithm.
    fn signs(&mut self, certificate: &Certificate, key: &[u8], it: &Signed<'_>) -> Result<bool, Fault> {
        self.budget.signatures =
            self.budget.signatures.checked_sub(1).ok_or_else(|| budget(certificate, "signatures"))?;
        let key = chain::key_of(key, self.rules.legacy).map_err(|error| {
            Fault::new(Reason::Weak, certificate, format!("its issuer's key: {}", error.why()))
        })?;
        Ok(key.check_signature(it.algorithm, it.signed, it.signature).is_ok())
    }

    /// Whether the key signed a CRL, with an algorithm that is still good. Asked once for each pair.
    pub(super) fn signs_crl(&mut self, about: &Certificate, key: &[u8], crl: &Crl) -> Result<bool, Fault> {
        let pair = pair(crl.as_der(), key);
        if let Some(known) = self.signed.get(&pair) {
            return Ok(*known);
        }
        let good = match crl.signed() {
            Ok(it) => self.signs_other(about, key, &it)?,
            Err(_) => false,
        };
        self.signed.insert(pair, good);
        Ok(good)
    }

    /// Whether the key signed something about a certificate, with an algorithm that is still good.
    pub(super) fn signs_other(
        &mut self,
        about: &Certificate,
        key: &[u8],
        it: &Signed<'_>,
    ) -> Result<bool, Fault> {
        let weak = it.algorithm.is_weak() && !self.rules.legacy;
        if weak { Ok(false) } else { self.signs(about, key, it) }
    }

    /// The same search by other rules, out of the same budget.
    pub(super) fn aside<'s>(&'s mut self, rules: &'s Rules<'s>) -> Search<'a, 's> {
        Search {
            anchors: self.anchors,
            intermediates: self.intermediates,
            rules,
            budget: self.budget,
            signed: self.signed,
        }
    }

    /// The path judged, which costs as much as looking at so many issuers.
    fn judged(
        &mut self,
        end: &'a Certificate,
        anchor: Option<&'a Anchor>,
        from_end: &[&'a Certificate],
    ) -> Result<Found<'a>, Fault> {
        let mut path = from_end.to_vec();
        path.reverse();
        self.step(end, path.len(), "possible paths")?;
        let policies = chain::judge(anchor, &path, self.rules, &mut self.budget.comparisons)?;
        Ok(Found { certificates: from_end.to_vec(), anchor, policies })
    }
}
