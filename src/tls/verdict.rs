//! What the two sides of rustls's callbacks tell each other: the verifier its verdict, the tickets what they stand for.
use std::any::Any;
use std::cell::RefCell;

use crate::clock::Time;
use crate::error::Result;

/// What belongs to one connection, and is needed where rustls calls back without saying for which connection it does.
#[derive(Default)]
pub(super) struct Notes {
    /// A `Result<P>` on the peer, for the `P` of the connection.
    verdict: Option<Box<dyn Any + Send>>,
    /// When the first certificate of the peer's path ends: no ticket may last longer.
    pub(super) peer_until: Option<Time>,
    /// How often a store was asked for a session.
    pub(super) asked: usize,
}

thread_local! {
    // rustls calls verifiers and ticketers on the thread that brings it bytes, while it does, and for one connection at a time.
    static CURRENT: RefCell<Option<Notes>> = const { RefCell::new(None) };
}

/// Lends a connection's notes to what rustls calls meanwhile.
pub(super) fn during<T>(notes: &mut Notes, work: impl FnOnce() -> T) -> T {
    /// Puts back what was there before, whether the work ended or panicked.
    struct Lent<'a>(&'a mut Notes, Option<Notes>);
    impl Drop for Lent<'_> {
        fn drop(&mut self) {
            let before = self.1.take();
            if let Some(notes) = CURRENT.with(|current| current.replace(before)) {
                *self.0 = notes;
            }
        }
    }
    let lent = std::mem::take(notes);
    let _lent = Lent(notes, CURRENT.with(|current| current.replace(Some(lent))));
    work()
}

/// Looks at, or changes, the notes of the connection that is at work; `None` if there is none: then somebody else drives rustls.
pub(super) fn with_current<T>(use_it: impl FnOnce(&mut Notes) -> T) -> Option<T> {
    CURRENT.with(|current| current.borrow_mut().as_mut().map(use_it))
}

impl Notes {
    pub(super) fn put<P: Send + 'static>(&mut self, verdict: Result<P>) {
        self.verdict = Some(Box::new(verdict));
    }

    /// What was decided on the peer, if anything was.
    pub(super) fn take<P: 'static>(&mut self) -> Option<Result<P>> {
        self.verdict.take()?.downcast().ok().map(|verdict| *verdict)
    }
}
