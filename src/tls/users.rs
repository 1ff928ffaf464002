//! The table of a server's users: what it keeps of their passwords, where, and how tries are answered.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::attempts::{Attempt, Attempts, Rate};
use super::password_user::{PasswordUser, ProvenByPassword, failed, own_context};
use super::proof::Binding;
use super::settings::Clock;
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::keys::Passphrase;
use crate::limits::USER_NAME_BYTES;
use crate::primitives::{hash, opaque, random};
use crate::secret::opaque_debug;
use crate::verified::Verified;

/// Where a server keeps its users: a secret of the table, and a record for each of them.
///
/// Each method is whole or not at all, and sees what was done before by any process that shares the store. They are called in the
/// middle of handshakes: what has to be fetched from afar is better there before.
///
/// # Security
/// Who reads the store can try out passwords at home, one Argon2id for each, and for all users anew: it is kept as keys are. Who
/// writes to it decides who comes in.
///
/// ```
/// use bulla::tls::{MemoryUsers, UserStore};
/// let store = MemoryUsers::new();
/// assert!(store.swap("alice", None, Some(b"a record"))?);
/// assert!(!store.swap("alice", None, Some(b"another"))?); // there is one already
/// assert_eq!(store.find("alice")?.as_deref(), Some(&b"a record"[..]));
/// # Ok::<(), bulla::Error>(())
/// ```
pub trait UserStore: Send + Sync {
    /// The secret of the table: the one that is kept, or else this, which is kept from now on.
    ///
    /// # Errors
    /// What keeps it from it.
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>>;

    /// What is kept of a user; `None` if there is nobody of that name. It should take as long.
    ///
    /// # Errors
    /// What keeps it from looking. Nobody comes in then.
    fn find(&self, user: &str) -> Result<Option<Vec<u8>>>;

    /// Keeps a record (`None`: nothing) if what is kept now is `expected` (`None`: nothing), and says whether it was. Of several
    /// that expect the same at one time, one succeeds. What was answered stays so, after a crash, too.
    ///
    /// # Errors
    /// What keeps it from it.
    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool>;

    /// The names of all users, sorted.
    ///
    /// # Errors
    /// What keeps it from it.
    fn list(&self) -> Result<Vec<String>>;
}

/// Users in memory, for tests, and for servers that are told theirs when they start.
#[derive(Default)]
pub struct MemoryUsers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    secret: Option<Zeroizing<Vec<u8>>>,
    records: BTreeMap<String, Vec<u8>>,
}

/// A server's users, and what it keeps of their passwords: OPAQUE's records (RFC 9807), which say nothing about a password without a
/// try of Argon2id for each guess. Clones are the same table.
///
/// Names count as they are written, in Unicode's NFC: 1 to 255 bytes without control characters. For each name, whether somebody has
/// it or not, ten passwords may be tried at once, and then one a minute; what was right does not count. Each process counts for
/// itself. (So somebody who tries passwords for a user can keep them out for as long; that is the price.)
///
/// ```
/// use bulla::Passphrase;
/// use bulla::tls::{MemoryUsers, Users};
/// let users = Users::new(MemoryUsers::new())?;
/// users.add("alice", &Passphrase::new("correct horse battery staple")?)?;
/// assert!(users.check("alice", &Passphrase::new("correct horse battery staple")?).is_ok());
/// assert!(users.check("alice", &Passphrase::new("hunter2")?).is_err());
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Users {
    store: Arc<dyn UserStore>,
    setup: Arc<opaque::Setup>,
    attempts: Arc<Attempts>,
    rate: Rate,
    clock: Clock,
}

/// The first byte of what is kept.
const VERSION: u8 = 1;

opaque_debug! {
    [] Users = "Users";
    [] MemoryUsers = "MemoryUsers";
}

/// What a client is told that begins to log in.
pub(super) enum Answer {
    Asks(Asked, Vec<u8>),
    /// Too many have tried: so long there is none for this name.
    Later(Duration),
}

/// A client that has begun to log in.
pub(super) struct Asked {
    user: String,
    answered: opaque::Answered,
    record: [u8; 32],
    attempt: Attempt,
}

impl Users {
    /// Those of a store. The first time, it gets a secret, which its records go with.
    ///
    /// # Errors
    /// Those of the store; [`Malformed`](crate::ErrorKind::Malformed) if what it keeps is none of bulla's.
    pub fn new(store: impl UserStore + 'static) -> Result<Self> {
        let mut fresh = Zeroizing::new(vec![VERSION]);
        fresh.reserve_exact(opaque::SETUP);
        fresh.extend_from_slice(&opaque::Setup::generate().to_bytes());
        let secret = store.secret(&fresh)?;
        let setup = match secret.split_first() {
            Some((&VERSION, setup)) => opaque::Setup::from_bytes(setup),
            _ => None,
        };
        Ok(Users {
            store: Arc::new(store),
            setup: Arc::new(setup.ok_or_else(not_ours)?),
            attempts: Arc::new(Attempts::new()),
            rate: Rate::USUAL,
            clock: Arc::new(Time::now),
        })
    }

