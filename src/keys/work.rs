//! How much work and memory a passphrase may cost the one who opens: bounds first, then the KDFs.
use super::Passphrase;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{
    AGREEMENT_TRIES, ARGON2_MAX_LANES, ARGON2_MAX_MEMORY_KIB, ARGON2_MAX_PASSES, ARGON2_MIN_MEMORY_KIB,
    KDF_PASSES_AT_FULL_MEMORY, KEY_TRIES, PBKDF2_MAX_ITERATIONS, PBKDF2_MIN_ITERATIONS, SSH_RSA_TRIES,
};
use crate::primitives::kdf;
use crate::secret::Secret;

/// What a file may ask of the machine that opens it with a passphrase.
///
/// The figures in a file are read before anything about it is authentic, so they are bounded:
/// 1 GiB of memory, and 4 GiB × passes over all tries of one opening, unless this says otherwise.
/// Figures that make guessing too cheap are refused too, but not in age files, for which age sets no least.
///
/// ```
/// use bulla::{KdfLimits, Passphrase, file::Decryption};
/// let passphrase = Passphrase::new("correct horse battery staple")?;
/// let roomy = Decryption::with(&passphrase).kdf_limits(KdfLimits::memory_mib(4096));
/// # let _ = roomy;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KdfLimits {
    memory_kib: u32,
    weak: bool,
}

impl Default for KdfLimits {
    fn default() -> Self {
        KdfLimits { memory_kib: ARGON2_MAX_MEMORY_KIB, weak: false }
    }
}

impl KdfLimits {
    /// Bounds for a machine that can spare so much memory, in MiB. The bound on work is four passes over it.
    #[must_use]
    pub fn memory_mib(mib: u32) -> Self {
        KdfLimits { memory_kib: mib.saturating_mul(1024), weak: false }
    }

    /// Opens files whose figures make guessing cheap, too: under 8 MiB for Argon2id, under 100 000 iterations for
    /// PBKDF2. Somebody may have found their passphrase by now.
    #[must_use]
    pub fn accept_weak(mut self) -> Self {
        self.weak = true;
        self
    }
}

/// The work that one opening has left.
pub(crate) struct Budget {
    limits: KdfLimits,
    kib_passes: u64,
    iterations: u32,
    keys: u32,
    agreements: u32,
    rsa: u32,
}

impl Budget {
    pub(crate) fn new(limits: KdfLimits) -> Self {
        let kib_passes = u64::from(limits.memory_kib) * KDF_PASSES_AT_FULL_MEMORY;
        Budget {
            limits,
            kib_passes,
            iterations: PBKDF2_MAX_ITERATIONS,
            keys: KEY_TRIES,
            agreements: AGREEMENT_TRIES,
            rsa: SSH_RSA_TRIES,
        }
    }

    pub(crate) fn argon2id(
        &mut self,
        passphrase: &Passphrase,
        salt: &[u8; 16],
        [memory, passes, lanes]: [u32; 3],
    ) -> Result<Secret<32>> {
        let what = format!("Argon2id with {memory} KiB, {passes} passes, {lanes} lanes");
        if memory < ARGON2_MIN_MEMORY_KIB && !self.limits.weak {
            return Err(too_weak(what));
        }
        if passes == 0 || passes > ARGON2_MAX_PASSES || lanes == 0 || lanes > ARGON2_MAX_LANES {
            return Err(too_much(what));
        }
        self.spend(memory, u64::from(passes), &what)?;
        kdf::argon2id(passphrase.as_bytes(), salt, memory, passes, lanes).map_err(|why| unable(why, what))
    }

    pub(crate) fn pbkdf2(
        &mut self,
        passphrase: &Passphrase,
        salt: &[u8; 16],
        iterations: u32,
    ) -> Result<Secret<32>> {
        let what = format!("PBKDF2 with {iterations} iterations");
        let left = self.iterations.checked_sub(iterations).filter(|_| iterations > 0);
        let left = left.ok_or_else(|| too_much(what.clone()))?;
        if iterations < PBKDF2_MIN_ITERATIONS && !self.limits.weak {
            return Err(too_weak(what));
        }
        self.iterations = left;
        Ok(kdf::pbkdf2_sha512(passphrase.as_bytes(), salt, iterations))
    }

