//! Certificate requests (PKCS #10, RFC 2986): read exactly, and the proof that the asker has the private key.
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::address::EmailAddress;
use super::attribute;
use super::extension::{self, Extension, SUBJECT_ALT_NAME};
use super::general_name::{self, GeneralName};
use super::name::{self, Name};
use super::possession;
use super::profile::Profile;
use super::request_attribute::{
    self, CHALLENGE_PASSWORD, EXTENSION_REQUEST, MICROSOFT_EXTENSIONS, RequestAttribute,
};
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::pem;
use crate::encoding::tlv::{self, Tlv, Walker};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::{PrivateKey, PublicKey, SignatureAlgorithm};
use crate::limits::CERTIFICATE_BYTES;
use crate::secret::opaque_debug;
use crate::verified::Verified;

/// A request for a certificate: a key, and what its holder would like to be certified.
///
/// [`verify`](Self::verify) proves that whoever made it has the private key, and nothing else: the names are wishes. Whoever
/// issues states the names that it has found to be true, and [`Authority::from_request`](super::Authority::from_request)
/// takes the key alone.
///
/// ```
/// use bulla::x509::{Authority, EmailAddress, Profile, Request};
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let text = Request::builder(&key).email(&"bob@example.org".parse()?).sign()?.to_pem();
///
/// let root = Authority::root(&"CN=Example Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// let request = Request::from_pem(&text)?.verify()?;
/// // Whose addresses they are is the authority's to find out.
/// let known = |address: &EmailAddress| address.domain() == "example.org";
/// let addresses: Vec<_> = request.get().email_addresses()?.into_iter().filter(known).collect();
/// let certificate = root.from_request(Profile::email(&addresses)?, &request)?.sign()?;
/// assert_eq!(certificate.public_key()?, *key.public());
/// # Ok::<(), bulla::Error>(())
/// ```
// No `AsRef<[u8]>`: `PublicKey::verify` makes a `Verified` of whatever has it.
#[derive(Clone)]
pub struct Request {
    der: Arc<[u8]>,
    at: Fields,
}

/// Where the fields lie, tag and length included (but of the signature: its bytes).
#[derive(Clone)]
struct Fields {
    info: Range<usize>,
    version: u32,
    subject: Range<usize>,
    public_key: Range<usize>,
    attributes: Range<usize>,
    algorithm: Range<usize>,
    signature: Range<usize>,
}

const WHAT: &str = "certificate request";

