//! The only place that draws random bytes.
use std::convert::Infallible;

#[cfg(not(test))]
use rand_core::Rng;
use rand_core::{TryCryptoRng, TryRng};

/// The operating system's generator, as the random number source that algorithm crates ask for.
///
/// If the system has none to give, the thread panics: no key may be made then, and nothing safe is left to do.
pub(crate) struct Source;

/// Draws `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Fills a buffer with random bytes.
#[cfg(not(test))]
pub(crate) fn fill(buffer: &mut [u8]) {
    rand_core::UnwrapErr(getrandom::SysRng).fill_bytes(buffer);
}

#[cfg(test)]
pub(crate) use seeded::{fill, with_seed};

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(bytes()))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Source {}

/// A repeatable source for the test vectors. It exists in unit tests only: no build that anybody ships has it.
#[cfg(test)]
mod seeded {
    use std::cell::RefCell;

    use sha2::{Digest, Sha512};

    thread_local!(static SEED: RefCell<Option<(String, u64)>> = const { RefCell::new(None) });

    /// Runs `work` with random bytes that follow from `seed` alone.
    pub(crate) fn with_seed<T>(seed: &str, work: impl FnOnce() -> T) -> T {
        SEED.set(Some((seed.to_owned(), 0)));
        let result = work();
        SEED.set(None);
        result
    }

    pub(crate) fn fill(buffer: &mut [u8]) {
        SEED.with_borrow_mut(|state| match state {
            None => getrandom::fill(buffer).unwrap(),
            Some((seed, count)) => {
                for piece in buffer.chunks_mut(64) {
                    let block = Sha512::digest(format!("{seed} {count}"));
                    piece.copy_from_slice(&block[..piece.len()]);
                    *count += 1;
                }
            }
        });
    }
}
