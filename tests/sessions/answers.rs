//! What goes out, whatever the answer says, and whatever asked for it.
use super::lab::{ADMIN, Lab, USER, seen};

const SPECULATION: [(&str, &str); 3] =
    [("sec-purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch")];

#[test]
fn what_was_done_to_a_session_goes_out_with_an_error_and_before_anybody_asked_for_it() {
    let mut ways = vec![("?500", vec![]), ("?503", vec![])];
    ways.extend(SPECULATION.map(|field| ("", vec![field])));
    ways.push(("?500", vec![SPECULATION[0]]));
    for (status, fields) in ways {
        for (path, now) in [
            ("/login", Some(&USER)),
            ("/update", Some(&ADMIN)),
            ("/admin", Some(&ADMIN)),
            ("/logout", None),
            ("/logout-everywhere", None),
        ] {
            let lab = Lab::new();
            let old = lab.login();
            lab.at(1000);
            let cookie = format!("__Host-session={old}");
            let answer = lab.ask(&format!("{path}{status}"), &[&cookie], &fields);
            let (value, attributes) = answer.set.unwrap();
            let is_told = format!("{path}{status} {fields:?}");
            let left = if now.is_some() { "Max-Age=1800" } else { "Max-Age=0" };
            assert!(attributes.ends_with(left), "{is_told}: {attributes}");
            assert_eq!(lab.get("/", &value).seen, now.map_or("nobody".to_owned(), seen), "{is_told}");
            // What it took the place of is over, as after any other answer.
            lab.at(1010);
            let old = lab.get("/", &old).seen;
            assert_eq!(old, if path == "/update" { seen(&USER) } else { "nobody".to_owned() }, "{is_told}");
        }
    }
}

#[test]
fn who_signs_in_with_no_session_gets_one_with_an_error_too() {
    let lab = Lab::new();
    for (path, fields) in [("/login?500", &[][..]), ("/login", &SPECULATION[..1])] {
        let (token, _) = lab.ask(path, &[], fields).set.unwrap();
        assert_eq!(lab.get("/", &token).seen, seen(&USER), "{path} {fields:?}");
    }
}

#[test]
fn a_session_is_renewed_after_any_answer_but_an_error_of_the_servers() {
    let lab = Lab::new();
    let token = lab.login();
    lab.at(900);
    for (status, is_renewed) in [
        (204, true),
        (302, true),
        (304, true),
        (400, true),
        (404, true),
        (499, true),
        (500, false),
        (599, false),
    ] {
        assert_eq!(lab.get(&format!("/?{status}"), &token).set.is_some(), is_renewed, "{status}");
    }
}

#[test]
fn a_session_is_renewed_whatever_the_method() {
    let lab = Lab::new();
    let token = lab.login();
    let cookie = format!("__Host-session={token}");
    for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] {
        lab.at(899);
        assert!(lab.ask_by(method, "/", &[&cookie], &[]).set.is_none(), "{method}");
        lab.at(900);
        let answer = lab.ask_by(method, "/", &[&cookie], &[]);
        assert_eq!(answer.seen, seen(&USER), "{method}");
        let (renewed, _) = answer.set.unwrap();
        assert_ne!(renewed, token, "{method}");
        assert!(lab.ask_by(method, "/", &[&cookie], &SPECULATION[..1]).set.is_none(), "{method}");
    }
}
