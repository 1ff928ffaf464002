//! Sessions: what each request begins with, what whoever answers it does to it, and what goes out.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::claims::Claims;
use super::event::Event;
use super::form::FormClaims;
use super::revocation::{Revocations, Standing};
use super::scope::Scope;
use super::stamp::{Stamp, Token};
use super::tokens::Tokens;
use crate::clock::{self, Time};
use crate::error::{Error, ErrorKind, Result};
use crate::keys::TokenKeys;
use crate::verified::Verified;

/// Sessions with claims of one type: opens one for each request.
///
/// The layers in [`adapters`](crate::adapters) are built on this; so can one for any other kind of server be.
///
/// ```
/// use bulla::cookie::{Change, Claims, Lifetime, Revocations, Scope, Sessions, Subject, TokenKeys};
/// use bulla::{Time, TokenKeyring};
/// # use serde::{Deserialize, Serialize};
/// use std::{sync::Arc, time::Duration};
/// # #[derive(Serialize, Deserialize)]
/// # struct Login { user: u64 }
/// # const HOUR: Duration = Duration::from_secs(3600);
/// # impl Claims for Login {
/// #     const PURPOSE: &'static str = "login";
/// #     const LIFETIME: Lifetime = Lifetime::new(HOUR, HOUR);
/// #     fn subject(&self) -> Option<Subject> { Some(Subject::of(self.user.to_be_bytes())) }
/// # }
/// let keys = TokenKeys::new(TokenKeyring::generate(HOUR, HOUR, Time::now())?);
/// let sessions = Sessions::new(&keys, Scope::new("__Host-session")?, Arc::new(Revocations::new()))?;
/// let sessions = Arc::new(sessions);
///
/// let visit = sessions.open(None); // a request without a cookie
/// assert!(visit.get().is_none());
/// visit.begin(&Login { user: 7 })?; // somebody signs in
/// let Change::Set(token) = visit.close(true) else { panic!() };
///
/// let visit = sessions.open(Some(token.expose_text())); // the next request
/// assert_eq!(visit.get().ok_or("no session")?.claims().user, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sessions<C> {
    tokens: Tokens<C>,
    forms: Tokens<FormClaims<C>>,
    revocations: Arc<Revocations>,
    watchers: Vec<Box<dyn Fn(Event) + Send + Sync>>,
    timers: Vec<Box<dyn Fn(Duration) + Send + Sync>>,
}

/// How long a session under an old number is still answered: as long as requests take that are under way.
const GRACE: Duration = Duration::from_secs(10);

impl<C: Claims> Sessions<C> {
    /// Sessions that count in this scope.
    ///
    /// # Errors
    /// Those of [`Tokens::new`].
    pub fn new(keys: &TokenKeys, scope: Scope, revocations: Arc<Revocations>) -> Result<Self> {
        Self::of(Tokens::new(keys, scope)?, revocations)
    }

    /// Sessions by tokens that were set up already, with a clock of their own, say.
    ///
    /// # Errors
    /// Those of [`Tokens::new`].
    pub fn of(tokens: Tokens<C>, revocations: Arc<Revocations>) -> Result<Self> {
        let forms = tokens.beside()?;
        Ok(Sessions { tokens, forms, revocations, watchers: Vec::new(), timers: Vec::new() })
    }

    /// Calls this, too, for everything that happens to a session: for logs and counters.
    #[must_use]
    pub fn watch(mut self, watcher: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.watchers.push(Box::new(watcher));
        self
    }

    /// Calls this, too, with the time that each token took that came.
    #[must_use]
    pub fn time(mut self, timer: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.timers.push(Box::new(timer));
        self
    }

