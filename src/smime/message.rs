//! What a mail is: signed, encrypted, or neither.
use std::io::{self, Read};

use super::compressed;
use super::entity::Entity;
use super::layout;
use super::reading::{self, Form, source};
use super::spool::Spool;
use crate::encoding::base64_stream;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::content::{COMPRESSED_DATA, SIGNED_DATA};
use crate::formats::cms::enveloped::Kind;
use crate::formats::mime::bare;
use crate::secret::SecretVec;
use crate::x509::Bundle;

/// A mail, by what S/MIME has done to it.
///
/// ```
/// use bulla::smime::Message;
/// let mail = b"Subject: Greetings\r\n\r\nDear Alice,\r\n";
/// assert!(matches!(Message::parse(&mail[..])?, Message::Plain(_)));
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Message {
    /// Nothing.
    Plain(Entity),
    /// Signed, in two parts or opaque.
    Signed(Signed),
    /// Encrypted, with authentication or without.
    Enveloped(Enveloped),
    /// Compressed.
    Compressed(Compressed),
    /// Certificates alone.
    Certificates(Bundle),
}

/// A signed mail. It shows no content: [`verify`](Self::verify) gives that.
#[derive(Clone)]
pub struct Signed {
    mail: Entity,
}

/// A compressed mail (RFC 3274). It protects nothing.
#[derive(Clone)]
pub struct Compressed {
    mail: Entity,
}

/// An encrypted mail.
#[derive(Clone)]
pub struct Enveloped {
    mail: Entity,
}

/// What came out of an encrypted mail. It is meant to be matched whole: each of the three asks for something else of its reader.
#[derive(Debug)]
pub enum Opened {
    /// What was sealed, and nobody has changed it since. Who sealed it is not known: anybody can encrypt to a certificate.
    ///
    /// It may be a mail of another kind that is inside, sound or not: [`Message::of`] tells.
    Plain(Entity),
    /// It is signed: whoever signed it knew all of it. [`Signed::verify`] tells who.
    Signed(Signed),
    /// Something that may have been changed on the way.
    Malleable(Malleable),
}

/// What came out of a mail in CBC, without a signature inside: nobody knows whether it is what was encrypted.
///
/// # Security
/// Who can change such a mail can have parts of it sent to himself when it is shown (EFAIL), and can learn from each failure
/// to open it.
pub struct Malleable {
    bytes: SecretVec,
}

impl Message {
    /// Reads a mail, or an object of CMS without a header: in DER, BER, PEM or base64.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is not sound, [`Unsupported`](crate::ErrorKind::Unsupported) for objects
    /// of CMS that are no mail.
    pub fn parse(mail: impl Into<Vec<u8>>) -> Result<Self> {
        Self::of(Entity::parse(dressed(mail.into())?)?)
    }

    /// What an entity is: one that was inside of another mail, say.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn of(mail: Entity) -> Result<Self> {
        Ok(match Class::of(&mail)? {
            Class::Plain => Message::Plain(mail),
            Class::Signed => Message::Signed(Signed { mail }),
            Class::Enveloped => Message::Enveloped(Enveloped { mail }),
            Class::Compressed => Message::Compressed(Compressed { mail }),
            Class::Certificates => Message::Certificates(Bundle::from_der(&mail.content()?)?),
        })
    }
}

/// What S/MIME has done to a mail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Signed,
    Enveloped,
    Compressed,
    Certificates,
}

impl Class {
    fn of(mail: &Entity) -> Result<Self> {
        let mut bytes = mail.as_bytes();
        let mut from = source(&mut bytes);
        let (_, form) = reading::begin(&mut from)?;
        let object = match form {
            Form::Detached { .. } => return Ok(Class::Signed),
            Form::Plain => return Ok(Class::Plain),
            Form::Object(object) => object,
        };
        if Kind::of(&object.content_type).is_some() {
            return Ok(Class::Enveloped);
        }
        if object.is(&COMPRESSED_DATA) {
            return Ok(Class::Compressed);
        }
        if !object.is(&SIGNED_DATA) {
            let hint = "ask for it in another form";
            return Err(Error::new(ErrorKind::Unsupported, "mail", "its object is none of mail", hint));
        }
        let mut has_content = false;
        let around = reading::signed_data(object, |content, _| {
            has_content = content.is_some();
            let passed = content.map_or(Ok(0), |content| io::copy(content, &mut io::sink()));
            passed.map(drop).map_err(|error| Error::io("mail", error))
        })?;
        let is_signed = has_content || reading::has_signers(&around.tail)?;
        Ok(if is_signed { Class::Signed } else { Class::Certificates })
    }
}

/// A mail; of an object without a header, one with it in it.
fn dressed(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut from: &[u8] = &bytes;
    let Some(bare) = bare::Form::of(&mut source(&mut from))? else { return Ok(bytes) };
    let mut object = Vec::new();
    bare.decode(bytes.as_slice())?.read_to_end(&mut object)?;
    let mut mail = layout::object_fields(None).into_bytes();
    mail.extend_from_slice(b"\r\n");
    mail.extend(base64_stream::encode(&object));
    Ok(mail)
}

/// Whether an entity is a signed mail that is sound as far as that can be told without verifying it.
pub(super) fn is_signed(entity: &Entity) -> bool {
    matches!(Class::of(entity), Ok(Class::Signed))
}

impl Signed {
    pub(super) fn new(mail: Vec<u8>) -> Result<Self> {
        Ok(Self::of(Entity::parse(mail)?))
    }

    pub(super) fn of(mail: Entity) -> Self {
        Signed { mail }
    }

    pub(super) fn entity(&self) -> &Entity {
        &self.mail
    }

    /// The mail, to be sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.mail.as_bytes()
    }

    /// The mail, to be sent.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.mail.into_bytes()
    }
}

impl Compressed {
    /// What was compressed.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is damaged, [`OverLimit`](crate::ErrorKind::OverLimit) if it has over
    /// 256 MiB, [`Unsupported`](crate::ErrorKind::Unsupported) for other ways to compress than zlib.
    pub fn decompress(&self) -> Result<Entity> {
        let mut bytes = self.mail.as_bytes();
        let mut from = source(&mut bytes);
        let (_, Form::Object(object)) = reading::begin(&mut from)? else {
            return Err(Error::malformed("mail", "it is not compressed"));
        };
        let mut spool = Spool::in_memory();
        compressed::inflate(object, &mut spool)?;
        Entity::parse(spool.into_bytes()?.as_slice())
    }
}

impl Enveloped {
    pub(super) fn new(mail: Vec<u8>) -> Result<Self> {
        Ok(Enveloped { mail: Entity::parse(mail)? })
    }

    /// The mail, to be sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.mail.as_bytes()
    }

    /// The mail, to be sent.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.mail.into_bytes()
    }
}

impl Malleable {
    pub(super) fn new(bytes: SecretVec) -> Self {
        Malleable { bytes }
    }

    /// The bytes, as they came out.
    ///
    /// # Security
    /// Never show them with anything that loads what they name (HTML, links to pictures), never join them with other parts of
    /// a mail, and do not tell the sender whether they came out well: each of that gives the mail away to who changed it.
    #[must_use]
    pub fn dangerous_into_bytes(self) -> Vec<u8> {
        self.bytes.to_vec()
    }
}

crate::secret::opaque_debug! {
    [] Signed = "Signed";
    [] Compressed = "Compressed";
    [] Enveloped = "Enveloped";
    [] Malleable = "Malleable";
}
