//! Alternative names (RFC 5280 section 4.2.1.6): e-mail addresses, hosts, addresses, URIs and the rarer ones.
use std::fmt;
use std::net::IpAddr;

use super::address::EmailAddress;
use super::name::{self, Name};
use crate::encoding::oid::{KnownOid, Oid};
use crate::encoding::tlv::{self, Tlv, Unsound, Walker};
use crate::limits::GENERAL_NAMES;

/// A name in an extension: whom a certificate speaks for, or where something is to be had.
///
/// What is shown here is what the certificate says; it proves something only in a path that was validated.
///
/// ```
/// use bulla::x509::{GeneralName, Issue, Profile};
/// use bulla::{KeyKind, PrivateKey};
/// let key = PrivateKey::generate(KeyKind::P256)?;
/// let profile = Profile::tls_server(&["www.example.org", "192.0.2.1"])?;
/// let certificate = Issue::self_signed_for(profile, &key)?.sign()?;
/// let names = certificate.alternative_names()?;
/// assert_eq!(names[0], GeneralName::Dns("www.example.org".into()));
/// assert_eq!(names[1].to_string(), "IP Address:192.0.2.1");
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum GeneralName {
    /// An e-mail address (`rfc822Name`), all ASCII.
    Email(String),
    /// An e-mail address with other letters in its local part (`SmtpUTF8Mailbox`, RFC 9598).
    SmtpUtf8(String),
    /// A host, perhaps with a wildcard (`dNSName`), all ASCII.
    Dns(String),
    /// A URI, all ASCII.
    Uri(String),
    /// An address of a host.
    Ip(IpAddr),
    /// A distinguished name.
    Directory(Name),
    /// An object identifier.
    RegisteredId(Oid),
    /// A name of some other kind: its type, and its value in DER.
    Other(Oid, Vec<u8>),
    /// An X.400 or EDI name, in DER: nobody uses them.
    Odd(Vec<u8>),
}

/// id-on-SmtpUTF8Mailbox (RFC 9598 section 3).
const SMTP_UTF8: KnownOid = KnownOid::new_unwrap("1.3.6.1.5.5.7.8.9");

/// The e-mail addresses among names; what is none is passed over.
pub(super) fn mailboxes(names: &[GeneralName]) -> Vec<EmailAddress> {
    let address = |name: &GeneralName| match name {
        GeneralName::Email(text) | GeneralName::SmtpUtf8(text) => EmailAddress::read(text),
        _ => None,
    };
    names.iter().filter_map(address).collect()
}

// Tags of the choice (RFC 5280 section 4.2.1.6).
pub(super) const OTHER: u8 = tlv::constructed(0);
pub(super) const EMAIL: u8 = tlv::primitive(1);
pub(super) const DNS: u8 = tlv::primitive(2);
pub(super) const DIRECTORY: u8 = tlv::constructed(4);
pub(super) const URI: u8 = tlv::primitive(6);
pub(super) const IP: u8 = tlv::primitive(7);
const REGISTERED_ID: u8 = tlv::primitive(8);

