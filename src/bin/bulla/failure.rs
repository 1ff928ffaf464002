//! What went wrong: one line for people, one exit code for scripts.
use std::error::Error as _;
use std::fmt::{self, Display};
use std::io;

use bulla::ErrorKind;
pub(crate) use bulla::one_line;

pub(crate) type Done<T> = Result<T, Failure>;

/// Exit codes; docs/command.md and `--help` say the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The check failed: not authentic, not trusted, expired, revoked, or no key fits.
    Refused,
    /// The command line is wrong.
    Usage,
    /// The input is malformed, over a bound or unsupported.
    Input,
    /// Input or output failed, or the target exists.
    InputOutput,
    /// What would decide it is missing: revocation data, say.
    Undetermined,
    /// 128 and SIGINT, for Ctrl-C at a prompt.
    Interrupted,
}

pub(crate) struct Failure {
    code: Code,
    /// `WHAT: WHY; WHAT TO DO`. Empty: somebody else has said it.
    text: String,
    /// The library's word for it, if it comes from there.
    kind: Option<ErrorKind>,
}

impl Failure {
    pub(crate) fn new(code: Code, what: impl Display, why: impl Display, hint: impl Display) -> Self {
        Failure { code, text: format!("{what}: {why}; {hint}"), kind: None }
    }

    pub(crate) fn usage(what: impl Display, why: impl Display, hint: impl Display) -> Self {
        Self::new(Code::Usage, what, why, hint)
    }

    /// An error of the operating system, and the thing it happened to.
    pub(crate) fn io(what: impl Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return closed_pipe();
        }
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the name",
            io::ErrorKind::PermissionDenied => "check who may read or write there",
            io::ErrorKind::StorageFull => "free some space and try again",
            _ => "try again, or look at the disk",
        };
        Self::new(Code::InputOutput, what, error, hint)
    }

    /// Ctrl-C at a prompt: the thread that handles signals says so.
    pub(crate) fn interrupted() -> Self {
        Failure { code: Code::Interrupted, text: String::new(), kind: None }
    }

    /// An error about a file; the system's own say which already.
    pub(crate) fn of(file: impl Display, error: bulla::Error) -> Self {
        match error.kind() {
            ErrorKind::Io => error.into(),
            _ => Failure::from(error).about(file),
        }
    }

    /// The same, with what it is about in front.
    pub(crate) fn about(self, what: impl Display) -> Self {
        Failure { text: format!("{what}: {}", self.text), ..self }
    }

    /// The same, and one thing more to know.
    pub(crate) fn but(self, more: impl Display) -> Self {
        Failure { text: format!("{}; {more}", self.text), ..self }
    }

    /// The same, as an error of the command line.
    pub(crate) fn into_usage(self) -> Self {
        Failure { code: Code::Usage, ..self }
    }

    /// The same, where it was asked whether something holds: it does not.
    pub(crate) fn into_refusal(self) -> Self {
        Failure { code: Code::Refused, ..self }
    }

    /// Why something is not genuine, for machines. `None`: it could not be judged at all.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        self.kind.and_then(reason)
    }

    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        self.kind
    }

    pub(crate) fn code(&self) -> u8 {
        match self.code {
            Code::Refused => 1,
            Code::Usage => 2,
            Code::Input => 3,
            Code::InputOutput => 4,
            Code::Undetermined => 5,
            Code::Interrupted => 130,
        }
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.text.is_empty()
    }
}

fn reason(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::Unauthentic => "unauthentic",
        ErrorKind::NoKeyFits => "no-key-fits",
        ErrorKind::Untrusted => "untrusted",
        ErrorKind::Expired => "expired",
        ErrorKind::Revoked => "revoked",
        ErrorKind::WrongName => "wrong-name",
        ErrorKind::NotAllowed => "not-allowed",
        ErrorKind::Undetermined => "undetermined",
        _ => return None,
    })
}

/// The same of a mail, which may be such that it cannot be judged.
pub(crate) fn mail_reason(kind: ErrorKind) -> Option<&'static str> {
    reason(kind).or(match kind {
        ErrorKind::Malformed => Some("malformed"),
        ErrorKind::Unsupported => Some("unsupported"),
        ErrorKind::OverLimit => Some("over-limit"),
        _ => None,
    })
}

/// All pipes that this command writes to are standard output.
fn closed_pipe() -> Failure {
    let why = "who read it has closed it";
    Failure::new(Code::InputOutput, "standard output", why, "let it read to the end")
}

impl From<bulla::Error> for Failure {
    fn from(error: bulla::Error) -> Self {
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if source.is_some_and(|source| source.kind() == io::ErrorKind::BrokenPipe) {
            return closed_pipe();
        }
        let code = match error.kind() {
            ErrorKind::Unauthentic
            | ErrorKind::NoKeyFits
            | ErrorKind::Untrusted
            | ErrorKind::Expired
            | ErrorKind::Revoked
            | ErrorKind::WrongName
            | ErrorKind::NotAllowed
            | ErrorKind::PeerRefused => Code::Refused,
            ErrorKind::Undetermined => Code::Undetermined,
            ErrorKind::Usage => Code::Usage,
            ErrorKind::Exists
            | ErrorKind::Io
            | ErrorKind::Changed
            | ErrorKind::Cancelled
            | ErrorKind::CutOff
            | ErrorKind::TimedOut => Code::InputOutput,
            // Malformed, Unrecognised, OverLimit, Unsupported, and whatever else an input may turn out to be.
            _ => Code::Input,
        };
        Failure { code, text: error.to_string(), kind: Some(error.kind()) }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.text))
    }
}
