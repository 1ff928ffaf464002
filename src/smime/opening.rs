//! Opens encrypted mail: all of it is known to be unchanged before anything of it is seen, or it has another type.
use std::io::{Read, Write};
use std::path::Path;

use super::cipher::{self, Unsealing};
use super::entity::Entity;
use super::files::{self, Pieces};
use super::kek;
use super::message::{self, Malleable, Opened, Signed};
use super::reading::{self, Form, Object, Source, source};
use super::shared_key::SharedKey;
use super::spool::Spool;
use super::unwrap::{self, Opener, Terms};
use super::verification;
use crate::encoding::tlv::{self, INTEGER, OID, SEQUENCE, SET};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::content::{DATA, SIGNED_DATA};
use crate::formats::cms::enveloped::{ContentInfo, Head, Kind, Tail};
use crate::keys::work::Budget;
use crate::keys::{KdfLimits, Passphrase};
use crate::limits::{CMS_HEAD_BYTES, CMS_TAIL_BYTES};
use crate::new_file::{Manner, NewFile};
use crate::secret::{SecretVec, refit};
use crate::x509::Credential;

/// How encrypted mail is opened: begin with [`with`](Self::with), end with [`bytes`](Self::bytes), [`stream`](Self::stream) or
/// [`file`](Self::file).
///
/// What was encrypted with authentication comes out as it was sealed, or not at all; who sealed it is not known, unless it is
/// signed inside. Old mail in CBC comes out if a signature inside of it holds. Anything else in CBC may have been changed so
/// that parts of it are sent to whoever changed it (EFAIL): it has a type of its own, [`Malleable`].
///
/// See [`Encryption`](super::Encryption) for an example.
#[must_use = "nothing is opened before `bytes`, `stream` or `file` is called"]
#[derive(Clone)]
pub struct Opening<'a> {
    with: Vec<With<'a>>,
    legacy: bool,
    overwrite: bool,
}

#[derive(Clone, Copy)]
enum With<'a> {
    Credential(&'a Credential),
    Key(&'a SharedKey),
    Passphrase(&'a Passphrase),
}

/// What was opened and written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsealed {
    length: u64,
    protection: Protection,
}

/// Why what was opened is known to be what was sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Protection {
    /// It was encrypted with authentication.
    Tag,
    /// A signature inside holds: whoever made it knew what it is over, and nothing else came out. Whether to trust him comes
    /// after.
    Signature,
    /// It is not known: see [`Malleable`].
    None,
}

impl Unsealed {
    /// Bytes written.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Why it is known to be what was sealed.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }
}

/// Whether what was opened can have been changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Integrity {
    /// A tag held over all of it.
    Authentic,
    /// Nothing protected it.
    None,
}

impl<'a> Opening<'a> {
    fn new(with: With<'a>) -> Self {
        Opening { with: vec![with], legacy: false, overwrite: false }
    }

    /// With the private key of this credential, for what is encrypted to its certificate.
    pub fn with(credential: &'a Credential) -> Self {
        Self::new(With::Credential(credential))
    }

    /// With a key that both sides have.
    pub fn with_key(key: &'a SharedKey) -> Self {
        Self::new(With::Key(key))
    }

    /// With a passphrase.
    pub fn with_passphrase(passphrase: &'a Passphrase) -> Self {
        Self::new(With::Passphrase(passphrase))
    }

    /// With these and those, whichever the mail is for.
    pub fn or(mut self, others: Opening<'a>) -> Self {
        self.with.extend(others.with);
        self
    }

    /// Also mail that is encrypted with triple DES or RC2.
    ///
    /// # Security
    /// Who can break these ciphers reads the mail; they cannot hurt who opens it more than CBC does. It comes out as
    /// [`Malleable`], or signed.
    pub fn legacy(mut self) -> Self {
        self.legacy = true;
        self
    }

    /// Whether [`file`](Self::file) replaces a file that is there.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Opens a mail.
    ///
    /// # Errors
    /// [`NoKeyFits`](crate::ErrorKind::NoKeyFits) if it is for others; [`Unauthentic`](crate::ErrorKind::Unauthentic) if it was
    /// changed, or is for another key of the same name; [`Unrecognised`](crate::ErrorKind::Unrecognised) if it is not encrypted,
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is not sound; [`Unsupported`](crate::ErrorKind::Unsupported) for
    /// algorithms that bulla does not know, or knows as old.
    ///
    /// Content without a MIME header, or with one that is not sound, is no entity, and so
    /// [`Malformed`](crate::ErrorKind::Malformed), too: use [`stream`](Self::stream), which gives it as it is.
    pub fn bytes(&self, mail: &[u8]) -> Result<Opened> {
        let mut spool = Spool::in_memory();
        let integrity = self.open(&mut source(&mut &*mail), &mut spool)?;
        let is_intact = integrity == Integrity::Authentic || self.is_signed(&mut spool)?;
        let bytes = spool.into_bytes().map_err(|error| Error::io("memory", error))?;
        if !is_intact {
            return Ok(Opened::Malleable(Malleable::new(bytes)));
        }
        // Whatever it is, it is what was sealed: it is given out as far as it can be told.
        let entity = Entity::parse(bytes.as_slice())?;
        Ok(if message::is_signed(&entity) {
            Opened::Signed(Signed::of(entity))
        } else {
            Opened::Plain(entity)
        })
    }

