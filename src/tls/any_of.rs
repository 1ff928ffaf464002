//! A server that says which proofs it takes, and a client that is asked for one of them: of tlslite's "unknown" clients.
//!
//! The server says first what it takes, best first: `1 | way…`. The client answers with the first of these that it has, `1 | way | its
//! first message`, and from there on it is as if that had been agreed on beforehand; or `1 | 0`, if it has none. What the server says
//! is not authentic yet, and need not be: in each way the two prove themselves to each other, bound to the connection, so somebody in
//! the middle may choose the way, and gets nothing through on any.
//!
//! Ways that prove nothing of one side are not among them. A client without a name would believe anybody who says that none is asked
//! for; and for certificates TLS itself has the question (RFC 8446 section 4.3.2): [`Credentials`](super::Credentials) are shown to
//! servers that ask.
use std::sync::Arc;

use super::judge::{Judge, Presented, part};
use super::password::{ByPassword, ByPasswords};
use super::password_user::PasswordUser;
use super::proof::{Binding, Proof, Turn, unsound};
use super::shared_key::{ByKey, ByKeys, KeyHolder, SharedKeyStore};
use super::users::Users;
use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::opaque_debug;

/// Who is there, and by which proof.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OneOf {
    /// Somebody who has a password.
    Password(PasswordUser),
    /// Somebody who has a shared key.
    Key(KeyHolder),
}

/// For a server: it takes any of several proofs, and says which; what was named first it likes best.
///
/// ```
/// # use bulla::{KeyKind, PrivateKey, x509::{Authority, Credential}};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.tls_server(key.public(), &["example.org"])?.sign()?;
/// # let credentials = bulla::tls::Credentials::new([Credential::new(key, [certificate])?])?;
/// use bulla::tls::{AnyOf, MemoryUsers, Server, SharedKeys, Users};
/// let users = Users::new(MemoryUsers::new())?;
/// let ways = AnyOf::new().shared_keys(SharedKeys::new()).passwords(&users);
/// let server = Server::builder(&credentials).require_clients(ways)?;
/// # let _ = server;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct AnyOf(Vec<Offered>);

enum Offered {
    Passwords(ByPasswords),
    Keys(ByKeys),
}

/// For a client: it proves what the server asks for, of what it has. Each function is called when a server asks for its kind, and may
/// ask somebody, within the time that a handshake has; `None` is for "not that".
///
/// ```
/// use bulla::Passphrase;
/// use bulla::tls::{AsAsked, ByPassword, Client};
/// # fn ask(_: &str) -> bulla::Result<Option<Passphrase>> { Ok(None) }
/// let asked = AsAsked::new().password(|| match ask("Password of alice: ")? {
///     Some(password) => ByPassword::new("alice", password).map(Some),
///     None => Ok(None),
/// });
/// let client = Client::builder(asked).anonymous()?;
/// # let _ = client;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct AsAsked {
    password: Option<Ask<ByPassword>>,
    key: Option<Ask<ByKey>>,
}

type Ask<T> = Arc<dyn Fn() -> Result<Option<T>> + Send + Sync>;

opaque_debug! {
    [] AnyOf = "AnyOf";
    [] AsAsked = "AsAsked";
}

impl AnyOf {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The passwords of these users, and of no others that were named before.
    pub fn passwords(self, users: &Users) -> Self {
        self.offer(Offered::Passwords(ByPasswords::new(users)))
    }

    /// The shared keys of a store, and of no other that was named before.
    pub fn shared_keys(self, store: impl SharedKeyStore + 'static) -> Self {
        self.offer(Offered::Keys(ByKeys::new(store)))
    }

    /// One of each kind: the client chooses a kind, and cannot choose between two of it.
    fn offer(mut self, new: Offered) -> Self {
        self.0.retain(|offered| offered.way() != new.way());
        self.0.push(new);
        self
    }
}

impl AsAsked {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What to come in by where a password is asked for.
    pub fn password(mut self, ask: impl Fn() -> Result<Option<ByPassword>> + Send + Sync + 'static) -> Self {
        self.password = Some(Arc::new(ask));
        self
    }

    /// What to come in by where a shared key is asked for.
    pub fn shared_key(mut self, ask: impl Fn() -> Result<Option<ByKey>> + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(ask));
        self
    }

    /// The proof of this way, if there is one.
    fn proof(&self, way: u8) -> Result<Option<Inner>> {
        Ok(match (way, &self.password, &self.key) {
            (PASSWORD, Some(ask), _) => ask()?.and_then(|by| of(&by, OneOf::Password)),
            (KEY, _, Some(ask)) => ask()?.and_then(|by| of(&by, OneOf::Key)),
            _ => None,
        })
    }
}

const VERSION: u8 = 1;
const NONE: u8 = 0;
const KEY: u8 = 1;
const PASSWORD: u8 = 2;

type Inner = Box<dyn Proof<OneOf>>;

