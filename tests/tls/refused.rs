//! Who is refused, whose fault it is said to be, and what both sides hear of it.
use std::time::Duration;

use bulla::tls::{Allowed, Client, Credentials, Server, Settings};
use bulla::x509::RevocationReason;
use bulla::{Error, ErrorKind, Time};

use super::lab::{HOST, Hand, Lab, at, exchange};
use bulla::tls::{Handshake, Trust};

fn before(days: u32) -> Time {
    Time::from_unix(Time::now().unix() - i64::from(days) * 86_400)
}

/// What each side says of a connection that comes to nothing.
fn both<A: 'static, B: 'static>(mut client: Handshake<A>, mut server: Handshake<B>) -> (Error, Error) {
    let (of_client, of_server) = exchange(&mut client, &mut server);
    (of_client.unwrap_err(), of_server.unwrap_err())
}

/// A client refuses a server, for a reason and with a word in it, and the server hears an alert.
#[track_caller]
pub(crate) fn refuses(trust: Trust, shown: &Credentials, kind: ErrorKind, word: &str, alert: &str) {
    let client = Client::builder(trust).anonymous().unwrap().handshake(&HOST.parse().unwrap()).unwrap();
    let server = Server::builder(shown).anyone().unwrap().handshake().unwrap();
    let (ours, theirs) = both(client, server);
    assert_eq!(ours.kind(), kind, "{ours}");
    assert!(ours.to_string().contains(word), "{ours}");
    assert_eq!(theirs.kind(), ErrorKind::PeerRefused, "{theirs}");
    assert!(theirs.to_string().contains(alert), "{theirs}");
}

#[test]
fn a_server_of_another_name_is_refused() {
    let lab = Lab::new();
    let shown = Credentials::new([lab.credential("www.example.com")]).unwrap();
    refuses(lab.trust(), &shown, ErrorKind::WrongName, "www.example.com", "BadCertificate");
}

#[test]
fn a_server_that_no_anchor_vouches_for_is_refused() {
    let (lab, stranger) = (Lab::new(), Lab::named("CN=Stranger"));
    refuses(lab.trust(), &stranger.credentials(), ErrorKind::Untrusted, HOST, "UnknownCA");
}

