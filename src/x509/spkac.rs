//! SignedPublicKeyAndChallenge, Netscape's little certificate request: a key, and the answer to a challenge.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::possession;
use crate::encoding::base64;
use crate::encoding::tlv;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{PrivateKey, PublicKey, SignatureAlgorithm};
use crate::limits::CERTIFICATE_BYTES;
use crate::secret::equal;
use crate::verified::Verified;

/// A public key and a challenge, signed with the private key: what HTML's `<keygen>` sent, and OpenSSL calls SPKAC.
///
/// It holds no names. [`verify`](Self::verify) asks for the challenge, so that none can be sent twice, and gives the key
/// that an [`Authority`](super::Authority) can then certify.
///
/// ```
/// use bulla::x509::Spkac;
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let text = Spkac::sign(&key, "4711")?.to_base64();
/// let spkac = Spkac::from_base64(&text)?.verify("4711")?;
/// assert_eq!(spkac.by(), key.public());
/// assert!(Spkac::from_base64(&text)?.verify("4712").is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
// No `AsRef<[u8]>`: `PublicKey::verify` makes a `Verified` of whatever has it.
#[derive(Clone)]
pub struct Spkac {
    der: Arc<[u8]>,
    at: Fields,
}

/// Where the fields lie, tag and length included (but of challenge and signature: their bytes).
#[derive(Clone)]
struct Fields {
    signed: Range<usize>,
    public_key: Range<usize>,
    challenge: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

const WHAT: &str = "SPKAC";

impl Spkac {
    /// Answers a challenge, in ASCII, with this key. It may be empty if the other side asks for none.
    ///
    /// # Errors
    /// [`Usage`](ErrorKind::Usage) for a challenge that is not ASCII or over 255 characters, or a key that cannot sign.
    pub fn sign(key: &PrivateKey, challenge: &str) -> Result<Self> {
        if !challenge.is_ascii() || challenge.len() > 255 {
            return Err(Error::usage(
                WHAT,
                "the challenge is not ASCII, or too long",
                "give up to 255 letters and digits",
            ));
        }
        let algorithm = key.signature_algorithm()?;
        let challenge = tlv::wrap(tlv::IA5_STRING, &[challenge.as_bytes()]);
        let signed = tlv::sequence(&[key.public().as_der(), &challenge]);
        let signature = key.sign_with(algorithm, &signed)?;
        Self::from_der(&tlv::sequence(&[&signed, &algorithm.to_der(), &tlv::bit_string(&signature)]))
    }

    /// Reads it in DER.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) if its structure is not sound, [`OverLimit`](ErrorKind::OverLimit) if it is over
    /// 256 KiB.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        if der.len() > CERTIFICATE_BYTES {
            return Err(Error::over_limit(WHAT, "it is over 256 KiB", "no sound one is so long"));
        }
        let at = fields(der).map_err(|_| Error::malformed(WHAT, "it is none in DER"))?;
        Ok(Spkac { der: der.into(), at })
    }

    /// Reads it in base64, as browsers sent it, or out of a text with a line `SPKAC=`, as OpenSSL writes.
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der).
    pub fn from_base64(text: &str) -> Result<Self> {
        if text.len() > 2 * CERTIFICATE_BYTES {
            return Err(Error::over_limit(WHAT, "it is over 512 KiB", "no sound one is so long"));
        }
        let line = text.lines().find_map(|line| line.trim().strip_prefix("SPKAC="));
        // Forms broke it into lines.
        let digits: String = line.unwrap_or(text).split_ascii_whitespace().collect();
        let der = base64::decode_padded(&digits).ok_or_else(|| Error::malformed(WHAT, "it is no base64"))?;
        Self::from_der(&der)
    }

    /// It in DER, byte for byte as it came.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// It in base64, on one line. `openssl spkac` wants `SPKAC=` before it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode_padded(&self.der)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// The key.
    ///
    /// # Errors
    /// Those of [`PublicKey::from_der`].
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_der(self.public_key_info())
    }

    /// The key as SubjectPublicKeyInfo in DER, of whatever kind.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        self.part(&self.at.public_key)
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.part(&self.at.signature)
    }

    /// The challenge that it answers. Whether it is the right one, [`verify`](Self::verify) says.
    #[must_use]
    pub fn challenge(&self) -> &str {
        // IA5String is ASCII: looked at when it was read.
        str::from_utf8(self.part(&self.at.challenge)).unwrap_or_default()
    }

    /// How it is signed.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) for an algorithm that bulla does not know.
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm> {
        SignatureAlgorithm::from_der(self.part(&self.at.algorithm))
    }

    /// Checks that it was signed with the private key of the key in it, for this challenge.
    ///
    /// # Errors
    /// [`Unauthentic`](ErrorKind::Unauthentic) if it was not; [`Unsupported`](ErrorKind::Unsupported) for a signature by MD5,
    /// as old browsers made them, or SHA-1, or a key of a kind or size that bulla does not use.
    pub fn verify(self, challenge: &str) -> Result<Verified<Self, PublicKey>> {
        let (key, algorithm) = (self.part(&self.at.public_key), self.part(&self.at.algorithm));
        let (signed, signature) = (self.part(&self.at.signed), self.part(&self.at.signature));
        let key = possession::check(WHAT, key, algorithm, signed, signature)?;
        if !equal(self.part(&self.at.challenge), challenge.as_bytes()) {
            let hint =
                "ask for one with the challenge that you gave: this may be somebody else's, sent again";
            return Err(Error::new(ErrorKind::Unauthentic, WHAT, "it answers another challenge", hint));
        }
        Ok(Verified::new(self, key))
    }
}

fn fields(der: &[u8]) -> tlv::Result<Fields> {
    let mut outer = tlv::only(der, tlv::SEQUENCE)?.inside();
    let signed = outer.expect(tlv::SEQUENCE)?;
    let algorithm = outer.expect(tlv::SEQUENCE)?.range();
    let signature = outer.expect(tlv::BIT_STRING)?;
    let value = signature.value_range();
    let signature = value.end - signature.bits()?.len()..value.end;
    outer.end()?;

    let mut inside = signed.inside();
    let public_key = inside.expect(tlv::SEQUENCE)?.range();
    let challenge = inside.expect(tlv::IA5_STRING)?;
    inside.end()?;
    if !challenge.value().is_ascii() {
        return Err(tlv::Unsound);
    }
    let (signed, challenge) = (signed.range(), challenge.value_range());
    Ok(Fields { signed, public_key, challenge, algorithm, signature })
}

/// Equal when the bytes are.
impl PartialEq for Spkac {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Spkac {}

impl fmt::Debug for Spkac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The challenge may be what lets somebody in elsewhere.
        f.debug_struct("Spkac").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}
