//! Shared keys as text: one key in Bech32, by which a typing error shows, and all of a server for a file that is sealed.
use std::fmt::Write as _;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::shared_key::{SharedKey, SharedKeys};
use crate::encoding::{base64, bech32};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::SHARED_KEY_IDENTITY_BYTES;

const PREFIX: &str = "bulla-shared-key-";
/// The first line of all keys of a server.
const FIRST: &str = "bulla shared keys v1";
/// Characters of a line: a key of 64 bytes, and a name of 255.
const LINE: usize = 480;

impl SharedKey {
    /// The key as text, to be brought to the other side: `BULLA-SHARED-KEY-1…`.
    ///
    /// ```
    /// use bulla::tls::SharedKey;
    /// let key = SharedKey::generate();
    /// let again: SharedKey = key.expose_text().parse()?;
    /// assert_eq!(again.expose_bytes(), key.expose_bytes());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut text = bech32::encode(PREFIX, self.expose_bytes());
        text.make_ascii_uppercase();
        text
    }
}

impl FromStr for SharedKey {
    type Err = Error;

    /// What [`expose_text`](SharedKey::expose_text) gives. The error repeats nothing of it.
    fn from_str(text: &str) -> Result<Self> {
        let bytes = bech32::decode(text).filter(|(prefix, _)| prefix == PREFIX).map(|(_, bytes)| bytes);
        bytes.and_then(|bytes| SharedKey::from_bytes(&bytes).ok()).ok_or_else(|| {
            Error::new(
                ErrorKind::Malformed,
                "shared key",
                "the text is not of the form BULLA-SHARED-KEY-1…, or a character is wrong or missing",
                "copy it whole, with nothing before or after",
            )
        })
    }
}

impl SharedKeys {
    /// All of them as text, for a place that keeps it secret: see [`shared_key_file`](crate::adapters::shared_key_file).
    ///
    /// The first line is `bulla shared keys v1`; each other has a key, as [`SharedKey::expose_text`] gives it, a space, and the name in
    /// base64 without padding (RFC 4648 section 4), in the order of the names.
    ///
    /// ```
    /// use bulla::tls::{SharedKey, SharedKeys};
    /// let mut keys = SharedKeys::new();
    /// keys.add("meter 7", SharedKey::generate())?;
    /// let again = SharedKeys::parse(keys.expose_text().as_bytes())?;
    /// assert_eq!(again.names(), ["meter 7"]);
    /// # Ok::<(), bulla::Error>(())
    /// ```
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        let names = self.names();
        // Room at once: growing would leave copies behind.
        let room = names.len().saturating_mul(LINE).saturating_add(FIRST.len()).saturating_add(1);
        let mut text = Zeroizing::new(String::with_capacity(room));
        text.push_str(FIRST);
        text.push('\n');
        for (name, key) in names.iter().filter_map(|name| self.key(name).map(|key| (name, key))) {
            // To memory: it cannot fail.
            let _ = writeln!(text, "{} {}", *key.expose_text(), base64::encode(name.as_bytes()));
        }
        text
    }

    /// Those of a text that [`expose_text`](Self::expose_text) gave.
    ///
    /// # Errors
    /// [`Malformed`](ErrorKind::Malformed) for any other; [`OverLimit`](ErrorKind::OverLimit) over 65 536 keys.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let text = str::from_utf8(text).map_err(|_| malformed("it is no text"))?;
        let mut lines = text.strip_suffix('\n').unwrap_or_default().split('\n');
        if lines.next() != Some(FIRST) {
            return Err(malformed("the first line is not of this version"));
        }
        let mut keys = SharedKeys::new();
        for line in lines {
            let (key, name) = line.split_once(' ').ok_or_else(|| malformed("a line has no name"))?;
            let name = base64::decode(name).and_then(|name| String::from_utf8(name).ok());
            let fits = |name: &String| (1..=SHARED_KEY_IDENTITY_BYTES).contains(&name.len());
            let name = name.filter(fits).ok_or_else(|| malformed("a name is none"))?;
            if keys.key(&name).is_some() {
                return Err(malformed("a name is there twice"));
            }
            keys.add(&name, key.parse()?)?;
        }
        Ok(keys)
    }
}

fn malformed(why: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, "shared keys", why, "give what `bulla psk` or the library has written")
}
