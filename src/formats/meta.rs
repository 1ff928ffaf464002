//! Sealed metadata of a `bulla/v1` file: docs/file-format.md section 2.c.
use super::cobblestone::split_array;
use crate::error::{Error, Result};
use crate::limits::{META_BYTES, META_MEDIA_TYPE_BYTES, META_NAME_BYTES};
use crate::primitives::aead::{Cipher, TAG};
use crate::primitives::hash;
use crate::secret::{Secret, SecretVec};

/// The fields are filled with zeros to a multiple of this, so that their size tells little.
const BLOCK: usize = 64;

const PADDED: u8 = 1;
const NAME: u8 = 2;
const MODIFIED: u8 = 3;
const MEDIA_TYPE: u8 = 4;
const DIRECTORY: u8 = 5;

/// What the metadata say.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Meta {
    pub(crate) padded: bool,
    pub(crate) name: Option<String>,
    /// Seconds since 1970-01-01 UTC, and nanoseconds.
    pub(crate) modified: Option<(i64, u32)>,
    pub(crate) media_type: Option<String>,
    pub(crate) directory: bool,
}

impl Meta {
    /// The sealed form; `None` if there is nothing to say.
    pub(crate) fn seal(&self, file_key: &Secret<32>) -> Result<Option<Vec<u8>>> {
        let fields = self.encode()?;
        if fields.is_empty() {
            return Ok(None);
        }
        seal_fields(file_key, &fields).map(Some)
    }

    /// Opens and reads.
    pub(crate) fn open(file_key: &Secret<32>, sealed: &[u8]) -> Result<Self> {
        check_length(sealed)?;
        let mut fields = SecretVec::new(vec![0; sealed.len().saturating_sub(TAG)]);
        let (cipher, nonce) = cipher(file_key);
        cipher.open(&nonce, sealed, &mut fields).map_err(|_| Error::unauthentic())?;
        Self::decode(&fields).ok_or_else(|| Error::malformed("metadata", "a field is wrong"))
    }

    fn encode(&self) -> Result<Vec<u8>> {
        let mut fields = Fields(Vec::new());
        if self.padded {
            fields.add(PADDED, &[])?;
        }
        if let Some(name) = &self.name {
            if name.is_empty() || name.len() > META_NAME_BYTES {
                return Err(refused(format!("a name has 1 to {META_NAME_BYTES} bytes")));
            }
            fields.add(NAME, name.as_bytes())?;
        }
        if let Some((seconds, nanos)) = self.modified {
            fields.add(MODIFIED, &[&seconds.to_be_bytes()[..], &nanos.to_be_bytes()[..]].concat())?;
        }
        if let Some(media_type) = &self.media_type {
            if !is_media_type(media_type.as_bytes()) {
                return Err(refused("a media type has 1 to 255 printable ASCII characters"));
            }
            fields.add(MEDIA_TYPE, media_type.as_bytes())?;
        }
        if self.directory {
            fields.add(DIRECTORY, &[])?;
        }
        let Fields(mut fields) = fields;
        fields.resize(fields.len().next_multiple_of(BLOCK), 0);
        Ok(fields)
    }

    fn decode(mut rest: &[u8]) -> Option<Self> {
        let mut meta = Meta::default();
        let mut before = 0;
        while let Some((&tag, after)) = rest.split_first() {
            if tag == 0 {
                break;
            }
            let (length, after) = after.split_first_chunk()?;
            let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            if tag <= before {
                return None;
            }
            meta.read(tag, value)?;
            before = tag;
            rest = after;
        }
        let filling = rest.len() < BLOCK && rest.iter().all(|byte| *byte == 0);
        (filling && before > 0).then_some(meta)
    }

    fn read(&mut self, tag: u8, value: &[u8]) -> Option<()> {
        match tag {
            PADDED if value.is_empty() => self.padded = true,
            DIRECTORY if value.is_empty() => self.directory = true,
            NAME if (1..=META_NAME_BYTES).contains(&value.len()) => {
                self.name = Some(std::str::from_utf8(value).ok()?.to_owned());
            }
            MODIFIED if value.len() == 12 => {
                let (seconds, nanos) = split_array::<8>(value);
                let nanos = u32::from_be_bytes(nanos.try_into().ok()?);
                let in_range = nanos < 1_000_000_000;
                self.modified = Some((i64::from_be_bytes(*seconds), nanos)).filter(|_| in_range);
                self.modified?;
            }
            MEDIA_TYPE if is_media_type(value) => {
                self.media_type = Some(std::str::from_utf8(value).ok()?.to_owned());
            }
            _ => return None,
        }
        Some(())
    }
}

/// Seals fields and their filling.
pub(crate) fn seal_fields(file_key: &Secret<32>, fields: &[u8]) -> Result<Vec<u8>> {
    let (cipher, nonce) = cipher(file_key);
    cipher.seal_vec(&nonce, fields).map_err(|_| Error::unauthentic())
}

/// Checks the length of sealed metadata, before anything else is done with them.
pub(crate) fn check_length(sealed: &[u8]) -> Result<()> {
    let length = sealed.len().saturating_sub(TAG);
    if length == 0 || length > META_BYTES || !length.is_multiple_of(BLOCK) {
        return Err(Error::malformed("metadata", "their length is wrong"));
    }
    Ok(())
}

struct Fields(Vec<u8>);

impl Fields {
    fn add(&mut self, tag: u8, value: &[u8]) -> Result<()> {
        let length = u16::try_from(value.len()).map_err(|_| refused("a field is too long"))?;
        self.0.push(tag);
        self.0.extend(length.to_be_bytes());
        self.0.extend(value);
        Ok(())
    }
}

fn is_media_type(value: &[u8]) -> bool {
    let length = (1..=META_MEDIA_TYPE_BYTES).contains(&value.len());
    length && value.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The file key is new for each file and seals one set of metadata, so this key and nonce are used once.
fn cipher(file_key: &Secret<32>) -> (Cipher, [u8; 12]) {
    let okm = hash::expand_sha512::<44>(file_key.expose(), &[b"bulla/v1 meta"]);
    let (key, rest) = split_array::<32>(okm.expose());
    let (nonce, _) = split_array::<12>(rest);
    (Cipher::aes_256_gcm(key), *nonce)
}

fn refused(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::usage("metadata", why, "shorten it or leave it out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_come_back_and_their_size_is_a_multiple_of_64() {
        let file_key = Secret::copy_from(&[3; 32]).unwrap();
        for (length, size) in [(1, 64), (40, 64), (60, 128), (1024, 1088)] {
            let meta = Meta {
                padded: true,
                name: Some("n".repeat(length)),
                modified: Some((-1, 999_999_999)),
                media_type: None,
                directory: true,
            };
            let sealed = meta.seal(&file_key).unwrap().unwrap();
            assert_eq!(sealed.len(), size + TAG);
            assert_eq!(Meta::open(&file_key, &sealed).unwrap(), meta);
        }
        assert!(Meta::default().seal(&file_key).unwrap().is_none());
    }
}
