//! One cookie: found in a request, and written into a response.
use std::io;

use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use memchr::memchr;

use crate::Result;

/// What stands in a request under a cookie's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sent<'a> {
    Nothing,
    One(&'a str),
    /// Several of one name: the browser was given one by somebody else, and which is whose cannot be told.
    Several,
}

/// A session's cookie. `__Host-` (draft-ietf-httpbis-rfc6265bis section 4.1.3.2) keeps browsers from taking one from another host
/// or without TLS.
pub(super) struct SessionCookie {
    name: String,
    attributes: &'static str,
}

const HOST: &str = "__Host-";

impl SessionCookie {
    /// `name` without the prefix, which is put before it.
    pub(super) fn host(name: &str) -> Result<Self> {
        if name.is_empty() || name.starts_with("__") {
            let why = format!(
                "session: a cookie's name is given without a prefix, and not as {name:?}; say \"session\""
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why).into());
        }
        let name = format!("{HOST}{name}");
        Ok(SessionCookie { name, attributes: "; Path=/; Secure; HttpOnly; SameSite=Lax" })
    }

    /// One whose name has the prefix already.
    pub(super) fn named(name: &str) -> Result<Self> {
        let bare = name.strip_prefix(HOST).ok_or_else(|| {
            let why = format!("session: the cookie {name} has no prefix {HOST}; give it one, for browsers to keep it to its host");
            io::Error::new(io::ErrorKind::InvalidInput, why)
        })?;
        Self::host(bare)
    }

    pub(super) fn plain_http(name: &str) -> Result<Self> {
        if [HOST, "__Secure-"].iter().any(|prefix| name.starts_with(prefix)) {
            let why = format!(
                "session: browsers take no cookie {name} over plain HTTP; give it a name without the prefix"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why).into());
        }
        Ok(SessionCookie { name: name.to_owned(), attributes: "; Path=/; HttpOnly; SameSite=Lax" })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Looks through all fields `Cookie` (RFC 6265 section 4.2.1; HTTP/2 may split them, RFC 9113 section 8.2.3).
    pub(super) fn find<'a>(&self, headers: &'a HeaderMap) -> Sent<'a> {
        let mut found = Sent::Nothing;
        for field in headers.get_all(COOKIE) {
            // By bytes: what others put into their cookies is no matter of ours.
            let mut rest = Some(field.as_bytes());
            while let Some(pairs) = rest {
                let (pair, others) = match memchr(b';', pairs).and_then(|end| pairs.split_at_checked(end)) {
                    Some((pair, others)) => (pair, others.get(1..)),
                    None => (pairs, None),
                };
                rest = others;
                let pair = pair.trim_ascii_start();
                let value = pair.strip_prefix(self.name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
                let Some(value) = value else { continue };
                if found != Sent::Nothing {
                    return Sent::Several;
                }
                // What is no text is no token, as an empty one is none.
                found = Sent::One(std::str::from_utf8(value).unwrap_or_default());
            }
        }
        found
    }

    /// Has the browser keep a token so many seconds.
    pub(super) fn set(&self, headers: &mut HeaderMap, token: &str, seconds: u64) {
        self.write(headers, &format!("{}={token}{}; Max-Age={seconds}", self.name, self.attributes));
    }

    /// Has the browser forget it.
    pub(super) fn clear(&self, headers: &mut HeaderMap) {
        self.write(headers, &format!("{}={}; Max-Age=0", self.name, self.attributes));
    }

    fn write(&self, headers: &mut HeaderMap, text: &str) {
        // A name that a scope took, and a token: all of it is ASCII that can be seen.
        let Ok(mut value) = HeaderValue::from_str(text) else { return };
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
        // A cache that kept the answer would give the session to others (RFC 9111 section 5.2.2.5).
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
