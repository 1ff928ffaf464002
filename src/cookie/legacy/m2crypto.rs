//! Cookies of M2Crypto's module AuthCookie: when they end, what they say, and a tag over both, as text.
use super::import::Import;
use super::old_token::OldToken;
use super::secrets::Secrets;
use crate::clock::Time;
use crate::cookie::refusal::Refusal;
use crate::encoding::base64;
use crate::error::Result;
use crate::primitives::hash::{self, Digest};
use crate::secret::equal;

/// Reads cookies of M2Crypto's `AuthCookieJar`: `exp=1800003600.000000&data=alice&digest=…`, the tag in base64.
///
/// The source is `AuthCookie.py` of M2Crypto 0.21 to 0.51. Versions write the time differently, which does not matter here:
/// it is read as it came. The function that writes the tag is called `bin_to_hex` in some, and writes base64 in all.
///
/// A jar makes its own random key (`jar._key`, 20 bytes), so only who kept it has tokens to read.
///
/// ```
/// use bulla::cookie::legacy::{Import, M2Crypto};
/// let import = Import::until("2027-02-15T00:00:00Z".parse()?);
/// # let import = import.clock(|| bulla::Time::from_unix(1_800_000_600));
/// let old = M2Crypto::sha256(&import, [b"0123456789abcdefghij"])?;
/// let cookie = "\"exp=1800003600.000000&data=alice&digest=UK84fHwy05Uh+gdVV75yxQqdwJNSvHcCl1rkBzDqZyg=\"";
/// let token = old.accept(cookie)?;
/// assert_eq!(token.data(), b"alice");
/// assert_eq!(token.ends().map(|end| end.unix()), Some(1_800_003_600));
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct M2Crypto {
    import: Import,
    secrets: Secrets,
    digest: Digest,
}

/// Ends what is signed, and stands before the tag.
const MARK: &str = "&digest=";

impl M2Crypto {
    /// Those of the first versions up to 0.45, with HMAC-SHA-1.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) without a key, or if one has under 16 bytes.
    pub fn sha1(import: &Import, keys: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self> {
        Ok(M2Crypto { import: import.clone(), secrets: Secrets::of(keys)?, digest: Digest::Sha1 })
    }

    /// Those of 0.46 and later, with HMAC-SHA-256.
    ///
    /// # Errors
    /// As [`sha1`](Self::sha1).
    pub fn sha256(import: &Import, keys: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self> {
        Ok(M2Crypto { import: import.clone(), secrets: Secrets::of(keys)?, digest: Digest::Sha256 })
    }

    /// Reads the value of a cookie.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic), whatever the reason: [`Import::watch`] is told that.
    pub fn accept(&self, cookie: &str) -> Result<OldToken> {
        self.import.accept(cookie, |text| self.read(text))
    }

    fn read(&self, text: &str) -> std::result::Result<OldToken, Refusal> {
        // The last one: the data may hold another.
        let (signed, tag) = text.rsplit_once(MARK).ok_or(Refusal::Malformed)?;
        let tag = base64::decode_padded(tag).ok_or(Refusal::Malformed)?;
        let parts = [signed.as_bytes(), MARK.as_bytes()];
        if !self.secrets.iter().any(|key| equal(&hash::hmac(self.digest, key, &parts), &tag)) {
            return Err(Refusal::Forged);
        }
        // From here on it is what a holder of the key wrote.
        let (end, data) = fields(signed).ok_or(Refusal::Malformed)?;
        Ok(OldToken { data: data.as_bytes().to_vec(), issued: None, ends: Some(end) })
    }
}

/// When it ends, and what it says. The time cannot hold what comes after it, so there is one way to cut.
fn fields(signed: &str) -> Option<(Time, &str)> {
    let (end, data) = signed.strip_prefix("exp=")?.split_once("&data=")?;
    let (seconds, fraction) = end.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    Some((Time::from_unix(seconds.parse().ok()?), data))
}