    /// Allows so many tries for a name at once, and one more each time that so much has passed, in whole seconds.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) but for 1 to 100 tries, and a second at least.
    pub fn tries(mut self, at_once: u32, one_more_after: Duration) -> Result<Self> {
        self.rate = Rate::new(at_once, one_more_after)?;
        Ok(self)
    }

    /// Counts tries by this clock, in tests.
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// One more user, whose password is known here. Over a connection it need not be: see [`register`](Self::register).
    ///
    /// # Errors
    /// [`Exists`](crate::ErrorKind::Exists) if there is one of that name; [`Usage`](crate::ErrorKind::Usage) for a name that cannot
    /// be one; those of the store.
    pub fn add(&self, user: &str, password: &Passphrase) -> Result<()> {
        let user = user_name(user)?;
        let record = self.made(&user, password)?;
        self.keep(&user, None, &record)
    }

    /// Another password for a user who has forgotten theirs.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is nobody of that name; [`Changed`](crate::ErrorKind::Changed) if it was changed
    /// by somebody else at the same time; those of the store.
    pub fn reset(&self, user: &str, password: &Passphrase) -> Result<()> {
        let user = user_name(user)?;
        let before = self.store.find(&user)?.ok_or_else(|| nobody(&user))?;
        let record = self.made(&user, password)?;
        self.keep(&user, Some(&before), &record)
    }

    /// Removes a user, who does not come in any more. Connections that are there stay.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if there is nobody of that name; [`Changed`](crate::ErrorKind::Changed) if the password
    /// was changed at the same time; those of the store.
    pub fn remove(&self, user: &str) -> Result<()> {
        let user = user_name(user)?;
        let before = self.store.find(&user)?.ok_or_else(|| nobody(&user))?;
        if self.store.swap(&user, Some(&before), None)? { Ok(()) } else { Err(changed(&user)) }
    }

    /// The names of all users, sorted.
    ///
    /// # Errors
    /// Those of the store.
    pub fn list(&self) -> Result<Vec<String>> {
        self.store.list()
    }

    /// Whether this is the user's password, which is known here. It counts as a try, and takes as long for a name that nobody has.
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) if it is not, or there is no such user; [`OverLimit`](crate::ErrorKind::OverLimit)
    /// after too many tries; those of the store.
    pub fn check(&self, user: &str, password: &Passphrase) -> Result<PasswordUser> {
        let user = user_name(user)?;
        let nobody_else = Binding::new(random::bytes());
        let (login, ke1) = opaque::Login::start(password.as_bytes()).map_err(failed)?;
        let (asked, ke2) = match self.answer(&user, &nobody_else, &ke1)? {
            Answer::Asks(asked, ke2) => (asked, ke2),
            Answer::Later(time) => return Err(too_many(time)),
        };
        let context = own_context(&nobody_else);
        let ke3 = login.finish(user.as_bytes(), password.as_bytes(), &context, &ke2).map_err(failed)?;
        self.accept(asked, &nobody_else, &ke3)
    }

    /// Answers a client that begins to log in: all names alike. The name is as [`user_name`] gives it.
    pub(super) fn answer(&self, user: &str, binding: &Binding, ke1: &[u8]) -> Result<Answer> {
        let attempt = match self.attempts.count(user, self.rate, (self.clock)()) {
            Ok(attempt) => attempt,
            Err(time) => return Ok(Answer::Later(time)),
        };
        let kept = self.store.find(user)?;
        let record = match kept.as_deref().map(<[u8]>::split_first) {
            None => None,
            Some(Some((&VERSION, record))) if record.len() == opaque::RECORD => Some(record),
            Some(_) => return Err(not_ours()),
        };
        let (answered, ke2) =
            self.setup.answer(user.as_bytes(), &own_context(binding), record, ke1).map_err(failed)?;
        // Whoever is nobody has a digest, too, so that it takes as long.
        let record = hash::sha256(kept.as_deref().unwrap_or(&[0; 1 + opaque::RECORD]));
        Ok(Answer::Asks(Asked { user: user.to_owned(), answered, record, attempt }, ke2))
    }

    /// Decides on the client's proof.
    pub(super) fn accept(&self, asked: Asked, binding: &Binding, ke3: &[u8]) -> Result<PasswordUser> {
        let Asked { user, answered, record, attempt } = asked;
        answered.finish(user.as_bytes(), &own_context(binding), ke3).map_err(failed)?;
        self.forgive(&attempt);
        Ok(Verified::new(user, ProvenByPassword::against(record)))
    }

    /// Counts a try for a name.
    pub(super) fn count(&self, user: &str) -> Result<Attempt> {
        self.attempts.count(user, self.rate, (self.clock)()).map_err(too_many)
    }

    /// Takes back one that came to something.
    pub(super) fn forgive(&self, attempt: &Attempt) {
        self.attempts.forgive(attempt, self.rate);
    }

    /// Whether nobody has the name.
    pub(super) fn check_is_new(&self, user: &str) -> Result<()> {
        if self.store.find(user)?.is_some() { Err(exists(user)) } else { Ok(()) }
    }

    /// Answers the first message of a registration.
    pub(super) fn begin_record(&self, user: &str, request: &[u8]) -> Result<Vec<u8>> {
        self.setup.register(user.as_bytes(), request).map_err(failed)
    }

    /// Keeps what a registration came to; for a change, in the place of a record that has this digest, and of no other.
    pub(super) fn end_record(&self, user: &str, upload: &[u8], before: Option<[u8; 32]>) -> Result<()> {
        opaque::record(upload).map_err(failed)?;
        let Some(digest) = before else { return self.keep(user, None, &versioned(upload)) };
        let kept = self.store.find(user)?.filter(|kept| hash::sha256(kept) == digest);
        self.keep(user, Some(&kept.ok_or_else(|| changed(user))?), &versioned(upload))
    }

    fn made(&self, user: &str, password: &Passphrase) -> Result<Vec<u8>> {
        let (registration, request) = opaque::Registration::start(password.as_bytes()).map_err(failed)?;
        let response = self.begin_record(user, &request)?;
        let upload = registration.finish(user.as_bytes(), password.as_bytes(), &response);
        upload.map(|upload| versioned(&upload)).map_err(failed)
    }

    fn keep(&self, user: &str, before: Option<&[u8]>, record: &[u8]) -> Result<()> {
        match (self.store.swap(user, before, Some(record))?, before) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(changed(user)),
            (false, None) => Err(exists(user)),
        }
    }
}

