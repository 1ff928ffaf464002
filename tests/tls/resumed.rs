//! Whoever is known again is who would be let in now: over restarts and hosts, and not when something has changed.
use std::io::Read;
use std::time::Duration;

use bulla::tls::{CertifiedPeer, Client, Credentials, Server, Settings, Trust};
use bulla::x509::{Crl, RevocationReason};
use bulla::{ErrorKind, Time, TokenKeyring, TokenKeys};

use super::lab::{HOST, Hand, Lab, at, connected, exchange};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn keys() -> TokenKeys {
    TokenKeys::new(TokenKeyring::generate(HOUR, HOUR * 24, Time::now()).unwrap())
}

pub(crate) fn is_resumed<A: Send + 'static, B: Send + 'static>(
    client: &Client<A>,
    server: &Server<B>,
) -> bool {
    let (client, server) = connected(client, server).unwrap();
    assert_eq!(client.facts().is_resumed(), server.facts().is_resumed());
    client.facts().is_resumed()
}

#[test]
fn a_client_that_comes_again_is_known() {
    let lab = Lab::new();
    for settings in [Settings::new(), Settings::new().tls12_too()] {
        let server = Server::builder(&lab.credentials()).settings(settings).anyone().unwrap();
        let client = lab.client();
        assert!(!is_resumed(&client, &server));
        assert!(is_resumed(&client, &server));
        assert!(!is_resumed(&lab.client(), &server));
    }
}

#[test]
fn who_is_not_to_be_known_again_is_known_by_neither_side() {
    let lab = Lab::new();
    let never = |settings: Settings| settings.without_resumption();
    for settings in [Settings::new(), Settings::new().tls12_too().dangerous_without_tls13()] {
        let server = |settings| Server::builder(&lab.credentials()).settings(settings).anyone().unwrap();
        let client = |settings| Client::builder(lab.trust()).settings(settings).anonymous().unwrap();
        let (usual, forgets) = (server(settings.clone()), server(never(settings.clone())));
        for (client, server) in [
            (client(settings.clone()), &forgets),
            (client(never(settings.clone())), &usual),
            (client(never(settings.clone())), &forgets),
        ] {
            assert!(!is_resumed(&client, server));
            assert!(!is_resumed(&client, server));
        }
        let client = client(settings);
        assert!(!is_resumed(&client, &usual));
        assert!(is_resumed(&client, &usual), "as they are, they know each other");
    }
}

#[test]
fn keys_for_tickets_where_nobody_is_to_be_known_again_are_refused() {
    let lab = Lab::new();
    let settings = Settings::new().without_resumption();
    let server = Server::builder(&lab.credentials()).settings(settings).tickets(&keys()).anyone();
    assert_eq!(server.err().unwrap().kind(), ErrorKind::Usage);
}

#[test]
fn hosts_that_share_keys_and_those_started_anew_know_each_others_clients() {
    let lab = Lab::new();
    let (credentials, keys) = (lab.credentials(), keys());
    let host = || Server::builder(&credentials).tickets(&keys).anyone().unwrap();
    let client = lab.client();
    assert!(!is_resumed(&client, &host()));
    assert!(is_resumed(&client, &host()));
    // One with keys of its own does not.
    assert!(!is_resumed(&client, &lab.server()));
}

#[cfg(feature = "file")]
#[test]
fn hosts_that_follow_one_sealed_file_know_each_others_clients_and_go_on_after_it_has_changed() {
    use bulla::{Key, adapters::keyring_file, file};
    let (lab, folder) = (Lab::new(), tempfile::tempdir().unwrap());
    let (path, key) = (folder.path().join("ring"), Key::generate());
    let mut ring = TokenKeyring::generate(Duration::from_secs(2), HOUR * 24, Time::now()).unwrap();
    file::write_token_keyring(&ring, &key, &path, false).unwrap();
    let credentials = lab.credentials();
    let host = || {
        let key = Key::from_bytes(key.expose_bytes());
        let keys =
            keyring_file::follow(&path, key, Duration::from_millis(1), |error| panic!("{error}")).unwrap();
        (Server::builder(&credentials).tickets(&keys).anyone().unwrap(), keys)
    };
    let ((one, _ones), (other, others)) = (host(), host());
    let client = lab.client();
    assert!(!is_resumed(&client, &one));
    assert!(is_resumed(&client, &other));
    // A new key in the file: tickets by the old one still count, and new ones are by the new one.
    let before = ring.stage(Time::now()).unwrap();
    ring.rotate(Time::now() + HOUR).unwrap();
    file::write_token_keyring(&ring, &key, &path, true).unwrap();
    drop(others);
    let limit = std::time::Instant::now() + Duration::from_secs(30);
    let (third, _thirds) = host();
    let fresh = lab.client();
    assert!(!is_resumed(&fresh, &third), "by key {before}");
    // As soon as the other host has read the file, it knows the new key's tickets.
    while !is_resumed(&fresh, &other) {
        assert!(std::time::Instant::now() < limit, "the file is read anew");
        let _ = is_resumed(&fresh, &third);
    }
    assert!(is_resumed(&client, &other));
}

