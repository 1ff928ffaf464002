//! One of several hosts that share a Redis server, for a load test: `host KEY-FILE KEYRING-FILE REDIS-URL`; says where it listens.
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use bulla::adapters::keyring_file;
use bulla::adapters::redis::Redis;
use bulla::adapters::tower::SessionLayer;
use bulla::cookie::{Claims, Lifetime, OnStale, OptionalSession, Session, Subject};
use bulla::{Key, Result};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Serialize, Deserialize)]
struct Login {
    user: u64,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    /// Short, so that renewals are many.
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(8), Duration::from_secs(3600));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

fn done<T>(result: Result<T>) -> StatusCode {
    result.map_or(StatusCode::INTERNAL_SERVER_ERROR, |_| StatusCode::NO_CONTENT)
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, key, keyring, url] = &arguments[..] else {
        return Err("host KEY-FILE KEYRING-FILE REDIS-URL".into());
    };
    let every = Duration::from_millis(500);
    let keys =
        keyring_file::follow(keyring, Key::read_file(key)?, every, |error| eprintln!("keyring: {error}"))?;
    let (revocations, link) =
        Redis::open(url, Key::read_file(key)?)?.link(Duration::from_secs(5), OnStale::Allow)?;
    if !link.ready(Duration::from_secs(10)).await {
        return Err("Redis does not answer".into());
    }
    let routes = Router::new()
        .route("/me", get(async |session: Session<Login>| session.claims().user.to_string()))
        .route(
            "/login/{user}",
            post(async |Path(user): Path<u64>, session: OptionalSession<Login>| {
                done(session.begin(&Login { user }))
            }),
        )
        .route("/prove", post(async |session: Session<Login>| done(session.reauthenticate(session.claims()))))
        .route("/logout", post(async |session: Session<Login>| done(session.end())))
        .route("/logout-everywhere", post(async |session: Session<Login>| done(session.end_everywhere())))
        .layer(SessionLayer::<Login>::new(&keys, "session", revocations)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}