impl Request {
    /// A request for a certificate of this key, to be filled in and signed.
    pub fn builder(key: &PrivateKey) -> RequestBuilder<'_> {
        RequestBuilder {
            key,
            subject: None,
            addresses: Vec::new(),
            hosts: Vec::new(),
            password: None,
            extras: Vec::new(),
        }
    }

    /// Reads a request in DER.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if its structure is not sound,
    /// [`OverLimit`](crate::ErrorKind::OverLimit) if it is over 256 KiB.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        if der.len() > CERTIFICATE_BYTES {
            return Err(Error::over_limit(WHAT, "it is over 256 KiB", "no sound request is so long"));
        }
        let at = fields(der).map_err(|_| malformed("it is no PKCS #10 request in DER"))?;
        Ok(Request { der: der.into(), at })
    }

    /// Reads the first request of a PEM text (RFC 7468 section 7).
    ///
    /// # Errors
    /// Those of [`from_der`](Self::from_der), and [`Malformed`](crate::ErrorKind::Malformed) if there is none.
    pub fn from_pem(text: &str) -> Result<Self> {
        let labels = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
        let blocks = pem::blocks(text, |label| labels.contains(&label))?;
        Self::from_der(&blocks.first().ok_or_else(|| malformed("there is none in the PEM"))?.bytes)
    }

    /// The request in DER, byte for byte as it came.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The request in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        // What has at most 256 KiB fits its own encoding.
        pem::encode("CERTIFICATE REQUEST", &self.der).unwrap_or_default()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }

    /// 1; other numbers as they stand.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.at.version.saturating_add(1)
    }

    /// The name that is asked for. May be empty when the alternative names say it.
    #[must_use]
    pub fn subject(&self) -> Name {
        Name::of(self.part(&self.at.subject))
    }

    /// The key that is to be certified.
    ///
    /// # Errors
    /// Those of [`PublicKey::from_der`].
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_der(self.public_key_info())
    }

    /// The key as SubjectPublicKeyInfo in DER, of whatever kind.
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        self.part(&self.at.public_key)
    }

    /// How it is signed.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for an algorithm that bulla does not know.
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm> {
        SignatureAlgorithm::from_der(self.part(&self.at.algorithm))
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.part(&self.at.signature)
    }

    /// Checks that the request was signed with the private key of the key that it is for, and not changed since.
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) if it was not; [`Unsupported`](crate::ErrorKind::Unsupported) for a
    /// version other than 1, a signature by SHA-1 or MD5, or a key of a kind or size that bulla does not use.
    pub fn verify(self) -> Result<Verified<Self, PublicKey>> {
        // RFC 2986 section 4.1 has this one only: what another would mean nobody knows.
        if self.version() != 1 {
            let why = format!("it is of version {}, and there is only version 1", self.version());
            return Err(Error::new(ErrorKind::Unsupported, WHAT, why, "ask for one as RFC 2986 has it"));
        }
        let (key, algorithm) = (self.part(&self.at.public_key), self.part(&self.at.algorithm));
        let key = possession::check(WHAT, key, algorithm, self.part(&self.at.info), self.signature())?;
        Ok(Verified::new(self, key))
    }

    /// All attributes, in their order; those whose identifier cannot be read are left out.
    pub fn attributes(&self) -> impl Iterator<Item = RequestAttribute> {
        self.raw_attributes().filter_map(|(id, values)| RequestAttribute::read(id, &values))
    }

    fn raw_attributes(&self) -> impl Iterator<Item = (&[u8], Tlv<'_>)> {
        let whole = tlv::only(self.part(&self.at.attributes), tlv::constructed(0));
        let mut walker = whole.map_or(Walker::new(&[]), |tlv| tlv.inside());
        std::iter::from_fn(move || request_attribute::next(&mut walker).ok())
    }

    /// The only value of the only attribute of this type.
    fn value(&self, ids: &[KnownOid]) -> Result<Option<Tlv<'_>>> {
        let mut found =
            self.raw_attributes().filter(|(id, _)| ids.iter().any(|known| known.as_bytes() == *id));
        let Some((_, values)) = found.next() else { return Ok(None) };
        let mut values = values.inside();
        match (values.any(), values.end(), found.next()) {
            (Ok(value), Ok(()), None) => Ok(Some(value)),
            // Which of several counts would be anybody's guess (RFC 2985: single valued).
            _ => Err(malformed("an attribute of one value has none or several")),
        }
    }

    /// The extensions that are asked for. None: empty.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if they are not sound, or there twice, all or one.
    pub fn extensions(&self) -> Result<Vec<Extension>> {
        Ok(extension::all(self.raw_extensions()?).filter_map(|raw| raw.owned()).collect())
    }

    fn raw_extensions(&self) -> Result<&[u8]> {
        let Some(value) = self.value(&[EXTENSION_REQUEST, MICROSOFT_EXTENSIONS])? else { return Ok(&[]) };
        request_attribute::check_extensions(&value)
            .map_err(|_| malformed("the extensions that it asks for are not sound"))?;
        let mut ids: Vec<&[u8]> = extension::all(value.whole()).map(|raw| raw.id).collect();
        ids.sort_unstable();
        // No certificate may have one twice (RFC 5280 section 4.2), and which was meant would be anybody's guess.
        if ids.windows(2).any(|two| two.first() == two.last()) {
            return Err(malformed("it asks for an extension twice"));
        }
        Ok(value.whole())
    }

    /// The alternative names that are asked for. None: empty.
    ///
    /// # Errors
    /// Those of [`extensions`](Self::extensions).
    pub fn alternative_names(&self) -> Result<Vec<GeneralName>> {
        let reader = |value: &[u8]| general_name::read_all(&tlv::only(value, tlv::SEQUENCE)?);
        Ok(extension::read(self.raw_extensions()?, &SUBJECT_ALT_NAME, reader)?.unwrap_or_default())
    }

    /// The e-mail addresses among the alternative names; what is none is passed over.
    ///
    /// # Errors
    /// Those of [`extensions`](Self::extensions).
    pub fn email_addresses(&self) -> Result<Vec<EmailAddress>> {
        Ok(general_name::mailboxes(&self.alternative_names()?))
    }

    /// The hosts among the alternative names, wildcards and addresses with them, as
    /// [`Profile::tls_server`](super::Profile::tls_server) takes them.
    ///
    /// # Errors
    /// Those of [`extensions`](Self::extensions).
    pub fn hosts(&self) -> Result<Vec<String>> {
        let host = |name: &GeneralName| match name {
            GeneralName::Dns(text) => Some(text.clone()),
            GeneralName::Ip(address) => Some(address.to_string()),
            _ => None,
        };
        Ok(self.alternative_names()?.iter().filter_map(host).collect())
    }

    /// The password to ask for revocation with later (RFC 2985 section 5.4.1), which the request holds *in plain*.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) if it is no text, or there twice.
    pub fn expose_challenge_password(&self) -> Result<Option<Zeroizing<String>>> {
        let Some(value) = self.value(&[CHALLENGE_PASSWORD])? else { return Ok(None) };
        let text = attribute::text(value.tag, value.value());
        Ok(Some(Zeroizing::new(text.ok_or_else(|| malformed("its challenge password is no text"))?)))
    }
}

