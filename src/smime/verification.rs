//! Verifies signed mail: the signature over the content, the signer's certificate, the address that was expected.
use std::io::{Read, Write};
use std::path::{Path as FilePath, PathBuf};

use super::check::{self, Claims};
use super::entity::Entity;
use super::files;
use super::reading::{self, Form, SignedContent, Source, source};
use super::signer::{LegacySigner, Signer};
use super::spool::Spool;
use super::trust::{Expect, Trust};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::content::SIGNED_DATA;
use crate::formats::cms::enveloped;
use crate::formats::cms::signed::{SignerInfo, Tail};
use crate::formats::mime::lines::{Canonical, canonical};
use crate::limits::{CMS_CANDIDATES, CMS_ISSUERS_COMPARED, SEVEN_BIT_BYTES};
use crate::new_file::{Manner, NewFile};
use crate::verified::Verified;
use crate::x509::{Certificate, Crl, Path, Purpose, Serial, Validation};

/// How signed mail is verified: whom one trusts and who shall have signed, then [`bytes`](Self::bytes),
/// [`stream`](Self::stream) or [`file`](Self::file).
///
/// Of several signers, one has to hold, be trusted, and be whom one expects. What comes out is what that one signed, and
/// nothing else of the mail: its fields `From` and `Subject`, say, are not signed unless they are inside.
///
/// ```
/// # use bulla::x509::{Authority, Credential};
/// # use bulla::{KeyKind, PrivateKey};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.email(key.public(), &["bob@example.org".parse()?])?.sign()?;
/// # let credential = Credential::new(key, [certificate])?;
/// # let anchors = bulla::x509::TrustAnchors::new([root.certificate().clone()])?;
/// use bulla::smime::{Entity, Expect, Trust, Verification};
/// use bulla::x509::Revocation;
/// let letter = Entity::parse(b"Content-Type: text/plain\r\n\r\nDear Alice,\r\n")?;
/// let mail = letter.sign(&credential)?.into_bytes();
///
/// let trust = Trust::new(&anchors, Revocation::IfGiven);
/// let bob = "bob@example.org".parse()?;
/// let verified = Verification::new(&trust, Expect::Address(&bob)).bytes(&mail)?;
/// assert_eq!(verified.get(), &letter);
/// assert!(verified.by().signing_time().is_some());
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is verified before `bytes`, `stream` or `file` is called"]
#[derive(Clone)]
pub struct Verification<'a> {
    trust: &'a Trust<'a>,
    expect: Expect<'a>,
    overwrite: bool,
}

/// What came of one signer.
pub(super) struct Outcome {
    pub(super) named: String,
    pub(super) certificate: Option<Certificate>,
    /// What the signature says, if it holds.
    pub(super) claims: Result<Claims>,
    /// Whether the signer is trusted, if it was asked.
    pub(super) trusted: Option<Result<Verified<Certificate, Path>>>,
}

/// How signers are judged.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    /// `None`: whether the signatures hold, and nothing else.
    pub(super) trust: Option<(&'a Trust<'a>, Expect<'a>)>,
    pub(super) legacy: bool,
    /// One that is good is enough: nobody asks about others.
    pub(super) first: bool,
}

impl<'a> Verification<'a> {
    /// With this trust, and this word on who shall have signed.
    pub fn new(trust: &'a Trust<'a>, expect: Expect<'a>) -> Self {
        Verification { trust, expect, overwrite: false }
    }