#[test]
fn a_server_whose_certificate_is_over_or_has_not_begun_is_refused() {
    let lab = Lab::new();
    let hour = Duration::from_secs(3600);
    let shown = lab.server_by(&[HOST], |issue| issue.validity(Time::now() + hour, Time::now() + hour * 2));
    let server = Server::builder(&Credentials::new([shown]).unwrap()).anyone().unwrap();
    for (seconds, passes) in [(0, false), (3600 + 60, true), (7200 + 60, false)] {
        let clock = Hand::new();
        clock.pass(seconds);
        let client = Client::builder(lab.trust()).settings(at(&clock)).anonymous().unwrap();
        let (mut from, mut to) =
            (client.handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
        let (of_client, of_server) = exchange(&mut from, &mut to);
        assert_eq!(of_client.is_ok(), passes);
        if !passes {
            let (ours, theirs) = (of_client.unwrap_err(), of_server.unwrap_err());
            assert_eq!((ours.kind(), theirs.kind()), (ErrorKind::Expired, ErrorKind::PeerRefused));
            assert!(ours.to_string().contains(HOST) && theirs.to_string().contains("CertificateExpired"));
        }
    }
}

#[test]
fn a_certificate_for_clients_is_none_for_a_server() {
    let lab = Lab::new();
    let shown = Credentials::new([lab.client_credential("CN=www.example.org")]).unwrap();
    refuses(lab.trust(), &shown, ErrorKind::Untrusted, "www.example.org", "UnknownCA");
}

#[test]
fn a_server_that_a_crl_lists_is_refused() {
    let lab = Lab::new();
    let credential = lab.credential(HOST);
    let crl =
        lab.crl().revoke(&credential.certificate().serial(), Time::now(), RevocationReason::KeyCompromise);
    let crl = crl.sign().unwrap();
    let shown = Credentials::new([credential]).unwrap();
    refuses(lab.trust().crls([crl]), &shown, ErrorKind::Revoked, HOST, "CertificateRevoked");
}

#[test]
fn an_expired_crl_lets_nobody_in() {
    let lab = Lab::new();
    let crl = lab.crl().this_update(before(10)).next_update(before(3)).sign().unwrap();
    refuses(lab.trust().crls([crl]), &lab.credentials(), ErrorKind::Undetermined, HOST, "UnknownCA");
}

#[test]
fn where_revocation_is_required_silence_is_refused() {
    let lab = Lab::new();
    refuses(lab.trust().require_revocation(), &lab.credentials(), ErrorKind::Undetermined, HOST, "UnknownCA");
}

#[test]
fn pins_names_and_checks_only_take_away() {
    let lab = Lab::new();
    let shown = lab.credentials();
    let root = lab.root.certificate().public_key().unwrap().fingerprint();
    let stranger = Lab::new().root.certificate().public_key().unwrap().fingerprint();
    let connects = |trust: Trust| {
        let client = Client::builder(trust).anonymous().unwrap();
        super::lab::connected(&client, &Server::builder(&shown).anyone().unwrap()).map(drop)
    };
    connects(lab.trust().pin([root])).unwrap();
    connects(lab.trust().pin([stranger, root])).unwrap();
    connects(lab.trust().only([Allowed::Host(HOST.parse().unwrap())])).unwrap();
    connects(lab.trust().also(|_| Ok(()))).unwrap();
    let refused = ErrorKind::NotAllowed;
    refuses(lab.trust().pin([stranger]), &shown, refused, "pinned", "AccessDenied");
    refuses(lab.trust().only([]), &shown, refused, "none of those", "AccessDenied");
    refuses(lab.trust().only([Allowed::Key(stranger)]), &shown, refused, "none of those", "AccessDenied");
    refuses(lab.trust().also(|_| Err("not today".into())), &shown, refused, "not today", "AccessDenied");
    refuses(
        lab.trust().also(|_| Err("not today".into())).also(|_| Ok(())),
        &shown,
        refused,
        "not today",
        "AccessDenied",
    );
    // They let nobody in who is not trusted.
    let other = Lab::named("CN=Other").credentials();
    refuses(lab.trust().also(|_| Ok(())), &other, ErrorKind::Untrusted, HOST, "UnknownCA");
}

#[test]
fn a_client_without_a_certificate_or_with_a_strangers_is_refused() {
    let (lab, stranger) = (Lab::new(), Lab::named("CN=Stranger"));
    let server = Server::builder(&lab.credentials()).require_clients(lab.trust()).unwrap();
    let host = HOST.parse().unwrap();
    let as_stranger = Credentials::new([stranger.client_credential("CN=Mallory")]).unwrap();
    let as_server = Credentials::new([lab.credential("mallory.example.org")]).unwrap();
    let client = |credentials: &Credentials| Client::builder(lab.trust()).with(credentials).unwrap();
    for (client, kind, word, alert) in [
        (lab.client(), ErrorKind::Untrusted, "showed no certificate", "CertificateRequired"),
        (client(&as_stranger), ErrorKind::Untrusted, "Mallory", "UnknownCA"),
        (client(&as_server), ErrorKind::Untrusted, "mallory.example.org", "UnknownCA"),
    ] {
        let (mut from, mut to) = (client.handshake(&host).unwrap(), server.handshake().unwrap());
        let (of_client, of_server) = exchange(&mut from, &mut to);
        let error = of_server.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word), "{error}");
        // In TLS 1.3 the client was done when it was refused, and hears of it as soon as it listens.
        assert!(from.is_done());
        let theirs = of_client.unwrap_err().to_string();
        assert!(theirs.contains(alert), "{theirs}");
    }
}

#[test]
fn short_rsa_keys_are_refused_where_longer_ones_are_asked_for() {
    let lab = Lab::new();
    let key = bulla::PrivateKey::generate(bulla::KeyKind::rsa(2048)).unwrap();
    let certificate = lab.root.tls_server(key.public(), &[HOST]).unwrap().sign().unwrap();
    let shown = Credentials::new([bulla::x509::Credential::new(key, [certificate]).unwrap()]).unwrap();
    refuses(lab.trust().rsa_bits(3072), &shown, ErrorKind::NotAllowed, "2048", "AccessDenied");
}

#[test]
fn a_peer_that_is_too_slow_is_given_up() {
    let lab = Lab::new();
    let hasty = Settings::new().handshake_within(Duration::ZERO);
    let server = Server::builder(&lab.credentials()).settings(hasty).anyone().unwrap();
    let mut to = server.handshake().unwrap();
    let start = std::time::Instant::now();
    while start.elapsed().is_zero() {}
    assert_eq!(to.receive(b"\x16").unwrap_err().kind(), ErrorKind::TimedOut);
}
