//! Whom to believe: anchors with what goes on top of them, or keys that are known beforehand.
use std::collections::BTreeSet;
use std::sync::Arc;

use super::judge::{Judge, Presented, part};
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{Fingerprint, KeyKind, PublicKey};
use crate::limits::TLS_AUTHORITIES_BYTES;
use crate::primitives::hash;
use crate::secret::opaque_debug;
use crate::verified::Verified;
use crate::x509::{
    Certificate, Crl, EmailAddress, Extension, ExtensionValue, OcspResponse, Path, Purpose, Revocation,
    ServerName, TrustAnchors, Validation, names_host,
};

/// A peer that has shown a certificate that is trusted, and has its key.
pub type CertifiedPeer = Verified<Certificate, Path>;

/// A peer that has a key which was known beforehand.
pub type KnownPeer = Verified<PublicKey, Fingerprint>;

/// Bits of RSA keys that bulla asks for anyway.
const RSA_BITS: u32 = 2048;

type Check = dyn Fn(&CertifiedPeer) -> std::result::Result<(), String> + Send + Sync;

/// Peers with a certificate that an anchor vouches for: the server that was asked for by name, or clients.
///
/// What is known of revocations counts if it is given, and an expired CRL is as good as none that says "revoked": the peer is
/// refused. Everything else here only takes peers away.
///
/// ```
/// use bulla::tls::Trust;
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// # let pem = bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?.to_pem();
/// use bulla::x509::TrustAnchors;
/// let ours = Trust::new(TrustAnchors::from_pem(&pem)?);
/// # let _ = ours;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Trust {
    anchors: Arc<TrustAnchors>,
    crls: Arc<[Crl]>,
    revocation: Revocation,
    pins: BTreeSet<[u8; 32]>,
    allowed: Option<Vec<Allowed>>,
    rsa_bits: u32,
    check: Option<Arc<Check>>,
}

/// What a certificate must have for its holder to be let in, beside being trusted.
///
/// ```
/// use bulla::tls::Allowed;
/// let bob = Allowed::Email("bob@example.org".parse()?);
/// # let _ = bob;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Allowed {
    /// It names this host, or this address of a host.
    Host(ServerName),
    /// It names this mailbox.
    Email(EmailAddress),
    /// It is for this key.
    Key(Fingerprint),
}

opaque_debug! {
    [] Trust = "Trust";
    [] KnownKeys = "KnownKeys";
}

impl Trust {
    /// Those whom these anchors vouch for. See [`TrustAnchors`] for the system's, Mozilla's and your own.
    pub fn new(anchors: TrustAnchors) -> Self {
        Trust {
            anchors: Arc::new(anchors),
            crls: Arc::new([]),
            revocation: Revocation::IfGiven,
            pins: BTreeSet::new(),
            allowed: None,
            rsa_bits: RSA_BITS,
            check: None,
        }
    }

    /// CRLs, in the place of those given before. A certificate that one of them lists is refused, and so is one whose issuer's CRL
    /// has expired.
    pub fn crls(mut self, crls: impl IntoIterator<Item = Crl>) -> Self {
        self.crls = crls.into_iter().collect();
        self
    }

    /// Refuses peers of whose certificates no CRL or stapled OCSP response says that they stand.
    pub fn require_revocation(mut self) -> Self {
        self.revocation = Revocation::Require;
        self
    }

    /// Refuses peers on whose path, the anchor included, none of these keys is (as HTTP's pins were, RFC 7469 section 2.6). Keys
    /// given before remain.
    pub fn pin(mut self, keys: impl IntoIterator<Item = Fingerprint>) -> Self {
        self.pins.extend(keys.into_iter().map(|key| *key.as_bytes()));
        self
    }

    /// Refuses peers but those whose certificate has one of these. Called again, those too.
    pub fn only(mut self, whom: impl IntoIterator<Item = Allowed>) -> Self {
        self.allowed.get_or_insert_default().extend(whom);
        self
    }

    /// Refuses RSA keys with fewer bits than this, on the whole path. 2048 are asked for anyway.
    pub fn rsa_bits(mut self, bits: u32) -> Self {
        self.rsa_bits = self.rsa_bits.max(bits);
        self
    }

