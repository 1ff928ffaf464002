//! Takes a mail apart as it comes: what it is, then its content, then what was said about it.
use std::io::{self, BufRead, Read, Write};

use super::digests::{Digests, Hashed};
use super::files::Pieces;
use super::layout;
use super::spool::Spool;
use crate::encoding::base64_stream::Lines;
use crate::encoding::ber_reader::BerReader;
use crate::encoding::input::Input;
use crate::encoding::tlv::{self, INTEGER, OID, SEQUENCE, SET};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::content::{self, DATA, SIGNED_DATA, WHAT};
use crate::formats::cms::frame::{Frame, FrameWriter, Wrapping};
use crate::formats::cms::signed;
use crate::formats::mime::bare;
use crate::formats::mime::entity::{self, Kind};
use crate::formats::mime::header::Header;
use crate::keys::Digest;
use crate::limits::CMS_SIGNATURES_BYTES;
use crate::x509::{Certificate, Crl};

/// A mail that is being read.
pub(super) type Source<'b> = Input<&'b mut (dyn Read + 'b)>;

/// What a mail is. Its body is what comes next.
pub(super) enum Form<'a> {
    /// Signed, in two parts.
    Detached { body: &'a mut dyn BufRead, boundary: String, micalg: Option<String> },
    /// An object of CMS.
    Object(Object<'a>),
    /// Neither.
    Plain,
}

/// An object of CMS, of which the type is read.
pub(super) struct Object<'a> {
    pub(super) reader: BerReader<Box<dyn BufRead + 'a>>,
    /// The value of its identifier.
    pub(super) content_type: Vec<u8>,
}

/// Reads from wherever a mail comes.
pub(super) fn source<'b>(from: &'b mut (dyn Read + 'b)) -> Source<'b> {
    Input::new(from, usize::MAX)
}

/// Reads the beginning of a mail, or of an object without a header: then there is none.
pub(super) fn begin<'a>(from: &'a mut Source<'_>) -> Result<(Option<Header>, Form<'a>)> {
    if let Some(bare) = bare::Form::of(from)? {
        return Ok((None, Form::Object(Object::begin(Box::new(bare.decode(from)?))?)));
    }
    let opened = entity::open(from)?;
    let form = match opened.kind {
        Kind::Signed { boundary, micalg } => Form::Detached { body: from, boundary, micalg },
        Kind::Cms { transfer, .. } => Form::Object(Object::begin(Box::new(transfer.decode(from)))?),
        Kind::Other => Form::Plain,
    };
    Ok((Some(opened.header), form))
}

impl<'a> Object<'a> {
    /// ContentInfo (RFC 5652 section 3), up to the content.
    pub(super) fn begin(from: Box<dyn BufRead + 'a>) -> Result<Self> {
        let mut reader = BerReader::new(WHAT, from);
        reader.enter(SEQUENCE)?;
        let content_type = identifier(&mut reader)?;
        reader.enter(tlv::constructed(0))?;
        Ok(Object { reader, content_type })
    }

    /// Its end, and nothing after it.
    pub(super) fn end(mut self) -> Result<()> {
        self.reader.leave()?;
        self.reader.leave()?;
        self.reader.end()
    }

    pub(super) fn is(&self, kind: &spki::ObjectIdentifier) -> bool {
        self.content_type == kind.as_bytes()
    }
}

/// The value of an OBJECT IDENTIFIER.
pub(super) fn identifier(reader: &mut BerReader<Box<dyn BufRead + '_>>) -> Result<Vec<u8>> {
    let der = reader.value_of(OID, 256)?;
    tlv::only(&der, OID).map(|oid| oid.value().to_vec()).map_err(|_| unsound())
}

pub(super) fn unsound() -> Error {
    content::unsound(tlv::Unsound)
}

/// A content that is in its place, and what was said about it.
pub(super) struct SignedContent {
    /// The value of its type's identifier.
    pub(super) content_type: Vec<u8>,
    hashes: Vec<Hashed>,
    /// Lines of a mail, whose ends may have changed.
    is_text: bool,
    /// The content is in the spool. If not, it is elsewhere, or there is none.
    is_there: bool,
    /// Version and hashes, in DER.
    head: Vec<u8>,
    /// Certificates and signers, in DER.
    tail: Vec<u8>,
}

/// What SignedData holds besides the content.
pub(super) struct Around {
    pub(super) content_type: Vec<u8>,
    /// The fields before the content, and after it, in DER.
    pub(super) head: Vec<u8>,
    pub(super) tail: Vec<u8>,
}

/// Copies a content into its place, and hashes it.
fn take(mut from: impl Read, spool: &mut Spool, digests: &mut Digests) -> Result<()> {
    let mut pieces = Pieces::new();
    loop {
        let read = pieces.next(&mut from).map_err(|error| Error::io("mail", error))?;
        if read.is_empty() {
            return Ok(());
        }
        digests.update(read);
        spool.write_all(read).map_err(|error| Error::io("temporary file", error))?;
    }
}

impl SignedContent {
    /// Of a mail that is signed in two parts.
    pub(super) fn detached(
        body: &mut dyn BufRead,
        boundary: &str,
        micalg: Option<&str>,
        spool: &mut Spool,
    ) -> Result<Self> {
        let mut digests = Digests::new(&said_digests(micalg), true);
        let mut parts = entity::Signed::new(body, boundary)?;
        take(parts.content()?, spool, &mut digests)?;
        let signature = parts.signature(CMS_SIGNATURES_BYTES)?;
        let object = Object::begin(Box::new(signature.as_slice()))?;
        if !object.is(&SIGNED_DATA) {
            return Err(Error::malformed("mail", "its second part is no signature"));
        }
        let around = signed_data(object, |content, _| match content {
            None => Ok(()),
            Some(_) => Err(two_contents()),
        })?;
        Ok(SignedContent::of(around, digests, true, true))
    }

    /// Of an object with the content in it; or beside it, if `beside` gives it.
    pub(super) fn object(
        object: Object<'_>,
        mut beside: Option<&mut dyn Read>,
        spool: &mut Spool,
    ) -> Result<Self> {
        let is_text = beside.is_some();
        let mut is_there = true;
        let mut digests = Digests::new(&[], false);
        let around = signed_data(object, |content, said| {
            digests = Digests::new(said, is_text);
            match (content, &mut beside) {
                (Some(content), None) => take(content, spool, &mut digests),
                (None, Some(beside)) => take(beside, spool, &mut digests),
                (Some(_), Some(_)) => Err(two_contents()),
                (None, None) => {
                    is_there = false;
                    Ok(())
                }
            }
        })?;
        Ok(SignedContent::of(around, digests, is_text, is_there))
    }

    fn of(around: Around, digests: Digests, is_text: bool, is_there: bool) -> Self {
        let Around { content_type, head, tail } = around;
        SignedContent { content_type, hashes: digests.finish(), is_text, is_there, head, tail }
    }

    /// Leaves out all but these signers, and of those what is not signed; and what is no certificate or CRL of X.509. A CRL
    /// stays: by it the mail itself may show that a signer's certificate was revoked.
    pub(super) fn keep(&mut self, which: &[bool]) -> Result<()> {
        let tail = signed::Tail::read(&self.tail)?;
        let kept = || tail.signers.iter().zip(which).filter(|(_, keep)| **keep).map(|(signer, _)| signer);
        let digests = kept().map(|signer| signer.digest_algorithm.to_vec()).collect();
        let version = kept().map(|signer| signer.version()).max().unwrap_or(signed::BY_ISSUER);
        let signers = kept().filter_map(|signer| signer.without_unsigned()).collect();
        let certificates = those(&tail.certificates, |der| Certificate::from_der(der).is_ok());
        let crls = those(&tail.crls, |der| Crl::from_der(der).is_ok());
        self.head = signed::head(version, digests);
        self.tail = signed::tail(certificates, crls, signers);
        Ok(())
    }

    /// The mail anew, from what was signed and the signatures alone: without all that stood round them in it, which nobody
    /// signed.
    pub(super) fn write(&self, content: &mut Spool, into: &mut dyn Write) -> io::Result<()> {
        let about = tlv::wrap(OID, &[&self.content_type]);
        if self.is_text {
            let object = tlv::sequence(&[&self.head, &tlv::sequence(&[&about]), &self.tail]);
            let digests: Vec<Digest> = self.hashes.iter().map(|hashed| hashed.digest).collect();
            let boundary = layout::boundary();
            into.write_all(layout::signed_fields(&boundary, &layout::micalg(&digests)).as_bytes())?;
            into.write_all(format!("\r\n--{boundary}\r\n").as_bytes())?;
            content.write_to(into)?;
            return layout::write_signature(&boundary, &object, into);
        }
        into.write_all(layout::object_fields(Some("signed-data")).as_bytes())?;
        into.write_all(b"\r\n")?;
        let frame = Frame { kind: SIGNED_DATA, head: self.head.clone(), about, wrapping: Wrapping::Explicit };
        let mut writer = FrameWriter::new(Lines::new(into), frame);
        content.write_to(&mut writer)?;
        writer.finish(&self.tail).and_then(Lines::finish).map(drop)
    }

    /// Whether the content is in the spool.
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    /// Whether what was signed is what a mail has, and not an object of another kind.
    pub(super) fn check_type(&self) -> Result<()> {
        if self.content_type == DATA.as_bytes() {
            return Ok(());
        }
        let hint = "read it with a program for what it holds";
        Err(Error::new(ErrorKind::Unsupported, WHAT, "what is signed in it is no mail", hint))
    }

    pub(super) fn content_type(&self) -> &[u8] {
        &self.content_type
    }

    /// Certificates and signers, in DER.
    pub(super) fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// The hash of the content that a signer asks for. One that was not made while the content passed is made now.
    pub(super) fn hash(&mut self, digest: Digest, spool: &mut Spool) -> Result<&Hashed> {
        let known = self.hashes.iter().position(|hashed| hashed.digest == digest);
        let at = match known {
            Some(at) => at,
            None => {
                let mut digests = Digests::new(&[digest], self.is_text);
                let mut reader = spool.reader().map_err(|error| Error::io("temporary file", error))?;
                take(&mut reader, &mut Spool::nowhere(), &mut digests)?;
                self.hashes.extend(digests.finish());
                self.hashes.len().saturating_sub(1)
            }
        };
        self.hashes.get(at).ok_or_else(unsound)
    }
}

/// Those that pass a test.
fn those(all: &[&[u8]], is_one: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    all.iter().filter(|der| is_one(der)).map(|der| der.to_vec()).collect()
}

/// SignedData (RFC 5652 section 5.1) and all that is round it. `content` gets what is signed, if it is there, and with which
/// hashes it is said to be digested. Gives all else.
pub(super) fn signed_data(
    mut object: Object<'_>,
    content: impl FnOnce(Option<&mut dyn Read>, &[Digest]) -> Result<()>,
) -> Result<Around> {
    let reader = &mut object.reader;
    reader.enter(SEQUENCE)?;
    // Its version follows from what is in it (section 5.1), and writers are wrong about it often: nothing hangs on it.
    let mut head = reader.value_of(INTEGER, 16)?;
    let list = reader.value_of(SET, CMS_SIGNATURES_BYTES)?;
    head.extend_from_slice(&list);
    let said = signed::digest_algorithms(&list)?;
    let said: Vec<Digest> = said.iter().filter_map(|one| Digest::from_der(one).ok()).collect();
    reader.enter(SEQUENCE)?;
    let content_type = identifier(reader)?;
    if reader.enter_if(tlv::constructed(0))? {
        content(Some(&mut reader.octets(None)?), &said)?;
        reader.leave()?;
    } else {
        content(None, &said)?;
    }
    reader.leave()?;
    let tail = rest(reader, CMS_SIGNATURES_BYTES)?;
    reader.leave()?;
    object.end()?;
    Ok(Around { content_type, head, tail })
}

/// All values that are left in the open one, in DER, of at most so many bytes together.
pub(super) fn rest(reader: &mut BerReader<Box<dyn BufRead + '_>>, most: usize) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while reader.peek()?.is_some() {
        all.extend(reader.value(most.saturating_sub(all.len()))?);
    }
    Ok(all)
}

