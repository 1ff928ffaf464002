//! Issuing certificates (RFC 5280): what may vary is asked for, all else follows from profile, key and issuer.
use std::marker::PhantomData;
use std::time::Duration;

use super::bounds::Bounds;
use super::certificate::Certificate;
use super::extension::{self, Extension};
use super::general_name;
use super::name::Name;
use super::name_constraints::Subtree;
use super::points::{self, AccessDescription, AuthorityKeyIdentifier};
use super::profile::{self, Profile};
use super::serial::Serial;
use super::usage::{BasicConstraints, CLIENT_AUTH, EMAIL_PROTECTION, SERVER_AUTH};
use super::{issue_rules, policies, time};
use crate::clock::Time;
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv;
use crate::error::{Error, Result};
use crate::keys::{PrivateKey, PublicKey, SignatureAlgorithm};
use crate::primitives::hash::{self, Digest};

/// A certificate that is being made. Nothing is issued before [`sign`](Self::sign).
///
/// Which extensions there are, and what they allow, follows from the profile and the key. An [`Authority`] makes one,
/// or a key for itself:
///
/// ```
/// use bulla::x509::{Issue, Profile};
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let profile = Profile::tls_server(&["localhost", "127.0.0.1"])?;
/// let certificate = Issue::self_signed_for(profile, &key)?.days(7).sign()?;
/// assert_eq!(certificate.subject(), "CN=localhost".parse()?);
/// assert_eq!(certificate.alternative_names()?.len(), 2);
/// assert!(!certificate.basic_constraints()?.is_some_and(|constraints| constraints.is_ca));
/// # Ok::<(), bulla::Error>(())
/// ```
///
/// [`Authority`]: super::Authority
#[must_use = "nothing is issued before `sign`"]
pub struct Issue<'a, Of> {
    signer: Signer<'a>,
    public_key: PublicKey,
    role: Role,
    subject: Name,
    validity: Validity,
    crls: Vec<String>,
    accesses: Vec<(KnownOid, String)>,
    policies: Vec<Oid>,
    extras: Vec<Extension>,
    of: PhantomData<Of>,
}

/// An [`Issue`] of a certificate whose key signs no certificates.
#[derive(Debug)]
pub enum Leaf {}

/// An [`Issue`] of a certificate whose key signs certificates.
#[derive(Debug)]
pub enum Ca {}

enum Role {
    Leaf(Profile),
    Ca(Bounds),
}

/// Whose key signs: an authority's, with its own certificate and those above, or (none) the certificate's own.
struct Signer<'a> {
    key: &'a PrivateKey,
    chain: &'a [Certificate],
}

impl Signer<'_> {
    fn issuer(&self) -> Option<&Certificate> {
        self.chain.first()
    }
}

enum Validity {
    /// The profile's; shorter if the issuer's ends before.
    Usual(u32),
    Days(u32),
    Exact(Time, Time),
}

/// How long certificates of authorities last if nobody says: docs/defaults.md has the reasons.
const ROOT_DAYS: u32 = 3650;
const INTERMEDIATE_DAYS: u32 = 1825;
/// Clocks that are slow take a new certificate, too.
const BACKDATED: Duration = Duration::from_secs(3600);

impl<'a> Issue<'a, Leaf> {
    /// A certificate for tests and for pinning: a key vouches for itself, under this name, for a year.
    ///
    /// It says nothing about what it is for, and signs no certificates.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for an empty name, or a key that cannot sign.
    ///
    /// ```
    /// use bulla::x509::Issue;
    /// use bulla::{KeyKind, PrivateKey};
    /// let certificate = Issue::self_signed(&"CN=Bob".parse()?, &PrivateKey::generate(KeyKind::Ed25519)?)?;
    /// assert!(certificate.is_self_issued());
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn self_signed(name: &Name, key: &PrivateKey) -> Result<Certificate> {
        Issue::self_signed_for(Profile::itself(name)?, key)?.sign()
    }

    /// As [`self_signed`](Self::self_signed), for one purpose and its names.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a key that cannot sign.
    pub fn self_signed_for(profile: Profile, key: &'a PrivateKey) -> Result<Self> {
        profile::signs(key.kind())?;
        Ok(Self::leaf(Signer { key, chain: &[] }, profile, key.public()))
    }

    /// By an authority, which is known to be one.
    pub(super) fn by(
        key: &'a PrivateKey,
        chain: &'a [Certificate],
        profile: Profile,
        public_key: &PublicKey,
    ) -> Self {
        Self::leaf(Signer { key, chain }, profile, public_key)
    }

    fn leaf(signer: Signer<'a>, profile: Profile, public_key: &PublicKey) -> Self {
        let (subject, days) = (profile.subject().clone(), profile.days());
        Self::new(signer, subject, days, Role::Leaf(profile), public_key)
    }

