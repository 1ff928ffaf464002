//! The floor rules of the house, read off `src/`: who may import whom, and who alone may name ciphers, chance and time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod structure {
    pub(crate) mod modules;
    pub(crate) mod tokens;
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use structure::modules::{House, Place, Target};
use structure::tokens::{is_in, tokens};

/// Floor of each module of the library's root. A new one gets its floor here.
const FLOORS: &[(&str, u8)] = &[
    ("error", 1),
    ("secret", 1),
    ("verified", 1),
    ("limits", 1),
    ("clock", 1),
    ("new_file", 2),
    ("primitives", 2),
    ("encoding", 2),
    ("keys", 3),
    ("x509", 4),
    ("formats", 5),
    ("file", 6),
    ("smime", 6),
    ("cookie", 6),
    ("tls", 6),
    ("adapters", 7),
    // Documentation only: the pages of docs/.
    ("manual", 7),
];

/// Crates that hold algorithms: `primitives/` alone names them.
const ALGORITHMS: &str = "aead aes aes_gcm aes_kw argon2 blake2 cbc chacha20 chacha20poly1305 cipher ctr \
    curve25519_dalek des digest ed25519_dalek ghash hkdf hmac hpke md5 ml_dsa ml_kem opaque_ke p256 \
    p384 p521 pbkdf2 poly1305 polyval rc2 rsa scrypt sha1 sha2 sha2_010 sha3 x25519_dalek x_wing";

/// Crates that draw random bytes: `primitives/random.rs` alone names them.
const CHANCE: &str = "fastrand getrandom rand";

/// Types whose `now` asks the clock: `clock.rs` alone calls it.
const CLOCKS: &str = "Instant Local OffsetDateTime SystemTime Timestamp Utc Zoned";

/// Lines a file may have without a reason.
const LINES: usize = 500;
/// Files with more, and why.
const LONG: &[(&str, &str)] = &[];

// What each rule finds, one sentence a breach.

/// The module of the root that a module belongs to: `keys` for `crate::keys::key`.
fn top(module: &str) -> &str {
    module.split("::").nth(1).unwrap_or("")
}

fn floor(top: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == top).map(|(_, floor)| *floor)
}

/// Modules of the library below its root; the root may name all.
fn library(house: &House) -> impl Iterator<Item = &String> {
    house.modules.keys().filter(|m| m.starts_with("crate::"))
}

fn unreached_files(house: &House) -> Vec<String> {
    let reached: BTreeSet<&str> = house.modules.values().map(|m| m.file.as_str()).collect();
    let lost = house.texts.keys().filter(|f| !reached.contains(f.as_str()) && !house.test_files.contains(*f));
    let mut found: Vec<String> =
        lost.map(|f| format!("{f}: no module declares it, so no rule reads it")).collect();
    for (file, text) in &house.texts {
        let tokens = tokens(text);
        for at in tokens.windows(3).filter(|w| w[0].text == "[" && w[1].text == "path" && w[2].text == "=") {
            found.push(format!("{file}:{}: `#[path]` hides a file from the rules", at[0].line));
        }
    }
    if !house.modules.contains_key("crate") {
        found.push("lib.rs: not found".to_owned());
    }
    found
}

fn modules_without_floor(house: &House) -> Vec<String> {
    let tops = library(house).map(|m| top(m)).collect::<BTreeSet<_>>();
    let tops = tops.into_iter().filter(|t| floor(t).is_none());
    tops.map(|t| format!("{t}: has no floor; give it one in tests/structure.rs")).collect()
}

fn imports_upwards(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for module in library(house) {
        let own = top(module);
        for named in house.names(module) {
            let Target::Ours(place) = house.resolve(module, named) else {
                continue;
            };
            let written = named.segments.join("::");
            let spot = format!("{}:{}", house.file(module), named.line);
            if place.through.last().is_some_and(|last| last == "crate") {
                found.push(format!("{spot}: `{written}` is defined in lib.rs, which is above all"));
            }
            let strangers = place.through.iter().map(|m| top(m)).filter(|t| !t.is_empty() && *t != own);
            if let Some(higher) = strangers.into_iter().find(|t| floor(t) >= floor(own)) {
                found.push(format!("{spot}: `{written}` leads to {higher}/, which is not below {own}/"));
            }
        }
    }
    found
}

