//! Sessions in cookies: a layer round any service over `http` (feature `tower`).
//!
//! The layer reads the cookie, accepts its token, and puts an [`OptionalSession`](crate::cookie::OptionalSession) into the request;
//! whoever answers the request may begin, change and end the session through it, and at most one `Set-Cookie` goes out. A session
//! that is used is renewed by itself, once half of its idle time is over.
mod asking;
mod cookies;
mod layer;
mod log;
mod strict;

pub use layer::{SessionFuture, SessionLayer, SessionService};
pub use strict::{StrictFuture, StrictLayer, StrictService};
