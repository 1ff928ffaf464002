//! The one error of bulla: opaque about secrets, plain about usage. Imports nothing of ours.
use std::borrow::Cow;
use std::{fmt, io};

/// What bulla's fallible calls give.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed: a [kind](ErrorKind) to decide on, and a sentence to show.
///
/// `Display` is one line, `WHAT: WHY; WHAT TO DO`. It never tells which cryptographic check failed,
/// and holds no byte of key, passphrase or plaintext.
///
/// ```
/// use bulla::{ErrorKind, Key};
/// let sealed = bulla::encrypt(&Key::generate(), b"hello")?;
/// let error = bulla::decrypt(&Key::generate(), &sealed).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NoKeyFits);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct Error {
    // One word wide, so that `Result<()>` stays small.
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    what: Cow<'static, str>,
    why: Cow<'static, str>,
    hint: Cow<'static, str>,
    source: Option<io::Error>,
}

/// The kinds of [`Error`], sorted by what the reader of the error can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The data is not what its writer sealed, or was sealed for another context: do not use it.
    Unauthentic,
    /// None of the keys, identities or passphrases given opens it. For a raw file, which has no header, also another
    /// context.
    NoKeyFits,
    /// The input breaks its format.
    Malformed,
    /// The input is not of a format that bulla reads.
    Unrecognised,
    /// A figure in the input is over (or under) a bound that protects the reader.
    OverLimit,
    /// The input asks for something that this version cannot or will not do.
    Unsupported,
    /// The call itself is wrong: parameters that do not go together, an empty passphrase.
    Usage,
    /// The target exists, and nothing said to replace it.
    Exists,
    /// The source changed while it was read.
    Changed,
    /// The operating system reported an error.
    Io,
    /// The caller's own progress function asked to stop.
    Cancelled,
    /// A certificate is not trusted: no path leads from it to an anchor, or the path breaks a rule.
    Untrusted,
    /// A certificate is not valid at the time asked for: not any more, or not yet.
    Expired,
    /// A certificate has been revoked.
    Revoked,
    /// A certificate is somebody else's: it does not name whom it should.
    WrongName,
    /// It could not be told: whether a certificate has been revoked, and the caller wants to know; or who signed a mail that
    /// came without the certificate.
    Undetermined,
    /// The other side of a connection refused it, and said why.
    PeerRefused,
    /// A peer is who it says it is, and a rule of the caller's does not allow it.
    NotAllowed,
    /// A connection ended without its end having been announced: what came may not be all.
    CutOff,
    /// The other side took too long.
    TimedOut,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        what: impl Into<Cow<'static, str>>,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (what, why, hint) = (what.into(), why.into(), hint.into());
        Error { inner: Box::new(Inner { kind, what, why, hint, source: None }) }
    }

    /// The one error for every cryptographic failure of a payload or header.
    pub(crate) fn unauthentic() -> Self {
        Self::new(
            ErrorKind::Unauthentic,
            "not authentic",
            "the data was changed or cut short since it was encrypted, or belongs to another context",
            "do not use it; get a good copy, or give the context it was encrypted for",
        )
    }

    pub(crate) fn malformed(what: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed, what, why, "the file is damaged, or not made by a sound program")
    }

    pub(crate) fn over_limit(
        what: &'static str,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::OverLimit, what, why, hint)
    }

    pub(crate) fn usage(
        what: &'static str,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::Usage, what, why, hint)
    }

    /// An error of the operating system, with the thing it happened to.
    pub(crate) fn io(what: impl Into<Cow<'static, str>>, source: io::Error) -> Self {
        // Our own error may have come through `io::Read` or `io::Write`: it keeps its kind.
        let source = match Self::unwrap_io(source) {
            Ok(ours) => return ours,
            Err(source) => source,
        };
        let hint = match source.kind() {
            io::ErrorKind::StorageFull => "free some space and try again; nothing was left behind",
            io::ErrorKind::PermissionDenied => "check who may read or write there",
            io::ErrorKind::NotFound => "check the name",
            io::ErrorKind::AlreadyExists => "choose another name, or say that it may be replaced",
            _ => "try again, or look at the disk",
        };
        let kind = match source.kind() {
            io::ErrorKind::AlreadyExists => ErrorKind::Exists,
            _ => ErrorKind::Io,
        };
        let mut error = Self::new(kind, what, source.to_string(), hint);
        error.inner.source = Some(source);
        error
    }

    /// The middle of the three parts, to be told of in another error.
    #[cfg(feature = "x509")]
    pub(crate) fn why(&self) -> &str {
        &self.inner.why
    }

    fn unwrap_io(error: io::Error) -> std::result::Result<Self, io::Error> {
        error.downcast::<Self>()
    }

    /// The kind of the error of bulla's that an error of a stream carries, if it is one.
    #[cfg(feature = "tls")]
    pub(crate) fn kind_within(error: &io::Error) -> Option<ErrorKind> {
        error.get_ref()?.downcast_ref::<Self>().map(Self::kind)
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.inner.what, self.inner.why, self.inner.hint)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.inner.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_ref().map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}

/// So that `?` works where `Read` or `Write` hand bulla's errors on; the kind survives.
impl From<io::Error> for Error {
    /// Of one that was made as [`InvalidInput`](io::ErrorKind::InvalidInput), with a sentence `WHAT: WHY; WHAT TO DO`, that is a
    /// [`Usage`](ErrorKind::Usage) error: so says who builds on bulla what its caller did wrong.
    fn from(error: io::Error) -> Self {
        let is_usage = error.kind() == io::ErrorKind::InvalidInput;
        let sentence =
            error.get_ref().filter(|inner| is_usage && !inner.is::<Self>()).map(ToString::to_string);
        let parts = sentence.as_deref().and_then(|text| {
            let (what, rest) = text.split_once(": ")?;
            let (why, hint) = rest.rsplit_once("; ")?;
            Some((what.to_owned(), why.to_owned(), hint.to_owned()))
        });
        match parts {
            Some((what, why, hint)) => Self::new(ErrorKind::Usage, what, why, hint),
            None => Self::io("input or output", error),
        }
    }
}

/// So that [`Reader`](crate::file::Reader) and [`Writer`](crate::file::Writer) can be `Read` and `Write`.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Io => error.inner.source.as_ref().map_or(io::ErrorKind::Other, io::Error::kind),
            ErrorKind::Exists => io::ErrorKind::AlreadyExists,
            ErrorKind::Usage => io::ErrorKind::InvalidInput,
            ErrorKind::PeerRefused => io::ErrorKind::ConnectionAborted,
            ErrorKind::CutOff => io::ErrorKind::UnexpectedEof,
            ErrorKind::TimedOut => io::ErrorKind::TimedOut,
            // Not `Interrupted`: `read_to_end` and its kin would try again for ever.
            ErrorKind::Cancelled => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn the_kind_survives_a_trip_through_io() {
        let through = Error::from(io::Error::from(Error::unauthentic()));
        assert_eq!(through.kind(), ErrorKind::Unauthentic);
    }
}
