//! Name constraints (RFC 5280 section 4.2.1.10) as a CA states them. Whether a name is within them: `path/names.rs`.
use std::fmt;
use std::net::IpAddr;

use super::general_name::{self, GeneralName};
use super::name::{self, Name};
use crate::encoding::tlv::{self, Tlv, Unsound};
use crate::limits::GENERAL_NAMES;

/// Which names a CA may certify: of each kind that is permitted somewhere only these, and of no kind the excluded ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct NameConstraints {
    /// What may be certified, if anything of that kind is listed.
    pub permitted: Vec<Subtree>,
    /// What may not.
    pub excluded: Vec<Subtree>,
}

/// A part of the space of one kind of names: what [`Issue::permit`](super::Issue::permit) and
/// [`Issue::exclude`](super::Issue::exclude) take.
///
/// ```
/// use bulla::x509::{Authority, Credential, Issue, Subtree};
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let certificate = Issue::root(&"CN=Example Root".parse()?, &key)
///     .permit(Subtree::Dns("example.org".into()))
///     .exclude(Subtree::Dns("secret.example.org".into()))
///     .sign()?;
/// let root = Authority::new(Credential::new(key, [certificate])?)?;
/// let server = PrivateKey::generate(KeyKind::P256)?;
/// assert!(root.tls_server(server.public(), &["www.example.org"])?.sign().is_ok());
/// assert!(root.tls_server(server.public(), &["www.secret.example.org"])?.sign().is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Subtree {
    /// A mailbox (`a@b.example`), all mailboxes of a host (`b.example`), or of all hosts below a domain (`.example`).
    Email(String),
    /// A domain and all below it; `""` is every host.
    Dns(String),
    /// Hosts of URIs: one (`b.example`), or all below a domain (`.example`).
    Uri(String),
    /// A network: its address and its mask.
    Ip(IpAddr, IpAddr),
    /// All names that begin so.
    Directory(Name),
    /// Of a kind that bulla knows no way to compare, in DER.
    Other(Vec<u8>),
}

impl NameConstraints {
    pub(super) fn read(value: &[u8]) -> tlv::Result<Self> {
        let mut inside = tlv::only(value, tlv::SEQUENCE)?.inside();
        let permitted = inside.optional(tlv::constructed(0))?.map(|tlv| subtrees(&tlv)).transpose()?;
        let excluded = inside.optional(tlv::constructed(1))?.map(|tlv| subtrees(&tlv)).transpose()?;
        inside.end()?;
        if permitted.is_none() && excluded.is_none() {
            return Err(Unsound);
        }
        Ok(NameConstraints {
            permitted: permitted.unwrap_or_default(),
            excluded: excluded.unwrap_or_default(),
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let part = |number, subtrees: &[Subtree]| {
            let items: Vec<Vec<u8>> = subtrees.iter().map(|tree| tlv::sequence(&[&tree.write()])).collect();
            let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
            if items.is_empty() { Vec::new() } else { tlv::wrap(tlv::constructed(number), &items) }
        };
        tlv::sequence(&[&part(0, &self.permitted), &part(1, &self.excluded)])
    }
}

fn subtrees(list: &Tlv<'_>) -> tlv::Result<Vec<Subtree>> {
    let mut walker = list.inside();
    let mut all = Vec::new();
    while !walker.is_done() {
        if all.len() >= GENERAL_NAMES {
            return Err(Unsound);
        }
        let mut subtree = walker.sequence()?;
        let base = subtree.any()?;
        // The minimum is zero, written or not, and there is no maximum (RFC 5280 section 4.2.1.10).
        if subtree.optional(tlv::primitive(0))?.is_some_and(|minimum| minimum.value() != [0]) {
            return Err(Unsound);
        }
        subtree.end()?;
        all.push(Subtree::read(&base)?);
    }
    if all.is_empty() { Err(Unsound) } else { Ok(all) }
}

impl Subtree {
    fn read(base: &Tlv<'_>) -> tlv::Result<Self> {
        let text = || match str::from_utf8(base.value()) {
            Ok(text) if text.is_ascii() => Ok(text.to_owned()),
            _ => Err(Unsound),
        };
        Ok(match base.tag {
            general_name::EMAIL => Subtree::Email(text()?),
            general_name::DNS => Subtree::Dns(text()?),
            general_name::URI => Subtree::Uri(text()?),
            general_name::IP => network(base.value())?,
            general_name::DIRECTORY => {
                let name = tlv::only(base.value(), tlv::SEQUENCE)?;
                name::check(&name)?;
                Subtree::Directory(Name::of(name.whole()))
            }
            _ => Subtree::Other(base.whole().to_vec()),
        })
    }

    fn write(&self) -> Vec<u8> {
        match self {
            Subtree::Email(text) => tlv::wrap(general_name::EMAIL, &[text.as_bytes()]),
            Subtree::Dns(text) => tlv::wrap(general_name::DNS, &[text.as_bytes()]),
            Subtree::Uri(text) => tlv::wrap(general_name::URI, &[text.as_bytes()]),
            Subtree::Ip(address, mask) => tlv::wrap(general_name::IP, &[&octets(*address), &octets(*mask)]),
            Subtree::Directory(name) => GeneralName::Directory(name.clone()).write(),
            Subtree::Other(der) => der.clone(),
        }
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

fn network(bytes: &[u8]) -> tlv::Result<Subtree> {
    let whole = |mask: &[u8]| {
        // A mask is ones, then zeros (RFC 5280 section 4.2.1.10, in the style of RFC 4632).
        let ones: u32 = mask.iter().take_while(|byte| **byte == 0xff).count().try_into().unwrap_or(0);
        let rest = mask.get(usize::try_from(ones).unwrap_or(0)..).unwrap_or_default();
        match rest.split_first() {
            None => true,
            Some((edge, zeros)) => {
                edge.leading_ones() + edge.trailing_zeros().min(8) >= 8 && zeros.iter().all(|b| *b == 0)
            }
        }
    };
    let (address, mask): (IpAddr, IpAddr) = match bytes.len() {
        8 | 32 => {
            let (address, mask) = bytes.split_at(bytes.len() / 2);
            if !whole(mask) {
                return Err(Unsound);
            }
            let parse = |half: &[u8]| match <[u8; 4]>::try_from(half) {
                Ok(four) => Ok(IpAddr::from(four)),
                Err(_) => <[u8; 16]>::try_from(half).map(IpAddr::from).map_err(|_| Unsound),
            };
            (parse(address)?, parse(mask)?)
        }
        _ => return Err(Unsound),
    };
    Ok(Subtree::Ip(address, mask))
}

/// As OpenSSL shows them.
impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subtree::Email(text) => write!(f, "email:{}", text.escape_debug()),
            Subtree::Dns(text) => write!(f, "DNS:{}", text.escape_debug()),
            Subtree::Uri(text) => write!(f, "URI:{}", text.escape_debug()),
            Subtree::Ip(address, mask) => write!(f, "IP:{address}/{mask}"),
            Subtree::Directory(name) => write!(f, "DirName:{name}"),
            Subtree::Other(_) => f.write_str("a name of another kind"),
        }
    }
}