/// The hashes that a mail says were used; SHA-256 if it says nothing that is known.
fn said_digests(micalg: Option<&str>) -> Vec<Digest> {
    let known = |name: &str| match name.trim() {
        "sha1" | "sha-1" => Some(Digest::Sha1),
        "sha224" | "sha-224" => Some(Digest::Sha224),
        "sha256" | "sha-256" => Some(Digest::Sha256),
        "sha384" | "sha-384" => Some(Digest::Sha384),
        "sha512" | "sha-512" => Some(Digest::Sha512),
        _ => None,
    };
    let said: Vec<Digest> = micalg.unwrap_or_default().split(',').filter_map(known).collect();
    if said.is_empty() { vec![Digest::Sha256] } else { said }
}

/// Why a mail with a content beside it is refused: `None` for an object that can be its signature.
pub(super) fn not_beside(form: &Form<'_>) -> Option<Error> {
    match form {
        Form::Detached { .. } => Some(two_contents()),
        Form::Object(object) if object.is(&SIGNED_DATA) => None,
        Form::Object(_) | Form::Plain => Some(Error::new(
            ErrorKind::Unrecognised,
            "signature",
            "it is none: what stands beside the content is not signed",
            "give the signature first (smime.p7s), and what it signs as the content",
        )),
    }
}

/// CVE-2018-18509: one reader shows the one content, and another verifies the other.
fn two_contents() -> Error {
    Error::malformed("signature", "it stands beside what it signs, and brings another content")
}

/// Whether anybody signed, by the fields after the content.
pub(super) fn has_signers(tail: &[u8]) -> Result<bool> {
    signed::Tail::read(tail).map(|tail| !tail.signers.is_empty())
}