#[test]
fn tickets_outlive_the_rotation_of_their_key_and_not_its_end() {
    let lab = Lab::new();
    let (credentials, now) = (lab.credentials(), Time::now());
    let mut ring = TokenKeyring::generate(Duration::from_secs(1), HOUR * 24, now).unwrap();
    let copy = |ring: &TokenKeyring| TokenKeyring::parse(ring.expose_text().as_bytes()).unwrap();
    let keys = TokenKeys::new(copy(&ring));
    let server = Server::builder(&credentials).tickets(&keys).anyone().unwrap();
    let client = lab.client();
    assert!(!is_resumed(&client, &server));
    ring.stage(now).unwrap();
    ring.rotate(now + HOUR).unwrap();
    keys.replace(copy(&ring)).unwrap();
    assert!(is_resumed(&client, &server));
    // All keys are others: so nobody is known.
    keys.replace(TokenKeyring::generate(HOUR, HOUR * 24, now).unwrap()).unwrap();
    assert!(!is_resumed(&client, &server));
}

#[test]
fn a_ticket_counts_as_long_as_it_says_and_no_longer() {
    let lab = Lab::new();
    let clock = Hand::new();
    let server = Server::builder(&lab.credentials()).settings(at(&clock)).anyone().unwrap();
    let client = lab.client();
    assert!(!is_resumed(&client, &server));
    clock.pass(12 * 3600 - 1);
    assert!(is_resumed(&client, &server));
    clock.pass(12 * 3600);
    assert!(!is_resumed(&client, &server));
}

#[test]
fn a_ticket_of_a_server_that_asks_nobody_is_none_for_one_that_asks() {
    let lab = Lab::new();
    let (credentials, keys) = (lab.credentials(), keys());
    let open = Server::builder(&credentials).tickets(&keys).anyone().unwrap();
    let closed = Server::builder(&credentials).tickets(&keys).require_clients(lab.trust()).unwrap();
    let client = lab.client();
    assert!(!is_resumed(&client, &open));
    assert_eq!(connected(&client, &closed).unwrap_err().kind(), ErrorKind::Untrusted);
    // Nor the other way round.
    let alice = lab.client_as("CN=Alice");
    assert!(!is_resumed(&alice, &closed));
    assert!(!is_resumed(&alice, &open));
}

/// A server that takes the lab's clients, by what it knows of revocations.
fn takes(credentials: &Credentials, keys: &TokenKeys, trust: Trust) -> Server<CertifiedPeer> {
    Server::builder(credentials).tickets(keys).require_clients(trust).unwrap()
}

#[test]
fn a_client_that_was_revoked_is_not_known_again_on_another_host() {
    let lab = Lab::new();
    let (credentials, keys) = (lab.credentials(), keys());
    let shown = lab.client_credential("CN=Alice");
    let empty: Crl = lab.crl().sign().unwrap();
    let listed =
        lab.crl().revoke(&shown.certificate().serial(), Time::now(), RevocationReason::KeyCompromise);
    let listed = listed.sign().unwrap();
    let alice = Client::builder(lab.trust()).with(&Credentials::new([shown]).unwrap()).unwrap();
    let one = takes(&credentials, &keys, lab.trust().crls([empty.clone()]));
    let other = takes(&credentials, &keys, lab.trust().crls([empty]));
    let informed = takes(&credentials, &keys, lab.trust().crls([listed]));
    assert!(!is_resumed(&alice, &one));
    assert!(is_resumed(&alice, &other));
    assert_eq!(connected(&alice, &informed).unwrap_err().kind(), ErrorKind::Revoked);
}

#[test]
fn a_check_that_has_changed_its_mind_counts_for_those_who_are_known_again() {
    let lab = Lab::new();
    let (credentials, keys) = (lab.credentials(), keys());
    let barred = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let looks = std::sync::Arc::clone(&barred);
    let trust = lab.trust().also(move |_| match looks.load(std::sync::atomic::Ordering::SeqCst) {
        false => Ok(()),
        true => Err("barred".to_owned()),
    });
    let server = takes(&credentials, &keys, trust);
    let alice = lab.client_as("CN=Alice");
    assert!(!is_resumed(&alice, &server));
    assert!(is_resumed(&alice, &server));
    barred.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(connected(&alice, &server).unwrap_err().kind(), ErrorKind::NotAllowed);
}