    /// The tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens<C> {
        &self.tokens
    }

    /// What was ended before its time.
    #[must_use]
    pub fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// Begins a request: with the token that came, if one came.
    #[must_use]
    pub fn open(self: &Arc<Self>, token: Option<&str>) -> OptionalSession<C> {
        let Some(token) = token else { return self.visit(None, Standing::Good) };
        if self.timers.is_empty() {
            return self.read(token);
        }
        let begun = clock::monotonic();
        let visit = self.read(token);
        let took = clock::monotonic().saturating_duration_since(begun);
        self.timers.iter().for_each(|timer| timer(took));
        visit
    }

    /// Begins a request that has several tokens, of which none is taken: which is whose cannot be told.
    #[must_use]
    pub fn open_none_of_several(self: &Arc<Self>) -> OptionalSession<C> {
        self.tell(Event::Several);
        self.visit(None, Standing::Good)
    }

    fn standing(&self, verified: &Verified<C, Stamp>) -> Standing {
        // Whose it is takes a hash to tell, which nobody waits for unless somebody's sessions were ended.
        let subject = self.revocations.has_subjects().then(|| verified.get().subject()).flatten();
        self.revocations.standing(verified.by(), subject.as_ref(), self.tokens.now())
    }

    fn read(self: &Arc<Self>, token: &str) -> OptionalSession<C> {
        let verified = match self.tokens.read(token) {
            Ok(verified) => verified,
            Err(why) => {
                self.tell(Event::Refused(why));
                return self.visit(None, Standing::Good);
            }
        };
        let standing = self.standing(&verified);
        // If it is to be asked for, the answer is told.
        if standing != Standing::Unknown || !self.revocations.asks() {
            self.tell(Event::of(standing));
        }
        self.visit(Some(verified), standing)
    }

    fn visit(
        self: &Arc<Self>,
        verified: Option<Verified<C, Stamp>>,
        standing: Standing,
    ) -> OptionalSession<C> {
        let state = Mutex::new(State { standing, change: Change::Nothing, begun: None });
        OptionalSession(Arc::new(Visit {
            sessions: Arc::clone(self),
            verified: verified.map(Arc::new),
            state,
        }))
    }

    fn tell(&self, event: Event) {
        self.watchers.iter().for_each(|watcher| watcher(event));
    }

    fn begin(&self, claims: &C) -> Result<Token> {
        self.raise_generation();
        // Times are in seconds: who changes a password, ends everything, and begins anew, does it within one.
        let from = claims.subject().and_then(|subject| self.revocations.counts_from(&subject));
        self.tokens.issue_from(claims, from)
    }

    /// New tokens belong to the generation that counts.
    fn raise_generation(&self) {
        self.tokens.raise_generation(self.revocations.generation());
    }

    /// Ends a number that another takes the place of.
    fn replace(&self, old: &Stamp) -> Result<()> {
        self.revocations.end(old, GRACE, self.tokens.now()).map(drop)
    }

    fn form_token(&self, session: &Stamp, form: &str) -> Result<Token> {
        self.forms.issue(&FormClaims::new(session.session(), form))
    }

    fn check_form(&self, session: &Stamp, form: &str, token: &str) -> Result<()> {
        let is_right =
            self.forms.accept(token).is_ok_and(|claims| claims.get().is_for(session.session(), form));
        self.tell(if is_right { Event::FormAccepted } else { Event::FormRefused });
        if is_right {
            return Ok(());
        }
        let hint = "show the form again; if it lasts, somebody else may have sent it";
        Err(Error::new(ErrorKind::Unauthentic, "form", "its token is not this session's", hint))
    }
}

/// The session of a request, if there is one.
pub struct OptionalSession<C>(Arc<Visit<C>>);

/// A session that goes on: what it claims is genuine, has not ended, and was not revoked.
pub struct Session<C> {
    visit: Arc<Visit<C>>,
    verified: Arc<Verified<C, Stamp>>,
}

/// One request, and what is to become of its session.
struct Visit<C> {
    sessions: Arc<Sessions<C>>,
    verified: Option<Arc<Verified<C, Stamp>>>,
    state: Mutex<State<C>>,
}

struct State<C> {
    standing: Standing,
    change: Change,
    /// The session that this request has begun.
    begun: Option<Arc<Verified<C, Stamp>>>,
}

/// What goes out with the response.
#[must_use]
#[non_exhaustive]
pub enum Change {
    /// Nothing: whoever has a token keeps it.
    Nothing,
    /// A token, in the place of any other.
    Set(Token),
    /// No token any more.
    Clear,
}

impl<C> Visit<C> {
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: Change) {
        self.state().change = change;
    }
}

impl<C: Claims> Visit<C> {
    /// How its session stands now: another request, or this one, may have replaced or ended it since it was opened.
    fn standing(&self, verified: &Verified<C, Stamp>) -> Standing {
        match self.sessions.standing(verified) {
            // When others were not heard, what was asked for counts.
            Standing::Good | Standing::Unknown => self.state().standing,
            ended => ended,
        }
    }
}

impl<C> Clone for OptionalSession<C> {
    fn clone(&self) -> Self {
        OptionalSession(Arc::clone(&self.0))
    }
}

