//! Names against name constraints (RFC 5280 section 4.2.1.10, RFC 9549, RFC 9598) and against whom one expects.
use std::net::IpAddr;

use crate::limits::{NAME_BYTES_COMPARED, NAME_BYTES_FOLDED, NAME_COMPARISONS};
use crate::x509::address::{EmailAddress, Host, ServerName, is_host, is_numeric};
use crate::x509::attribute::NameAttribute;
use crate::x509::general_name::GeneralName;
use crate::x509::name::Name;
use crate::x509::name_constraints::{NameConstraints, Subtree};

/// Why constraints do not let names through.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Breach {
    /// A name is outside of what is permitted, or inside of what is excluded.
    Outside(String),
    /// A name and a constraint are of a kind that cannot be compared, or one of them is not sound.
    Unknown(String),
    /// The work that may be spent on comparing is spent.
    Budget,
}

/// The comparisons that one validation has left. Long names, and such as have to be folded first, cost more.
pub(super) struct Comparisons(u32);

impl Comparisons {
    pub(super) fn new() -> Self {
        Comparisons(NAME_COMPARISONS)
    }

    pub(super) fn spend(&mut self, count: usize) -> Result<(), Breach> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.0 = self.0.checked_sub(count).ok_or(Breach::Budget)?;
        Ok(())
    }

    /// For making a name ready to compare: a distinguished name is folded, and others have nothing to fold.
    pub(super) fn spend_fold(&mut self, name: Option<&Name>) -> Result<(), Breach> {
        self.spend(1 + name.map_or(0, |name| name.as_der().len() / NAME_BYTES_FOLDED))
    }

    /// The parts of a distinguished name, ready to compare. Other names have none.
    fn fold(&mut self, name: Option<&Name>) -> Result<Vec<Vec<u8>>, Breach> {
        self.spend_fold(name)?;
        Ok(name.map(Name::canonical).unwrap_or_default())
    }
}

/// Name constraints of a CA, ready to compare.
pub(super) struct Constraints {
    permitted: Vec<(Subtree, Vec<Vec<u8>>)>,
    excluded: Vec<(Subtree, Vec<Vec<u8>>)>,
}

impl Constraints {
    pub(super) fn new(stated: &NameConstraints, left: &mut Comparisons) -> Result<Self, Breach> {
        let mut fold = |trees: &[Subtree]| {
            let one = |tree: &Subtree| {
                let name = if let Subtree::Directory(name) = tree { Some(name) } else { None };
                Ok((tree.clone(), left.fold(name)?))
            };
            trees.iter().map(one).collect::<Result<Vec<_>, Breach>>()
        };
        Ok(Constraints { permitted: fold(&stated.permitted)?, excluded: fold(&stated.excluded)? })
    }
}

/// All names of a certificate that constraints may speak about, ready to compare.
pub(super) struct Subject {
    names: Vec<(GeneralName, Vec<Vec<u8>>)>,
}

impl Subject {
    /// The subject's name, the e-mail addresses in it (RFC 5280 section 4.2.1.10 asks for them where there are no
    /// others; always is the stricter), and the alternative names.
    pub(super) fn new(
        subject: &Name,
        alternative: Vec<GeneralName>,
        left: &mut Comparisons,
    ) -> Result<Self, Breach> {
        let mut names = alternative;
        let emails =
            subject.attributes().filter(|attribute| *attribute.kind() == NameAttribute::EmailAddress);
        names.extend(emails.filter_map(|attribute| attribute.text()).map(GeneralName::Email));
        if !subject.is_empty() {
            names.push(GeneralName::Directory(subject.clone()));
        }
        let fold = |name: GeneralName| {
            let folded =
                left.fold(if let GeneralName::Directory(name) = &name { Some(name) } else { None })?;
            Ok((name, folded))
        };
        Ok(Subject { names: names.into_iter().map(fold).collect::<Result<_, Breach>>()? })
    }

