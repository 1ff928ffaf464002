//! Keys that are ready for one type of tokens in one scope: derived once for each ring.
use super::claims::{Claims, purpose};
use super::scope::{KeyUse, Scope};
use crate::clock::Time;
use crate::keys::{KeyState, TokenKeys};
use crate::primitives::mac::MacKey;
use crate::primitives::siv::SivKey;

pub(super) struct Ready {
    /// How often the ring had been replaced, at least, when they were derived of it.
    pub(super) replaced: u64,
    keys: Vec<ReadyKey>,
}

pub(super) struct ReadyKey {
    pub(super) mark: [u8; 4],
    pub(super) mac: MacKey,
    /// For sealed claims.
    pub(super) seal: Option<SivKey>,
    is_active: bool,
    /// Of a retired key: after this no host can have issued anything with it any more.
    pub(super) last_issue: Option<Time>,
}

impl Ready {
    pub(super) fn of<C: Claims>(shared: &TokenKeys, scope: &Scope) -> Self {
        // Before the ring: a ring that comes meanwhile is then taken for a new one, and derived of once more.
        let replaced = shared.replaced();
        let ring = shared.ring();
        let sign = if C::SEALED { KeyUse::SignSealed } else { KeyUse::Sign };
        let purpose = purpose::<C>();
        let keys = ring.entries().iter().map(|entry| {
            let derived = |r#use| scope.key(entry.key.expose_bytes(), r#use, &purpose);
            ReadyKey {
                mark: entry.mark(),
                mac: MacKey::new(&derived(sign)),
                seal: C::SEALED.then(|| SivKey::new(&derived(KeyUse::Seal))),
                is_active: entry.state == KeyState::Active,
                last_issue: (entry.state == KeyState::Retired).then(|| entry.since + ring.spread()),
            }
        });
        let keys = keys.collect();
        Ready { replaced, keys }
    }

    pub(super) fn marked(&self, mark: [u8; 4]) -> Option<&ReadyKey> {
        self.keys.iter().find(|key| key.mark == mark)
    }

    pub(super) fn active(&self) -> Option<&ReadyKey> {
        self.keys.iter().find(|key| key.is_active)
    }
}