    /// Opens a mail of any length in little memory, and then writes what was sealed.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes), and [`Unauthentic`](crate::ErrorKind::Unauthentic) for what [`Malleable`] holds.
    /// [`Io`](crate::ErrorKind::Io). Nothing is written before all of it is known to be unchanged.
    pub fn stream(&self, from: impl Read, into: impl Write) -> Result<Unsealed> {
        self.copy(from, into, false)
    }

    /// [`stream`](Self::stream), and writes also what may have been changed.
    ///
    /// # Security
    /// See [`Malleable::dangerous_into_bytes`].
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream).
    pub fn dangerous_malleable_stream(&self, from: impl Read, into: impl Write) -> Result<Unsealed> {
        self.copy(from, into, true)
    }

    fn copy(&self, mut from: impl Read, mut into: impl Write, malleable: bool) -> Result<Unsealed> {
        let mut spool = Spool::temporary();
        let protection = self.intact(&mut source(&mut from), &mut spool, malleable)?;
        let length = spool.write_to(&mut into)?;
        into.flush().map_err(|error| Error::io("output", error))?;
        Ok(Unsealed { length, protection })
    }

    /// Opens the mail in a file, and writes what was sealed into a new file, which appears whole and unchanged or not at all.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream), [`Exists`](crate::ErrorKind::Exists).
    pub fn file(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<Unsealed> {
        let into = into.as_ref();
        let mut from = files::open(from.as_ref())?;
        let target = NewFile::begin(into, Manner { overwrite: self.overwrite, durable: true })?;
        let failed = |error| Error::io(into.display().to_string(), error);
        let mut spool = Spool::in_file(target.file()).map_err(failed)?;
        let protection = self.intact(&mut source(&mut from), &mut spool, false)?;
        let length = target.file().metadata().map_err(failed)?.len();
        target.commit()?;
        Ok(Unsealed { length, protection })
    }

    fn intact(&self, from: &mut Source<'_>, spool: &mut Spool, malleable: bool) -> Result<Protection> {
        if self.open(from, spool)? == Integrity::Authentic {
            return Ok(Protection::Tag);
        }
        if self.is_signed(spool)? {
            return Ok(Protection::Signature);
        }
        if malleable {
            return Ok(Protection::None);
        }
        Err(unprotected())
    }

    /// Whether what was opened is signed, and a signature holds: then who made it knew all of what it is over, and that alone
    /// is in the spool afterwards. Who that is, and whether to believe him, comes after.
    ///
    /// Whatever is wrong with it is no error here: one would tell who sends changed mails what came out of them.
    fn is_signed(&self, spool: &mut Spool) -> Result<bool> {
        let Some((signed, mut content)) = verification::holding(spool) else { return Ok(false) };
        let mut anew = Spool::temporary();
        let failed = |error| Error::io("temporary file", error);
        signed.write(&mut content, &mut anew).map_err(failed)?;
        spool.replace(anew).map_err(failed)?;
        Ok(true)
    }

    /// Opens a mail into the spool.
    pub(super) fn open(&self, from: &mut Source<'_>, spool: &mut Spool) -> Result<Integrity> {
        let (_, form) = reading::begin(from)?;
        let object = match form {
            Form::Object(object) => object,
            Form::Detached { .. } => return Err(not_encrypted(true)),
            Form::Plain => return Err(not_encrypted(false)),
        };
        let kind = Kind::of(&object.content_type).ok_or_else(|| not_encrypted(object.is(&SIGNED_DATA)))?;
        self.open_object(object, kind, spool)
    }

    fn open_object(&self, mut object: Object<'_>, kind: Kind, spool: &mut Spool) -> Result<Integrity> {
        let head = enter(&mut object)?;
        self.open_content(&head, object, kind, spool)
    }

    /// Opens an object of which the recipients were read.
    pub(super) fn open_content(
        &self,
        head: &[u8],
        object: Object<'_>,
        kind: Kind,
        spool: &mut Spool,
    ) -> Result<Integrity> {
        match self.unseal(head, object, kind, spool) {
            Ok(()) if kind == Kind::AuthEnveloped => Ok(Integrity::Authentic),
            Ok(()) => Ok(Integrity::None),
            Err(error) if kind == Kind::AuthEnveloped && error.kind() == ErrorKind::Unauthentic => {
                Err(changed())
            }
            // Whoever sends changed mails in CBC must not learn what failed.
            Err(error) if kind == Kind::Enveloped && error.kind() == ErrorKind::Unauthentic => {
                Err(unprotected())
            }
            Err(error) => Err(error),
        }
    }

    fn unseal(&self, head: &[u8], mut object: Object<'_>, kind: Kind, spool: &mut Spool) -> Result<()> {
        let reader = &mut object.reader;
        reader.enter(SEQUENCE)?;
        let mut about = reader.value_of(OID, 256)?;
        about.extend(reader.value_of(SEQUENCE, 4096)?);
        let info = ContentInfo::read(kind, &about)?;
        let cipher = info.encryption.cipher;
        if info.content_type != DATA.as_bytes() {
            let hint = "read it with a program for what it holds";
            return Err(Error::new(
                ErrorKind::Unsupported,
                "mail",
                "what is encrypted in it is no mail",
                hint,
            ));
        }
        if cipher.is_legacy() && !self.legacy {
            let hint = "read it as the old mail it is (--legacy)";
            return Err(Error::new(ErrorKind::Unsupported, "mail", "its cipher is broken today", hint));
        }
        let key = self.content_key(&Head::read(kind, head)?, &info)?;
        let mut unsealing = Unsealing::new(&cipher, &key).ok_or_else(Error::unauthentic)?;
        decrypt(&mut reader.octets(Some(0))?, &mut unsealing, spool)?;
        reader.leave()?;
        let tail = reading::rest(reader, CMS_TAIL_BYTES)?;
        reader.leave()?;
        object.end()?;
        let tail = Tail::read(kind, &info.encryption, &tail)?;
        let attributes = tail.additional();
        if attributes.is_empty() {
            let mut last = Vec::new();
            unsealing.finish(tail.mac, &mut last)?;
            let last = SecretVec::new(last);
            spool.write_all(&last).map_err(|error| Error::io("temporary file", error))?;
        } else {
            cipher::check_with_attributes(&cipher, &key, &attributes, spool, tail.mac)?;
        }
        Ok(())
    }

    fn content_key(&self, head: &Head<'_>, info: &ContentInfo) -> Result<SecretVec> {
        let openers: Vec<Opener<'_>> = self.with.iter().map(With::opener).collect();
        let mut budget = Budget::new(KdfLimits::default());
        let length = info.encryption.cipher.key_len();
        let mut terms = Terms { length, legacy: self.legacy, budget: &mut budget };
        kek::of_content(&info.encryption, unwrap::content_key(&head.recipients, &openers, &mut terms)?)
    }
}

