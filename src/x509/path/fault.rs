//! Why a path does not hold: the certificate, the reason, and which of several reasons helps most.
use std::cmp::Ordering;

use super::super::certificate::Certificate;
use crate::error::{Error, ErrorKind};

/// One reason why a path was given up.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    reason: Reason,
    /// Whose certificate, in words.
    whose: String,
    detail: String,
}

/// Sorted by how much a reason says: of several paths that failed, the one with the last of these is told of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Reason {
    NoIssuer,
    Signature,
    Malformed,
    Weak,
    NotCa,
    Constraint,
    Purpose,
    Validity,
    Name,
    Unknown,
    Budget,
    Undetermined,
    Revoked,
}

impl Fault {
    pub(super) fn new(reason: Reason, certificate: &Certificate, detail: impl Into<String>) -> Self {
        Fault { reason, whose: whose(certificate), detail: detail.into() }
    }

    /// A field that could not be read.
    pub(super) fn unreadable(certificate: &Certificate, error: &Error) -> Self {
        Self::new(Reason::Malformed, certificate, error.why().to_owned())
    }

    pub(super) fn is_final(&self) -> bool {
        self.reason == Reason::Budget
    }

    /// The reason in words, for another certificate's fault.
    pub(super) fn into_detail(self) -> String {
        self.detail
    }

    /// The one that helps more; the earlier of equals.
    pub(super) fn better(self, other: Self) -> Self {
        if self.reason.cmp(&other.reason) == Ordering::Less { other } else { self }
    }
}

fn whose(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    if subject.is_empty() {
        format!("the certificate with serial {}", certificate.serial())
    } else {
        format!("the certificate of {subject}")
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let (kind, hint) = match fault.reason {
            Reason::NoIssuer => {
                (ErrorKind::Untrusted, "give the issuer's certificate, or trust somebody who issued it")
            }
            Reason::Signature => (
                ErrorKind::Untrusted,
                "get it anew: it is damaged, or its issuer is another one of the same name",
            ),
            Reason::Malformed => (ErrorKind::Untrusted, "its issuer made it wrongly: ask for a sound one"),
            Reason::Weak => {
                (ErrorKind::Untrusted, "ask for a new one; for old mail, say that old algorithms may be used")
            }
            Reason::NotCa | Reason::Constraint | Reason::Unknown => {
                (ErrorKind::Untrusted, "its issuer may not issue it so: ask for another")
            }
            Reason::Purpose => (ErrorKind::Untrusted, "use a certificate that was issued for this purpose"),
            Reason::Validity => (ErrorKind::Expired, "ask for a new one, or look whether the clock is right"),
            Reason::Name => (ErrorKind::WrongName, "look whom you deal with; do not go on"),
            Reason::Budget => (ErrorKind::OverLimit, "give fewer certificates, those of the path alone"),
            Reason::Undetermined => (ErrorKind::Undetermined, "give a fresh CRL or OCSP response"),
            Reason::Revoked => (ErrorKind::Revoked, "do not trust it"),
        };
        Error::new(kind, fault.whose, fault.detail, hint)
    }
}
