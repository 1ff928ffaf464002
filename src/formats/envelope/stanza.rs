//! The stanzas of `bulla/v1`: each wraps the file key for one holder (docs/file-format.md section 2).
use crate::encoding::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::cobblestone::split_array;
use crate::formats::header::{Stanza, decimal, malformed};
use crate::keys::identity::PrivateKey;
use crate::keys::lock::{Holder, Opener};
use crate::keys::recipient::PublicKey;
use crate::keys::work::Budget;
use crate::keys::{KdfCost, Key, Passphrase};
use crate::primitives::aead::{Cipher, KEY, NONCE, TAG};
use crate::primitives::hpke::{self, Kem, NotOpened};
use crate::primitives::{hash, kdf, random};
use crate::secret::{Secret, equal};

/// The key that every stanza wraps and everything else follows from.
pub(crate) type FileKey = Secret<32>;

/// Commitment, file key and tag.
const WRAPPED: usize = COMMITMENT + KEY + TAG;
const COMMITMENT: usize = 32;
/// File key and tag.
const SEALED: usize = KEY + TAG;

/// What a stanza says, apart from its body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Memory in KiB, passes, lanes.
    Argon2id {
        salt: [u8; 16],
        figures: [u32; 3],
    },
    Pbkdf2 {
        salt: [u8; 16],
        iterations: u32,
    },
    Key {
        tag: [u8; 8],
        salt: [u8; 16],
    },
    Hpke {
        kem: Kem,
        enc: Vec<u8>,
    },
    Meta,
    Unknown,
}

impl Kind {
    /// Reads a stanza. One of a type that the format names must have the form that it gives.
    pub(crate) fn read(stanza: &Stanza) -> Result<Self> {
        let body = stanza.body.len();
        match stanza.kind() {
            "argon2id" => Self::read_argon2id(stanza).filter(|_| body == WRAPPED),
            "pbkdf2-sha512" => Self::read_pbkdf2(stanza).filter(|_| body == WRAPPED),
            "key" => Self::read_key(stanza).filter(|_| body == WRAPPED),
            "x25519" => Self::read_hpke(stanza, Kem::X25519, 32).filter(|_| body == SEALED),
            "mlkem768x25519" => {
                Self::read_hpke(stanza, Kem::XWing, hpke::XWING_ENC).filter(|_| body == SEALED)
            }
            "meta" => stanza.exactly::<0>().map(|_| Kind::Meta),
            _ => Some(Kind::Unknown),
        }
        .ok_or_else(|| malformed("a stanza has not the form of its type"))
    }

    fn read_argon2id(stanza: &Stanza) -> Option<Self> {
        let [salt, memory, passes, lanes] = stanza.exactly()?;
        let figures = [decimal(memory)?, decimal(passes)?, decimal(lanes)?];
        Some(Kind::Argon2id { salt: base64::decode_array(salt)?, figures })
    }

    fn read_pbkdf2(stanza: &Stanza) -> Option<Self> {
        let [salt, iterations] = stanza.exactly()?;
        Some(Kind::Pbkdf2 { salt: base64::decode_array(salt)?, iterations: decimal(iterations)? })
    }

    fn read_key(stanza: &Stanza) -> Option<Self> {
        let [tag, salt] = stanza.exactly()?;
        Some(Kind::Key { tag: base64::decode_array(tag)?, salt: base64::decode_array(salt)? })
    }

    fn read_hpke(stanza: &Stanza, kem: Kem, length: usize) -> Option<Self> {
        let [enc] = stanza.exactly()?;
        let enc = base64::decode(enc).filter(|enc| enc.len() == length)?;
        Some(Kind::Hpke { kem, enc })
    }

    pub(crate) fn is_passphrase(&self) -> bool {
        matches!(self, Kind::Argon2id { .. } | Kind::Pbkdf2 { .. })
    }

    /// Whether only somebody who shares a secret can have made it.
    pub(crate) fn is_shared(&self) -> bool {
        self.is_passphrase() || matches!(self, Kind::Key { .. })
    }
}

/// Wraps the file key for a holder.
pub(crate) fn wrap(file_key: &FileKey, holder: &Holder<'_>) -> Result<Stanza> {
    match holder {
        Holder::Key(key) => wrap_for_key(file_key, key),
        Holder::Passphrase(passphrase) => wrap_for_passphrase(file_key, passphrase),
        Holder::Recipient(recipient) => match &recipient.0 {
            PublicKey::X25519(key) => wrap_for_recipient(file_key, Kem::X25519, key),
            PublicKey::XWing(key) => wrap_for_recipient(file_key, Kem::XWing, key),
            PublicKey::Ssh(_) => Err(Error::usage(
                "recipients",
                "SSH keys are recipients of age files only",
                "write an age file, or use a recipient that `bulla keygen` made",
            )),
        },
    }
}

fn wrap_for_key(file_key: &FileKey, key: &Key) -> Result<Stanza> {
    let salt = random::bytes::<16>();
    let tag = base64::encode(&key_tag(key, &salt));
    let arguments = format!("key {tag} {}", base64::encode(&salt));
    wrap_under(file_key, key.expose_bytes(), arguments)
}

/// Finds a key among many without telling it to those who do not have its id.
fn key_tag(key: &Key, salt: &[u8; 16]) -> [u8; 8] {
    let id = key.id();
    *hash::expand_sha512::<8>(id.as_bytes(), &[b"bulla/v1 key tag", salt]).expose()
}

