//! Who has proven a password, what that is bound to, and what is said where it was not proven.
use super::proof::{Binding, unsound};
use crate::error::{Error, ErrorKind};
use crate::primitives::opaque::Wrong;
use crate::secret::opaque_debug;
use crate::verified::Verified;

/// Who has proven to have a password: the user's name, on both sides.
pub type PasswordUser = Verified<String, ProvenByPassword>;

/// That it was proven by a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProvenByPassword {
    /// The digest of the record that it was proven against; zeros on the client.
    record: [u8; 32],
}

opaque_debug! {
    [] ProvenByPassword = "ProvenByPassword";
}

impl ProvenByPassword {
    pub(super) const ON_THE_CLIENT: Self = ProvenByPassword { record: [0; 32] };

    pub(super) fn against(record: [u8; 32]) -> Self {
        ProvenByPassword { record }
    }

    pub(super) fn record(&self) -> [u8; 32] {
        self.record
    }
}

/// OPAQUE's context: what it is for, and in which connection.
pub(super) fn own_context(binding: &Binding) -> Vec<u8> {
    [&b"bulla password v1"[..], &binding[..]].concat()
}

pub(super) fn failed(wrong: Wrong) -> Error {
    match wrong {
        Wrong::Message => unsound(),
        Wrong::Password => unauthentic(),
        Wrong::Memory => Error::new(
            ErrorKind::Io,
            "password",
            "there is no memory to stretch it: 64 MiB",
            "free some, and try again",
        ),
    }
}

/// One for all that can be wrong, on both sides.
pub(super) fn unauthentic() -> Error {
    Error::new(
        ErrorKind::Unauthentic,
        "password",
        "it is not that of the user, or there is no such user, or somebody is in the middle",
        "do not go on; type name and password again",
    )
}

pub(super) fn refused() -> Error {
    Error::new(
        ErrorKind::PeerRefused,
        "the peer refused",
        "it does not take the user's password, or could not look for it",
        "look at name and password, and at its log",
    )
}
