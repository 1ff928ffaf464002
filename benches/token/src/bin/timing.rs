//! Looks whether the time to refuse a token tells how much of its tag is right: `timing [MEASUREMENTS [SEED]]`. It reports and judges nothing.
//!
//! The method is dudect's (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2016): inputs of two classes in random
//! order, one call timed at a time, and Welch's t-test between the classes, over all times and over those under each of 100
//! percentiles, since the slowest tell of the machine. The largest |t| is printed: over 10 the classes differ, under 4.5 nothing
//! was seen. The controls leave a comparison early; where they stay under 10 the machine is too noisy for the rest to mean anything.
use std::hint::black_box;
use std::time::{Duration, Instant};

use base64ct::{Base64UrlUnpadded, Encoding};
use bulla::cookie::legacy::{Django, Import};
use bulla::cookie::{Claims, Lifetime, Scope, Subject as Whose, TokenKeys, Tokens};
use bulla::{Time, TokenKeyring};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The comparison itself, of which nothing public gives that alone.
#[path = "../../../../src/secret.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod secret;

const TAG: usize = 32;
/// Times of each class that a t-test needs, as dudect has it.
const ENOUGH: f64 = 10_000.0;

#[derive(Serialize, Deserialize)]
struct Login {
    user: u64,
    text: String,
}

impl Claims for Login {
    const PURPOSE: &'static str = "login";
    const LIFETIME: Lifetime = Lifetime::fixed(Duration::from_secs(3600));

    fn subject(&self) -> Option<Whose> {
        None
    }
}

/// SplitMix64: chance enough to mix classes, and the same in each run with one seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// Changes a right tag to a wrong one of a class.
type Wrong = fn(&mut [u8], class: bool, &mut Chance);

/// The first byte is wrong, or the last one.
fn first_or_last(tag: &mut [u8], class: bool, chance: &mut Chance) {
    let at = if class { 0 } else { tag.len() - 1 };
    tag[at] ^= 1 + (chance.next() % 255) as u8;
}

/// Every byte is random, or the same tag comes again and again: right but for its last byte.
fn random_or_fixed(tag: &mut [u8], class: bool, chance: &mut Chance) {
    if class {
        tag.iter_mut().for_each(|byte| *byte = chance.next() as u8);
    } else {
        tag[TAG - 1] ^= 1;
    }
}

