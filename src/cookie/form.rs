//! Tokens in forms, against requests that other sites have a browser make (CSRF): bound to a session and to one form.
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::claims::{Claims, Lifetime, Subject};
use super::stamp::SessionId;
use crate::encoding::base64url;

/// What a form's token says. It is never the same twice, so that compression beside it tells nothing of it (BREACH).
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct FormClaims<C> {
    /// The digest of the session's number.
    session: String,
    form: String,
    #[serde(skip)]
    claims: PhantomData<fn() -> C>,
}

impl<C> FormClaims<C> {
    pub(super) fn new(session: SessionId, form: &str) -> Self {
        let session = base64url::encode(&session.digest());
        FormClaims { session, form: form.to_owned(), claims: PhantomData }
    }

    pub(super) fn is_for(&self, session: SessionId, form: &str) -> bool {
        self.session == base64url::encode(&session.digest()) && self.form == form
    }
}

impl<C: Claims> Claims for FormClaims<C> {
    const PURPOSE: &'static str = C::PURPOSE;
    const PURPOSE_TAIL: &'static str = "/form";
    /// As long as the session at most, which it ends with.
    const LIFETIME: Lifetime = Lifetime::fixed(C::LIFETIME.absolute());

    fn subject(&self) -> Option<Subject> {
        None
    }
}
