//! Whether an OCSP response is to be believed (RFC 6960 sections 3.2 and 4.2.2): who signed it, about what, and when.
use std::time::Duration;

use super::certificate::Certificate;
use super::extension::{self, OCSP_NO_CHECK};
use super::name::Name;
use super::ocsp::{CertificateStatus, NONCE, OcspAnswer, OcspResponse, OcspResponseStatus};
use super::ocsp_id::{About, Issuer};
use super::ocsp_request::OcspRequest;
use super::revoked;
use super::signed::{self, Judge, Signed};
use super::time::LEEWAY;
use super::usage::{KeyUsage, OCSP_SIGNING};
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::error::{Error, ErrorKind, Result};
use crate::verified::Verified;

/// How old an answer may be that does not say when there will be a newer one. RFC 6960 section 4.2.2.1: a newer one is
/// there at any time, so an old one may be what somebody kept. Ours: no older than CRLs, which are made once a day.
const UNDATED: Duration = Duration::from_secs(24 * 3600);

/// The longest validity of a responder's certificate that nobody need look up (RFC 6960 section 4.2.2.2.1, third way).
/// CA/Browser Forum's requirements call certificates of up to ten days short-lived, and ask no revocation of them.
const SHORT_LIVED: Duration = Duration::from_secs(10 * 24 * 3600);

/// Extensions of responses that may be critical: a nonce counts if it was asked for; references to CRLs and archives
/// tell where the responder has it from (RFC 6960 section 4.4).
const OF_RESPONSE: [KnownOid; 3] = [
    NONCE,
    KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.3"),
    // id-pkix-ocsp-extended-revoke: certificates that were never issued are called revoked.
    KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.9"),
];

/// The same of single answers, which may have the reason as CRL entries do (section 4.4.5).
const OF_ANSWER: [KnownOid; 3] = [
    KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.3"),
    KnownOid::new_unwrap("1.3.6.1.5.5.7.48.1.6"),
    revoked::REASON,
];

/// Extensions of a responder's certificate that may be critical: they are gone by, or take nothing away from it.
const OF_RESPONDER: [KnownOid; 6] = [
    extension::KEY_USAGE,
    extension::EXTENDED_KEY_USAGE,
    extension::BASIC_CONSTRAINTS,
    extension::SUBJECT_ALT_NAME,
    extension::POLICIES,
    OCSP_NO_CHECK,
];

impl OcspResponse {
    /// Checks what it says of a certificate at a time. `issuer` is the certificate's issuer, which must be trusted for
    /// other reasons. What comes back may be [`Revoked`](CertificateStatus::Revoked): look at it.
    ///
    /// The response must be signed by the issuer itself, or by a responder whose certificate is in the response, signed by
    /// the issuer directly, in date, and for that purpose (`id-kp-OCSPSigning`). That the responder's own certificate has
    /// not been revoked cannot be seen: it must say that nobody need look (`id-pkix-ocsp-nocheck`), or be valid for ten
    /// days at most (RFC 6960 section 4.2.2.2.1). Clocks may be five minutes apart; an answer that does not say when there
    /// will be a newer one is good for a day.
    ///
    /// # Errors
    /// [`Undetermined`](ErrorKind::Undetermined) if there is no answer about the certificate, or none that is in date;
    /// [`Unauthentic`](ErrorKind::Unauthentic) if it is not signed by whom it must be;
    /// [`Unsupported`](ErrorKind::Unsupported) for a critical extension that bulla does not understand and for weak
    /// algorithms; [`Usage`](ErrorKind::Usage) if the certificate names another issuer.
    pub fn check(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        at: Time,
    ) -> Result<Verified<OcspAnswer, Certificate>> {
        if certificate.issuer() != issuer.subject() {
            let hint = "give the certificate of its issuer";
            return Err(Error::usage("OCSP response", "the certificate names another issuer", hint));
        }
        let about = About { certificate, issuer: Issuer::of(issuer) };
        let (answer, responder) = self.judge(&about, at, &mut signed::check)?;
        Ok(Verified::new(answer, responder.unwrap_or_else(|| issuer.clone())))
    }

