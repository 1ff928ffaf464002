//! Which CRLs speak about a certificate, and of which reasons (RFC 5280 sections 5.2.5 and 6.3.3 (b)); which deltas change one.
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::chain;
use super::fault::{Fault, Reason};
use super::names::{Breach, Comparisons};
use crate::encoding::tlv;
use crate::x509::certificate::Certificate;
use crate::x509::crl::Crl;
use crate::x509::crl_extensions::{CrlNumber, IssuingDistributionPoint};
use crate::x509::general_name::GeneralName;
use crate::x509::name::{Name, NameKey};
use crate::x509::points::{DistributionPoint, Reasons};

/// A place where CRLs are published, so that equal ones have equal bytes.
type Place = Vec<u8>;

/// A CRL with what says whether it is about a certificate, read once. Names in it are folded when somebody asks, and are
/// then counted: anybody may have written them.
pub(super) struct Listing<'a> {
    pub(super) crl: &'a Crl,
    pub(super) issuer: NameKey,
    number: Option<CrlNumber>,
    /// What a delta changes.
    base: Option<CrlNumber>,
    /// `Ok(None)`: all certificates of its issuer. Or why that cannot be read.
    scope: Result<Option<IssuingDistributionPoint>, String>,
}

/// All CRLs that were given, by the names of their issuers.
pub(super) struct Listings<'a> {
    by_issuer: HashMap<NameKey, Vec<Listing<'a>>>,
}

impl<'a> Listings<'a> {
    pub(super) fn new(crls: &'a [Crl]) -> Self {
        let mut by_issuer: HashMap<_, Vec<_>> = HashMap::new();
        for crl in crls {
            let listing = Listing::new(crl);
            by_issuer.entry(listing.issuer.clone()).or_default().push(listing);
        }
        Listings { by_issuer }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_issuer.is_empty()
    }

    /// Those of this issuer, whole ones and deltas.
    pub(super) fn by(&self, issuer: &NameKey) -> &[Listing<'a>] {
        self.by_issuer.get(issuer).map(Vec::as_slice).unwrap_or_default()
    }

    /// The deltas that are later than a CRL, of the same issuer and scope (section 5.2.4). The latest first.
    pub(super) fn deltas_after(&self, listing: &Listing<'_>) -> Vec<&Listing<'a>> {
        let scope = |crl: &'a Crl| crl.raw_issuing_point().ok();
        let own = listing.crl.raw_issuing_point().ok();
        let later = |delta: &&Listing<'a>| {
            delta.crl.is_delta() && delta.number > listing.number && own.is_some() && scope(delta.crl) == own
        };
        let mut deltas: Vec<_> = self.by(&listing.issuer).iter().filter(later).collect();
        deltas.sort_by_key(|delta| Reverse(delta.number.clone()));
        deltas
    }
}

impl<'a> Listing<'a> {
    fn new(crl: &'a Crl) -> Self {
        Listing {
            crl,
            issuer: crl.issuer().key(),
            number: crl.number().ok().flatten(),
            base: crl.delta_base().ok().flatten(),
            scope: crl.issuing_distribution_point().map_err(|error| error.to_string()),
        }
    }

    /// Where it says that it is published.
    fn places(&self, scope: &IssuingDistributionPoint, left: &mut Comparisons) -> Result<Vec<Place>, Breach> {
        let mut places = places(&scope.names, left)?;
        if let Some(relative) = &scope.relative {
            let issuer = self.crl.issuer();
            left.spend_fold(Some(&issuer))?;
            places.extend(place_below(&issuer, relative));
        }
        Ok(places)
    }

    /// Whether this delta says all that changed since a CRL (section 5.2.4): it was made on this one or an earlier.
    pub(super) fn changes(&self, whole: &Listing<'_>) -> bool {
        match (&self.base, &whole.number) {
            (Some(base), Some(last)) => base <= last,
            _ => false,
        }
    }
}

/// The places that names name.
fn places(names: &[GeneralName], left: &mut Comparisons) -> Result<Vec<Place>, Breach> {
    let place = |name: &GeneralName| {
        let name = match name {
            GeneralName::Directory(name) => name,
            other => return left.spend(1).map(|()| other.write()),
        };
        left.spend_fold(Some(name)).map(|()| directory(name))
    };
    names.iter().map(place).collect()
}

/// No `GeneralName` begins with the tag of a SEQUENCE.
fn directory(name: &Name) -> Place {
    tlv::sequence(&[name.key().as_bytes()])
}

/// A name relative to the CRL's issuer made whole (section 4.2.1.13).
fn place_below(issuer: &Name, relative: &[u8]) -> Option<Place> {
    let inside = tlv::only(issuer.as_der(), tlv::SEQUENCE).ok()?;
    Name::from_der(&tlv::sequence(&[inside.value(), relative])).ok().map(|name| directory(&name))
}

