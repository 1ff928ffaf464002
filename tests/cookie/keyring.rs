//! Keys over time and over hosts: nobody is logged out by a new one, and who has an old one gains nothing.
use std::collections::BTreeMap;

use bulla::cookie::{Refusal, TokenKeys};
use bulla::{ErrorKind, Key, KeyState, TokenKeyring};

use super::lab::{HOUR, Lab, Login, NOW, SPREAD, at, login, ring};

const HEAD: &str = "bulla-token-keyring/v1\nspread 300 longest 86400\n";

fn copy(ring: &TokenKeyring) -> TokenKeyring {
    TokenKeyring::parse(ring.expose_text().as_bytes()).unwrap()
}

fn states(ring: &TokenKeyring) -> Vec<KeyState> {
    ring.keys().map(|(_, state, _)| state).collect()
}

#[test]
fn a_key_is_staged_active_retired_and_dropped() {
    let mut ring = ring();
    let first = ring.keys().next().unwrap().0;
    assert_eq!(ring.rotate(at(0)).unwrap_err().kind(), ErrorKind::Usage);
    let second = ring.stage(at(0)).unwrap();
    assert_eq!(ring.stage(at(0)).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(states(&ring), [KeyState::Active, KeyState::Staged]);
    let error = ring.rotate(at(299)).unwrap_err();
    assert!(error.to_string().contains(&at(300).to_string()), "{error}");
    assert_eq!(ring.rotate(at(300)).unwrap(), second);
    assert_eq!(
        ring.keys().map(|(id, state, _)| (id, state)).collect::<Vec<_>>(),
        [(first, KeyState::Retired), (second, KeyState::Active)]
    );
    assert_eq!(ring.drop_key(&second).unwrap_err().kind(), ErrorKind::Usage);
    let mut other = copy(&ring);
    other.drop_key(&first).unwrap();
    assert_eq!(states(&other), [KeyState::Active]);
    let gone = at(300) + SPREAD + HOUR * 24;
    ring.prune(gone - std::time::Duration::from_secs(1));
    assert_eq!(states(&ring).len(), 2);
    ring.prune(gone);
    assert_eq!(states(&ring), [KeyState::Active]);
}

/// Two hosts, which get each change of the ring at other times: whatever the order, each accepts what the other issues.
#[test]
fn while_keys_change_each_host_accepts_what_every_other_issues() {
    let lab = Lab::default();
    let mut ring = ring();
    let keys = [(); 2].map(|()| TokenKeys::new(copy(&ring)));
    let hosts = [lab.tokens::<Login>(&keys[0]), lab.tokens::<Login>(&keys[1])];
    let before = hosts[0].issue(&login()).unwrap();
    let check = || {
        for (issuer, reader) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
            let token = hosts[issuer].issue(&login()).unwrap();
            assert_eq!(hosts[reader].accept(token.expose_text()).unwrap().get(), &login());
        }
    };
    ring.stage(at(0)).unwrap();
    for host in [0, 1] {
        keys[host].replace(copy(&ring)).unwrap();
        check();
    }
    lab.set(300);
    ring.rotate(at(300)).unwrap();
    for host in [1, 0] {
        keys[host].replace(copy(&ring)).unwrap();
        check();
        assert!(hosts[host].accept(before.expose_text()).is_ok());
    }
}

#[test]
fn a_key_that_was_dropped_opens_nothing_any_more() {
    let (lab, mut ring) = (Lab::default(), ring());
    let keys = TokenKeys::new(copy(&ring));
    let tokens = lab.tokens::<Login>(&keys);
    let old = tokens.issue(&login()).unwrap();
    let (first, ..) = ring.keys().next().unwrap();
    ring.stage(at(0)).unwrap();
    ring.rotate(at(300)).unwrap();
    ring.drop_key(&first).unwrap();
    keys.replace(ring).unwrap();
    assert_eq!(lab.refusal(&tokens, old.expose_text()), Refusal::UnknownKey);
    assert!(tokens.accept(tokens.issue(&login()).unwrap().expose_text()).is_ok());
}

