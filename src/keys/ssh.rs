//! SSH keys as age takes them: ssh-ed25519 and ssh-rsa, public and private.
use ssh_key::private::KeypairData;
use ssh_key::public::KeyData;
use ssh_key::{Kdf, PrivateKey, PublicKey};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{KEY_FILE_BYTES, RSA_MAX_BITS, RSA_MIN_BITS, SSH_BCRYPT_ROUNDS};
use crate::primitives::{agree, rsa};
use crate::secret::Secret;

/// A public key.
#[derive(Clone)]
pub(crate) struct Public {
    pub(crate) kind: PublicKind,
    /// The key in SSH's own encoding (RFC 4253 section 6.6): what age's tags are made of.
    pub(crate) wire: Vec<u8>,
    text: String,
}

#[derive(Clone)]
pub(crate) enum PublicKind {
    /// As an X25519 key.
    Ed25519([u8; 32]),
    Rsa(rsa::Public),
}

/// A private key.
pub(crate) struct Private {
    pub(crate) kind: PrivateKind,
    public: Public,
}

pub(crate) enum PrivateKind {
    /// As an X25519 secret.
    Ed25519(Secret<32>),
    Rsa(rsa::Private),
}

impl Public {
    /// Reads a line of an `.pub` or `authorized_keys` file, without options.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        if line.len() > KEY_FILE_BYTES {
            return Err(malformed("the line is too long"));
        }
        let key = PublicKey::from_openssh(line).map_err(|_| malformed("the line is not sound"))?;
        Self::from_data(key.key_data())
    }

    fn from_data(data: &KeyData) -> Result<Self> {
        let kind = if let Some(ed25519) = data.ed25519() {
            let key = agree::public_from_ed25519(&ed25519.0);
            PublicKind::Ed25519(key.ok_or_else(|| malformed("the Ed25519 point is none"))?)
        } else if let Some(key) = data.rsa() {
            let (n, e) = (key.n().as_positive_bytes(), key.e().as_positive_bytes());
            let bits = RSA_MIN_BITS..=RSA_MAX_BITS;
            let key = n.zip(e).and_then(|(n, e)| rsa::Public::new(n, e, bits));
            PublicKind::Rsa(
                key.ok_or_else(|| unsupported("the RSA key is not of 2048 to 8192 bits, or wrong"))?,
            )
        } else {
            return Err(unsupported("only ssh-ed25519 and ssh-rsa keys can decrypt"));
        };
        let key = PublicKey::new(data.clone(), "");
        let wire = key.to_bytes().map_err(|_| malformed("the key cannot be encoded"))?;
        let text = key.to_openssh().map_err(|_| malformed("the key cannot be encoded"))?;
        Ok(Public { kind, wire, text: text.trim_end().to_owned() })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Public {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire
    }
}

impl Eq for Public {}

impl Private {
    pub(crate) fn parse(pem: &[u8], passphrase: Option<&str>) -> Result<Self> {
        if pem.len() > KEY_FILE_BYTES {
            return Err(malformed("the file is too long"));
        }
        let text = pem.trim_ascii_start();
        if text.starts_with(b"-----BEGIN ") && !text.starts_with(b"-----BEGIN OPENSSH PRIVATE KEY") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "SSH key",
                "it is in PEM's older form, not in OpenSSH's own (BEGIN OPENSSH PRIVATE KEY)",
                "convert a copy of it with `ssh-keygen -p -f FILE`",
            ));
        }
        let key = PrivateKey::from_openssh(pem);
        let mut key = key.map_err(|_| malformed("it is not an OpenSSH private key"))?;
        if key.is_encrypted() {
            key = unseal(&key, passphrase)?;
        }
        let public = Public::from_data(key.public_key().key_data())?;
        let kind = match key.key_data() {
            KeypairData::Ed25519(pair) => {
                PrivateKind::Ed25519(agree::secret_from_ed25519(pair.private.as_ref()))
            }
            KeypairData::Rsa(pair) => {
                let private = pair.private();
                let parts = [pair.public().n(), pair.public().e(), private.d(), private.p(), private.q()]
                    .map(|number| number.as_positive_bytes().unwrap_or_default());
                let [n, e, d, p, q] = parts;
                let key = rsa::Private::new(n, e, d, [p, q]);
                PrivateKind::Rsa(key.ok_or_else(|| malformed("the RSA key's parts do not fit"))?)
            }
            _ => return Err(unsupported("only ssh-ed25519 and ssh-rsa keys can decrypt")),
        };
        Ok(Private { kind, public })
    }

    pub(crate) fn public(&self) -> &Public {
        &self.public
    }
}

/// Opens a private key that is sealed under a passphrase.
fn unseal(key: &PrivateKey, passphrase: Option<&str>) -> Result<PrivateKey> {
    if let Kdf::Bcrypt { rounds, .. } = key.kdf()
        && *rounds > SSH_BCRYPT_ROUNDS
    {
        return Err(Error::over_limit(
            "SSH key",
            format!("its passphrase asks for {rounds} bcrypt rounds, over {SSH_BCRYPT_ROUNDS}"),
            "change its passphrase with `ssh-keygen -p -a 100`",
        ));
    }
    let passphrase = passphrase
        .ok_or_else(|| Error::usage("SSH key", "it is sealed under a passphrase", "give the passphrase"))?;
    key.decrypt(passphrase).map_err(|_| {
        Error::new(ErrorKind::NoKeyFits, "SSH key", "the passphrase does not open it", "try again")
    })
}

fn malformed(why: &'static str) -> Error {
    Error::malformed("SSH key", why)
}

fn unsupported(why: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "SSH key", why, "use another key, or `bulla keygen`")
}
