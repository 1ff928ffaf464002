//! One path from an anchor to a certificate, judged by RFC 5280 section 6.1 with the policies of RFC 9618.
use std::collections::BTreeSet;

use super::fault::{Fault, Reason};
use super::graph::Graph;
use super::names::{Breach, Comparisons, Constraints, Subject};
use super::policy::PolicyRules;
use crate::clock::Time;
use crate::encoding::oid::{KnownOid, Oid};
use crate::keys::PublicKey;
use crate::x509::certificate::Certificate;
use crate::x509::extension::{self, Raw};
use crate::x509::name_constraints::NameConstraints;
use crate::x509::policies::{self, ANY_POLICY, PolicyConstraints};
use crate::x509::trust::Anchor;
use crate::x509::usage::{ANY_PURPOSE, ExtendedKeyUsage, KeyUsage};

/// Extensions that are understood, so may be critical.
const UNDERSTOOD: [KnownOid; 12] = [
    extension::BASIC_CONSTRAINTS,
    extension::KEY_USAGE,
    extension::EXTENDED_KEY_USAGE,
    extension::SUBJECT_ALT_NAME,
    extension::ISSUER_ALT_NAME,
    extension::NAME_CONSTRAINTS,
    extension::POLICIES,
    extension::POLICY_MAPPINGS,
    extension::POLICY_CONSTRAINTS,
    extension::INHIBIT_ANY_POLICY,
    extension::SUBJECT_KEY_ID,
    // Critical on the certificates of some CAs whose CRLs are in parts; `revocation.rs` goes by it.
    extension::CRL_POINTS,
];

/// What does not change along a path.
pub(super) struct Rules<'a> {
    pub(super) at: Time,
    /// What the path shall be good for; `None`: anything.
    pub(super) purpose: Option<&'a KnownOid>,
    pub(super) policies: &'a PolicyRules,
    pub(super) legacy: bool,
}

/// The state variables of RFC 5280 section 6.1.2 that count down.
struct Counters {
    explicit_policy: usize,
    inhibit_any: usize,
    policy_mapping: usize,
    path_length: usize,
}

/// Judges a path, from what the anchor signed to the end, but for signatures and revocation. Gives the policies that
/// CAs and user agree on.
pub(super) fn judge(
    anchor: Option<&Anchor>,
    path: &[&Certificate],
    rules: &Rules<'_>,
    comparisons: &mut Comparisons,
) -> Result<BTreeSet<Oid>, Fault> {
    let mut graph = Graph::new();
    let mut left = Counters::new(rules.policies, path.len());
    if let Some(most) = anchor.and_then(|anchor| anchor.path_length) {
        left.path_length = left.path_length.min(usize::try_from(most).unwrap_or(usize::MAX));
    }
    let Some((end, cas)) = path.split_last() else { return Ok(BTreeSet::new()) };
    // What an anchor says of itself binds, too (RFC 5937 section 3.2).
    let mut constraints = Vec::new();
    if let Some(stated) = anchor.and_then(|anchor| anchor.constraints.as_ref()) {
        constraints.push(Constraints::new(stated, comparisons).map_err(|breach| breached(end, breach))?);
    }
    for ca in cas {
        let self_issued = ca.is_self_issued();
        every(ca, rules)?;
        if !self_issued {
            within(ca, &constraints, comparisons)?;
        }
        own_policies(ca, &mut graph, left.inhibit_any > 0 || self_issued, comparisons)?;
        left.explicit_holds(ca, &graph)?;
        mappings(ca, &mut graph, left.policy_mapping > 0, comparisons)?;
        if let Some(stated) = read(ca, &extension::NAME_CONSTRAINTS, NameConstraints::read)? {
            constraints.push(Constraints::new(&stated, comparisons).map_err(|breach| breached(ca, breach))?);
        }
        is_ca(ca)?;
        left.next(ca, self_issued)?;
        left.tighten(ca)?;
    }
    every(end, rules)?;
    within(end, &constraints, comparisons)?;
    own_policies(end, &mut graph, left.inhibit_any > 0, comparisons)?;
    left.explicit_holds(end, &graph)?;
    // RFC 5280 section 6.1.5 (a) and (b).
    left.explicit_policy = left.explicit_policy.saturating_sub(1);
    let stated = read(end, &extension::POLICY_CONSTRAINTS, PolicyConstraints::read)?;
    if stated.is_some_and(|stated| stated.require_explicit == Some(0)) {
        left.explicit_policy = 0;
    }
    let agreed = graph.agreed(rules.policies.accepted());
    if left.explicit_policy == 0 && agreed.is_empty() {
        return Err(Fault::new(
            Reason::Constraint,
            end,
            "a policy is asked for, and the path has none that is accepted",
        ));
    }
    Ok(agreed)
}

