//! Who is to read a mail: owners of certificates that were checked for their addresses, and of shared keys and passphrases.
use super::capabilities::Capabilities;
use super::shared_key::SharedKey;
use super::trust::Trust;
use super::wrap::{self, RsaPadding};
use crate::clock::Time;
use crate::encoding::oid::KnownOid;
use crate::error::{Error, Result};
use crate::keys::{KeyKind, Passphrase};
use crate::limits::CMS_RECIPIENTS;
use crate::x509::{Certificate, EmailAddress, Mailbox, Purpose, Revocation, TrustAnchors, Validation};

/// Who is to read a mail. There is always at least one.
///
/// A certificate gets in when it is trusted *for an address*: encrypted mail to the wrong Bob cannot be called back.
///
/// ```
/// # use bulla::x509::{Authority, TrustAnchors};
/// # use bulla::{KeyKind, PrivateKey};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.email(key.public(), &["bob@example.org".parse()?])?.sign()?;
/// # let anchors = TrustAnchors::new([root.certificate().clone()])?;
/// use bulla::smime::{Addressees, Trust};
/// use bulla::x509::Revocation;
/// let trust = Trust::new(&anchors, Revocation::IfGiven);
/// let bob = Addressees::one(&certificate, &"bob@example.org".parse()?, &trust)?;
/// assert!(Addressees::one(&certificate, &"eve@example.org".parse()?, &trust).is_err());
/// # let _ = bob;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
pub struct Addressees<'a> {
    all: Vec<Addressee<'a>>,
    modern: bool,
}

