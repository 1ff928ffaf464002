//! Signs mail (RFC 8551 section 3.5): in two parts that everybody can read, or opaque, by one signer or several.
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::Path;

use super::addressees::Addressees;
use super::capabilities::{Capabilities, PSS_SALT};
use super::check;
use super::digests::Digests;
use super::entity::Entity;
use super::files;
use super::layout::{self, Split};
use super::message::Signed;
use crate::clock::Time;
use crate::encoding::base64_stream::Lines;
use crate::encoding::tlv::{self, OCTET_STRING, OID, SET};
use crate::error::{Error, Result};
use crate::formats::cms::attribute::{
    self, ALGORITHM_PROTECTION, CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2, SIGNING_TIME,
    SMIME_CAPABILITIES,
};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::content::{DATA, SIGNED_DATA};
use crate::formats::cms::frame::{Frame, FrameWriter, Wrapping};
use crate::formats::cms::signed::{self, NewSignerInfo};
use crate::formats::mime::header::Header;
use crate::formats::mime::lines::Canonical;
use crate::formats::mime::plain_lines::PlainLines;
use crate::formats::mime::{quoted, seven_bit};
use crate::keys::{Digest, SignatureAlgorithm};
use crate::limits::{MIME_LINE_BYTES, SEVEN_BIT_BYTES};
use crate::x509::{Credential, Mailbox, Purpose, Revocation, TrustAnchors, Validation, time};

/// How mail is signed: begin with [`by`](Self::by), end with [`entity`](Self::entity), [`stream`](Self::stream) or
/// [`file`](Self::file).
///
/// The key says with what: an RSA key signs by PKCS #1 v1.5 with SHA-256, which every reader knows, and by PSS where
/// [`modern`](Self::modern) says that all who are to read it can. What is signed beside the content: when, which certificate
/// (RFC 5035), which algorithms (RFC 6211), and what the signer's program reads.
///
/// ```
/// # let root = bulla::x509::Authority::root(&"CN=Root".parse()?, bulla::PrivateKey::generate(bulla::KeyKind::P256)?)?;
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let certificate = root.email(key.public(), &["bob@example.org".parse()?])?.sign()?;
/// # let bob = bulla::x509::Credential::new(key, [certificate])?;
/// use bulla::smime::{Entity, Signing};
/// let letter = Entity::parse(b"Subject: Greetings\r\nContent-Type: text/plain\r\n\r\nDear Alice,\r\n")?;
/// let signed = Signing::by(&bob).opaque().entity(&letter)?;
/// assert!(signed.as_bytes().starts_with(b"Subject: Greetings\r\n"));
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is signed before `entity`, `stream` or `file` is called"]
#[derive(Clone)]
pub struct Signing<'a> {
    credentials: Vec<&'a Credential>,
    opaque: bool,
    modern: bool,
    at: Option<Time>,
    overwrite: bool,
}

/// One who signs, and how.
struct Plan<'a> {
    credential: &'a Credential,
    algorithm: SignatureAlgorithm,
    digest: Digest,
}

impl<'a> Signing<'a> {
    /// By the owner of this credential. Its chain goes with the mail.
    pub fn by(credential: &'a Credential) -> Self {
        Signing { credentials: vec![credential], opaque: false, modern: false, at: None, overwrite: false }
    }

    /// By this one, too. Each signature stands alone: who verifies needs one of them.
    pub fn and(mut self, credential: &'a Credential) -> Self {
        self.credentials.push(credential);
        self
    }

    /// In one object: programs on the way cannot change it by mistake, and those that know no S/MIME cannot show it.
    pub fn opaque(mut self) -> Self {
        self.opaque = true;
        self
    }

    /// For these readers: [`modern`](Self::modern) if all of them are known to read that, and else not, whatever was said
    /// before.
    pub fn readable_by(mut self, addressees: &Addressees<'_>) -> Self {
        self.modern = addressees.read_pss();
        self
    }

    /// For readers of today: RSA keys sign by PSS (RFC 4056).
    pub fn modern(mut self) -> Self {
        self.modern = true;
        self
    }

