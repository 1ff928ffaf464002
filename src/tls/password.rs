//! Passwords that the server checks and never sees: OPAQUE (RFC 9807) inside of the connection, before anybody may use it.
//!
//! The client says its name and KE1, the server answers KE2, the client KE3, the server that it is accepted. The connection's exporter
//! is in OPAQUE's context on both sides (RFC 9807 section 7; RFC 8446 section 7.5): who is
//! in the middle has two connections with two exporters, and no message of the one counts in the other. The server is believed since
//! it has the record that was made with the password, so its certificate is not looked at.
//!
//! Who pretends to be a server learns the name, and can try out one password for each time that the client connects; so can who
//! pretends to be a client, as often as [`Users`] allow. Nobody can try passwords at home without the server's table.
//!
//! SRP (RFC 5054) is not there, for new passwords or old: the crate `srp` 0.6 is not compatible with RFC 5054, and 0.7, which is to
//! be, has not been released. Verifiers of SRP could not become records of OPAQUE either; only users themselves register anew.
use std::sync::Arc;
use std::time::Duration;

use super::judge::{Judge, Presented, part};
use super::password_user::{PasswordUser, ProvenByPassword, failed, own_context, refused, unauthentic};
use super::proof::{Binding, Proof, Turn, unsound};
use super::users::{Answer, Asked, Users, too_many, user_name};
use crate::clock::Time;
use crate::error::Result;
use crate::keys::Passphrase;
use crate::primitives::opaque;
use crate::secret::opaque_debug;
use crate::verified::Verified;

/// For a client: it is this user, and has this password, and believes the server that knows them. The server's certificate is not
/// looked at.
///
/// To connect, the client needs 64 MiB and about a tenth of a second of its processor, which waits meanwhile: Argon2id (RFC 9106,
/// section 4, second choice), whatever [cost](crate::KdfCost) the passphrase has.
///
/// ```
/// use bulla::Passphrase;
/// use bulla::tls::{ByPassword, Client};
/// let password = Passphrase::new("correct horse battery staple")?;
/// let client = Client::builder(ByPassword::new("alice", password)?).anonymous()?;
/// # let _ = client;
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct ByPassword {
    user: String,
    password: Arc<Passphrase>,
}

/// For a server: it lets in the users of a table.
///
/// ```
/// # use bulla::{KeyKind, PrivateKey, x509::{Authority, Credential}};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.tls_server(key.public(), &["example.org"])?.sign()?;
/// # let credentials = bulla::tls::Credentials::new([Credential::new(key, [certificate])?])?;
/// use bulla::tls::{ByPasswords, MemoryUsers, Server, Users};
/// let users = Users::new(MemoryUsers::new())?;
/// let server = Server::builder(&credentials).require_clients(ByPasswords::new(&users))?;
/// # let _ = server;
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct ByPasswords {
    users: Users,
}

opaque_debug! {
    [] ByPassword = "ByPassword";
    [] ByPasswords = "ByPasswords";
}

impl ByPassword {
    /// This user, with this password.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a name that has not 1 to 255 bytes, or has control characters.
    pub fn new(user: &str, password: Passphrase) -> Result<Self> {
        Ok(ByPassword { user: user_name(user)?, password: Arc::new(password) })
    }
}

impl ByPasswords {
    /// The users of this table, as it is when they come.
    pub fn new(users: &Users) -> Self {
        ByPasswords { users: users.clone() }
    }
}

const VERSION: u8 = 1;
const REFUSED: u8 = 0;
const ACCEPTED: u8 = 1;
const LATER: u8 = 2;

/// The client.
struct Guest {
    user: String,
    password: Arc<Passphrase>,
    step: Step,
}

enum Step {
    Logging(opaque::Login),
    /// It has proven itself, and the server has, too.
    Proven,
    /// There is nothing to do: it has not begun, or the server has refused.
    Nothing,
    /// It is this side that refuses.
    Refuses,
}

impl Proof<PasswordUser> for Guest {
    /// `1 | length of the name (1) | name | KE1 (96)`
    fn begin(&mut self, _: &Binding) -> Result<Option<Vec<u8>>> {
        let (login, ke1) = opaque::Login::start(self.password.as_bytes()).map_err(failed)?;
        self.step = Step::Logging(login);
        named(&self.user, &ke1).map(Some)
    }