    /// The subject's name, instead of the profile's.
    ///
    /// Every e-mail address in it, every common name of a server, must be one of the profile's names: old programs look
    /// for them there.
    pub fn subject(mut self, name: &Name) -> Self {
        self.subject = name.clone();
        self
    }
}

impl<'a> Issue<'a, Ca> {
    /// The certificate of a root, signed by its own key, for ten years.
    ///
    /// [`Authority::root`](super::Authority::root) is shorter where nothing else has to be said.
    ///
    /// ```
    /// use bulla::x509::{Authority, Credential, Issue, Subtree};
    /// use bulla::{KeyKind, PrivateKey};
    /// let key = PrivateKey::generate(KeyKind::P384)?;
    /// let certificate = Issue::root(&"CN=Example Root".parse()?, &key)
    ///     .days(7300)
    ///     .permit(Subtree::Email("example.org".into()))
    ///     .sign()?;
    /// let root = Authority::new(Credential::new(key, [certificate])?)?;
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn root(name: &Name, key: &'a PrivateKey) -> Self {
        let role = Role::Ca(Bounds::default());
        let signer = Signer { key, chain: &[] };
        Self::new(signer, name.clone(), ROOT_DAYS, role, key.public())
    }

    /// By another authority, which is known to be one.
    pub(super) fn below(
        key: &'a PrivateKey,
        chain: &'a [Certificate],
        name: &Name,
        public_key: &PublicKey,
        path_length: u32,
    ) -> Result<Self> {
        let bounds = Bounds { path_length: Some(path_length), ..Bounds::default() };
        let signer = Signer { key, chain };
        signer.issuer().map_or(Ok(()), |issuer| bounds.check_below(issuer))?;
        Ok(Self::new(signer, name.clone(), INTERMEDIATE_DAYS, Role::Ca(bounds), public_key))
    }

    /// How many authorities may follow each other below this one: 0, and it certifies only leaves.
    pub fn path_length(self, most: u32) -> Self {
        self.bounded(|bounds| bounds.path_length = Some(most))
    }

    /// Names of this kind may be certified only here (RFC 5280 section 4.2.1.10); or in another part so named.
    pub fn permit(self, names: Subtree) -> Self {
        self.bounded(|bounds| bounds.names.permitted.push(names))
    }

    /// Names here may not be certified.
    pub fn exclude(self, names: Subtree) -> Self {
        self.bounded(|bounds| bounds.names.excluded.push(names))
    }

    /// It may certify for mail only; or, with [`only_for_tls`](Self::only_for_tls), for both.
    ///
    /// That is CA/Browser Forum's reading of an extended key usage in an authority's certificate, and everybody's.
    pub fn only_for_mail(self) -> Self {
        self.bounded(|bounds| bounds.purposes.push(EMAIL_PROTECTION))
    }

    /// It may certify for servers and clients of TLS only; or, with [`only_for_mail`](Self::only_for_mail), for both.
    pub fn only_for_tls(self) -> Self {
        self.bounded(|bounds| bounds.purposes.extend([SERVER_AUTH, CLIENT_AUTH]))
    }

    fn bounded(mut self, change: impl FnOnce(&mut Bounds)) -> Self {
        if let Role::Ca(bounds) = &mut self.role {
            change(bounds);
        }
        self
    }
}

impl<'a, Of> Issue<'a, Of> {
    fn new(signer: Signer<'a>, subject: Name, days: u32, role: Role, public_key: &PublicKey) -> Self {
        Issue {
            signer,
            public_key: public_key.clone(),
            role,
            subject,
            validity: Validity::Usual(days),
            crls: Vec::new(),
            accesses: Vec::new(),
            policies: Vec::new(),
            extras: Vec::new(),
            of: PhantomData,
        }
    }

    /// For so many days, from an hour ago on.
    ///
    /// Without it the profile's usual time is taken, or what is left of the issuer's, whichever is shorter.
    pub fn days(mut self, days: u32) -> Self {
        self.validity = Validity::Days(days);
        self
    }

    /// From a moment on until another, that second included. Both must be within the issuer's own validity.
    pub fn validity(mut self, from: Time, until: Time) -> Self {
        self.validity = Validity::Exact(from, until);
        self
    }

    /// A URI where the issuer's CRL is to be had. Several: the same CRL is at each.
    pub fn crl_at(mut self, uri: impl Into<String>) -> Self {
        self.crls.push(uri.into());
        self
    }

    /// The URI of an OCSP responder.
    pub fn ocsp_at(mut self, uri: impl Into<String>) -> Self {
        self.accesses.push((points::OCSP, uri.into()));
        self
    }

