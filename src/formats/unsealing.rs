//! From a header and something to open it with to a payload's keys: the one way in, for all three formats.
use std::io::{BufRead, Read};

use super::cobblestone::{self, Cobblestone};
use super::envelope::Container;
use super::header::{Header, Version};
use super::meta::Meta;
use super::payload::{Payload, wide};
use super::sealing::Format;
use super::{age, envelope};
use crate::encoding::input::read_full;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::lock::Opener;
use crate::keys::work::Budget;
use crate::keys::{KdfLimits, KeyId};
use crate::secret::Secret;

/// What opening tells about who sealed.
///
/// ```
/// use bulla::{Authenticity, Identity, Key, file::Decryption};
/// let key = Key::generate();
/// let sealed = bulla::encrypt(&key, b"hello")?;
/// let (_, opened) = Decryption::with(&key).bytes(&sealed)?;
/// assert_eq!(opened.authenticity(), Authenticity::SharedSecret);
///
/// let identity = Identity::generate();
/// let sealed = bulla::encrypt(&identity.recipient(), b"hello")?;
/// let (_, opened) = Decryption::with(&identity).bytes(&sealed)?;
/// assert_eq!(opened.authenticity(), Authenticity::None);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Authenticity {
    /// It comes from one who knows the key or passphrase that opened it: it was sealed for that secret alone.
    ///
    /// Whoever rewraps such a file lets others in on *that file*: together with a copy from before, they could pass
    /// another content off as its. To be sure of the writer, give the secret to nobody else and encrypt anew for others.
    SharedSecret,
    /// Sealed for a recipient, or for several, or rewrapped, or an age file, which cannot tell. The content is whole, and nothing says whose it is:
    /// anybody who knows a recipient, or who could ever open the file, may have made it.
    None,
}

/// What is asked of an opening besides the keys.
#[derive(Clone, Copy, Default)]
pub(crate) struct Terms<'a> {
    pub(crate) context: &'a [u8],
    pub(crate) kdf_limits: KdfLimits,
}

/// A message whose chunks can be opened.
pub(crate) struct Unsealed {
    pub(crate) format: Format,
    pub(crate) payload: Payload,
    pub(crate) meta: Meta,
    pub(crate) authenticity: Authenticity,
    /// Which key opened it, if it was one.
    pub(crate) key_id: Option<KeyId>,
    /// Bytes before the first chunk.
    pub(crate) prefix: u64,
}

