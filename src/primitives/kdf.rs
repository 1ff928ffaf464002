//! Keys from passphrases: Argon2id (RFC 9106), PBKDF2-HMAC-SHA-512 (RFC 8018), scrypt (RFC 7914).
//!
//! The callers check the figures against limits.rs before they come here.
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

use crate::secret::Secret;

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
    let params = Params::new(memory, passes, lanes, Some(32)).map_err(|_| Unable::Figures)?;
    let count = params.block_count();
    let mut blocks: Vec<Block> = Vec::new();
    // Not `vec![…]`: a machine without that memory gets an error, not an abort.
    blocks.try_reserve_exact(count).map_err(|_| Unable::Memory)?;
    blocks.resize(count, Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut result = Ok(());
    let key = Secret::filled_by(|key| {
        result = argon2.hash_password_into_with_memory(passphrase, salt, key, &mut blocks);
    });
    blocks.iter_mut().for_each(Zeroize::zeroize);
    result.map(|()| key).map_err(|_| Unable::Figures)
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
