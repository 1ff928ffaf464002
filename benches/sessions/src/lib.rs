//! The same small site four times: without sessions, with bulla's, and with those of tower-sessions in memory and in Redis.
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use bulla::adapters::tower::SessionLayer;
use bulla::cookie::{Claims, Lifetime, OptionalSession, Revocations, Session, Subject, TokenKeys};
use bulla::{Time, TokenKeyring};
use serde::{Deserialize, Serialize};
use tower_service::Service;

const DAY: Duration = Duration::from_secs(86_400);

/// What a session says.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    pub user: u64,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

pub fn bare() -> Router {
    Router::new().route("/", get(async || "7"))
}

/// What any layer costs in axum.
pub fn idle_layer() -> Router {
    bare().layer(tower_layer::layer_fn(Idle))
}

#[derive(Clone)]
struct Idle<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Idle<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}

pub fn bulla() -> Router {
    async fn login(session: OptionalSession<Login>) -> StatusCode {
        session
            .begin(&Login { user: 7 })
            .map_or(StatusCode::INTERNAL_SERVER_ERROR, |_| StatusCode::NO_CONTENT)
    }
    async fn me(session: Session<Login>) -> &'static str {
        if session.claims().user == 7 { "7" } else { "?" }
    }
    let keys = TokenKeys::new(TokenKeyring::generate(Duration::ZERO, DAY, Time::now()).expect("sound times"));
    let layer =
        SessionLayer::<Login>::new(&keys, "session", Arc::new(Revocations::new())).expect("a sound name");
    Router::new().route("/", get(me)).route("/login", get(login)).layer(layer)
}

/// With a session that ends when it has idled too long, as bulla's do: tower-sessions then writes it, and its cookie, at each request
/// (`with_always_save`; without, the time runs from the last change).
pub fn tower_sessions_idle() -> Router {
    use tower_sessions::{Expiry, cookie::time::Duration};
    tower_sessions(|layer| {
        layer.with_expiry(Expiry::OnInactivity(Duration::seconds(1800))).with_always_save(true)
    })
}

/// As it is by itself: a session lasts until it is ended.
pub fn tower_sessions_memory() -> Router {
    tower_sessions(|layer| layer)
}

type TowerLayer = tower_sessions::SessionManagerLayer<tower_sessions::MemoryStore>;

fn tower_sessions(set: impl FnOnce(TowerLayer) -> TowerLayer) -> Router {
    use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
    async fn login(session: Session) -> StatusCode {
        session
            .insert("user", 7_u64)
            .await
            .map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::NO_CONTENT)
    }
    async fn me(session: Session) -> Result<&'static str, StatusCode> {
        let user = session.get::<u64>("user").await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        user.map(|user| if user == 7 { "7" } else { "?" }).ok_or(StatusCode::UNAUTHORIZED)
    }
    let layer = set(SessionManagerLayer::new(MemoryStore::default()));
    Router::new().route("/", get(me)).route("/login", get(login)).layer(layer)
}

pub async fn tower_sessions_redis(port: &str) -> Router {
    use tower_sessions_0_14::{Session, SessionManagerLayer};
    use tower_sessions_redis_store::RedisStore;
    use tower_sessions_redis_store::fred::prelude::*;
    async fn login(session: Session) -> StatusCode {
        session
            .insert("user", 7_u64)
            .await
            .map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::NO_CONTENT)
    }
    async fn me(session: Session) -> Result<&'static str, StatusCode> {
        let user = session.get::<u64>("user").await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        user.map(|user| if user == 7 { "7" } else { "?" }).ok_or(StatusCode::UNAUTHORIZED)
    }
    let config = Config::from_url(&format!("redis://127.0.0.1:{port}")).expect("a port");
    let pool = Pool::new(config, None, None, None, 6).expect("a pool");
    pool.connect();
    pool.wait_for_connect().await.expect("Redis");
    let layer = SessionManagerLayer::new(RedisStore::new(pool));
    Router::new().route("/", get(me)).route("/login", get(login)).layer(layer)
}