    /// Refuses peers for which the check gives a reason. It sees those that are trusted already, again when a connection is
    /// resumed, and cannot let anybody in.
    ///
    /// ```
    /// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
    /// # let anchors = bulla::x509::TrustAnchors::new([bulla::x509::Issue::self_signed(&"CN=Bob".parse()?, &key)?])?;
    /// use bulla::tls::Trust;
    /// let trust = Trust::new(anchors).also(|peer| match peer.by().certificates().len() {
    ///     0..=3 => Ok(()),
    ///     _ => Err("our chains are short".to_owned()),
    /// });
    /// # let _ = trust;
    /// # Ok::<(), bulla::Error>(())
    /// ```
    pub fn also(
        mut self,
        check: impl Fn(&CertifiedPeer) -> std::result::Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(match self.check.take() {
            None => Arc::new(check),
            Some(before) => Arc::new(move |peer: &CertifiedPeer| before(peer).and_then(|()| check(peer))),
        });
        self
    }

    /// Whether a peer may come in that is trusted.
    pub(super) fn allows(&self, peer: &CertifiedPeer, presented: &Presented<'_>) -> Result<()> {
        let certificate = peer.get();
        if presented.ocsp.is_some_and(<[u8]>::is_empty) && must_staple(certificate) {
            return Err(not_stapled(certificate));
        }
        let refused = |why: String| {
            let what = format!("the certificate of {}", certificate.subject());
            Error::new(ErrorKind::NotAllowed, what, why, "let its holder in, or deal with another")
        };
        let on_path = || peer.by().certificates().iter().chain(peer.by().anchor());
        if !self.pins.is_empty()
            && !on_path().any(|on| self.pins.contains(Fingerprint::of(on.public_key_info()).as_bytes()))
        {
            return Err(refused("none of the pinned keys is on its path".to_owned()));
        }
        if let Some(bits) = self.short_key(peer.by()) {
            return Err(refused(format!(
                "on its path is an RSA key of {bits} bits, and {} are asked for",
                self.rsa_bits
            )));
        }
        if let Some(allowed) = &self.allowed
            && !allowed.iter().any(|whom| whom.is(certificate))
        {
            return Err(refused("it is none of those that are let in".to_owned()));
        }
        self.check.as_ref().map_or(Ok(()), |check| check(peer).map_err(refused))
    }

    /// An RSA key on the path that is shorter than was asked for.
    fn short_key(&self, path: &Path) -> Option<u32> {
        // Shorter ones are on no path anyway.
        if self.rsa_bits <= RSA_BITS {
            return None;
        }
        let keys = path.certificates().iter().chain(path.anchor()).filter_map(|on| on.public_key().ok());
        keys.map(|key| key.kind()).find_map(|kind| match kind {
            KeyKind::Rsa { bits } if bits < self.rsa_bits => Some(bits),
            _ => None,
        })
    }

    /// The path from what a peer has shown to an anchor.
    pub(super) fn validated(&self, presented: &Presented<'_>) -> Result<CertifiedPeer> {
        let (end, others) = presented.certificates()?;
        let purpose = presented.server.map_or(Purpose::Client, Purpose::Server);
        let mut validation = Validation::new(purpose, self.revocation)
            .intermediates(others)
            .crls(self.crls.iter().cloned())
            .at(presented.now);
        if let Some(response) = presented.ocsp.filter(|response| !response.is_empty()) {
            validation = validation.ocsp([OcspResponse::from_der(response)?]);
        }
        validation.validate(&end, &self.anchors)
    }

    pub(super) fn has_crls(&self) -> bool {
        !self.crls.is_empty()
    }

    /// What was stapled is not sent again.
    pub(super) fn can_judge_again(&self) -> bool {
        self.revocation != Revocation::Require || self.has_crls()
    }

    /// As many as there is room for; none says that any will do.
    pub(super) fn authorities(&self) -> Vec<Vec<u8>> {
        let names: BTreeSet<Vec<u8>> = self.anchors.names().collect();
        let bytes: usize = names.iter().map(|name| name.len().saturating_add(2)).sum();
        if bytes > TLS_AUTHORITIES_BYTES { Vec::new() } else { names.into_iter().collect() }
    }

    pub(super) fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"certificates");
        part(into, &self.anchors.digest());
        // Hosts may have read them in different orders.
        let crls: BTreeSet<[u8; 32]> = self.crls.iter().map(|crl| hash::sha256(crl.as_der())).collect();
        crls.iter().for_each(|crl| part(into, crl));
        part(into, format!("{:?} {}", self.revocation, self.rsa_bits).as_bytes());
        for pin in &self.pins {
            part(into, pin);
        }
        for whom in self.allowed.iter().flatten() {
            whom.describe(into);
        }
        part(into, &[u8::from(self.allowed.is_some()), u8::from(self.check.is_some())]);
    }
}

