//! Times a request through each site in turns, in this process and without a network, and prints what sessions add to it:
//! `bulla-bench-sessions [ROUNDS]`.
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bulla_bench_sessions::{bare, bulla, idle_layer, tower_sessions_idle, tower_sessions_memory};
use tower_service::Service;

/// Requests that are made, and then answered in one go.
const BATCH: u32 = 100;
const BATCHES: u32 = 40;

struct Site {
    name: &'static str,
    router: Router,
    cookie: String,
}

async fn site(name: &'static str, mut router: Router) -> Site {
    let request = Request::get("/login").body(Body::empty()).expect("a request");
    let response = router.call(request).await.expect("no error");
    let cookie =
        response.headers().get(header::SET_COOKIE).map_or("", |value| value.to_str().expect("ASCII"));
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let mut site = Site { name, router, cookie };
    assert_eq!(site.ask().await, StatusCode::OK, "{name}");
    site
}

impl Site {
    async fn ask(&mut self) -> StatusCode {
        self.router.call(self.request()).await.expect("no error").status()
    }

    fn request(&self) -> Request<Body> {
        Request::get("/").header(header::COOKIE, &self.cookie).body(Body::empty()).expect("a request")
    }

    /// Nanoseconds of one request: on average, and in the batch that took least, with which the machine interfered least.
    async fn time(&mut self) -> [f64; 2] {
        let nanoseconds = |took: Duration, requests| took.as_secs_f64() * 1e9 / f64::from(requests);
        let (mut took, mut least) = (Duration::ZERO, Duration::MAX);
        for _ in 0..BATCHES {
            let requests: Vec<_> = (0..BATCH).map(|_| self.request()).collect();
            let begun = Instant::now();
            for request in requests {
                assert_eq!(self.router.call(request).await.expect("no error").status(), StatusCode::OK);
            }
            let batch = begun.elapsed();
            (took, least) = (took + batch, least.min(batch));
        }
        [nanoseconds(took, BATCH * BATCHES), nanoseconds(least, BATCH)]
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
        site("a layer that does nothing", idle_layer()).await,
        site("bulla", bulla()).await,
        site("tower-sessions, memory", tower_sessions_memory()).await,
        site("tower-sessions, memory, idle time-out", tower_sessions_idle()).await,
    ];
    let mut times = vec![Vec::new(); sites.len()];
    for _ in 0..rounds {
        for (at, site) in sites.iter_mut().enumerate() {
            times[at].push(site.time().await);
        }
    }
    println!(
        "| site | a request, ns | over the bare one, ns | the least, ns | over the bare one's least, ns |"
    );
    println!("|---|---:|---:|---:|---:|");
    let least = |site: &[[f64; 2]]| site.iter().fold(f64::MAX, |least, [_, batch]| least.min(*batch));
    let bare = least(&times[0]);
    for (site, times_of) in sites.iter().zip(&times) {
        let over = median(times_of.iter().zip(&times[0]).map(|([own, _], [bare, _])| own - bare).collect());
        let (usual, least) = (median(times_of.iter().map(|[mean, _]| *mean).collect()), least(times_of));
        println!("| {} | {usual:.0} | {over:.0} | {least:.0} | {:.0} |", site.name, least - bare);
    }
}