/// CertificationRequest and CertificationRequestInfo (RFC 2986 section 4): the order and tags of the fields.
fn fields(der: &[u8]) -> tlv::Result<Fields> {
    let mut outer = tlv::only(der, tlv::SEQUENCE)?.inside();
    let info = outer.expect(tlv::SEQUENCE)?;
    let algorithm = outer.expect(tlv::SEQUENCE)?.range();
    let signature = outer.expect(tlv::BIT_STRING)?;
    let value = signature.value_range();
    let signature = value.end - signature.bits()?.len()..value.end;
    outer.end()?;

    let mut inside = info.inside();
    let version = inside.expect(tlv::INTEGER)?.small()?;
    let subject = inside.expect(tlv::SEQUENCE)?;
    name::check(&subject)?;
    let public_key = inside.expect(tlv::SEQUENCE)?.range();
    // Old programs leave them out when there are none.
    let attributes = match inside.optional(tlv::constructed(0))? {
        Some(attributes) => {
            request_attribute::check(&attributes)?;
            attributes.range()
        }
        None => 0..0,
    };
    inside.end()?;
    let (info, subject) = (info.range(), subject.range());
    Ok(Fields { info, version, subject, public_key, attributes, algorithm, signature })
}

fn malformed(why: &'static str) -> Error {
    Error::malformed(WHAT, why)
}

/// Equal when the bytes are.
impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Request {}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.subject())
    }
}

/// A [`Request`] that is being made. Nothing is there before [`sign`](Self::sign).
///
/// ```
/// use bulla::x509::Request;
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let request = Request::builder(&key).subject(&"O=Example".parse()?).host("www.example.org").sign()?;
/// assert_eq!(request.hosts()?, ["www.example.org"]);
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use = "nothing is asked for before `sign`"]
pub struct RequestBuilder<'a> {
    key: &'a PrivateKey,
    subject: Option<Name>,
    addresses: Vec<EmailAddress>,
    hosts: Vec<String>,
    password: Option<Zeroizing<String>>,
    extras: Vec<Extension>,
}