fn wrap_for_passphrase(file_key: &FileKey, passphrase: &Passphrase) -> Result<Stanza> {
    let salt = random::bytes::<16>();
    let text = base64::encode(&salt);
    let [memory, passes, lanes] = match passphrase.kdf_cost() {
        KdfCost::Low => [64 << 10, 3, 4],
        KdfCost::Standard => [256 << 10, 3, 4],
        KdfCost::High => [1 << 20, 4, 4],
        KdfCost::Nist => {
            let iterations = 600_000;
            let kek = kdf::pbkdf2_sha512(passphrase.as_bytes(), &salt, iterations);
            return wrap_under(file_key, kek.expose(), format!("pbkdf2-sha512 {text} {iterations}"));
        }
    };
    let kek = kdf::argon2id(passphrase.as_bytes(), &salt, memory, passes, lanes).map_err(|_| {
        Error::new(
            ErrorKind::Io,
            "passphrase",
            format!("there is no memory for Argon2id: {memory} KiB"),
            "free some, or choose a lower KDF cost",
        )
    })?;
    wrap_under(file_key, kek.expose(), format!("argon2id {text} {memory} {passes} {lanes}"))
}

fn wrap_for_recipient(file_key: &FileKey, kem: Kem, public: &[u8]) -> Result<Stanza> {
    let sealed = hpke::seal(kem, hpke::Cipher::Aes256Gcm, public, info(kem), file_key.expose());
    let sealed = sealed.ok_or_else(|| Error::malformed("recipient", "it is no public key"))?;
    let arguments = format!("{} {}", type_name(kem), base64::encode(&sealed.enc));
    Ok(Stanza::new(arguments, sealed.ciphertext))
}

/// The committing wrap under a symmetric key: a commitment, then AES-256-GCM.
///
/// GCM alone would let one body open under two keys to two things (ePrint 2020/1491); the commitment does not.
pub(crate) fn wrap_under(file_key: &FileKey, kek: &[u8; 32], arguments: String) -> Result<Stanza> {
    let stanza = Stanza::new(arguments, Vec::new());
    let Wrap { cipher, nonce, commitment } = Wrap::derive(kek, &stanza);
    let sealed = cipher.seal_vec(&nonce, file_key.expose()).map_err(|_| Error::unauthentic())?;
    Ok(stanza.with_body([&commitment[..], &sealed].concat()))
}

fn unwrap_under(kek: &[u8; 32], stanza: &Stanza) -> Result<Option<FileKey>> {
    let Wrap { cipher, nonce, commitment } = Wrap::derive(kek, stanza);
    let (given, sealed) = split_array::<COMMITMENT>(&stanza.body);
    if !equal(&commitment, given) {
        return Ok(None);
    }
    open(|key| cipher.open(&nonce, sealed, key).is_ok()).ok_or_else(Error::unauthentic).map(Some)
}

fn open(fill: impl FnOnce(&mut [u8; 32]) -> bool) -> Option<FileKey> {
    let mut good = false;
    let key = Secret::filled_by(|bytes| good = fill(bytes));
    good.then_some(key)
}

struct Wrap {
    cipher: Cipher,
    nonce: [u8; NONCE],
    commitment: [u8; COMMITMENT],
}

impl Wrap {
    /// The argument line goes into the derivation: its salt makes the key new, its figures cannot be changed.
    fn derive(kek: &[u8; 32], stanza: &Stanza) -> Self {
        let line = stanza.line();
        let okm = hash::expand_sha512::<76>(kek, &[b"bulla/v1 wrap", line.as_bytes()]);
        let (key, rest) = split_array::<KEY>(okm.expose());
        let (nonce, rest) = split_array::<NONCE>(rest);
        let (commitment, _) = split_array::<COMMITMENT>(rest);
        Wrap { cipher: Cipher::aes_256_gcm(key), nonce: *nonce, commitment: *commitment }
    }
}

/// Unwraps the file key, if the stanza is for this opener.
pub(crate) fn unwrap(
    stanza: &Stanza,
    kind: &Kind,
    opener: &Opener<'_>,
    budget: &mut Budget,
) -> Result<Option<FileKey>> {
    match (kind, opener) {
        (Kind::Key { tag, salt }, Opener::Key(key)) if key_tag(key, salt) == *tag => {
            unwrap_under(key.expose_bytes(), stanza)
        }
        (Kind::Argon2id { salt, figures }, Opener::Passphrase(passphrase)) => {
            unwrap_under(budget.argon2id(passphrase, salt, *figures)?.expose(), stanza)
        }
        (Kind::Pbkdf2 { salt, iterations }, Opener::Passphrase(passphrase)) => {
            unwrap_under(budget.pbkdf2(passphrase, salt, *iterations)?.expose(), stanza)
        }
        (Kind::Hpke { kem, enc }, Opener::Identity(identity)) => {
            let secret = match (&identity.0, kem) {
                (PrivateKey::X25519(secret), Kem::X25519) => secret,
                (PrivateKey::XWing(seed), Kem::XWing) => seed,
                _ => return Ok(None),
            };
            let cipher = hpke::Cipher::Aes256Gcm;
            match hpke::open(*kem, cipher, secret, enc, info(*kem), &stanza.body) {
                Ok(key) => Ok(Secret::copy_from(&key)),
                Err(NotOpened::Refused) => Ok(None),
                Err(NotOpened::LowOrder) => Err(malformed("a stanza's share is of low order")),
            }
        }
        _ => Ok(None),
    }
}

fn info(kem: Kem) -> &'static [u8] {
    match kem {
        Kem::X25519 => b"bulla/v1/x25519",
        Kem::XWing => b"bulla/v1/mlkem768x25519",
    }
}

fn type_name(kem: Kem) -> &'static str {
    match kem {
        Kem::X25519 => "x25519",
        Kem::XWing => "mlkem768x25519",
    }
}