/// Other crates that a module names: the first word of each path, with its line, wherever a re-export hid it.
fn crates_named<'h>(house: &'h House, module: &'h str) -> impl Iterator<Item = (String, usize)> + 'h {
    house.names(module).filter_map(move |named| match house.resolve(module, named) {
        Target::Extern(path) => path.first().map(|name| (name.clone(), named.line)),
        Target::Ours(_) => None,
    })
}

fn named_outside(house: &House, crates: &str, inside: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (module, at) in house.modules.iter().filter(|(_, m)| !m.file.starts_with(inside)) {
        for (name, line) in crates_named(house, module).filter(|(name, _)| is_in(crates, name)) {
            found.push(format!("{}:{line}: names the crate {name}; only {inside} may", at.file));
        }
    }
    found
}

fn algorithms_outside_primitives(house: &House) -> Vec<String> {
    named_outside(house, ALGORITHMS, "primitives/")
}

fn crypto_in_encoding(house: &House) -> Vec<String> {
    let crypto = |name: &str| is_in(ALGORITHMS, name) || is_in(CHANCE, name) || name == "rand_core";
    let mut found = Vec::new();
    for module in library(house).filter(|m| top(m) == "encoding") {
        for (name, line) in crates_named(house, module).filter(|(name, _)| crypto(name)) {
            found.push(format!(
                "{}:{line}: names the crate {name}; encoding/ knows no crypto",
                house.file(module)
            ));
        }
    }
    found
}

fn chance_outside_random(house: &House) -> Vec<String> {
    named_outside(house, CHANCE, "primitives/random.rs")
}

fn time_outside_clock(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (module, at) in house.modules.iter().filter(|(_, m)| m.file != "clock.rs") {
        // How long something took is nobody's time of day.
        let measures = ["bin/", "adapters/"].iter().any(|who| at.file.starts_with(who));
        for named in house.names(module) {
            let path = match house.resolve(module, named) {
                Target::Extern(path) => path,
                Target::Ours(_) => named.segments.clone(),
            };
            let [.., clock, "now"] = path.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
                continue;
            };
            if is_in(CLOCKS, clock) && !(measures && clock == "Instant") {
                found.push(format!(
                    "{}:{}: asks the time by `{clock}::now`; only clock.rs may",
                    at.file, named.line
                ));
            }
        }
    }
    for (file, text) in house.texts.iter().filter(|(f, _)| *f != "clock.rs") {
        let tokens = tokens(text);
        let words = ["UNIX_EPOCH", ".", "elapsed"];
        for at in tokens.windows(3).filter(|w| w.iter().zip(words).all(|(token, word)| token.text == word)) {
            found.push(format!(
                "{file}:{}: asks the time by `UNIX_EPOCH.elapsed`; only clock.rs may",
                at[0].line
            ));
        }
    }
    found
}

fn files_without_purpose(house: &House) -> Vec<String> {
    let says = |text: &str| {
        let first = text.lines().next().unwrap_or("").strip_prefix("//! ").unwrap_or("");
        first.split_whitespace().count() >= 3
    };
    let silent = house.texts.iter().filter(|(_, text)| !says(text));
    silent.map(|(file, _)| format!("{file}: its first line is no `//!` that says what it is for")).collect()
}

fn files_too_long(house: &House, allowed: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    let lines: BTreeMap<&str, usize> =
        house.texts.iter().map(|(f, text)| (f.as_str(), text.lines().count())).collect();
    for (file, count) in
        lines.iter().filter(|(file, count)| **count > LINES && !allowed.iter().any(|(f, _)| f == *file))
    {
        found.push(format!("{file}: {count} lines and no reason for more than {LINES}"));
    }
    for (file, reason) in allowed {
        if lines.get(file).is_none_or(|count| *count <= LINES) {
            found.push(format!("{file}: listed as longer than {LINES} lines, and is not"));
        }
        if reason.split_whitespace().count() < 3 {
            found.push(format!("{file}: listed as long without a reason"));
        }
    }
    found
}