    /// [`check`](Self::check), for what was asked: if the request had a [nonce](OcspRequest::with_nonce), the response
    /// must have the same, and so was made for this request.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), and [`Unauthentic`](ErrorKind::Unauthentic) for another nonce or none.
    pub fn check_answer(&self, request: &OcspRequest, at: Time) -> Result<Verified<OcspAnswer, Certificate>> {
        let checked = self.check(request.certificate(), request.issuer(), at)?;
        match request.nonce() {
            Some(asked) if self.nonce()?.is_none_or(|nonce| nonce != asked) => {
                let why = "it was not made for this request";
                let hint = "ask again; a responder that makes its answers beforehand needs a request without a nonce";
                Err(Error::new(ErrorKind::Unauthentic, "OCSP response", why, hint))
            }
            _ => Ok(checked),
        }
    }

    /// What it says, and whose certificate signed it, if it is not the issuer's own.
    fn judge(
        &self,
        about: &About<'_>,
        at: Time,
        judge: &mut Judge<'_>,
    ) -> Result<(OcspAnswer, Option<Certificate>)> {
        if self.status() != OcspResponseStatus::Successful {
            return Err(undetermined(self.status().to_string()));
        }
        understood(self.raw_extensions(), &OF_RESPONSE, "OCSP response")?;
        let answer = self.answer(about, at)?;
        Ok((answer, self.responder_of(about.issuer, at, judge)?))
    }

    /// The answer about a certificate. If there are several, all must be good and in date, and the worst counts.
    fn answer(&self, about: &About<'_>, at: Time) -> Result<OcspAnswer> {
        let mut worst: Option<OcspAnswer> = None;
        for single in self.singles().filter(|single| single.id.is_of(about)) {
            understood(single.extensions, &OF_ANSWER, "OCSP response")?;
            let answer = single.answer()?;
            answer.check_current(at)?;
            if worst.as_ref().is_none_or(|worst| answer.gravity() > worst.gravity()) {
                worst = Some(answer);
            }
        }
        worst.ok_or_else(|| undetermined("it does not answer about this certificate"))
    }

    pub(super) fn answers_about(&self, about: &About<'_>) -> bool {
        self.singles().any(|single| single.id.is_of(about))
    }

