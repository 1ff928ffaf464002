//! Routes on which Redis itself is asked.
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use bulla::adapters::tower::{SessionLayer, StrictLayer};
use bulla::cookie::{Notices, OnStale, OptionalSession, Revocation, Scope, Sessions, Tokens};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::lab::{Lab, Login};

#[derive(Clone)]
struct Site;

impl Service<Request<()>> for Site {
    type Response = Response<bool>;
    type Error = Infallible;
    type Future = Ready<Result<Response<bool>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let visit = request.extensions().get::<OptionalSession<Login>>().unwrap();
        ready(Ok(Response::new(visit.get().is_some())))
    }
}

#[tokio::test]
async fn on_a_strict_route_a_session_counts_only_if_redis_says_so() {
    let Some(mut lab) = Lab::new() else { return };
    // Not told what others revoke: its task ends at once.
    let deaf = lab.host_by(OnStale::Allow);
    drop(deaf.link);
    let other = lab.ready().await;
    let tokens = Tokens::<Login>::new(&lab.keys, Scope::new("__Host-session").unwrap()).unwrap();
    let sessions = Sessions::of(tokens, Arc::clone(&deaf.revocations)).unwrap();
    let token = sessions.tokens().issue(&Login { user: 7 }).unwrap();
    let layer = SessionLayer::of(sessions).unwrap();
    let request = || {
        let cookie = format!("__Host-session={}", token.expose_text());
        Request::builder().header("cookie", cookie).body(()).unwrap()
    };
    let strict = layer.layer(StrictLayer::<Login>::new().layer(Site));
    let plain = layer.layer(Site);
    let is_strictly = async || strict.clone().call(request()).await.unwrap().into_body();
    let is_plainly = async || plain.clone().call(request()).await.unwrap().into_body();
    assert!(is_strictly().await && is_plainly().await);
    lab.server.freeze();
    assert!(!is_strictly().await && is_plainly().await);
    lab.server.thaw();
    lab.server.kill();
    assert!(!is_strictly().await && is_plainly().await);
    lab.server.run();
    // It has lost its memory, and says nothing of any session until a host has told it again.
    let limit = std::time::Instant::now() + super::lab::LIMIT;
    while !is_strictly().await {
        assert!(std::time::Instant::now() < limit, "a host tells what it knows");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    other.end(token.stamp());
    super::lab::until("it is told", || lab.server.does::<u64>(&[b"HLEN", b"bulla:revoked"]) > 1).await;
    // What it was asked for is known from then on.
    assert!(is_plainly().await);
    assert!(!is_strictly().await && !is_plainly().await);
}

#[tokio::test]
async fn on_a_strict_route_nobody_has_a_session_while_the_generation_cannot_be_read() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.ready().await;
    let tokens = Tokens::<Login>::new(&lab.keys, Scope::new("__Host-session").unwrap()).unwrap();
    let sessions = Sessions::of(tokens, Arc::clone(&host.revocations)).unwrap();
    let token = sessions.tokens().issue(&Login { user: 7 }).unwrap();
    let mut strict = SessionLayer::of(sessions).unwrap().layer(StrictLayer::<Login>::new().layer(Site));
    let place = Notices::place(&Revocation::Generation(0));
    for (is_junk, has_one) in [(false, true), (true, false), (false, true)] {
        if is_junk {
            lab.server.does::<()>(&[b"HSET", b"bulla:revoked", &place, b"x"]);
        } else {
            lab.ready().await;
        }
        let cookie = format!("__Host-session={}", token.expose_text());
        let request = Request::builder().header("cookie", cookie).body(()).unwrap();
        assert_eq!(strict.call(request).await.unwrap().into_body(), has_one);
    }
}
