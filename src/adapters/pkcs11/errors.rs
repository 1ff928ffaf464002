//! What the token reports as bulla's own error, and as that of a key elsewhere.
use std::io;

use cryptoki::context::Function;
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

/// As [`to_io`], of the decryption of PKCS #1 v1.5: what the token says once it has the ciphertext is of that, unless it is of
/// the token. Some call bad padding bad arguments.
pub(super) fn of_padding(error: TokenError) -> io::Error {
    let has_begun = matches!(error, TokenError::Pkcs11(_, Function::Decrypt));
    let error = to_io(error);
    match error.kind() {
        io::ErrorKind::Unsupported if has_begun => io::Error::new(io::ErrorKind::InvalidData, error),
        _ => error,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_says_of_a_ciphertext_is_not_what_it_says_of_itself() {
        for (reported, function, kind) in [
            (RvError::ArgumentsBad, Function::Decrypt, io::ErrorKind::InvalidData),
            (RvError::EncryptedDataInvalid, Function::Decrypt, io::ErrorKind::Other),
            (RvError::GeneralError, Function::Decrypt, io::ErrorKind::Other),
            (RvError::DeviceRemoved, Function::Decrypt, io::ErrorKind::NotFound),
            (RvError::UserNotLoggedIn, Function::Decrypt, io::ErrorKind::PermissionDenied),
            (RvError::ArgumentsBad, Function::DecryptInit, io::ErrorKind::Unsupported),
            (RvError::MechanismInvalid, Function::DecryptInit, io::ErrorKind::Unsupported),
        ] {
            let error = of_padding(TokenError::Pkcs11(reported, function));
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
