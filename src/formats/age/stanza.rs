//! age's stanzas: X25519, scrypt, mlkem768x25519, ssh-ed25519 and ssh-rsa.
use crate::encoding::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::header::{Stanza, decimal, malformed};
use crate::keys::identity::PrivateKey;
use crate::keys::lock::{Holder, Opener};
use crate::keys::recipient::PublicKey;
use crate::keys::ssh::{self, PrivateKind, PublicKind};
use crate::keys::work::{self, Budget};
use crate::keys::{Digest, KdfCost, Passphrase};
use crate::primitives::aead::{Cipher, NONCE, TAG};
use crate::primitives::hpke::{self, Kem, NotOpened};
use crate::primitives::{agree, hash, kdf, random};
use crate::secret::Secret;

/// The key that every stanza wraps and everything else follows from.
pub(crate) type FileKey = Secret<16>;

const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
const HYBRID_INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
const SCRYPT_SALT: &[u8] = b"age-encryption.org/v1/scrypt";
const SSH_ED25519_INFO: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
const SSH_RSA_LABEL: &[u8] = b"age-encryption.org/v1/ssh-rsa";

/// File key and tag.
const WRAPPED: usize = 16 + TAG;

/// What a stanza says, apart from its body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    X25519 { share: [u8; 32] },
    Scrypt { salt: [u8; 16], log_n: u32 },
    Hybrid { enc: Vec<u8> },
    SshEd25519 { tag: [u8; 4], share: [u8; 32] },
    SshRsa { tag: [u8; 4] },
    Unknown,
}

impl Kind {
    /// Reads a stanza. One of a type that we know must have the form that age gives it.
    pub(crate) fn read(stanza: &Stanza) -> Result<Self> {
        let body = stanza.body.len() == WRAPPED;
        match stanza.kind() {
            "X25519" => Self::read_x25519(stanza).filter(|_| body),
            "scrypt" => Self::read_scrypt(stanza).filter(|_| body),
            "mlkem768x25519" => Self::read_hybrid(stanza).filter(|_| body),
            "ssh-ed25519" => Self::read_ssh_ed25519(stanza).filter(|_| body),
            // RSA's body is as long as its modulus.
            "ssh-rsa" => Self::read_ssh_rsa(stanza),
            _ => Some(Kind::Unknown),
        }
        .ok_or_else(|| malformed("a stanza has not the form of its type"))
    }

    fn read_x25519(stanza: &Stanza) -> Option<Self> {
        let [share] = stanza.exactly()?;
        Some(Kind::X25519 { share: base64::decode_array(share)? })
    }

    fn read_scrypt(stanza: &Stanza) -> Option<Self> {
        let [salt, log_n] = stanza.exactly()?;
        Some(Kind::Scrypt { salt: base64::decode_array(salt)?, log_n: decimal(log_n).filter(|n| *n > 0)? })
    }

    fn read_hybrid(stanza: &Stanza) -> Option<Self> {
        let [enc] = stanza.exactly()?;
        let enc = base64::decode(enc).filter(|enc| enc.len() == hpke::XWING_ENC)?;
        Some(Kind::Hybrid { enc })
    }

    fn read_ssh_ed25519(stanza: &Stanza) -> Option<Self> {
        let [tag, share] = stanza.exactly()?;
        Some(Kind::SshEd25519 { tag: base64::decode_array(tag)?, share: base64::decode_array(share)? })
    }

    fn read_ssh_rsa(stanza: &Stanza) -> Option<Self> {
        let [tag] = stanza.exactly()?;
        Some(Kind::SshRsa { tag: base64::decode_array(tag)? })
    }
}

/// Wraps the file key for a holder.
pub(crate) fn wrap(file_key: &FileKey, holder: &Holder<'_>) -> Result<Stanza> {
    match holder {
        Holder::Key(_) => Err(Error::usage(
            "recipients",
            "age files know no raw keys",
            "leave the format to bulla, or encrypt to a recipient",
        )),
        Holder::Passphrase(passphrase) => wrap_scrypt(file_key, passphrase),
        Holder::Recipient(recipient) => match &recipient.0 {
            PublicKey::X25519(key) => wrap_x25519(file_key, key),
            PublicKey::XWing(key) => wrap_hybrid(file_key, key),
            PublicKey::Ssh(key) => wrap_ssh(file_key, key),
        },
    }
}

