//! ML-KEM (FIPS 203): from seeds, and from the expanded keys of RFC 9935.
#[expect(deprecated, reason = "RFC 9935 has this encoding")]
use ml_kem::ExpandedKeyEncoding;
use ml_kem::Seed;
use ml_kem::kem::{Decapsulate, Encapsulate, KeyExport};
use zeroize::Zeroizing;

use super::random::Source;
use crate::secret::{SecretVec, equal};

/// What [`encapsulate`](super::scheme::Scheme::encapsulate) gives: the ciphertext to send, and what both sides then share.
pub(crate) struct Encapsulated {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) shared: SecretVec,
}

/// The sets differ in types that the crate makes by a macro, so one text is written once and compiled for each.
macro_rules! sets {
    ($($(#[$doc:meta])* $set:ident = $of:ident;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $set;

        impl $set {
            /// The encapsulation key of a seed of 64 bytes, d and z (FIPS 203 section 7.1).
            pub(crate) fn public(seed: &[u8]) -> Option<Vec<u8>> {
                Some(Self::key(seed)?.encapsulation_key().to_bytes().to_vec())
            }

            /// An encapsulation key of the right length whose numbers are reduced (FIPS 203 section 7.2).
            pub(crate) fn check_public(bytes: &[u8]) -> Option<Vec<u8>> {
                Some(Self::encapsulation_key(bytes)?.to_bytes().to_vec())
            }

            /// The expanded key of a seed (FIPS 203 algorithm 16).
            pub(crate) fn expand(seed: &[u8]) -> Option<SecretVec> {
                let key = Self::key(seed)?;
                #[expect(deprecated, reason = "RFC 9935 has this encoding")]
                let encoded = Zeroizing::new(key.to_expanded_bytes());
                Some(SecretVec::new(encoded.to_vec()))
            }

            /// The encapsulation key in an expanded key. `None` if the hash in there is not of it (FIPS 203
            /// section 7.3), its numbers are not reduced (7.2), or the secret half does not open what is made with it.
            pub(crate) fn public_from_expanded(expanded: &[u8]) -> Option<Vec<u8>> {
                let public = Self::expanded_key(expanded)?.encapsulation_key().to_bytes().to_vec();
                let made = Self::encapsulate(&public)?;
                let opened = Self::decapsulate_expanded(expanded, &made.ciphertext)?;
                equal(&opened, &made.shared).then_some(public)
            }

            pub(crate) fn encapsulate(public: &[u8]) -> Option<Encapsulated> {
                let (ciphertext, shared) = Self::encapsulation_key(public)?.encapsulate_with_rng(&mut Source);
                let shared = Zeroizing::new(shared);
                Some(Encapsulated { ciphertext: ciphertext.to_vec(), shared: SecretVec::new(shared.to_vec()) })
            }

            /// `None` if the ciphertext has not the right length. One that was not made with the public key gives a
            /// secret that nobody else has (FIPS 203 section 6.3).
            pub(crate) fn decapsulate(seed: &[u8], ciphertext: &[u8]) -> Option<SecretVec> {
                Self::open(&Self::key(seed)?, ciphertext)
            }

            pub(crate) fn decapsulate_expanded(expanded: &[u8], ciphertext: &[u8]) -> Option<SecretVec> {
                Self::open(&Self::expanded_key(expanded)?, ciphertext)
            }

            fn open(key: &ml_kem::$of::DecapsulationKey, ciphertext: &[u8]) -> Option<SecretVec> {
                let shared = Zeroizing::new(key.decapsulate_slice(ciphertext).ok()?);
                Some(SecretVec::new(shared.to_vec()))
            }

            fn key(seed: &[u8]) -> Option<ml_kem::$of::DecapsulationKey> {
                let seed = Zeroizing::new(Seed::try_from(seed).ok()?);
                Some(ml_kem::$of::DecapsulationKey::from_seed(*seed))
            }

            fn expanded_key(expanded: &[u8]) -> Option<ml_kem::$of::DecapsulationKey> {
                #[expect(deprecated, reason = "RFC 9935 has this encoding")]
                ml_kem::$of::DecapsulationKey::from_expanded(expanded.try_into().ok()?).ok()
            }

            fn encapsulation_key(bytes: &[u8]) -> Option<ml_kem::$of::EncapsulationKey> {
                ml_kem::$of::EncapsulationKey::new(bytes.try_into().ok()?).ok()
            }
        }
    )+};
}

sets! {
    /// Category 1.
    MlKem512 = ml_kem_512;
    /// Category 3.
    MlKem768 = ml_kem_768;
    /// Category 5.
    MlKem1024 = ml_kem_1024;
}