fn import_circles(house: &House) -> Vec<String> {
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, at) in &house.modules {
        for named in house.names(module) {
            let Target::Ours(Place { through, .. }) = house.resolve(module, named) else {
                continue;
            };
            // A `use` of a folder alone brings its name, nothing of it.
            let to = through.last().map_or("", |last| house.file(last));
            if to != at.file && !to.is_empty() {
                edges.entry(&at.file).or_default().insert(to);
            }
        }
    }
    let mut found = Vec::new();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for start in edges.keys() {
        // The shortest way from each file back to itself.
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut waiting = std::collections::VecDeque::from([*start]);
        while let Some(at) = waiting.pop_front() {
            for next in edges.get(at).into_iter().flatten() {
                if !came_from.contains_key(next) {
                    came_from.insert(next, at);
                    waiting.push_back(next);
                }
            }
        }
        let Some(mut at) = came_from.get(start).copied() else {
            continue;
        };
        let mut circle = vec![*start];
        while at != *start {
            circle.push(at);
            at = came_from[at];
        }
        circle.push(start);
        circle.reverse();
        if circle.iter().all(|file| !reported.contains(file)) {
            found.push(format!("circle: {}", circle.join(" → ")));
        }
        reported.extend(circle);
    }
    found
}

fn private_names_in_adapters(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for module in library(house).filter(|m| top(m) == "adapters") {
        for named in house.names(module) {
            let Target::Ours(place) = house.resolve(module, named) else {
                continue;
            };
            let outside = place.through.iter().any(|m| !matches!(top(m), "" | "adapters"));
            if outside && !place.public {
                let written = named.segments.join("::");
                let spot = format!("{}:{}", house.file(module), named.line);
                found.push(format!("{spot}: `{written}` is no public name; adapters/ use the public API"));
            }
        }
    }
    found
}

fn library_sources_in_command(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in house.texts.iter().filter(|(f, _)| f.starts_with("bin/")) {
        let tokens = tokens(text);
        for at in tokens.windows(2).filter(|w| w[0].text == "include" && w[1].text == "!") {
            found.push(format!("{file}:{}: `include!` goes round the public API", at[0].line));
        }
    }
    let commands = house.modules.iter().filter(|(key, _)| key.starts_with("bin/"));
    let names_library =
        commands.clone().any(|(key, _)| crates_named(house, key).any(|(name, _)| name == "bulla"));
    if commands.count() > 0 && !names_library {
        found.push("bin/: does nothing through the crate bulla".to_owned());
    }
    found
}

fn unsafe_code(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in &house.texts {
        for at in tokens(text).iter().filter(|t| t.text == "unsafe") {
            found.push(format!("{file}:{}: `unsafe`", at.line));
        }
    }
    found
}

// The rules, held to `src/`.

fn src() -> House {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = root.or(option_env!("CARGO_MANIFEST_DIR").map(PathBuf::from)).unwrap_or_default();
    House::read(&root.join("src"))
}

#[track_caller]
fn keep(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{} breach(es):\n  {}\n", breaches.len(), breaches.join("\n  "));
}

#[test]
fn every_source_file_is_reached_by_the_rules() {
    keep(unreached_files(&src()));
}

#[test]
fn every_module_of_the_root_has_a_floor() {
    keep(modules_without_floor(&src()));
}

#[test]
fn a_file_imports_only_lower_floors_or_its_own_folder() {
    keep(imports_upwards(&src()));
}

#[test]
fn only_primitives_names_algorithm_crates() {
    keep(algorithms_outside_primitives(&src()));
}

