//! Judges peers by their certificates, and remembers the paths that held.
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::judge::{Judge, Presented, part};
use super::trust::{CertifiedPeer, Trust};
use crate::clock::Time;
use crate::error::Result;
use crate::limits::{TLS_PATH_BYTES, TLS_PATHS};
use crate::primitives::hash;
use crate::verified::Verified;

/// What a path is found by: the SHA-256 of all that was shown, and of whom it was asked for.
type Name = [u8; 32];

/// [`Trust`] at work. Nothing in it changes, so the same certificates for the same host hold again, as long as none of the path has
/// ended: a client that comes back, by a ticket or without, costs no signatures of CAs. What is not in the certificates is asked each
/// time: with CRLs or a stapled response everything is looked at anew.
pub(super) struct Certified {
    trust: Trust,
    held: RwLock<HashMap<Name, Held>>,
}

/// A path that held.
struct Held {
    peer: CertifiedPeer,
    from: Time,
    until: Time,
}

impl Certified {
    pub(super) fn new(trust: Trust) -> Self {
        Certified { trust, held: RwLock::default() }
    }

    /// `None` where more decides than the certificates and the time.
    fn name(&self, presented: &Presented<'_>) -> Option<Name> {
        let is_told_more = presented.ocsp.is_some_and(|response| !response.is_empty());
        if is_told_more || self.trust.has_crls() {
            return None;
        }
        let mut all = Vec::new();
        part(&mut all, presented.server.map(ToString::to_string).unwrap_or_default().as_bytes());
        part(&mut all, presented.end);
        presented.others.iter().for_each(|other| part(&mut all, other));
        (all.len() <= TLS_PATH_BYTES).then(|| hash::sha256(&all))
    }

    fn recall(&self, name: &Name, now: Time) -> Option<CertifiedPeer> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let Held { peer, from, until } = held.get(name)?;
        (*from <= now && now <= *until)
            .then(|| Verified::new(peer.get().clone(), peer.by().clone().still_at(now)))
    }

    fn remember(&self, name: Name, peer: &CertifiedPeer) {
        let Some(until) = peer.by().ends() else { return };
        let held = Held { peer: peer.clone(), from: peer.by().at(), until };
        let mut all = self.held.write().unwrap_or_else(PoisonError::into_inner);
        // If they are many, it begins again: what was forgotten is judged once more. Who has copies of trusted certificates can bring that
        // about, and no more: that they are theirs is proven later, and each time.
        if all.len() >= TLS_PATHS {
            all.clear();
        }
        all.insert(name, held);
    }
}

impl Judge<CertifiedPeer> for Certified {
    fn judge(&self, presented: &Presented<'_>) -> Result<CertifiedPeer> {
        let name = self.name(presented);
        let peer = match name.and_then(|name| self.recall(&name, presented.now)) {
            Some(peer) => peer,
            None => {
                let peer = self.trust.validated(presented)?;
                if let Some(name) = name {
                    self.remember(name, &peer);
                }
                peer
            }
        };
        self.trust.allows(&peer, presented)?;
        Ok(peer)
    }

    fn can_judge_again(&self) -> bool {
        self.trust.can_judge_again()
    }

    fn until(&self, peer: &CertifiedPeer) -> Option<Time> {
        peer.by().ends()
    }

    fn authorities(&self) -> Vec<Vec<u8>> {
        self.trust.authorities()
    }

    fn describe(&self, into: &mut Vec<u8>) {
        self.trust.describe(into);
    }
}
