//! New passwords over a connection: the client registers by OPAQUE (RFC 9807 section 5), so that the server never sees what it keeps.
//!
//! The client says its name and its request, the server its response, the client the record, the server that it is kept.
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use super::fault;
use super::password::{named, read_named};
use super::password_user::{PasswordUser, failed, refused};
use super::proof::{Heard, frame, unsound};
use super::stream::Stream;
use super::users::{Users, user_name};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Passphrase;
use crate::limits::TLS_ENROLMENT_SECONDS;
use crate::primitives::opaque;

const VERSION: u8 = 1;
const REFUSED: u8 = 0;
const ACCEPTED: u8 = 1;

/// For a client: gives the server a password for this user, who is new to it ([`Users::register`]) or already there
/// ([`Users::change`]), without its seeing the password. The socket must block, and have time-outs of its own: nobody looks at the
/// clock while it waits.
///
/// ```
/// # use bulla::{KeyKind, PrivateKey, x509::{Authority, Credential, TrustAnchors}};
/// # use std::net::{TcpListener, TcpStream};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.tls_server(key.public(), &["localhost"])?.sign()?;
/// # let credentials = bulla::tls::Credentials::new([Credential::new(key, [certificate])?])?;
/// # let trust = bulla::tls::Trust::new(TrustAnchors::new([root.certificate().clone()])?);
/// # let listener = TcpListener::bind("127.0.0.1:0")?;
/// # let socket = TcpStream::connect(listener.local_addr()?)?;
/// use bulla::Passphrase;
/// use bulla::tls::{Client, MemoryUsers, Server, Users, set_password};
/// let users = Users::new(MemoryUsers::new())?;
/// # let there = users.clone();
/// let server = Server::builder(&credentials).anyone()?;
/// let serving = std::thread::spawn(move || -> bulla::Result<()> {
///     let mut stream = server.accept(listener.accept()?.0)?;
///     users.register(&mut stream, "alice") // it is alice: the program knows it from an invitation, say
/// });
///
/// let mut stream = Client::builder(trust).anonymous()?.connect(&"localhost".parse()?, socket)?;
/// let password = Passphrase::new("correct horse battery staple")?;
/// set_password(&mut stream, "alice", &password)?;
/// serving.join().unwrap()?;
/// # assert!(there.check("alice", &password).is_ok());
/// # Ok::<(), bulla::Error>(())
/// ```
///
/// # Errors
/// [`PeerRefused`](crate::ErrorKind::PeerRefused) if the server does not keep it; [`Malformed`](crate::ErrorKind::Malformed) if it
/// does not speak of passwords; [`TimedOut`](crate::ErrorKind::TimedOut) after a minute; those of the connection.
pub fn set_password<S: Read + Write, P: 'static>(
    stream: &mut Stream<S, P>,
    user: &str,
    password: &Passphrase,
) -> Result<()> {
    let (user, until) = (user_name(user)?, until());
    let (registration, request) = opaque::Registration::start(password.as_bytes()).map_err(failed)?;
    say(stream, &named(&user, &request)?)?;
    let heard = hear(stream, until)?;
    let response = match &heard[..] {
        [VERSION, ACCEPTED, response @ ..] => response,
        [VERSION, REFUSED] => return Err(refused()),
        _ => return Err(unsound()),
    };
    let upload = registration.finish(user.as_bytes(), password.as_bytes(), response).map_err(failed)?;
    say(stream, &[&[VERSION, ACCEPTED][..], &upload].concat())?;
    match &hear(stream, until)?[..] {
        [VERSION, ACCEPTED] => Ok(()),
        [VERSION, REFUSED] => Err(refused()),
        _ => Err(unsound()),
    }
}