opaque_debug! {
    ['a] RequestBuilder<'a> = "RequestBuilder";
}

impl RequestBuilder<'_> {
    /// The name to ask for. Without it, it is the first address or host.
    pub fn subject(mut self, name: &Name) -> Self {
        self.subject = Some(name.clone());
        self
    }

    /// An e-mail address to ask for, as an alternative name.
    pub fn email(mut self, address: &EmailAddress) -> Self {
        self.addresses.push(address.clone());
        self
    }

    /// A host to ask for: a name, `*.` and a domain, or an address.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// A password to ask for revocation with later. Whoever sees the request sees it.
    pub fn challenge_password(mut self, password: &str) -> Self {
        self.password = Some(Zeroizing::new(password.to_owned()));
        self
    }

    /// Any other extension to ask for. Whoever issues decides what comes of it.
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extras.push(extension);
        self
    }

    /// Signs the request with its own key.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a key that does not sign (X25519, ML-KEM), no name at all, a host that is
    /// none, a password that is empty or over 255 characters, an extension that is there twice.
    pub fn sign(self) -> Result<Request> {
        let algorithm = self.key.signature_algorithm().map_err(|_| {
            // RFC 9883 has another way, which needs a second key and an issuer that knows it.
            let why = format!("a key of kind {} cannot sign it", self.key.kind());
            let hint =
                "give the public key itself to the issuer, in a message that you sign with another key";
            Error::usage(WHAT, why, hint)
        })?;
        let names = self.names()?;
        let subject = match (&self.subject, names.first()) {
            (Some(subject), _) => subject.clone(),
            (None, Some(profile)) => profile.subject().clone(),
            (None, None) => {
                return Err(Error::usage(WHAT, "it asks for no name", "give a name, an address or a host"));
            }
        };
        let mut attributes = [self.write_extensions(&names)?, self.write_password()?];
        // DER sorts a SET OF (X.690 section 11.6).
        attributes.sort();
        let info = tlv::sequence(&[
            &tlv::number(0),
            subject.as_der(),
            self.key.public().as_der(),
            &tlv::wrap(tlv::constructed(0), &attributes.each_ref().map(Vec::as_slice)),
        ]);
        let signature = self.key.sign_with(algorithm, &info)?;
        Request::from_der(&tlv::sequence(&[&info, &algorithm.to_der(), &tlv::bit_string(&signature)]))
    }

    /// The names by profile, which knows what is one.
    fn names(&self) -> Result<Vec<Profile>> {
        let mut all = Vec::new();
        if !self.addresses.is_empty() {
            all.push(Profile::email(&self.addresses)?);
        }
        if !self.hosts.is_empty() {
            all.push(Profile::tls_server(&self.hosts)?);
        }
        Ok(all)
    }

    fn write_extensions(&self, profiles: &[Profile]) -> Result<Vec<u8>> {
        let names: Vec<GeneralName> = profiles.iter().flat_map(Profile::names).cloned().collect();
        let mut all = self.extras.clone();
        if !names.is_empty() {
            let value = general_name::write_all(tlv::SEQUENCE, &names);
            all.push(Extension::known(&SUBJECT_ALT_NAME, false, value));
        }
        let mut ids: Vec<&Oid> = all.iter().map(Extension::id).collect();
        ids.sort();
        if ids.windows(2).any(|two| two.first() == two.last()) {
            return Err(Error::usage(WHAT, "an extension is there twice", "leave one out"));
        }
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<Vec<u8>> = all.iter().map(Extension::write).collect();
        let all = tlv::sequence(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
        Ok(request_attribute::write(&EXTENSION_REQUEST, &all))
    }

    fn write_password(&self) -> Result<Vec<u8>> {
        let Some(password) = &self.password else { return Ok(Vec::new()) };
        // pkcs-9-ub-challengePassword (RFC 2985 appendix A).
        if !(1..=255).contains(&password.chars().count()) {
            return Err(Error::usage(
                WHAT,
                "the challenge password is empty or too long",
                "take 1 to 255 characters",
            ));
        }
        let tag = if attribute::is_printable(password) { tlv::PRINTABLE_STRING } else { tlv::UTF8_STRING };
        Ok(request_attribute::write(&CHALLENGE_PASSWORD, &tlv::wrap(tag, &[password.as_bytes()])))
    }
}