#[test]
fn encoding_imports_no_crypto_crate() {
    keep(crypto_in_encoding(&src()));
}

#[test]
fn only_random_draws_bytes() {
    keep(chance_outside_random(&src()));
}

#[test]
fn only_the_clock_asks_the_time() {
    keep(time_outside_clock(&src()));
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    keep(files_without_purpose(&src()));
}

#[test]
fn no_file_is_longer_than_500_lines_without_a_reason() {
    keep(files_too_long(&src(), LONG));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    keep(import_circles(&src()));
}

#[test]
fn adapters_use_only_public_names() {
    keep(private_names_in_adapters(&src()));
}

#[test]
fn the_command_uses_the_library_from_outside() {
    keep(library_sources_in_command(&src()));
}

#[test]
fn nothing_is_unsafe() {
    keep(unsafe_code(&src()));
}

// The rules, each held to a small house that breaks it and one that does not.

fn house(files: &[(&str, &str)]) -> House {
    House::of(files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect())
}

/// Every breach names what was expected, and there are as many.
#[track_caller]
fn breaches(found: Vec<String>, expected: &[&str]) {
    let fits = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| f.contains(e));
    assert!(fits, "expected {expected:#?}, found {found:#?}");
}

const LIB: &str =
    "pub mod keys; mod formats; pub mod file; pub mod cookie; mod primitives; mod encoding; mod error;
    pub use error::{Error, Result}; pub use primitives::aead::Tag as AeadTag;";

#[test]
fn the_rules_see_a_file_that_nobody_declares() {
    let files = [
        ("lib.rs", "#[cfg(test)] mod proofs;\nmod a { mod b; }"),
        ("a/b.rs", ""),
        ("proofs.rs", ""),
        ("proofs/x.rs", ""),
    ];
    breaches(unreached_files(&house(&files)), &[]);
    breaches(unreached_files(&house(&[("lib.rs", ""), ("lost.rs", "")])), &["lost.rs"]);
    breaches(unreached_files(&house(&[("lib.rs", "#[path = \"../other.rs\"] mod a;")])), &["lib.rs:1"]);
    breaches(unreached_files(&house(&[("a.rs", "")])), &["a.rs", "lib.rs: not found"]);
}

#[test]
fn the_rules_see_a_module_without_a_floor() {
    breaches(
        modules_without_floor(&house(&[
            ("lib.rs", "mod attic; mod keys;"),
            ("attic.rs", ""),
            ("keys.rs", ""),
        ])),
        &["attic"],
    );
}

