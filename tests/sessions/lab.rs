//! A site with sessions, its clock, and a browser's way to it.
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bulla::adapters::tower::{SessionLayer, SessionService, StrictLayer, StrictService};
use bulla::cookie::{
    Claims, Event, Lifetime, OptionalSession, Revocations, Scope, Sessions, Subject, TokenKeys, Tokens,
};
use bulla::{Time, TokenKeyring};
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tower_layer::Layer;
use tower_service::Service;

pub(crate) const NOW: i64 = 1_800_000_000;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: u64,
    pub(crate) admin: bool,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const USER: Login = Login { user: 7_086_420_975_318, admin: false };
pub(crate) const ADMIN: Login = Login { admin: true, ..USER };

fn nobody(visit: &OptionalSession<Login>) -> String {
    if visit.is_unsure() { "unsure" } else { "nobody" }.to_owned()
}

/// Answers with whom it sees, and does what the path says. After a `?` comes the status of the answer, if it is not 200.
#[derive(Clone)]
pub(crate) struct Site(Arc<Revocations>);

impl Service<Request<()>> for Site {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let visit = request.extensions().get::<OptionalSession<Login>>().unwrap();
        let seen = visit.get().map_or_else(|| nobody(visit), |session| format!("{:?}", session.claims()));
        match (request.uri().path(), visit.get()) {
            ("/login", _) => drop(visit.begin(&USER).unwrap()),
            ("/admin", Some(session)) => drop(session.reauthenticate(&ADMIN).unwrap()),
            ("/update", Some(session)) => session.update(&ADMIN).unwrap(),
            ("/logout", Some(session)) => session.end().unwrap(),
            ("/logout-everywhere", Some(session)) => session.end_everywhere().unwrap(),
            ("/stranger", Some(session)) => {
                assert!(session.update(&Login { user: 8, admin: false }).is_err());
            }
            ("/raise", Some(_)) => self.0.end_generations_before(1, Time::from_unix(NOW)).map(drop).unwrap(),
            ("/fail", _) => {
                return ready(Ok(Response::builder().status(StatusCode::BAD_GATEWAY).body(seen).unwrap()));
            }
            _ => {}
        }
        let status = request.uri().query().unwrap_or("200");
        ready(Ok(Response::builder().status(status).body(seen).unwrap()))
    }
}

/// A site, its clock, and a browser's way to it.
pub(crate) struct Lab {
    pub(crate) keys: TokenKeys,
    passed: Arc<AtomicI64>,
    told: Arc<Mutex<Vec<Event>>>,
    service: SessionService<Routes, Login>,
}

/// The site as it is, and below `/strict` with every session asked for.
#[derive(Clone)]
pub(crate) struct Routes(Site, StrictService<Site, Login>);

impl Service<Request<()>> for Routes {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        if request.uri().path().starts_with("/strict") {
            Box::pin(self.1.call(request))
        } else {
            Box::pin(self.0.call(request))
        }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) seen: String,
    /// The cookie's value and its attributes.
    pub(crate) set: Option<(String, String)>,
    pub(crate) is_stored: bool,
}

pub(crate) fn keys() -> TokenKeys {
    TokenKeys::new(TokenKeyring::generate(Duration::ZERO, DAY, Time::from_unix(NOW)).unwrap())
}

/// Sessions by a clock that shows what `passed` says.
pub(crate) fn sessions(passed: &Arc<AtomicI64>, revocations: Arc<Revocations>) -> Sessions<Login> {
    sessions_by(&keys(), passed, revocations)
}

/// As [`sessions`], under these keys.
pub(crate) fn sessions_by(
    keys: &TokenKeys,
    passed: &Arc<AtomicI64>,
    revocations: Arc<Revocations>,
) -> Sessions<Login> {
    let clock = Arc::clone(passed);
    let tokens = Tokens::new(keys, Scope::new("__Host-session").unwrap()).unwrap();
    let tokens = tokens.clock(move || Time::from_unix(NOW + clock.load(Ordering::Relaxed)));
    Sessions::of(tokens, revocations).unwrap()
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(Revocations::new())
    }

    pub(crate) fn with(revocations: Revocations) -> Self {
        let (passed, told) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (keys, events) = (keys(), Arc::clone(&told));
        let revocations = Arc::new(revocations);
        let sessions = sessions_by(&keys, &passed, Arc::clone(&revocations))
            .watch(move |event| events.lock().unwrap().push(event));
        let site = Site(revocations);
        let routes = Routes(site.clone(), StrictLayer::<Login>::new().layer(site));
        Lab { keys, passed, told, service: SessionLayer::of(sessions).unwrap().layer(routes) }
    }

    /// What happened since it was last asked.
    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    pub(crate) fn at(&self, seconds: i64) {
        self.passed.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn ask(&self, path: &str, cookies: &[&str], fields: &[(&str, &str)]) -> Answer {
        self.ask_by("GET", path, cookies, fields)
    }

    pub(crate) fn ask_by(
        &self,
        method: &str,
        path: &str,
        cookies: &[&str],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for cookie in cookies {
            request = request.header("cookie", cookie.as_bytes());
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = self.service.clone().call(request.body(()).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(answer).unwrap();
        let all: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
        assert!(all.len() <= 1, "more than one Set-Cookie");
        let set = all.first().map(|value| {
            let (name, rest) = value.to_str().unwrap().split_once('=').unwrap();
            let (value, attributes) = rest.split_once("; ").unwrap();
            assert_eq!(name, "__Host-session");
            (value.to_owned(), attributes.to_owned())
        });
        let is_stored = answer.headers().get("cache-control").is_none_or(|value| value != "no-store");
        assert!(set.is_none() || !is_stored, "a cache could keep the cookie");
        Answer { seen: answer.into_body(), set, is_stored }
    }

    /// As [`get`](Self::get), with a strict layer outside of the sessions.
    pub(crate) fn strictly(&self, path: &str, token: &str) -> String {
        let request = Request::builder().uri(path).header("cookie", format!("__Host-session={token}"));
        let mut service = StrictLayer::<Login>::new().layer(self.service.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(service.call(request.body(()).unwrap())).unwrap().into_body()
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(path, &[&format!("theme=dark; __Host-session={token}; x=y")], &[])
    }

    pub(crate) fn login(&self) -> String {
        self.ask("/login", &[], &[]).set.unwrap().0
    }
}

pub(crate) fn seen(login: &Login) -> String {
    format!("{login:?}")
}