    /// Whether [`file`](Self::file) replaces a file that is there.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Verifies a mail, and gives the entity that was signed.
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) if no signature holds; of one that holds, why its signer is not trusted,
    /// as [`Validation::validate`] says; [`Undetermined`](crate::ErrorKind::Undetermined) if the certificate of who signed is
    /// neither in the mail nor among those given, too; [`Unrecognised`](crate::ErrorKind::Unrecognised) if the mail is not
    /// signed, [`Malformed`](crate::ErrorKind::Malformed) if it is not sound;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for algorithms that can be forged today.
    pub fn bytes(&self, mail: &[u8]) -> Result<Verified<Entity, Signer>> {
        let (entity, signer) = self.in_memory(mail, false)?;
        Ok(Verified::new(entity, signer))
    }

    /// Verifies an old mail, at the date that it says it was signed, by old algorithms, too: SHA-1, DSA, RSA from 1024 bits,
    /// signatures without signed attributes.
    ///
    /// # Security
    /// Such signatures can be forged today, and the date is the mail's own word. For reading an archive that one trusts
    /// otherwise.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes).
    pub fn legacy_bytes(&self, mail: &[u8]) -> Result<Verified<Entity, LegacySigner>> {
        let (entity, signer) = self.in_memory(mail, true)?;
        Ok(Verified::new(entity, LegacySigner(signer)))
    }

    fn in_memory(&self, mail: &[u8], legacy: bool) -> Result<(Entity, Signer)> {
        let mut spool = Spool::in_memory();
        let signer = self.verify(&mut source(&mut &*mail), None, &mut spool, legacy)?;
        let bytes = spool.into_bytes().map_err(|error| Error::io("memory", error))?;
        Ok((Entity::parse(bytes.as_slice())?, signer))
    }

    /// Verifies a mail of any length in little memory, and then writes the entity that was signed. Gives its length in bytes.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes), [`Io`](crate::ErrorKind::Io). Nothing is written before all of it is verified.
    pub fn stream(&self, from: impl Read, into: impl Write) -> Result<Verified<u64, Signer>> {
        let (length, signer) = self.copy(from, None, into, false)?;
        Ok(Verified::new(length, signer))
    }

    /// [`legacy_bytes`](Self::legacy_bytes) for a mail of any length.
    ///
    /// # Security
    /// See [`legacy_bytes`](Self::legacy_bytes).
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream).
    pub fn legacy_stream(&self, from: impl Read, into: impl Write) -> Result<Verified<u64, LegacySigner>> {
        let (length, signer) = self.copy(from, None, into, true)?;
        Ok(Verified::new(length, LegacySigner(signer)))
    }

    /// [`stream`](Self::stream) for a signature (an object in DER, BER, PEM or base64, or a mail with it) and what it signs, in
    /// two files.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream), and [`Malformed`](crate::ErrorKind::Malformed) if the signature brings a content
    /// itself. [`Unrecognised`](crate::ErrorKind::Unrecognised) if it is no signature.
    pub fn detached_stream(
        &self,
        signature: impl Read,
        mut content: impl Read,
        into: impl Write,
    ) -> Result<Verified<u64, Signer>> {
        let (length, signer) = self.copy(signature, Some(&mut content), into, false)?;
        Ok(Verified::new(length, signer))
    }

    /// [`detached_stream`](Self::detached_stream) for old signatures.
    ///
    /// # Security
    /// See [`legacy_bytes`](Self::legacy_bytes).
    ///
    /// # Errors
    /// Those of [`detached_stream`](Self::detached_stream).
    pub fn legacy_detached_stream(
        &self,
        signature: impl Read,
        mut content: impl Read,
        into: impl Write,
    ) -> Result<Verified<u64, LegacySigner>> {
        let (length, signer) = self.copy(signature, Some(&mut content), into, true)?;
        Ok(Verified::new(length, LegacySigner(signer)))
    }

    fn copy(
        &self,
        mut from: impl Read,
        beside: Option<&mut dyn Read>,
        mut into: impl Write,
        legacy: bool,
    ) -> Result<(u64, Signer)> {
        let mut spool = Spool::temporary();
        let signer = self.verify(&mut source(&mut from), beside, &mut spool, legacy)?;
        let length = spool.write_to(&mut into)?;
        into.flush().map_err(|error| Error::io("output", error))?;
        Ok((length, signer))
    }

    /// Verifies the mail in a file, and writes what was signed into a new file, which appears whole and verified or not at
    /// all.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream), [`Exists`](crate::ErrorKind::Exists).
    pub fn file(
        &self,
        from: impl AsRef<FilePath>,
        into: impl AsRef<FilePath>,
    ) -> Result<Verified<PathBuf, Signer>> {
        let into = into.as_ref();
        let mut from = files::open(from.as_ref())?;
        let target = NewFile::begin(into, Manner { overwrite: self.overwrite, durable: true })?;
        let failed = |error| Error::io(into.display().to_string(), error);
        let mut spool = Spool::in_file(target.file()).map_err(failed)?;
        let signer = self.verify(&mut source(&mut from), None, &mut spool, false)?;
        target.commit()?;
        Ok(Verified::new(into.to_owned(), signer))
    }

    /// Verifies a mail, with its content in the spool when it is done.
    pub(super) fn verify(
        &self,
        from: &mut Source<'_>,
        beside: Option<&mut dyn Read>,
        spool: &mut Spool,
        legacy: bool,
    ) -> Result<Signer> {
        let mut content = signed_content(from, beside, spool)?;
        let judging = Judging { trust: Some((self.trust, self.expect)), legacy, first: true };
        let outcomes = judge(&mut content, spool, judging)?;
        let signer = choose(outcomes)?;
        if signer.is_canonical() {
            canonicalise(spool)?;
        }
        Ok(signer)
    }
}

