//! An entity of MIME: a header and a body, as a mail has them or a part of one.
use std::fmt;
use std::io::Read;

use crate::error::{Error, ErrorKind, Result};
use crate::formats::mime::header::Header;
use crate::x509::EmailAddress;

/// A header and a body (RFC 2045 section 2.4): a mail, or a part of one. What is signed and encrypted, and what comes out
/// again.
///
/// It knows nothing of who wrote it: [`Verified`](crate::Verified) round it does.
///
/// ```
/// use bulla::smime::Entity;
/// let letter = Entity::parse(b"Content-Type: text/plain\r\n\r\nDear Alice,\r\n")?;
/// assert_eq!(letter.header("content-type")?.as_deref(), Some("text/plain"));
/// assert_eq!(letter.body(), b"Dear Alice,\r\n");
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Entity {
    bytes: Vec<u8>,
    header: Header,
}

impl Entity {
    /// Reads a mail or a part. Its lines may end in CRLF or LF; they stay as they are.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the header is not sound, [`OverLimit`](crate::ErrorKind::OverLimit) if it
    /// is over 256 KiB.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes = bytes.into();
        let header = Header::read(&mut bytes.as_slice())?;
        Ok(Entity { bytes, header })
    }

    /// All of it, as it came.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All of it, as it came.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What is after the header, as it came: in its transfer encoding.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.header.raw().len()..).unwrap_or_default()
    }

    /// The body, with its transfer encoding undone.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the encoding is not sound, or none that RFC 2045 section 6 knows.
    pub fn content(&self) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut reader = self.header.transfer()?.decode(self.body());
        reader.read_to_end(&mut content).map_err(|error| Error::io("mail", error))?;
        Ok(content)
    }

    /// The value of a field, in one line; `None`: it is not there.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is there twice (readers differ in which counts), or is no text in
    /// UTF-8.
    pub fn header(&self, name: &str) -> Result<Option<String>> {
        self.header.only(name)
    }

    /// The address in the field `From`, of which there is one: what a reader is shown as the sender. `None`: there is no such
    /// field.
    ///
    /// # Security
    /// Nothing proves it, unless it is inside of what was signed. It is for [`Expect::Address`](super::Expect::Address).
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is no field with one address.
    pub fn sender(&self) -> Result<Option<EmailAddress>> {
        let Some(value) = self.header.only("From")? else { return Ok(None) };
        let address = super::sender::address(&value);
        address.map(Some).ok_or_else(|| {
            Error::new(
                ErrorKind::Malformed,
                "mail",
                "its field From has several addresses, or one that can be read in two ways",
                "look whom it is from, and name that sender yourself",
            )
        })
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entity({} bytes)", self.bytes.len())
    }
}

impl PartialEq for Entity {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Entity {}
