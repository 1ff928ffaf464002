//! Keys on smart cards, USB tokens and hardware security modules, by way of PKCS #11 (OASIS, version 2.40 and later).
//!
//! ```no_run
//! use bulla::Passphrase;
//! use bulla::adapters::pkcs11::Token;
//! let pin = Passphrase::new("123456")?;
//! let token = Token::open("/usr/lib/softhsm/libsofthsm2.so", "my token", &pin)?;
//! let key = token.key("signing")?;
//! let signature = key.sign("invoice", b"100 francs")?;
//! key.public().verify("invoice", b"100 francs", &signature)?;
//! # Ok::<(), bulla::Error>(())
//! ```
//!
//! A key found here is a [`PrivateKey`] as any other, but stays where it is: the token signs (RSA, ECDSA, Ed25519), decrypts
//! (RSA-OAEP) and agrees on keys (ECDH, X25519) as far as it can; [`PrivateKey::check`] tries. The public half is taken from
//! the token: from the key itself, from the public key with the same id, or from the certificate with the same id.
//!
//! The library that drives the token is a program of its maker's that runs inside the caller's, with all that this may do:
//! name it by a path that only an administrator writes to. It stays loaded until the program ends.
//!
//! Keys that want the PIN anew for each signature (`CKA_ALWAYS_AUTHENTICATE`) are not served.
//!
//! What the token reports is [`ErrorKind::Io`]; the error's [source](std::error::Error::source) is a [`std::io::Error`] whose kind
//! says if the token or key was not found, or the PIN was wrong.
mod attributes;
mod errors;
mod key;
mod library;

use std::path::Path;
use std::sync::{Arc, Mutex};

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

use self::errors::{from_token, no_such};
pub use self::key::TokenKey;
use self::key::locked;
#[cfg(doc)]
use crate::ErrorKind;
use crate::{Passphrase, PrivateKey, Result};

/// A token that is logged in to.
pub struct Token {
    session: Arc<Mutex<Session>>,
}

/// A private key on a token, as the token names it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyEntry {
    /// Its label (`CKA_LABEL`).
    pub label: String,
    /// Its id (`CKA_ID`), which its certificate has, too.
    pub id: Vec<u8>,
}

impl Token {
    /// Loads the library, finds the token of that label, and logs in as its user.
    ///
    /// A program that is logged in to a token already stays so: the PIN is not looked at a second time.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the library cannot be loaded, no token or several have that label, or the PIN is wrong: tokens
    /// lock themselves after a few wrong ones.
    pub fn open(library: impl AsRef<Path>, label: &str, pin: &Passphrase) -> Result<Self> {
        let library = library::load(library.as_ref())?;
        let mut found = Vec::new();
        for slot in library.get_slots_with_initialized_token().map_err(from_token)? {
            if library.get_token_info(slot).map_err(from_token)?.label() == label {
                found.push(slot);
            }
        }
        let slot = match found[..] {
            [slot] => slot,
            [] => return Err(no_such(format!("no token is labelled {label:?}"))),
            _ => return Err(no_such(format!("several tokens are labelled {label:?}"))),
        };
        let session = library.open_ro_session(slot).map_err(from_token)?;
        let pin = AuthPin::from(pin.expose_text().as_str().to_owned());
        match session.login(UserType::User, Some(&pin)) {
            Err(error) if !errors::is_logged_in(&error) => Err(from_token(error)),
            _ => Ok(Token { session: Arc::new(Mutex::new(session)) }),
        }
    }

    /// The private keys on the token.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the token does not answer.
    pub fn keys(&self) -> Result<Vec<KeyEntry>> {
        let session = locked(&self.session);
        let found =
            session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).map_err(from_token)?;
        let wanted = [AttributeType::Label, AttributeType::Id];
        found
            .into_iter()
            .map(|key| {
                let mut entry = KeyEntry { label: String::new(), id: Vec::new() };
                for attribute in session.get_attributes(key, &wanted).map_err(from_token)? {
                    match attribute {
                        Attribute::Label(label) => entry.label = String::from_utf8_lossy(&label).into_owned(),
                        Attribute::Id(id) => entry.id = id,
                        _ => {}
                    }
                }
                Ok(entry)
            })
            .collect()
    }

    /// The private key of that label.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if there is none or several, or the public half is not on the token;
    /// [`ErrorKind::Unsupported`] for keys of a kind that bulla does not use; [`ErrorKind::Malformed`] if the token says
    /// something that is no key.
    pub fn key(&self, label: &str) -> Result<PrivateKey> {
        PrivateKey::remote(self.remote_key(label)?)
    }

    /// The private key of that id.
    ///
    /// # Errors
    /// Those of [`key`](Self::key).
    pub fn key_by_id(&self, id: &[u8]) -> Result<PrivateKey> {
        PrivateKey::remote(self.only(Attribute::Id(id.to_vec()), &format!("the id {id:02x?}"))?)
    }

    /// What [`key`](Self::key) is made of: the key as bulla asks it.
    ///
    /// # Errors
    /// Those of [`key`](Self::key).
    pub fn remote_key(&self, label: &str) -> Result<TokenKey> {
        self.only(Attribute::Label(label.as_bytes().to_vec()), &format!("the label {label:?}"))
    }

    fn only(&self, named: Attribute, name: &str) -> Result<TokenKey> {
        let session = locked(&self.session);
        let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), named];
        let found: Vec<ObjectHandle> = session.find_objects(&template).map_err(from_token)?;
        let handle = match found[..] {
            [handle] => handle,
            [] => return Err(no_such(format!("no private key on the token has {name}"))),
            _ => return Err(no_such(format!("several private keys on the token have {name}"))),
        };
        let public = attributes::public_key(&session, handle)?;
        Ok(TokenKey::new(Arc::clone(&self.session), handle, public))
    }
}
