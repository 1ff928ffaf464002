//! Looks at a mail through all of its layers, and reports what held.
use std::io::Read;

use super::compressed;
use super::opening::{self, Integrity, Opening};
use super::reading::{self, Form, Object, SignedContent, Source, source};
use super::report::{Layer, LayerKind, Outcome, Report};
use super::spool::Spool;
use super::trust::{Expect, Trust};
use super::verification::{self, Judging};
use crate::error::{Error, Result};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::content::{COMPRESSED_DATA, SIGNED_DATA};
use crate::formats::cms::enveloped::{Head, Kind};
use crate::formats::cms::recipient::RecipientInfo;
use crate::formats::cms::signed::Tail;
use crate::formats::mime::header::Header;
use crate::limits::SMIME_LAYERS;
use crate::x509::Certificate;

/// Looks at a mail through all of its layers: what is signed, by whom, whether that holds; what is encrypted, and for whom.
///
/// With what is given here it goes as deep as it can. Nothing of the content is in the report.
///
/// ```
/// use bulla::smime::{Examination, LayerKind};
/// let report = Examination::new().bytes(b"Content-Type: text/plain\r\n\r\nDear Alice,\r\n")?;
/// assert_eq!(report.layers()[0].kind(), LayerKind::Content);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is looked at before `bytes` or `stream` is called"]
#[derive(Clone, Default)]
pub struct Examination<'a> {
    opening: Option<&'a Opening<'a>>,
    trust: Option<(&'a Trust<'a>, Expect<'a>)>,
    legacy: bool,
}

impl<'a> Examination<'a> {
    /// With nothing: whether signatures hold is looked at, and not whether to trust who made them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens what is encrypted.
    pub fn opening(mut self, opening: &'a Opening<'a>) -> Self {
        self.opening = Some(opening);
        self
    }

    /// Looks whether signers are trusted, and who is expected.
    pub fn trust(mut self, trust: &'a Trust<'a>, expect: Expect<'a>) -> Self {
        self.trust = Some((trust, expect));
        self
    }

    /// Takes old signatures for what they were, at the date that they say.
    ///
    /// # Security
    /// See [`Verification::legacy_bytes`](super::Verification::legacy_bytes).
    pub fn legacy(mut self) -> Self {
        self.legacy = true;
        self
    }

    /// Looks at a mail, or an object without a header.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if the outermost layer cannot be told; what is wrong further in is in the
    /// report.
    pub fn bytes(&self, mail: &[u8]) -> Result<Report> {
        self.stream(mail)
    }

    /// Looks at a mail of any length in little memory.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes), [`Io`](crate::ErrorKind::Io).
    pub fn stream(&self, mut mail: impl Read) -> Result<Report> {
        self.look(&mut mail, None)
    }

    /// Looks at a signature, and at what it signs, in two files.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream).
    pub fn detached_stream(&self, mut signature: impl Read, mut content: impl Read) -> Result<Report> {
        self.look(&mut signature, Some(&mut content))
    }

    fn look(&self, mail: &mut dyn Read, beside: Option<&mut dyn Read>) -> Result<Report> {
        let mut report = Report::default();
        let mut inside = self.layer(&mut source(mail), beside, &mut report)?;
        while let Some(mut spool) = inside {
            let mut reader = spool.reader().map_err(|error| Error::io("temporary file", error))?;
            let from = &mut source(&mut *reader);
            let next = if report.layers().len() < SMIME_LAYERS {
                self.layer(from, None, &mut report)
            } else {
                innermost(from, &mut report)
            };
            drop(reader);
            inside = next.unwrap_or_else(|error| {
                report.push(unreadable(&error));
                None
            });
        }
        Ok(report)
    }

