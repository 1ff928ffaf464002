//! What servers keep beside tokens: small values under a key, each with its end.
use std::future::Future;

use crate::clock::Time;
use crate::error::Result;

/// A place where small values are kept until a time: whether a one-time token was used, where a series of tokens stands, what a
/// session has on the server.
///
/// Keys are digests: whoever reads the store cannot make a token, or a session's number, of them.
///
/// Each method is whole or not at all, and sees what was done before by any host that shares the store. What has ended is not
/// there any more. An implementation answers or fails within a deadline of its own; it never waits for ever.
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
