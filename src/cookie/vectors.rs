//! Makes `test-vectors/token/`: one fact a file, from fixed seeds. In unit tests only.
//!
//! `BULLA_WRITE_VECTORS=1 cargo test --lib vectors` writes them; without it the test says which differ.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::scope::{KeyUse, Scope};
use crate::encoding::{base64url, cbor};
use crate::formats::token::Header;
use crate::keys::Key;
use crate::primitives::mac::MacKey;
use crate::primitives::random::{self, with_seed};
use crate::primitives::siv::SivKey;

/// The clock of all readers.
const NOW: u64 = 1_800_000_000;
const HOUR: u64 = 3600;
/// Of the claims: `idle` and `lifetime` in the heads.
const IDLE: u64 = HOUR / 2;
const LIFETIME: u64 = 12 * HOUR;
/// Of the ring.
const SPREAD: u64 = 300;
const LONGEST: u64 = 24 * HOUR;

/// A token in the making, and what its reader is given. What a fact does not speak of is as it should be.
struct Maker {
    key: Key,
    state: &'static str,
    since: u64,
    /// Other keys of the reader's ring.
    others: Vec<(Key, &'static str, u64)>,
    /// The context under which it is made; the reader's is the first of each.
    name: &'static str,
    purpose: &'static str,
    audience: &'static str,
    tenant: &'static str,
    /// The reader's.
    wants: [&'static str; 3],
    header: Header,
    /// Instead of that of the key.
    mark: Option<[u8; 4]>,
    /// Instead of the payload's.
    length: Option<usize>,
    payload: Vec<u8>,
    sealed: bool,
    reader_sealed: bool,
    /// The last change: to the frame without its tag, to that with it, and to the text.
    frame: fn(&mut Vec<u8>),
    token: fn(&mut Vec<u8>),
    text: fn(&mut String),
}

fn claims() -> Value {
    json!({"user": 7, "name": "alice"})
}

impl Maker {
    fn new() -> Self {
        let header = Header {
            sealed: false,
            key: [0; 4],
            session: random::bytes(),
            issued: NOW - 60,
            authenticated: NOW - 600,
            idle_until: NOW - 60 + IDLE,
            until: NOW - 600 + LIFETIME,
            generation: 0,
        };
        Maker {
            key: Key::generate(),
            state: "active",
            since: NOW - HOUR,
            others: Vec::new(),
            name: "__Host-session",
            purpose: "login",
            audience: "",
            tenant: "",
            wants: ["__Host-session", "", ""],
            header,
            mark: None,
            length: None,
            payload: cbor::encode(Vec::new(), &claims()).unwrap(),
            sealed: false,
            reader_sealed: false,
            frame: |_| {},
            token: |_| {},
            text: |_| {},
        }
    }

    fn make(&mut self) -> String {
        let scope = Scope::new(self.name).unwrap().audience(self.audience).tenant(self.tenant);
        let derived = |r#use| scope.key(self.key.expose_bytes(), r#use, self.purpose);
        self.header.sealed = self.sealed;
        let [a, b, c, d, ..] = *self.key.id().as_bytes();
        self.header.key = self.mark.unwrap_or([a, b, c, d]);
        let added = if self.sealed { crate::primitives::siv::OVERHEAD } else { 0 };
        let length = self.length.unwrap_or(self.payload.len() + added);
        let header = self.header.to_bytes(length).unwrap();
        let payload = if self.sealed {
            SivKey::new(&derived(KeyUse::Seal)).seal(&header, &self.payload).unwrap()
        } else {
            self.payload.clone()
        };
        let mut token = [&header[..], &payload].concat();
        (self.frame)(&mut token);
        let sign = if self.sealed { KeyUse::SignSealed } else { KeyUse::Sign };
        let tag = MacKey::new(&derived(sign)).tag(&token);
        token.extend_from_slice(&tag);
        (self.token)(&mut token);
        let mut text = base64url::encode(&token);
        (self.text)(&mut text);
        text
    }

    /// What the reader is given.
    fn given(&self) -> String {
        let [name, audience, tenant] = self.wants;
        let mut given = format!(
            "now: {NOW}\nidle: {IDLE}\nlifetime: {LIFETIME}\nname: {name}\npurpose: login\naudience: {audience}\n\
             tenant: {tenant}\nform: {}\nring: spread {SPREAD} longest {LONGEST}\n",
            u8::from(self.reader_sealed)
        );
        let own = [(&self.key, self.state, self.since)];
        for (key, state, since) in own.into_iter().chain(self.others.iter().map(|(k, s, t)| (k, *s, *t))) {
            if state == "unknown" {
                continue;
            }
            let bytes: String = key.expose_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(given, "key: {state} {since} {bytes}").unwrap();
        }
        given
    }

    /// What a reader says of it, if it accepts it.
    fn says(&self) -> String {
        let Header { issued, authenticated, idle_until, until, generation, .. } = self.header;
        let until = until.min(authenticated + LIFETIME);
        let idle_until = idle_until.min(issued + IDLE).min(until);
        format!(
            "claims: {}\nissued: {issued}\nauthenticated: {authenticated}\nidle until: {idle_until}\nuntil: {until}\n\
             generation: {generation}\n",
            claims()
        )
    }
}

/// A list of facts, each made from a seed of its own name.
#[derive(Default)]
struct Facts(BTreeMap<&'static str, String>);

impl Facts {
    /// Adds a token that is accepted (`success`), or refused for this reason.
    fn add(
        &mut self,
        sentence: &str,
        name: &'static str,
        fact: &str,
        expect: &str,
        change: impl FnOnce(&mut Maker),
    ) {
        let file = with_seed(name, || {
            let mut maker = Maker::new();
            change(&mut maker);
            let text = maker.make();
            let says = if expect == "success" { maker.says() } else { String::new() };
            let given = maker.given();
            format!("sentence: {sentence}\nfact: {fact}\nexpect: {expect}\n{given}{says}\n{text}")
        });
        assert!(self.0.insert(name, file).is_none(), "{name} is used twice");
    }
}

fn texts(facts: &mut Facts) {
    facts.add("1.1", "good", "a token of a login", "success", |_| {});
    facts.add("1.1", "padded", "padding is refused", "malformed", |m| {
        m.payload = cbor::encode(Vec::new(), &json!({"user": 70, "name": "alice"})).unwrap();
        m.text = |text| text.push('=');
    });
    for (name, fact, change) in [
        ("space_before", "a space before it is refused", (|t| t.insert(0, ' ')) as fn(&mut String)),
        ("space_after", "a space after it is refused", |t| t.push(' ')),
        ("line_feed", "a line feed after it is refused", |t| t.push('\n')),
        ("space_within", "a space within it is refused", |t| t.insert(40, ' ')),
        ("plus", "the other alphabet's letters are refused", |t| t.replace_range(40..41, "+")),
        ("no_ascii", "a letter that is not of ASCII is refused", |t| t.replace_range(40..41, "\u{e4}")),
        ("one_digit_more", "a digit that makes no byte is refused", |t| {
            t.truncate(t.len() / 4 * 4);
            t.push('A');
        }),
        ("nothing", "an empty text is refused", String::clear),
        ("quoted", "quotation marks round it are refused", |t| *t = format!("\"{t}\"")),
        ("dotted", "a token of another kind is refused", |t| {
            *t = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjo3fQ.AA".to_owned();
        }),
    ] {
        facts.add("1.1", name, fact, "malformed", |m| m.text = change);
    }
    facts.add("1.1", "stray_bits", "bits that belong to no byte are zero", "malformed", |m| {
        m.payload = cbor::encode(Vec::new(), &json!({"user": 7, "name": "al"})).unwrap();
        m.text = |text| {
            assert!(text.len() % 4 != 0, "it has bits to spare");
            let last = text.pop().unwrap();
            text.push(char::from(last as u8 + 1));
        };
    });
    facts.add("1.2", "longest", "a token as long as a cookie can be", "success", |m| {
        // The field `more` is not known to the type, and passed over.
        let room =
            (4096 - m.name.len()) / 4 * 3 - 92 - cbor::encode(Vec::new(), &claims()).unwrap().len() - 8;
        let more = "x".repeat(room);
        m.payload = cbor::encode(Vec::new(), &json!({"user": 7, "name": "alice", "more": more})).unwrap();
    });
    facts.add("1.2", "too_long", "a longer one is refused", "oversize", |m| {
        let more = "x".repeat(3000);
        m.payload = cbor::encode(Vec::new(), &json!({"user": 7, "name": "alice", "more": more})).unwrap();
    });
}

fn frames(facts: &mut Facts) {
    for (name, version) in [("version_0", 0), ("version_2", 2), ("version_255", 255)] {
        let change: fn(&mut Vec<u8>) = match version {
            0 => |f| f[0] = 0,
            2 => |f| f[0] = 2,
            _ => |f| f[0] = 255,
        };
        facts.add("2.1", name, "another version is refused", "malformed", |m| m.frame = change);
    }
    facts.add("2.2", "sealed", "sealed claims", "success", |m| (m.sealed, m.reader_sealed) = (true, true));
    facts.add("2.2", "sealed_where_signed", "sealed claims where others are expected", "malformed", |m| {
        m.sealed = true;
    });
    facts.add(
        "2.2",
        "signed_where_sealed",
        "claims that are not sealed where sealed ones are expected",
        "malformed",
        |m| {
            m.reader_sealed = true;
        },
    );
    facts.add("2.2", "form_2", "a form that does not exist", "malformed", |m| m.frame = |f| f[1] = 2);
    facts.add("2.2", "form_129", "a form with another bit", "malformed", |m| {
        (m.sealed, m.reader_sealed) = (true, true);
        m.frame = |f| f[1] = 129;
    });
    facts.add(
        "2.2",
        "form_changed",
        "a signed token that says that it is sealed, to whom that is right",
        "forged",
        |m| {
            m.reader_sealed = true;
            m.token = |t| t[1] = 1;
        },
    );
    facts.add("2.3", "short", "91 bytes are no token", "malformed", |m| m.token = |t| t.truncate(91));
    facts.add("2.3", "no_payload", "92 bytes are one, of claims that fit no type", "unfit", |m| {
        m.payload.clear();
    });
    facts.add("2.4", "length_more", "a length that is more than there is", "malformed", |m| {
        m.length = Some(m.payload.len() + 1);
    });
    facts.add("2.4", "length_less", "a length that is less than there is", "malformed", |m| {
        m.length = Some(m.payload.len() - 1);
    });
    facts.add("2.4", "length_forged", "a length that was changed is a wrong tag first", "forged", |m| {
        m.token = |t| t[59] ^= 1;
    });
}

fn keys(facts: &mut Facts) {
    facts.add("3.1", "key_unknown", "a key that the reader does not have", "unknown_key", |m| {
        m.state = "unknown";
        m.others.push((Key::generate(), "active", NOW - HOUR));
    });
    facts.add("3.1", "key_of_several", "the mark chooses the key among several", "success", |m| {
        (m.state, m.since) = ("retired", NOW - 60);
        m.others.push((Key::generate(), "active", NOW - 60));
        m.others.push((Key::generate(), "staged", NOW - 30));
    });
    facts.add("3.1", "key_staged", "another host may use a staged key already", "success", |m| {
        (m.state, m.since) = ("staged", NOW - HOUR);
        m.others.push((Key::generate(), "active", NOW - 2 * HOUR));
    });
    facts.add("3.1", "mark_of_another", "a mark of another key: no other is tried", "forged", |m| {
        let other = Key::generate();
        let [a, b, c, d, ..] = *other.id().as_bytes();
        m.mark = Some([a, b, c, d]);
        (m.state, m.since) = ("retired", NOW - 60);
        m.others.push((other, "active", NOW - 60));
    });
    facts.add("3.1", "mark_of_nobody", "a mark of no key: none is tried", "unknown_key", |m| {
        m.mark = Some([1, 2, 3, 4]);
    });
    for (name, fact, change) in [
        (
            "tag_first",
            "the tag's first bit",
            (|t| *t.iter_mut().nth_back(31).unwrap() ^= 0x80) as fn(&mut Vec<u8>),
        ),
        ("tag_last", "the tag's last bit", |t| *t.last_mut().unwrap() ^= 1),
        ("tag_zeros", "a tag of zeros", |t| t.iter_mut().rev().take(32).for_each(|byte| *byte = 0)),
        ("tag_cut", "a tag without its last byte", |t| t.truncate(t.len() - 1)),
        ("tag_longer", "a byte after the tag", |t| t.push(0)),
        ("session_changed", "a changed session", |t| t[6] ^= 1),
        ("issued_changed", "another time of issue", |t| t[29] ^= 1),
        ("authenticated_changed", "another time of authentication", |t| t[37] ^= 1),
        ("idle_changed", "another time to idle", |t| t[45] ^= 1),
        ("until_changed", "another end", |t| t[53] ^= 1),
        ("generation_changed", "another generation", |t| t[57] ^= 1),
        ("payload_changed", "changed claims", |t| t[62] ^= 1),
    ] {
        facts.add("3.2", name, &format!("{fact}: a wrong tag"), "forged", |m| m.token = change);
    }
    facts.add(
        "3.2",
        "expired_and_forged",
        "a wrong tag is found before an end that is over",
        "forged",
        |m| {
            m.header.until = NOW - 1;
            m.token = |t| *t.last_mut().unwrap() ^= 1;
        },
    );
    for (name, fact, change) in [
        ("other_name", "made for a cookie of another name", (|m| m.name = "__Host-other") as fn(&mut Maker)),
        ("other_case", "made for a name in other letters", |m| m.name = "__host-session"),
        ("other_purpose", "made for another purpose", |m| m.purpose = "reset"),
        ("longer_purpose", "made for a purpose that begins the same", |m| m.purpose = "login2"),
        ("other_audience", "made for another audience", |m| m.audience = "https://eve.example"),
        ("other_tenant", "made for another tenant", |m| m.tenant = "eve"),
        ("moved_boundary", "parts of the context that join alike", |m| {
            (m.audience, m.tenant) = ("ab", "c");
            m.wants = ["__Host-session", "a", "bc"];
        }),
        ("audience_for_tenant", "an audience where the tenant should be", |m| {
            m.audience = "acme";
            m.wants = ["__Host-session", "", "acme"];
        }),
    ] {
        facts.add("3.3", name, fact, "forged", change);
    }
    facts.add("3.3", "whole_context", "a context with all its parts", "success", |m| {
        (m.audience, m.tenant) = ("https://shop.example", "acme");
        m.wants = ["__Host-session", "https://shop.example", "acme"];
    });
}

fn times(facts: &mut Facts) {
    type Change = fn(&mut Maker);
    let all: [(&str, &'static str, &str, &str, Change); 18] = [
        ("4.1", "issued_ahead_30", "issued 30 s ahead: clocks differ", "success", |m| {
            m.header.issued = NOW + 30;
        }),
        ("4.1", "issued_ahead_31", "issued 31 s ahead", "not_yet", |m| m.header.issued = NOW + 31),
        ("4.1", "issued_far_ahead", "issued in the year 2554", "not_yet", |m| m.header.issued = 1 << 34),
        ("4.1", "authenticated_later", "authenticated after it was issued", "not_yet", |m| {
            m.header.authenticated = m.header.issued + 1;
        }),
        ("4.2", "until_now", "it ends now", "expired", |m| m.header.until = NOW),
        ("4.2", "until_over", "it ended a second ago", "expired", |m| m.header.until = NOW - 1),
        ("4.2", "until_next", "it ends in a second", "success", |m| {
            m.header.until = NOW + 1;
            m.header.idle_until = NOW + 1;
        }),
        ("4.2", "until_over_idle_not", "its end counts, also where it could idle on", "expired", |m| {
            m.header.until = NOW - 1;
        }),
        ("4.2", "lifetime_over", "it would end later than its type allows", "expired", |m| {
            m.header.authenticated = NOW - LIFETIME;
            m.header.until = NOW + HOUR;
        }),
        ("4.2", "lifetime_almost_over", "its type allows one second more", "success", |m| {
            m.header.authenticated = NOW - LIFETIME + 1;
            m.header.until = NOW + HOUR;
        }),
        ("4.2", "until_0", "it ended in 1970", "expired", |m| m.header.until = 0),
        ("4.3", "idle_now", "it has idled long enough now", "idle", |m| m.header.idle_until = NOW),
        ("4.3", "idle_over", "it had idled long enough a second ago", "idle", |m| {
            m.header.idle_until = NOW - 1;
        }),
        ("4.3", "idle_next", "it may idle one second more", "success", |m| m.header.idle_until = NOW + 1),
        ("4.3", "idle_type_over", "it may idle longer than its type allows", "idle", |m| {
            m.header.issued = NOW - IDLE;
            m.header.authenticated = NOW - IDLE;
            m.header.idle_until = NOW + HOUR;
        }),
        ("4.3", "idle_type_next", "its type allows one second more", "success", |m| {
            m.header.issued = NOW - IDLE + 1;
            m.header.authenticated = NOW - IDLE;
            m.header.idle_until = NOW + HOUR;
        }),
        ("4.3", "times_of_64_bits", "times that no calendar has", "malformed", |m| {
            m.header.until = u64::MAX;
        }),
        ("4.3", "generation", "a generation says nothing to who does not count them", "success", |m| {
            m.header.generation = u32::MAX;
        }),
    ];
    for (sentence, name, fact, expect, change) in all {
        facts.add(sentence, name, fact, expect, change);
    }
    // The ring had spread when the key had been retired for 300 s; 30 s more are for clocks.
    for (name, fact, expect, issued) in [
        ("late_key_last", "issued at the last second under a retired key", "success", NOW - 70),
        ("late_key", "issued a second later than any host could", "late_key", NOW - 69),
    ] {
        facts.add("4.4", name, fact, expect, |m| {
            (m.state, m.since) = ("retired", NOW - 400);
            m.others.push((Key::generate(), "active", NOW - 400));
            m.header.issued = issued;
        });
    }
}

fn contents(facts: &mut Facts) {
    facts.add("5.1", "claims_and_more", "a byte after the claims", "unfit", |m| m.payload.push(0));
    facts.add("5.1", "claims_cut", "claims that are cut short", "unfit", |m| m.payload.truncate(5));
    facts.add("5.1", "claims_no_cbor", "a payload that is no CBOR", "unfit", |m| {
        m.payload = b"\xff\xff".to_vec();
    });
    facts.add("5.1", "field_more", "a field that the type does not know is passed over", "success", |m| {
        m.payload = cbor::encode(Vec::new(), &json!({"theme": "dark", "user": 7, "name": "alice"})).unwrap();
    });
    facts.add("5.2", "fields_in_another_order", "names tell the fields, not their order", "success", |m| {
        m.payload =
            cbor::encode(Vec::new(), &[("x", 0)].iter().copied().collect::<BTreeMap<_, _>>()).unwrap();
        m.payload = [&b"\xa2\x64name\x65alice\x64user"[..], b"\x07"].concat();
    });
    facts.add("5.3", "sealed_changed", "sealed claims that were changed: a wrong tag", "forged", |m| {
        (m.sealed, m.reader_sealed) = (true, true);
        m.token = |t| t[80] ^= 1;
    });
    facts.add(
        "5.3",
        "sealed_inside_changed",
        "sealed claims that were changed by a holder of the key",
        "unfit",
        |m| {
            (m.sealed, m.reader_sealed) = (true, true);
            m.frame = |f| f[80] ^= 1;
        },
    );
    facts.add("5.3", "sealed_header", "the frame is beside the sealed claims", "unfit", |m| {
        (m.sealed, m.reader_sealed) = (true, true);
        m.frame = |f| f[57] ^= 1;
    });
    facts.add("5.3", "sealed_short", "sealed claims under 28 bytes", "unfit", |m| {
        (m.sealed, m.reader_sealed) = (true, true);
        m.length = Some(27);
        m.frame = |f| f.truncate(87);
    });
    for (name, fact, value) in [
        ("field_missing", "a field is missing", json!({"user": 7})),
        ("field_of_another_kind", "a field is of another kind", json!({"user": "7", "name": "alice"})),
        ("no_map", "a value that is no structure", json!(7)),
        ("nested", "arrays in arrays", json!([[[[[[[[[[]]]]]]]]]])),
    ] {
        facts.add("5.4", name, fact, "unfit", |m| m.payload = cbor::encode(Vec::new(), &value).unwrap());
    }
}

#[test]
fn the_vectors_on_disk_are_those_that_the_seeds_make() {
    let mut facts = Facts::default();
    [texts, frames, keys, times, contents].into_iter().for_each(|add| add(&mut facts));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/token");
    if std::env::var_os("BULLA_WRITE_VECTORS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in &facts.0 {
            std::fs::write(folder.join(format!("{name}.vec")), text).unwrap();
        }
    }
    let files = std::fs::read_dir(&folder).unwrap();
    let mut on_disk: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    on_disk.sort();
    let made: Vec<String> = facts.0.keys().map(|name| format!("{name}.vec")).collect();
    assert_eq!(on_disk, made);
    for (name, text) in &facts.0 {
        let there = std::fs::read_to_string(folder.join(format!("{name}.vec"))).unwrap();
        assert!(there == *text, "{name} differs from what its seed makes");
    }
    assert!(made.len() >= 60);
}
