//! What a sealed file says about itself without a key. None of it is authentic.
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;

use super::reader::{armor_label, dearmored_version};
use crate::encoding::armor::Dearmorer;
use crate::encoding::input::Input;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::envelope::{self, Container};
use crate::formats::header::{self, Header, Stanza, Version};
use crate::formats::sealing::Format;
use crate::formats::{age, cobblestone};
use crate::primitives::hpke::Kem;

/// Says what a sealed file is, reading all of it and needing no key.
///
/// # Errors
/// [`ErrorKind::Unrecognised`] if it is neither a container nor an age file (a raw file cannot be told from noise),
/// [`ErrorKind::Malformed`], [`ErrorKind::OverLimit`], [`ErrorKind::Io`].
///
/// ```
/// let passphrase = bulla::Passphrase::generate();
/// let sealed = bulla::encrypt(&passphrase, b"hello")?;
/// let inspection = bulla::file::inspect(&sealed[..])?;
/// assert_eq!(inspection.stanzas()[0].to_string(), "passphrase (Argon2id, 256 MiB, 3 passes, 4 lanes)");
/// # Ok::<(), bulla::Error>(())
/// ```
pub fn inspect(from: impl Read) -> Result<Inspection> {
    let mut input = Input::new(from, usize::MAX);
    match armor_label(&mut input)? {
        Some(label) => {
            let mut dearmorer = Dearmorer::new(input, label)?;
            let version = dearmored_version(&mut dearmorer, label)?;
            inspect_bare(&mut dearmorer, version, true)
        }
        None => {
            let version = header::sniff(input.peek(header::SNIFF_BYTES)?)?;
            inspect_bare(&mut input, version, false)
        }
    }
}

/// [`inspect`] for a file.
///
/// # Errors
/// Those of [`inspect`].
pub fn inspect_file(path: impl AsRef<Path>) -> Result<Inspection> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|error| Error::io(path.display().to_string(), error))?;
    inspect(file)
}

fn inspect_bare(from: &mut impl BufRead, version: Option<Version>, armored: bool) -> Result<Inspection> {
    let version = version.ok_or_else(|| {
        Error::new(
            ErrorKind::Unrecognised,
            "format",
            "this is neither a bulla nor an age file; a file sealed with a raw key looks like noise",
            "if it was sealed with a raw key, the key will tell: bulla verify --key",
        )
    })?;
    let header = Header::read(from, version)?;
    let length = header.length;
    let (format, stanzas, prefix) = match version {
        Version::Bulla => {
            let container = Container::check(header)?;
            let infos = container.header.stanzas.iter().zip(&container.kinds).map(StanzaInfo::of_bulla);
            (Format::Bulla, infos.collect(), cobblestone::PREFIX)
        }
        Version::Age => {
            let kinds = age::check(&header)?;
            let infos = header.stanzas.iter().zip(&kinds).map(StanzaInfo::of_age);
            (Format::Age, infos.collect(), age::stream::PREFIX)
        }
    };
    let payload = io::copy(from, &mut io::sink())?;
    let (chunk, full_last) = match format {
        Format::Age => (age::stream::CHUNK, true),
        _ => (cobblestone::CHUNK, false),
    };
    let sealed = payload.checked_sub(crate::formats::payload::wide(prefix));
    let plaintext = sealed.and_then(|sealed| crate::formats::payload::plain_length(sealed, chunk, full_last));
    Ok(Inspection { format, armored, stanzas, header: length, payload, plaintext })
}

/// What a sealed file says about itself. **Nothing of it is authentic:** anybody could have written it.
#[derive(Clone, Debug)]
pub struct Inspection {
    format: Format,
    armored: bool,
    stanzas: Vec<StanzaInfo>,
    header: u64,
    payload: u64,
    plaintext: Option<u64>,
}

impl Inspection {
    /// Which format it has.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is in armor.
    #[must_use]
    pub fn is_armored(&self) -> bool {
        self.armored
    }

    /// Its stanzas, in their order.
    #[must_use]
    pub fn stanzas(&self) -> &[StanzaInfo] {
        &self.stanzas
    }

    /// Whether a passphrase may open it.
    #[must_use]
    pub fn wants_passphrase(&self) -> bool {
        self.stanzas.iter().any(|stanza| matches!(stanza, StanzaInfo::Passphrase { .. }))
    }

    /// Bytes of its header.
    #[must_use]
    pub fn header_length(&self) -> u64 {
        self.header
    }

    /// Bytes of its payload.
    #[must_use]
    pub fn payload_length(&self) -> u64 {
        self.payload
    }

