//! From holders to a header and a payload's keys: the one way to begin something sealed, in all three formats.
use super::cobblestone::Cobblestone;
use super::header::Stanza;
use super::meta::Meta;
use super::payload::Payload;
use super::{age, envelope};
use crate::error::{Error, Result};
use crate::keys::KdfCost;
use crate::keys::lock::{Holder, Holders};
use crate::keys::recipient::PublicKey;
use crate::limits::{HEADER_BYTES, PASSPHRASE_STANZAS, STANZAS};
use crate::primitives::random;
use crate::secret::Secret;

/// Which format something is sealed in. `docs/file-format.md` specifies them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Format {
    /// A bare C2SP chunked-encryption message (Cobblestone-256): one key, nothing hidden, nothing in front.
    Raw,
    /// The container `bulla/v1`: passphrases, recipients, keys, padding, metadata, rewrap.
    Bulla,
    /// age v1, for those who have age and not bulla.
    Age,
}

/// What is sealed besides the content.
#[derive(Clone, Default)]
pub(crate) struct Wishes<'a> {
    /// `None`: the best that all holders can read.
    pub(crate) format: Option<Format>,
    pub(crate) context: &'a [u8],
    pub(crate) meta: Meta,
}

/// What stands before the chunks, and the keys of the chunks.
pub(crate) struct Sealing {
    pub(crate) format: Format,
    pub(crate) prefix: Vec<u8>,
    pub(crate) payload: Payload,
}

/// Begins something sealed.
pub(crate) fn seal(holders: &Holders<'_>, wishes: &Wishes<'_>) -> Result<Sealing> {
    let format = choose(holders, wishes);
    let meta_wanted = wishes.meta != Meta::default();
    match (format, holders.list.as_slice()) {
        (Format::Raw, [Holder::Key(key)]) if !meta_wanted => {
            let input_key = Secret::filled_by(|bytes| bytes.copy_from_slice(key.expose_bytes()));
            let (chunks, prefix) = Cobblestone::begin(&input_key, wishes.context);
            Ok(Sealing { format, prefix, payload: Payload::Cobblestone(chunks) })
        }
        (Format::Raw, [Holder::Key(_)]) => Err(cannot("a raw file has no room for padding or metadata")),
        (Format::Raw, _) => Err(cannot("a raw file is for one key")),
        (Format::Bulla, _) => seal_container(holders, wishes),
        (Format::Age, _) if !wishes.context.is_empty() => Err(cannot("an age file has no context")),
        (Format::Age, _) if meta_wanted => Err(cannot("an age file has no padding and no metadata")),
        (Format::Age, _) => seal_age(holders),
    }
}

fn choose(holders: &Holders<'_>, wishes: &Wishes<'_>) -> Format {
    let ssh = |holder: &Holder<'_>| matches!(holder, Holder::Recipient(recipient) if matches!(recipient.0, PublicKey::Ssh(_)));
    match (wishes.format, holders.list.as_slice()) {
        (Some(format), _) => format,
        (None, [Holder::Key(_)]) if wishes.meta == Meta::default() => Format::Raw,
        (None, list) if list.iter().any(ssh) => Format::Age,
        _ => Format::Bulla,
    }
}

fn seal_container(holders: &Holders<'_>, wishes: &Wishes<'_>) -> Result<Sealing> {
    let file_key = Secret::filled_by(|key| random::fill(key));
    let mut stanzas: Vec<Stanza> = Vec::new();
    if let Some(body) = wishes.meta.seal(&file_key)? {
        stanzas.push(Stanza::new("meta".to_owned(), body));
    }
    stanzas.extend(wrap_container(&file_key, holders)?);
    let mut prefix = envelope::write(&file_key, &stanzas);
    check_size(&stanzas, &prefix)?;
    let (chunks, salt) = Cobblestone::begin(&envelope::payload_key(&file_key), wishes.context);
    prefix.extend(salt);
    Ok(Sealing { format: Format::Bulla, prefix, payload: Payload::Cobblestone(chunks) })
}

/// A `bulla/v1` stanza for each holder.
pub(crate) fn wrap_container(
    file_key: &envelope::stanza::FileKey,
    holders: &Holders<'_>,
) -> Result<Vec<Stanza>> {
    check_mixture(holders)?;
    holders.list.iter().map(|holder| envelope::stanza::wrap(file_key, holder)).collect()
}