    /// `1 | 1 | KE2 (320)`, to which it says `1 | 1 | KE3 (64)`, and then `1 | 1`; or `1 | 0`, or `1 | 2 | seconds (4)`
    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<PasswordUser>> {
        match (std::mem::replace(&mut self.step, Step::Nothing), heard) {
            (_, [VERSION, REFUSED]) => Err(refused()),
            (Step::Logging(_), [VERSION, LATER, seconds @ ..]) => {
                let seconds = u32::from_be_bytes(seconds.try_into().map_err(|_| unsound())?);
                Err(too_many(Duration::from_secs(seconds.into())))
            }
            (Step::Logging(login), [VERSION, ACCEPTED, ke2 @ ..]) => {
                self.step = Step::Refuses;
                let (user, password) = (self.user.as_bytes(), self.password.as_bytes());
                let ke3 = login.finish(user, password, &own_context(binding), ke2).map_err(failed)?;
                self.step = Step::Proven;
                Ok(Turn::Says([&[VERSION, ACCEPTED][..], &ke3].concat()))
            }
            (Step::Proven, [VERSION, ACCEPTED]) => {
                let user = Verified::new(self.user.clone(), ProvenByPassword::ON_THE_CLIENT);
                Ok(Turn::Knows(user, None))
            }
            _ => Err(unsound()),
        }
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        matches!(self.step, Step::Refuses).then(|| vec![VERSION, REFUSED])
    }
}

/// The server.
struct Host {
    users: Users,
    asked: Option<Asked>,
    later: Option<Duration>,
}

impl Proof<PasswordUser> for Host {
    fn begin(&mut self, _: &Binding) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<PasswordUser>> {
        match (self.asked.take(), heard) {
            (None, _) => {
                let (user, ke1) = read_named(heard)?;
                match self.users.answer(user, binding, ke1)? {
                    Answer::Asks(asked, ke2) => {
                        self.asked = Some(asked);
                        Ok(Turn::Says([&[VERSION, ACCEPTED][..], &ke2].concat()))
                    }
                    Answer::Later(time) => {
                        self.later = Some(time);
                        Err(too_many(time))
                    }
                }
            }
            (Some(asked), [VERSION, ACCEPTED, ke3 @ ..]) => {
                let user = self.users.accept(asked, binding, ke3)?;
                Ok(Turn::Knows(user, Some(vec![VERSION, ACCEPTED])))
            }
            (Some(_), [VERSION, REFUSED]) => Err(unauthentic()),
            _ => Err(unsound()),
        }
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        let Some(time) = self.later else { return Some(vec![VERSION, REFUSED]) };
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Some([&[VERSION, LATER][..], &seconds.to_be_bytes()].concat())
    }
}

/// `1 | length of the name (1) | name | message`
pub(super) fn named(user: &str, message: &[u8]) -> Result<Vec<u8>> {
    let length = u8::try_from(user.len()).map_err(|_| unsound())?;
    Ok([&[VERSION, length][..], user.as_bytes(), message].concat())
}

/// What [`named`] gave: a name as [`user_name`] gives it, and the message.
pub(super) fn read_named(heard: &[u8]) -> Result<(&str, &[u8])> {
    let [VERSION, length, rest @ ..] = heard else { return Err(unsound()) };
    let (user, message) = rest.split_at_checked(usize::from(*length)).ok_or_else(unsound)?;
    let user = str::from_utf8(user).map_err(|_| unsound())?;
    match user_name(user) {
        Ok(name) if name == user => Ok((user, message)),
        _ => Err(unsound()),
    }
}

impl Judge<PasswordUser> for ByPassword {
    fn judge(&self, _: &Presented<'_>) -> Result<PasswordUser> {
        Err(unauthentic())
    }

    fn until(&self, _: &PasswordUser) -> Option<Time> {
        None
    }

    fn proof(&self) -> Option<Box<dyn Proof<PasswordUser>>> {
        let (user, password) = (self.user.clone(), Arc::clone(&self.password));
        Some(Box::new(Guest { user, password, step: Step::Nothing }))
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"password");
    }
}

impl Judge<PasswordUser> for ByPasswords {
    fn judge(&self, _: &Presented<'_>) -> Result<PasswordUser> {
        Err(unauthentic())
    }

    fn until(&self, _: &PasswordUser) -> Option<Time> {
        None
    }

    fn proof(&self) -> Option<Box<dyn Proof<PasswordUser>>> {
        Some(Box::new(Host { users: self.users.clone(), asked: None, later: None }))
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"passwords");
    }
}
