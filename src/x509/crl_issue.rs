//! Issuing CRLs (RFC 5280 section 5): a CA lists what it has revoked, and signs the list.
use std::collections::BTreeMap;
use std::time::Duration;

use super::certificate::Certificate;
use super::crl::Crl;
use super::crl_extensions::{CRL_NUMBER, CrlNumber};
use super::extension::{AUTHORITY_KEY_ID, Extension};
use super::points::AuthorityKeyIdentifier;
use super::revoked::{self, RevocationReason};
use super::serial::Serial;
use super::usage::KeyUsage;
use super::{issue, time};
use crate::clock::Time;
use crate::encoding::tlv;
use crate::error::{Error, Result};
use crate::keys::{PrivateKey, SignatureAlgorithm};
use crate::limits::CRL_BYTES;

/// A CRL that is being made. Nothing is issued before [`sign`](Self::sign).
///
/// ```
/// use bulla::x509::{Authority, CrlIssue, RevocationReason};
/// use bulla::{KeyKind, PrivateKey, Time};
/// let root = Authority::root(&"CN=Example Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// let bob = PrivateKey::generate(KeyKind::P256)?;
/// let lost = root.email(bob.public(), &["bob@example.org".parse()?])?.sign()?;
///
/// let (certificate, key) = (root.certificate(), root.credential().key());
/// let first = CrlIssue::by(certificate, key)?.sign()?;
/// assert!(first.verify(certificate)?.find_certificate(&lost)?.is_none());
///
/// let second = CrlIssue::by(certificate, key)?
///     .update(&first)?
///     .revoke(&lost.serial(), Time::now(), RevocationReason::KeyCompromise)
///     .sign()?;
/// assert!(second.verify(certificate)?.find_certificate(&lost)?.is_some());
/// assert!(second.number()? > first.number()?);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is issued before `sign`"]
pub struct CrlIssue<'a> {
    issuer: &'a Certificate,
    key: &'a PrivateKey,
    this_update: Option<Time>,
    next_update: Option<Time>,
    number: Option<CrlNumber>,
    /// Whose entries are kept, but for those that are in `revoked`.
    before: Option<Crl>,
    revoked: BTreeMap<Serial, (Time, RevocationReason)>,
}

/// How long a CRL is good if nobody says: the most that CA/Browser Forum's requirements allow for CRLs about end
/// entities is ten days, and a week is what most CAs do.
const USUAL: Duration = Duration::from_secs(7 * 24 * 3600);

impl<'a> CrlIssue<'a> {
    /// By this issuer, with its key.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the key is not the certificate's, or may not sign CRLs;
    /// [`Malformed`](crate::ErrorKind::Malformed) or [`Unsupported`](crate::ErrorKind::Unsupported) if the certificate cannot be read
    /// so far.
    pub fn by(issuer: &'a Certificate, key: &'a PrivateKey) -> Result<Self> {
        let wrong = |why| Error::usage("CRL", why, "give a CA's certificate and its own key");
        if issuer.public_key()? != *key.public() {
            return Err(wrong("the key is not the certificate's"));
        }
        let may_sign = match issuer.key_usage()? {
            Some(usage) => usage.allows(KeyUsage::CRL_SIGN),
            None => issuer.basic_constraints()?.is_some_and(|constraints| constraints.is_ca),
        };
        if !may_sign {
            return Err(wrong("the certificate does not allow its key to sign CRLs"));
        }
        // RFC 5280 section 5.1.2.3.
        if issuer.subject().is_empty() {
            return Err(wrong("the certificate has an empty name"));
        }
        let (this_update, next_update) = (None, None);
        Ok(CrlIssue {
            issuer,
            key,
            this_update,
            next_update,
            number: None,
            before: None,
            revoked: BTreeMap::new(),
        })
    }

    /// Goes on from an earlier CRL: its entries are kept as they are, and the number will be one higher.
    ///
    /// # Errors
    /// Those of [`Crl::verify`]: entries are kept only of a CRL that this issuer signed.
    /// [`Usage`](crate::ErrorKind::Usage) for a CRL that is not about all certificates of the issuer, or of others, too.
    pub fn update(mut self, before: &Crl) -> Result<Self> {
        let before = before.verify(self.issuer)?.into_inner();
        before.check_use()?;
        if before.issuing_distribution_point()?.is_some() {
            let why = "it is about a part of the issuer's certificates, or about others' too";
            return Err(Error::usage("CRL", why, "make a new one, and revoke what is listed there"));
        }
        self.before = Some(before);
        Ok(self)
    }

    /// Lists a certificate, by the number that this issuer gave it. One that the updated CRL lists already stays as it is
    /// listed there: only a hold is replaced, and anything else makes [`sign`](Self::sign) fail.
    pub fn revoke(mut self, serial: &Serial, at: Time, reason: RevocationReason) -> Self {
        self.revoked.insert(serial.clone(), (at, reason));
        self
    }