    /// Who signed it: `None` for the issuer.
    fn responder_of(
        &self,
        issuer: Issuer<'_>,
        at: Time,
        judge: &mut Judge<'_>,
    ) -> Result<Option<Certificate>> {
        let (id, signed) = (self.responder()?, self.signed()?);
        let mut first = None;
        if id.is(&issuer) {
            match judge(issuer.public_key_info, &signed) {
                Ok(()) => return Ok(None),
                Err(error) => first = Some(error),
            }
        }
        for certificate in self.certificates().flatten().filter(|found| id.is(&Issuer::of(found))) {
            // The issuer's signature comes first: what is spent on a key is spent on one that the issuer knows.
            let checked = check_delegate(&certificate, issuer, at, judge)
                .and_then(|()| judge(certificate.public_key_info(), &signed));
            match checked {
                Ok(()) => return Ok(Some(certificate)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first
            .unwrap_or_else(|| unauthentic("whoever signed it is not the issuer, and shows no certificate")))
    }
}

/// Whether the issuer lets this certificate's key answer for it (RFC 6960 section 4.2.2.2).
fn check_delegate(
    certificate: &Certificate,
    issuer: Issuer<'_>,
    at: Time,
    judge: &mut Judge<'_>,
) -> Result<()> {
    if certificate.issuer_der() != issuer.name && certificate.issuer() != Name::of(issuer.name) {
        return Err(unauthentic("the responder's certificate is not from the issuer itself"));
    }
    // Not anyExtendedKeyUsage: the issuer must have meant it (section 4.2.2.2).
    if !certificate.extended_key_usage()?.is_some_and(|usage| usage.has(&OCSP_SIGNING)) {
        return Err(unauthentic("the responder's certificate is not for signing OCSP responses"));
    }
    let signs = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::CONTENT_COMMITMENT;
    if certificate.key_usage()?.is_some_and(|usage| !usage.allows_one_of(signs)) {
        return Err(unauthentic("the responder's key may not sign"));
    }
    understood(certificate.raw_extensions(), &OF_RESPONDER, "OCSP responder's certificate")?;
    let (from, until) = (certificate.not_before()?, certificate.not_after()?);
    if at < from || at > until {
        return Err(undetermined(format!(
            "the responder's certificate is valid from {from} until {until}, and it is {at}"
        )));
    }
    let unchecked = extension::find(certificate.raw_extensions(), &OCSP_NO_CHECK)?.is_some();
    if !unchecked && until > from + SHORT_LIVED {
        return Err(undetermined("the responder's certificate may have been revoked, and nobody says"));
    }
    judge(
        issuer.public_key_info,
        &Signed {
            what: "OCSP responder's certificate",
            algorithm: certificate.signature_algorithm()?,
            signed: certificate.as_signed(),
            signature: certificate.signature(),
        },
    )
}

/// Whether all critical extensions are among these.
fn understood(extensions: &[u8], known: &[KnownOid], what: &'static str) -> Result<()> {
    if extension::all(extensions).all(|raw| !raw.critical || known.iter().any(|id| raw.is(id))) {
        return Ok(());
    }
    let why = "it has a critical extension that bulla does not understand";
    Err(Error::new(ErrorKind::Unsupported, what, why, "ask the responder's operator for one without"))
}

impl OcspAnswer {
    fn check_current(&self, at: Time) -> Result<()> {
        let this = self.this_update;
        if this > at + LEEWAY {
            return Err(undetermined(format!("it is from {this}, and it is {at}")));
        }
        let until = self.next_update.unwrap_or(this + UNDATED);
        if until < this || at > until + LEEWAY {
            return Err(undetermined(format!("it was good from {this} until {until}, and it is {at}")));
        }
        Ok(())
    }

    /// What counts most, if several are said.
    fn gravity(&self) -> u8 {
        match self.status {
            CertificateStatus::Good => 0,
            CertificateStatus::Unknown => 1,
            CertificateStatus::Revoked { .. } => 2,
        }
    }
}

/// What responses say of a certificate at a time, for path validation. `None`: none of them is about it.
///
/// One that says revoked counts most; then one that says good, so that a responder that knows nothing takes nothing away.
/// If all that are about it are refused, the reason of the first.
pub(super) fn status(
    responses: &[OcspResponse],
    about: &About<'_>,
    at: Time,
    judge: &mut Judge<'_>,
) -> Result<Option<OcspAnswer>> {
    let mut best: Option<Result<OcspAnswer>> = None;
    for response in responses.iter().filter(|response| response.answers_about(about)) {
        let found = response.judge(about, at, judge).map(|(answer, _)| answer);
        let weight = |found: &Result<OcspAnswer>| match found.as_ref().map(|answer| answer.status) {
            Ok(CertificateStatus::Revoked { .. }) => 3,
            Ok(CertificateStatus::Good) => 2,
            Ok(CertificateStatus::Unknown) => 1,
            Err(_) => 0,
        };
        if best.as_ref().is_none_or(|best| weight(&found) > weight(best)) {
            best = Some(found);
        }
    }
    best.transpose()
}

fn undetermined(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Undetermined, "OCSP response", why, "ask the responder again")
}

fn unauthentic(why: &'static str) -> Error {
    Error::new(ErrorKind::Unauthentic, "OCSP response", why, "do not use it; ask the responder again")
}
