//! Every file of `test-vectors/token` is accepted, or refused, as its head says.
#![cfg(feature = "cookie")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulla::cookie::{Claims, Lifetime, Refusal, Scope, Sealed, Stamp, Subject, TokenKeys, Tokens};
use bulla::{ErrorKind, Key, Time, TokenKeyring, Verified};
use serde::{Deserialize, Serialize};

/// What the tokens claim; `idle` and `lifetime` of the heads are its own.
#[derive(Serialize, Deserialize)]
struct Login {
    user: u64,
    name: String,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1800), Duration::from_secs(43_200));

    fn subject(&self) -> Option<Subject> {
        Some(Subject::of(self.user.to_be_bytes()))
    }
}

struct Vector<'a> {
    head: Vec<(&'a str, &'a str)>,
    token: &'a str,
}

impl<'a> Vector<'a> {
    fn read(text: &'a str) -> Self {
        let (head, token) = text.split_once("\n\n").unwrap();
        Vector { head: head.lines().map(|line| line.split_once(": ").unwrap()).collect(), token }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.head.iter().filter(move |(field, _)| *field == name).map(|(_, value)| *value)
    }

    fn one(&self, name: &str) -> &'a str {
        self.all(name).next().unwrap_or_else(|| panic!("no field {name}"))
    }

    fn keys(&self) -> TokenKeys {
        let mut text = format!("bulla-token-keyring/v1\n{}\n", self.one("ring"));
        for line in self.all("key") {
            let (head, key) = line.rsplit_once(' ').unwrap();
            let bytes: Vec<u8> =
                (0..64).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap()).collect();
            text += &format!("{head} {}\n", *Key::from_bytes(&bytes.try_into().unwrap()).expose_text());
        }
        TokenKeys::new(TokenKeyring::parse(text.as_bytes()).unwrap())
    }

    /// What the token claims and says of itself, or why it was refused.
    fn accept<C: Claims>(&self) -> Result<Verified<C, Stamp>, Refusal> {
        let scope = Scope::new(self.one("name")).unwrap();
        let scope = scope.audience(self.one("audience")).tenant(self.one("tenant"));
        let now = Time::from_unix(self.one("now").parse().unwrap());
        let said = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&said);
        let tokens = Tokens::<C>::new(&self.keys(), scope).unwrap();
        let tokens = tokens.clock(move || now).watch(move |why| *heard.lock().unwrap() = Some(why));
        tokens.accept(self.token).map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Unauthentic);
            said.lock().unwrap().unwrap()
        })
    }

    fn check(&self, found: Result<(&Login, &Stamp), Refusal>) {
        let said = found.as_ref().map_or_else(|why| why.word(), |_| "success");
        assert_eq!(said, self.one("expect"), "{}", self.one("fact"));
        let Ok((login, stamp)) = found else { return };
        let claims: serde_json::Value = serde_json::from_str(self.one("claims")).unwrap();
        assert_eq!(serde_json::to_value(login).unwrap(), claims);
        for (field, time) in [
            ("issued", stamp.issued()),
            ("authenticated", stamp.authenticated()),
            ("idle until", stamp.idle_until()),
            ("until", stamp.until()),
        ] {
            assert_eq!(time.unix().to_string(), self.one(field), "{field}");
        }
        assert_eq!(stamp.generation().to_string(), self.one("generation"));
    }
}

#[test]
fn every_vector_is_accepted_or_refused_as_its_head_says() {
    assert_eq!((Login::LIFETIME.idle().as_secs(), Login::LIFETIME.absolute().as_secs()), (1800, 43_200));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/token");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let vector = Vector::read(&text);
        if vector.one("form") == "1" {
            let found = vector.accept::<Sealed<Login>>();
            vector.check(found.as_ref().map(|token| (&token.get().0, token.by())).map_err(|why| *why));
        } else {
            let found = vector.accept::<Login>();
            vector.check(found.as_ref().map(|token| (token.get(), token.by())).map_err(|why| *why));
        }
        count += 1;
    }
    assert!(count >= 60, "only {count} vectors");
}
