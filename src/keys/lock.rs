//! Who may open a thing (`Lock`), and what one opens it with (`Unlock`).
use super::{Identity, Key, Keyring, Passphrase, Recipient};
use crate::error::{Error, Result};

/// What one can encrypt to: a [`Key`], [`Keyring`], [`Passphrase`], [`Recipient`] or several as [`Recipients`].
///
/// It is sealed: every way in is one that the format knows.
pub trait Lock: sealed::Lock {}

/// What one can decrypt with: a [`Key`], [`Keyring`], [`Passphrase`], [`Identity`], or a slice or `Vec` of them.
///
/// It is sealed. For a mixture, use a slice of `&dyn Unlock`:
///
/// ```
/// use bulla::{Identity, Key, Unlock};
/// let (key, identity) = (Key::generate(), Identity::generate());
/// let sealed = bulla::encrypt(&identity.recipient(), b"hello")?;
/// let mine: [&dyn Unlock; 2] = [&key, &identity];
/// assert_eq!(bulla::decrypt(&mine[..], &sealed)?, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
pub trait Unlock: sealed::Unlock {}

pub(crate) mod sealed {
    use super::{Holders, Opener};

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is nothing that one can encrypt to",
        label = "give a Key, Keyring, Passphrase, Recipient or Recipients",
        note = "a password is a lock as bulla::Passphrase::new(text), bytes of a key as bulla::Key::from_bytes(bytes)"
    )]
    pub trait Lock {
        fn holders(&self) -> Holders<'_>;
    }

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is nothing that one can decrypt with",
        label = "give a Key, Keyring, Passphrase or Identity, or a slice of them",
        note = "a recipient is only encrypted to; its identity decrypts"
    )]
    pub trait Unlock {
        fn openers(&self) -> Vec<Opener<'_>>;
    }
}

/// One who may open.
#[derive(Clone, Copy)]
pub(crate) enum Holder<'a> {
    Key(&'a Key),
    Passphrase(&'a Passphrase),
    Recipient(&'a Recipient),
}

/// All who may open, and which mixtures were allowed.
#[derive(Clone)]
pub struct Holders<'a> {
    pub(crate) list: Vec<Holder<'a>>,
    pub(crate) downgrade_mix: bool,
    pub(crate) shared: bool,
}

/// One thing to open with.
#[derive(Clone, Copy)]
pub enum Opener<'a> {
    Key(&'a Key),
    Passphrase(&'a Passphrase),
    Identity(&'a Identity),
}

/// Several who may each open: never none.
///
/// Two mixtures are refused unless they are asked for by name:
/// a post-quantum recipient beside one that is not ([`allow_downgrade_mix`](Self::allow_downgrade_mix)), and a
/// passphrase or key beside anybody else ([`allow_shared`](Self::allow_shared)).
///
/// ```
/// use bulla::{Identity, Recipients};
/// let (ann, bob) = (Identity::generate(), Identity::generate());
/// let both = [ann.recipient(), bob.recipient()];
/// let sealed = bulla::encrypt(&Recipients::all(&both)?, b"hello")?;
/// assert_eq!(bulla::decrypt(&bob, &sealed)?, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
#[derive(Clone)]
pub struct Recipients<'a>(Holders<'a>);

impl<'a> Recipients<'a> {
    /// One to begin with.
    pub fn one(first: &'a (impl Lock + ?Sized)) -> Self {
        Recipients(first.holders())
    }

    /// One more. Somebody who is there already is not added twice.
    ///
    /// ```
    /// use bulla::{Identity, Recipients};
    /// let (ann, bob) = (Identity::generate().recipient(), Identity::generate().recipient());
    /// let both = Recipients::one(&ann).and(&bob);
    /// # let _ = both;
    /// ```
    pub fn and(self, other: &'a (impl Lock + ?Sized)) -> Self {
        Recipients(self.0.join(other.holders()))
    }

    /// All recipients of a list.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if the list is empty.
    pub fn all(list: &'a [Recipient]) -> Result<Self> {
        let (first, rest) = list.split_first().ok_or_else(|| {
            Error::usage("recipients", "the list is empty, nobody could decrypt", "name at least one")
        })?;
        Ok(rest.iter().fold(Recipients::one(first), |all, next| all.and(next)))
    }

    /// Lets post-quantum recipients stand beside others.
    ///
    /// Whoever breaks the weakest opens the file: the post-quantum ones gain nothing then.
    pub fn allow_downgrade_mix(mut self) -> Self {
        self.0.downgrade_mix = true;
        self
    }

    /// Lets a passphrase or key stand beside others.
    ///
    /// A file that was sealed for one passphrase or key comes from one who knows it.
    /// Beside others that is lost ([`Authenticity::None`](crate::Authenticity::None)): all who can open the file share its
    /// key, and each could have made it.
    pub fn allow_shared(mut self) -> Self {
        self.0.shared = true;
        self
    }
}

crate::secret::opaque_debug! {
    [] Recipients<'_> = "Recipients";
}

impl Holders<'_> {
    /// Both together; somebody who is there already is not added twice.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.downgrade_mix |= other.downgrade_mix;
        self.shared |= other.shared;
        for holder in other.list {
            if !self.list.iter().any(|there| there.is(&holder)) {
                self.list.push(holder);
            }
        }
        self
    }
}

