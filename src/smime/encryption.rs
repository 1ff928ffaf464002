//! Encrypts mail (RFC 8551 section 3.3): authenticated, so that nobody can change it; or with a signature inside.
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::addressees::{Addressees, Programs};
use super::cipher::{self, Sealing};
use super::entity::Entity;
use super::layout::{self, Split};
use super::message::Enveloped;
use super::spool::Spool;
use super::{files, kek, verification};
use crate::encoding::base64_stream::Lines;
use crate::error::{Error, Result};
use crate::formats::cms::algorithm::{Cipher, ContentEncryption};
use crate::formats::cms::content::DATA;
use crate::formats::cms::enveloped::{self, ContentInfo};
use crate::formats::cms::frame::{Frame, FrameWriter, Wrapping};
use crate::formats::mime::header::Header;
use crate::formats::mime::lines::Canonical;

/// How mail is encrypted: begin with [`to`](Self::to), end with [`entity`](Self::entity), [`stream`](Self::stream) or
/// [`file`](Self::file).
///
/// Where all addressees read it, with AES-256-GCM as AuthEnvelopedData (RFC 5083): what is changed on the way does not open.
/// They do if their capabilities say so, if their keys are of kinds that old programs do not know, or if the caller says so
/// ([`Addressees::modern`]). Else with AES-256-CBC, and only what is signed: of a text in CBC an attacker can have parts sent
/// to himself (EFAIL), and the signature inside shows that.
///
/// ```
/// # use bulla::x509::{Authority, TrustAnchors};
/// # use bulla::{KeyKind, PrivateKey};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.email(key.public(), &["bob@example.org".parse()?])?.sign()?;
/// # let anchors = TrustAnchors::new([root.certificate().clone()])?;
/// # let credential = bulla::x509::Credential::new(key, [certificate.clone()])?;
/// use bulla::smime::{Addressees, Encryption, Entity, Opened, Trust};
/// use bulla::x509::Revocation;
/// let trust = Trust::new(&anchors, Revocation::IfGiven);
/// let bob = Addressees::one(&certificate, &"bob@example.org".parse()?, &trust)?.modern();
/// let letter = Entity::parse(b"Content-Type: text/plain\r\n\r\nDear Bob,\r\n")?;
/// let sealed = Encryption::to(&bob).entity(&letter)?;
/// let Opened::Plain(opened) = sealed.open(&credential)? else { panic!("nobody signed it") };
/// assert_eq!(opened, letter);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is encrypted before `entity`, `stream` or `file` is called"]
#[derive(Clone)]
pub struct Encryption<'a> {
    to: &'a Addressees<'a>,
    compat: bool,
    overwrite: bool,
}

impl<'a> Encryption<'a> {
    /// For these addressees.
    pub fn to(addressees: &'a Addressees<'a>) -> Self {
        Encryption { to: addressees, compat: false, overwrite: false }
    }

    /// For old programs, whatever the addressees are said to read: AES-256-CBC, and RSA by PKCS #1 v1.5. Only what is signed.
    pub fn compat(mut self) -> Self {
        self.compat = true;
        self
    }

    /// Whether [`file`](Self::file) replaces a file that is there.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Encrypts an entity, or a mail: of that, the fields of the message (`From`, `Subject`, …) stay outside, for everybody to
    /// read.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if not all addressees are known to read authenticated encryption, and no signature of
    /// today in the mail holds (with the signer's certificate in it); [`Malformed`](crate::ErrorKind::Malformed) for a header
    /// that is not sound.
    pub fn entity(&self, entity: &Entity) -> Result<Enveloped> {
        let mut mail = Vec::new();
        self.stream(entity.as_bytes(), &mut mail)?;
        Enveloped::new(mail)
    }

    /// Encrypts a mail or entity from a stream, of any length, in little memory.
    ///
    /// # Errors
    /// Those of [`entity`](Self::entity), [`Io`](crate::ErrorKind::Io). What was written by then is no sound mail.
    pub fn stream(&self, mut from: impl Read, mut into: impl Write) -> Result<()> {
        if let Some(cipher) = self.authenticated() {
            return self.write(cipher, enveloped::Kind::AuthEnveloped, &mut from, &mut into);
        }
        // Whether it is signed is seen when all of it was read.
        let mut mail = Spool::temporary();
        files::copy(&mut from, &mut mail)?;
        if verification::holding(&mut mail).is_none() {
            return Err(Error::usage(
                "mail",
                "no signature in it holds, and its addressees are not known to read encryption that shows changes",
                "sign it first, or say that they do read it",
            ));
        }
        let mut mail = mail.reader().map_err(|error| Error::io("temporary file", error))?;
        self.write(cipher::aes_256_cbc(), enveloped::Kind::Enveloped, &mut mail, &mut into)
    }