    /// PBKDF2 of a key file, which has no least: programs of old wrote 2048 iterations.
    pub(crate) fn spend_pbkdf2(&mut self, iterations: u32) -> Result<()> {
        let what = || format!("PBKDF2 with {iterations} iterations");
        self.iterations = self.iterations.checked_sub(iterations).ok_or_else(|| too_much(what()))?;
        Ok(())
    }

    /// scrypt of a key file (RFC 7914): N, r and p.
    pub(crate) fn spend_scrypt(&mut self, n: u64, r: u32, p: u32) -> Result<()> {
        let what = format!("scrypt with N {n}, r {r}, p {p}");
        // The table that is filled, or the blocks that go through it, of which there may be more (section 6).
        let blocks = n.max(p.into()).saturating_mul(r.into());
        let kib = blocks.saturating_mul(128).div_ceil(1024);
        let memory = u32::try_from(kib).map_err(|_| too_much(what.clone()))?;
        self.spend(memory, u64::from(p).saturating_mul(2), &what)
    }

    /// scrypt as age uses it; `log_n` has been read as a decimal and no more.
    pub(crate) fn scrypt(&mut self, passphrase: &[u8], salt: &[u8], log_n: u32) -> Result<Secret<32>> {
        let what = format!("scrypt with a work factor of {log_n}");
        // N × r × 128 bytes with r = 8 is N KiB.
        let memory = 1u32.checked_shl(log_n).filter(|_| log_n > 0).ok_or_else(|| too_much(what.clone()))?;
        // scrypt goes over its memory twice: once to fill it, once to mix.
        self.spend(memory, 2, &what)?;
        let log_n = u8::try_from(log_n).map_err(|_| too_much(what.clone()))?;
        kdf::scrypt(passphrase, salt, log_n).map_err(|why| unable(why, what))
    }

    /// Counts a comparison of a key's tag with a stanza's: a microsecond, but stanzas and keys multiply.
    pub(crate) fn key(&mut self) -> Result<()> {
        self.keys = self.keys.checked_sub(1).ok_or_else(|| too_many(KEY_TRIES, "keys"))?;
        Ok(())
    }

    /// Counts a key agreement with an identity, which costs up to 0.2 ms.
    pub(crate) fn agreement(&mut self) -> Result<()> {
        self.agreements =
            self.agreements.checked_sub(1).ok_or_else(|| too_many(AGREEMENT_TRIES, "identities"))?;
        Ok(())
    }

    /// Counts a private operation with an SSH key of RSA, which costs milliseconds, and seconds for the longest.
    pub(crate) fn rsa(&mut self) -> Result<()> {
        self.rsa = self.rsa.checked_sub(1).ok_or_else(|| {
            let why = format!("the file has over {SSH_RSA_TRIES} stanzas for this SSH key");
            Error::over_limit("header", why, "leave it: it may be hostile")
        })?;
        Ok(())
    }

    fn spend(&mut self, memory: u32, passes: u64, what: &str) -> Result<()> {
        if memory > self.limits.memory_kib {
            return Err(too_much(what.to_owned()));
        }
        let cost = u64::from(memory).saturating_mul(passes);
        self.kib_passes = self.kib_passes.checked_sub(cost).ok_or_else(|| too_much(what.to_owned()))?;
        Ok(())
    }
}

/// Whether a reader's bound lets it try several passphrases of these costs, in any order.
pub(crate) fn fits_budget(figures: impl Iterator<Item = [u32; 3]>) -> bool {
    let cost = figures.map(|[memory, passes, _]| u64::from(memory).saturating_mul(passes.into()));
    let most = u64::from(ARGON2_MAX_MEMORY_KIB) * KDF_PASSES_AT_FULL_MEMORY;
    cost.fold(0, u64::saturating_add) <= most
}

