//! What has been checked, and by what: a value that only the check can make.

/// A thing that was checked, and what it was checked against.
///
/// Nothing but bulla's own checks makes one, so a function that takes a `Verified<T, By>` cannot be called without the
/// check, and there is no `bool` that could be forgotten.
///
/// ```
/// use bulla::{KeyKind, PrivateKey, PublicKey, Verified};
/// fn pay(order: Verified<&[u8], PublicKey>) { /* … */ }
/// let key = PrivateKey::generate(KeyKind::Ed25519)?;
/// let signature = key.sign("order", b"100 francs")?;
/// pay(key.public().verify("order", &b"100 francs"[..], &signature)?);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
#[derive(Clone, Debug)]
pub struct Verified<T, By> {
    thing: T,
    by: By,
}

impl<T, By> Verified<T, By> {
    pub(crate) fn new(thing: T, by: By) -> Self {
        Verified { thing, by }
    }

    /// What was checked.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.thing
    }

    /// What it was checked against.
    #[must_use]
    pub fn by(&self) -> &By {
        &self.by
    }

    /// What was checked, alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.thing
    }
}