fn wrap_x25519(file_key: &FileKey, public: &[u8; 32]) -> Result<Stanza> {
    let (share, key) = agree_with(public, X25519_INFO, Some)?;
    let arguments = format!("X25519 {}", base64::encode(&share));
    Ok(Stanza::new(arguments, seal(&key, file_key)?))
}

fn wrap_scrypt(file_key: &FileKey, passphrase: &Passphrase) -> Result<Stanza> {
    let log_n = match passphrase.kdf_cost() {
        KdfCost::Low => 16,
        KdfCost::Standard => 18,
        KdfCost::High => 20,
        KdfCost::Nist => {
            return Err(Error::usage(
                "passphrase",
                "age files know no KDF that NIST approves",
                "leave the format to bulla, or choose another cost",
            ));
        }
    };
    let salt = random::bytes::<16>();
    let key = kdf::scrypt(passphrase.as_typed(), &[SCRYPT_SALT, &salt].concat(), log_n)
        .map_err(|_| work::no_memory(&format!("scrypt with a work factor of {log_n}")))?;
    let arguments = format!("scrypt {} {log_n}", base64::encode(&salt));
    Ok(Stanza::new(arguments, seal(&key, file_key)?))
}

fn wrap_hybrid(file_key: &FileKey, public: &[u8]) -> Result<Stanza> {
    let cipher = hpke::Cipher::ChaCha20Poly1305;
    let sealed = hpke::seal(Kem::XWing, cipher, public, HYBRID_INFO, file_key.expose());
    let sealed = sealed.ok_or_else(no_public_key)?;
    let arguments = format!("mlkem768x25519 {}", base64::encode(&sealed.enc));
    Ok(Stanza::new(arguments, sealed.ciphertext))
}

fn wrap_ssh(file_key: &FileKey, public: &ssh::Public) -> Result<Stanza> {
    let tag = base64::encode(&ssh_tag(public));
    match &public.kind {
        PublicKind::Ed25519(key) => {
            let tweak = ssh_tweak(public);
            let (share, key) =
                agree_with(key, SSH_ED25519_INFO, |shared| agree::shared(tweak.expose(), shared.expose()))?;
            let arguments = format!("ssh-ed25519 {tag} {}", base64::encode(&share));
            Ok(Stanza::new(arguments, seal(&key, file_key)?))
        }
        PublicKind::Rsa(key) => {
            let body = key.seal_oaep(Digest::Sha256, Digest::Sha256, SSH_RSA_LABEL, file_key.expose());
            let body = body.ok_or_else(no_public_key)?;
            Ok(Stanza::new(format!("ssh-rsa {tag}"), body))
        }
    }
}

/// Draws an ephemeral secret; gives its share and the key that both sides then derive.
fn agree_with(
    public: &[u8; 32],
    info: &[u8],
    tweak: impl FnOnce(Secret<32>) -> Option<Secret<32>>,
) -> Result<([u8; 32], Secret<32>)> {
    let ephemeral: Secret<32> = Secret::filled_by(|secret| random::fill(secret));
    let share = agree::public(ephemeral.expose());
    let shared = agree::shared(ephemeral.expose(), public).and_then(tweak).ok_or_else(no_public_key)?;
    Ok((share, derive(&shared, &share, public, info)))
}

fn derive(shared: &Secret<32>, share: &[u8; 32], public: &[u8; 32], info: &[u8]) -> Secret<32> {
    hash::hkdf_sha256(shared.expose(), &[&share[..], &public[..]].concat(), info)
}

