//! An inner service's answer, after a session was asked for if it must be.
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::cookie::{Claims, OptionalSession};

pin_project! {
    /// First a question, perhaps, and then the inner service.
    #[project = Stage]
    pub(super) enum Asking<S: Service<Request<B>>, B> {
        // In a box, as it is rare: every answer would be as large.
        Question { question: Pin<Box<dyn Future<Output = ()> + Send>>, waiting: Option<Box<(S, Request<B>)>> },
        Answer { #[pin] answer: S::Future },
    }
}

impl<S: Service<Request<B>> + Clone, B> Asking<S, B> {
    pub(super) fn answered(inner: &mut S, request: Request<B>) -> Self {
        Asking::Answer { answer: inner.call(request) }
    }

    pub(super) fn asked<C: Claims + Send + Sync>(
        inner: &mut S,
        request: Request<B>,
        session: OptionalSession<C>,
    ) -> Self {
        // The one that said that it is ready is the one to call.
        let next = inner.clone();
        let is_ready = std::mem::replace(inner, next);
        let question = Box::pin(async move { session.ask().await });
        Asking::Question { question, waiting: Some(Box::new((is_ready, request))) }
    }
}

impl<S: Service<Request<B>>, B> Future for Asking<S, B> {
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let answer = match self.as_mut().project() {
                Stage::Answer { answer } => return answer.poll(context),
                Stage::Question { question, waiting } => {
                    ready!(question.as_mut().poll(context));
                    // It is taken once: this stage ends here.
                    let Some(waiting) = waiting.take() else { return Poll::Pending };
                    let (mut inner, request) = *waiting;
                    inner.call(request)
                }
            };
            self.set(Asking::Answer { answer });
        }
    }
}
