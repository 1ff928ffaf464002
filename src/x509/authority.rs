//! Whoever issues certificates: a CA's credential, and what it can issue.
use super::address::EmailAddress;
use super::bounds;
use super::certificate::Certificate;
use super::credential::Credential;
use super::issue::{Ca, Issue, Leaf};
use super::name::Name;
use super::profile::Profile;
use super::request::Request;
use super::usage::KeyUsage;
use crate::error::{Error, Result};
use crate::keys::{PrivateKey, PublicKey};
use crate::secret::opaque_debug;
use crate::verified::Verified;

/// A certification authority: the certificate of a CA, its private key, and the chain above.
///
/// ```
/// use bulla::x509::{Authority, Credential};
/// use bulla::{KeyKind, PrivateKey};
/// let root = Authority::root(&"CN=Example Root".parse()?, PrivateKey::generate(KeyKind::P384)?)?;
///
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let certificate = root.intermediate(&"CN=Example Mail CA".parse()?, key.public(), 0)?.sign()?;
/// let mail = Authority::new(Credential::new(key, [certificate, root.certificate().clone()])?)?;
///
/// let bob = PrivateKey::generate(KeyKind::P256)?;
/// let certificate = mail
///     .email(bob.public(), &["bob@example.org".parse()?])?
///     .days(365)
///     .crl_at("http://ca.example.org/mail.crl")
///     .sign()?;
/// assert_eq!(certificate.issuer(), "CN=Example Mail CA".parse()?);
/// // A leaf's certificate makes no authority:
/// assert!(Authority::new(Credential::new(bob, [certificate])?).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Authority {
    credential: Credential,
}

opaque_debug! {
    [] Authority = "Authority";
}

impl Authority {
    /// A new root, for ten years: [`Issue::root`] has more to say.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for an empty name, or a key that cannot sign.
    pub fn root(name: &Name, key: PrivateKey) -> Result<Self> {
        let certificate = Issue::root(name, &key).sign()?;
        Self::new(Credential::new(key, [certificate])?)
    }

    /// An authority of a credential whose certificate is a CA's: it says so, and its key may sign certificates.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if it is not, [`Malformed`](crate::ErrorKind::Malformed) if what it says
    /// cannot be read.
    pub fn new(credential: Credential) -> Result<Self> {
        let certificate = credential.certificate();
        // Certificates of version 1, which say nothing, are roots to be trusted at most, and sign nothing new.
        let is_ca = certificate.basic_constraints()?.is_some_and(|constraints| constraints.is_ca);
        let usage = certificate.key_usage()?;
        if !is_ca || !usage.is_none_or(|usage| usage.allows(KeyUsage::CERTIFICATE_SIGN)) {
            let hint = "give a CA's certificate and key; `Authority::root` or `bulla cert self-signed --ca` make one";
            return Err(Error::usage("authority", "its certificate is no CA's", hint));
        }
        Ok(Authority { credential })
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.credential.certificate()
    }

    /// Key and chain.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Key and chain, alone.
    #[must_use]
    pub fn into_credential(self) -> Credential {
        self.credential
    }

    /// The certificate of an authority below this one, for five years. `path_length` says how many authorities may
    /// follow each other below it: 0, and it certifies only leaves.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if this authority may not have such a one below itself.
    pub fn intermediate(
        &self,
        name: &Name,
        public_key: &PublicKey,
        path_length: u32,
    ) -> Result<Issue<'_, Ca>> {
        Issue::below(self.credential.key(), self.credential.chain(), name, public_key, path_length)
    }

    /// A certificate for what the profile says.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if the authority's own certificate does not allow that purpose.
    pub fn issue(&self, profile: Profile, public_key: &PublicKey) -> Result<Issue<'_, Leaf>> {
        if let (Some(own), Some(purpose)) = (self.certificate().extended_key_usage()?, profile.purpose()) {
            // A responder answers for the authority itself, whatever that certifies (RFC 6960 section 4.2.2.2).
            if !profile.is_ocsp_responder() {
                bounds::check_purpose(&own, &purpose)?;
            }
        }
        Ok(Issue::by(self.credential.key(), self.credential.chain(), profile, public_key))
    }

    /// A certificate for mail: [`Profile::email`].
    ///
    /// # Errors
    /// Those of the profile and of [`issue`](Self::issue); so of all that follow.
    pub fn email(&self, public_key: &PublicKey, addresses: &[EmailAddress]) -> Result<Issue<'_, Leaf>> {
        self.issue(Profile::email(addresses)?, public_key)
    }

    /// A certificate for a server: [`Profile::tls_server`].
    ///
    /// # Errors
    /// See [`email`](Self::email).
    pub fn tls_server(&self, public_key: &PublicKey, hosts: &[impl AsRef<str>]) -> Result<Issue<'_, Leaf>> {
        self.issue(Profile::tls_server(hosts)?, public_key)
    }

    /// A certificate for a client: [`Profile::tls_client`].
    ///
    /// # Errors
    /// See [`email`](Self::email).
    pub fn tls_client(&self, public_key: &PublicKey, name: &Name) -> Result<Issue<'_, Leaf>> {
        self.issue(Profile::tls_client(name)?, public_key)
    }

    /// A certificate for the key of a request, whose holder has proven to have the private key.
    ///
    /// Nothing else is taken from the request: the profile says for whom it is. [`Request::email_addresses`],
    /// [`Request::hosts`] and [`Request::subject`] have what was asked for, of which one takes what is true.
    ///
    /// # Errors
    /// See [`email`](Self::email).
    pub fn from_request(
        &self,
        profile: Profile,
        request: &Verified<Request, PublicKey>,
    ) -> Result<Issue<'_, Leaf>> {
        self.issue(profile, request.by())
    }

    /// A certificate for one that answers about revocation: [`Profile::ocsp_responder`].
    ///
    /// # Errors
    /// See [`email`](Self::email).
    pub fn ocsp_responder(&self, public_key: &PublicKey, name: &Name) -> Result<Issue<'_, Leaf>> {
        self.issue(Profile::ocsp_responder(name)?, public_key)
    }
}