/// The same as before, but that no byte of what comes again and again is right. What differs here is no matter of the right tag:
/// it is the reading of a text that is always the same, and of one that never is.
fn random_or_fixed_and_wrong(tag: &mut [u8], class: bool, chance: &mut Chance) {
    if class {
        random_or_fixed(tag, class, chance);
    } else {
        tag.iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// What refuses texts that end in a tag.
struct Subject {
    name: &'static str,
    /// A right text's part before its tag, and the tag.
    before: String,
    tag: Vec<u8>,
    /// Writes the text with this tag.
    write: fn(&str, &[u8]) -> String,
    refuses: Box<dyn Fn(&str) -> bool>,
}

fn of_token(token: &str) -> (String, Vec<u8>) {
    let mut frame = Base64UrlUnpadded::decode_vec(token).unwrap();
    let tag = frame.split_off(frame.len() - TAG);
    (Base64UrlUnpadded::encode_string(&frame), tag)
}

/// A token is base64url of a frame with its tag at the end.
fn token(before: &str, tag: &[u8]) -> String {
    let mut frame = Base64UrlUnpadded::decode_vec(before).unwrap();
    frame.extend(tag);
    Base64UrlUnpadded::encode_string(&frame)
}

/// The flaw that the test must see: it goes on only as long as the bytes agree.
#[inline(never)]
fn leaves_early(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| black_box(a) == black_box(b))
}

fn subjects() -> Vec<Subject> {
    let hour = Duration::from_secs(3600);
    let keys = TokenKeys::new(TokenKeyring::generate(hour, hour, Time::now()).unwrap());
    let tokens = Tokens::<Login>::new(&keys, Scope::new("__Host-session").unwrap()).unwrap();
    let issued = tokens.issue(&Login { user: 7_000_000_000, text: "x".repeat(70) }).unwrap();
    let (before, tag) = of_token(issued.expose_text());
    assert!(tokens.accept(&token(&before, &tag)).is_ok());

    // The control does what accepting does up to the comparison, and only that in another way.
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
    let of = move |frame: &[u8]| mac.clone().chain_update(frame).finalize().into_bytes();
    let control_tag = of(&Base64UrlUnpadded::decode_vec(&before).unwrap()).to_vec();
    let control = move |text: &str| {
        let frame = Base64UrlUnpadded::decode_vec(text).unwrap();
        let (frame, tag) = frame.split_at(frame.len() - TAG);
        !leaves_early(&of(frame), tag)
    };

    let import = Import::until(Time::now() + hour);
    let django = Django::sessions(&import, ["correct horse battery staple"]).unwrap();
    let session = "eyJfYXV0aF91c2VyX2lkIjoiNyJ9:1xocE4";
    let django_tag = Base64UrlUnpadded::decode_vec("Aewzb0a9akYrPjh1z68JgQ29jrvzfAQCXx2kJHFD3dQ").unwrap();

    // In constant time up to the comparison, so that nothing else is seen.
    let alone = |name, equal: fn(&[u8], &[u8]) -> bool| Subject {
        name,
        before: String::new(),
        tag: vec![7; TAG],
        write: token,
        refuses: Box::new(move |text| {
            let mut room = [0; TAG];
            !equal(black_box(&[7; TAG]), Base64UrlUnpadded::decode(text, &mut room).unwrap())
        }),
    };
    vec![
        alone("control: bytes alone, left early", leaves_early),
        Subject {
            name: "control: base64, HMAC, left early",
            before: before.clone(),
            tag: control_tag,
            write: token,
            refuses: Box::new(control),
        },
        alone("bytes alone, `secret::equal`", secret::equal),
        Subject {
            name: "`Tokens::accept`",
            before,
            tag,
            write: token,
            refuses: Box::new(move |text| tokens.accept(text).is_err()),
        },
        Subject {
            name: "`legacy::Django::accept`",
            before: session.to_owned(),
            tag: django_tag,
            write: |before, tag| format!("{before}:{}", Base64UrlUnpadded::encode_string(tag)),
            refuses: Box::new(move |text| django.accept(text, Duration::MAX).is_err()),
        },
    ]
}

/// Times calls, and gives nanoseconds with the class of each.
fn measure(subject: &Subject, wrong: Wrong, count: usize, seed: u64) -> Vec<(u32, bool)> {
    let mut chance = Chance(seed);
    let mut times = Vec::with_capacity(count);
    let mut text = String::with_capacity(4096);
    while times.len() < count {
        let inputs: Vec<(bool, String)> = (0..1000)
            .map(|_| {
                let class = chance.next() & 1 == 1;
                let mut tag = subject.tag.clone();
                wrong(&mut tag, class, &mut chance);
                (class, (subject.write)(&subject.before, &tag))
            })
            .collect();
        for (class, input) in inputs {
            // All from one place, so that memory is no difference.
            text.clear();
            text.push_str(&input);
            let start = Instant::now();
            let refused = black_box((subject.refuses)(black_box(&text)));
            let time = start.elapsed().as_nanos();
            assert!(refused);
            times.push((u32::try_from(time).unwrap_or(u32::MAX), class));
        }
    }
    times
}

/// Count, sum and sum of squares of one class's times.
#[derive(Clone, Copy, Default)]
struct Sums(f64, f64, f64);

impl Sums {
    fn add(&mut self, time: f64) {
        *self = Sums(self.0 + 1.0, self.1 + time, self.2 + time * time);
    }

    fn mean(self) -> f64 {
        self.1 / self.0
    }

    fn variance(self) -> f64 {
        (self.2 - self.1 * self.mean()) / (self.0 - 1.0)
    }
}

/// The largest |t| of all crops, with the difference of the means there: the second class less the first.
fn largest_t(times: &mut [(u32, bool)]) -> (f64, f64) {
    times.sort_unstable_by_key(|(time, _)| *time);
    let last = times.len() - 1;
    // dudect's percentiles: dense where most times are.
    let crops = (1..=100).map(|i| ((1.0 - 0.5_f64.powf(0.1 * f64::from(i))) * last as f64) as usize);
    let mut crops = crops.chain([last]).peekable();
    let (mut sums, mut found) = ([Sums::default(); 2], (0.0, 0.0));
    for (at, (time, class)) in times.iter().enumerate() {
        sums[usize::from(*class)].add(f64::from(*time));
        while crops.next_if_eq(&at).is_some() {
            let [a, b] = sums;
            let error = (a.variance() / a.0 + b.variance() / b.0).sqrt();
            let difference = b.mean() - a.mean();
            if a.0 >= ENOUGH && b.0 >= ENOUGH && error > 0.0 && (difference / error).abs() > found.0 {
                found = ((difference / error).abs(), difference);
            }
        }
    }
    found
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(4_000_000, |text| text.parse().expect("a number of measurements"));
    let seed = arguments.next().map_or(1, |text| text.parse().expect("a number"));
    println!(
        "| what refuses | classes of tags | times | median, ns | difference there, ns | largest \\|t\\| |\n|---|---|---:|---:|---:|---:|"
    );
    for subject in subjects() {
        let classes: [(&str, Wrong); 3] = [
            ("last or first byte wrong", first_or_last),
            ("fixed, right but for its last byte, or random", random_or_fixed),
            ("fixed, all wrong, or random", random_or_fixed_and_wrong),
        ];
        for (name, wrong) in classes {
            measure(&subject, wrong, 20_000, seed); // warms up
            let mut times = measure(&subject, wrong, count, seed);
            let (t, difference) = largest_t(&mut times);
            let median = times[times.len() / 2].0;
            println!("| {} | {name} | {} | {median} | {difference:.2} | {t:.1} |", subject.name, times.len());
        }
    }
}