/// What a certificate says of the CRLs that are about it.
pub(super) struct Wanted {
    /// All whose CRLs may be about it, its own issuer first.
    pub(super) issuers: Vec<NameKey>,
    is_ca: bool,
    points: Vec<Point>,
}

struct Point {
    /// Whether the certificate's own issuer signs here, and nobody else is named.
    is_own: bool,
    issuers: Vec<NameKey>,
    places: HashSet<Place>,
    relative: Option<Vec<u8>>,
    reasons: u16,
}

impl Wanted {
    /// All distribution points of a certificate, and then its issuer's own CRLs.
    pub(super) fn new(certificate: &Certificate, left: &mut Comparisons) -> Result<Self, Fault> {
        let unreadable = |error| Fault::unreadable(certificate, &error);
        let mut stated = certificate.crl_distribution_points().map_err(unreadable)?;
        let issuer = certificate.issuer();
        stated.push(DistributionPoint {
            names: vec![GeneralName::Directory(issuer.clone())],
            ..DistributionPoint::default()
        });
        let is_ca = certificate.basic_constraints().map_err(unreadable)?.is_some_and(|stated| stated.is_ca);
        let points: Result<Vec<Point>, Breach> = stated.iter().map(|point| Point::new(point, left)).collect();
        let points = points.map_err(|breach| chain::breached(certificate, breach))?;
        let mut seen = HashSet::new();
        let others = points.iter().flat_map(|point| point.issuers.iter().cloned());
        let issuers = std::iter::once(issuer.key()).chain(others).filter(|name| seen.insert(name.clone()));
        Ok(Wanted { issuers: issuers.collect(), is_ca, points })
    }

    /// The reasons for which a CRL speaks about the certificate, over all of its distribution points.
    pub(super) fn reasons(
        &self,
        certificate: &Certificate,
        listing: &Listing<'_>,
        left: &mut Comparisons,
    ) -> Result<u16, Fault> {
        // A delta alone says nothing.
        if listing.crl.is_delta() {
            return Ok(0);
        }
        let scope = listing.scope.as_ref();
        let scope = scope.map_err(|why| Fault::new(Reason::Undetermined, certificate, why.clone()))?;
        let reasons = self.over_all(listing, scope.as_ref(), left);
        reasons.map_err(|breach| chain::breached(certificate, breach))
    }

    /// [`reasons`](Self::reasons), with what stopped the count.
    fn over_all(
        &self,
        listing: &Listing<'_>,
        scope: Option<&IssuingDistributionPoint>,
        left: &mut Comparisons,
    ) -> Result<u16, Breach> {
        let places = scope.map(|scope| listing.places(scope, left)).transpose()?.unwrap_or_default();
        let mut reasons = 0;
        for point in &self.points {
            left.spend(1 + point.issuers.len() + places.len())?;
            left.spend_fold(point.relative.is_some().then(|| listing.crl.issuer()).as_ref())?;
            if self.is_about(point, listing, scope.map(|scope| (scope, places.as_slice()))) {
                reasons |= point.reasons;
            }
        }
        let only = scope.and_then(|scope| scope.only_some_reasons);
        Ok(reasons & only.unwrap_or(Reasons::ALL).0)
    }

    fn is_about(
        &self,
        point: &Point,
        listing: &Listing<'_>,
        scope: Option<(&IssuingDistributionPoint, &[Place])>,
    ) -> bool {
        let own = self.issuers.first() == Some(&listing.issuer);
        let by = if point.is_own { own } else { point.issuers.contains(&listing.issuer) };
        // Only a CRL that says so may be about certificates of others.
        let Some((stated, places)) = scope else { return by && point.is_own };
        if !by || !(point.is_own || stated.is_indirect) || stated.only_attribute_certificates {
            return false;
        }
        let below = point.relative.as_deref();
        let below = below.and_then(|relative| place_below(&listing.crl.issuer(), relative));
        let is_here = |place: &Place| point.places.contains(place) || below.as_ref() == Some(place);
        let other = if self.is_ca { stated.only_user_certificates } else { stated.only_ca_certificates };
        !other && (places.is_empty() || places.iter().any(is_here))
    }
}

impl Point {
    fn new(point: &DistributionPoint, left: &mut Comparisons) -> Result<Self, Breach> {
        // A point without a name is where its issuer is (section 6.3.3 (b) (2) (i)).
        let unnamed = point.names.is_empty() && point.relative.is_none();
        let names = if unnamed { &point.crl_issuer } else { &point.names };
        let mut issuers = Vec::new();
        for name in &point.crl_issuer {
            if let GeneralName::Directory(name) = name {
                left.spend_fold(Some(name))?;
                issuers.push(name.key());
            }
        }
        Ok(Point {
            is_own: point.crl_issuer.is_empty(),
            issuers,
            places: places(names, left)?.into_iter().collect(),
            relative: point.relative.clone(),
            reasons: point.reasons.unwrap_or(Reasons::ALL).0,
        })
    }
}