/// The fields before EncryptedContentInfo, in DER: version, originator, recipients.
pub(super) fn enter(object: &mut Object<'_>) -> Result<Vec<u8>> {
    let reader = &mut object.reader;
    reader.enter(SEQUENCE)?;
    let mut head = reader.value_of(INTEGER, 16)?;
    if reader.peek()? == Some(tlv::constructed(0)) {
        head.extend(reader.value(CMS_HEAD_BYTES)?);
    }
    head.extend(reader.value_of(SET, CMS_HEAD_BYTES.saturating_sub(head.len()))?);
    Ok(head)
}

impl With<'_> {
    fn opener(&self) -> Opener<'_> {
        match self {
            With::Credential(credential) => Opener::Key(credential.key(), credential.certificate()),
            With::Key(key) => Opener::Kek { id: key.name(), key: key.key() },
            With::Passphrase(passphrase) => Opener::Passphrase(passphrase),
        }
    }
}

/// Decrypts what is read into the spool.
fn decrypt(from: &mut impl Read, unsealing: &mut Unsealing, spool: &mut Spool) -> Result<()> {
    let (mut pieces, mut opened) = (Pieces::new(), SecretVec::default());
    loop {
        let part = pieces.next(from).map_err(|error| Error::io("mail", error))?;
        if part.is_empty() {
            return Ok(());
        }
        // What was held back of the piece before comes out with this one.
        if opened.capacity() < part.len() * 2 {
            refit(&mut opened, part.len() * 2);
        }
        opened.clear();
        unsealing.update(part, &mut opened)?;
        spool.write_all(&opened).map_err(|error| Error::io("temporary file", error))?;
    }
}

/// For all that fails under a tag.
fn changed() -> Error {
    Error::new(
        ErrorKind::Unauthentic,
        "mail",
        "it was changed or cut short since it was encrypted, or it is for another key of the same name",
        "do not use it; ask for it again",
    )
}

/// For all that fails in CBC, and for what comes out of it unsigned.
fn unprotected() -> Error {
    Error::new(
        ErrorKind::Unauthentic,
        "mail",
        "nothing shows whether it was changed since it was encrypted, or it does not open",
        "ask for it again, signed or encrypted by a program of today; or accept that it may be forged (--accept-unauthenticated)",
    )
}

fn not_encrypted(is_signed: bool) -> Error {
    let (why, hint) = match is_signed {
        true => ("it is not encrypted, but signed", "verify it"),
        false => ("it is not encrypted", "there is nothing to open"),
    };
    Error::new(ErrorKind::Unrecognised, "mail", why, hint)
}

crate::secret::opaque_debug! {
    [] Opening<'_> = "Opening";
}