#[derive(Clone)]
enum Addressee<'a> {
    Owner(Box<Owner>),
    Key(&'a SharedKey),
    Passphrase(&'a Passphrase),
}

/// What programs a content key is sealed for.
#[derive(Clone, Copy)]
pub(super) enum Programs {
    /// They read authenticated encryption, and so OAEP.
    Modern,
    /// Each reads what it is known to read.
    AsTold,
    /// They are to be taken for old, whatever they are said to read.
    Old,
}

/// Of a certificate.
#[derive(Clone)]
struct Owner {
    certificate: Certificate,
    kind: KeyKind,
    /// What the owner's program reads, if that is known.
    capabilities: Option<Capabilities>,
}

/// Where a certificate says what its owner's program reads (RFC 4262).
const CAPABILITIES: KnownOid = KnownOid::new_unwrap("1.2.840.113549.1.9.15");

impl<'a> Addressees<'a> {
    /// The owner of this certificate, which is trusted for this address.
    ///
    /// # Errors
    /// Those of [`Validation::validate`]: it is not trusted, for another address, expired, revoked, or its key is not for
    /// encryption.
    pub fn one(certificate: &Certificate, address: &EmailAddress, trust: &Trust<'_>) -> Result<Self> {
        let purpose = Purpose::EmailRecipient(Mailbox::Of(address));
        let checked = trust.validate(&trust.validation(purpose), certificate)?;
        Self::of(checked.get())
    }

    /// The owner of this certificate, of which the caller knows in another way whose it is: it came by hand, say, or is
    /// pinned. It must name the address all the same, be valid now, and be for encryption.
    ///
    /// # Errors
    /// Those of [`one`](Self::one).
    pub fn as_given(certificate: &Certificate, address: &EmailAddress) -> Result<Self> {
        Self::as_given_at(certificate, address, Time::now())
    }

    /// [`as_given`](Self::as_given), valid at another time than now.
    ///
    /// # Errors
    /// Those of [`one`](Self::one).
    pub fn as_given_at(certificate: &Certificate, address: &EmailAddress, at: Time) -> Result<Self> {
        let purpose = Purpose::EmailRecipient(Mailbox::Of(address));
        let own = TrustAnchors::new([certificate.clone()])?;
        let checked = Validation::new(purpose, Revocation::Off).at(at).validate(certificate, &own)?;
        Self::of(checked.get())
    }

    fn of(certificate: &Certificate) -> Result<Self> {
        let kind = certificate.public_key()?.kind();
        // One that cannot be read says nothing.
        let stated = certificate.read(&CAPABILITIES, Capabilities::read).ok().flatten();
        let certificate = certificate.clone();
        Ok(Self::alone(Addressee::Owner(Box::new(Owner { certificate, kind, capabilities: stated }))))
    }

    /// Whoever has this key, and knows it by its name (RFC 5652 section 6.2.3).
    #[must_use]
    pub fn key(key: &'a SharedKey) -> Self {
        Self::alone(Addressee::Key(key))
    }

    /// Whoever knows this passphrase (RFC 3211).
    ///
    /// # Security
    /// It can be guessed at by anybody who has the mail: take a [generated](Passphrase::generate) one.
    #[must_use]
    pub fn passphrase(passphrase: &'a Passphrase) -> Self {
        Self::alone(Addressee::Passphrase(passphrase))
    }

    fn alone(addressee: Addressee<'a>) -> Self {
        Addressees { all: vec![addressee], modern: false }
    }

    /// These and those.
    ///
    /// # Errors
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if there are over 4096.
    pub fn and(mut self, others: Addressees<'a>) -> Result<Self> {
        self.all.extend(others.all);
        // What one of them knows of the others' programs does not hold for all.
        self.modern &= others.modern;
        if self.all.len() > CMS_RECIPIENTS {
            return Err(Error::over_limit("addressees", "there are over 4096", "send it in several mails"));
        }
        Ok(self)
    }

    /// Says what the programs of these addressees read, as a verified mail of theirs told:
    /// [`Signer::capabilities`](super::Signer::capabilities). It does not change what a certificate or an earlier call said.
    #[must_use]
    pub fn reading(mut self, capabilities: &Capabilities) -> Self {
        for addressee in &mut self.all {
            if let Addressee::Owner(owner) = addressee {
                owner.capabilities.get_or_insert_with(|| capabilities.clone());
            }
        }
        self
    }

    /// Says that the programs of these addressees read authenticated encryption (AuthEnvelopedData, RFC 5083): OpenSSL from 3.0,
    /// BouncyCastle, bulla. Thunderbird, Outlook and gpgsm 2.2 do not.
    ///
    /// It holds of those of whose programs nothing is known. Where a certificate or [`reading`](Self::reading) says what a
    /// program reads, that counts: one that lists AES-CBC alone gets that.
    #[must_use]
    pub fn modern(mut self) -> Self {
        self.modern = true;
        self
    }

    /// Whether all can read what a test finds in their capabilities. Of those whose capabilities nobody knows, owners of keys
    /// that old programs do not know, and of shared keys and passphrases, have programs of today, and so have all of whom the
    /// caller says it. `if_new`: those read it.
    fn all_read(&self, has: impl Fn(&Capabilities) -> bool, if_new: bool) -> bool {
        self.all.iter().all(|addressee| match addressee {
            Addressee::Owner(owner) => match &owner.capabilities {
                Some(capabilities) => has(capabilities),
                None => if_new && (self.modern || is_new(owner.kind)),
            },
            Addressee::Key(_) | Addressee::Passphrase(_) => if_new,
        })
    }

    pub(super) fn read_aes_gcm(&self) -> bool {
        self.all_read(Capabilities::reads_aes_256_gcm, true)
    }

    pub(super) fn read_chacha20(&self) -> bool {
        self.all_read(Capabilities::reads_chacha20, false)
    }

    pub(super) fn read_aes_128_gcm(&self) -> bool {
        self.all_read(Capabilities::reads_aes_128_gcm, false)
    }

    pub(super) fn read_cek_hkdf(&self) -> bool {
        self.all_read(Capabilities::reads_cek_hkdf, false)
    }

    pub(super) fn read_pss(&self) -> bool {
        self.all_read(Capabilities::reads_pss, true)
    }

    /// The content key, sealed for each of them.
    pub(super) fn seal(&self, content_key: &[u8], programs: Programs) -> Result<Vec<Vec<u8>>> {
        let seal = |addressee: &Addressee<'_>| match addressee {
            Addressee::Owner(owner) => {
                let told = owner.capabilities.as_ref().is_some_and(Capabilities::reads_oaep);
                let padding = match programs {
                    Programs::Modern => RsaPadding::Oaep,
                    Programs::AsTold if told => RsaPadding::Oaep,
                    Programs::AsTold | Programs::Old => RsaPadding::Pkcs1,
                };
                wrap::for_certificate(&owner.certificate, padding, content_key)
            }
            Addressee::Key(key) => wrap::for_kek(key.name(), key.key(), content_key),
            Addressee::Passphrase(passphrase) => wrap::for_passphrase(passphrase, content_key),
        };
        self.all.iter().map(seal).collect()
    }
}

/// Kinds of keys that no program of before AuthEnvelopedData knows.
fn is_new(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::X25519 | KeyKind::MlKem512 | KeyKind::MlKem768 | KeyKind::MlKem1024)
}

crate::secret::opaque_debug! {
    [] Addressees<'_> = "Addressees";
}
