//! Keys from passphrases: Argon2id (RFC 9106), PBKDF2-HMAC-SHA-512 (RFC 8018), scrypt (RFC 7914); and, for mail, from shared
//! secrets: HKDF (RFC 5869) and that of X9.63 (SEC 1) with any hash.
//!
//! The callers check the figures against limits.rs before they come here.
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

#[cfg(feature = "smime")]
use super::hash::{Digest, Hasher, with_hash};
use crate::secret::Secret;
#[cfg(feature = "smime")]
use crate::secret::SecretVec;

/// What does not allow the derivation.
#[derive(Debug)]
pub(crate) enum Unable {
    Figures,
    Memory,
}

/// Argon2id, version 0x13, no secret and no associated data. `memory` in KiB.
pub(crate) fn argon2id(
    passphrase: &[u8],
    salt: &[u8; 16],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Result<Secret<32>, Unable> {
    let mut result = Ok(());
    let key = Secret::filled_by(|key| result = argon2id_into(passphrase, salt, [memory, passes, lanes], key));
    result.map(|()| key)
}

/// The same into a buffer of any length, which decides on the bytes, too (RFC 9106 section 3.2).
pub(super) fn argon2id_into(
    passphrase: &[u8],
    salt: &[u8; 16],
    [memory, passes, lanes]: [u32; 3],
    key: &mut [u8],
) -> Result<(), Unable> {
    let params = Params::new(memory, passes, lanes, Some(key.len())).map_err(|_| Unable::Figures)?;
    let count = params.block_count();
    let mut blocks: Vec<Block> = Vec::new();
    // Not `vec![…]`: a machine without that memory gets an error, not an abort.
    blocks.try_reserve_exact(count).map_err(|_| Unable::Memory)?;
    blocks.resize(count, Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let result = argon2.hash_password_into_with_memory(passphrase, salt, key, &mut blocks);
    blocks.iter_mut().for_each(Zeroize::zeroize);
    result.map_err(|_| Unable::Figures)
}

/// PBKDF2 with HMAC-SHA-512.
pub(crate) fn pbkdf2_sha512(passphrase: &[u8], salt: &[u8; 16], iterations: u32) -> Secret<32> {
    Secret::filled_by(|key| {
        pbkdf2::pbkdf2_hmac::<sha2::Sha512>(passphrase, salt, iterations, key);
    })
}

/// scrypt with N = 2^`log_n`, r = 8, p = 1, as age uses it. The crate does not wipe its memory.
pub(crate) fn scrypt(passphrase: &[u8], salt: &[u8], log_n: u8) -> Result<Secret<32>, Unable> {
    let params = scrypt::Params::new(log_n, 8, 1).map_err(|_| Unable::Figures)?;
    // The crate aborts the process if there is no memory: see first whether there is, N × 1024 bytes of it.
    let size = 1024usize.checked_shl(log_n.into()).ok_or(Unable::Figures)?;
    Vec::<u8>::new().try_reserve_exact(size).map_err(|_| Unable::Memory)?;
    let mut result = Ok(());
    let key = Secret::filled_by(|key| result = scrypt::scrypt(passphrase, salt, &params, key.as_mut()));
    result.map(|()| key).map_err(|_| Unable::Figures)
}

/// ANSI X9.63's derivation (SEC 1 version 2 section 3.6.1): hashes of the secret, a counter from 1 and `info`, one after the
/// other. `None` if more is asked for than the counter can count.
#[cfg(feature = "smime")]
pub(crate) fn x963(digest: Digest, shared: &[u8], info: &[u8], length: usize) -> Option<SecretVec> {
    let mut key = SecretVec::new(Vec::with_capacity(length));
    let mut counter = 0u32;
    while key.len() < length {
        counter = counter.checked_add(1)?;
        let mut hasher = Hasher::new(digest);
        [shared, &counter.to_be_bytes(), info].into_iter().for_each(|part| hasher.update(part));
        let block = SecretVec::new(hasher.finish());
        let missing = length - key.len();
        key.extend(block.iter().take(missing));
    }
    Some(key)
}

/// HKDF, extract and expand (RFC 5869). `None` if more than 255 hashes are asked for. An empty salt and none are the same.
#[cfg(feature = "smime")]
pub(crate) fn hkdf(digest: Digest, ikm: &[u8], salt: &[u8], info: &[u8], length: usize) -> Option<SecretVec> {
    let mut key = SecretVec::new(vec![0; length]);
    with_hash!(digest, H => hkdf::Hkdf::<H>::new(Some(salt), ikm).expand(info, &mut key)).ok()?;
    Some(key)
}
