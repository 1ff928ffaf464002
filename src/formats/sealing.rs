//! From holders to a header and a payload's keys: the one way to begin something sealed, in all three formats.
use super::cobblestone::Cobblestone;
use super::envelope::stanza::Scope;
use super::header::Stanza;
use super::meta::Meta;
use super::payload::Payload;
use super::{age, envelope};
use crate::error::{Error, Result};
use crate::keys::lock::{Holder, Holders};
use crate::keys::recipient::PublicKey;
use crate::keys::work;
use crate::limits::{HEADER_BYTES, PASSPHRASE_STANZAS, STANZAS};
use crate::primitives::hpke::Kem;
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
        (Format::Age, _) if wishes.meta.directory => Err(Error::usage(
            "format",
            "an age file cannot hold a directory",
            "leave the format to bulla, without SSH keys; or encrypt what tar writes: tar c FOLDER | bulla encrypt …",
        )),
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
    let scope = if holders.list.len() == 1 { Scope::Alone } else { Scope::Joint };
    stanzas.extend(wrap_container(&file_key, holders, scope)?);
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
    scope: Scope,
) -> Result<Vec<Stanza>> {
    check_mixture(holders)?;
    holders.list.iter().map(|holder| envelope::stanza::wrap(file_key, holder, scope)).collect()
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
pub(crate) fn check_size(stanzas: &[Stanza], header: &[u8]) -> Result<()> {
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
    if holders.list.len() > 1 && holders.list.iter().any(Holder::is_passphrase) {
        return Err(age_passphrase_alone());
    }
    check_mixture(holders)?;
    holders.list.iter().map(|holder| age::stanza::wrap(file_key, holder)).collect()
}

fn check_mixture(holders: &Holders<'_>) -> Result<()> {
    let costs = holders.list.iter().filter_map(|holder| match holder {
        Holder::Passphrase(passphrase) => Some(envelope::stanza::figures(passphrase.kdf_cost())),
        _ => None,
    });
    check_passphrases(&costs.collect::<Vec<_>>())?;
    let sorts = holders.list.iter().map(|holder| match holder {
        Holder::Recipient(recipient) if recipient.is_post_quantum() => Sort::PostQuantum,
        Holder::Recipient(_) => Sort::Classic,
        _ => Sort::Symmetric,
    });
    check_sorts(&sorts.collect::<Vec<_>>(), holders.downgrade_mix, holders.shared)
}

/// [`check_mixture`] for the stanzas of a container, old ones and new ones together.
pub(crate) fn check_container(stanzas: &[Stanza], downgrade_mix: bool, shared: bool) -> Result<()> {
    use envelope::stanza::Kind;
    let kinds = stanzas.iter().map(Kind::read).collect::<Result<Vec<_>>>()?;
    let costs = kinds.iter().filter_map(|kind| match kind {
        Kind::Argon2id { figures, .. } => Some(Some(*figures)),
        Kind::Pbkdf2 { .. } => Some(None),
        _ => None,
    });
    check_passphrases(&costs.collect::<Vec<_>>())?;
    let sorts = kinds.iter().filter_map(|kind| match kind {
        Kind::Hpke { kem: Kem::XWing, .. } => Some(Sort::PostQuantum),
        Kind::Hpke { kem: Kem::X25519, .. } => Some(Sort::Classic),
        Kind::Argon2id { .. } | Kind::Pbkdf2 { .. } | Kind::Key { .. } => Some(Sort::Symmetric),
        Kind::Meta | Kind::Unknown => None,
    });
    check_sorts(&sorts.collect::<Vec<_>>(), downgrade_mix, shared)
}

/// [`check_mixture`] for the stanzas of an age file.
pub(crate) fn check_age(stanzas: &[Stanza], downgrade_mix: bool, shared: bool) -> Result<()> {
    let sorts = stanzas.iter().filter_map(|stanza| match stanza.kind() {
        "mlkem768x25519" => Some(Sort::PostQuantum),
        "X25519" | "ssh-ed25519" | "ssh-rsa" => Some(Sort::Classic),
        "scrypt" => Some(Sort::Symmetric),
        _ => None,
    });
    let sorts: Vec<Sort> = sorts.collect();
    if stanzas.len() > 1 && sorts.contains(&Sort::Symmetric) {
        return Err(age_passphrase_alone());
    }
    check_sorts(&sorts, downgrade_mix, shared)
}

/// `None` is a passphrase by PBKDF2, whose count of iterations a reader bounds apart.
fn check_passphrases(costs: &[Option<[u32; 3]>]) -> Result<()> {
    if costs.len() > PASSPHRASE_STANZAS {
        return Err(Error::usage(
            "recipients",
            format!("over {PASSPHRASE_STANZAS} passphrases, and no reader would try them all"),
            "use recipients for so many",
        ));
    }
    if !work::fits_budget(costs.iter().copied().flatten()) {
        let why = "a reader's bound on work is spent before it has tried all these passphrases";
        return Err(Error::usage("recipients", why, "choose a lower KDF cost for several"));
    }
    Ok(())
}

/// What matters of a holder when several are mixed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// A key or passphrase: alone, it says that the file comes from one who knows it.
    Symmetric,
    PostQuantum,
    Classic,
}

fn check_sorts(sorts: &[Sort], downgrade_mix: bool, shared: bool) -> Result<()> {
    let has = |sort| sorts.contains(&sort);
    if sorts.len() > 1 && has(Sort::Symmetric) && !shared {
        return Err(Error::usage(
            "recipients",
            "a passphrase or key beside others no longer says that the file comes from one who knows it",
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

fn age_passphrase_alone() -> Error {
    cannot("age allows a passphrase only alone")
}

fn cannot(why: &'static str) -> Error {
    Error::usage("format", why, "leave it out, or leave the format to bulla")
}