impl<C> Clone for Session<C> {
    fn clone(&self) -> Self {
        Session { visit: Arc::clone(&self.visit), verified: Arc::clone(&self.verified) }
    }
}

impl<C: Claims> OptionalSession<C> {
    /// The session of the request: the one that it has [begun](Self::begin), or else the one that came with it.
    #[must_use]
    pub fn get(&self) -> Option<Session<C>> {
        let state = self.0.state();
        let verified = state.begun.as_ref().or(self.0.verified.as_ref())?;
        matches!(state.standing, Standing::Good | Standing::Ending)
            .then(|| Session { visit: Arc::clone(&self.0), verified: Arc::clone(verified) })
    }

    /// Whether a token came that counts, and other hosts could not be heard or asked whether its session was ended: there is
    /// none now, and may be again. Say so (503), rather than send somebody to sign in.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.0.verified.is_some() && self.0.state().standing == Standing::Unknown
    }

    /// Whether [`ask`](Self::ask) is to be called before the request is answered: the policy is [`OnStale::Ask`](super::OnStale),
    /// and this host was told nothing for too long.
    #[must_use]
    pub fn must_ask(&self) -> bool {
        self.is_unsure() && self.0.sessions.revocations().asks()
    }

    /// Asks other hosts' common store whether the session was ended, here and now: for what must not be done in one that was
    /// ended a moment ago elsewhere. If there is no answer, there is no session.
    pub async fn ask(&self) {
        let Some(verified) = &self.0.verified else { return };
        // Of the one that this request has begun nobody else knows yet.
        if self.0.state().begun.is_some() {
            return;
        }
        let sessions = &self.0.sessions;
        let subject = verified.get().subject();
        let asked =
            sessions.revocations().ask(verified.by(), subject.as_ref(), sessions.tokens().now()).await;
        let standing = asked.unwrap_or(Standing::Unknown);
        let must_tell = self.must_ask();
        let before = std::mem::replace(&mut self.0.state().standing, standing);
        if must_tell || Event::of(before) != Event::of(standing) {
            sessions.tell(Event::of(standing));
        }
    }

    /// Begins a session for somebody who has just proved who they are. One that came with the request ends, after a moment in
    /// which other requests under way are still answered: who planted it gains nothing (session fixation).
    ///
    /// # Errors
    /// Those of [`Tokens::issue`](super::Tokens::issue), and of [`Revocations::apply`](super::Revocations::apply);
    /// [`ErrorKind::Unauthentic`] if all that they had was ended by a host whose clock is over 30 seconds ahead.
    pub fn begin(&self, claims: &C) -> Result<Stamp> {
        let token = self.0.sessions.begin(claims)?;
        self.begin_with(token)
    }

    /// Begins a session for somebody who proved who they are at an earlier time, and has only been recognised now, as by
    /// [`Remember`](super::Remember): what asks for a [recent](Session::is_recent) proof is not content with it.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_as_of(&self, claims: &C, authenticated: Time) -> Result<Stamp> {
        self.0.sessions.raise_generation();
        let token = self.0.sessions.tokens().issue_as_of(claims, authenticated)?;
        self.begin_with(token)
    }

    fn begin_with(&self, token: Token) -> Result<Stamp> {
        let (sessions, stamp) = (&self.0.sessions, *token.stamp());
        // As the next request will have it.
        let begun = sessions.tokens().accept(token.expose_text())?;
        let old = self.0.state().begun.clone();
        for old in old.iter().chain(&self.0.verified) {
            sessions.replace(old.by())?;
        }
        *self.0.state() =
            State { standing: Standing::Good, change: Change::Set(token), begun: Some(Arc::new(begun)) };
        sessions.tell(Event::Begun);
        Ok(stamp)
    }

    /// Ends the request: says what is to go out. A session that was used, and is past half of its idle time, is renewed if
    /// `may_renew`: not after an error of the server, nor for what was fetched before anybody asked for it.
    pub fn close(&self, may_renew: bool) -> Change {
        let visit = &self.0;
        let change = std::mem::replace(&mut visit.state().change, Change::Nothing);
        let used = visit.verified.as_ref().filter(|_| may_renew);
        let (Change::Nothing, Some(verified)) = (&change, used) else { return change };
        let tokens = visit.sessions.tokens();
        if tokens.now() < verified.by().issued() + C::LIFETIME.idle() / 2 {
            return change;
        }
        if visit.standing(verified) != Standing::Good {
            return change;
        }
        // A session that cannot be renewed goes on with the token that it has.
        let Ok(token) = tokens.renew(verified.by(), verified.get()) else { return change };
        visit.sessions.tell(Event::Renewed);
        Change::Set(token)
    }
}