#[test]
fn a_ticket_ends_with_the_clients_certificate_and_after_ten_minutes() {
    let lab = Lab::new();
    let clock = Hand::new();
    let server = |clock: &Hand| {
        Server::builder(&lab.credentials()).settings(at(clock)).require_clients(lab.trust()).unwrap()
    };
    let long = server(&clock);
    let alice = lab.client_as("CN=Alice");
    assert!(!is_resumed(&alice, &long));
    clock.pass(599);
    assert!(is_resumed(&alice, &long));
    clock.pass(600);
    assert!(!is_resumed(&alice, &long));
    // One whose certificate ends in a minute.
    let key = bulla::PrivateKey::generate(bulla::KeyKind::P256).unwrap();
    let issue = lab.root.tls_client(key.public(), &"CN=Brief".parse().unwrap()).unwrap();
    let until = Time::now() + Duration::from_secs(60);
    let brief = issue.validity(Time::from_unix(until.unix() - 3600), until).sign().unwrap();
    let credentials = Credentials::new([bulla::x509::Credential::new(key, [brief]).unwrap()]).unwrap();
    let brief = Client::builder(lab.trust()).with(&credentials).unwrap();
    let clock = Hand::new();
    let server = server(&clock);
    assert!(!is_resumed(&brief, &server));
    clock.pass(30);
    assert!(is_resumed(&brief, &server));
    clock.pass(60);
    assert_eq!(connected(&brief, &server).unwrap_err().kind(), ErrorKind::Expired);
}

#[test]
fn a_server_is_judged_anew_when_a_client_comes_again() {
    let lab = Lab::new();
    let clock = Hand::new();
    let until = Time::now() + Duration::from_secs(60);
    let shown = lab.server_by(&[HOST], |issue| issue.validity(Time::from_unix(until.unix() - 3600), until));
    let server = Server::builder(&Credentials::new([shown]).unwrap()).anyone().unwrap();
    let client = Client::builder(lab.trust()).settings(at(&clock)).anonymous().unwrap();
    assert!(!is_resumed(&client, &server));
    assert!(is_resumed(&client, &server));
    clock.pass(120);
    assert_eq!(connected(&client, &server).unwrap_err().kind(), ErrorKind::Expired);
}

#[test]
fn garbage_for_a_ticket_is_a_full_handshake() {
    // Another server's ticket is garbage to this one: see above. What it says is nothing to go by.
    let lab = Lab::new();
    let (one, other) = (lab.server(), lab.server());
    let client = lab.client();
    assert!(!is_resumed(&client, &one));
    let (mut here, _) = connected(&client, &other).unwrap();
    assert!(!here.facts().is_resumed());
    assert_eq!(here.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// Connects in full: the server is another each time, and knows nobody.
fn connects(client: &Client<CertifiedPeer>, shown: &Credentials, host: &str) -> bulla::Result<Time> {
    let server = Server::builder(shown).anyone()?;
    let mut here = client.handshake(&host.parse()?)?;
    let (of_client, _) = exchange(&mut here, &mut server.handshake()?);
    of_client?;
    let here = here.finish()?;
    assert!(!here.facts().is_resumed());
    Ok(here.peer().by().at())
}

#[test]
fn a_path_that_held_before_ends_when_its_certificates_do() {
    let lab = Lab::new();
    let clock = Hand::new();
    let until = Time::now() + Duration::from_secs(60);
    let brief = lab.server_by(&[HOST], |issue| issue.validity(Time::from_unix(until.unix() - 3600), until));
    let shown = Credentials::new([brief]).unwrap();
    let client = Client::builder(lab.trust()).settings(at(&clock)).anonymous().unwrap();
    assert_eq!(connects(&client, &shown, HOST).unwrap(), clock.now());
    clock.pass(30);
    assert_eq!(connects(&client, &shown, HOST).unwrap(), clock.now());
    clock.pass(31);
    assert_eq!(connects(&client, &shown, HOST).unwrap_err().kind(), ErrorKind::Expired);
}

#[test]
fn a_path_that_held_for_one_host_is_none_for_another() {
    let lab = Lab::new();
    let (shown, client) = (lab.credentials(), lab.client());
    connects(&client, &shown, HOST).unwrap();
    connects(&client, &shown, HOST).unwrap();
    assert_eq!(connects(&client, &shown, "example.net").unwrap_err().kind(), ErrorKind::WrongName);
}
