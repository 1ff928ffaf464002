//! Decryption, key agreement and encapsulation: what the floors above encrypt with; and a test of whether a key does its work.
use super::algorithm::Digest;
use super::kind::KeyKind;
use super::material::{Material, unsound};
use super::private::PrivateKey;
use super::public::{self, PublicKey};
use super::remote::{self, Decryption, RemoteKey, ToDecrypt};
use crate::error::{Error, ErrorKind, Result};
use crate::primitives::ml_kem::Encapsulated;
use crate::primitives::random;
use crate::secret::{SecretVec, equal};

/// What [`PrivateKey::check`] signs for.
const CHECK: &str = "key check";

/// RSAES-OAEP as bulla encrypts: with SHA-256 throughout and no label.
pub(crate) const OAEP: Decryption<'_> =
    Decryption::RsaOaep { digest: Digest::Sha256, mask: Digest::Sha256, label: b"" };

/// A use of a key, and whether its public half agreed.
type Trial = fn(&PrivateKey) -> Result<bool>;

impl PrivateKey {
    /// Uses the key once for each thing that it is for, and looks whether the public half agrees: it signs and verifies,
    /// encrypts and decrypts, or shares a secret with itself.
    ///
    /// Keys in bytes are checked as they are read. This shows that a key kept elsewhere is there and works: it need not
    /// do everything that keys of its kind can do, but something.
    ///
    /// ```
    /// use bulla::{KeyKind, PrivateKey};
    /// PrivateKey::generate(KeyKind::MlKem768)?.check()?;
    /// # Ok::<(), bulla::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the halves do not fit together. For a key kept elsewhere also what its
    /// keeper says, and [`Unsupported`](crate::ErrorKind::Unsupported) if it does nothing at all.
    pub fn check(&self) -> Result<()> {
        let trials: &[Trial] = match self.public.material() {
            public::Material::Rsa(_) => &[Self::signs, Self::opens],
            public::Material::Scheme(scheme, _) if scheme.encapsulates() => &[Self::decapsulates],
            public::Material::Scheme(scheme, _) => match (scheme.signs(), scheme.agreed_length()) {
                (true, Some(_)) => &[Self::signs, Self::agrees],
                (true, None) => &[Self::signs],
                (false, _) => &[Self::agrees],
            },
            public::Material::Dsa(_) => &[],
        };
        let mut outcome = Err(unsound());
        for trial in trials {
            match trial(self) {
                Ok(true) => outcome = Ok(()),
                Ok(false) => return Err(unsound()),
                Err(error) if error.kind() == ErrorKind::Unsupported => outcome = outcome.or(Err(error)),
                Err(error) => return Err(error),
            }
        }
        outcome
    }

    fn signs(&self) -> Result<bool> {
        let signature = self.sign(CHECK, b"")?;
        Ok(self.public.verify(CHECK, b"", &signature).is_ok())
    }

