//! Python's test vectors for X.509, odd ones among them: what is in each, as Python's `cryptography` says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "support/pyca.rs"] // rustfmt would look for support::pyca elsewhere
mod pyca;

mod x509_vectors {
    mod certificates;
    pub(crate) mod facts;
    mod reencoding;
    mod requests;
}

use std::collections::BTreeSet;

use x509_vectors::facts::{self, Fact, Kind};

#[test]
fn every_file_of_the_table_is_there_and_no_fact_is_there_twice() {
    let facts = facts::all();
    let once: BTreeSet<&Fact> = facts.iter().collect();
    assert_eq!(once.len(), facts.len());
    assert!(!facts::of(Kind::Ocsp).is_empty());
    for fact in facts {
        if pyca::vectors(fact.file).is_none() {
            return;
        }
    }
}
