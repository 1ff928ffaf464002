//! What a session has on the server: typed values that do not travel.
use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::stamp::Stamp;
use super::store::{Store, check_value, key};
use crate::encoding::cbor;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::REPLACED_GRACE_SECONDS;

/// Values of one type that are kept for sessions, under a name: a basket, a form that is half filled in.
///
/// Each lasts as long as its session could, renewed or not, and has at most 64 KiB. It is written as CBOR with the names of its
/// fields, as [`Claims`](super::Claims) are, so a field can be added with `#[serde(default)]`. Of two requests that save at one
/// time, one after the other counts.
///
/// **In the store a session's number is hashed**: whoever reads it finds no session. The values themselves are not encrypted; what
/// must not be read there does not belong there, yet.
///
/// ```
/// use bulla::cookie::{Claims, Lifetime, MemoryStore, Payloads, Scope, Subject, TokenKeys, Tokens};
/// # use bulla::{Time, TokenKeyring};
/// # use serde::{Deserialize, Serialize};
/// # use std::time::Duration;
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bulla::Result<()> {
/// # let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR, Time::now())?);
/// # let tokens = Tokens::<Login>::new(&keys, Scope::new("x")?)?;
/// #[derive(Serialize, Deserialize)]
/// struct Basket {
///     articles: Vec<u32>,
/// }
///
/// let baskets = Payloads::<Basket, _>::new("basket", MemoryStore::new());
/// let session = *tokens.issue(&Login { user: 7 })?.stamp();
/// baskets.save(&session, &Basket { articles: vec![17] }).await?;
/// assert_eq!(baskets.load(&session).await?.unwrap().articles, [17]);
///
/// // They prove again who they are, and the session has another number from now on:
/// let again = *tokens.reauthenticate(&session, &Login { user: 7 })?.stamp();
/// baskets.move_to(&session, &again).await?;
/// assert_eq!(baskets.load(&again).await?.unwrap().articles, [17]);
///
/// // They sign out:
/// baskets.remove(&again).await?;
/// # Ok(())
/// # }
/// ```
pub struct Payloads<T, S> {
    name: String,
    store: S,
    values: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned, S: Store> Payloads<T, S> {
    /// Values under a name, which no other type of values in this store may have.
    #[must_use]
    pub fn new(name: impl Into<String>, store: S) -> Self {
        Payloads { name: name.into(), store, values: PhantomData }
    }

    /// What a session has. `None`: nothing, or not any more.
    ///
    /// # Errors
    /// Those of the store, and [`ErrorKind::Malformed`] if what is there does not fit the type.
    pub async fn load(&self, session: &Stamp) -> Result<Option<T>> {
        let Some(kept) = self.store.get(&self.key(session)).await? else { return Ok(None) };
        let value = cbor::decode(&kept).ok_or_else(|| {
            let why = format!("what is kept as {} does not fit its type", self.name);
            let hint = "remove it, or give a type that changed another name";
            Error::new(ErrorKind::Malformed, "session", why, hint)
        })?;
        Ok(Some(value))
    }

    /// Keeps a value for a session, in the place of any other, until the session ends.
    ///
    /// # Errors
    /// Those of the store, [`ErrorKind::OverLimit`] if it has more than 64 KiB, and [`ErrorKind::Usage`] if it cannot be written.
    pub async fn save(&self, session: &Stamp, value: &T) -> Result<()> {
        let value = cbor::encode(Vec::new(), value).ok_or_else(|| {
            let why = format!("its {} cannot be written", self.name);
            Error::usage("session", why, "look at what its Serialize does")
        })?;
        check_value(&value)?;
        self.store.put(&self.key(session), &value, session.until()).await
    }

    /// Forgets what a session has: when it ends before its time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, session: &Stamp) -> Result<()> {
        self.store.remove(&self.key(session)).await
    }

    /// Has a session under its new number go on with what it had under its old one. Requests under way still find it there for
    /// 10 seconds.
    ///
    /// # Errors
    /// Those of the store. Nothing is lost then: call it again.
    pub async fn move_to(&self, old: &Stamp, new: &Stamp) -> Result<()> {
        let (from, to) = (self.key(old), self.key(new));
        if from == to {
            return Ok(());
        }
        let Some(kept) = self.store.get(&from).await? else { return Ok(()) };
        self.store.put(&to, &kept, new.until()).await?;
        let end = new.issued() + Duration::from_secs(REPLACED_GRACE_SECONDS);
        self.store.put(&from, &kept, end.min(old.until())).await
    }

    fn key(&self, session: &Stamp) -> [u8; 32] {
        key("payload", &self.name, session)
    }
}
