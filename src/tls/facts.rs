//! How a connection was made: what logs and reports tell of it.
use std::fmt;

use rustls::{CipherSuite, HandshakeKind, NamedGroup, ProtocolVersion};

use crate::encoding::plain::one_line;

/// How a connection was made. `Display` is one line of it.
#[derive(Clone, Debug)]
pub struct Facts {
    version: &'static str,
    suite: &'static str,
    group: Option<&'static str>,
    resumed: bool,
    protocol: Option<Vec<u8>>,
    server_name: Option<String>,
}

impl Facts {
    pub(super) fn of(connection: &rustls::Connection) -> Self {
        let server_name = match connection {
            rustls::Connection::Server(server) => server.server_name().map(str::to_owned),
            rustls::Connection::Client(_) => None,
        };
        Facts {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS",
            },
            suite: connection.negotiated_cipher_suite().map_or("none", |suite| suite_name(suite.suite())),
            group: connection.negotiated_key_exchange_group().map(|group| group_name(group.name())),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            server_name,
        }
    }

    /// `TLS 1.3` or `TLS 1.2`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// The suite, by the name that IANA has for it: `TLS_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn suite(&self) -> &'static str {
        self.suite
    }

    /// The group that the key was agreed on by, by IANA's name: `X25519MLKEM768`. There is none where TLS 1.2 resumes.
    #[must_use]
    pub fn group(&self) -> Option<&'static str> {
        self.group
    }

    /// Whether the two sides knew each other from an earlier connection.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The protocol that was agreed on, if one was (ALPN).
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.protocol.as_deref()
    }

    /// The host that the client asked for (SNI), on the server.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.version, self.suite)?;
        if let Some(group) = self.group {
            write!(f, ", {group}")?;
        }
        if self.resumed {
            f.write_str(", resumed")?;
        }
        if let Some(protocol) = &self.protocol {
            write!(f, ", {}", one_line(&String::from_utf8_lossy(protocol)))?;
        }
        if let Some(name) = &self.server_name {
            write!(f, ", for {}", one_line(name))?;
        }
        Ok(())
    }
}

fn suite_name(suite: CipherSuite) -> &'static str {
    use CipherSuite as C;
    match suite {
        C::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        C::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        C::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown"),
    }
}

fn group_name(group: NamedGroup) -> &'static str {
    group.as_str().unwrap_or("unknown")
}
