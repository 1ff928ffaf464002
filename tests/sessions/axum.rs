//! Handlers of axum that ask for a session are not called without.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use bulla::adapters::axum::{RequireRecent, SessionMissing, SessionStack};
use bulla::adapters::tower::SessionLayer;
use bulla::cookie::{OptionalSession, Session};
use tower_service::Service;

use super::lab::{Login, USER, sessions};
use crate::telling::logged;

async fn login(session: OptionalSession<Login>) -> StatusCode {
    session.begin(&USER).map_or(StatusCode::INTERNAL_SERVER_ERROR, |_| StatusCode::NO_CONTENT)
}

async fn me(session: Session<Login>) -> String {
    session.claims().user.to_string()
}

async fn pay(RequireRecent(session): RequireRecent<Login, 300>) -> String {
    session.claims().user.to_string()
}

async fn asks(session: Result<Session<Login>, SessionMissing>) -> String {
    session.map_or_else(|why| format!("{why:?}"), |session| session.claims().user.to_string())
}

fn routes() -> Router {
    Router::new()
        .route("/login", get(login))
        .route("/me", get(me))
        .route("/pay", get(pay))
        .route("/asks", get(asks))
}

fn ask(app: &Router, path: &str, cookie: &str) -> (StatusCode, Option<String>) {
    let request = Request::builder().uri(path).header("cookie", cookie).body(Body::empty()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let response = runtime.block_on(app.clone().call(request)).unwrap();
    let cookie = response.headers().get("set-cookie").map(|value| value.to_str().unwrap());
    (response.status(), cookie.map(|cookie| cookie.split_once(';').unwrap().0.to_owned()))
}

#[test]
fn a_handler_that_asks_for_a_session_is_not_called_without() {
    let passed = Arc::new(AtomicI64::new(0));
    let app = routes().layer(SessionLayer::of(sessions(&passed, Arc::default())).unwrap());
    for path in ["/me", "/pay"] {
        assert_eq!(ask(&app, path, "").0, StatusCode::UNAUTHORIZED);
    }
    let (status, cookie) = ask(&app, "/login", "");
    let cookie = cookie.unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    for path in ["/me", "/pay", "/asks"] {
        assert_eq!(ask(&app, path, &cookie).0, StatusCode::OK);
    }
    // Too long ago for what cannot be undone.
    passed.store(299, Ordering::Relaxed);
    assert_eq!(ask(&app, "/pay", &cookie).0, StatusCode::OK);
    passed.store(300, Ordering::Relaxed);
    assert_eq!(ask(&app, "/pay", &cookie).0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, "/me", &cookie).0, StatusCode::OK);
}

#[test]
fn without_the_layer_nobody_is_taken_for_signed_out_and_the_log_says_what_is_missing() {
    let app = routes();
    for path in ["/login", "/me", "/pay"] {
        logged(|log| {
            assert_eq!(ask(&app, path, "").0, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            let told = log.take();
            let missing = told.iter().filter(|line| line.starts_with("ERROR") && line.contains("Login"));
            assert_eq!(missing.count(), 1, "{told:?}");
        });
    }
}

#[test]
fn the_stack_refuses_what_another_site_has_a_browser_send() {
    let passed = Arc::new(AtomicI64::new(0));
    let sessions = SessionLayer::of(sessions(&passed, Arc::default())).unwrap();
    let app = routes().route("/send", post(me)).layer(SessionStack::new(sessions));
    let cookie = ask(&app, "/login", "").1.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (name, value, status) in [
        ("sec-fetch-site", "same-origin", StatusCode::OK),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("origin", "https://shop.example", StatusCode::OK),
        ("origin", "https://shop.example:8443", StatusCode::FORBIDDEN),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
    ] {
        let request = Request::post("/send").header("host", "shop.example").header("cookie", &cookie);
        let request = request.header(name, value).body(Body::empty()).unwrap();
        let response = runtime.block_on(app.clone().call(request)).unwrap();
        assert_eq!(response.status(), status, "{name}: {value}");
    }
}