    /// A URI where the issuer's certificate is to be had.
    pub fn issuer_at(mut self, uri: impl Into<String>) -> Self {
        self.accesses.push((points::CA_ISSUERS, uri.into()));
        self
    }

    /// A policy that it is issued under.
    pub fn policy(mut self, id: Oid) -> Self {
        self.policies.push(id);
        self
    }

    /// Any extension that bulla does not set itself. What it says is on whoever asks for it.
    ///
    /// [`sign`](Self::sign) refuses those that say whether, and for which names and purposes, a key is to be trusted:
    /// basicConstraints, keyUsage, extendedKeyUsage, subjectAltName, nameConstraints and the key identifiers.
    ///
    /// ```
    /// use bulla::x509::{Extension, Issue, Profile};
    /// use bulla::{ErrorKind, KeyKind, PrivateKey};
    /// let key = PrivateKey::generate(KeyKind::P256)?;
    /// let issue = || Issue::self_signed_for(Profile::tls_server(&["www.example.org"])?, &key);
    /// // RFC 7633: the server must staple an OCSP response.
    /// let must_staple = Extension::new("1.3.6.1.5.5.7.1.24".parse()?, false, vec![0x30, 3, 2, 1, 5]);
    /// assert!(issue()?.extension(must_staple).sign().is_ok());
    /// let i_am_a_ca = Extension::new("2.5.29.19".parse()?, true, vec![0x30, 3, 1, 1, 0xff]);
    /// assert_eq!(issue()?.extension(i_am_a_ca).sign().unwrap_err().kind(), ErrorKind::Usage);
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extras.push(extension);
        self
    }

    /// Signs the certificate, and reads it again before it is given out.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if it would be a wrong one: a validity that is empty or outside of the
    /// issuer's, an authority that may do more than its issuer, a key that cannot do what the profile is for, a subject
    /// that claims names beyond the profile's or is the issuer's own, names that name constraints above do not permit, a
    /// URI that is none, an extension that bulla sets itself or that is there twice.
    pub fn sign(self) -> Result<Certificate> {
        let algorithm = self.signer.key.signature_algorithm()?;
        let to_be_signed = self.to_be_signed(algorithm)?;
        let signature = self.signer.key.sign_with(algorithm, &to_be_signed)?;
        // A key that failed, or lives elsewhere and is another, must not give away a bad signature.
        self.signer.key.public().check_signature(algorithm, &to_be_signed, &signature)?;
        let parts = [&to_be_signed[..], &algorithm.to_der(), &tlv::bit_string(&signature)];
        issue_rules::read_again(&tlv::sequence(&parts), self.signer.chain)
    }

    /// TBSCertificate (RFC 5280 section 4.1).
    fn to_be_signed(&self, algorithm: SignatureAlgorithm) -> Result<Vec<u8>> {
        self.check()?;
        let version = tlv::wrap(tlv::constructed(0), &[&tlv::number(2)]);
        let issuer = self.signer.issuer().map_or(self.subject.as_der(), Certificate::subject_der);
        let extensions: Vec<Vec<u8>> = self.extensions()?.iter().map(Extension::write).collect();
        let extensions = tlv::sequence(&extensions.iter().map(Vec::as_slice).collect::<Vec<_>>());
        Ok(tlv::sequence(&[
            &version,
            &Serial::random().write(),
            &algorithm.to_der(),
            issuer,
            &self.write_validity()?,
            self.subject.as_der(),
            self.public_key.as_der(),
            &tlv::wrap(tlv::constructed(3), &[&extensions]),
        ]))
    }

    /// What has to do with more than one extension.
    fn check(&self) -> Result<()> {
        match &self.role {
            Role::Leaf(profile) => profile.check_subject(&self.subject)?,
            Role::Ca(_) if self.subject.is_empty() => {
                return Err(Error::usage(
                    "certificate",
                    "an authority has no name",
                    "write it like CN=Example Root",
                ));
            }
            Role::Ca(_) => {}
        }
        let Some(issuer) = self.signer.issuer() else { return Ok(()) };
        // Such a certificate is taken for the issuer's own (RFC 5280 section 3.2), and paths go round in circles.
        if issuer.subject() == self.subject {
            return Err(Error::usage(
                "certificate",
                "its subject is the issuer",
                "give it a name of its own",
            ));
        }
        if self.public_key == *self.signer.key.public() {
            return Err(Error::usage("certificate", "its key is the issuer's", "give it a key of its own"));
        }
        match &self.role {
            Role::Ca(bounds) => bounds.check_below(issuer),
            Role::Leaf(_) => Ok(()),
        }
    }

    /// Validity (RFC 5280 section 4.1.2.5): the last second counts.
    fn write_validity(&self) -> Result<Vec<u8>> {
        let wrong = |why: &'static str| Error::usage("certificate", why, "choose other times");
        let bounds = match self.signer.issuer() {
            Some(issuer) => Some((issuer.not_before()?, issuer.not_after()?)),
            None => None,
        };
        let start = Time::now() - BACKDATED;
        let start = bounds.map_or(start, |(from, _)| start.max(from));
        let after =
            |days: u32| start + Duration::from_secs(u64::from(days) * 86_400) - Duration::from_secs(1);
        let (from, until) = match self.validity {
            Validity::Usual(days) => (start, bounds.map_or(after(days), |(_, until)| after(days).min(until))),
            Validity::Days(days) => (start, after(days)),
            Validity::Exact(from, until) => (from, until),
        };
        if until < from {
            return Err(wrong("it would be valid at no time, or its issuer is expired"));
        }
        if bounds.is_some_and(|(first, last)| from < first || last < until) {
            return Err(wrong("it would be valid when its issuer is not"));
        }
        let written =
            [from, until].map(|moment| time::write(moment).ok_or_else(|| wrong("a year is beyond 9999")));
        let [from, until] = written;
        Ok(tlv::sequence(&[&from?, &until?]))
    }

    fn extensions(&self) -> Result<Vec<Extension>> {
        let mut all = match &self.role {
            Role::Leaf(profile) => self.of_leaf(profile)?,
            Role::Ca(bounds) => {
                profile::signs(self.public_key.kind())?;
                bounds.extensions()?
            }
        };
        let own = key_identifier(self.public_key.as_der())?;
        let issuers = match self.signer.issuer() {
            // An old authority's certificate may have none: then nothing can contradict what is made up here.
            Some(issuer) => match issuer.subject_key_identifier()? {
                Some(identifier) => identifier,
                None => key_identifier(issuer.public_key_info())?,
            },
            None => own.clone(),
        };
        let own = tlv::wrap(tlv::OCTET_STRING, &[&own]);
        all.push(Extension::known(&extension::SUBJECT_KEY_ID, false, own));
        all.push(Extension::known(
            &extension::AUTHORITY_KEY_ID,
            false,
            AuthorityKeyIdentifier::write(&issuers),
        ));
        if !self.policies.is_empty() {
            all.push(Extension::known(&extension::POLICIES, false, policies::write_policies(&self.policies)));
        }
        self.crls
            .iter()
            .chain(self.accesses.iter().map(|(_, uri)| uri))
            .try_for_each(|uri| issue_rules::check_uri(uri))?;
        if !self.crls.is_empty() {
            all.push(Extension::known(&extension::CRL_POINTS, false, points::write_points(&self.crls)));
        }
        if !self.accesses.is_empty() {
            let value = AccessDescription::write_all(&self.accesses);
            all.push(Extension::known(&extension::AUTHORITY_INFO, false, value));
        }
        for extra in &self.extras {
            issue_rules::check_extra(extra, &all, matches!(self.role, Role::Leaf(_)))?;
            all.push(extra.clone());
        }
        Ok(all)
    }

    /// Basic constraints are there to say *no* (CA/Browser Forum allows them, and critical only): what is not said could
    /// be made up by old programs.
    fn of_leaf(&self, profile: &Profile) -> Result<Vec<Extension>> {
        let usage = profile.key_usage(self.public_key.kind())?;
        let mut all = vec![
            Extension::known(&extension::BASIC_CONSTRAINTS, true, BasicConstraints::new(false, None).write()),
            Extension::known(&extension::KEY_USAGE, true, usage.write()),
        ];
        if let Some(purposes) = profile.extended_key_usage() {
            all.push(Extension::known(&extension::EXTENDED_KEY_USAGE, false, purposes.write()));
        }
        if !profile.names().is_empty() {
            // Critical where nothing else names the subject (RFC 5280 section 4.2.1.6).
            let value = general_name::write_all(tlv::SEQUENCE, profile.names());
            all.push(Extension::known(&extension::SUBJECT_ALT_NAME, self.subject.is_empty(), value));
        }
        if profile.is_ocsp_responder() {
            all.push(Extension::known(&extension::OCSP_NO_CHECK, false, tlv::wrap(tlv::NULL, &[])));
        }
        Ok(all)
    }
}

/// A short name of a key: the first 160 bits of the SHA-256 of its bits (RFC 7093 section 2, method 1). It has to be
/// unlike others by accident only; but SHA-1 would be one more place to explain, and nobody needs it.
pub(super) fn key_identifier(public_key_info: &[u8]) -> Result<Vec<u8>> {
    let bits =
        tlv::key_bits(public_key_info).map_err(|_| Error::malformed("public key", "it is no sound key"))?;
    let mut digest = hash::digest(Digest::Sha256, &[bits]);
    digest.truncate(20);
    Ok(digest)
}
