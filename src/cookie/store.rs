//! What servers keep beside tokens: small values under a key, each with its end.
use std::future::Future;
use std::sync::Arc;

use super::claims::Subject;
use super::stamp::Stamp;
use crate::clock::Time;
use crate::encoding::pae::pae;
use crate::error::{Error, Result};
use crate::limits::STORE_VALUE_BYTES;
use crate::primitives::hash;

/// A place where small values are kept until a time: whether a one-time token was used, where a series of tokens stands, what a
/// session has on the server.
///
/// Keys are digests: whoever reads the store cannot make a token, or a session's number, of them.
///
/// Each method is whole or not at all, and sees what was done before by any host that shares the store. What has ended is not
/// there any more. An implementation answers or fails within a deadline of its own; it never waits for ever. It refuses by
/// [`check_value`] what is too long.
///
/// An `Arc` of a store is one, too: whatever needs one can share it.
pub trait Store: Send + Sync + 'static {
    /// What is kept under this key.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the store cannot be asked.
    fn get(&self, key: &[u8; 32]) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// Keeps a value until a time, in the place of any other.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn put(&self, key: &[u8; 32], value: &[u8], until: Time) -> impl Future<Output = Result<()>> + Send;

    /// Keeps a value until a time if what is kept now is `expected` (`None`: nothing), and says whether it was. Of several that
    /// expect the same at one time, one succeeds.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn swap(
        &self,
        key: &[u8; 32],
        expected: Option<&[u8]>,
        value: &[u8],
        until: Time,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Forgets a value.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn remove(&self, key: &[u8; 32]) -> impl Future<Output = Result<()>> + Send;
}

/// Refuses a value over 64 KiB: what an implementation of [`Store`] calls before it keeps one.
///
/// # Errors
/// [`ErrorKind::OverLimit`](crate::ErrorKind::OverLimit).
///
/// ```
/// use bulla::cookie::check_value;
/// assert!(check_value(&[0; 65_536]).is_ok());
/// assert!(check_value(&[0; 65_537]).is_err());
/// ```
pub fn check_value(value: &[u8]) -> Result<()> {
    if value.len() <= STORE_VALUE_BYTES {
        return Ok(());
    }
    let why = format!("a value has {} bytes, and {STORE_VALUE_BYTES} is the most", value.len());
    Err(Error::over_limit("store", why, "keep it in a database, and its name here"))
}

/// What is kept for a session, under which key. Uses do not meet, nor do the names within one; nobody gets from it to the session.
pub(super) fn key(r#use: &str, name: &str, session: &Stamp) -> [u8; 32] {
    hash::sha256(&pae(&[b"bulla/store/v1", r#use.as_bytes(), name.as_bytes(), &session.session().digest()]))
}

/// The same for somebody, and not for one session.
pub(super) fn key_of_subject(r#use: &str, subject: &Subject) -> [u8; 32] {
    hash::sha256(&pae(&[b"bulla/store/v1", r#use.as_bytes(), subject.as_bytes()]))
}

impl<S: Store> Store for Arc<S> {
    async fn get(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        S::get(self, key).await
    }

    async fn put(&self, key: &[u8; 32], value: &[u8], until: Time) -> Result<()> {
        S::put(self, key, value, until).await
    }

    async fn swap(&self, key: &[u8; 32], expected: Option<&[u8]>, value: &[u8], until: Time) -> Result<bool> {
        S::swap(self, key, expected, value, until).await
    }

    async fn remove(&self, key: &[u8; 32]) -> Result<()> {
        S::remove(self, key).await
    }
}
