//! The keys that all tokens of a process share, and TLS's tickets, and that change without a restart.
use std::any::TypeId;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};

use super::token_keyring::TokenKeyring;
use crate::error::{Error, Result};

/// A keyring that is in use: whoever makes and accepts tokens shares it, and sees at once when it is replaced.
///
/// ```
/// use bulla::cookie::TokenKeys;
/// use bulla::{Time, TokenKeyring};
/// use std::time::Duration;
/// let hour = Duration::from_secs(3600);
/// let keys = TokenKeys::new(TokenKeyring::generate(hour, hour * 24, Time::now())?);
/// // Later, as read anew from a file:
/// keys.replace(TokenKeyring::generate(hour, hour * 24, Time::now())?)?;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct TokenKeys {
    shared: Arc<Shared>,
}

struct Shared {
    ring: ArcSwap<TokenKeyring>,
    /// How often the ring was replaced: to look at it costs less than to look at the ring.
    replaced: AtomicU64,
    /// Which type has which purpose.
    purposes: Mutex<Purposes>,
}

#[derive(Default)]
struct Purposes {
    types: BTreeMap<String, TypeId>,
    /// The longest that one of them lasts.
    longest: Duration,
}

impl TokenKeys {
    /// Takes a ring into use.
    #[must_use]
    pub fn new(ring: TokenKeyring) -> Self {
        TokenKeys {
            shared: Arc::new(Shared {
                ring: ArcSwap::from_pointee(ring),
                replaced: AtomicU64::new(0),
                purposes: Mutex::default(),
            }),
        }
    }

    /// Puts another ring in its place, for all who share it: tokens are made and accepted by this one from now on.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if the ring keeps its keys for less time than a type of tokens lasts that is
    /// in use.
    pub fn replace(&self, ring: TokenKeyring) -> Result<()> {
        // Held until it is done: a type that is registered meanwhile is judged by the new ring.
        let purposes = self.shared.purposes.lock().unwrap_or_else(PoisonError::into_inner);
        check_longest(purposes.longest, &ring)?;
        self.shared.ring.store(Arc::new(ring));
        // After the ring: who sees the number sees that ring, or a later one.
        self.shared.replaced.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Whether somebody else has these keys, too: other clones of this, and tokens by them. Who brings new rings into use knows by
    /// it when to stop.
    ///
    /// ```
    /// # use bulla::{Time, TokenKeyring, cookie::TokenKeys};
    /// # let hour = std::time::Duration::from_secs(3600);
    /// let keys = TokenKeys::new(TokenKeyring::generate(hour, hour * 24, Time::now())?);
    /// assert!(!keys.is_shared());
    /// let others = keys.clone();
    /// assert!(keys.is_shared() && others.is_shared());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    pub(crate) fn replaced(&self) -> u64 {
        self.shared.replaced.load(Ordering::Acquire)
    }

    pub(crate) fn ring(&self) -> Guard<Arc<TokenKeyring>> {
        self.shared.ring.load()
    }

    /// Takes note of what is made with these keys, and lasts so long: a type for each purpose. Of two with one purpose, tokens of
    /// the one would be accepted as the other.
    pub(crate) fn register(&self, purpose: String, made: TypeId, longest: Duration) -> Result<()> {
        let mut purposes = self.shared.purposes.lock().unwrap_or_else(PoisonError::into_inner);
        check_longest(longest, &self.ring())?;
        match purposes.types.entry(purpose) {
            Entry::Occupied(other) if *other.get() != made => {
                let why = format!("another type under these keys has the purpose {}", other.key());
                return Err(Error::usage("token", why, "give each type of claims a purpose of its own"));
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(made);
            }
        }
        purposes.longest = purposes.longest.max(longest);
        Ok(())
    }
}

fn check_longest(wanted: Duration, ring: &TokenKeyring) -> Result<()> {
    if wanted <= ring.longest() {
        return Ok(());
    }
    let why = format!(
        "tokens last {} s, and the keyring keeps keys for {} s",
        wanted.as_secs(),
        ring.longest().as_secs()
    );
    Err(Error::usage(
        "token keyring",
        why,
        "make a keyring with that lifetime, or give the claims a shorter one",
    ))
}
