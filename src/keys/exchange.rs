//! Key agreement and encapsulation: what the floors above encrypt with; and a test of whether a key does its work.
use super::material::{Material, unsound};
use super::private::PrivateKey;
use super::public::{self, PublicKey};
use crate::error::{Error, Result};
use crate::primitives::ml_kem::Encapsulated;
use crate::secret::{SecretVec, equal};

/// What [`PrivateKey::check`] signs for.
const CHECK: &str = "key check";

impl PrivateKey {
    /// Uses the key once, and looks whether the public half agrees: it signs and verifies, or shares a secret with itself.
    ///
    /// Keys in bytes are checked as they are read. This shows that a key kept elsewhere is there and works.
    ///
    /// ```
    /// use bulla::{KeyKind, PrivateKey};
    /// PrivateKey::generate(KeyKind::MlKem768)?.check()?;
    /// # Ok::<(), bulla::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the halves do not fit together.
    pub fn check(&self) -> Result<()> {
        let fits = match self.public.material() {
            public::Material::Rsa(_) => self.signs()?,
            public::Material::Scheme(scheme, _) if scheme.signs() => self.signs()?,
            public::Material::Scheme(scheme, _) if scheme.encapsulates() => {
                let made = self.public.encapsulate()?;
                equal(&self.decapsulate(&made.ciphertext)?, &made.shared)
            }
            public::Material::Scheme(..) => {
                let other = PrivateKey::generate(self.kind())?;
                equal(&self.agree(other.public())?, &other.agree(&self.public)?)
            }
        };
        if fits { Ok(()) } else { Err(unsound()) }
    }

    fn signs(&self) -> Result<bool> {
        let signature = self.sign(CHECK, b"")?;
        Ok(self.public.verify(CHECK, b"", &signature).is_ok())
    }

    /// The secret that this key and another one's owner have in common, by ECDH or X25519: of 32 bytes, P-384 48 and
    /// P-521 66. It is no key yet.
    pub(crate) fn agree(&self, peer: &PublicKey) -> Result<SecretVec> {
        let shared = match (&self.material, peer.material()) {
            (Material::Scheme(own, secret), public::Material::Scheme(other, point)) if own == other => {
                own.agree(secret, point)
            }
            _ => None,
        };
        shared.ok_or_else(|| {
            let why = format!("{} does not agree on a key with {}", self.kind(), peer.kind());
            Error::usage("key", why, "take two X25519 keys, or two of the same curve")
        })
    }

    /// The secret of 32 bytes in an encapsulation (FIPS 203 section 7.3). One that was not made for this key gives another
    /// secret, not an error: what is encrypted under it shows that.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretVec> {
        let shared = match &self.material {
            Material::Scheme(scheme, seed) => scheme.decapsulate(seed, ciphertext),
            Material::Expanded(scheme, expanded) => scheme.decapsulate_expanded(expanded, ciphertext),
            Material::Rsa(_) => None,
        };
        shared.ok_or_else(Error::unauthentic)
    }
}

impl PublicKey {
    /// A fresh secret of 32 bytes and its encapsulation for the owner of this key (FIPS 203 section 7.2).
    pub(crate) fn encapsulate(&self) -> Result<Encapsulated> {
        let made = match self.material() {
            public::Material::Scheme(scheme, key) => scheme.encapsulate(key),
            public::Material::Rsa(_) => None,
        };
        made.ok_or_else(|| {
            Error::usage("key", format!("{} encapsulates nothing", self.kind()), "take an ML-KEM key")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, KeyKind};

    const AGREEING: [KeyKind; 4] = [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::X25519];
    const KEMS: [KeyKind; 3] = [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];

    fn key(kind: KeyKind) -> PrivateKey {
        PrivateKey::generate(kind).unwrap()
    }

    #[test]
    fn two_keys_of_a_kind_agree_and_others_do_not() {
        for (kind, length) in AGREEING.into_iter().zip([32, 48, 66, 32]) {
            let (one, two, three) = (key(kind), key(kind), key(kind));
            let shared = one.agree(two.public()).unwrap();
            assert_eq!((shared.len(), &shared), (length, &two.agree(one.public()).unwrap()), "{kind}");
            assert_ne!(shared, one.agree(three.public()).unwrap(), "{kind}");
            for other in AGREEING.into_iter().chain(KEMS).filter(|other| *other != kind) {
                let refused = one.agree(key(other).public()).unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::Usage, "{kind} {other}");
            }
        }
        let (one, two) = (key(KeyKind::Ed25519), key(KeyKind::Ed25519));
        assert_eq!(one.agree(two.public()).unwrap_err().kind(), ErrorKind::Usage);
    }

    #[test]
    fn an_encapsulated_secret_is_for_its_key() {
        for kind in KEMS {
            let (one, two) = (key(kind), key(kind));
            let made = one.public().encapsulate().unwrap();
            assert_eq!(one.decapsulate(&made.ciphertext).unwrap(), made.shared, "{kind}");
            assert_ne!(two.decapsulate(&made.ciphertext).unwrap(), made.shared, "{kind}");
            let mut changed = made.ciphertext.clone();
            changed[0] ^= 1;
            assert_ne!(one.decapsulate(&changed).unwrap(), made.shared, "{kind}");
            let refused = one.decapsulate(&made.ciphertext[1..]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unauthentic, "{kind}");
        }
        assert_eq!(key(KeyKind::X25519).public().encapsulate().err().unwrap().kind(), ErrorKind::Usage);
        assert!(key(KeyKind::Ed25519).decapsulate(&[0; 768]).is_err());
    }

    #[test]
    fn a_key_whose_halves_are_of_two_keys_does_not_pass_its_check() {
        for kind in AGREEING.into_iter().chain(KEMS).chain([KeyKind::Ed25519, KeyKind::MlDsa44]) {
            let (one, mut two) = (key(kind), key(kind));
            assert!(one.check().is_ok(), "{kind}");
            two.material = one.material;
            assert_eq!(two.check().unwrap_err().kind(), ErrorKind::Malformed, "{kind}");
        }
    }
}