    /// Bytes of its plaintext, padding included; `None` if no payload has that size: it is cut short or damaged.
    #[must_use]
    pub fn plaintext_length(&self) -> Option<u64> {
        self.plaintext
    }
}

/// What a stanza says: who may open, as far as anybody can see.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StanzaInfo {
    /// A passphrase, with the name and the figures of its KDF.
    #[non_exhaustive]
    Passphrase {
        /// For people: `Argon2id, 256 MiB, 3 passes, 4 lanes`.
        kdf: String,
        /// Whether the file says that it was made for this passphrase alone, and never rewrapped.
        alone: bool,
    },
    /// A symmetric key, as those of a keyring are.
    #[non_exhaustive]
    Key {
        /// Whether the file says that it was made for this key alone, and never rewrapped.
        alone: bool,
    },
    /// A recipient; which one is not to be seen.
    #[non_exhaustive]
    Recipient {
        /// Whether it is post-quantum.
        post_quantum: bool,
    },
    /// An SSH key, and the beginning of its hash in hexadecimal, by which others can tell whose it is.
    #[non_exhaustive]
    Ssh {
        /// `ssh-ed25519` or `ssh-rsa`.
        kind: &'static str,
        /// 8 hexadecimal digits.
        tag: String,
    },
    /// Sealed metadata, for nobody to open alone.
    Metadata,
    /// A type that this version does not know, made printable.
    #[non_exhaustive]
    Unknown {
        /// The type, with everything but letters, digits and `-_./@` replaced by `?`.
        kind: String,
    },
}

impl StanzaInfo {
    fn of_bulla((stanza, kind): (&Stanza, &envelope::stanza::Kind)) -> Self {
        use envelope::stanza::Kind;
        match kind {
            Kind::Argon2id { figures: [memory, passes, lanes], .. } => {
                let kdf = format!("Argon2id, {}, {passes} passes, {lanes} lanes", mib(*memory));
                StanzaInfo::Passphrase { kdf, alone: kind.is_alone() }
            }
            Kind::Pbkdf2 { iterations, .. } => {
                let kdf = format!("PBKDF2-HMAC-SHA-512, {iterations} iterations");
                StanzaInfo::Passphrase { kdf, alone: kind.is_alone() }
            }
            Kind::Key { .. } => StanzaInfo::Key { alone: kind.is_alone() },
            Kind::Hpke { kem, .. } => StanzaInfo::Recipient { post_quantum: *kem == Kem::XWing },
            Kind::Meta => StanzaInfo::Metadata,
            Kind::Unknown => Self::unknown(stanza),
        }
    }

    fn of_age((stanza, kind): (&Stanza, &age::stanza::Kind)) -> Self {
        use age::stanza::Kind;
        let hex = |tag: &[u8; 4]| format!("{:08x}", u32::from_be_bytes(*tag));
        match kind {
            Kind::Scrypt { log_n, .. } => {
                let memory = 1u32.checked_shl(*log_n).map_or("too much".into(), mib);
                let kdf = format!("scrypt, work factor {log_n}, {memory}");
                StanzaInfo::Passphrase { kdf, alone: false }
            }
            Kind::X25519 { .. } => StanzaInfo::Recipient { post_quantum: false },
            Kind::Hybrid { .. } => StanzaInfo::Recipient { post_quantum: true },
            Kind::SshEd25519 { tag, .. } => StanzaInfo::Ssh { kind: "ssh-ed25519", tag: hex(tag) },
            Kind::SshRsa { tag } => StanzaInfo::Ssh { kind: "ssh-rsa", tag: hex(tag) },
            Kind::Unknown => Self::unknown(stanza),
        }
    }

    fn unknown(stanza: &Stanza) -> Self {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() || "-_./@".contains(letter) { letter } else { '?' }
        };
        StanzaInfo::Unknown { kind: stanza.kind().chars().take(80).map(plain).collect() }
    }
}

fn mib(kib: u32) -> String {
    if kib.is_multiple_of(1024) { format!("{} MiB", kib / 1024) } else { format!("{kib} KiB") }
}

impl fmt::Display for StanzaInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StanzaInfo::Passphrase { kdf, .. } => write!(f, "passphrase ({kdf})"),
            StanzaInfo::Key { .. } => f.write_str("key"),
            StanzaInfo::Recipient { post_quantum: true } => f.write_str("recipient (post-quantum)"),
            StanzaInfo::Recipient { post_quantum: false } => f.write_str("recipient (X25519)"),
            StanzaInfo::Ssh { kind, tag } => write!(f, "recipient ({kind}, {tag})"),
            StanzaInfo::Metadata => f.write_str("sealed metadata"),
            StanzaInfo::Unknown { kind } => write!(f, "unknown ({kind})"),
        }
    }
}
