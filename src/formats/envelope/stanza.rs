//! The stanzas of `bulla/v1`: each wraps the file key for one holder (docs/file-format.md section 2).
use crate::encoding::base64;
use crate::error::{Error, Result};
use crate::formats::cobblestone::split_array;
use crate::formats::header::{Stanza, decimal, malformed};
use crate::keys::identity::PrivateKey;
use crate::keys::lock::{Holder, Opener};
use crate::keys::recipient::PublicKey;
use crate::keys::work::{self, Budget};
use crate::keys::{KdfCost, Key, KeyId, Passphrase};
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
        scope: Scope,
    },
    Pbkdf2 {
        salt: [u8; 16],
        iterations: u32,
        scope: Scope,
    },
    Key {
        tag: [u8; 8],
        salt: [u8; 16],
        scope: Scope,
    },
    Hpke {
        kem: Kem,
        enc: Vec<u8>,
    },
    Meta,
    Unknown,
}

/// Who else was given the file key. The wrap binds it, so whoever only knows the file key cannot change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Nobody: what opens comes from one who knows the passphrase or key.
    Alone,
    /// Other holders, now or before a rewrap: each of them could have made what opens.
    Joint,
}

impl Scope {
    fn read(text: &str) -> Option<Self> {
        [Scope::Alone, Scope::Joint].into_iter().find(|scope| scope.name() == text)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Scope::Alone => "alone",
            Scope::Joint => "joint",
        }
    }
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
        let [salt, memory, passes, lanes, scope] = stanza.exactly()?;
        let figures = [decimal(memory)?, decimal(passes)?, decimal(lanes)?];
        Some(Kind::Argon2id { salt: base64::decode_array(salt)?, figures, scope: Scope::read(scope)? })
    }

    fn read_pbkdf2(stanza: &Stanza) -> Option<Self> {
        let [salt, iterations, scope] = stanza.exactly()?;
        let (salt, iterations) = (base64::decode_array(salt)?, decimal(iterations)?);
        Some(Kind::Pbkdf2 { salt, iterations, scope: Scope::read(scope)? })
    }

    fn read_key(stanza: &Stanza) -> Option<Self> {
        let [tag, salt, scope] = stanza.exactly()?;
        let (tag, salt) = (base64::decode_array(tag)?, base64::decode_array(salt)?);
        Some(Kind::Key { tag, salt, scope: Scope::read(scope)? })
    }

    fn read_hpke(stanza: &Stanza, kem: Kem, length: usize) -> Option<Self> {
        let [enc] = stanza.exactly()?;
        let enc = base64::decode(enc).filter(|enc| enc.len() == length)?;
        Some(Kind::Hpke { kem, enc })
    }

    pub(crate) fn is_passphrase(&self) -> bool {
        matches!(self, Kind::Argon2id { .. } | Kind::Pbkdf2 { .. })
    }

    /// Whether it says that its holder alone was given the file key. True once it has been opened.
    pub(crate) fn is_alone(&self) -> bool {
        match self {
            Kind::Argon2id { scope, .. } | Kind::Pbkdf2 { scope, .. } | Kind::Key { scope, .. } => {
                *scope == Scope::Alone
            }
            Kind::Hpke { .. } | Kind::Meta | Kind::Unknown => false,
        }
    }
}

