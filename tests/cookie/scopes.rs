//! A token counts where it was made for, and nowhere else.
use bulla::ErrorKind;
use bulla::cookie::{Claims, Lifetime, Refusal, Scope, Sealed, Subject, TokenKeys};
use serde::{Deserialize, Serialize};

use super::lab::{Lab, Login, login, ring};

fn scope(name: &str, audience: &str, tenant: &str) -> Scope {
    Scope::new(name).unwrap().audience(audience).tenant(tenant)
}

#[test]
fn a_token_of_another_name_audience_or_tenant_is_refused() {
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let scopes = [
        scope("__Host-a", "", ""),
        scope("__Host-b", "", ""),
        scope("__Host-a", "x", ""),
        scope("__Host-a", "", "x"),
        scope("__Host-a", "x", "x"),
        scope("__Host-a", "xx", ""),
    ];
    let tokens: Vec<_> = scopes.into_iter().map(|scope| lab.tokens_in::<Login>(&keys, scope)).collect();
    for (at, issuer) in tokens.iter().enumerate() {
        let token = issuer.issue(&login()).unwrap();
        for (other, reader) in tokens.iter().enumerate() {
            if at == other {
                assert_eq!(reader.accept(token.expose_text()).unwrap().get(), &login());
            } else {
                assert_eq!(lab.refusal(reader, token.expose_text()), Refusal::Forged, "{at} by {other}");
            }
        }
    }
}

#[test]
fn a_token_of_another_purpose_or_form_is_refused() {
    #[derive(Serialize, Deserialize)]
    struct Reset {
        user: u64,
        name: String,
    }
    impl Claims for Reset {
        const PURPOSE: &'static str = "password-reset";
        const LIFETIME: Lifetime = Login::LIFETIME;
        fn subject(&self) -> Option<Subject> {
            None
        }
    }
    let (lab, keys) = (Lab::default(), TokenKeys::new(ring()));
    let (logins, resets) = (lab.tokens::<Login>(&keys), lab.tokens::<Reset>(&keys));
    let reset = resets.issue(&Reset { user: 7, name: "alice".to_owned() }).unwrap();
    assert_eq!(lab.refusal(&logins, reset.expose_text()), Refusal::Forged);
    let text = ring().expose_text();
    let host = || TokenKeys::new(bulla::TokenKeyring::parse(text.as_bytes()).unwrap());
    let (open, sealed) = (lab.tokens::<Login>(&host()), lab.tokens::<Sealed<Login>>(&host()));
    let token = open.issue(&login()).unwrap();
    assert_eq!(lab.refusal(&sealed, token.expose_text()), Refusal::Malformed);
    let token = sealed.issue(&Sealed(login())).unwrap();
    assert_eq!(lab.refusal(&open, token.expose_text()), Refusal::Malformed);
}

#[test]
fn a_name_that_no_cookie_can_have_is_refused() {
    for name in ["", "a b", "a=b", "a;b", "a,b", "\u{e4}", "a\n", "\"a\"", &"a".repeat(257)] {
        assert_eq!(Scope::new(name).unwrap_err().kind(), ErrorKind::Usage, "{name:?}");
    }
    assert!(Scope::new(&"a".repeat(256)).is_ok());
}
