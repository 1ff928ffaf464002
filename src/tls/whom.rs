//! Who may be believed by what: the kinds of trust that clients and servers take.
use std::convert::identity;
use std::sync::Arc;

#[cfg(feature = "opaque")]
use super::any_of::{AnyOf, AsAsked, OneOf};
use super::certified::Certified;
use super::judge::Judge;
#[cfg(feature = "opaque")]
use super::password::{ByPassword, ByPasswords};
#[cfg(feature = "opaque")]
use super::password_user::PasswordUser;
use super::shared_key::{ByKey, ByKeys, KeyHolder};
use super::trust::{CertifiedPeer, KnownKeys, KnownPeer, Trust};

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Trust {}
    impl Sealed for super::KnownKeys {}
    impl Sealed for super::ByKey {}
    impl Sealed for super::ByKeys {}
    #[cfg(feature = "opaque")]
    impl Sealed for super::AnyOf {}
    #[cfg(feature = "opaque")]
    impl Sealed for super::AsAsked {}
    #[cfg(feature = "opaque")]
    impl Sealed for super::ByPassword {}
    #[cfg(feature = "opaque")]
    impl Sealed for super::ByPasswords {}
}

/// What a client can believe servers by: [`Trust`], [`KnownKeys`], [`ByKey`](super::ByKey), and with the feature `opaque`
/// `ByPassword` and `AsAsked`.
pub trait Believe: sealed::Sealed {
    /// What is known of a server that is believed.
    type Peer: Send + 'static;

    #[doc(hidden)]
    fn into_judge(self) -> Judges<Self::Peer>;
}

/// What a server can let in clients by: [`Trust`], [`KnownKeys`], [`ByKeys`](super::ByKeys), and with the feature `opaque`
/// `ByPasswords` and `AnyOf`.
pub trait Admit: sealed::Sealed {
    /// What is known of a client that was let in.
    type Peer: Send + 'static;

    #[doc(hidden)]
    fn into_judge(self) -> Judges<Self::Peer>;
}

/// A judge that only this folder can call.
#[doc(hidden)]
pub struct Judges<P>(pub(super) Arc<dyn Judge<P>>);

/// Each kind of trust, what it finds, and what judges by it.
macro_rules! judges {
    ($($way:ident for $whom:ty => $peer:ty, $judge:expr;)+) => {$(
        impl $way for $whom {
            type Peer = $peer;

            fn into_judge(self) -> Judges<$peer> {
                Judges(Arc::new($judge(self)))
            }
        }
    )+};
}

judges! {
    Believe for Trust => CertifiedPeer, Certified::new;
    Believe for KnownKeys => KnownPeer, identity;
    Believe for ByKey => KeyHolder, identity;
    Admit for Trust => CertifiedPeer, Certified::new;
    Admit for KnownKeys => KnownPeer, identity;
    Admit for ByKeys => KeyHolder, identity;
}

#[cfg(feature = "opaque")]
judges! {
    Believe for ByPassword => PasswordUser, identity;
    Believe for AsAsked => OneOf, identity;
    Admit for ByPasswords => PasswordUser, identity;
    Admit for AnyOf => OneOf, identity;
}
