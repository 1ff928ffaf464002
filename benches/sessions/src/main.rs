//! Times a request through each site in turns, in this process and without a network, and prints what sessions add to it:
//! `bulla-bench-sessions [ROUNDS]`.
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bulla_bench_sessions::{bare, bulla, tower_sessions_memory};
use tower_service::Service;

const REQUESTS: u32 = 4000;

struct Site {
    name: &'static str,
    router: Router,
    cookie: String,
}

async fn site(name: &'static str, mut router: Router) -> Site {
    let request = Request::get("/login").body(Body::empty()).expect("a request");
    let response = router.call(request).await.expect("no error");
    let cookie = response.headers().get(header::SET_COOKIE).map_or("", |value| value.to_str().expect("ASCII"));
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let mut site = Site { name, router, cookie };
    assert_eq!(site.ask().await, StatusCode::OK, "{name}");
    site
}

impl Site {
    async fn ask(&mut self) -> StatusCode {
        let request = Request::get("/").header(header::COOKIE, &self.cookie).body(Body::empty()).expect("a request");
        self.router.call(request).await.expect("no error").status()
    }

    /// Nanoseconds of one request.
    async fn time(&mut self) -> f64 {
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            assert_eq!(self.ask().await, StatusCode::OK);
        }
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(REQUESTS)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds = std::env::args().nth(1).map_or(25, |text| text.parse().expect("a number of rounds"));
    let mut sites = vec![
        site("no sessions", bare()).await,
        site("bulla", bulla()).await,
        site("tower-sessions, memory", tower_sessions_memory()).await,
    ];
    let mut times = vec![Vec::new(); sites.len()];
    for _ in 0..rounds {
        for (at, site) in sites.iter_mut().enumerate() {
            times[at].push(site.time().await);
        }
    }
    println!("| site | a request, ns | over the bare one, ns |\n|---|---:|---:|");
    for (at, site) in sites.iter().enumerate() {
        let over = median(times[at].iter().zip(&times[0]).map(|(own, bare)| own - bare).collect());
        println!("| {} | {:.0} | {over:.0} |", site.name, median(times[at].clone()));
    }
}