    /// Whether each name is permitted (if its kind is spoken of at all) and none excluded.
    pub(super) fn within(&self, constraints: &Constraints, left: &mut Comparisons) -> Result<(), Breach> {
        for (name, folded) in &self.names {
            let mut covers = |(tree, base): &(Subtree, Vec<Vec<u8>>), side| {
                left.spend(1 + (text_of(name) + text_of_tree(tree)) / NAME_BYTES_COMPARED)?;
                if let (Subtree::Directory(_), GeneralName::Directory(_)) = (tree, name) {
                    return Ok(Some(folded.starts_with(base)));
                }
                covers(tree, name, side).ok_or_else(|| Breach::Unknown(name.to_string()))
            };
            let mut spoken_of = false;
            let mut permitted = false;
            for tree in &constraints.permitted {
                if let Some(inside) = covers(tree, Side::Permitted)? {
                    spoken_of = true;
                    permitted |= inside;
                }
            }
            if spoken_of && !permitted {
                return Err(Breach::Outside(name.to_string()));
            }
            for tree in &constraints.excluded {
                if covers(tree, Side::Excluded)? == Some(true) {
                    return Err(Breach::Outside(name.to_string()));
                }
            }
        }
        Ok(())
    }
}

/// Bytes that are looked at in each comparison.
fn text_of(name: &GeneralName) -> usize {
    match name {
        GeneralName::Email(text)
        | GeneralName::SmtpUtf8(text)
        | GeneralName::Dns(text)
        | GeneralName::Uri(text) => text.len(),
        _ => 0,
    }
}

/// See [`text_of`].
fn text_of_tree(tree: &Subtree) -> usize {
    match tree {
        Subtree::Email(text) | Subtree::Dns(text) | Subtree::Uri(text) => text.len(),
        _ => 0,
    }
}

/// Which way to err with a wildcard: all of it must be permitted, none of it excluded.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Permitted,
    Excluded,
}

/// `Some(None)`: of different kinds. `None`: of one kind that cannot be compared.
fn covers(subtree: &Subtree, name: &GeneralName, side: Side) -> Option<Option<bool>> {
    Some(Some(match (subtree, name) {
        (Subtree::Email(base), GeneralName::Email(text) | GeneralName::SmtpUtf8(text)) => {
            covers_email(base, text)?
        }
        (Subtree::Dns(base), GeneralName::Dns(text)) => covers_dns(base, text, side)?,
        (Subtree::Uri(base), GeneralName::Uri(text)) => covers_host(base, uri_host(text)?)?,
        (Subtree::Ip(network, mask), GeneralName::Ip(address)) => {
            // An IPv4 address that is written as an IPv6 one reaches the same host.
            let inner = (side == Side::Excluded).then(|| address.to_canonical());
            covers_address(*network, *mask, *address)
                || inner.is_some_and(|inner| covers_address(*network, *mask, inner))
        }
        // SmtpUTF8Mailbox too: its constraints are rfc822Names (RFC 9598 section 6).
        (Subtree::Other(der), GeneralName::Other(..) | GeneralName::SmtpUtf8(_))
            if der.first() == Some(&0xa0) =>
        {
            return None;
        }
        (Subtree::Other(der), GeneralName::Odd(odd)) if der.first() == odd.first() => return None,
        (Subtree::Other(der), GeneralName::RegisteredId(_)) if der.first() == Some(&0x88) => return None,
        _ => return Some(None),
    }))
}

/// A mailbox, all mailboxes of a host, or of all hosts below `.domain`. For SmtpUTF8Mailbox the same (RFC 9598
/// section 6), whose local part is never that of an ASCII mailbox.
fn covers_email(base: &str, text: &str) -> Option<bool> {
    let address = EmailAddress::read(text)?;
    if base.contains('@') {
        return Some(EmailAddress::read(base)? == address);
    }
    covers_host(base, address.domain())
}

/// The host itself, or, for `.domain`, all below and not itself (RFC 5280: for e-mail and URI). The empty one, of which
/// RFC 5280 says nothing, covers all, as it does for hosts.
fn covers_host(base: &str, host: &str) -> Option<bool> {
    if base.is_empty() {
        return Some(true);
    }
    let (base, host) = (base.to_ascii_lowercase(), host.to_ascii_lowercase());
    match base.strip_prefix('.') {
        Some(domain) => is_host(domain)
            .then(|| host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))),
        None => is_host(&base).then_some(host == base),
    }
}