fn too_many(tries: u32, what: &str) -> Error {
    let why = format!("the file has so many stanzas that they need over {tries} tries of your {what}");
    let hint = "give fewer of them; if you do not know who made the file, leave it: it may be hostile";
    Error::over_limit("header", why, hint)
}

fn unable(why: kdf::Unable, what: String) -> Error {
    match why {
        kdf::Unable::Figures => too_much(what),
        kdf::Unable::Memory => no_memory(&what),
    }
}

/// The machine's fault, not the file's.
pub(crate) fn no_memory(what: &str) -> Error {
    let why = format!("there is no memory for {what}");
    Error::new(ErrorKind::Io, "passphrase", why, "free some; a file is made for less by a lower KDF cost")
}

fn too_much(what: String) -> Error {
    Error::over_limit(
        "passphrase",
        format!("the file asks for {what}: more memory or work than is allowed"),
        "if you trust it, allow more memory (KdfLimits::memory_mib, --max-kdf-memory); else leave it: it may be hostile",
    )
}

fn too_weak(what: String) -> Error {
    Error::over_limit(
        "passphrase",
        format!("the file asks for {what}: so little that guessing is cheap"),
        "encrypt it anew; to open it all the same, allow it (KdfLimits::accept_weak, --accept-weak-kdf)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_figures_are_refused_before_memory_is_taken() {
        let passphrase = Passphrase::new("x").unwrap();
        let salt = [0; 16];
        for figures in [
            [u32::MAX, 1, 1],
            [ARGON2_MAX_MEMORY_KIB + 1, 1, 1],
            [ARGON2_MIN_MEMORY_KIB - 1, 1, 1],
            [8192, 17, 1],
            [8192, 0, 1],
            [8192, 1, 17],
            [8192, 1, 0],
            [ARGON2_MAX_MEMORY_KIB, 5, 1],
        ] {
            let mut budget = Budget::new(KdfLimits::default());
            let error = budget.argon2id(&passphrase, &salt, figures).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::OverLimit, "{figures:?}");
        }
        let mut budget = Budget::new(KdfLimits::default());
        for log_n in [0, 21, 31, 32, 64, u32::MAX] {
            assert!(budget.scrypt(b"x", &salt, log_n).is_err(), "{log_n}");
        }
        for iterations in [0, 99_999, 10_000_001] {
            assert!(budget.pbkdf2(&passphrase, &salt, iterations).is_err(), "{iterations}");
        }
    }

    #[test]
    fn work_of_scrypt_counts_however_it_is_spread_over_its_figures() {
        let try_all = |n, r, p| {
            let mut budget = Budget::new(KdfLimits::default());
            (0..100).take_while(|_| budget.spend_scrypt(n, r, p).is_ok()).count()
        };
        // 16 MiB is allowed 128 times over; what runs over little memory often is not for nothing.
        assert_eq!((try_all(1 << 14, 8, 1), try_all(1 << 20, 8, 1)), (100, 2));
        assert_eq!(try_all(2, 3, 65_535), 0);
        assert_eq!(try_all(4, 1, 65_535), 0);
        assert!(try_all(2, 3, 4096) < 2 && try_all(2, 1, 1) == 100);
        assert_eq!((try_all(u64::MAX, 8, 1), try_all(2, u32::MAX, u32::MAX)), (0, 0));
    }

    #[test]
    fn lack_of_memory_is_not_blamed_on_the_file() {
        let kind = |why| unable(why, "Argon2id".to_owned()).kind();
        assert_eq!(kind(kdf::Unable::Memory), ErrorKind::Io);
        assert_eq!(kind(kdf::Unable::Figures), ErrorKind::OverLimit);
    }

    #[test]
    fn the_budget_counts_all_tries_of_one_opening() {
        let mut budget = Budget::new(KdfLimits::memory_mib(8));
        let passphrase = Passphrase::new("x").unwrap();
        assert!(budget.argon2id(&passphrase, &[0; 16], [8192, 3, 1]).is_ok());
        assert!(budget.argon2id(&passphrase, &[0; 16], [8192, 2, 1]).is_err());
        assert!(budget.argon2id(&passphrase, &[0; 16], [8192, 1, 1]).is_ok());
    }
}
