//! What the site does: each route, and who may use it.
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use bulla::adapters::axum::{RequireRecent, SessionMissing, SessionStack};
use bulla::adapters::tower::{SessionLayer, StrictLayer};
use bulla::cookie::{OptionalSession, Revocations, Session};
use bulla::{ErrorKind, Time};
use serde::Deserialize;

use crate::Login;
use crate::pages::{self, PASSWORD, Text, form, page};
use crate::sessions::SeenSessions;
use crate::users::Users;

pub(crate) struct Site {
    pub(crate) users: Users,
    pub(crate) seen: SeenSessions,
    /// Who paid what.
    pub(crate) payments: Mutex<Vec<(String, String)>>,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) clock: Box<dyn Fn() -> Time + Send + Sync>,
}

type Here = State<Arc<Site>>;
type Page = Result<Html<String>, Sorry>;
type Done = Result<Redirect, Sorry>;
/// The session, or why there is none: for a page instead of a bare 401.
type Asked = Result<Session<Login>, SessionMissing>;
/// One whose owner gave the password in the last five minutes.
type AskedRecent = Result<RequireRecent<Login, 300>, SessionMissing>;

pub(crate) fn routes(site: Arc<Site>, sessions: SessionLayer<Login>) -> Router {
    Router::new()
        .route("/pay", get(pay_form).post(pay))
        // What costs money asks whether the session was ended elsewhere a moment ago.
        .route_layer(StrictLayer::<Login>::new())
        .route("/", get(home))
        .route("/sign-in", get(sign_in_form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/sign-out-everywhere", post(sign_out_everywhere))
        .route("/confirm", get(confirm_form).post(confirm))
        .route("/sessions", get(sessions_list))
        .route("/sessions/end", post(sessions_end))
        .layer(from_fn_with_state(Arc::clone(&site), note))
        // What another site has a browser send is refused, also for signing in, where no session guards the form.
        .layer(SessionStack::new(sessions))
        .route("/style.css", get(pages::style))
        .layer(DefaultBodyLimit::max(16_384))
        .layer(map_response(pages::with_headers))
        .with_state(site)
}

/// Takes note of the session of each request, for the list.
async fn note(State(site): Here, session: OptionalSession<Login>, request: Request, next: Next) -> Response {
    if let Some(session) = session.get() {
        let browser = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        site.seen.note(&session, browser.unwrap_or("unknown"), (site.clock)());
    }
    next.run(request).await
}

async fn home(State(site): Here, session: Asked) -> Page {
    let session = session?;
    let user = &session.claims().user;
    let mut body = format!(
        "<p>You are <b>{}</b>.</p>\n<p><a href=\"/pay\">Pay</a> · <a href=\"/sessions\">My sessions</a></p>\n<ul>",
        Text(user)
    );
    let payments = site.payments.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (_, payment) in payments.iter().filter(|(by, _)| by == user) {
        let _ = write!(body, "<li>{}</li>", Text(payment));
    }
    body.push_str("</ul>\n");
    body.push_str(&form("/sign-out", &session.form_token("sign-out")?, "", "Sign out"));
    body.push_str(&form(
        "/sign-out-everywhere",
        &session.form_token("everywhere")?,
        "",
        "Sign out everywhere",
    ));
    Ok(page("Home", &body))
}

async fn sign_in_form() -> Html<String> {
    pages::sign_in("", "alice’s password is <kbd>wonderland</kbd>, bob’s is <kbd>the builder</kbd>.")
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
}

async fn sign_in(
    State(site): Here,
    session: OptionalSession<Login>,
    Form(who): Form<SignIn>,
) -> Result<Response, Sorry> {
    if !site.users.check(&who.name, who.password).await {
        let page = pages::sign_in(&who.name, "Name or password is wrong.");
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    session.begin(&Login { user: who.name })?;
    Ok(Redirect::to("/").into_response())
}

/// A form with nothing but the session's token.
#[derive(Deserialize)]
struct Button {
    token: String,
}

async fn sign_out(session: Asked, Form(button): Form<Button>) -> Done {
    let session = session?;
    session.check_form("sign-out", &button.token)?;
    session.end()?;
    Ok(Redirect::to("/sign-in"))
}

async fn sign_out_everywhere(session: Asked, Form(button): Form<Button>) -> Done {
    let session = session?;
    session.check_form("everywhere", &button.token)?;
    session.end_everywhere()?;
    Ok(Redirect::to("/sign-in"))
}

async fn pay_form(session: AskedRecent) -> Page {
    let RequireRecent(session) = session?;
    let fields = "<label>To <input name=\"to\" required></label> <label>Amount <input name=\"amount\" required></label>";
    Ok(page("Pay", &form("/pay", &session.form_token("pay")?, fields, "Pay")))
}

#[derive(Deserialize)]
struct Payment {
    token: String,
    to: String,
    amount: String,
}

async fn pay(State(site): Here, session: AskedRecent, Form(payment): Form<Payment>) -> Done {
    let RequireRecent(session) = session?;
    session.check_form("pay", &payment.token)?;
    let entry = (session.claims().user.clone(), format!("{} to {}", payment.amount, payment.to));
    site.payments.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    Ok(Redirect::to("/"))
}

async fn confirm_form(session: Asked) -> Page {
    let token = session?.form_token("confirm")?;
    Ok(page("It is you?", &form("/confirm", &token, PASSWORD, "Go on")))
}

#[derive(Deserialize)]
struct Confirm {
    token: String,
    password: String,
}

async fn confirm(State(site): Here, session: Asked, Form(proof): Form<Confirm>) -> Done {
    let session = session?;
    session.check_form("confirm", &proof.token)?;
    if !site.users.check(&session.claims().user, proof.password).await {
        return Ok(Redirect::to("/confirm"));
    }
    match session.reauthenticate(session.claims()) {
        // Another tab has just done it: the next request has what it got.
        Err(error) if error.kind() == ErrorKind::Usage => {}
        done => drop(done?),
    }
    Ok(Redirect::to("/pay"))
}

async fn sessions_list(State(site): Here, session: Asked) -> Page {
    let session = session?;
    let token = session.form_token("end-session")?;
    let mut body = String::from("<table><tr><th>Begun<th>Last seen<th>Browser<th>\n");
    for (name, seen) in site.seen.of(session.claims(), &site.revocations, (site.clock)()) {
        let (begun, at, browser) = (seen.begun(), seen.at, Text(&seen.browser));
        let _ = write!(body, "<tr id=\"{name}\"><td>{begun}<td>{at}<td>{browser}<td>");
        if seen.stamp.session() == session.stamp().session() {
            body.push_str("this one\n");
        } else {
            let field = format!("<input type=\"hidden\" name=\"session\" value=\"{name}\">");
            body.push_str(&form("/sessions/end", &token, &field, "End"));
        }
    }
    body.push_str("</table>\n<p><a href=\"/\">Home</a></p>");
    Ok(page("My sessions", &body))
}

#[derive(Deserialize)]
struct End {
    token: String,
    session: String,
}

async fn sessions_end(State(site): Here, session: Asked, Form(end): Form<End>) -> Done {
    let session = session?;
    session.check_form("end-session", &end.token)?;
    let now = (site.clock)();
    // Among one's own: whose a session is, no form can say.
    if let Some(seen) = site.seen.of(session.claims(), &site.revocations, now).get(&end.session) {
        site.revocations.end(&seen.stamp, Duration::ZERO, now)?;
    }
    Ok(Redirect::to("/sessions"))
}

/// Why something was not done.
#[derive(Debug)]
enum Sorry {
    Missing(SessionMissing),
    Failed(bulla::Error),
}

impl From<SessionMissing> for Sorry {
    fn from(why: SessionMissing) -> Self {
        Sorry::Missing(why)
    }
}

impl From<bulla::Error> for Sorry {
    fn from(error: bulla::Error) -> Self {
        Sorry::Failed(error)
    }
}

impl IntoResponse for Sorry {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Sorry::Missing(SessionMissing::SignIn) => return Redirect::to("/sign-in").into_response(),
            Sorry::Missing(SessionMissing::ProveAgain) => return Redirect::to("/confirm").into_response(),
            Sorry::Missing(SessionMissing::Unsure) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Come back in a moment.")
            }
            Sorry::Failed(error) if error.kind() == ErrorKind::Unauthentic => (
                StatusCode::FORBIDDEN,
                "This form is not of your session any more. Go back, load it again, and send that.",
            ),
            wrong => {
                eprintln!("{wrong:?}");
                (StatusCode::INTERNAL_SERVER_ERROR, "It did not work.")
            }
        };
        (status, page("Sorry", &format!("<p>{why}</p>"))).into_response()
    }
}