/// The host itself and all below it. A leading dot, which RFC 5280 does not know for hosts, is taken as most do: below
/// only. A dot at the end of a host says that it is whole, and no more: with it, too, an excluded host is excluded. A
/// wildcard is permitted if all that it stands for is, and excluded if anything is.
fn covers_dns(base: &str, text: &str, side: Side) -> Option<bool> {
    let (base, host) = (base.to_ascii_lowercase(), text.to_ascii_lowercase());
    let host = host.strip_suffix('.').unwrap_or(&host);
    if !is_host(host.strip_prefix("*.").unwrap_or(host)) {
        return None;
    }
    if base.is_empty() {
        return Some(true);
    }
    if let (Side::Excluded, Some(wild)) = (side, host.strip_prefix("*."))
        && base.split_once('.').is_some_and(|(_, tail)| tail == wild)
    {
        return Some(true);
    }
    let below =
        |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    match base.strip_prefix('.') {
        Some(domain) => is_host(domain).then(|| below(domain)),
        None => is_host(&base).then(|| host == base || below(&base)),
    }
}

/// The host of a URI with an authority; RFC 5280 wants a name there for constraints to be met, so an address is `None`.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    (is_host(host) && !is_numeric(host)).then_some(host)
}

fn covers_address(network: IpAddr, mask: IpAddr, address: IpAddr) -> bool {
    match (network, mask, address) {
        (IpAddr::V4(network), IpAddr::V4(mask), IpAddr::V4(address)) => {
            address.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits()
        }
        (IpAddr::V6(network), IpAddr::V6(mask), IpAddr::V6(address)) => {
            address.to_bits() & mask.to_bits() == network.to_bits() & mask.to_bits()
        }
        // IPv4 constraints say nothing about IPv6 addresses to permit, and exclude none.
        _ => false,
    }
}

/// Whether a certificate with these alternative names is this host's (RFC 9525 section 6): by name or address, never by
/// its common name. A wildcard stands for the whole first label, and has two labels after it.
pub(crate) fn names_host(names: &[GeneralName], host: &ServerName) -> bool {
    names.iter().any(|name| match (name, &host.0) {
        (GeneralName::Dns(text), Host::Dns(host)) => {
            let text = text.to_ascii_lowercase();
            match text.strip_prefix("*.") {
                Some(rest) => {
                    is_host(rest)
                        && rest.contains('.')
                        && host.split_once('.').is_some_and(|(_, tail)| tail == rest)
                }
                None => text == *host,
            }
        }
        (GeneralName::Ip(text), Host::Ip(address)) => text == address,
        _ => false,
    })
}

/// Whether a certificate with these alternative names is this mailbox's.
pub(super) fn names_mailbox(names: &[GeneralName], address: &EmailAddress) -> bool {
    names.iter().any(|name| match name {
        GeneralName::Email(text) => EmailAddress::read(text).as_ref() == Some(address),
        // For local parts beyond ASCII only (RFC 9598 section 3): two ways to write one name would be one too many.
        GeneralName::SmtpUtf8(text) => {
            !address.local().is_ascii() && EmailAddress::read(text).as_ref() == Some(address)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_end_of_a_host_takes_it_out_of_no_constraint() {
        let judge = |stated: NameConstraints, host: &str| {
            let mut left = Comparisons::new();
            let names = vec![GeneralName::Dns(host.into())];
            let subject = Subject::new(&Name::new(&[]).unwrap(), names, &mut left)?;
            subject.within(&Constraints::new(&stated, &mut left)?, &mut left)
        };
        let permitted =
            |base: &str| NameConstraints { permitted: vec![Subtree::Dns(base.into())], excluded: Vec::new() };
        let excluded =
            |base: &str| NameConstraints { excluded: vec![Subtree::Dns(base.into())], permitted: Vec::new() };
        for (base, host, is_within) in [
            ("example.org", "a.example.org.", true),
            ("example.org", "example.org.", true),
            (".example.org", "a.example.org.", true),
            ("example.org", "*.example.org.", true),
            ("example.org", "example.com.", false),
        ] {
            assert_eq!(judge(permitted(base), host).is_ok(), is_within, "{base} {host}");
            assert_eq!(judge(excluded(base), host).is_err(), is_within, "{base} {host}");
        }
        // What is no host at all is in doubt, and so refused.
        for odd in ["a.example.org..", ".", "*.", ""] {
            let judged = judge(excluded("example.org"), odd);
            assert!(matches!(judged, Err(Breach::Unknown(_))), "{odd}: {judged:?}");
        }
    }
}