    /// When it is made; if nobody says, now.
    pub fn this_update(mut self, time: Time) -> Self {
        self.this_update = Some(time);
        self
    }

    /// Until when it is good, and there will be another; if nobody says, a week.
    pub fn next_update(mut self, time: Time) -> Self {
        self.next_update = Some(time);
        self
    }

    /// Its number, which must be higher than those before. If nobody says, it is one higher than that of the CRL which
    /// is [updated](Self::update), or else the seconds since 1970 at [`this_update`](Self::this_update).
    pub fn number(mut self, number: impl Into<CrlNumber>) -> Self {
        self.number = Some(number.into());
        self
    }

    /// Signs the CRL.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if it would be a wrong one: it ends before it begins, a year that has not four
    /// digits, a number that is not higher than the one before, a removal from what is no delta CRL;
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if it would be over 256 MiB.
    pub fn sign(self) -> Result<Crl> {
        let algorithm = self.key.signature_algorithm()?;
        let to_be_signed = self.to_be_signed(algorithm)?;
        let signature = self.key.sign_with(algorithm, &to_be_signed)?;
        // A key that failed, or lives elsewhere and is another, must not give away a bad signature.
        self.key.public().check_signature(algorithm, &to_be_signed, &signature)?;
        Crl::from_der(&tlv::sequence(&[&to_be_signed, &algorithm.to_der(), &tlv::bit_string(&signature)]))
    }

    /// TBSCertList (RFC 5280 section 5.1).
    fn to_be_signed(&self, algorithm: SignatureAlgorithm) -> Result<Vec<u8>> {
        let this = self.this_update.unwrap_or_else(Time::now);
        let next = self.next_update.unwrap_or(this + USUAL);
        if next <= this {
            return Err(usage("the next update is not after this one", "give a later time"));
        }
        let entries = self.entries()?;
        // An empty list is left out (section 5.1.2.6).
        let revoked = if entries.is_empty() { entries } else { tlv::sequence(&[&entries]) };
        let to_be_signed = tlv::sequence(&[
            &tlv::number(1),
            &algorithm.to_der(),
            self.issuer.subject_der(),
            &write_time(this)?,
            &write_time(next)?,
            &revoked,
            &tlv::wrap(tlv::constructed(0), &[&self.extensions(this)?]),
        ]);
        Ok(to_be_signed)
    }

    fn entries(&self) -> Result<Vec<u8>> {
        let mut entries = Vec::new();
        if let Some(before) = &self.before {
            for listed in before.revoked() {
                if !self.revoked.contains_key(&listed.serial()) {
                    entries.extend_from_slice(listed.as_der());
                } else if listed.reason()? != Some(RevocationReason::CertificateHold) {
                    // When and why it was revoked first is what signatures of before are judged by.
                    let why =
                        format!("certificate {} is listed already, since {}", listed.serial(), listed.at()?);
                    return Err(Error::usage("CRL", why, "leave it out: what is listed stays listed"));
                }
            }
        }
        for (serial, (at, reason)) in &self.revoked {
            if *reason == RevocationReason::RemoveFromCrl {
                return Err(usage("only a delta CRL says that something was removed", "give another reason"));
            }
            let entry = revoked::write(serial, *at, *reason).ok_or_else(year)?;
            entries.extend_from_slice(&entry);
            if entries.len() > CRL_BYTES {
                return Err(Error::over_limit("CRL", "it would be over 256 MiB", "list fewer certificates"));
            }
        }
        Ok(entries)
    }

    /// Which key signed, and the number: RFC 5280 sections 5.2.1 and 5.2.3 ask both of every CRL.
    fn extensions(&self, this: Time) -> Result<Vec<u8>> {
        let before = self.before.as_ref().map(Crl::number).transpose()?.flatten();
        let number = match (&self.number, &before) {
            (Some(number), _) => number.clone(),
            (None, Some(before)) => {
                before.next().ok_or_else(|| usage("the number before is the highest", "give a new issuer"))?
            }
            (None, None) => CrlNumber::from(u64::try_from(this.unix()).unwrap_or(0)),
        };
        if before.is_some_and(|before| number <= before) {
            return Err(usage("its number is not higher than the one before", "give a higher one, or none"));
        }
        let key_id = match self.issuer.subject_key_identifier()? {
            Some(key_id) => key_id,
            None => issue::key_identifier(self.issuer.public_key_info())?,
        };
        let key_id = Extension::known(&AUTHORITY_KEY_ID, false, AuthorityKeyIdentifier::write(&key_id));
        let number = Extension::known(&CRL_NUMBER, false, number.write());
        Ok(tlv::sequence(&[&key_id.write(), &number.write()]))
    }
}

fn write_time(time: Time) -> Result<Vec<u8>> {
    time::write(time).ok_or_else(year)
}

fn year() -> Error {
    usage("a year in it has not four digits", "give another time")
}

fn usage(why: &'static str, hint: &'static str) -> Error {
    Error::usage("CRL", why, hint)
}