impl<C: Claims> Session<C> {
    /// What it claims.
    #[must_use]
    pub fn claims(&self) -> &C {
        self.verified.get()
    }

    /// Its number and times.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        self.verified.by()
    }

    /// Whether its owner proved who they are less than so long ago. What cannot be undone asks for that.
    #[must_use]
    pub fn is_recent(&self, within: Duration) -> bool {
        self.visit.sessions.tokens().now() < self.stamp().authenticated() + within
    }

    /// Goes on with other claims of the same owner, with the same rights. For other rights take
    /// [`reauthenticate`](Self::reauthenticate).
    ///
    /// # Errors
    /// Those of [`Tokens::renew`](super::Tokens::renew); [`ErrorKind::Usage`] if the claims are somebody else's, or the session
    /// was replaced or ended, by another request or by this one.
    pub fn update(&self, claims: &C) -> Result<()> {
        self.check(claims)?;
        let token = self.visit.sessions.tokens().renew(self.stamp(), claims)?;
        self.visit.change(Change::Set(token));
        self.visit.sessions.tell(Event::Updated);
        Ok(())
    }

    /// Goes on under a new number, for an owner who has just proved again who they are, or has other rights from now on. The old
    /// number ends after a moment.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn reauthenticate(&self, claims: &C) -> Result<Stamp> {
        self.check(claims)?;
        let sessions = &self.visit.sessions;
        // As where a session is begun: it is to outlast an end of all others in the same second.
        let from = claims.subject().and_then(|subject| sessions.revocations().counts_from(&subject));
        let token = sessions.tokens().reauthenticate_from(self.stamp(), claims, from)?;
        sessions.replace(self.stamp())?;
        let stamp = *token.stamp();
        self.visit.change(Change::Set(token));
        sessions.tell(Event::Reauthenticated);
        Ok(stamp)
    }

    /// Ends it: here and now, and wherever else its token is.
    ///
    /// # Errors
    /// Those of [`Revocations::apply`](super::Revocations::apply).
    pub fn end(&self) -> Result<()> {
        let sessions = &self.visit.sessions;
        // The cookie goes in any case.
        *self.visit.state() = State { standing: Standing::Revoked, change: Change::Clear, begun: None };
        sessions.revocations().end(self.stamp(), Duration::ZERO, sessions.tokens().now())?;
        sessions.tell(Event::Ended);
        Ok(())
    }

    /// Ends all sessions of its owner, this one among them.
    ///
    /// # Errors
    /// As [`end`](Self::end); [`ErrorKind::Usage`] if the claims have no owner.
    pub fn end_everywhere(&self) -> Result<()> {
        let Some(subject) = self.claims().subject() else {
            return Err(Error::usage("session", "it is nobody's", "say in Claims::subject whose it is"));
        };
        let sessions = &self.visit.sessions;
        // All first: of the two it is the one that must not be left out.
        let all = sessions.revocations().end_all_of(subject, sessions.tokens().now());
        self.end()?;
        all?;
        sessions.tell(Event::EndedEverywhere);
        Ok(())
    }

    /// A token for one form of this session, to stand in a hidden field: no other site can have a browser send it
    /// (CSRF; the OWASP cheat sheet's signed token, bound to the session).
    ///
    /// # Errors
    /// Those of [`Tokens::issue`](super::Tokens::issue).
    pub fn form_token(&self, form: &str) -> Result<Token> {
        self.visit.sessions.form_token(self.stamp(), form)
    }

    /// Checks what came in that field.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthentic`] if it is not for this form and session.
    pub fn check_form(&self, form: &str, token: &str) -> Result<()> {
        self.visit.sessions.check_form(self.stamp(), form, token)
    }

    fn check(&self, claims: &C) -> Result<()> {
        if claims.subject() != self.claims().subject() {
            return Err(Error::usage(
                "session",
                "the claims are somebody else's",
                "begin a session for them",
            ));
        }
        if self.visit.standing(&self.verified) != Standing::Good {
            let why = "it was replaced or ended since the request came";
            return Err(Error::new(
                ErrorKind::Usage,
                "session",
                why,
                "begin one, or answer the next request, which has the new one",
            ));
        }
        Ok(())
    }
}