#[test]
fn the_rules_see_an_import_from_a_higher_floor() {
    let upwards = |file: &'static str, text: &'static str| {
        let mut files = BTreeMap::from([
            ("lib.rs", LIB),
            ("error.rs", "pub struct Error; pub type Result<T> = core::result::Result<T, Error>;"),
            ("primitives/mod.rs", "pub(crate) mod aead; pub(crate) mod kdf;"),
            ("primitives/aead.rs", "pub struct Tag;"),
            ("primitives/kdf.rs", ""),
            ("encoding/mod.rs", "pub(crate) fn hex() {}"),
            ("keys/mod.rs", "mod key; pub use key::Key;"),
            ("keys/key.rs", "pub struct Key;"),
            ("formats/mod.rs", "pub(crate) fn read() {}"),
            ("file/mod.rs", "mod writer; pub use crate::keys::Key; pub fn open() {}"),
            ("file/writer.rs", ""),
            ("cookie.rs", ""),
        ]);
        files.insert(file, text);
        imports_upwards(&house(&files.into_iter().collect::<Vec<_>>()))
    };
    // Allowed: down, the own folder, and through a name of the root that leads down.
    breaches(
        upwards(
            "file/writer.rs",
            "use crate::{formats, keys::Key, Error}; use super::open; fn f() -> crate::Result<()> {}",
        ),
        &[],
    );
    breaches(upwards("primitives/kdf.rs", "use super::aead::Tag; use crate::error::Error;"), &[]);
    // Not allowed, however it is written.
    breaches(upwards("keys/key.rs", "use crate::formats::read;"), &["keys/key.rs:1: `crate::formats::read`"]);
    breaches(
        upwards("keys/key.rs", "\nuse crate::{error::Error, formats::{self as f}};"),
        &["keys/key.rs:2: `crate::formats`"],
    );
    breaches(upwards("keys/key.rs", "fn f() { crate::formats::read(); }"), &["`crate::formats::read`"]);
    breaches(
        upwards("keys/key.rs", "fn f() { super::super::formats::read(); }"),
        &["`super::super::formats::read`"],
    );
    breaches(
        upwards("keys/key.rs", "mod inner { fn f() { super::super::super::file::open() } }"),
        &["file/"],
    );
    breaches(upwards("keys/key.rs", "macro_rules! m { () => { $crate::file::open() } }"), &["file/"]);
    breaches(upwards("cookie.rs", "use crate::file::Key;"), &["leads to file/, which is not below cookie/"]);
    breaches(
        upwards("encoding/mod.rs", "use crate::primitives::aead::Tag;"),
        &["primitives/, which is not below encoding/"],
    );
    breaches(
        upwards("encoding/mod.rs", "use crate::AeadTag;"),
        &["primitives/, which is not below encoding/"],
    );
    breaches(upwards("error.rs", "use crate::encoding::hex;"), &["encoding/, which is not below error/"]);
    breaches(upwards("keys/key.rs", "use crate::Nonsense;"), &["defined in lib.rs"]);
}

#[test]
fn the_rules_see_an_algorithm_outside_primitives() {
    let named = |text: &str| {
        let primitives =
            ("primitives/mod.rs", "pub(crate) mod hkdf; pub(crate) use hmac::Mac; use aes_gcm::Aes256Gcm;");
        let files =
            [("lib.rs", LIB), primitives, ("primitives/hkdf.rs", "use hkdf::Hkdf;"), ("keys/mod.rs", text)];
        algorithms_outside_primitives(&house(&files))
    };
    breaches(named("use crate::primitives::hkdf; fn f() { hkdf::extract() }"), &[]);
    breaches(named("mod scrypt { pub fn f() {} } fn f() { scrypt::f() }"), &[]);
    breaches(named("use aes_gcm::Aes256Gcm;"), &["keys/mod.rs:1: names the crate aes_gcm"]);
    breaches(named("fn f() { let x = ::sha2::Sha512::new(); }"), &["the crate sha2"]);
    breaches(named("use crate::primitives::hkdf; fn f() { ::hkdf::Hkdf::new() }"), &["the crate hkdf"]);
    breaches(named("fn f() { return argon2::hash(); }"), &["the crate argon2"]);
    breaches(named("extern crate rsa;"), &["the crate rsa"]);
    breaches(named("use {std::fmt, hpke::{Kem, Serializable}};"), &["the crate hpke", "the crate hpke"]);
    breaches(
        named("use sha2 as digests; fn f() { digests::Sha256::new() }"),
        &["the crate sha2", "the crate sha2"],
    );
    breaches(named("use crate::primitives::Mac;"), &["the crate hmac"]);
    let command = [("lib.rs", ""), ("bin/bulla/main.rs", "use bulla::Key; use sha2::Sha256;")];
    breaches(algorithms_outside_primitives(&house(&command)), &["bin/bulla/main.rs:1"]);
}

#[test]
fn the_rules_see_crypto_in_encoding() {
    let named = |text: &str| crypto_in_encoding(&house(&[("lib.rs", LIB), ("encoding/mod.rs", text)]));
    breaches(named("use base64ct::Base64;"), &[]);
    breaches(
        named("use rand_core::TryRng; use sha2::Sha256; use getrandom::fill;"),
        &["rand_core", "sha2", "getrandom"],
    );
}

