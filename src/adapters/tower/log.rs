//! What happens to sessions, told to `tracing`.
use crate::cookie::Event;

pub(super) fn session(event: Event) {
    match event {
        Event::Refused(why) => tracing::debug!(why = why.word(), "a session's token was refused"),
        // What visitors can bring about at will does not fill a log of warnings.
        Event::Unsure => {
            tracing::warn!(event = event.word(), "session");
        }
        _ => tracing::debug!(event = event.word(), "session"),
    }
}