    fn opens(&self) -> Result<bool> {
        let secret = random::bytes::<32>();
        let sealed = self.public.encrypt_as(OAEP, &secret)?;
        match self.decrypt_as(OAEP, &sealed) {
            Ok(opened) => Ok(equal(&opened, &secret)),
            Err(error) if error.kind() == ErrorKind::Unauthentic => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn agrees(&self) -> Result<bool> {
        let other = PrivateKey::generate(self.kind())?;
        Ok(equal(&self.agree(other.public())?, &other.agree(&self.public)?))
    }

    fn decapsulates(&self) -> Result<bool> {
        let made = self.public.encapsulate()?;
        Ok(equal(&self.decapsulate(&made.ciphertext)?, &made.shared))
    }

    /// Opens what [`PublicKey::encrypt_as`] sealed so, or [`PublicKey::encapsulate`].
    ///
    /// With [`Decryption::RsaPkcs1`] a ciphertext of the right length never fails: one that is not sound gives a secret that
    /// is made up, and what is encrypted under it shows that.
    pub(crate) fn decrypt_as(&self, how: Decryption<'_>, sealed: &[u8]) -> Result<SecretVec> {
        if let Decryption::MlKem = how {
            return self.decapsulate(sealed);
        }
        let opened = match (&self.material, how) {
            (Material::Rsa(key), Decryption::RsaOaep { digest, mask, label }) => {
                key.open_oaep(digest, mask, label, sealed)
            }
            (Material::Rsa(key), Decryption::RsaPkcs1 { length }) => key.open_pkcs1(sealed, length),
            (Material::Remote(key), _) if matches!(self.kind(), KeyKind::Rsa { .. }) => {
                return self.decrypt_elsewhere(&**key, &ToDecrypt::new(how, sealed));
            }
            _ => return Err(is_not_for(self.public(), "decrypts nothing", "RSA")),
        };
        opened.ok_or_else(Error::unauthentic)
    }

    fn decrypt_elsewhere(&self, key: &dyn RemoteKey, what: &ToDecrypt<'_>) -> Result<SecretVec> {
        let Decryption::RsaPkcs1 { length } = what.how() else { return remote::decrypt(key, what) };
        match self.public.material() {
            // Like a key of our own, whatever the keeper would say to it.
            public::Material::Rsa(public) if public.size() != what.ciphertext().len() => {
                Err(Error::unauthentic())
            }
            _ => remote::decrypt_pkcs1(key, what, length),
        }
    }

    /// The secret that this key and another one's owner have in common, by ECDH or X25519: of 32 bytes, P-384 48 and
    /// P-521 66. It is no key yet.
    pub(crate) fn agree(&self, peer: &PublicKey) -> Result<SecretVec> {
        let (public::Material::Scheme(own, _), public::Material::Scheme(other, point)) =
            (self.public.material(), peer.material())
        else {
            return Err(is_not_for(&self.public, "agrees on no key", "X25519 or P-256"));
        };
        let shared = match (&self.material, own.agreed_length().filter(|_| own == other)) {
            (Material::Remote(key), Some(length)) => return remote::agree(&**key, peer, length),
            (Material::Scheme(..), Some(_)) => self.ready().and_then(|key| key.agree(point)),
            _ => None,
        };
        shared.ok_or_else(|| do_not_agree(self.kind(), peer.kind()))
    }

    /// The secret of 32 bytes in an encapsulation (FIPS 203 section 7.3). One that was not made for this key gives another
    /// secret, not an error: what is encrypted under it shows that.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretVec> {
        let shared = match (&self.material, self.public.material()) {
            (Material::Scheme(scheme, seed), _) => scheme.decapsulate(seed, ciphertext),
            (Material::Expanded(scheme, expanded), _) => scheme.decapsulate_expanded(expanded, ciphertext),
            (Material::Remote(key), public::Material::Scheme(scheme, _)) if scheme.encapsulates() => {
                let shared = remote::decrypt(&**key, &ToDecrypt::new(Decryption::MlKem, ciphertext))?;
                Some(shared).filter(|shared| shared.len() == 32)
            }
            _ => None,
        };
        shared.ok_or_else(Error::unauthentic)
    }
}

impl PublicKey {
    /// Seals a short secret for the owner of an RSA key.
    pub(crate) fn encrypt_as(&self, how: Decryption<'_>, secret: &[u8]) -> Result<Vec<u8>> {
        let sealed = match (self.material(), how) {
            (public::Material::Rsa(key), Decryption::RsaOaep { digest, mask, label }) => {
                key.seal_oaep(digest, mask, label, secret)
            }
            (public::Material::Rsa(key), Decryption::RsaPkcs1 { length }) if secret.len() == length => {
                key.seal_pkcs1(secret)
            }
            _ => None,
        };
        sealed.ok_or_else(|| is_not_for(self, "encrypts no such secret", "RSA"))
    }

