//! Sessions as extractors of axum (feature `axum`): a handler that asks for one is not called without.
//!
//! [`Session`] and [`OptionalSession`] are extractors themselves, inside of a [`SessionLayer`] or [`SessionStack`].
use std::time::Duration;

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use tower_http::csrf::{Csrf, CsrfLayer};
use tower_layer::Layer;

use super::tower::{SessionLayer, SessionService};
use crate::cookie::{Claims, OptionalSession, Session};

/// All that a site with sessions wants round it: a [`SessionLayer`], and outside of it a layer that refuses what another site has
/// a browser send ([`CsrfLayer`]: `Sec-Fetch-Site` and `Origin`, but for GET, HEAD and OPTIONS).
///
/// A proxy in front must hand on `Host` and `Origin` as they came. Where other origins may send, take the two layers one by one,
/// and name those origins to the second.
///
/// ```
/// # use bulla::cookie::{Claims, Lifetime, Revocations, Subject, TokenKeys};
/// # use bulla::{Time, TokenKeyring};
/// # use serde::{Deserialize, Serialize};
/// # use std::{sync::Arc, time::Duration};
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
/// use axum::{Router, routing::post};
/// use bulla::adapters::{axum::SessionStack, tower::SessionLayer};
/// use bulla::cookie::Session;
/// # let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR, Time::now())?);
/// # let revocations = Arc::new(Revocations::new());
/// let sessions = SessionLayer::<Login>::new(&keys, "session", revocations)?;
/// async fn pay(session: Session<Login>) -> &'static str { "paid" }
/// let app: Router = Router::new().route("/pay", post(pay)).layer(SessionStack::new(sessions));
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct SessionStack<C> {
    sessions: SessionLayer<C>,
    csrf: CsrfLayer,
}

impl<C> SessionStack<C> {
    /// Round these sessions.
    #[must_use]
    pub fn new(sessions: SessionLayer<C>) -> Self {
        SessionStack { sessions, csrf: CsrfLayer::new() }
    }
}

impl<C> Clone for SessionStack<C> {
    fn clone(&self) -> Self {
        SessionStack { sessions: self.sessions.clone(), csrf: self.csrf.clone() }
    }
}

impl<S, C> Layer<S> for SessionStack<C> {
    type Service = Csrf<SessionService<S, C>>;

    fn layer(&self, inner: S) -> Self::Service {
        self.csrf.layer(self.sessions.layer(inner))
    }
}

/// Why a handler was not called.
///
/// As a response it is a bare status; a handler that would rather send a page takes `Result<Session<C>, SessionMissing>`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SessionMissing {
    /// There is no session: 401, for who has to sign in.
    SignIn,
    /// It was too long ago that they proved who they are: 401, for who has to do it again (as RFC 9470 has it).
    ProveAgain,
    /// Whether the session was ended cannot be told now: 503, for who should come back in a moment.
    Unsure,
    /// The layer is not there: 500, for the developer.
    Layer,
}

impl IntoResponse for SessionMissing {
    fn into_response(self) -> Response {
        match self {
            SessionMissing::SignIn | SessionMissing::ProveAgain => StatusCode::UNAUTHORIZED,
            SessionMissing::Unsure => StatusCode::SERVICE_UNAVAILABLE,
            SessionMissing::Layer => StatusCode::INTERNAL_SERVER_ERROR,
        }
        .into_response()
    }
}

/// A session whose owner proved who they are less than `SECONDS` ago: for what cannot be undone.
pub struct RequireRecent<C, const SECONDS: u64>(pub Session<C>);

impl<S: Sync, C: Claims + Send + Sync> FromRequestParts<S> for OptionalSession<C> {
    type Rejection = SessionMissing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionMissing> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let claims = std::any::type_name::<C>();
            tracing::error!(claims, "a handler asks for a session, and no layer of these claims stands round it: call layer() after route()");
            SessionMissing::Layer
        })
    }
}

impl<S: Sync, C: Claims + Send + Sync> FromRequestParts<S> for Session<C> {
    type Rejection = SessionMissing;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionMissing> {
        let session = <OptionalSession<C> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        session.get().ok_or(if session.is_unsure() { SessionMissing::Unsure } else { SessionMissing::SignIn })
    }
}

impl<S: Sync, C: Claims + Send + Sync, const SECONDS: u64> FromRequestParts<S> for RequireRecent<C, SECONDS> {
    type Rejection = SessionMissing;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionMissing> {
        let session = <Session<C> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let is_recent = session.is_recent(Duration::from_secs(SECONDS));
        is_recent.then_some(RequireRecent(session)).ok_or(SessionMissing::ProveAgain)
    }
}
