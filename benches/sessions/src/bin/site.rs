//! Serves one of the sites for wrk: `site bare | bulla | tower-memory | tower-redis PORT`, and says where and with which cookie.
use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use bulla_bench_sessions::{bare, bulla, tower_sessions_memory, tower_sessions_redis};
use tokio::net::TcpListener;
use tower_service::Service;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut router: Router = match arguments.get(1).map(String::as_str) {
        Some("bare") => bare(),
        Some("bulla") => bulla(),
        Some("tower-memory") => tower_sessions_memory(),
        Some("tower-redis") => tower_sessions_redis(arguments.get(2).expect("a port")).await,
        _ => panic!("site bare | bulla | tower-memory | tower-redis PORT"),
    };
    let request = Request::get("/login").body(Body::empty()).expect("a request");
    let response = router.call(request).await.expect("no error");
    let cookie =
        response.headers().get(header::SET_COOKIE).map_or("", |value| value.to_str().expect("ASCII"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!(
        "{} {}",
        listener.local_addr().expect("an address"),
        cookie.split(';').next().unwrap_or_default()
    );
    axum::serve(listener, router).await.expect("it serves");
}