    fn write(
        &self,
        cipher: Cipher,
        kind: enveloped::Kind,
        from: &mut dyn Read,
        into: &mut dyn Write,
    ) -> Result<()> {
        let mut from = BufReader::with_capacity(files::BUFFER, from);
        let fields = Header::read(&mut from)?;
        let split = Split::of(&fields);
        let smime_type = match kind {
            enveloped::Kind::AuthEnveloped => "authEnveloped-data",
            enveloped::Kind::Enveloped => "enveloped-data",
        };
        let written = |error| Error::io("output", error);
        into.write_all(&split.message_header(&layout::object_fields(Some(smime_type)))).map_err(written)?;
        let mut sealing = self.seal(cipher, kind, Lines::new(&mut *into))?;
        let header = split.content_header(&mut from).map_err(|error| Error::io("mail", error))?;
        sealing.write_all(&header).map_err(written)?;
        if layout::is_binary(&fields)? {
            files::copy(&mut from, &mut sealing)?;
        } else {
            let mut canonical = Canonical::new(sealing);
            files::copy(&mut from, &mut canonical)?;
            sealing = canonical.into_inner();
        }
        sealing.finish().and_then(Lines::finish).map_err(written)?;
        into.flush().map_err(written)
    }

    /// Encrypts the mail in a file into a new file, which appears whole or not at all.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream), [`Exists`](crate::ErrorKind::Exists).
    pub fn file(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<()> {
        files::through(from.as_ref(), into.as_ref(), self.overwrite, |from, into| self.stream(from, into))
    }

    /// The best cipher with authentication that all addressees read.
    fn authenticated(&self) -> Option<Cipher> {
        if self.compat {
            None
        } else if self.to.read_aes_gcm() {
            Some(cipher::aes_256_gcm())
        } else if self.to.read_chacha20() {
            Some(cipher::chacha20_poly1305())
        } else {
            self.to.read_aes_128_gcm().then(cipher::aes_128_gcm)
        }
    }

    fn seal<W: Write>(&self, cipher: Cipher, kind: enveloped::Kind, into: W) -> Result<Sealed<W>> {
        let authenticated = kind == enveloped::Kind::AuthEnveloped;
        let encryption = ContentEncryption::new(cipher, authenticated && self.to.read_cek_hkdf());
        let content_key = cipher::content_key(&cipher);
        let programs = match kind {
            enveloped::Kind::AuthEnveloped => Programs::Modern,
            enveloped::Kind::Enveloped if self.compat => Programs::Old,
            enveloped::Kind::Enveloped => Programs::AsTold,
        };
        let recipients = self.to.seal(&content_key, programs)?;
        let key = kek::of_content(&encryption, content_key)?;
        let sealing = Sealing::new(&cipher, &key).ok_or_else(Error::unauthentic)?;
        let about = ContentInfo { content_type: DATA.as_bytes().to_vec(), encryption }.to_der();
        let head = enveloped::head(kind, &recipients);
        let frame = Frame { kind: *kind.content_type(), head, about, wrapping: Wrapping::Implicit };
        let writer = FrameWriter::new(into, frame);
        Ok(Sealed { writer, sealing, kind, buffer: Vec::with_capacity(files::BUFFER + 16) })
    }
}

/// Encrypts what is written.
struct Sealed<W> {
    writer: FrameWriter<W>,
    sealing: Sealing,
    kind: enveloped::Kind,
    buffer: Vec<u8>,
}

impl<W: Write> Sealed<W> {
    fn finish(mut self) -> io::Result<W> {
        self.buffer.clear();
        let tag = self.sealing.finish(&mut self.buffer);
        self.writer.write_all(&self.buffer)?;
        self.writer.finish(&enveloped::tail(self.kind, &tag))
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.chunks(files::BUFFER) {
            self.buffer.clear();
            self.sealing.update(part, &mut self.buffer)?;
            self.writer.write_all(&self.buffer)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

crate::secret::opaque_debug! {
    [] Encryption<'_> = "Encryption";
}