    /// A public key of the same kind that is made for this once, and the secret that it and this one have in common, as
    /// [`PrivateKey::agree`] gives it.
    pub(crate) fn agree_once(&self) -> Result<(PublicKey, SecretVec)> {
        let made = match self.material() {
            public::Material::Scheme(scheme, point) => scheme
                .agree_once(point)
                .map(|(once, shared)| (public::Material::Scheme(*scheme, once), shared)),
            _ => None,
        };
        let (once, shared) = made.ok_or_else(|| do_not_agree(self.kind(), self.kind()))?;
        Ok((PublicKey::new(once)?, shared))
    }

    /// A fresh secret of 32 bytes and its encapsulation for the owner of this key (FIPS 203 section 7.2).
    pub(crate) fn encapsulate(&self) -> Result<Encapsulated> {
        let made = match self.material() {
            public::Material::Scheme(scheme, key) => scheme.encapsulate(key),
            _ => None,
        };
        made.ok_or_else(|| is_not_for(self, "encapsulates nothing", "ML-KEM"))
    }
}

fn do_not_agree(one: KeyKind, other: KeyKind) -> Error {
    let why = format!("{one} does not agree on a key with {other}");
    Error::usage("key", why, "take two X25519 keys, or two of the same curve")
}

fn is_not_for(key: &PublicKey, what: &str, better: &str) -> Error {
    Error::usage("key", format!("{} {what}", key.kind()), format!("take a key of {better}"))
}

#[cfg(test)]
mod tests {
    use std::ops::Not;

    use super::*;

    const AGREEING: [KeyKind; 4] = [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::X25519];
    const RSA: KeyKind = KeyKind::Rsa { bits: 2048 };
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

    /// Ways to encrypt a secret of 8 bytes.
    const WAYS: [Decryption<'_>; 3] = [
        OAEP,
        Decryption::RsaOaep { digest: Digest::Sha1, mask: Digest::Sha384, label: b"label" },
        Decryption::RsaPkcs1 { length: 8 },
    ];

    #[test]
    fn what_is_sealed_for_an_rsa_key_opens_with_it_alone_and_in_the_same_way() {
        let (one, two) = (key(RSA), key(RSA));
        for how in WAYS {
            let sealed = one.public().encrypt_as(how, b"a secret").unwrap();
            for other in WAYS {
                let opened = one.decrypt_as(other, &sealed);
                let same = format!("{how:?}") == format!("{other:?}");
                assert_eq!(opened.is_ok_and(|opened| opened[..] == *b"a secret"), same, "{how:?} {other:?}");
            }
            assert!(two.decrypt_as(how, &sealed).is_ok_and(|opened| opened[..] == *b"a secret").not());
            for wrong in [&sealed[1..], &[&[0], &sealed[..]].concat(), b""] {
                assert_eq!(one.decrypt_as(how, wrong).unwrap_err().kind(), ErrorKind::Unauthentic, "{how:?}");
            }
            assert_eq!(one.public().encrypt_as(how, &[0; 250]).unwrap_err().kind(), ErrorKind::Usage);
            let other = key(KeyKind::X25519);
            assert_eq!(other.public().encrypt_as(how, b"a secret").unwrap_err().kind(), ErrorKind::Usage);
            assert_eq!(other.decrypt_as(how, &sealed).unwrap_err().kind(), ErrorKind::Usage);
        }
        let seven = Decryption::RsaPkcs1 { length: 7 };
        assert_eq!(one.public().encrypt_as(seven, b"a secret").unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(one.public().encrypt_as(Decryption::MlKem, b"x").unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(one.decrypt_as(Decryption::MlKem, b"x").unwrap_err().kind(), ErrorKind::Unauthentic);
    }

    #[test]
    fn a_key_whose_halves_are_of_two_keys_does_not_pass_its_check() {
        for kind in AGREEING.into_iter().chain(KEMS).chain([RSA, KeyKind::Ed25519, KeyKind::MlDsa44]) {
            let (one, mut two) = (key(kind), key(kind));
            assert!(one.check().is_ok(), "{kind}");
            two.material = one.material;
            assert_eq!(two.check().unwrap_err().kind(), ErrorKind::Malformed, "{kind}");
        }
    }
}