fn seal_age(holders: &Holders<'_>) -> Result<Sealing> {
    let file_key = Secret::filled_by(|key| random::fill(key));
    let stanzas = wrap_age(&file_key, holders)?;
    let mut prefix = age::write(&file_key, &stanzas);
    check_size(&stanzas, &prefix)?;
    let (chunks, nonce) = age::stream::Stream::begin(&file_key);
    prefix.extend(nonce);
    Ok(Sealing { format: Format::Age, prefix, payload: Payload::Age(chunks) })
}

/// What no reader would read is not written.
fn check_size(stanzas: &[Stanza], header: &[u8]) -> Result<()> {
    if stanzas.len() > STANZAS || header.len() > HEADER_BYTES {
        let why = format!(
            "a header holds {STANZAS} of them and {HEADER_BYTES} bytes: about 650 that are post-quantum"
        );
        return Err(Error::usage("recipients", why, "share a key among them, and encrypt to that"));
    }
    Ok(())
}

/// An age stanza for each holder.
pub(crate) fn wrap_age(file_key: &age::stanza::FileKey, holders: &Holders<'_>) -> Result<Vec<Stanza>> {
    let passphrase = |holder: &Holder<'_>| matches!(holder, Holder::Passphrase(_));
    if holders.list.len() > 1 && holders.list.iter().any(passphrase) {
        return Err(cannot("age allows a passphrase only alone"));
    }
    check_mixture(holders)?;
    holders.list.iter().map(|holder| age::stanza::wrap(file_key, holder)).collect()
}

fn check_mixture(holders: &Holders<'_>) -> Result<()> {
    let passphrases = holders.list.iter().filter(|holder| matches!(holder, Holder::Passphrase(_)));
    if passphrases.count() > PASSPHRASE_STANZAS {
        return Err(Error::usage(
            "recipients",
            format!("over {PASSPHRASE_STANZAS} passphrases, and no reader would try them all"),
            "use recipients for so many",
        ));
    }
    let dear = |holder: &&Holder<'_>| matches!(holder, Holder::Passphrase(passphrase) if passphrase.kdf_cost() == KdfCost::High);
    if holders.list.iter().filter(dear).count() > 1 {
        let why = "a reader's bound on work is spent on the first passphrase of the highest cost";
        return Err(Error::usage("recipients", why, "choose the standard cost for several"));
    }
    let sorts = holders.list.iter().map(|holder| match holder {
        Holder::Recipient(recipient) if recipient.is_post_quantum() => Sort::PostQuantum,
        Holder::Recipient(_) => Sort::Classic,
        _ => Sort::Shared,
    });
    check_sorts(&sorts.collect::<Vec<_>>(), holders.downgrade_mix, holders.shared)
}

/// [`check_mixture`] for stanzas that exist, in either format.
pub(crate) fn check_stanzas(stanzas: &[Stanza], downgrade_mix: bool, shared: bool) -> Result<()> {
    let sorts = stanzas.iter().filter_map(|stanza| match stanza.kind() {
        "mlkem768x25519" => Some(Sort::PostQuantum),
        "x25519" | "X25519" | "ssh-ed25519" | "ssh-rsa" => Some(Sort::Classic),
        "argon2id" | "pbkdf2-sha512" | "key" | "scrypt" => Some(Sort::Shared),
        _ => None,
    });
    check_sorts(&sorts.collect::<Vec<_>>(), downgrade_mix, shared)
}

/// What matters of a holder when several are mixed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// A shared secret: who can open it could have made it, and nobody else.
    Shared,
    PostQuantum,
    Classic,
}

fn check_sorts(sorts: &[Sort], downgrade_mix: bool, shared: bool) -> Result<()> {
    let has = |sort| sorts.contains(&sort);
    if has(Sort::Shared) && (has(Sort::PostQuantum) || has(Sort::Classic)) && !shared {
        return Err(Error::usage(
            "recipients",
            "a passphrase or key beside recipients no longer says that the file comes from one who knows it",
            "leave one out, or allow it by name: allow_shared, --allow-shared",
        ));
    }
    if has(Sort::PostQuantum) && has(Sort::Classic) && !downgrade_mix {
        return Err(Error::usage(
            "recipients",
            "post-quantum recipients beside others gain nothing: who breaks the weakest opens the file",
            "use only age1pq1… recipients, or allow it by name: allow_downgrade_mix, --allow-downgrade-mix",
        ));
    }
    Ok(())
}

fn cannot(why: &'static str) -> Error {
    Error::usage("format", why, "leave it out, or leave the format to bulla")
}
