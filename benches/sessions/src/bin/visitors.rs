//! Visitors of several hosts that share sessions: `visitors SECONDS HOW-MANY HOST HOST…`.
//!
//! Each signs in at one host, goes about at all of them, proves who they are now and then, and signs out at one, or everywhere. A
//! session that a host does not know while it goes on is *lost*; one that a host still answers more than a second after it was
//! ended is *late*. wrk and oha send requests, and cannot tell either. Exits with 1 if there was one.
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, Method, StatusCode};

/// The bound that docs/redis.md states, and some time for a busy machine: Redis is looked at each quarter of a second.
const BOUND: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Counts {
    logins: AtomicU64,
    requests: AtomicU64,
    renewals: AtomicU64,
    proofs: AtomicU64,
    ended: AtomicU64,
    ended_everywhere: AtomicU64,
    lost: AtomicU64,
    late: AtomicU64,
    errors: AtomicU64,
    /// From the end of a session to its first refusal elsewhere.
    delays: Mutex<Vec<Duration>>,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Numbers that differ (xorshift64, Marsaglia 2003): which path a visitor takes is no secret.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

struct Visitor {
    client: Client,
    hosts: Vec<String>,
    counts: Arc<Counts>,
    dice: Dice,
    user: u64,
    cookie: String,
}

impl Visitor {
    /// `None`: no answer at all.
    async fn send(&mut self, host: usize, method: Method, path: &str) -> Option<StatusCode> {
        let request =
            self.client.request(method, format!("{}{path}", self.hosts[host])).header(COOKIE, &self.cookie);
        let Ok(answer) = request.send().await else {
            count(&self.counts.errors);
            return None;
        };
        count(&self.counts.requests);
        if let Some(set) = answer.headers().get(SET_COOKIE) {
            let set = set.to_str().expect("ASCII");
            self.cookie = set.split(';').next().unwrap_or_default().to_owned();
            if path == "/me" {
                count(&self.counts.renewals);
            }
        }
        let status = answer.status();
        // To the end, so that the connection is used again.
        drop(answer.bytes().await);
        Some(status)
    }

    fn anywhere(&mut self) -> usize {
        self.dice.below(self.hosts.len() as u64) as usize
    }

    async fn visit(&mut self) {
        self.cookie.clear();
        let host = self.anywhere();
        if self.send(host, Method::POST, &format!("/login/{}", self.user)).await
            != Some(StatusCode::NO_CONTENT)
        {
            return;
        }
        count(&self.counts.logins);
        for _ in 0..self.dice.below(40) {
            tokio::time::sleep(Duration::from_millis(self.dice.below(600))).await;
            let host = self.anywhere();
            let (method, path) =
                if self.dice.below(20) == 0 { (Method::POST, "/prove") } else { (Method::GET, "/me") };
            match self.send(host, method, path).await {
                Some(StatusCode::NO_CONTENT) => count(&self.counts.proofs),
                Some(StatusCode::OK) | None => {}
                Some(status) => {
                    eprintln!("lost: {path} {status}");
                    count(&self.counts.lost);
                    return;
                }
            }
        }
        self.leave().await;
    }

    /// Signs out at one host, and looks at the others until they know; then whether it stays so.
    async fn leave(&mut self) {
        let host = self.anywhere();
        let (path, counter) = if self.dice.below(4) == 0 {
            ("/logout-everywhere", &self.counts.ended_everywhere)
        } else {
            ("/logout", &self.counts.ended)
        };
        count(counter);
        let cookie = self.cookie.clone();
        if self.send(host, Method::POST, path).await != Some(StatusCode::NO_CONTENT) {
            count(&self.counts.lost);
            return;
        }
        let ended = Instant::now();
        for other in 0..self.hosts.len() {
            loop {
                self.cookie.clone_from(&cookie);
                let asked = Instant::now();
                match self.send(other, Method::GET, "/me").await {
                    Some(StatusCode::UNAUTHORIZED) => break,
                    Some(StatusCode::OK) if asked.duration_since(ended) > BOUND => {
                        eprintln!("late: {:?}", asked.duration_since(ended));
                        count(&self.counts.late);
                        return;
                    }
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
            if other != host {
                self.counts.delays.lock().expect("no panic").push(ended.elapsed());
            }
        }
        for other in 0..self.hosts.len() {
            self.cookie.clone_from(&cookie);
            if self.send(other, Method::GET, "/me").await == Some(StatusCode::OK) {
                count(&self.counts.late);
            }
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, visitors, hosts @ ..] = &arguments[..] else {
        eprintln!("visitors SECONDS HOW-MANY HOST HOST…");
        return ExitCode::from(2);
    };
    let until = Instant::now() + Duration::from_secs(seconds.parse().expect("seconds"));
    let counts = Arc::new(Counts::default());
    let client = Client::new();
    let tasks: Vec<_> = (0..visitors.parse().expect("a number"))
        .map(|user: u64| {
            let (hosts, counts, client) = (hosts.to_vec(), Arc::clone(&counts), client.clone());
            let dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (user + 1));
            let mut visitor = Visitor { client, hosts, counts, dice, user, cookie: String::new() };
            tokio::spawn(async move {
                while Instant::now() < until {
                    visitor.visit().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no visitor fails");
    }
    let Counts { logins, requests, renewals, proofs, ended, ended_everywhere, lost, late, errors, delays } =
        &*counts;
    for (name, counter) in [
        ("sign-ins", logins),
        ("requests", requests),
        ("renewals", renewals),
        ("proofs given again", proofs),
        ("sessions ended", ended),
        ("ended everywhere", ended_everywhere),
        ("requests without an answer", errors),
        ("LOST sessions", lost),
        ("LATE: answered over a second after the end", late),
    ] {
        println!("{name}: {}", counter.load(Ordering::Relaxed));
    }
    let mut delays = delays.lock().expect("no panic").clone();
    delays.sort();
    if let Some(longest) = delays.last() {
        let (half, most) = (delays[delays.len() / 2], delays[delays.len() * 99 / 100]);
        println!(
            "until another host refused: median {half:?}, 99 of 100 within {most:?}, longest {longest:?}"
        );
    }
    let bad = lost.load(Ordering::Relaxed) + late.load(Ordering::Relaxed) + errors.load(Ordering::Relaxed);
    ExitCode::from(u8::from(bad > 0 || delays.is_empty()))
}
