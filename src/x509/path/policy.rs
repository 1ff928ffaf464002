//! What a caller asks of the policies of a path (RFC 5280 section 6.1.1 (c), (e), (f), (g)).
use std::collections::BTreeSet;

use crate::encoding::oid::Oid;
use crate::x509::policies::ANY_POLICY;

/// Which certificate policies a caller accepts, and how strictly. Most callers ask for none: the default.
///
/// ```
/// use bulla::x509::PolicyRules;
/// let rules = PolicyRules::any().accept(&["2.23.140.1.5.1.1".parse()?]).explicit();
/// # let _ = rules;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicyRules {
    accepted: Option<BTreeSet<Oid>>,
    explicit: bool,
    no_mapping: bool,
    no_any: bool,
}

impl PolicyRules {
    /// Any policy, or none.
    #[must_use]
    pub fn any() -> Self {
        PolicyRules::default()
    }

    /// These policies only, where the path must have one (`user-initial-policy-set`).
    #[must_use]
    pub fn accept(mut self, policies: &[Oid]) -> Self {
        self.accepted.get_or_insert_default().extend(policies.iter().cloned());
        self
    }

    /// The path must have a policy that is accepted (`initial-explicit-policy`).
    #[must_use]
    pub fn explicit(mut self) -> Self {
        self.explicit = true;
        self
    }

    /// Policies may not be mapped to others (`initial-policy-mapping-inhibit`).
    #[must_use]
    pub fn without_mapping(mut self) -> Self {
        self.no_mapping = true;
        self
    }

    /// The policy that stands for any does not count (`initial-any-policy-inhibit`).
    #[must_use]
    pub fn without_any(mut self) -> Self {
        self.no_any = true;
        self
    }

    /// `None`: any.
    pub(super) fn accepted(&self) -> Option<&BTreeSet<Oid>> {
        self.accepted.as_ref().filter(|accepted| !accepted.iter().any(|oid| oid.is(&ANY_POLICY)))
    }

    pub(super) fn is_explicit(&self) -> bool {
        self.explicit
    }

    pub(super) fn is_mapping_inhibited(&self) -> bool {
        self.no_mapping
    }

    pub(super) fn is_any_inhibited(&self) -> bool {
        self.no_any
    }
}