#[test]
fn who_stole_a_key_makes_no_new_tokens_with_it_once_it_is_retired_everywhere() {
    let (lab, mut ring) = (Lab::default(), ring());
    let stolen = lab.tokens::<Login>(&TokenKeys::new(copy(&ring)));
    let old = stolen.issue(&login()).unwrap();
    ring.stage(at(-300)).unwrap();
    ring.rotate(at(0)).unwrap();
    let tokens = lab.tokens::<Login>(&TokenKeys::new(ring));
    lab.set(330);
    assert!(tokens.accept(stolen.issue(&login()).unwrap().expose_text()).is_ok());
    lab.set(331);
    assert_eq!(lab.refusal(&tokens, stolen.issue(&login()).unwrap().expose_text()), Refusal::LateKey);
    assert!(tokens.accept(old.expose_text()).is_ok());
}

#[test]
fn a_ring_comes_back_from_its_text_and_from_no_other() {
    let mut ring = ring();
    ring.stage(at(0)).unwrap();
    let text = ring.expose_text();
    assert!(copy(&ring).keys().eq(ring.keys()));
    let lines: Vec<&str> = text.lines().collect();
    let key = lines[2].rsplit_once(' ').unwrap().1;
    for (number, bad) in [
        (1, "bulla-keyring/v1".to_owned()),
        (2, "spread 300".to_owned()),
        (2, "spread 0300 longest 86400".to_owned()),
        (2, "spread -1 longest 86400".to_owned()),
        (2, "spread 86401 longest 86400".to_owned()),
        (2, "spread 1 longest 0".to_owned()),
        (2, "spread 1 longest 34560001".to_owned()),
        (3, lines[3].to_owned()), // none is active
        (3, format!("active +1 {key}")),
        (3, format!("primary 1 {key}")),
        (4, format!("active 1 {key}")),
        (4, format!("staged 1 {key}")), // the same key twice
        (4, "staged 1 BULLA-SECRET-KEY-1QQ".to_owned()),
    ] {
        let mut changed: Vec<&str> = lines.clone();
        changed[number - 1] = &bad;
        let Err(error) = TokenKeyring::parse(changed.join("\n").as_bytes()) else { panic!("{bad}") };
        assert_eq!(error.kind(), ErrorKind::Malformed, "{bad}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

/// Two keys whose ids begin with the same four bytes, which is all that a token says of its key.
fn keys_of_one_mark() -> [Key; 2] {
    let mut seen = BTreeMap::new();
    let mut number = 0_u64;
    loop {
        number += 1;
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        let key = Key::from_bytes(&bytes);
        let mark = key.id().to_string()[..8].to_owned();
        if let Some(other) = seen.insert(mark, bytes) {
            return [Key::from_bytes(&other), key];
        }
    }
}

#[test]
fn a_key_of_the_same_mark_is_refused_in_a_ring_and_signs_nothing_for_another() {
    let keys = keys_of_one_mark();
    let [one, other] = keys.each_ref().map(|key| key.expose_text());
    let ring = |keys: &str| TokenKeyring::parse(format!("{HEAD}{keys}").as_bytes());
    let Err(error) = ring(&format!("active {NOW} {}\nretired {NOW} {}", *one, *other)) else {
        panic!("two of one mark")
    };
    assert!(error.to_string().contains("line 4"), "{error}");

    let lab = Lab::default();
    let [ours, theirs] =
        [one, other].map(|key| TokenKeys::new(ring(&format!("active {NOW} {}", *key)).unwrap()));
    let stranger = lab.tokens::<Login>(&theirs).issue(&login()).unwrap();
    assert!(lab.tokens::<Login>(&ours).accept(stranger.expose_text()).is_err());
    assert_eq!(lab.last_refusal(), Some(Refusal::Forged));
}

#[test]
fn a_ring_has_at_most_64_keys() {
    let mut ring = ring();
    for change in 0..63 {
        ring.stage(at(change * 300)).unwrap();
        ring.rotate(at(change * 300 + 300)).unwrap();
    }
    assert_eq!(ring.stage(at(63 * 300)).unwrap_err().kind(), ErrorKind::OverLimit);
    assert_eq!(copy(&ring).keys().count(), 64);
    let text = ring.expose_text();
    let more = format!("{}staged 1 {}\n", *text, *Key::generate().expose_text());
    assert_eq!(TokenKeyring::parse(more.as_bytes()).map(|_| ()).unwrap_err().kind(), ErrorKind::OverLimit);
}