impl Holder<'_> {
    pub(crate) fn is_passphrase(&self) -> bool {
        matches!(self, Holder::Passphrase(_))
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Holder::Key(a), Holder::Key(b)) => a == b,
            (Holder::Recipient(a), Holder::Recipient(b)) => a == b,
            (Holder::Passphrase(a), Holder::Passphrase(b)) => {
                crate::secret::equal(a.as_bytes(), b.as_bytes())
            }
            _ => false,
        }
    }
}

fn only(holder: Holder<'_>) -> Holders<'_> {
    Holders { list: vec![holder], downgrade_mix: false, shared: false }
}

impl sealed::Lock for Key {
    fn holders(&self) -> Holders<'_> {
        only(Holder::Key(self))
    }
}

impl sealed::Lock for Keyring {
    fn holders(&self) -> Holders<'_> {
        only(Holder::Key(self.primary()))
    }
}

impl sealed::Lock for Passphrase {
    fn holders(&self) -> Holders<'_> {
        only(Holder::Passphrase(self))
    }
}

impl sealed::Lock for Recipient {
    fn holders(&self) -> Holders<'_> {
        only(Holder::Recipient(self))
    }
}

impl sealed::Lock for Recipients<'_> {
    fn holders(&self) -> Holders<'_> {
        self.0.clone()
    }
}

impl sealed::Unlock for Key {
    fn openers(&self) -> Vec<Opener<'_>> {
        vec![Opener::Key(self)]
    }
}

impl sealed::Unlock for Keyring {
    fn openers(&self) -> Vec<Opener<'_>> {
        self.keys().map(Opener::Key).collect()
    }
}

impl sealed::Unlock for Passphrase {
    fn openers(&self) -> Vec<Opener<'_>> {
        vec![Opener::Passphrase(self)]
    }
}

impl sealed::Unlock for Identity {
    fn openers(&self) -> Vec<Opener<'_>> {
        vec![Opener::Identity(self)]
    }
}

impl<T: sealed::Unlock> sealed::Unlock for [T] {
    fn openers(&self) -> Vec<Opener<'_>> {
        self.iter().flat_map(sealed::Unlock::openers).collect()
    }
}

impl<T: sealed::Unlock> sealed::Unlock for Vec<T> {
    fn openers(&self) -> Vec<Opener<'_>> {
        self.as_slice().openers()
    }
}

impl<T: sealed::Unlock + ?Sized> sealed::Unlock for &T {
    fn openers(&self) -> Vec<Opener<'_>> {
        (**self).openers()
    }
}

impl<T: sealed::Lock + ?Sized> Lock for T {}
impl<T: sealed::Unlock + ?Sized> Unlock for T {}
