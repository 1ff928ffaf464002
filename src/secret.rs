//! Secret bytes: wiped on drop, compared in constant time, never printed, never cloned by accident.
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A secret of a fixed length in bytes.
///
/// It is boxed so that moving it leaves no copy behind on the stack.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Fills a new secret in place.
    pub(crate) fn filled_by(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Box::new([0; N]);
        fill(&mut bytes);
        Secret(bytes)
    }

    /// Copies a secret out of a slice, if it has the right length.
    pub(crate) fn copy_from(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != N {
            return None;
        }
        Some(Self::filled_by(|secret| secret.copy_from_slice(bytes)))
    }

    pub(crate) fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        equal(&*self.0, &*other.0)
    }
}

/// A secret of any length. Give it its capacity at once: growing leaves copies behind.
pub(crate) type SecretVec = Zeroizing<Vec<u8>>;

/// Makes a buffer so long, of zeros or of what it held; what it grows out of is wiped.
pub(crate) fn refit(buffer: &mut SecretVec, length: usize) {
    if buffer.capacity() < length {
        *buffer = SecretVec::new(Vec::with_capacity(length));
    }
    buffer.resize(length, 0);
}

/// `Debug` for what holds secrets or leads to them: its name, and nothing of what is in it.
macro_rules! opaque_debug {
    ($([$($generics:tt)*] $type:ty = $name:literal;)+) => {$(
        impl<$($generics)*> std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct($name).finish_non_exhaustive()
            }
        }
    )+};
}
pub(crate) use opaque_debug;

/// A secret text.
pub(crate) type SecretText = Zeroizing<String>;

/// Compares in constant time for equal lengths; the lengths themselves are not secret.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_copies_only_its_own_length() {
        assert!(Secret::<4>::copy_from(&[1, 2, 3]).is_none());
        assert_eq!(Secret::<3>::copy_from(&[1, 2, 3]).unwrap().expose(), &[1, 2, 3]);
    }

    #[test]
    fn secrets_are_equal_when_their_bytes_are() {
        let a = Secret::<2>::copy_from(&[1, 2]).unwrap();
        assert!(a == Secret::<2>::copy_from(&[1, 2]).unwrap());
        assert!(a != Secret::<2>::copy_from(&[1, 3]).unwrap());
    }
}
