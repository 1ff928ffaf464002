//! PBES2 (RFC 8018 section 6.2): how a passphrase encrypts what PKCS #8 and PKCS #12 hold.
use pkcs5::{EncryptionScheme, pbes2};

use super::kind::unsupported;
use super::work::Budget;
use crate::error::{Error, Result};
use crate::primitives::random;
use crate::secret::SecretVec;

/// Encrypts with AES-256-CBC under PBKDF2-HMAC-SHA-256.
pub(crate) fn encrypt(
    plain: &[u8],
    passphrase: &[u8],
    iterations: u32,
) -> Result<(EncryptionScheme, Vec<u8>)> {
    let failed = |_| Error::usage("passphrase", "nothing can be encrypted under it", "use another");
    let (salt, iv) = (random::bytes::<16>(), random::bytes::<16>());
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, &salt, iv);
    let scheme = EncryptionScheme::Pbes2(parameters.map_err(failed)?);
    let sealed = scheme.encrypt(passphrase, plain).map_err(failed)?;
    Ok((scheme, sealed))
}

/// Whether a scheme is one that is still written: PBES2, and not with triple DES.
pub(crate) fn is_current(scheme: &EncryptionScheme) -> bool {
    let encryption = scheme.pbes2().map(|parameters| parameters.encryption);
    encryption.is_some_and(|encryption| !matches!(encryption, pbes2::EncryptionScheme::DesEde3Cbc { .. }))
}

/// Decrypts, if the budget allows the work; old ciphers, too, so see [`is_current`] first.
///
/// `None`: the passphrase is wrong, or the file damaged. The reverse does not hold: CBC has no tag.
pub(crate) fn decrypt(
    scheme: &EncryptionScheme,
    passphrase: &[u8],
    sealed: &[u8],
    budget: &mut Budget,
) -> Result<Option<SecretVec>> {
    let parameters = scheme.pbes2().ok_or_else(unsupported)?;
    spend(budget, parameters)?;
    // It is copied at once into a buffer of its full length, which becomes the result.
    Ok(scheme.decrypt(passphrase, sealed).ok().map(SecretVec::new))
}

fn spend(budget: &mut Budget, parameters: &pbes2::Parameters) -> Result<()> {
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) => {
            // PBKDF2 begins anew for each block of the hash that the key takes.
            let hash = match kdf.prf {
                pbes2::Pbkdf2Prf::HmacWithSha1 => 20,
                pbes2::Pbkdf2Prf::HmacWithSha224 => 28,
                _ => 32,
            };
            let blocks = u32::try_from(parameters.encryption.key_size().div_ceil(hash)).unwrap_or(u32::MAX);
            if kdf.iteration_count == 0 {
                return Err(absurd("PBKDF2 with no iteration"));
            }
            budget.spend_pbkdf2(kdf.iteration_count.saturating_mul(blocks))
        }
        pbes2::Kdf::Scrypt(kdf) => {
            // The crate takes the logarithm of what it has not looked at.
            if !kdf.cost_parameter.is_power_of_two() || kdf.block_size == 0 || kdf.parallelization == 0 {
                return Err(absurd("scrypt with figures that it does not allow"));
            }
            budget.spend_scrypt(kdf.cost_parameter, kdf.block_size.into(), kdf.parallelization.into())
        }
        _ => Err(unsupported()),
    }
}

fn absurd(why: &'static str) -> Error {
    Error::malformed("passphrase", format!("the file asks for {why}"))
}
