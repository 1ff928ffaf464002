//! What happens to sessions: for logs and counters.
use super::refusal::Refusal;
use super::revocation::Standing;

/// Something that happened to a session. It names nobody, and holds no secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A token came that counts.
    Accepted,
    /// A token came that does not count.
    Refused(Refusal),
    /// Several cookies of the name came, and none was taken.
    Several,
    /// A token came whose session was ended.
    Revoked,
    /// A token came, and whether its session was ended could not be told.
    Unsure,
    /// A session was begun.
    Begun,
    /// A session was renewed because it was used.
    Renewed,
    /// A session's claims were changed.
    Updated,
    /// A session's owner proved again who they are.
    Reauthenticated,
    /// A session was ended.
    Ended,
    /// All sessions of somebody were ended.
    EndedEverywhere,
    /// A form's token came that counts.
    FormAccepted,
    /// A form's token came that does not count, or belongs to another session or form.
    FormRefused,
}

impl Event {
    /// Of a token that came, by how its session stands.
    pub(super) const fn of(standing: Standing) -> Self {
        match standing {
            Standing::Good | Standing::Ending => Event::Accepted,
            Standing::Revoked => Event::Revoked,
            Standing::Unknown => Event::Unsure,
        }
    }

    /// A word for counters and logs, as `begun`; for a refusal, `refused`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Event::Accepted => "accepted",
            Event::Refused(_) => "refused",
            Event::Several => "several",
            Event::Revoked => "revoked",
            Event::Unsure => "unsure",
            Event::Begun => "begun",
            Event::Renewed => "renewed",
            Event::Updated => "updated",
            Event::Reauthenticated => "reauthenticated",
            Event::Ended => "ended",
            Event::EndedEverywhere => "ended_everywhere",
            Event::FormAccepted => "form_accepted",
            Event::FormRefused => "form_refused",
        }
    }
}