/// Wraps the file key for a holder. To be alone says nothing of a recipient: anybody can encrypt to one.
pub(crate) fn wrap(file_key: &FileKey, holder: &Holder<'_>, scope: Scope) -> Result<Stanza> {
    match holder {
        Holder::Key(key) => wrap_for_key(file_key, key, scope),
        Holder::Passphrase(passphrase) => wrap_for_passphrase(file_key, passphrase, scope),
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

fn wrap_for_key(file_key: &FileKey, key: &Key, scope: Scope) -> Result<Stanza> {
    let salt = random::bytes::<16>();
    let tag = base64::encode(&key_tag(&key.id(), &salt));
    wrap_under(file_key, key.expose_bytes(), format!("key {tag} {}", base64::encode(&salt)), scope)
}

/// Finds a key among many without telling it to those who do not have its id.
fn key_tag(id: &KeyId, salt: &[u8; 16]) -> [u8; 8] {
    *hash::expand_sha512::<8>(id.as_bytes(), &[b"bulla/v1 key tag", salt]).expose()
}

fn wrap_for_passphrase(file_key: &FileKey, passphrase: &Passphrase, scope: Scope) -> Result<Stanza> {
    let salt = random::bytes::<16>();
    let text = base64::encode(&salt);
    let Some([memory, passes, lanes]) = figures(passphrase.kdf_cost()) else {
        let iterations = 600_000;
        let kek = kdf::pbkdf2_sha512(passphrase.as_bytes(), &salt, iterations);
        return wrap_under(file_key, kek.expose(), format!("pbkdf2-sha512 {text} {iterations}"), scope);
    };
    let kek = kdf::argon2id(passphrase.as_bytes(), &salt, memory, passes, lanes)
        .map_err(|_| work::no_memory(&format!("Argon2id with {memory} KiB")))?;
    wrap_under(file_key, kek.expose(), format!("argon2id {text} {memory} {passes} {lanes}"), scope)
}

/// Argon2id's memory in KiB, passes and lanes; `None`: PBKDF2.
pub(crate) fn figures(cost: KdfCost) -> Option<[u32; 3]> {
    match cost {
        KdfCost::Low => Some([64 << 10, 3, 4]),
        KdfCost::Standard => Some([256 << 10, 3, 4]),
        KdfCost::High => Some([1 << 20, 4, 4]),
        KdfCost::Nist => None,
    }
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
pub(crate) fn wrap_under(
    file_key: &FileKey,
    kek: &[u8; 32],
    arguments: String,
    scope: Scope,
) -> Result<Stanza> {
    let stanza = Stanza::new(format!("{arguments} {}", scope.name()), Vec::new());
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

/// What a stanza gave to the one it is for.
pub(crate) struct Unwrapped {
    pub(crate) file_key: FileKey,
    /// What the stanza was wrapped under, if that was a symmetric key.
    pub(crate) kek: Option<Secret<32>>,
    /// Which key it was for, if it was one of a keyring's sort.
    pub(crate) key_id: Option<KeyId>,
}

/// Unwraps the file key, if the stanza is for this opener.
pub(crate) fn unwrap(
    stanza: &Stanza,
    kind: &Kind,
    opener: &Opener<'_>,
    budget: &mut Budget,
) -> Result<Option<Unwrapped>> {
    match (kind, opener) {
        (Kind::Hpke { kem, enc }, Opener::Identity(identity)) => {
            let secret = match (&identity.0, kem) {
                (PrivateKey::X25519(secret), Kem::X25519) => secret,
                (PrivateKey::XWing(seed), Kem::XWing) => seed,
                _ => return Ok(None),
            };
            budget.agreement()?;
            let cipher = hpke::Cipher::Aes256Gcm;
            match hpke::open(*kem, cipher, secret, enc, info(*kem), &stanza.body) {
                Ok(key) => {
                    let file_key = Secret::copy_from(&key);
                    Ok(file_key.map(|file_key| Unwrapped { file_key, kek: None, key_id: None }))
                }
                Err(NotOpened::Refused) => Ok(None),
                Err(NotOpened::LowOrder) => Err(malformed("a stanza's share is of low order")),
            }
        }
        _ => match wrapping_key(kind, opener, budget)? {
            Some(kek) => {
                let file_key = unwrap_under(kek.expose(), stanza)?;
                let key_id = match opener {
                    Opener::Key(key) => Some(key.id()),
                    _ => None,
                };
                Ok(file_key.map(|file_key| Unwrapped { file_key, kek: Some(kek), key_id }))
            }
            None => Ok(None),
        },
    }
}

/// The symmetric key that a stanza is wrapped under, if it may be this opener's.
fn wrapping_key(kind: &Kind, opener: &Opener<'_>, budget: &mut Budget) -> Result<Option<Secret<32>>> {
    match (kind, opener) {
        (Kind::Key { tag, salt, .. }, Opener::Key(key)) => {
            budget.key()?;
            let ours = key_tag(&key.id(), salt) == *tag;
            Ok(Secret::copy_from(key.expose_bytes()).filter(|_| ours))
        }
        (Kind::Argon2id { salt, figures, .. }, Opener::Passphrase(passphrase)) => {
            budget.argon2id(passphrase, salt, *figures).map(Some)
        }
        (Kind::Pbkdf2 { salt, iterations, .. }, Opener::Passphrase(passphrase)) => {
            budget.pbkdf2(passphrase, salt, *iterations).map(Some)
        }
        _ => Ok(None),
    }
}

/// The one stanza of a file again, for a holder who is no longer alone: under the same key, with the other scope.
///
/// The argument line goes into the derivation, so the wrap's key and nonce are others.
pub(crate) fn join(unwrapped: &Unwrapped, stanza: &Stanza) -> Result<Stanza> {
    let kek = unwrapped.kek.as_ref().ok_or_else(Error::unauthentic)?;
    wrap_under(&unwrapped.file_key, kek.expose(), stanza.arguments_before_last(), Scope::Joint)
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