impl Users {
    /// One more user, who gives a password by [`set_password`] over this connection. That it is this user has to be known
    /// already: by a certificate, an invitation, or since all may choose their name. The socket must block, and have time-outs of
    /// its own.
    ///
    /// # Errors
    /// [`Exists`](crate::ErrorKind::Exists) if there is one of that name; [`OverLimit`](crate::ErrorKind::OverLimit) after too many
    /// tries for it, of which one that is broken off is one; [`Malformed`](crate::ErrorKind::Malformed) if the client names another, or
    /// does not speak of passwords; [`TimedOut`](crate::ErrorKind::TimedOut) after a minute; those of the store and of the connection.
    pub fn register<S: Read + Write, P: 'static>(&self, stream: &mut Stream<S, P>, user: &str) -> Result<()> {
        self.take_record(stream, &user_name(user)?, None)
    }

    /// Another password for the user who came in by the old one, and gives it by [`set_password`] over this connection. The socket
    /// must block, and have time-outs of its own.
    ///
    /// # Errors
    /// [`Changed`](crate::ErrorKind::Changed) if the password was changed since, or the user removed;
    /// [`Malformed`](crate::ErrorKind::Malformed) as [`register`](Self::register); those of the store and of the connection.
    pub fn change<S: Read + Write>(&self, stream: &mut Stream<S, PasswordUser>) -> Result<()> {
        let (user, before) = (stream.peer().get().clone(), stream.peer().by().record());
        self.take_record(stream, &user, Some(before))
    }

    fn take_record<S: Read + Write, P: 'static>(
        &self,
        stream: &mut Stream<S, P>,
        user: &str,
        before: Option<[u8; 32]>,
    ) -> Result<()> {
        let kept = self.exchange(stream, user, before);
        let answer = if kept.is_ok() { ACCEPTED } else { REFUSED };
        // What went wrong first is what counts.
        kept.and(say(stream, &[VERSION, answer]))
    }

    fn exchange<S: Read + Write, P: 'static>(
        &self,
        stream: &mut Stream<S, P>,
        user: &str,
        before: Option<[u8; 32]>,
    ) -> Result<()> {
        let until = until();
        let heard = hear(stream, until)?;
        let (name, request) = read_named(&heard)?;
        if name != user {
            return Err(another());
        }
        // The answer is what a password is tried by, as at a login: it counts until there is a record.
        let attempt = self.count(user)?;
        if before.is_none() {
            self.check_is_new(user)?;
        }
        let response = self.begin_record(user, request)?;
        say(stream, &[&[VERSION, ACCEPTED][..], &response].concat())?;
        match &hear(stream, until)?[..] {
            [VERSION, ACCEPTED, upload @ ..] => self.end_record(user, upload, before)?,
            _ => return Err(unsound()),
        }
        self.forgive(&attempt);
        Ok(())
    }
}

fn say(to: &mut impl Write, said: &[u8]) -> Result<()> {
    to.write_all(&frame(said)?)?;
    Ok(to.flush()?)
}

fn until() -> Instant {
    clock::monotonic() + Duration::from_secs(TLS_ENROLMENT_SECONDS)
}

fn hear(from: &mut impl Read, until: Instant) -> Result<Vec<u8>> {
    Heard::default().read_on(&mut Within { from, until })?.ok_or_else(fault::timed_out)
}

/// Reads until then, however many bytes come: the socket's own time-out begins anew with each.
struct Within<'a, R> {
    from: &'a mut R,
    until: Instant,
}

impl<R: Read> Read for Within<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if clock::monotonic() >= self.until {
            return Err(fault::timed_out().into());
        }
        self.from.read(into)
    }
}

fn another() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "new password",
        "the client gives one for another user",
        "have both sides name the same",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = into.len().min(1);
            self.0.read(into.get_mut(..count).unwrap_or_default())
        }
    }

    #[test]
    fn what_comes_slowly_is_heard_in_time_and_not_after() {
        let said = frame(b"alice").unwrap();
        assert_eq!(hear(&mut Slow(&said), until()).unwrap(), b"alice");
        let late = hear(&mut Slow(&said), clock::monotonic());
        assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