    /// Says another time of signing than now.
    pub fn at(mut self, time: Time) -> Self {
        self.at = Some(time);
        self
    }

    /// Whether [`file`](Self::file) replaces a file that is there.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Signs an entity, or a mail: of that, the fields of the message (`From`, `Subject`, …) stay outside, and are not signed.
    ///
    /// # Errors
    /// [`Untrusted`](crate::ErrorKind::Untrusted) for a credential that is not for signing mail,
    /// [`Expired`](crate::ErrorKind::Expired) for one that is not good at the time of signing,
    /// [`Malformed`](crate::ErrorKind::Malformed) for an entity whose parts cannot be told, [`Usage`](crate::ErrorKind::Usage)
    /// for one whose content is binary (see [`opaque`](Self::opaque)), [`Unsupported`](crate::ErrorKind::Unsupported) for a long
    /// one that would have to be written anew (see [`stream`](Self::stream)); what a key that is kept elsewhere says.
    pub fn entity(&self, entity: &Entity) -> Result<Signed> {
        let mut mail = Vec::new();
        self.stream(entity.as_bytes(), &mut mail)?;
        Signed::new(mail)
    }

    /// Signs a mail or entity from a stream, of any length, in little memory.
    ///
    /// In two parts, that holds of what is plain in its first 4 MiB: ASCII in lines of at most 998 bytes, none of which ends in
    /// blanks or begins with `From `. What is not plain there is read into memory, up to 64 MiB, and written anew so that it is.
    /// What is longer is signed as it stands if it is ASCII in lines of at most 998 bytes, and refused if not.
    /// [`Opaque`](Self::opaque), a content of any kind goes through in little memory.
    ///
    /// # Errors
    /// Those of [`entity`](Self::entity): [`Unsupported`](crate::ErrorKind::Unsupported) in two parts if it has over 64 MiB, or
    /// was plain in its first 4 MiB, and then a line is not ASCII of at most 998 bytes. [`Io`](crate::ErrorKind::Io). What was
    /// written by then is no sound mail.
    pub fn stream(&self, from: impl Read, mut into: impl Write) -> Result<()> {
        let plans = self.plans()?;
        let mut from = BufReader::with_capacity(files::BUFFER, from);
        let header = Header::read(&mut from)?;
        let split = Split::of(&header);
        if !self.opaque && layout::is_binary(&header)? {
            return Err(Error::usage(
                "mail",
                "its content is binary, and would be changed on the way",
                "sign it opaque, or write it in base64 first",
            ));
        }
        let content = self.content(&split, &mut from)?;
        if self.opaque {
            self.write_opaque(&plans, &split, content, !layout::is_binary(&header)?, &mut into)
        } else {
            self.write_detached(&plans, &split, content, &mut into)
        }
    }

    /// Signs the mail in a file into a new file, which appears whole or not at all.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream), [`Exists`](crate::ErrorKind::Exists).
    pub fn file(&self, from: impl AsRef<Path>, into: impl AsRef<Path>) -> Result<()> {
        files::through(from.as_ref(), into.as_ref(), self.overwrite, |from, into| self.stream(from, into))
    }

