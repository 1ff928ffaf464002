//! A layer for routes on which a session that was ended elsewhere a moment ago must not count.
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::asking::Asking;
use crate::cookie::{Claims, OptionalSession};

/// Has the hosts' common store asked for each request with a session of these claims. Without an answer there is no session.
///
/// It stands round some routes inside of a [`SessionLayer`](super::SessionLayer), or outside of one.
pub struct StrictLayer<C>(PhantomData<fn() -> C>);

/// In a request: layers further in know by it whether they are to ask.
pub(super) enum Question<C> {
    /// The layer of sessions is.
    Wanted,
    /// None is: it was asked a moment ago.
    Asked(PhantomData<fn() -> C>),
}

impl<C> Clone for Question<C> {
    fn clone(&self) -> Self {
        match self {
            Question::Wanted => Question::Wanted,
            Question::Asked(claims) => Question::Asked(*claims),
        }
    }
}

impl<C> StrictLayer<C> {
    /// For sessions with claims of this type.
    #[must_use]
    pub fn new() -> Self {
        StrictLayer(PhantomData)
    }
}

impl<C> Default for StrictLayer<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> Clone for StrictLayer<C> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<S, C> Layer<S> for StrictLayer<C> {
    type Service = StrictService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        StrictService { inner, claims: PhantomData }
    }
}

/// A service whose sessions are asked for: what [`StrictLayer`] makes.
pub struct StrictService<S, C> {
    inner: S,
    claims: PhantomData<fn() -> C>,
}

impl<S: Clone, C> Clone for StrictService<S, C> {
    fn clone(&self) -> Self {
        StrictService { inner: self.inner.clone(), claims: PhantomData }
    }
}

impl<S, C, B> Service<Request<B>> for StrictService<S, C>
where
    S: Service<Request<B>> + Clone,
    C: Claims + Send + Sync,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = StrictFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let session = request.extensions().get::<OptionalSession<C>>().cloned();
        let was_asked = matches!(request.extensions().get(), Some(Question::<C>::Asked(_)));
        let inner = match session {
            Some(_) if was_asked => Asking::answered(&mut self.inner, request),
            Some(session) => {
                request.extensions_mut().insert(Question::<C>::Asked(PhantomData));
                Asking::asked(&mut self.inner, request, session)
            }
            // The layer of sessions may stand inside of this one: it asks, then.
            None => {
                request.extensions_mut().insert(Question::<C>::Wanted);
                Asking::answered(&mut self.inner, request)
            }
        };
        StrictFuture { inner }
    }
}

pin_project! {
    /// The answer of a [`StrictService`].
    pub struct StrictFuture<S: Service<Request<B>>, B> {
        #[pin]
        inner: Asking<S, B>,
    }
}

impl<S: Service<Request<B>>, B> Future for StrictFuture<S, B> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(context)
    }
}
