//! Whom a certificate shall speak for: e-mail addresses and hosts, as callers name them.
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::error::{Error, Result};

/// An e-mail address, `local@domain`, as certificates have it.
///
/// The local part is compared exactly (RFC 5321 section 2.4), the domain without regard to case. A domain with letters
/// beyond ASCII is written in its A-labels (`xn--…`), as RFC 9598 has it in certificates.
///
/// ```
/// use bulla::x509::EmailAddress;
/// let bob: EmailAddress = "Bob@Example.org".parse()?;
/// assert_eq!(bob, "Bob@example.ORG".parse()?);
/// assert_ne!(bob, "bob@example.org".parse()?);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    local: String,
    /// In lower case.
    domain: String,
}

impl EmailAddress {
    /// What is before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// What is after it, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// `None` for what is no mailbox: certificates have such things, too.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"()<>[]:;@\\,\"".contains(c);
        let local_sound =
            if quoted { !local.chars().any(char::is_control) } else { local.chars().all(plain) };
        // RFC 5321 section 4.5.3.1: 64 and 255 bytes.
        let sound = !local.is_empty() && local.len() <= 64 && local_sound && is_host(domain);
        sound.then(|| EmailAddress { local: local.to_owned(), domain: domain.to_ascii_lowercase() })
    }
}

impl FromStr for EmailAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            let hint = "write it like bob@example.org, a domain with other letters as xn--…";
            Error::usage("e-mail address", "it is none", hint)
        })
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A host that one connects to: a DNS name (in lower case) or an address.
///
/// ```
/// use bulla::x509::ServerName;
/// let host: ServerName = "www.Example.org".parse()?;
/// assert_eq!(host.to_string(), "www.example.org");
/// let address: ServerName = "2001:db8::1".parse()?;
/// assert_ne!(host, address);
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ServerName(pub(super) Host);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Host {
    Dns(String),
    Ip(IpAddr),
}

impl FromStr for ServerName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        // A dot at the end says that the name is whole; certificates leave it out.
        let name = text.strip_suffix('.').unwrap_or(text);
        if is_numeric(name) || !is_host(name) {
            let hint = "write it like www.example.org or 192.0.2.1, other letters as xn--…";
            return Err(Error::usage("host name", "it is none", hint));
        }
        Ok(ServerName(Host::Dns(name.to_ascii_lowercase())))
    }
}

#[cfg(feature = "tls")]
impl ServerName {
    /// The address, if it is no name.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match self.0 {
            Host::Ip(address) => Some(address),
            Host::Dns(_) => None,
        }
    }
}

impl From<IpAddr> for ServerName {
    /// An IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2) is that IPv4 address.
    fn from(address: IpAddr) -> Self {
        ServerName(Host::Ip(address.to_canonical()))
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Host::Dns(name) => f.write_str(name),
            Host::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// Whether the last label is a number: then programs take the whole for an address (`1.2.3`, `0x7f000001`; WHATWG URL
/// section 3.5, "ends in a number"), and it must not be looked for as a name.
pub(super) fn is_numeric(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    let hex =
        last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hex || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this is a host's name: labels of 1 to 63 letters, digits, hyphens and underscores (which some hosts have),
/// 253 in all (RFC 1034 section 3.5, RFC 1123 section 2.1).
pub(super) fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=253).contains(&name.len()) && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_or_host_is_refused() {
        for text in [
            "",
            "bob",
            "@example.org",
            "bob@",
            "bob@-x.org",
            "b ob@example.org",
            "bob@exa mple.org",
            "bob@zoë.org",
            "a@b@c\n",
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text}");
        }
        for text in ["", ".", "a..b", "*.example.org", "exa mple", "zoë.org", "1.2.3", "x.4", "-a.org"] {
            assert!(text.parse::<ServerName>().is_err(), "{text}");
        }
        for text in ["0x7f000001", "0x7F.1", "1.2.3.0x4", "1.2.3.0X", "127.1."] {
            assert!(text.parse::<ServerName>().is_err(), "{text}");
        }
        let mapped: ServerName = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(mapped, "192.0.2.1".parse().unwrap());
        assert!("\"odd one\"@example.org".parse::<EmailAddress>().is_ok());
        assert!("zoë@example.org".parse::<EmailAddress>().is_ok());
    }
}
