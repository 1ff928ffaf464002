//! Pages: HTML without scripts, in which everything that somebody typed is only text.
use std::fmt;

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use bulla::cookie::Token;

/// Text of others, as it can stand between tags and in attributes with quotes.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => write!(f, "{letter}"),
        })
    }
}

pub(crate) fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\">\n<h1>{title}</h1>\n{body}\n"
    ))
}

/// A form with the session's token in it; `fields` are HTML.
pub(crate) fn form(action: &str, token: &Token, fields: &str, button: &str) -> String {
    let token = token.expose_text();
    format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         {fields}<button>{button}</button></form>"
    )
}

pub(crate) const PASSWORD: &str = "<label>Password <input name=\"password\" type=\"password\" required \
    autocomplete=\"current-password\"></label>";

pub(crate) fn sign_in(name: &str, note: &str) -> Html<String> {
    let name = Text(name);
    page(
        "Sign in",
        &format!(
            "<p>{note}</p><form method=\"post\" action=\"/sign-in\"><label>Name <input name=\"name\" value=\"{name}\" required \
             autocomplete=\"username\"></label>{PASSWORD}<button>Sign in</button></form>"
        ),
    )
}

pub(crate) async fn style() -> impl IntoResponse {
    let style =
        "body { font: 1em/1.5 sans-serif; max-width: 50em; margin: 2em auto }\nform { margin: 1em 0 }\n";
    ([(header::CONTENT_TYPE, "text/css")], style)
}

/// What every answer says to the browser: no scripts, no frames, nothing from elsewhere, nothing kept.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: forms would come from the origin `null` then.
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    // For the proxy to pass on. Browsers heed it over TLS alone.
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(crate) async fn with_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
