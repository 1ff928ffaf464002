//! Whether a key signed a CRL or an OCSP response: the one place where that is asked, and what is too weak refused.
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{PublicKey, SignatureAlgorithm};

/// Something with a signature, and how it was made.
pub(super) struct Signed<'a> {
    /// What it is, for the error.
    pub(super) what: &'static str,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signed: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// Checks signatures with a key, a SubjectPublicKeyInfo in DER: [`check`], or a validator's own way that counts them
/// and knows what it wants to call weak.
pub(super) type Judge<'a> = dyn FnMut(&[u8], &Signed<'_>) -> Result<()> + 'a;

/// Whether this key signed it, by an algorithm that is good today.
pub(super) fn check(public_key_info: &[u8], it: &Signed<'_>) -> Result<()> {
    if it.algorithm.is_weak() {
        let why = format!("it is signed by {}, which is too weak", it.algorithm);
        return Err(Error::new(
            ErrorKind::Unsupported,
            it.what,
            why,
            "ask its issuer for one that is signed better",
        ));
    }
    let key = PublicKey::from_der(public_key_info)?;
    key.check_signature(it.algorithm, it.signed, it.signature).map_err(|_| {
        let why = "it is not signed by whom it should be";
        Error::new(ErrorKind::Unauthentic, it.what, why, "do not use it; get a good copy")
    })
}