/// Takes a signed mail apart, with its content in the spool. `Unrecognised`: it is not signed.
pub(super) fn signed_content(
    from: &mut Source<'_>,
    beside: Option<&mut dyn Read>,
    spool: &mut Spool,
) -> Result<SignedContent> {
    let (_, form) = reading::begin(from)?;
    if let Some(error) = beside.as_ref().and_then(|_| reading::not_beside(&form)) {
        return Err(error);
    }
    match form {
        Form::Detached { body, boundary, micalg } => {
            SignedContent::detached(body, &boundary, micalg.as_deref(), spool)
        }
        Form::Object(object) if object.is(&SIGNED_DATA) => {
            let content = SignedContent::object(object, beside, spool)?;
            if !content.is_there() && reading::has_signers(content.tail())? {
                let hint = "give the content, too (--content)";
                return Err(Error::usage("signature", "what it signs is not in it", hint));
            }
            Ok(content)
        }
        Form::Object(object) => Err(match enveloped::Kind::of(&object.content_type) {
            Some(_) => not_signed(
                "it is encrypted: what is signed is inside",
                "decrypt it first, then verify what comes out",
            ),
            None => not_signed("it is not signed", "there is nothing to verify"),
        }),
        Form::Plain => Err(not_signed("it is not signed", "there is nothing to verify")),
    }
}

fn not_signed(why: &'static str, hint: &'static str) -> Error {
    Error::new(ErrorKind::Unrecognised, "mail", why, hint)
}

/// A mail in a spool that is signed, and of which a signature of today holds, whoever made it: it is over attributes with the
/// hash of the content, so whoever made it knew that. Gives what holds, without all that nobody signed; and the content.
pub(super) fn holding(mail: &mut Spool) -> Option<(SignedContent, Spool)> {
    let mut content = Spool::temporary();
    let mut from = mail.reader().ok()?;
    let mut signed = signed_content(&mut source(&mut *from), None, &mut content).ok()?;
    let judging = Judging { trust: None, legacy: false, first: false };
    let outcomes = judge(&mut signed, &mut content, judging).ok()?;
    let holds: Vec<bool> = outcomes.iter().map(|outcome| outcome.claims.is_ok()).collect();
    signed.keep(&holds).ok()?;
    holds.contains(&true).then_some((signed, content))
}

/// Looks at every signer of a content.
pub(super) fn judge(
    content: &mut SignedContent,
    spool: &mut Spool,
    judging: Judging<'_>,
) -> Result<Vec<Outcome>> {
    content.check_type()?;
    let tail = content.tail().to_vec();
    let tail = Tail::read(&tail)?;
    let brought: Vec<Certificate> =
        tail.certificates.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
    let crls: Vec<Crl> = tail.crls.iter().filter_map(|der| Crl::from_der(der).ok()).collect();
    let mut outcomes = Vec::new();
    for signer in &tail.signers {
        let mut outcome = judge_one(signer, content, spool, &brought, judging);
        if let (Ok(claims), Some(certificate), Some((trust, expect))) =
            (&outcome.claims, &outcome.certificate, judging.trust)
        {
            let validation = trust
                .validation(Purpose::EmailSigner(expect.mailbox()))
                .intermediates(brought.iter().cloned())
                .crls(crls.iter().cloned());
            outcome.trusted =
                Some(trust.validate(&at_its_date(validation, trust, claims, judging), certificate));
        }
        let is_good = matches!(outcome.trusted, Some(Ok(_)));
        outcomes.push(outcome);
        if is_good && judging.first {
            break;
        }
    }
    Ok(outcomes)
}

/// Old mail is judged at the date that it says, unless the caller knows better.
fn at_its_date<'v>(
    validation: Validation<'v>,
    trust: &Trust<'_>,
    claims: &Claims,
    judging: Judging<'_>,
) -> Validation<'v> {
    if !judging.legacy {
        return validation;
    }
    match claims.signing_time.filter(|_| !trust.is_dated()) {
        Some(time) => validation.at(time).legacy(),
        None => validation.legacy(),
    }
}

