//! Why a token was refused: for logs and counters, never for whoever sent it.
use std::fmt;

/// Why a token was refused. Clients learn nothing of it: for them there is one [`Error`](crate::Error).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It is longer than a cookie can be.
    Oversize,
    /// It is no token of this version and form.
    Malformed,
    /// No key of the ring has its mark: it is too old, or was made with a key that has not arrived here.
    UnknownKey,
    /// Its tag is not right: it was changed, or made for another purpose, name, audience or tenant.
    Forged,
    /// It says that it was issued after its key had been retired everywhere.
    LateKey,
    /// It says that it was issued in the future.
    NotYet,
    /// It was not renewed in time.
    Idle,
    /// It has ended.
    Expired,
    /// It is of a generation that has ended.
    OldGeneration,
    /// What it says does not fit the type.
    Unfit,
    /// It counts once, and was used.
    Used,
    /// Its series is over: it was forgotten, or ended with all that its owner had.
    Ended,
    /// Its number was replaced in its series long ago: somebody has a copy.
    Stolen,
}

impl Refusal {
    /// A word for counters and logs, as `unknown_key`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Refusal::Oversize => "oversize",
            Refusal::Malformed => "malformed",
            Refusal::UnknownKey => "unknown_key",
            Refusal::Forged => "forged",
            Refusal::LateKey => "late_key",
            Refusal::NotYet => "not_yet",
            Refusal::Idle => "idle",
            Refusal::Expired => "expired",
            Refusal::OldGeneration => "old_generation",
            Refusal::Unfit => "unfit",
            Refusal::Used => "used",
            Refusal::Ended => "ended",
            Refusal::Stolen => "stolen",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