impl GeneralName {
    pub(super) fn read(tlv: &Tlv<'_>) -> tlv::Result<Self> {
        let text = || match str::from_utf8(tlv.value()) {
            Ok(text) if text.is_ascii() => Ok(text.to_owned()),
            _ => Err(Unsound),
        };
        Ok(match tlv.tag {
            EMAIL => GeneralName::Email(text()?),
            DNS => GeneralName::Dns(text()?),
            URI => GeneralName::Uri(text()?),
            IP => GeneralName::Ip(address(tlv.value())?),
            DIRECTORY => {
                let name = tlv::only(tlv.value(), tlv::SEQUENCE)?;
                name::check(&name)?;
                GeneralName::Directory(Name::of(name.whole()))
            }
            REGISTERED_ID => GeneralName::RegisteredId(Oid::from_value(tlv.value()).ok_or(Unsound)?),
            OTHER => other(&mut tlv.inside())?,
            // X.400 addresses and EDI party names.
            0xa3 | 0xa5 => GeneralName::Odd(tlv.whole().to_vec()),
            _ => return Err(Unsound),
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        match self {
            GeneralName::Email(text) => tlv::wrap(EMAIL, &[text.as_bytes()]),
            GeneralName::Dns(text) => tlv::wrap(DNS, &[text.as_bytes()]),
            GeneralName::Uri(text) => tlv::wrap(URI, &[text.as_bytes()]),
            GeneralName::Ip(IpAddr::V4(address)) => tlv::wrap(IP, &[&address.octets()]),
            GeneralName::Ip(IpAddr::V6(address)) => tlv::wrap(IP, &[&address.octets()]),
            GeneralName::Directory(name) => tlv::wrap(DIRECTORY, &[name.as_der()]),
            GeneralName::RegisteredId(oid) => tlv::wrap(REGISTERED_ID, &[oid.as_bytes()]),
            GeneralName::Other(oid, value) => other_name(oid, value),
            GeneralName::SmtpUtf8(text) => {
                other_name(&Oid::known(&SMTP_UTF8), &tlv::wrap(tlv::UTF8_STRING, &[text.as_bytes()]))
            }
            GeneralName::Odd(der) => der.clone(),
        }
    }
}

fn address(bytes: &[u8]) -> tlv::Result<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Ok(four.into());
    }
    <[u8; 16]>::try_from(bytes).map(IpAddr::from).map_err(|_| Unsound)
}

fn other(inside: &mut Walker<'_>) -> tlv::Result<GeneralName> {
    let oid = Oid::from_value(inside.expect(tlv::OID)?.value()).ok_or(Unsound)?;
    let mut value = inside.expect(tlv::constructed(0))?.inside();
    inside.end()?;
    let value = {
        let only = value.any()?;
        value.end()?;
        only
    };
    if oid.is(&SMTP_UTF8) {
        let text = str::from_utf8(value.value()).map_err(|_| Unsound)?;
        return if value.tag == tlv::UTF8_STRING {
            Ok(GeneralName::SmtpUtf8(text.to_owned()))
        } else {
            Err(Unsound)
        };
    }
    Ok(GeneralName::Other(oid, value.whole().to_vec()))
}

fn other_name(oid: &Oid, value: &[u8]) -> Vec<u8> {
    let oid = tlv::wrap(tlv::OID, &[oid.as_bytes()]);
    tlv::wrap(OTHER, &[&oid, &tlv::wrap(tlv::constructed(0), &[value])])
}

/// GeneralNames: a SEQUENCE, or what stands in its place with an implicit tag.
pub(super) fn read_all(names: &Tlv<'_>) -> tlv::Result<Vec<GeneralName>> {
    let mut walker = names.inside();
    let mut all = Vec::new();
    while !walker.is_done() {
        if all.len() >= GENERAL_NAMES {
            return Err(Unsound);
        }
        all.push(GeneralName::read(&walker.any()?)?);
    }
    Ok(all)
}

/// GeneralNames under this tag.
pub(super) fn write_all(tag: u8, names: &[GeneralName]) -> Vec<u8> {
    let names: Vec<Vec<u8>> = names.iter().map(GeneralName::write).collect();
    tlv::wrap(tag, &names.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// As OpenSSL shows them; control characters are escaped.
impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GeneralName::Email(text) | GeneralName::SmtpUtf8(text) => {
                write!(f, "email:{}", text.escape_debug())
            }
            GeneralName::Dns(text) => write!(f, "DNS:{}", text.escape_debug()),
            GeneralName::Uri(text) => write!(f, "URI:{}", text.escape_debug()),
            GeneralName::Ip(address) => write!(f, "IP Address:{address}"),
            GeneralName::Directory(name) => write!(f, "DirName:{name}"),
            GeneralName::RegisteredId(oid) => write!(f, "Registered ID:{oid}"),
            GeneralName::Other(oid, _) => write!(f, "othername:{oid}"),
            GeneralName::Odd(_) => f.write_str("an X.400 or EDI name"),
        }
    }
}