    fn plans(&self) -> Result<Vec<Plan<'a>>> {
        self.credentials.iter().map(|credential| self.plan(credential)).collect()
    }

    fn plan(&self, credential: &'a Credential) -> Result<Plan<'a>> {
        let certificate = credential.certificate();
        // What its reader would refuse is not sent. Whether anybody trusts it is not asked: it is its owner's.
        let own = TrustAnchors::new([certificate.clone()])?;
        let purpose = Purpose::EmailSigner(Mailbox::Anyone);
        let validation = Validation::new(purpose, Revocation::Off).at(self.at.unwrap_or_else(Time::now));
        let _ = validation.validate(certificate, &own)?;
        let algorithm = match credential.key().signature_algorithm()? {
            SignatureAlgorithm::RsaPkcs1(Digest::Sha256) if self.modern => {
                SignatureAlgorithm::RsaPss { digest: Digest::Sha256, salt: PSS_SALT }
            }
            own => own,
        };
        // Ed25519: RFC 8419 section 2.3. ML-DSA: RFC 9882 section 3.3.
        Ok(Plan { credential, algorithm, digest: algorithm.digest().unwrap_or(Digest::Sha512) })
    }

    /// The content as it is signed: with the fields that belong to it, each line with CRLF, and in two parts with ASCII alone.
    fn content<'r>(&self, split: &Split, body: &'r mut dyn BufRead) -> Result<Box<dyn Read + 'r>> {
        let header = split.content_header(body).map_err(|error| Error::io("mail", error))?;
        if self.opaque {
            return Ok(Box::new(Cursor::new(header).chain(body)));
        }
        let mut start = header;
        let failed = |error| Error::io("mail", error);
        let mut is_all = read_up_to(&mut start, body, IN_MEMORY).map_err(failed)?;
        if !is_all {
            // What stands at the end of a part of a line, a CR or a blank, says nothing of the line.
            is_all = read_line(&mut start, body).map_err(failed)?;
        }
        if !is_all && quoted::is_safe(&start) {
            return Ok(Box::new(PlainLines::new(Cursor::new(start).chain(body))));
        }
        // What has to be written anew is done in memory.
        if !is_all {
            is_all = read_up_to(&mut start, body, SEVEN_BIT_BYTES).map_err(failed)?;
        }
        if is_all {
            return Ok(Box::new(Cursor::new(seven_bit::to_seven_bit(&start)?.into_owned())));
        }
        Ok(Box::new(PlainLines::new(Cursor::new(start).chain(body))))
    }

    fn write_detached(
        &self,
        plans: &[Plan<'_>],
        split: &Split,
        content: Box<dyn Read + '_>,
        into: &mut dyn Write,
    ) -> Result<()> {
        let boundary = layout::boundary();
        let digests: Vec<Digest> = plans.iter().map(|plan| plan.digest).collect();
        let fields = layout::signed_fields(&boundary, &layout::micalg(&digests));
        let written = |error| Error::io("output", error);
        into.write_all(&split.message_header(&fields)).map_err(written)?;
        into.write_all(format!("--{boundary}\r\n").as_bytes()).map_err(written)?;
        let hashed = digest_through(content, &digests, true, into)?;
        let about = tlv::wrap(OID, &[DATA.as_bytes()]);
        let head = signed::head(signed::BY_ISSUER, digest_identifiers(&digests));
        let object = tlv::sequence(&[&head, &tlv::sequence(&[&about]), &self.tail(plans, &hashed)?]);
        layout::write_signature(&boundary, &object, into).map_err(written)?;
        into.flush().map_err(written)
    }

    fn write_opaque(
        &self,
        plans: &[Plan<'_>],
        split: &Split,
        content: Box<dyn Read + '_>,
        is_text: bool,
        into: &mut dyn Write,
    ) -> Result<()> {
        let written = |error| Error::io("output", error);
        into.write_all(&split.message_header(&layout::object_fields(Some("signed-data"))))
            .map_err(written)?;
        let digests: Vec<Digest> = plans.iter().map(|plan| plan.digest).collect();
        let frame = Frame {
            kind: SIGNED_DATA,
            head: signed::head(signed::BY_ISSUER, digest_identifiers(&digests)),
            about: tlv::wrap(OID, &[DATA.as_bytes()]),
            wrapping: Wrapping::Explicit,
        };
        let mut writer = FrameWriter::new(Lines::new(&mut *into), frame);
        let hashed = digest_through(content, &digests, is_text, &mut writer)?;
        writer.finish(&self.tail(plans, &hashed)?).and_then(Lines::finish).map_err(written)?;
        into.flush().map_err(written)
    }

    /// Certificates and signatures.
    fn tail(&self, plans: &[Plan<'_>], hashed: &[(Digest, Vec<u8>)]) -> Result<Vec<u8>> {
        let mut certificates: Vec<Vec<u8>> = Vec::new();
        for certificate in plans.iter().flat_map(|plan| plan.credential.chain()) {
            if !certificates.iter().any(|known| known == certificate.as_der()) {
                certificates.push(certificate.as_der().to_vec());
            }
        }
        let at = self.at.unwrap_or_else(Time::now);
        let signers = plans.iter().map(|plan| {
            let hash = hashed.iter().find(|(digest, _)| *digest == plan.digest);
            plan.sign(hash.map(|(_, hash)| hash.as_slice()).unwrap_or_default(), at)
        });
        Ok(signed::tail(certificates, Vec::new(), signers.collect::<Result<_>>()?))
    }
}

impl Plan<'_> {
    /// A SignerInfo over a content with this hash.
    fn sign(&self, hash: &[u8], at: Time) -> Result<Vec<u8>> {
        let certificate = self.credential.certificate();
        let (digest, algorithm) = (self.digest.to_der(), self.algorithm.to_der());
        let time = time::write(at).ok_or_else(|| {
            Error::usage("time", "no signature can say it", "take one between the years 1950 and 9999")
        })?;
        let attributes = attribute::inside_of_set(vec![
            attribute::write(&CONTENT_TYPE, &tlv::wrap(OID, &[DATA.as_bytes()])),
            attribute::write(&MESSAGE_DIGEST, &tlv::wrap(OCTET_STRING, &[hash])),
            attribute::write(&SIGNING_TIME, &time),
            attribute::write(&SMIME_CAPABILITIES, &Capabilities::own(self.credential.key().kind())),
            attribute::write(&SIGNING_CERTIFICATE_V2, &check::signing_certificate(certificate)),
            attribute::write(&ALGORITHM_PROTECTION, &check::algorithm_protection(&digest, &algorithm)),
        ]);
        let signature = self.credential.key().sign_with(self.algorithm, &tlv::wrap(SET, &[&attributes]))?;
        let serial = certificate.serial();
        let signer = NewSignerInfo {
            signer: CertificateId::IssuerAndSerial(certificate.issuer_der(), serial.as_bytes()),
            digest_algorithm: &digest,
            signed_attributes: &attributes,
            signature_algorithm: &algorithm,
            signature: &signature,
        };
        Ok(signer.to_der())
    }
}

/// Bytes of a mail that are kept in memory to see whether its lines can stay as they are.
const IN_MEMORY: usize = 4 << 20;

/// Reads on until there are so many bytes; whether that is all there is.
fn read_up_to(start: &mut Vec<u8>, from: &mut dyn BufRead, most: usize) -> io::Result<bool> {
    let room = u64::try_from(most.saturating_sub(start.len())).unwrap_or(u64::MAX);
    from.take(room).read_to_end(start)?;
    Ok(from.fill_buf()?.is_empty())
}

/// Reads on to the end of a line, if it is one that can be plain; whether that is all there is.
fn read_line(start: &mut Vec<u8>, from: &mut dyn BufRead) -> io::Result<bool> {
    if !start.ends_with(b"\n") {
        // The longest that is plain, and its CRLF.
        let room = u64::try_from(MIME_LINE_BYTES).unwrap_or(u64::MAX).saturating_add(2);
        from.take(room).read_until(b'\n', start)?;
    }
    Ok(from.fill_buf()?.is_empty())
}

/// Copies a content, a text with CRLF at the ends of its lines, and hashes what it writes.
fn digest_through(
    mut content: Box<dyn Read + '_>,
    digests: &[Digest],
    is_text: bool,
    into: &mut dyn Write,
) -> Result<Vec<(Digest, Vec<u8>)>> {
    let mut through = Through { into, digests: Digests::new(digests, false) };
    if is_text {
        files::copy(&mut *content, &mut Canonical::new(&mut through))?;
    } else {
        files::copy(&mut *content, &mut through)?;
    }
    Ok(through.digests.finish().into_iter().map(|hashed| (hashed.digest, hashed.as_it_came)).collect())
}

/// Passes on what is written, and hashes it.
struct Through<'a> {
    into: &'a mut dyn Write,
    digests: Digests,
}

impl Write for Through<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.into.write_all(bytes)?;
        self.digests.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

fn digest_identifiers(digests: &[Digest]) -> Vec<Vec<u8>> {
    digests.iter().map(|digest| digest.to_der()).collect()
}
