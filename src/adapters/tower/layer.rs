//! The layer: reads the cookie before a request, and writes it after.
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::asking::Asking;
use super::cookies::{Sent, SessionCookie};
use super::log;
use super::strict::Question;
use crate::Result;
use crate::cookie::{Change, Claims, OptionalSession, Revocations, Scope, Sessions, TokenKeys};

/// Sessions with claims of one type, in a cookie: a layer for services over `http`.
///
/// The cookie is `__Host-NAME` with `Secure`, `HttpOnly`, `SameSite=Lax` and `Path=/`
/// (draft-ietf-httpbis-rfc6265bis section 4.1.3.2); none of that is a setting.
///
/// What happens is told to `tracing`, at the level `debug`, or `warn` where somebody should look; it names nobody.
///
/// ```
/// use bulla::adapters::tower::SessionLayer;
/// use bulla::cookie::{Claims, Lifetime, Revocations, Subject, TokenKeys};
/// use bulla::{Time, TokenKeyring};
/// # use serde::{Deserialize, Serialize};
/// use std::{sync::Arc, time::Duration};
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
/// let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR, Time::now())?);
/// let layer = SessionLayer::<Login>::new(&keys, "session", Arc::new(Revocations::new()))?;
/// // let app = axum::Router::new().route(…).layer(layer);
/// # Ok::<(), bulla::Error>(())
/// ```
pub struct SessionLayer<C> {
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    sessions: Arc<Sessions<C>>,
    cookie: SessionCookie,
}

impl<C: Claims> SessionLayer<C> {
    /// Sessions in a cookie `__Host-NAME`, over TLS alone.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) for a name that has a prefix already, and those of [`Scope::new`] and
    /// [`Sessions::new`].
    pub fn new(keys: &TokenKeys, name: &str, revocations: Arc<Revocations>) -> Result<Self> {
        let cookie = SessionCookie::host(name)?;
        let sessions = Sessions::new(keys, Scope::new(cookie.name())?, revocations)?;
        Ok(Self::with(sessions, cookie))
    }

    /// Sessions that were set up already, with a clock or watchers of their own, say. Their tokens are in a cookie of their
    /// scope's name.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if that name does not begin with `__Host-`.
    pub fn of(sessions: Sessions<C>) -> Result<Self> {
        let cookie = SessionCookie::named(sessions.tokens().scope().name())?;
        Ok(Self::with(sessions, cookie))
    }

    /// Sessions in a cookie of their scope's name that browsers send without TLS, too, for whoever listens on the way: for the
    /// developer's own machine, and nowhere else. The log says so.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) if the name has a prefix `__Host-` or `__Secure-`, which no browser takes
    /// without TLS.
    pub fn over_plain_http_for_development(sessions: Sessions<C>) -> Result<Self> {
        let cookie = SessionCookie::plain_http(sessions.tokens().scope().name())?;
        tracing::warn!(cookie = cookie.name(), "sessions go over plain HTTP: whoever listens has them");
        Ok(Self::with(sessions, cookie))
    }

    fn with(sessions: Sessions<C>, cookie: SessionCookie) -> Self {
        let sessions = Arc::new(sessions.watch(log::session));
        SessionLayer { shared: Arc::new(Shared { sessions, cookie }) }
    }
}

impl<C: Claims> Shared<C> {
    fn open(&self, headers: &HeaderMap) -> OptionalSession<C> {
        match self.cookie.find(headers) {
            Sent::One(token) => self.sessions.open(Some(token)),
            Sent::Nothing => self.sessions.open(None),
            Sent::Several => self.sessions.open_none_of_several(),
        }
    }

    fn close(&self, session: &OptionalSession<C>, may_renew: bool, headers: &mut HeaderMap) {
        match session.close(may_renew) {
            Change::Set(token) => {
                let left =
                    token.stamp().idle_until().unix().saturating_sub(self.sessions.tokens().now().unix());
                self.cookie.set(headers, token.expose_text(), u64::try_from(left).unwrap_or(0));
            }
            Change::Clear => self.cookie.clear(headers),
            _ => {}
        }
    }
}

impl<C> Clone for SessionLayer<C> {
    fn clone(&self) -> Self {
        SessionLayer { shared: Arc::clone(&self.shared) }
    }
}

impl<S, C> Layer<S> for SessionLayer<C> {
    type Service = SessionService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// A service with sessions round it: what [`SessionLayer`] makes.
pub struct SessionService<S, C> {
    inner: S,
    shared: Arc<Shared<C>>,
}

impl<S: Clone, C> Clone for SessionService<S, C> {
    fn clone(&self) -> Self {
        SessionService { inner: self.inner.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<S, C, B, R> Service<Request<B>> for SessionService<S, C>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    C: Claims + Send + Sync,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = SessionFuture<S, B, C>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let session = self.shared.open(request.headers());
        let is_prefetch = is_prefetch(request.headers());
        let is_strict = matches!(request.extensions().get(), Some(Question::<C>::Wanted));
        request.extensions_mut().insert(session.clone());
        let inner = if is_strict || session.must_ask() {
            request.extensions_mut().insert(Question::<C>::Asked(PhantomData));
            Asking::asked(&mut self.inner, request, session.clone())
        } else {
            Asking::answered(&mut self.inner, request)
        };
        SessionFuture { inner, shared: Arc::clone(&self.shared), session, is_prefetch }
    }
}

/// Whether a page is fetched in case somebody might ask for it: nobody has, yet.
fn is_prefetch(headers: &HeaderMap) -> bool {
    static NAMES: [HeaderName; 3] = [
        HeaderName::from_static("sec-purpose"),
        HeaderName::from_static("purpose"),
        HeaderName::from_static("x-moz"),
    ];
    NAMES.iter().any(|name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"))
    })
}

pin_project! {
    /// The answer of a [`SessionService`].
    pub struct SessionFuture<S: Service<Request<B>>, B, C> {
        #[pin]
        inner: Asking<S, B>,
        shared: Arc<Shared<C>>,
        session: OptionalSession<C>,
        is_prefetch: bool,
    }
}

impl<S, B, R, C> Future for SessionFuture<S, B, C>
where
    S: Service<Request<B>, Response = Response<R>>,
    C: Claims,
{
    type Output = std::result::Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let own = self.project();
        let mut response = ready!(own.inner.poll(context))?;
        let may_renew = !*own.is_prefetch && !response.status().is_server_error();
        own.shared.close(own.session, may_renew, response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