/// Unwraps the file key, if the stanza is for this opener.
pub(crate) fn unwrap(
    stanza: &Stanza,
    kind: &Kind,
    opener: &Opener<'_>,
    budget: &mut Budget,
) -> Result<Option<FileKey>> {
    let identity = match (kind, opener) {
        (Kind::Scrypt { salt, log_n }, Opener::Passphrase(passphrase)) => {
            let salt = [SCRYPT_SALT, salt].concat();
            // age takes what is typed; bulla's user may have typed it on another system.
            let (typed, normal) = (passphrase.as_typed(), passphrase.as_bytes());
            let opened = open(&budget.scrypt(typed, &salt, *log_n)?, &stanza.body);
            if opened.is_some() || typed == normal {
                return Ok(opened);
            }
            return Ok(open(&budget.scrypt(normal, &salt, *log_n)?, &stanza.body));
        }
        (_, Opener::Identity(identity)) => identity,
        _ => return Ok(None),
    };
    match (kind, &identity.0) {
        (Kind::X25519 { share }, PrivateKey::X25519(secret)) => {
            budget.agreement()?;
            let shared = agree::shared(secret.expose(), share).ok_or_else(low_order)?;
            let public = agree::public(secret.expose());
            Ok(open(&derive(&shared, share, &public, X25519_INFO), &stanza.body))
        }
        (Kind::Hybrid { enc }, PrivateKey::XWing(seed)) => {
            budget.agreement()?;
            let cipher = hpke::Cipher::ChaCha20Poly1305;
            match hpke::open(Kem::XWing, cipher, seed, enc, HYBRID_INFO, &stanza.body) {
                Ok(key) => Ok(Secret::copy_from(&key)),
                Err(NotOpened::Refused) => Ok(None),
                Err(NotOpened::LowOrder) => Err(low_order()),
            }
        }
        (_, PrivateKey::Ssh(key)) => unwrap_ssh(stanza, kind, key, budget),
        _ => Ok(None),
    }
}

fn unwrap_ssh(
    stanza: &Stanza,
    kind: &Kind,
    key: &ssh::Private,
    budget: &mut Budget,
) -> Result<Option<FileKey>> {
    let public = key.public();
    match (kind, &key.kind, &public.kind) {
        (Kind::SshEd25519 { tag, share }, PrivateKind::Ed25519(secret), PublicKind::Ed25519(own))
            if *tag == ssh_tag(public) =>
        {
            budget.agreement()?;
            let shared = agree::shared(secret.expose(), share)
                .and_then(|shared| agree::shared(ssh_tweak(public).expose(), shared.expose()))
                .ok_or_else(low_order)?;
            Ok(open(&derive(&shared, share, own, SSH_ED25519_INFO), &stanza.body))
        }
        (Kind::SshRsa { tag }, PrivateKind::Rsa(secret), _) if *tag == ssh_tag(public) => {
            budget.rsa()?;
            let key = secret.open_oaep(Digest::Sha256, Digest::Sha256, SSH_RSA_LABEL, &stanza.body);
            Ok(key.and_then(|key| Secret::copy_from(&key)))
        }
        _ => Ok(None),
    }
}

/// The first bytes of the key's SHA-256: they tell whose stanza it is, to everybody who has the key.
fn ssh_tag(public: &ssh::Public) -> [u8; 4] {
    let hash = hash::sha256(&public.wire);
    hash.first_chunk().copied().unwrap_or_default()
}

/// Ties the agreement to the Ed25519 key itself, of which several have the same X25519 key.
fn ssh_tweak(public: &ssh::Public) -> Secret<32> {
    hash::hkdf_sha256(b"", &public.wire, SSH_ED25519_INFO)
}

/// The key is new for each stanza, so the nonce may be fixed: age's own choice.
fn seal(key: &Secret<32>, file_key: &FileKey) -> Result<Vec<u8>> {
    let cipher = Cipher::chacha20_poly1305(key.expose());
    cipher.seal_vec(&[0; NONCE], file_key.expose()).map_err(|_| Error::unauthentic())
}

fn open(key: &Secret<32>, body: &[u8]) -> Option<FileKey> {
    let mut good = false;
    let file_key = Secret::filled_by(|bytes| {
        good = Cipher::chacha20_poly1305(key.expose()).open(&[0; NONCE], body, bytes).is_ok();
    });
    good.then_some(file_key)
}

fn low_order() -> Error {
    malformed("a stanza's share is of low order")
}

fn no_public_key() -> Error {
    Error::new(ErrorKind::Malformed, "recipient", "it is no sound public key", "ask its owner for it again")
}
