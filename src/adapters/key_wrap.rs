//! Keys that a KMS keeps wrapped: what seals keyrings, in a file or in Redis, is asked of it when a host starts, and never in a handshake.
use std::future::Future;

use zeroize::Zeroizing;

use crate::{Key, Result};

/// A service that wraps keys under one that does not leave it: a cloud's key management, Vault's transit engine, an HSM behind a network.
///
/// What it wraps must not be readable to others, nor changeable: an AEAD, as all of these have. bulla gives it nothing but a key of 32
/// random bytes, and so nothing that a name or a number would tell apart.
///
/// ```
/// use bulla::adapters::key_wrap::{self, KeyWrap};
/// use bulla::{Key, Result, decrypt, encrypt};
/// use zeroize::Zeroizing;
///
/// struct Service { key: Key } // somebody else's, over the wire
///
/// impl KeyWrap for Service {
///     async fn wrap(&self, key: &[u8; 32]) -> Result<Vec<u8>> {
///         encrypt(&self.key, key)
///     }
///     async fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
///         let key = Zeroizing::new(decrypt(&self.key, wrapped)?);
///         Ok(Zeroizing::new(key.as_slice().try_into().map_err(std::io::Error::other)?))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let service = Service { key: Key::generate() };
/// let (key, wrapped) = key_wrap::new_key(&service).await?; // `wrapped` goes beside what `key` seals
/// let sealed = encrypt(&key, b"a keyring")?;
///
/// let again = key_wrap::unwrap_key(&service, &wrapped).await?;
/// assert_eq!(decrypt(&again, &sealed)?, b"a keyring");
/// # Ok(())
/// # }
/// ```
pub trait KeyWrap: Send + Sync {
    /// Wraps a key.
    ///
    /// # Errors
    /// Whatever goes wrong, which is handed on.
    fn wrap(&self, key: &[u8; 32]) -> impl Future<Output = Result<Vec<u8>>> + Send;

    /// Gives the key that was wrapped.
    ///
    /// # Errors
    /// As [`wrap`](Self::wrap); for what this service did not wrap, too.
    fn unwrap(&self, wrapped: &[u8]) -> impl Future<Output = Result<Zeroizing<[u8; 32]>>> + Send;
}

/// A new key, and the same wrapped, to be kept beside what it seals.
///
/// # Errors
/// Those of the service.
pub async fn new_key(service: &impl KeyWrap) -> Result<(Key, Vec<u8>)> {
    let key = Key::generate();
    let wrapped = service.wrap(key.expose_bytes()).await?;
    Ok((key, wrapped))
}

/// The key that [`new_key`] gave, for [`keyring_file::follow`](super::keyring_file::follow), `Redis::open` and all else that takes a
/// [`Key`]. The service is not asked again: what is sealed under the key is read by it from then on, and a new key is a restart.
///
/// # Errors
/// Those of the service.
///
/// ```no_run
/// # async fn example(service: impl bulla::adapters::key_wrap::KeyWrap) -> bulla::Result<()> {
/// use bulla::adapters::{key_wrap, keyring_file};
/// use std::time::Duration;
/// let key = key_wrap::unwrap_key(&service, &std::fs::read("/etc/shop/ring.key")?).await?;
/// let keys = keyring_file::follow("/etc/shop/ring", key, Duration::from_secs(30), |error| eprintln!("{error}"))?;
/// # let _ = keys;
/// # Ok(())
/// # }
/// ```
pub async fn unwrap_key(service: &impl KeyWrap, wrapped: &[u8]) -> Result<Key> {
    Ok(Key::from_bytes(&*service.unwrap(wrapped).await?))
}