    /// Looks at one layer; gives what is in it.
    fn layer(
        &self,
        from: &mut Source<'_>,
        beside: Option<&mut dyn Read>,
        report: &mut Report,
    ) -> Result<Option<Spool>> {
        let mut spool = Spool::temporary();
        let begun = reading::begin(from)?;
        if let Some(error) = beside.as_ref().and_then(|_| reading::not_beside(&begun.1)) {
            return Err(error);
        }
        let (layer, is_more) = match begun {
            (_, Form::Detached { body, boundary, micalg }) => {
                let mut content = SignedContent::detached(body, &boundary, micalg.as_deref(), &mut spool)?;
                (self.signed(LayerKind::SignedInTwoParts, &mut content, &mut spool)?, true)
            }
            (_, Form::Object(object)) if object.is(&SIGNED_DATA) => {
                self.signed_object(object, beside, &mut spool)?
            }
            (_, Form::Object(object)) if object.is(&COMPRESSED_DATA) => {
                compressed::inflate(object, &mut spool)?;
                (Layer::new(LayerKind::Compressed), true)
            }
            (_, Form::Object(object)) => self.enveloped(object, &mut spool)?,
            (header, Form::Plain) => (content(header), false),
        };
        report.push(layer);
        Ok(is_more.then_some(spool))
    }

    fn signed_object(
        &self,
        object: Object<'_>,
        beside: Option<&mut dyn Read>,
        spool: &mut Spool,
    ) -> Result<(Layer, bool)> {
        let mut content = SignedContent::object(object, beside, spool)?;
        if !content.is_there() && reading::has_signers(content.tail())? {
            let mut layer = Layer::new(LayerKind::SignedOpaque);
            layer.add(Outcome::Unknown, "what it signs is elsewhere");
            return Ok((layer, false));
        }
        if !content.is_there() {
            return Ok((certificates(&content)?, false));
        }
        Ok((self.signed(LayerKind::SignedOpaque, &mut content, spool)?, true))
    }

    fn signed(&self, kind: LayerKind, content: &mut SignedContent, spool: &mut Spool) -> Result<Layer> {
        let mut layer = Layer::new(kind);
        let judging = Judging { trust: self.trust, legacy: self.legacy, first: false };
        let outcomes = verification::judge(content, spool, judging)?;
        if outcomes.is_empty() {
            layer.add(Outcome::Fails, "nobody signed it");
        }
        let mut is_canonical = false;
        for outcome in outcomes {
            let subject = outcome.certificate.as_ref().map(|certificate| certificate.subject().to_string());
            let who = subject.filter(|subject| !subject.is_empty()).unwrap_or(outcome.named);
            match outcome.claims {
                Err(error) => layer.add_error(&format!("the signature of {who}: "), &error),
                Ok(claims) => {
                    is_canonical |= claims.is_canonical;
                    layer.add(
                        Outcome::Holds,
                        format!("the signature of {who} ({}, {})", claims.algorithm, claims.digest),
                    );
                    if let Some(time) = claims.signing_time {
                        layer.add(Outcome::Said, format!("signed at {time}"));
                    }
                    trusted(&mut layer, outcome.trusted.map(|trusted| trusted.map(drop)), self.trust);
                }
            }
        }
        if is_canonical {
            verification::canonicalise(spool)?;
        }
        Ok(layer)
    }

    fn enveloped(&self, mut object: Object<'_>, spool: &mut Spool) -> Result<(Layer, bool)> {
        let Some(kind) = Kind::of(&object.content_type) else {
            let mut layer = Layer::new(LayerKind::Unreadable);
            layer.add(Outcome::Unknown, "its object is of a kind that bulla does not know");
            return Ok((layer, false));
        };
        let mut layer = Layer::new(match kind {
            Kind::AuthEnveloped => LayerKind::EncryptedAuthenticated,
            Kind::Enveloped => LayerKind::Encrypted,
        });
        let head = opening::enter(&mut object)?;
        for recipient in recipients(&head, kind)? {
            layer.add(Outcome::Said, format!("for {recipient}"));
        }
        let Some(opening) = self.opening else {
            layer.add(Outcome::Unknown, "what is in it: no key to open it was given");
            return Ok((layer, false));
        };
        match opening.open_content(&head, object, kind, spool) {
            Ok(Integrity::Authentic) => {
                layer.add(Outcome::Holds, "it opens, and was not changed since it was encrypted");
                Ok((layer, true))
            }
            Ok(Integrity::None) => {
                // Of what may have been changed nothing is told.
                let holds = verification::holding(spool).is_some();
                if holds {
                    layer.add(Outcome::Holds, "a signature inside shows that it was not changed");
                } else {
                    layer.add(
                        Outcome::Unknown,
                        "whether it opens, and whether it was changed: nothing shows that",
                    );
                }
                Ok((layer, holds))
            }
            Err(error) => {
                layer.add_error("", &error);
                Ok((layer, false))
            }
        }
    }
}

