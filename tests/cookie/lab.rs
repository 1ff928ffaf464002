//! A login, a clock that stands still, keys for them, and stores.
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulla::cookie::{Claims, Lifetime, MemoryStore, Refusal, Scope, Store, Subject, TokenKeys, Tokens};
use bulla::{ErrorKind, Result, Time, TokenKeyring};
use serde::{Deserialize, Serialize};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const SPREAD: Duration = Duration::from_secs(300);

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: u64,
    pub(crate) name: String,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(12 * 3600));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

pub(crate) fn login() -> Login {
    Login { user: 7, name: "alice".to_owned() }
}

pub(crate) fn at(seconds: i64) -> Time {
    Time::from_unix(NOW + seconds)
}

pub(crate) fn ring() -> TokenKeyring {
    TokenKeyring::generate(SPREAD, HOUR * 24, at(-3600)).unwrap()
}

/// Several hosts' clock, and why tokens were refused.
#[derive(Clone, Default)]
pub(crate) struct Lab {
    passed: Arc<AtomicI64>,
    told: Arc<Mutex<Vec<Refusal>>>,
}

impl Lab {
    pub(crate) fn set(&self, seconds: i64) {
        self.passed.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Time {
        at(self.passed.load(Ordering::Relaxed))
    }

    /// A store that all hosts share.
    pub(crate) fn store(&self) -> Arc<MemoryStore> {
        let lab = self.clone();
        Arc::new(MemoryStore::new().clock(move || lab.now()))
    }

    /// Why the last token was refused.
    pub(crate) fn last_refusal(&self) -> Option<Refusal> {
        self.told.lock().unwrap().last().copied()
    }

    /// Why tokens were refused since it was last asked.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    pub(crate) fn tokens<C: Claims>(&self, keys: &TokenKeys) -> Tokens<C> {
        self.tokens_in(keys, Scope::new("__Host-session").unwrap())
    }

    pub(crate) fn tokens_in<C: Claims>(&self, keys: &TokenKeys, scope: Scope) -> Tokens<C> {
        let (lab, told) = (self.clone(), Arc::clone(&self.told));
        Tokens::new(keys, scope)
            .unwrap()
            .clock(move || lab.now())
            .watch(move |why| told.lock().unwrap().push(why))
    }

    /// Why a token is refused. Whoever sent it learns nothing of that.
    #[track_caller]
    pub(crate) fn refusal<C: Claims>(&self, tokens: &Tokens<C>, text: &str) -> Refusal {
        self.refusals();
        let Err(error) = tokens.accept(text) else { panic!("it was accepted") };
        assert_eq!(error.kind(), ErrorKind::Unauthentic);
        assert_eq!(error.to_string(), "token: it does not count, or not any more; begin anew: sign in");
        self.last_refusal().unwrap()
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A store that nobody reaches.
pub(crate) struct Unreachable;

fn unreachable<T>() -> Result<T> {
    Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
}

impl Store for Unreachable {
    async fn get(&self, _: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        unreachable()
    }

    async fn put(&self, _: &[u8; 32], _: &[u8], _: Time) -> Result<()> {
        unreachable()
    }

    async fn swap(&self, _: &[u8; 32], _: Option<&[u8]>, _: &[u8], _: Time) -> Result<bool> {
        unreachable()
    }

    async fn remove(&self, _: &[u8; 32]) -> Result<()> {
        unreachable()
    }
}