fn judge_one(
    signer: &SignerInfo<'_>,
    content: &mut SignedContent,
    spool: &mut Spool,
    brought: &[Certificate],
    judging: Judging<'_>,
) -> Outcome {
    let known = judging.trust.map(|(trust, _)| trust.certificates()).unwrap_or_default();
    let candidates = brought.iter().chain(known);
    let candidates = candidates
        .filter(|certificate| check::may_be(&signer.signer, certificate))
        .take(CMS_ISSUERS_COMPARED);
    let candidates = candidates.filter(|certificate| check::names(&signer.signer, certificate));
    let mut outcome = Outcome {
        named: shown(&signer.signer),
        certificate: None,
        claims: Err(Error::new(
            // Nothing is known against it: what would decide is missing.
            ErrorKind::Undetermined,
            "signer",
            "its certificate is not there",
            "give it, too (--untrusted)",
        )),
        trusted: None,
    };
    for certificate in candidates.take(CMS_CANDIDATES) {
        let claims = claims(signer, content, spool, certificate, judging.legacy);
        let holds = claims.is_ok();
        if holds || outcome.certificate.is_none() {
            (outcome.claims, outcome.certificate) = (claims, Some(certificate.clone()));
        }
        if holds {
            break;
        }
    }
    outcome
}

fn claims(
    signer: &SignerInfo<'_>,
    content: &mut SignedContent,
    spool: &mut Spool,
    certificate: &Certificate,
    legacy: bool,
) -> Result<Claims> {
    if legacy && signer.signed_attributes.is_none() {
        let bytes = whole(spool)?;
        return check::check_bare(signer, &bytes, certificate).or_else(|error| {
            // As with attributes: the ends of lines may have changed on the way.
            let claims = check::check_bare(signer, &canonical(&bytes), certificate).map_err(|_| error)?;
            Ok(Claims { is_canonical: true, ..claims })
        });
    }
    let content_type = content.content_type().to_vec();
    let hashed = content.hash(check::digest_of(signer)?, spool)?;
    check::check(signer, &content_type, hashed, certificate, legacy)
}

/// A content in memory, for the old way to sign it.
fn whole(spool: &mut Spool) -> Result<Vec<u8>> {
    let failed = |error| Error::io("temporary file", error);
    let most = u64::try_from(SEVEN_BIT_BYTES).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    let mut reader = spool.reader().map_err(failed)?.take(most.saturating_add(1));
    reader.read_to_end(&mut content).map_err(failed)?;
    if content.len() > SEVEN_BIT_BYTES {
        let hint = "have it signed again by a program of today";
        return Err(Error::over_limit("mail", "it is over 64 MiB, and signed in the old way", hint));
    }
    Ok(content)
}

/// The signer that is good; or, if none is, why the one that came nearest is not.
fn choose(outcomes: Vec<Outcome>) -> Result<Signer> {
    let (mut not_trusted, mut not_signed) = (None, None);
    for outcome in outcomes {
        match (outcome.claims, outcome.trusted) {
            (Ok(claims), Some(Ok(certificate))) => return Ok(Signer::new(certificate, claims)),
            (Ok(_), Some(Err(error))) => not_trusted = not_trusted.or(Some(error)),
            (Ok(_), None) => {}
            (Err(error), _) => not_signed = not_signed.or(Some(error)),
        }
    }
    Err(not_trusted.or(not_signed).unwrap_or_else(|| {
        let hint = "it holds certificates at most: see them with `bulla smime show`";
        Error::new(ErrorKind::Unauthentic, "signature", "nobody signed it", hint)
    }))
}

/// Puts the content with the ends of lines that were signed in its place.
pub(super) fn canonicalise(spool: &mut Spool) -> Result<()> {
    let failed = |error| Error::io("temporary file", error);
    let mut anew = Canonical::new(Spool::temporary());
    files::copy(&mut *spool.reader().map_err(failed)?, &mut anew)?;
    spool.replace(anew.into_inner()).map_err(failed)
}

/// How a signer is named, for reports.
pub(super) fn shown(signer: &CertificateId<'_>) -> String {
    match signer {
        CertificateId::IssuerAndSerial(issuer, serial) => {
            let issuer = crate::x509::Name::from_der(issuer).map(|issuer| issuer.to_string());
            format!("serial {} of {}", Serial::of(serial), issuer.unwrap_or_default())
        }
        CertificateId::KeyId(id) => {
            let id: String = id.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
            format!("key {id}")
        }
    }
}

crate::secret::opaque_debug! {
    [] Verification<'_> = "Verification";
}
