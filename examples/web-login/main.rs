//! A site with a login: `cargo run --example web-login --features axum,redis`, and then <http://localhost:3000> in a browser.
//!
//! It speaks plain HTTP, as it would behind a proxy that does TLS. The cookie is the real one: browsers take `__Host-` and `Secure`
//! from `http://localhost`, which never leaves the machine, and from no other address without TLS.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

mod handlers;
mod pages;
mod sessions;
mod users;

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulla::adapters::keyring_file;
use bulla::adapters::redis::{LinkTask, Redis};
use bulla::adapters::tower::SessionLayer;
use bulla::cookie::{Claims, Lifetime, OnStale, Revocations, Scope, Sessions, Subject, TokenKeys, Tokens};
use bulla::{Key, Time, TokenKeyring};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::handlers::Site;
use crate::sessions::SeenSessions;
use crate::users::Users;

/// What a session says: who it is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: String,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    /// Half an hour without a request, twelve hours at all.
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(&self.user))
    }
}

const USAGE: &str =
    "web-login [--listen ADDRESS] [--key FILE [--keyring FILE] [--redis URL]] [--clock-offset FILE]";

/// What the command line says.
#[derive(Default)]
struct Options {
    listen: Option<String>,
    keyring: Option<PathBuf>,
    key: Option<PathBuf>,
    redis: Option<String>,
    clock_offset: Option<PathBuf>,
}

impl Options {
    fn read() -> Result<Self, Box<dyn Error>> {
        let (mut options, mut arguments) = (Options::default(), std::env::args().skip(1));
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--listen" => options.listen = Some(value),
                "--keyring" => options.keyring = Some(value.into()),
                "--key" => options.key = Some(value.into()),
                "--redis" => options.redis = Some(value),
                "--clock-offset" => options.clock_offset = Some(value.into()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }

    /// The key that all hosts have, and nobody else.
    fn key(&self) -> Result<Key, Box<dyn Error>> {
        Ok(Key::read_file(self.key.as_ref().ok_or(USAGE)?)?)
    }

    /// The keys of the tokens. Those in a file are read again whenever it changes.
    fn keys(&self) -> Result<TokenKeys, Box<dyn Error>> {
        let Some(path) = &self.keyring else {
            // Gone with the process, and everybody signs in anew.
            let ring = TokenKeyring::generate(Duration::ZERO, Login::LIFETIME.absolute(), Time::now())?;
            return Ok(TokenKeys::new(ring));
        };
        let told = |error: &bulla::Error| eprintln!("keyring: {error}");
        Ok(keyring_file::follow(path, self.key()?, Duration::from_millis(500), told)?)
    }

    /// What was ended before its time: here, or on all hosts.
    async fn revocations(&self) -> Result<(Arc<Revocations>, Option<LinkTask>), Box<dyn Error>> {
        let Some(url) = &self.redis else { return Ok((Arc::default(), None)) };
        let (revocations, link) =
            Redis::open(url, self.key()?)?.clock(self.clock()).link(Duration::from_secs(5), OnStale::Ask)?;
        if !link.ready(Duration::from_secs(5)).await {
            eprintln!("redis: it does not answer; until it does, nobody has a session");
        }
        Ok((revocations, Some(link)))
    }

    /// The system's clock; for tests, so many seconds ahead of it as stand in a file.
    fn clock(&self) -> impl Fn() -> Time + Clone + Send + Sync + 'static {
        let file = self.clock_offset.clone();
        move || {
            let ahead = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
            let seconds = ahead.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            Time::now() + Duration::from_secs(seconds)
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read()?;
    let keys = options.keys()?;
    let (revocations, link) = options.revocations().await?;
    let clock = options.clock();
    let tokens = Tokens::<Login>::new(&keys, Scope::new("__Host-session")?)?.clock(clock.clone());
    let sessions =
        Sessions::of(tokens, Arc::clone(&revocations))?.watch(|event| println!("{}", event.word()));
    let site = Site {
        users: Users::of_the_demo()?,
        seen: SeenSessions::default(),
        payments: Mutex::default(),
        revocations,
        clock: Box::new(clock),
    };
    let routes = handlers::routes(Arc::new(site), SessionLayer::of(sessions)?);

    let listener = TcpListener::bind(options.listen.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("listening: http://localhost:{}", listener.local_addr()?.port());
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await?;
    if let Some(link) = link {
        // What was ended in the last moment is told before this ends.
        link.stop(Duration::from_secs(2)).await;
    }
    Ok(())
}