/// A proof of one kind as one of several.
struct As<P> {
    proof: Box<dyn Proof<P>>,
    one_of: fn(P) -> OneOf,
}

fn of<P: 'static>(judge: &impl Judge<P>, one_of: fn(P) -> OneOf) -> Option<Inner> {
    judge.proof().map(|proof| -> Inner { Box::new(As { proof, one_of }) })
}

impl<P> Proof<OneOf> for As<P> {
    fn begin(&mut self, binding: &Binding) -> Result<Option<Vec<u8>>> {
        self.proof.begin(binding)
    }

    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<OneOf>> {
        Ok(match self.proof.hear(heard, binding)? {
            Turn::Says(said) => Turn::Says(said),
            Turn::Knows(peer, said) => Turn::Knows((self.one_of)(peer), said),
        })
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        self.proof.refusal()
    }
}

impl Offered {
    fn way(&self) -> u8 {
        match self {
            Offered::Passwords(_) => PASSWORD,
            Offered::Keys(_) => KEY,
        }
    }

    fn proof(&self) -> Option<Inner> {
        match self {
            Offered::Passwords(by) => of(by, OneOf::Password),
            Offered::Keys(by) => of(by, OneOf::Key),
        }
    }
}

/// The server.
struct Offering {
    ways: Vec<(u8, Inner)>,
    chosen: Option<Inner>,
}

impl Proof<OneOf> for Offering {
    fn begin(&mut self, _: &Binding) -> Result<Option<Vec<u8>>> {
        let ways = self.ways.iter().map(|(way, _)| *way);
        Ok(Some([VERSION].into_iter().chain(ways).collect()))
    }

    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<OneOf>> {
        if let Some(chosen) = &mut self.chosen {
            return chosen.hear(heard, binding);
        }
        let (way, said) = match heard {
            [VERSION, NONE] => return Err(nothing("it has none of the proofs that are taken here")),
            [VERSION, way, said @ ..] => (*way, said),
            _ => return Err(unsound()),
        };
        let ways = std::mem::take(&mut self.ways);
        let (_, chosen) = ways.into_iter().find(|(offered, _)| *offered == way).ok_or_else(unsound)?;
        self.chosen.insert(chosen).hear(said, binding)
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        match &self.chosen {
            Some(chosen) => chosen.refusal(),
            None => Some(vec![VERSION, NONE]),
        }
    }
}

/// The client.
struct Choosing {
    asked: AsAsked,
    chosen: Option<Inner>,
}

impl Proof<OneOf> for Choosing {
    fn begin(&mut self, _: &Binding) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn hear(&mut self, heard: &[u8], binding: &Binding) -> Result<Turn<OneOf>> {
        if let Some(chosen) = &mut self.chosen {
            return chosen.hear(heard, binding);
        }
        let [VERSION, ways @ ..] = heard else { return Err(unsound()) };
        // Nobody is asked twice for the same.
        let mut not_yet = vec![KEY, PASSWORD];
        for way in ways {
            let Some(at) = not_yet.iter().position(|known| known == way) else { continue };
            not_yet.remove(at);
            if let Some(mut proof) = self.asked.proof(*way)? {
                let said = proof.begin(binding)?.ok_or_else(unsound)?;
                self.chosen = Some(proof);
                return Ok(Turn::Says([&[VERSION, *way][..], &said].concat()));
            }
        }
        Err(nothing("it asks for proofs of which there is none here"))
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        match &self.chosen {
            Some(chosen) => chosen.refusal(),
            None => Some(vec![VERSION, NONE]),
        }
    }
}

fn nothing(why: &'static str) -> Error {
    let hint = "look which of passwords and shared keys each side has";
    Error::new(ErrorKind::Unsupported, "the peer", why, hint)
}

impl Judge<OneOf> for AnyOf {
    fn judge(&self, _: &Presented<'_>) -> Result<OneOf> {
        Err(unsound())
    }

    fn until(&self, _: &OneOf) -> Option<Time> {
        None
    }

    fn proof(&self) -> Option<Box<dyn Proof<OneOf>>> {
        let ways = self.0.iter().filter_map(|offered| Some((offered.way(), offered.proof()?)));
        Some(Box::new(Offering { ways: ways.collect(), chosen: None }))
    }

    fn describe(&self, into: &mut Vec<u8>) {
        let ways: Vec<u8> = self.0.iter().map(Offered::way).collect();
        part(into, b"any of");
        part(into, &ways);
    }
}

impl Judge<OneOf> for AsAsked {
    fn judge(&self, _: &Presented<'_>) -> Result<OneOf> {
        Err(unsound())
    }

    fn until(&self, _: &OneOf) -> Option<Time> {
        None
    }

    fn proof(&self) -> Option<Box<dyn Proof<OneOf>>> {
        Some(Box::new(Choosing { asked: self.clone(), chosen: None }))
    }

    fn describe(&self, into: &mut Vec<u8>) {
        part(into, b"as asked");
    }
}