#[test]
fn the_rules_see_chance_outside_random() {
    let lib = ("lib.rs", "mod primitives;");
    let primitives = ("primitives/mod.rs", "mod random; mod kem;");
    let random = ("primitives/random.rs", "pub(crate) fn f() { getrandom::fill(&mut []) }");
    let drawn = |text| chance_outside_random(&house(&[lib, primitives, random, ("primitives/kem.rs", text)]));
    breaches(drawn("use super::random; fn g() { random::f() }"), &[]);
    breaches(
        drawn("fn g() { getrandom::fill(&mut []) }"),
        &["primitives/kem.rs:1: names the crate getrandom"],
    );
    breaches(drawn("use rand::rngs::OsRng;"), &["the crate rand;"]);
}

#[test]
fn the_rules_see_time_asked_outside_the_clock() {
    let asked = |file: &str, text: &str| {
        time_outside_clock(&house(&[
            ("lib.rs", "mod clock; mod file;"),
            ("bin/bulla/main.rs", ""),
            (file, text),
        ]))
    };
    let both = "use std::time::{Instant, SystemTime}; fn f() { SystemTime::now(); Instant::now(); }";
    breaches(asked("clock.rs", both), &[]);
    breaches(asked("file.rs", both), &["SystemTime::now", "Instant::now"]);
    breaches(asked("bin/bulla/main.rs", both), &["SystemTime::now"]);
    breaches(asked("file.rs", "fn f() { x.unwrap_or_else(std::time::SystemTime::now) }"), &["file.rs:1"]);
    breaches(
        asked("file.rs", "use std::time::SystemTime as Plain; fn f() { Plain::now() }"),
        &["SystemTime::now"],
    );
    breaches(asked("file.rs", "fn f() { std::time::UNIX_EPOCH.elapsed() }"), &["UNIX_EPOCH"]);
}

#[test]
fn the_rules_see_a_file_that_does_not_say_what_it_is_for() {
    let files = [
        ("a.rs", "//! Reads the header.\n"),
        ("b.rs", "use std::fmt;"),
        ("c.rs", "//! Code.\n"),
        ("d.rs", "\n//! Reads the header."),
    ];
    breaches(files_without_purpose(&house(&files)), &["b.rs", "c.rs", "d.rs"]);
}

#[test]
fn the_rules_see_a_file_that_is_too_long() {
    let (long, fits) = ("\n".repeat(LINES + 1), "\n".repeat(LINES));
    let files = [("a.rs", long.as_str()), ("b.rs", fits.as_str())];
    breaches(files_too_long(&house(&files), &[]), &["a.rs: 501 lines"]);
    breaches(files_too_long(&house(&files), &[("a.rs", "a table of words")]), &[]);
    breaches(files_too_long(&house(&files), &[("a.rs", "")]), &["a.rs: listed as long without a reason"]);
    breaches(
        files_too_long(&house(&files), &[("a.rs", "a table of words"), ("b.rs", "a table of words")]),
        &["b.rs: listed"],
    );
}

#[test]
fn the_rules_see_a_circle_of_imports() {
    let circles = |a: &str, b: &str, c: &str| {
        let parent = "mod a; mod b; mod c; pub use a::A; pub use b::*; fn helper() {}";
        import_circles(&house(&[
            ("lib.rs", "mod file;"),
            ("file/mod.rs", parent),
            ("file/a.rs", a),
            ("file/b.rs", b),
            ("file/c.rs", c),
        ]))
    };
    breaches(circles("pub struct A;", "use super::A; pub struct B;", "use super::B; use super::a;"), &[]);
    breaches(
        circles("use super::b::B; pub struct A;", "use super::A; pub struct B;", ""),
        &["file/a.rs → file/b.rs → file/a.rs"],
    );
    breaches(
        circles(
            "fn f() { super::c::g() }",
            "use super::a; fn f() { a::f() }",
            "use crate::file::{b::f}; fn g() {}",
        ),
        &["file/a.rs → file/c.rs → file/b.rs → file/a.rs"],
    );
    breaches(circles("use super::helper; pub struct A;", "", ""), &["file/a.rs → file/mod.rs → file/a.rs"]);
}

