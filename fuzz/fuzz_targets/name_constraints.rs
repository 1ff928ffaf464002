//! Constraints of a CA against names of a certificate, both whatever: no panic, and no host outside of what is permitted.
#![no_main]
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
                let GeneralName::Dns(host) = name else { continue };
                assert!(permitted(&stated.permitted, &host), "{host} passed {stated:?}");
                assert!(!stated.excluded.iter().any(|tree| is_within(tree, &host)), "{host} passed {stated:?}");
            }
        }
        Err(error) => {
            check_text(&error);
            assert!(matches!(error.kind(), ErrorKind::Untrusted | ErrorKind::OverLimit), "{error:?}");
        }
    }
});

/// The simplest way to say it, to compare with: a domain is the end of what is below it.
fn is_within(tree: &Subtree, host: &str) -> bool {
    let Subtree::Dns(base) = tree else { return false };
    let dotted = |text: &str| format!(".{}", text.to_ascii_lowercase().trim_start_matches('.'));
    base.is_empty() || dotted(host).ends_with(&dotted(base))
}

fn permitted(trees: &[Subtree], host: &str) -> bool {
    let mut of_hosts = trees.iter().filter(|tree| matches!(tree, Subtree::Dns(_))).peekable();
    of_hosts.peek().is_none() || of_hosts.any(|tree| is_within(tree, host))
}
