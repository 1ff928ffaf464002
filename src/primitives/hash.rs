//! SHA-2, HMAC (RFC 2104) and HKDF (RFC 5869); and SHA-1, for old signatures and for names that are no proof of anything.
use std::{fmt, io};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The hash function of a [`SignatureAlgorithm`](crate::SignatureAlgorithm).
///
/// ```
/// assert_eq!(bulla::Digest::Sha256.to_string(), "SHA-256");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Digest {
    /// SHA-1, of which collisions are known: bulla signs nothing with it.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Digest::Sha1 => "SHA-1",
            Digest::Sha224 => "SHA-224",
            Digest::Sha256 => "SHA-256",
            Digest::Sha384 => "SHA-384",
            Digest::Sha512 => "SHA-512",
        })
    }
}

/// Evaluates something with the type of a hash.
macro_rules! with_hash {
    ($digest:expr, $hash:ident => $work:expr) => {
        match $digest {
            $crate::primitives::hash::Digest::Sha1 => {
                type $hash = sha1::Sha1;
                $work
            }
            $crate::primitives::hash::Digest::Sha224 => {
                type $hash = sha2::Sha224;
                $work
            }
            $crate::primitives::hash::Digest::Sha256 => {
                type $hash = sha2::Sha256;
                $work
            }
            $crate::primitives::hash::Digest::Sha384 => {
                type $hash = sha2::Sha384;
                $work
            }
            $crate::primitives::hash::Digest::Sha512 => {
                type $hash = sha2::Sha512;
                $work
            }
        }
    };
}
pub(super) use with_hash;

/// A hash of the parts, one after the other.
pub(crate) fn digest(digest: Digest, parts: &[&[u8]]) -> Vec<u8> {
    with_hash!(digest, H => {
        let mut digest = H::new();
        parts.iter().for_each(|part| digest.update(part));
        digest.finalize().to_vec()
    })
}

/// A hash of what comes piece by piece.
#[cfg(feature = "smime")]
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(Sha256),
    Sha384(sha2::Sha384),
    Sha512(Sha512),
}

/// Evaluates something with the state of whichever hash it is.
#[cfg(feature = "smime")]
macro_rules! with_state {
    ($hasher:expr, $state:ident => $work:expr) => {
        match $hasher {
            Hasher::Sha1($state) => $work,
            Hasher::Sha224($state) => $work,
            Hasher::Sha256($state) => $work,
            Hasher::Sha384($state) => $work,
            Hasher::Sha512($state) => $work,
        }
    };
}

#[cfg(feature = "smime")]
impl Hasher {
    pub(crate) fn new(digest: Digest) -> Self {
        match digest {
            Digest::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            Digest::Sha224 => Hasher::Sha224(sha2::Sha224::new()),
            Digest::Sha256 => Hasher::Sha256(Sha256::new()),
            Digest::Sha384 => Hasher::Sha384(sha2::Sha384::new()),
            Digest::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    pub(crate) fn digest(&self) -> Digest {
        match self {
            Hasher::Sha1(_) => Digest::Sha1,
            Hasher::Sha224(_) => Digest::Sha224,
            Hasher::Sha256(_) => Digest::Sha256,
            Hasher::Sha384(_) => Digest::Sha384,
            Hasher::Sha512(_) => Digest::Sha512,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        with_state!(self, state => state.update(bytes));
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        with_state!(self, state => state.finalize().to_vec())
    }
}

/// SHA-256.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// SHA-512 of the parts, one after the other.
pub(crate) fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut digest = Sha512::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}

/// SHA-512 of a stream, and its length in bytes.
pub(crate) fn sha512_stream(mut from: impl io::Read) -> io::Result<([u8; 64], u64)> {
    let mut digest = Sha512::new();
    let length = io::copy(&mut from, &mut Absorb(&mut digest))?;
    Ok((digest.finalize().into(), length))
}

/// A hash as something to write to.
struct Absorb<'a>(&'a mut Sha512);

impl io::Write for Absorb<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// HMAC-SHA-512, truncated to its first 32 bytes.
pub(crate) fn hmac_sha512_256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut tag = [0; 32];
    let full = keyed::<Hmac<Sha512>>(key, &[data]).finalize().into_bytes();
    tag.copy_from_slice(full.split_at(32).0);
    tag
}

/// HMAC-SHA-256.
pub(crate) fn hmac_sha256(key: &[u8; 32], data: &[u8]) -> [u8; 32] {
    keyed::<Hmac<Sha256>>(key, &[data]).finalize().into_bytes().into()
}

/// HMAC of the parts, one after the other, with any hash and a key of any length.
#[cfg(any(feature = "legacy-cookies", feature = "x509"))]
pub(crate) fn hmac(digest: Digest, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    with_hash!(digest, H => keyed::<Hmac<H>>(key, parts).finalize().into_bytes().to_vec())
}

/// HKDF-Expand with SHA-512 (RFC 5869 section 2.3).
///
/// Written out because `hkdf::Hkdf::from_prk` refuses a PRK shorter than the hash, while C2SP
/// chunked-encryption uses a uniformly random 32-byte key as the PRK, which HMAC takes as it is.
/// `N` is at most 255 × 64.
pub(crate) fn expand_sha512<const N: usize>(prk: &[u8], info: &[&[u8]]) -> Secret<N> {
    // The key is absorbed once; each block goes on from there.
    let keyed = keyed::<Hmac<Sha512>>(prk, &[]);
    let mut block = Zeroizing::new([0; 64]);
    Secret::filled_by(|out| {
        for (counter, piece) in (1u8..=255).zip(out.chunks_mut(64)) {
            let mut mac = keyed.clone();
            if counter > 1 {
                mac.update(&*block);
            }
            info.iter().for_each(|part| mac.update(part));
            mac.update(&[counter]);
            block.copy_from_slice(&mac.finalize().into_bytes());
            piece.copy_from_slice(block.split_at(piece.len()).0);
        }
    })
}

/// HKDF with SHA-256: extract and expand (RFC 5869), 32 bytes.
pub(crate) fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[u8]) -> Secret<32> {
    Secret::filled_by(|out| {
        // Cannot fail: 32 bytes are within the 255 × 32 that HKDF gives.
        let _ = hkdf::Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, out);
    })
}

pub(super) fn keyed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> M {
    // HMAC takes a key of any length: `Err` has no way to happen.
    let Ok(mut mac) = M::new_from_slice(key) else { return keyed(&[], &[]) };
    for part in parts {
        mac.update(part);
    }
    mac
}