#[test]
fn the_rules_see_an_adapter_that_uses_private_names() {
    let used = |text: &str| {
        private_names_in_adapters(&house(&[
            (
                "lib.rs",
                "mod error; pub mod file; mod keys; pub mod adapters; pub use error::Error; pub use keys::Key; use keys::Secret;",
            ),
            ("error.rs", "pub struct Error; impl Error { pub(crate) fn new() {} }"),
            ("keys.rs", "pub struct Key; pub struct Secret;"),
            (
                "file.rs",
                "pub struct Reader { pub size: u64 } struct Plan; pub(crate) fn peek() {} pub use crate::keys::Key;",
            ),
            ("adapters/mod.rs", "mod store; fn shared() {}"),
            ("adapters/store.rs", text),
        ]))
    };
    breaches(
        used("use super::shared; use crate::{Error, Key, file::{self, Reader}}; fn f() { file::Key::new() }"),
        &[],
    );
    breaches(used("use crate::file::peek;"), &["adapters/store.rs:1: `crate::file::peek`"]);
    breaches(used("use crate::file; fn f(p: file::Plan) {}"), &["`file::Plan`"]);
    breaches(used("use crate::keys::Key;"), &["`crate::keys::Key`"]);
    breaches(used("use crate::Secret;"), &["`crate::Secret`"]);
}

#[test]
fn the_rules_see_a_command_that_goes_round_the_public_api() {
    let command =
        |text: &str| library_sources_in_command(&house(&[("lib.rs", ""), ("bin/bulla/main.rs", text)]));
    breaches(command("use bulla::Key;"), &[]);
    breaches(command("use bulla::Key; include!(\"../../limits.rs\");"), &["include!"]);
    breaches(command("fn main() {}"), &["does nothing through the crate bulla"]);
}

#[test]
fn the_rules_see_unsafe_code() {
    breaches(
        unsafe_code(&house(&[("a.rs", "#![forbid(unsafe_code)] // unsafe\nfn f() { \"unsafe\"; }")])),
        &[],
    );
    breaches(unsafe_code(&house(&[("a.rs", "\nfn f() { unsafe { g() } }")])), &["a.rs:2"]);
}

#[test]
fn comments_strings_and_test_code_do_not_count() {
    let counted = |text: &str| algorithms_outside_primitives(&house(&[("lib.rs", text)])).len();
    let silent = [
        "// aes::Aes256\n/* aes::Aes256 /* rsa::X */ hpke::Y */",
        r####"const A: &str = "aes::Aes256 \" aes::B"; const B: &[u8] = br##"aes::C " "# aes::D"##; const C: char = '"'; const D: &str = "aes::E";"####,
        "fn f<'a>(x: &'a str) -> char { '\\'' } // aes::A '",
        "#[cfg(test)]\n#[allow(unused)]\nmod tests { use aes::Aes256; }",
        "#[cfg(all(test, unix))] use aes::Aes256;",
        "#[cfg(test)] const fn f<A, B>(a: A, b: B) { aes::new() }",
        "struct S { #[cfg(test)] a: aes::Aes256, }",
        "#![cfg(test)]\nuse aes::Aes256;",
    ];
    for text in silent {
        assert_eq!(counted(text), 0, "{text}");
    }
    let heard = [
        "#[cfg(not(test))] use aes::Aes256;",
        "#[cfg(any(test, feature = \"x\"))] use aes::Aes256;",
        "#[cfg(test)] mod tests { fn f() {} } use aes::Aes256;",
        "#[cfg(test)] use std::fmt; use aes::Aes256;",
        "struct S { #[cfg(test)] a: u8, b: aes::Aes256 }",
        "const A: char = '\"'; use aes::Aes256; const B: char = '\"';",
        "fn f<'a>(x: &'a aes::Aes256) {}",
        "fn f() { r#match(aes::new()) }",
    ];
    for text in heard {
        assert_eq!(counted(text), 1, "{text}");
    }
}
