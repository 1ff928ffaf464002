//! The graph of valid policies (RFC 9618): what RFC 5280's tree of policies says, without its exponential growth.
use std::collections::{BTreeMap, BTreeSet};

use crate::encoding::oid::Oid;
use crate::x509::policies::{ANY_POLICY, Policy, PolicyMapping};

/// One policy at one depth (RFC 9618 section 5.1).
struct Node {
    expected: BTreeSet<Oid>,
    /// Policies of the depth above that this one follows from.
    parents: BTreeSet<Oid>,
}

type Level = BTreeMap<Oid, Node>;

/// Policies by depth; `None` once there is no valid one: NULL in the RFC.
///
/// It needs no budget: at each depth there are no more edges than a certificate has policies and mappings, which
/// `limits.rs` bounds, and depths than a path has certificates.
pub(super) struct Graph {
    levels: Option<Vec<Level>>,
}

fn any() -> Oid {
    Oid::known(&ANY_POLICY)
}

impl Graph {
    /// RFC 9618 section 5.2, at the start: anyPolicy at depth 0.
    pub(super) fn new() -> Self {
        let node = Node { expected: BTreeSet::from([any()]), parents: BTreeSet::new() };
        Graph { levels: Some(vec![Level::from([(any(), node)])]) }
    }

    pub(super) fn is_null(&self) -> bool {
        self.levels.is_none()
    }

    /// RFC 5280 section 6.1.3 (e): a certificate without policies.
    pub(super) fn clear(&mut self) {
        self.levels = None;
    }

    /// RFC 9618 section 5.3 (d): one certificate's policies. `any_counts`: whether anyPolicy in it does.
    pub(super) fn descend(&mut self, policies: &[Policy], any_counts: bool) {
        let Some(levels) = &mut self.levels else { return };
        let Some(above) = levels.last() else { return };
        // Which policies of the depth above expect a policy.
        let mut expecting: BTreeMap<&Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (parent, node) in above {
            for expected in &node.expected {
                expecting.entry(expected).or_default().insert(parent.clone());
            }
        }
        let mut level = Level::new();
        for policy in policies.iter().filter(|policy| !policy.id.is(&ANY_POLICY)) {
            let parents = match expecting.get(&policy.id) {
                Some(parents) => parents.clone(),
                None if above.contains_key(&any()) => BTreeSet::from([any()]),
                None => continue,
            };
            level.insert(policy.id.clone(), Node { expected: BTreeSet::from([policy.id.clone()]), parents });
        }
        if any_counts && policies.iter().any(|policy| policy.id.is(&ANY_POLICY)) {
            for (expected, parents) in expecting {
                let node = || Node { expected: BTreeSet::from([expected.clone()]), parents };
                level.entry(expected.clone()).or_insert_with(node);
            }
        }
        levels.push(level);
        self.prune();
    }

    /// RFC 9618 section 5.4 (b): a CA's mappings. `mapping_counts`: whether any may.
    pub(super) fn map(&mut self, mappings: &[PolicyMapping], mapping_counts: bool) {
        let mut by_issuer: BTreeMap<&Oid, BTreeSet<Oid>> = BTreeMap::new();
        for mapping in mappings {
            by_issuer.entry(&mapping.issuer).or_default().insert(mapping.subject.clone());
        }
        let Some(level) = self.levels.as_mut().and_then(|levels| levels.last_mut()) else { return };
        for (issuer, subjects) in by_issuer {
            if !mapping_counts {
                level.remove(issuer);
            } else if let Some(node) = level.get_mut(issuer) {
                node.expected = subjects;
            } else if level.contains_key(&any()) {
                let parents = BTreeSet::from([any()]);
                level.insert(issuer.clone(), Node { expected: subjects, parents });
            }
        }
        self.prune();
    }

    /// Takes away what has no child, from below; NULL when nothing is left at the lowest depth.
    fn prune(&mut self) {
        let Some(levels) = &mut self.levels else { return };
        let mut wanted: Option<BTreeSet<Oid>> = None;
        for level in levels.iter_mut().rev() {
            if let Some(wanted) = &wanted {
                level.retain(|policy, _| wanted.contains(policy));
            }
            wanted = Some(level.values().flat_map(|node| node.parents.iter().cloned()).collect());
        }
        if levels.last().is_none_or(BTreeMap::is_empty) {
            self.levels = None;
        }
    }

    /// RFC 9618 section 5.5 (g): what the CAs and the user (`None`: any) agree on. It may hold anyPolicy itself.
    pub(super) fn agreed(&self, user: Option<&BTreeSet<Oid>>) -> BTreeSet<Oid> {
        let Some(levels) = &self.levels else { return BTreeSet::new() };
        // Policies in the terms of the first CA: those that follow from anyPolicy alone.
        let mut authority: BTreeSet<Oid> = BTreeSet::new();
        for level in levels {
            let from_any =
                level.iter().filter(|(policy, node)| **policy != any() && node.parents.contains(&any()));
            authority.extend(from_any.map(|(policy, _)| policy.clone()));
        }
        let to_the_end = levels.last().is_some_and(|level| level.contains_key(&any()));
        match user {
            None if to_the_end => authority.into_iter().chain([any()]).collect(),
            None => authority,
            Some(user) if to_the_end => user.clone(),
            Some(user) => authority.intersection(user).cloned().collect(),
        }
    }
}
