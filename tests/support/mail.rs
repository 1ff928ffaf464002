//! People with certificates for their addresses, and letters between them.
#![allow(dead_code, reason = "each test uses a part of it")]

use bulla::smime::{Addressees, Entity, Opened, Trust};
use bulla::x509::{Authority, Credential, EmailAddress, Revocation, TrustAnchors};
use bulla::{Error, ErrorKind, KeyKind, PrivateKey, Result};

pub(crate) const LETTER: &[u8] =
    b"From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: Greetings\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nDear Alice,\r\n\r\nhow are you?\r\n";

/// What of [`LETTER`] is signed and encrypted.
pub(crate) const CONTENT: &[u8] =
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nDear Alice,\r\n\r\nhow are you?\r\n";

/// Somebody whom all trust to say whose a key is.
pub(crate) struct Lab {
    pub(crate) root: Authority,
    pub(crate) anchors: TrustAnchors,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let root = Authority::root(&"CN=Example Root".parse().unwrap(), key).unwrap();
        let anchors = TrustAnchors::new([root.certificate().clone()]).unwrap();
        Lab { root, anchors }
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust::new(&self.anchors, Revocation::IfGiven)
    }

    /// The owner of an address, with a new key.
    pub(crate) fn person(&self, kind: KeyKind, address: &str) -> Credential {
        self.with_key(PrivateKey::generate(kind).unwrap(), address)
    }

    pub(crate) fn with_key(&self, key: PrivateKey, address: &str) -> Credential {
        let issue = self.root.email(key.public(), &[address.parse().unwrap()]).unwrap();
        Credential::new(key, [issue.sign().unwrap()]).unwrap()
    }

    pub(crate) fn bob(&self) -> Credential {
        self.person(KeyKind::P256, "bob@example.org")
    }

    /// Who is to read, of whose program nothing is known.
    pub(crate) fn to(&self, whom: &Credential) -> Addressees<'static> {
        let address = whom.certificate().alternative_names().unwrap();
        let address = match &address[0] {
            bulla::x509::GeneralName::Email(address) => address.parse().unwrap(),
            other => panic!("{other:?}"),
        };
        Addressees::one(whom.certificate(), &address, &self.trust()).unwrap()
    }
}

pub(crate) fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

pub(crate) fn letter() -> Entity {
    Entity::parse(LETTER).unwrap()
}

pub(crate) fn kind<T>(result: Result<T>) -> std::result::Result<(), ErrorKind> {
    result.map(drop).map_err(|error| error.kind())
}

/// Asserts that it failed so, and gives the error.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T>, kind: ErrorKind) -> Error {
    let Err(error) = result else { panic!("not refused; {kind:?} was expected") };
    assert_eq!(error.kind(), kind, "{error}");
    error
}

#[track_caller]
pub(crate) fn plain(opened: Result<Opened>) -> Vec<u8> {
    match opened.unwrap() {
        Opened::Plain(entity) => entity.into_bytes(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn malleable(opened: Result<Opened>) -> Vec<u8> {
    match opened.unwrap() {
        Opened::Malleable(bytes) => bytes.dangerous_into_bytes(),
        other => panic!("{other:?}"),
    }
}

/// Every line with LF alone.
pub(crate) fn with_lf(mail: &[u8]) -> Vec<u8> {
    String::from_utf8(mail.to_vec()).unwrap().replace("\r\n", "\n").into_bytes()
}

/// Whether one text is in another.
pub(crate) fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
