//! Revocations as bytes, which hosts tell each other through a place that others may write to.
use super::claims::Subject;
use super::link::Revocation;
use crate::clock::Time;
use crate::encoding::pae::pae;
use crate::error::{Error, Result};
use crate::keys::Key;
use crate::limits::{TOKEN_LEEWAY_SECONDS, TOKEN_LIFETIME_SECONDS};
use crate::primitives::hash;
use crate::primitives::mac::{MacKey, TAG};
use std::time::Duration;

/// Writes revocations as bytes and reads them, under a key that all hosts share: for a [`Link`](super::Link).
///
/// Whoever has not that key cannot write one that is read, for this name; they can keep one from others, or show an old one
/// again, which revokes nothing that was not revoked.
///
/// ```
/// use bulla::cookie::{Notices, Revocation};
/// use bulla::{Key, Time};
/// let key = Key::generate();
/// let notices = Notices::new(&key, "shop");
/// let told = notices.write(&Revocation::Generation(7));
/// assert_eq!(notices.read(&told, Time::now())?, Revocation::Generation(7));
/// assert!(Notices::new(&key, "forum").read(&told, Time::now()).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Notices {
    mac: MacKey,
}

/// What is revoked, by kind and digest; from when, or which generation; until when; and the tag.
const PLACE: usize = 33;
const TIME: usize = 8;
const BODY: usize = PLACE + 2 * TIME;

const SESSION: u8 = 1;
const OWNER: u8 = 2;
const GENERATION: u8 = 3;

impl Notices {
    /// Bytes of each: a byte for the kind (1: session, 2: owner, 3: generation), 32 of the digest (of a generation: zero), 8 for
    /// the time from which it counts, or the generation, 8 for the time until which it is kept, all big-endian, and an
    /// HMAC-SHA-256.
    pub const LENGTH: usize = BODY + TAG;

    /// Under this key, for hosts that give the same name.
    #[must_use]
    pub fn new(key: &Key, name: &str) -> Self {
        let info = pae(&[b"bulla/notice/v1", name.as_bytes()]);
        Notices { mac: MacKey::new(&hash::hkdf_sha256(key.expose_bytes(), b"", &info)) }
    }

    /// As bytes.
    #[must_use]
    pub fn write(&self, revocation: &Revocation) -> [u8; Self::LENGTH] {
        let seconds = |time: Time| u64::try_from(time.unix()).unwrap_or(0);
        let (from, until) = match *revocation {
            Revocation::Session { from, until, .. } => (seconds(from), seconds(until)),
            Revocation::Subject { authenticated_until, until, .. } => {
                (seconds(authenticated_until), seconds(until))
            }
            Revocation::Generation(least) => (u64::from(least), 0),
        };
        let body = [&Self::place(revocation)[..], &from.to_be_bytes(), &until.to_be_bytes()].concat();
        filled(body.iter().chain(&self.mac.tag(&body)))
    }

    /// Its first 33 bytes, by which one is found again: its kind and digest. Two of the same session, or person, have the same.
    #[must_use]
    pub fn place(revocation: &Revocation) -> [u8; PLACE] {
        let (kind, digest) = match revocation {
            Revocation::Session { digest, .. } => (SESSION, digest),
            Revocation::Subject { subject, .. } => (OWNER, subject.as_bytes()),
            Revocation::Generation(_) => (GENERATION, &[0; 32]),
        };
        filled([kind].iter().chain(digest))
    }

    /// Reads one. Times that no clock of ours can have meant are cut down to those it can: no token lasts for more than 400 days,
    /// and nobody signs in tomorrow.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`](crate::ErrorKind::Unauthentic) if it was not written under this key and name,
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) if it is none at all, or of a later version.
    pub fn read(&self, notice: &[u8], now: Time) -> Result<Revocation> {
        let malformed = || Error::malformed("notice", "it is no revocation");
        let (body, tag) = notice.split_last_chunk::<TAG>().ok_or_else(malformed)?;
        if body.len() != BODY {
            return Err(malformed());
        }
        self.mac.verify(body, tag).map_err(|_| Error::unauthentic())?;
        parse(body, now).ok_or_else(malformed)
    }
}

/// As many bytes as there are.
fn filled<'a, const N: usize>(bytes: impl Iterator<Item = &'a u8>) -> [u8; N] {
    let mut array = [0; N];
    array.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    array
}

fn parse(body: &[u8], now: Time) -> Option<Revocation> {
    let (kind, rest) = body.split_first()?;
    let (digest, rest) = rest.split_first_chunk::<32>()?;
    let (from, until) = rest.split_first_chunk::<TIME>()?;
    let (from, until) = (u64::from_be_bytes(*from), u64::from_be_bytes(*until.first_chunk()?));
    let time = |seconds: u64| i64::try_from(seconds).ok().map(Time::from_unix);
    let soon = now + Duration::from_secs(TOKEN_LEEWAY_SECONDS);
    let last = soon + Duration::from_secs(TOKEN_LIFETIME_SECONDS);
    match *kind {
        SESSION => Some(Revocation::Session {
            digest: *digest,
            from: time(from)?.min(soon),
            until: time(until)?.min(last),
        }),
        OWNER => Some(Revocation::Subject {
            subject: Subject::from_digest(*digest),
            authenticated_until: time(from)?.min(soon),
            until: time(until)?.min(last),
        }),
        GENERATION if *digest == [0; 32] && until == 0 => {
            Some(Revocation::Generation(u32::try_from(from).ok()?))
        }
        _ => None,
    }
}