/// Reads all that precedes the first chunk, and finds the key. `version` is what [`sniff`](super::header::sniff) said.
pub(crate) fn open(
    from: &mut impl BufRead,
    version: Option<Version>,
    openers: &[Opener<'_>],
    terms: &Terms<'_>,
) -> Result<Unsealed> {
    match version {
        None => open_raw(from, openers, terms),
        Some(Version::Bulla) => open_container(from, openers, terms),
        Some(Version::Age) => open_age(from, openers, terms),
    }
}

fn open_raw(from: &mut impl Read, openers: &[Opener<'_>], terms: &Terms<'_>) -> Result<Unsealed> {
    let keys = openers.iter().filter_map(|opener| match opener {
        Opener::Key(key) => Some(key),
        _ => None,
    });
    let mut keys = keys.peekable();
    if keys.peek().is_none() {
        return Err(Error::new(
            ErrorKind::Unrecognised,
            "format",
            "this is neither a bulla nor an age file; if it was sealed with a raw key, that key is needed",
            "check that it is the right file, or give the key",
        ));
    }
    let prefix = read_prefix::<{ cobblestone::PREFIX }>(from)?;
    for key in keys {
        let input_key = Secret::filled_by(|bytes| bytes.copy_from_slice(key.expose_bytes()));
        if let Ok(chunks) = Cobblestone::resume(&input_key, &prefix, terms.context) {
            return Ok(Unsealed {
                format: Format::Raw,
                payload: Payload::Cobblestone(chunks),
                meta: Meta::default(),
                authenticity: Authenticity::SharedSecret,
                key_id: Some(key.id()),
                prefix: wide(cobblestone::PREFIX),
            });
        }
    }
    Err(Error::new(
        ErrorKind::NoKeyFits,
        "no key fits",
        "the key or the context is not the one it was sealed with, its first bytes were changed, or it is no bulla file",
        "give the right key and context, or get a good copy",
    ))
}

fn open_container(from: &mut impl BufRead, openers: &[Opener<'_>], terms: &Terms<'_>) -> Result<Unsealed> {
    let container = Container::check(Header::read(from, Version::Bulla)?)?;
    let unwrapped = unlock_container(&container, openers, terms.kdf_limits)?;
    let file_key = unwrapped.file_key;
    let meta = container.meta(&file_key)?;
    let prefix = read_prefix::<{ cobblestone::PREFIX }>(from)?;
    let payload_key = envelope::payload_key(&file_key);
    let chunks =
        Cobblestone::resume(&payload_key, &prefix, terms.context).map_err(|_| Error::unauthentic())?;
    // An alone stanza is the only one, so it is the one that was opened.
    let alone = container.kinds.iter().any(envelope::stanza::Kind::is_alone);
    Ok(Unsealed {
        format: Format::Bulla,
        payload: Payload::Cobblestone(chunks),
        meta,
        authenticity: if alone { Authenticity::SharedSecret } else { Authenticity::None },
        key_id: unwrapped.key_id,
        prefix: container.header.length.saturating_add(wide(cobblestone::PREFIX)),
    })
}

/// Finds the file key of a container, and checks the header's MAC with it.
pub(crate) fn unlock_container(
    container: &Container,
    openers: &[Opener<'_>],
    limits: KdfLimits,
) -> Result<envelope::stanza::Unwrapped> {
    let mut budget = Budget::new(limits);
    let unwrapped = find(openers, container.kinds.len(), |index, opener| {
        match (container.header.stanzas.get(index), container.kinds.get(index)) {
            (Some(stanza), Some(kind)) => envelope::stanza::unwrap(stanza, kind, opener, &mut budget),
            _ => Ok(None),
        }
    })?;
    container.verify(&unwrapped.file_key)?;
    Ok(unwrapped)
}

fn open_age(from: &mut impl BufRead, openers: &[Opener<'_>], terms: &Terms<'_>) -> Result<Unsealed> {
    let header = Header::read(from, Version::Age)?;
    let file_key = unlock_age(&header, openers, terms.kdf_limits)?;
    if !terms.context.is_empty() {
        return Err(Error::usage("context", "an age file has none", "leave the context out"));
    }
    // Age's own word for a file cut off here is a bad header; nothing was said about content yet.
    let nonce = read_prefix::<{ age::stream::PREFIX }>(from)?;
    Ok(Unsealed {
        format: Format::Age,
        payload: Payload::Age(age::stream::Stream::resume(&file_key, &nonce)),
        meta: Meta::default(),
        // Also under a passphrase: an age file does not say whether its passphrase was changed.
        authenticity: Authenticity::None,
        key_id: None,
        prefix: header.length.saturating_add(wide(age::stream::PREFIX)),
    })
}

/// Finds the file key of an age file, and checks the header's MAC with it.
pub(crate) fn unlock_age(
    header: &Header,
    openers: &[Opener<'_>],
    limits: KdfLimits,
) -> Result<age::stanza::FileKey> {
    let kinds = age::check(header)?;
    let mut budget = Budget::new(limits);
    let file_key =
        find(openers, kinds.len(), |index, opener| match (header.stanzas.get(index), kinds.get(index)) {
            (Some(stanza), Some(kind)) => age::stanza::unwrap(stanza, kind, opener, &mut budget),
            _ => Ok(None),
        })?;
    age::verify(header, &file_key)?;
    Ok(file_key)
}

/// Tries every opener on every stanza: keys and identities first, because each passphrase costs a whole KDF.
fn find<K>(
    openers: &[Opener<'_>],
    stanzas: usize,
    mut attempt: impl FnMut(usize, &Opener<'_>) -> Result<Option<K>>,
) -> Result<K> {
    let slow = |opener: &&Opener<'_>| matches!(opener, Opener::Passphrase(_));
    let quick_first = openers.iter().filter(|opener| !slow(opener)).chain(openers.iter().filter(slow));
    for opener in quick_first {
        for index in 0..stanzas {
            if let Some(key) = attempt(index, opener)? {
                return Ok(key);
            }
        }
    }
    let (why, hint) = if openers.iter().all(|opener| slow(&opener)) {
        (
            "the passphrase is wrong, or the file is not sealed under a passphrase",
            "type it again, or give a key; if it is the right one, the header was damaged",
        )
    } else {
        (
            "the file is not sealed for any of the keys given",
            "give another key; `bulla inspect` says what kinds fit; if it is the right one, the header was damaged",
        )
    };
    Err(Error::new(ErrorKind::NoKeyFits, "no key fits", why, hint))
}

fn read_prefix<const N: usize>(from: &mut impl Read) -> Result<[u8; N]> {
    let mut prefix = [0; N];
    if read_full(from, &mut prefix)? < N {
        return Err(Error::unauthentic());
    }
    Ok(prefix)
}