fn versioned(upload: &[u8]) -> Vec<u8> {
    [&[VERSION][..], upload].concat()
}

/// A name as both sides write it.
pub(super) fn user_name(name: &str) -> Result<String> {
    let room = 1..=USER_NAME_BYTES;
    if room.contains(&name.len()) && !name.chars().any(char::is_control) {
        let name: String = name.nfc().collect();
        if room.contains(&name.len()) {
            return Ok(name);
        }
    }
    let why = "it has not 1 to 255 bytes, or has control characters";
    Err(Error::usage("user name", why, "take another name"))
}

fn exists(user: &str) -> Error {
    let hint = "take another name, or give that user another password";
    Error::new(ErrorKind::Exists, format!("user {user:?}"), "there is one already", hint)
}

fn nobody(user: &str) -> Error {
    Error::usage("user", format!("there is nobody of the name {user:?}"), "look at the list of users")
}

fn changed(user: &str) -> Error {
    let why = "the password was changed, or the user removed, at the same time or since the login";
    Error::new(ErrorKind::Changed, format!("user {user:?}"), why, "look who did it, and try again")
}

fn not_ours() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "table of users",
        "what it keeps was not written by this version of bulla",
        "look whether it is the right table; restore it, or use a newer bulla",
    )
}

pub(super) fn too_many(time: Duration) -> Error {
    let why = format!("too many were tried for this name; the next may be tried in {} s", time.as_secs());
    Error::over_limit("password", why, "wait; if it was not you, somebody may be guessing it")
}

impl MemoryUsers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UserStore for MemoryUsers {
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        Ok(self.kept().secret.get_or_insert_with(|| Zeroizing::new(fresh.to_vec())).clone())
    }

    fn find(&self, user: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.kept().records.get(user).cloned())
    }

    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool> {
        let records = &mut self.kept().records;
        if records.get(user).map(Vec::as_slice) != expected {
            return Ok(false);
        }
        match record {
            Some(record) => records.insert(user.to_owned(), record.to_vec()),
            None => records.remove(user),
        };
        Ok(true)
    }

    fn list(&self) -> Result<Vec<String>> {
        Ok(self.kept().records.keys().cloned().collect())
    }
}

/// An `Arc` of a store is one, too: whatever needs one can share it.
impl<S: UserStore + ?Sized> UserStore for Arc<S> {
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        (**self).secret(fresh)
    }

    fn find(&self, user: &str) -> Result<Option<Vec<u8>>> {
        (**self).find(user)
    }

    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool> {
        (**self).swap(user, expected, record)
    }

    fn list(&self) -> Result<Vec<String>> {
        (**self).list()
    }
}
