//! What the token reports as bulla's own error, and as that of a key elsewhere.
use std::io;

use cryptoki::error::{Error as TokenError, RvError};

use crate::Error;

/// The kind that a caller may want to act on survives as that of the source.
pub(super) fn to_io(error: TokenError) -> io::Error {
    let kind = match &error {
        TokenError::Pkcs11(reported, _) => match reported {
            RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinLocked
            | RvError::PinExpired
            | RvError::UserNotLoggedIn
            | RvError::UserPinNotInitialized => io::ErrorKind::PermissionDenied,
            RvError::TokenNotPresent | RvError::TokenNotRecognized | RvError::DeviceRemoved => {
                io::ErrorKind::NotFound
            }
            // What tokens say of keys and parameters that they do not take.
            RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::ArgumentsBad
            | RvError::KeyFunctionNotPermitted
            | RvError::KeyTypeInconsistent
            | RvError::FunctionNotSupported => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::Other,
        },
        TokenError::NotSupported | TokenError::NullFunctionPointer => io::ErrorKind::Unsupported,
        TokenError::LibraryLoading(_) | TokenError::MissingSymbol(_) => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

pub(super) fn from_token(error: TokenError) -> Error {
    to_io(error).into()
}

/// Nothing on the token has that name, or more than one thing has.
pub(super) fn no_such(what: String) -> Error {
    io::Error::new(io::ErrorKind::NotFound, what).into()
}

/// The token says something that is not of its protocol.
pub(super) fn nonsense(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the token gave {what}"))
}

pub(super) fn is_logged_in(error: &TokenError) -> bool {
    matches!(error, TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _))
}

pub(super) fn is_initialized(error: &TokenError) -> bool {
    matches!(error, TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _))
}