impl Allowed {
    fn is(&self, certificate: &Certificate) -> bool {
        match self {
            Allowed::Host(name) => {
                certificate.alternative_names().is_ok_and(|names| names_host(&names, name))
            }
            Allowed::Email(address) => {
                certificate.email_addresses().is_ok_and(|addresses| addresses.contains(address))
            }
            Allowed::Key(key) => Fingerprint::of(certificate.public_key_info()) == *key,
        }
    }

    fn describe(&self, into: &mut Vec<u8>) {
        match self {
            Allowed::Host(name) => part(into, format!("host {name}").as_bytes()),
            Allowed::Email(address) => part(into, format!("mailbox {address}").as_bytes()),
            Allowed::Key(key) => part(into, format!("key {key}").as_bytes()),
        }
    }
}

/// Whether the certificate says that its server sends an OCSP response along (RFC 7633 section 4: the extension `status_request`).
fn must_staple(certificate: &Certificate) -> bool {
    let says = |extension: Extension| match extension.decode() {
        Ok(ExtensionValue::TlsFeature(features)) => features.contains(&5),
        _ => false,
    };
    certificate.extensions().any(says)
}

fn not_stapled(certificate: &Certificate) -> Error {
    Error::new(
        ErrorKind::Undetermined,
        format!("the certificate of {}", certificate.subject()),
        "it says that its server sends an OCSP response along, and none came",
        "have the server staple one: somebody may hide that it is revoked",
    )
}

/// Peers whose keys are known beforehand, and nobody else: what certificates say beside the key is not looked at, neither names nor
/// dates nor issuers.
///
/// ```
/// use bulla::tls::KnownKeys;
/// # let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
/// let theirs = KnownKeys::in_certificates([key.public().fingerprint()])?;
/// # let _ = theirs;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct KnownKeys {
    keys: BTreeSet<[u8; 32]>,
    bare: bool,
}

impl KnownKeys {
    /// Peers show a certificate, whichever, for one of these keys. At most the lists of SSH's `known_hosts` are like this.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is no key.
    pub fn in_certificates(keys: impl IntoIterator<Item = Fingerprint>) -> Result<Self> {
        Self::new(keys, false)
    }

    /// Peers show one of these keys without a certificate (raw public keys, RFC 7250), which TLS 1.3 alone does here.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is no key.
    pub fn bare(keys: impl IntoIterator<Item = Fingerprint>) -> Result<Self> {
        Self::new(keys, true)
    }

    fn new(keys: impl IntoIterator<Item = Fingerprint>, bare: bool) -> Result<Self> {
        let keys: BTreeSet<_> = keys.into_iter().map(|key| *key.as_bytes()).collect();
        if keys.is_empty() {
            return Err(Error::usage(
                "known keys",
                "there is none",
                "give the fingerprint of the peer's key",
            ));
        }
        Ok(KnownKeys { keys, bare })
    }
}

impl Judge<KnownPeer> for KnownKeys {
    fn judge(&self, presented: &Presented<'_>) -> Result<KnownPeer> {
        let key = match self.bare {
            true => PublicKey::from_der(presented.end)?,
            false => presented.certificates()?.0.public_key()?,
        };
        let fingerprint = key.fingerprint();
        if !self.keys.contains(fingerprint.as_bytes()) {
            let why = format!("it is none of those that are known: {fingerprint}");
            return Err(Error::new(
                ErrorKind::Untrusted,
                "the peer's key",
                why,
                "do not go on, unless you know that key",
            ));
        }
        Ok(Verified::new(key, fingerprint))
    }

    fn until(&self, _: &KnownPeer) -> Option<Time> {
        None
    }

    fn is_for_bare_keys(&self) -> bool {
        self.bare
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, if self.bare { b"bare keys" } else { b"keys" });
        for key in &self.keys {
            part(into, key);
        }
    }
}

/// Whoever comes: a server that asks its clients for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anyone;

impl Judge<Anyone> for Anyone {
    fn judge(&self, _: &Presented<'_>) -> Result<Anyone> {
        Ok(Anyone)
    }

    fn until(&self, _: &Anyone) -> Option<Time> {
        None
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"anyone");
    }
}
