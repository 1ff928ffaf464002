//! Whose fault it was that a connection failed: ours, the peer's, its certificate's, the net's.
use rustls::{AlertDescription, Error as Tls, PeerIncompatible};

use crate::error::{Error, ErrorKind};

/// rustls's error in our words. Verdicts on certificates come with their reasons from [`judge`](super::judge) instead.
pub(super) fn of(error: &Tls) -> Error {
    match error {
        Tls::AlertReceived(alert) => refused(*alert),
        Tls::PeerIncompatible(what) => incompatible(what),
        Tls::NoApplicationProtocol => Error::new(
            ErrorKind::Unsupported,
            "connection",
            "the two sides have no protocol in common (ALPN)",
            "name one that the other side speaks",
        ),
        Tls::NoCertificatesPresented => Error::new(
            ErrorKind::Untrusted,
            "connection",
            "the peer showed no certificate",
            "have it show one: this side lets nobody in without",
        ),
        // Once keys are agreed on, all that is wrong with a record looks the same.
        Tls::DecryptError => Error::new(
            ErrorKind::Unauthentic,
            "connection",
            "what came was changed on the way, or not made by the peer",
            "connect again; do not use what came last",
        ),
        Tls::InvalidCertificate(why) => Error::new(
            ErrorKind::Unauthentic,
            "connection",
            format!("the peer does not prove that its certificate's key is its own: {why}"),
            "do not go on",
        ),
        Tls::General(why) => Error::new(
            ErrorKind::Io,
            "connection",
            format!("this side could not do its part: {why}"),
            "look at the key, which may be on a token",
        ),
        other => Error::new(
            ErrorKind::Malformed,
            "connection",
            format!("the peer does not speak TLS as it is specified: {other}"),
            "look whether there is TLS at that port, and what the peer is",
        ),
    }
}

fn refused(alert: AlertDescription) -> Error {
    use AlertDescription as A;
    let (why, hint) = match alert {
        A::CertificateRequired => ("it wants a certificate of this side", "connect with credentials"),
        A::CertificateExpired => {
            ("this side's certificate has expired for it", "renew it, or look at the clocks")
        }
        A::CertificateRevoked => ("this side's certificate has been revoked", "get another"),
        A::UnknownCA => (
            "it does not trust the issuer of this side's certificate",
            "send the whole chain, or have it trust the root",
        ),
        A::BadCertificate | A::UnsupportedCertificate | A::CertificateUnknown => {
            ("it does not take this side's certificate", "look at the certificate's names and purposes")
        }
        A::AccessDenied => ("it lets others in, and not this side", "ask who runs it"),
        A::HandshakeFailure | A::InsufficientSecurity => (
            "it found nothing in common with this side",
            "look at what it offers: versions, suites, groups, kinds of keys",
        ),
        A::ProtocolVersion => {
            ("it does not have this version of TLS", "it may have TLS 1.2 alone: `Settings::tls12_too`")
        }
        A::UnrecognisedName => ("it knows nobody of the name that was asked for", "look at the name"),
        A::NoApplicationProtocol => {
            ("it has none of the protocols that were named", "name one that it speaks")
        }
        A::DecryptError => {
            ("a signature or proof of this side is none for it", "look whether key and certificate fit")
        }
        A::BadRecordMac => ("what it got was changed on the way", "connect again"),
        _ => ("it gave up", "look at its log"),
    };
    let number = u8::from(alert);
    Error::new(ErrorKind::PeerRefused, "the peer refused", format!("{why} (alert {number}, {alert:?})"), hint)
}

fn incompatible(what: &PeerIncompatible) -> Error {
    use PeerIncompatible as P;
    let (why, hint) = match what {
        P::NoCipherSuitesInCommon => {
            ("it has none of the suites that are allowed here", "allow more, or renew it")
        }
        P::NoKxGroupsInCommon | P::KeyShareExtensionRequired | P::NamedGroupsExtensionRequired => {
            ("it has none of the groups that are allowed here", "allow more, or renew it")
        }
        P::NoSignatureSchemesInCommon | P::NoCertificateRequestSignatureSchemesInCommon => (
            "it cannot check signatures of this side's key",
            "show a certificate for a key of another kind, too",
        ),
        P::ServerDoesNotSupportTls12Or13 => ("it has nothing newer than TLS 1.1", "renew it"),
        P::ServerTlsVersionIsDisabledByOurConfig
        | P::SupportedVersionsExtensionRequired
        | P::Tls12NotOffered
        | P::Tls12NotOfferedOrEnabled => {
            ("it does not have TLS 1.3", "renew it; if that cannot be: `Settings::tls12_too`")
        }
        P::ExtendedMasterSecretExtensionRequired => {
            ("its TLS 1.2 lacks the extended master secret (RFC 7627)", "renew it")
        }
        P::IncorrectCertificateTypeExtension | P::UnsolicitedCertificateTypeExtension => {
            ("one side shows bare keys, and the other certificates", "have both sides do the same")
        }
        _ => ("it lacks what is needed here", "renew it"),
    };
    Error::new(ErrorKind::Unsupported, "the peer", format!("{why} ({what:?})"), hint)
}

/// The other side went away without a word.
pub(super) fn cut_off() -> Error {
    Error::new(
        ErrorKind::CutOff,
        "connection",
        "it ended without its end having been announced, so something may be missing",
        "do not take what came for the whole; try again",
    )
}

pub(super) fn timed_out() -> Error {
    Error::new(ErrorKind::TimedOut, "connection", "the peer took too long", "try again, or allow more time")
}