/// What is left when as many layers are off as may be: the content, or one layer too many.
fn innermost(from: &mut Source<'_>, report: &mut Report) -> Result<Option<Spool>> {
    report.push(match reading::begin(from)? {
        (header, Form::Plain) => content(header),
        _ => {
            let why = format!("it has more than {SMIME_LAYERS} layers, and nobody looked further");
            unreadable(&Error::over_limit("mail", why, "leave it: it may be hostile"))
        }
    });
    Ok(None)
}

fn content(header: Option<Header>) -> Layer {
    let mut layer = Layer::new(LayerKind::Content);
    // The type alone: its parameters may hold what the mail is about.
    let media_type = header.and_then(|header| header.media_type().ok().flatten());
    layer.add(Outcome::Said, media_type.map_or("text/plain".to_owned(), |media_type| media_type.value));
    layer
}

fn unreadable(error: &Error) -> Layer {
    let mut layer = Layer::new(LayerKind::Unreadable);
    layer.add_error("", error);
    layer
}

/// What trust says of a signer whose signature holds.
fn trusted(layer: &mut Layer, trusted: Option<Result<()>>, trust: Option<(&Trust<'_>, Expect<'_>)>) {
    let expected = match trust {
        Some((_, Expect::Address(address))) => format!("the certificate is {address}'s, and trusted"),
        _ => "the certificate is trusted".to_owned(),
    };
    match trusted {
        Some(Ok(())) => layer.add(Outcome::Holds, expected),
        Some(Err(error)) => layer.add_error("", &error),
        None => layer.add(Outcome::Unknown, "whose certificate it is: nobody to trust was given"),
    }
}

fn certificates(content: &SignedContent) -> Result<Layer> {
    let mut layer = Layer::new(LayerKind::Certificates);
    let tail = Tail::read(content.tail())?;
    for der in tail.certificates {
        let subject = Certificate::from_der(der).map(|certificate| certificate.subject().to_string());
        layer.add(Outcome::Said, subject.unwrap_or_else(|error| error.to_string()));
    }
    Ok(layer)
}

/// Whom it is encrypted for, as it says.
fn recipients(head: &[u8], kind: Kind) -> Result<Vec<String>> {
    let head = Head::read(kind, head)?;
    let by_name =
        |id: &CertificateId<'_>, how: &str| format!("the owner of {} ({how})", verification::shown(id));
    let mut all = Vec::new();
    for recipient in head.recipients.iter().take(SHOWN) {
        match recipient {
            RecipientInfo::KeyTransport { recipient, .. } => all.push(by_name(recipient, "RSA")),
            RecipientInfo::KeyAgreement(info) => {
                all.extend(info.keys.iter().take(SHOWN).map(|(id, _)| by_name(id, "key agreement")));
            }
            RecipientInfo::Encapsulation(info) => all.push(by_name(&info.recipient, "ML-KEM")),
            RecipientInfo::Kek { .. } => all.push("whoever has a shared key".to_owned()),
            RecipientInfo::Password { .. } => all.push("whoever knows a passphrase".to_owned()),
            RecipientInfo::Unknown => all.push("somebody by means that bulla does not know".to_owned()),
        }
    }
    if head.recipients.len() > SHOWN {
        all.push(format!("{} others", head.recipients.len().saturating_sub(SHOWN)));
    }
    Ok(all)
}

/// Recipients that are named.
const SHOWN: usize = 32;

crate::secret::opaque_debug! {
    [] Examination<'_> = "Examination";
}
