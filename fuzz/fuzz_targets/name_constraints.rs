//! Constraints of a CA against names of a certificate, both whatever: no panic, and no name outside of what is permitted.
#![no_main]
use std::net::IpAddr;

use bulla::x509::{ExtensionValue, GeneralName, Purpose, Revocation, Subtree, TrustAnchors, Validation};
use bulla::{ErrorKind, Time};
use bulla_fuzz::check_text;
use bulla_fuzz::der::wrap;
use bulla_fuzz::revocation::{CA, NOW, below, certificate_below};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((length, rest)) = data.split_first() else { return };
    let (constraints, names) = rest.split_at(rest.len().min(usize::from(*length)));
    let extension = |number: u8, value: &[u8]| {
        wrap(0x30, &[&wrap(6, &[&[0x55, 0x1d, number]]), &[1, 1, 0xff], &wrap(4, &[&wrap(0x30, &[value])])])
    };
    let authority = below(&extension(30, constraints));
    let leaf = certificate_below(&extension(17, names));
    let anchors = TrustAnchors::new([CA.clone()]).unwrap();
    let validation = Validation::new(Purpose::Any, Revocation::Off).at(Time::from_unix(NOW));
    match validation.intermediates([authority.clone()]).validate(&leaf, &anchors) {
        Ok(_) => {
            let stated = authority.extensions().find_map(|extension| match extension.decode().unwrap() {
                ExtensionValue::NameConstraints(stated) => Some(stated),
                _ => None,
            });
            let Some(stated) = stated else { return };
            for name in leaf.alternative_names().unwrap() {
                let mut permitted =
                    stated.permitted.iter().filter_map(|tree| is_within(tree, &name)).peekable();
                assert!(permitted.peek().is_none() || permitted.any(|is| is), "{name} passed {stated:?}");
                let mut excluded = stated.excluded.iter().filter_map(|tree| is_within(tree, &name));
                assert!(!excluded.any(|is| is), "{name} passed {stated:?}");
            }
        }
        Err(error) => {
            check_text(&error);
            assert!(matches!(error.kind(), ErrorKind::Untrusted | ErrorKind::OverLimit), "{error:?}");
        }
    }
});

/// The simplest way to say it, to compare with: a domain is the end of what is below it. `None`: the constraint says nothing
/// about such names.
fn is_within(tree: &Subtree, name: &GeneralName) -> Option<bool> {
    let dotted = |text: &str| format!(".{}", text.to_ascii_lowercase().trim_matches('.'));
    let of_host = |base: &str, host: &str| match base.strip_prefix('.') {
        _ if base.is_empty() => true,
        Some(_) => dotted(host).ends_with(&dotted(base)) && dotted(host) != dotted(base),
        None => dotted(host) == dotted(base),
    };
    Some(match (tree, name) {
        (Subtree::Dns(base), GeneralName::Dns(host)) => {
            base.is_empty() || dotted(host).ends_with(&dotted(base))
        }
        (Subtree::Email(base), GeneralName::Email(mail) | GeneralName::SmtpUtf8(mail)) => {
            let (local, host) = mail.rsplit_once('@').unwrap();
            match base.rsplit_once('@') {
                Some((one, at)) => one == local && of_host(at, host),
                None => of_host(base, host),
            }
        }
        (Subtree::Uri(base), GeneralName::Uri(uri)) => {
            let authority = uri.split("://").nth(1).unwrap().split(['/', '?', '#']).next().unwrap();
            let host = authority.rsplit('@').next().unwrap().split(':').next().unwrap();
            of_host(base, host)
        }
        (Subtree::Ip(network, mask), GeneralName::Ip(address)) => match (network, mask, address) {
            (IpAddr::V4(network), IpAddr::V4(mask), IpAddr::V4(address)) => {
                *address & *mask == *network & *mask
            }
            (IpAddr::V6(network), IpAddr::V6(mask), IpAddr::V6(address)) => {
                *address & *mask == *network & *mask
            }
            _ => false,
        },
        _ => return None,
    })
}
