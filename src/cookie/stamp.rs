//! What a token says of itself, beside its claims: its session, and its times.
use std::fmt;

use zeroize::Zeroizing;

use crate::clock::Time;
use crate::formats::token::Header;
use crate::primitives::hash;

/// A session's number: 16 random bytes.
///
/// It has no `Display`: whoever reads it cannot make a token of it, yet it leads to a person. What is stored is its
/// [`digest`](Self::digest).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub(super) [u8; 16]);

impl SessionId {
    /// A hash of it, for tables of sessions: from that nobody gets back to the number.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        hash::sha256(&[&b"bulla/session/v1"[..], &self.0].concat())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// What a token says of itself: which session it belongs to, when it was made, and when it ends.
///
/// It is what [`Verified::by`](crate::Verified::by) gives for claims that were accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub(super) session: SessionId,
    pub(super) issued: Time,
    pub(super) authenticated: Time,
    pub(super) idle_until: Time,
    pub(super) until: Time,
    pub(super) generation: u32,
}

impl Stamp {
    /// The session, which keeps its number while it is renewed.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// When this token was made: at the start of the session, or at its last renewal.
    #[must_use]
    pub fn issued(&self) -> Time {
        self.issued
    }

    /// When whoever it belongs to last proved who they are.
    #[must_use]
    pub fn authenticated(&self) -> Time {
        self.authenticated
    }

    /// When it ends if it is not renewed.
    #[must_use]
    pub fn idle_until(&self) -> Time {
        self.idle_until
    }

    /// When it ends, renewed or not.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// Which generation of tokens it belongs to: one that is over can be refused as a whole.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }
}

/// `None`: times that no clock shows.
pub(super) fn stamp_of(header: &Header) -> Option<Stamp> {
    let time = |seconds: u64| i64::try_from(seconds).ok().map(Time::from_unix);
    Some(Stamp {
        session: SessionId(header.session),
        issued: time(header.issued)?,
        authenticated: time(header.authenticated)?,
        idle_until: time(header.idle_until)?,
        until: time(header.until)?,
        generation: header.generation,
    })
}

/// A token that was just made.
///
/// It opens a session for whoever has it: it has no `Debug`, `Display` or `Clone`, and is wiped on drop.
#[must_use]
pub struct Token {
    pub(super) text: Zeroizing<String>,
    pub(super) stamp: Stamp,
}

impl Token {
    /// The text, in letters that cookies and URLs take as they are (RFC 4648 section 5).
    #[must_use]
    pub fn expose_text(&self) -> &str {
        &self.text
    }

    /// What it says of itself.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }
}
