//! What happens to sessions is counted and timed.
use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use bulla::adapters::metrics::{gauge_staleness, observe};
use bulla::cookie::{Answer, Change, Link, OnStale, Revocation, Revocations, Subject};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use super::lab::{USER, sessions};

/// Values by name and labels, in the order of their coming.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, Vec<f64>>>>);

/// One name in it.
struct Place(Seen, String);

impl Place {
    fn push(&self, value: f64) {
        self.0.0.lock().unwrap().entry(self.1.clone()).or_default().push(value);
    }
}

#[allow(clippy::cast_precision_loss, clippy::as_conversions)]
impl CounterFn for Place {
    fn increment(&self, value: u64) {
        self.push(value as f64);
    }

    fn absolute(&self, value: u64) {
        self.push(value as f64);
    }
}

impl GaugeFn for Place {
    fn increment(&self, value: f64) {
        self.push(value);
    }

    fn decrement(&self, value: f64) {
        self.push(-value);
    }

    fn set(&self, value: f64) {
        self.push(value);
    }
}

impl HistogramFn for Place {
    fn record(&self, value: f64) {
        self.push(value);
    }
}

impl Seen {
    fn place(&self, key: &Key) -> Arc<Place> {
        let labels: Vec<_> =
            key.labels().map(|label| label.value()).filter(|value| !value.is_empty()).collect();
        Arc::new(Place(self.clone(), [&[key.name()], &labels[..]].concat().join(" ")))
    }
}

impl Recorder for Seen {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.place(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.place(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.place(key))
    }
}

struct Nobody;

impl Link for Nobody {
    fn tell(&self, _: Revocation) {}

    fn ask(&self, _: [u8; 32], _: Option<Subject>) -> Answer<'_> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[test]
fn what_happens_is_counted_and_each_token_timed() {
    let seen = Seen::default();
    metrics::with_local_recorder(&seen, || {
        let sessions = Arc::new(observe(sessions(&Arc::new(AtomicI64::new(0)), Arc::default())));
        let visit = sessions.open(None);
        visit.begin(&USER).unwrap();
        let Change::Set(token) = visit.close(true) else { panic!("no token") };
        for text in [token.expose_text(), token.expose_text(), "x"] {
            drop(sessions.open(Some(text)));
        }
    });
    let seen = seen.0.lock().unwrap();
    let count = |name: &str| seen.get(name).map_or(0, Vec::len);
    assert_eq!(count("bulla_session_events_total begun"), 1);
    assert_eq!(count("bulla_session_events_total accepted"), 2);
    assert_eq!(count("bulla_session_events_total refused malformed"), 1);
    assert_eq!(count("bulla_session_open_seconds"), 3);
    assert!(seen["bulla_session_open_seconds"].iter().all(|seconds| (0.0..60.0).contains(seconds)));
}

#[test]
fn how_long_nothing_was_heard_is_a_gauge() {
    let seen = Seen::default();
    let minute = std::time::Duration::from_secs(60);
    metrics::with_local_recorder(&seen, || {
        gauge_staleness(&Arc::new(Revocations::new()));
        let revocations = Arc::new(Revocations::linked(Nobody, minute, OnStale::Deny));
        gauge_staleness(&revocations);
        revocations.heard(std::time::Instant::now());
        gauge_staleness(&revocations);
    });
    let seen = seen.0.lock().unwrap();
    let gauge = &seen["bulla_revocations_staleness_seconds"];
    assert_eq!(gauge.len(), 2);
    assert!(gauge[0].is_infinite() && gauge[1] < 60.0);
}