fn read<T>(
    certificate: &Certificate,
    id: &KnownOid,
    reader: impl FnOnce(&[u8]) -> crate::encoding::tlv::Result<T>,
) -> Result<Option<T>, Fault> {
    certificate.read(id, reader).map_err(|error| Fault::unreadable(certificate, &error))
}

/// What holds for every certificate: its time, its purpose, no critical extension that nobody understands, none twice.
pub(super) fn every(certificate: &Certificate, rules: &Rules<'_>) -> Result<(), Fault> {
    valid_at(certificate, rules.at)?;
    let mut ids: Vec<&[u8]> = Vec::new();
    for raw in extension::all(certificate.raw_extensions()) {
        let Raw { id, critical, .. } = raw;
        if ids.contains(&id) {
            return Err(Fault::new(Reason::Malformed, certificate, "an extension is there twice"));
        }
        ids.push(id);
        // RFC 5280 section 4.2: one that is not known, or says what nobody can process, whether it is asked or not.
        let unknown = !UNDERSTOOD.iter().any(|known| raw.is(known));
        if critical && (unknown || !raw.is_sound()) {
            let shown =
                Oid::from_value(id).map_or_else(|| "of no sound name".to_owned(), |oid| oid.to_string());
            let why = format!("its critical extension {shown} is not understood");
            return Err(Fault::new(Reason::Unknown, certificate, why));
        }
    }
    if !ids.is_empty() && certificate.version() != 3 {
        return Err(Fault::new(Reason::Malformed, certificate, "only version 3 has extensions"));
    }
    is_for(certificate, rules)
}

/// A purpose that a certificate states binds those below it, too: not RFC 5280, but what everybody does.
pub(super) fn is_for(certificate: &Certificate, rules: &Rules<'_>) -> Result<(), Fault> {
    let usage = read(certificate, &extension::EXTENDED_KEY_USAGE, ExtendedKeyUsage::read)?;
    match (rules.purpose, usage) {
        (Some(purpose), Some(usage)) if !usage.has(purpose) && !usage.has(&ANY_PURPOSE) => {
            Err(Fault::new(Reason::Purpose, certificate, format!("it is for: {usage}")))
        }
        _ => Ok(()),
    }
}

pub(super) fn valid_at(certificate: &Certificate, at: Time) -> Result<(), Fault> {
    let unreadable = |error| Fault::unreadable(certificate, &error);
    let (from, until) =
        (certificate.not_before().map_err(unreadable)?, certificate.not_after().map_err(unreadable)?);
    if at < from {
        return Err(Fault::new(
            Reason::Validity,
            certificate,
            format!("it is valid from {from} on only, and it is {at}"),
        ));
    }
    if at > until {
        return Err(Fault::new(
            Reason::Validity,
            certificate,
            format!("it was valid until {until}, and it is {at}"),
        ));
    }
    Ok(())
}

fn within(
    certificate: &Certificate,
    all: &[Constraints],
    comparisons: &mut Comparisons,
) -> Result<(), Fault> {
    if all.is_empty() {
        return Ok(());
    }
    let alternative =
        certificate.alternative_names().map_err(|error| Fault::unreadable(certificate, &error))?;
    let within = || {
        let subject = Subject::new(&certificate.subject(), alternative, comparisons)?;
        all.iter().try_for_each(|constraints| subject.within(constraints, comparisons))
    };
    within().map_err(|breach| breached(certificate, breach))
}

/// Why names are not within constraints, as a fault of a certificate.
pub(super) fn breached(certificate: &Certificate, breach: Breach) -> Fault {
    let why = match breach {
        Breach::Outside(name) => format!("{name} is outside of the names that a CA above it may certify"),
        Breach::Unknown(name) => {
            format!("{name} cannot be compared with the names that a CA above it may certify")
        }
        Breach::Budget => return budget(certificate, "names to compare"),
    };
    Fault::new(Reason::Constraint, certificate, why)
}

pub(super) fn budget(certificate: &Certificate, what: &str) -> Fault {
    Fault::new(Reason::Budget, certificate, format!("it takes too much work to judge it: too many {what}"))
}

