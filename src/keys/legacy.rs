//! What is too weak by now, and is there to read what is old: nothing in here signs or encrypts.
//!
//! Whoever calls something of this module says so in their own text, where a reviewer can search for `legacy`.
use std::fmt;

use super::algorithm::{Digest, SignatureAlgorithm};
use super::kind::KeyKind;
use super::public::{Fingerprint, PublicKey, not_signed};
use crate::encoding::pem;
use crate::error::{Error, ErrorKind, Result};
use crate::verified::Verified;

/// A public key of DSA (FIPS 186-4), which checks old signatures. There are no private ones: FIPS 186-5 allows no new
/// signatures.
///
/// ```
/// # let pem = "-----BEGIN PUBLIC KEY-----
/// # MIIBtjCCASsGByqGSM44BAEwggEeAoGBAMhlot2QDHYOj0XLjva9OmgO/ThBfi3k
/// # k/nDTVOtLSIbzjUJ60jSzx8w0S3lB6KM4s8mmnoyriWTgItvtGrcPF0X51AM0Bq2
/// # c2z+oXS4mcY6KsbK2zSCuzc23mI+eS8scD5RduEX47BppDR+LUo49Y6Zw2H26mkt
/// # hBIO1EiiLJIZAhUA4P42J6wAybGPwJQUUXb28fIQk8cCgYBSKHZfVD8QJAqVW5Sd
/// # vLzg8n/G+BX8yWEYpLD+oRql1+Rap+v85NcdDOCSo04B8TwAmaylqbq3ZCiNUJCi
/// # mxP+NDAVag4Ks3c/XkHnUUcIguQscnGEl+CNz5WWMm01joTHD9oqk3fHofXbTch8
/// # t92DaoR8z+6CM75Hzx3+yygyXwOBhAACgYA7LIAHoN63HnX6HLFiFFgXn8IDqvEm
/// # qbH3nDM1WEk+87uf7x/Uzv5ts/l5f0zS0VAaxDRvp2RnCYz4MeuGM0D1C2wk1Fsz
/// # eUvpgdpW/4D5Obdn50mg6DoCglMrmAzJgDCEE9Fds5IZf/Prh511ZFkdqe1MX8zV
/// # EpGgD3f56MqTlA==
/// # -----END PUBLIC KEY-----";
/// # let signature = [
/// #     48, 44, 2, 20, 49, 35, 227, 237, 0, 56, 83, 145, 49, 220, 246, 25, 249, 97, 194, 34,
/// #     152, 119, 43, 240, 2, 20, 26, 114, 10, 0, 86, 185, 25, 167, 190, 233, 90, 196, 127, 248,
/// #     152, 110, 63, 205, 193, 175,
/// # ];
/// use bulla::legacy::DsaPublicKey;
/// let key = DsaPublicKey::from_pem(pem)?;
/// let message = key.verify_plain(b"an old message", &signature)?;
/// assert_eq!(message.get(), &b"an old message");
/// assert!(key.verify_plain(b"a new message", &signature).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DsaPublicKey(PublicKey);

/// Hashes that DSA signatures were made with (RFC 3279 section 2.2.2, RFC 5758 section 3.1).
const DIGESTS: [Digest; 3] = [Digest::Sha256, Digest::Sha224, Digest::Sha1];

impl DsaPublicKey {
    /// Reads a SubjectPublicKeyInfo in DER, with the parameters in it (RFC 3279 section 2.3.2).
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is no sound key, or of other than 1024 to 3072 bits;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a key of another kind.
    pub fn from_der(spki: &[u8]) -> Result<Self> {
        let key = PublicKey::from_der_weak(spki)?;
        match key.kind() {
            KeyKind::Dsa { .. } => Ok(DsaPublicKey(key)),
            kind => Err(Error::new(
                ErrorKind::Unsupported,
                "public key",
                format!("it is {kind}, and not DSA"),
                "read it as a PublicKey",
            )),
        }
    }

    /// Reads the first block `PUBLIC KEY` of a PEM text.
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der), and [`Malformed`](crate::ErrorKind::Malformed) if there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        let blocks = pem::blocks(text, |label| label == "PUBLIC KEY")?;
        let block =
            blocks.first().ok_or_else(|| Error::malformed("public key", "there is none in the PEM"))?;
        Self::from_der(&block.bytes)
    }

    /// The SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        self.0.as_der()
    }

    /// Its kind, with the bits of its modulus.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.0.kind()
    }

    /// Its name: the SHA-256 of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// Checks a signature in DER over the message alone, made with SHA-1, SHA-224 or SHA-256.
    ///
    /// With SHA-1 the signer may since have made a second message with the same signature (2^63 work), and with 1024 bits
    /// others may have found the key: it tells something only if the signature is known to be as old as it looks.
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) if the signature is not this key's for this message.
    pub fn verify_plain<T: AsRef<[u8]>>(
        &self,
        message: T,
        signature: &[u8],
    ) -> Result<Verified<T, DsaPublicKey>> {
        let check = |digest| {
            self.0.check_signature(SignatureAlgorithm::Dsa(digest), message.as_ref(), signature).is_ok()
        };
        if DIGESTS.into_iter().any(check) {
            return Ok(Verified::new(message, self.clone()));
        }
        Err(not_signed())
    }
}

impl fmt::Debug for DsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DsaPublicKey({}, {})", self.kind(), self.fingerprint())
    }
}