/// RFC 5280 section 6.1.3 (d) and (e).
fn own_policies(
    certificate: &Certificate,
    graph: &mut Graph,
    any_counts: bool,
    comparisons: &mut Comparisons,
) -> Result<(), Fault> {
    match read(certificate, &extension::POLICIES, policies::read_policies)? {
        Some(policies) => {
            comparisons.spend(policies.len()).map_err(|_| budget(certificate, "policies"))?;
            graph.descend(&policies, any_counts);
        }
        None => graph.clear(),
    }
    Ok(())
}

/// RFC 5280 section 6.1.4 (a) and (b).
fn mappings(
    ca: &Certificate,
    graph: &mut Graph,
    count: bool,
    comparisons: &mut Comparisons,
) -> Result<(), Fault> {
    let Some(mappings) = read(ca, &extension::POLICY_MAPPINGS, policies::read_mappings)? else {
        return Ok(());
    };
    comparisons.spend(mappings.len()).map_err(|_| budget(ca, "policies"))?;
    if mappings.iter().any(|mapping| mapping.issuer.is(&ANY_POLICY) || mapping.subject.is(&ANY_POLICY)) {
        return Err(Fault::new(Reason::Constraint, ca, "it maps the policy that stands for any"));
    }
    graph.map(&mappings, count);
    Ok(())
}

/// RFC 5280 section 6.1.4 (k) and (n).
pub(super) fn is_ca(ca: &Certificate) -> Result<(), Fault> {
    let unreadable = |error| Fault::unreadable(ca, &error);
    if !ca.basic_constraints().map_err(unreadable)?.is_some_and(|constraints| constraints.is_ca) {
        return Err(Fault::new(Reason::NotCa, ca, "it is no CA's, and may not issue certificates"));
    }
    match ca.key_usage().map_err(unreadable)? {
        Some(usage) if !usage.allows(KeyUsage::CERTIFICATE_SIGN) => {
            Err(Fault::new(Reason::NotCa, ca, "its key may not sign certificates"))
        }
        _ => Ok(()),
    }
}

impl Counters {
    /// RFC 5280 section 6.1.2 (d) to (f) and (k).
    fn new(rules: &PolicyRules, length: usize) -> Self {
        let start = |at_once: bool| if at_once { 0 } else { length + 1 };
        Counters {
            explicit_policy: start(rules.is_explicit()),
            inhibit_any: start(rules.is_any_inhibited()),
            policy_mapping: start(rules.is_mapping_inhibited()),
            path_length: length,
        }
    }

    /// Section 6.1.3 (f).
    fn explicit_holds(&self, certificate: &Certificate, graph: &Graph) -> Result<(), Fault> {
        if self.explicit_policy > 0 || !graph.is_null() {
            return Ok(());
        }
        Err(Fault::new(
            Reason::Constraint,
            certificate,
            "a policy is asked for, and the path has none from here on",
        ))
    }

    /// Section 6.1.4 (h), (l) and (m).
    fn next(&mut self, ca: &Certificate, self_issued: bool) -> Result<(), Fault> {
        if !self_issued {
            self.explicit_policy = self.explicit_policy.saturating_sub(1);
            self.policy_mapping = self.policy_mapping.saturating_sub(1);
            self.inhibit_any = self.inhibit_any.saturating_sub(1);
            let why = "there are more CAs above it than one of them allows";
            self.path_length =
                self.path_length.checked_sub(1).ok_or_else(|| Fault::new(Reason::Constraint, ca, why))?;
        }
        let constraints = ca.basic_constraints().map_err(|error| Fault::unreadable(ca, &error))?;
        if let Some(stated) = constraints.and_then(|constraints| constraints.path_length) {
            self.path_length = self.path_length.min(usize::try_from(stated).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    /// Section 6.1.4 (i) and (j).
    fn tighten(&mut self, ca: &Certificate) -> Result<(), Fault> {
        let lower = |counter: &mut usize, stated: Option<u32>| {
            if let Some(stated) = stated {
                *counter = (*counter).min(usize::try_from(stated).unwrap_or(usize::MAX));
            }
        };
        if let Some(stated) = read(ca, &extension::POLICY_CONSTRAINTS, PolicyConstraints::read)? {
            lower(&mut self.explicit_policy, stated.require_explicit);
            lower(&mut self.policy_mapping, stated.inhibit_mapping);
        }
        lower(&mut self.inhibit_any, read(ca, &extension::INHIBIT_ANY_POLICY, policies::read_skip)?);
        Ok(())
    }
}

/// The key that a SubjectPublicKeyInfo holds, if it is strong enough to be believed.
pub(super) fn key_of(info: &[u8], legacy: bool) -> crate::Result<PublicKey> {
    if legacy { PublicKey::from_der_weak(info) } else { PublicKey::from_der(info) }
}
