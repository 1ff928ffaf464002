//! Sections 3 to 6 of docs/file-format.md: payload, padding, armor, raw and age.
use super::maker::{
    Maker, armored, chunk_at, cobblestone, content, field, for_identity, given_identity, given_key,
    payload_at,
};
use super::{Facts, hex};
use crate::encoding::armor::Label;
use crate::encoding::base64;
use crate::formats::age;
use crate::formats::padding::Padding;
use crate::keys::lock::Holder;
use crate::keys::{Identity, Key};
use crate::secret::Secret;

const PLAIN: &[u8] = b"hello";
const AGE: &str = "peer: skip an age file is for age's own readers";

pub(super) fn add(facts: &mut Facts) {
    chunks(facts);
    changes(facts);
    padding(facts);
    armor(facts);
    raw_and_age(facts);
}

fn chunks(facts: &mut Facts) {
    facts.good("3.1", "context", "the context it was sealed for", || {
        let maker = Maker::new();
        let file = [maker.header(&maker.stanza()), maker.payload(b"invoice 7", PLAIN)].concat();
        (PLAIN.into(), file, [maker.given(), vec![format!("context: {}", hex(b"invoice 7"))]].concat())
    });
    facts.bad("3.1", "context_other", "another context", "unauthentic", || {
        let maker = Maker::new();
        let file = [maker.header(&maker.stanza()), maker.payload(b"invoice 7", PLAIN)].concat();
        (file, [maker.given(), vec![format!("context: {}", hex(b"invoice 8"))]].concat())
    });
    facts.bad("3.1", "context_missing", "no context where there was one", "unauthentic", || {
        let maker = Maker::new();
        let file = [maker.header(&maker.stanza()), maker.payload(b"invoice 7", PLAIN)].concat();
        (file, maker.given())
    });
    for (name, fact, length) in [
        ("content_empty", "no content", 0),
        ("content_16383", "one byte less than a chunk", 16_383),
        ("content_16384", "a chunk, and an empty one", 16_384),
        ("content_16385", "a chunk and a byte", 16_385),
        ("content_32768", "two chunks, and an empty one", 32_768),
    ] {
        facts.good("3.2", name, fact, || {
            let maker = Maker::new();
            (content(length), maker.usual(&content(length)), maker.given())
        });
    }
}

/// A file of two full chunks and a short one, after a change of its bytes.
fn changed(edit: impl FnOnce(&mut Vec<u8>)) -> (Vec<u8>, Vec<String>) {
    let maker = Maker::new();
    let mut file = maker.usual(&content(LENGTH));
    edit(&mut file);
    (file, maker.given())
}

const LENGTH: usize = 2 * 16_384 + 100;

fn changes(facts: &mut Facts) {
    type Edit = fn(&mut Vec<u8>);
    let cases: [(_, _, _, Edit); 14] = [
        ("3.1", "salt_changed", "one bit of the salt is wrong", |file| {
            let place = payload_at(file, LENGTH);
            file[place] ^= 1;
        }),
        ("3.1", "commitment_changed", "one bit of the commitment is wrong", |file| {
            let place = payload_at(file, LENGTH) + 55;
            file[place] ^= 1;
        }),
        ("3.2", "cut_at_chunk", "cut after the second chunk", |file| {
            file.truncate(chunk_at(file, LENGTH, 2));
        }),
        ("3.2", "cut_all_chunks", "cut before the first chunk", |file| {
            file.truncate(chunk_at(file, LENGTH, 0));
        }),
        ("3.2", "cut_in_chunk", "cut in the middle of the second chunk", |file| {
            file.truncate(chunk_at(file, LENGTH, 1) + 500);
        }),
        ("3.3", "cut_to_15", "a last chunk of 15 bytes", |file| {
            file.truncate(chunk_at(file, LENGTH, 2) + 15);
        }),
        ("3.3", "cut_in_salt", "cut in the middle of the salt", |file| {
            file.truncate(payload_at(file, LENGTH) + 12);
        }),
        ("3.4", "chunk_changed", "one bit of the second chunk is wrong", |file| {
            let place = chunk_at(file, LENGTH, 1) + 9;
            file[place] ^= 1;
        }),
        ("3.4", "tag_changed", "one bit of the last tag is wrong", |file| {
            *file.last_mut().unwrap() ^= 1;
        }),
        ("3.4", "chunks_swapped", "the two full chunks swapped", |file| {
            let (first, last) = (chunk_at(file, LENGTH, 0), chunk_at(file, LENGTH, 2));
            file[first..last].rotate_left((last - first) / 2);
        }),
        ("3.4", "chunk_taken_out", "the first chunk taken out", |file| {
            let (first, second) = (chunk_at(file, LENGTH, 0), chunk_at(file, LENGTH, 1));
            file.drain(first..second);
        }),
        ("3.4", "chunk_twice", "the second chunk twice", |file| {
            let (second, last) = (chunk_at(file, LENGTH, 1), chunk_at(file, LENGTH, 2));
            let copy = file[second..last].to_vec();
            file.splice(last..last, copy);
        }),
        ("3.5", "byte_appended", "a byte after the end", |file| file.push(0)),
        ("3.5", "chunk_appended", "a last chunk after the last chunk", |file| {
            let last = file[chunk_at(file, LENGTH, 2)..].to_vec();
            file.extend(last);
        }),
    ];
    for (sentence, name, fact, edit) in cases {
        facts.bad(sentence, name, fact, "unauthentic", || changed(edit));
    }
    facts.bad(
        "3.4",
        "chunk_of_other_file",
        "a chunk of another file for the same key",
        "unauthentic",
        || {
            changed(|file| {
                let other = Maker::new().usual(&content(LENGTH));
                let (first, second) = (chunk_at(&other, LENGTH, 0), chunk_at(&other, LENGTH, 1));
                let place = chunk_at(file, LENGTH, 0);
                file[place..place + (second - first)].copy_from_slice(&other[first..second]);
            })
        },
    );
    facts.bad("3.4", "payload_of_other_file", "the payload of another file", "unauthentic", || {
        let (maker, other) = (Maker::new(), Maker::new());
        let header = maker.header(&maker.stanza());
        ([header, other.payload(b"", PLAIN)].concat(), maker.given())
    });
}

fn padded(maker: &Maker, plain: &[u8]) -> (Vec<u8>, Vec<String>) {
    (maker.with_fields(&field(1, b""), plain), maker.given())
}

fn padding(facts: &mut Facts) {
    for (name, fact, length, filling) in [
        ("padding_none", "content and its length", 5, 0),
        ("padding_empty", "no content, and 100 zeros", 0, 100),
        ("padding_zeros", "content that ends with zeros", 5, 50),
        ("padding_chunks", "padding over two chunks", 100, 40_000),
        ("padding_straddles", "a length on both sides of a chunk's end", 16_380, 0),
    ] {
        facts.good("4.1", name, fact, || {
            let mut plain = content(length);
            if name == "padding_zeros" {
                plain.extend([0; 20]);
            }
            let content = plain.clone();
            plain.resize(plain.len() + filling, 0);
            plain.extend((content.len() as u64).to_be_bytes());
            let (file, given) = padded(&Maker::new(), &plain);
            (content, file, given)
        });
    }
    facts.good("4.3", "padding_padme", "Padmé of 1000 bytes", || {
        let content = content(1000);
        let size = Padding::Padme.padded(1000).unwrap();
        let mut plain = content.clone();
        plain.resize(size as usize - 8, 0);
        plain.extend(1000u64.to_be_bytes());
        let (file, given) = padded(&Maker::new(), &plain);
        (content, file, given)
    });
    for (sentence, name, fact, plain) in [
        ("4.1", "padding_short", "a padded plaintext of 7 bytes", vec![0; 7]),
        ("4.2", "padding_length", "a length one byte too large", [&[1; 5][..], &6u64.to_be_bytes()].concat()),
        ("4.2", "padding_length_absurd", "a length of 2^64 - 1", [&[1; 5][..], &[255; 8]].concat()),
        ("4.3", "padding_not_zero", "filling that is not zero", [&[1; 5][..], &4u64.to_be_bytes()].concat()),
    ] {
        facts.bad(sentence, name, fact, "malformed", || padded(&Maker::new(), &plain));
    }
}

fn armor(facts: &mut Facts) {
    type Edit = fn(String) -> String;
    let good: [(_, _, _, Edit); 4] = [
        ("5.1", "armor", "a file in armor", |text| text),
        ("5.2", "armor_crlf", "lines that end with CRLF", |text| text.replace('\n', "\r\n")),
        ("5.2", "armor_no_end", "an end line without its line feed", |text| text.trim_end().to_owned()),
        ("5.3", "armor_white_space", "1024 bytes of white space on either side", |text| {
            format!("{}{text}{}", " \t\r\n".repeat(256), "\n".repeat(1024))
        }),
    ];
    for (sentence, name, fact, edit) in good {
        facts.good(sentence, name, fact, || {
            let maker = Maker::new();
            let text = edit(armored(&maker.usual(PLAIN), Label::Bulla));
            (PLAIN.into(), text.into_bytes(), maker.given())
        });
    }
    let bad: [(_, _, _, Edit); 12] = [
        ("5.1", "armor_short_line", "a line of 60 characters in the middle", |text| {
            let (first, rest) = text.split_at(text.find('\n').unwrap() + 61);
            format!("{first}\n{rest}")
        }),
        ("5.1", "armor_long_line", "a line of 68 characters", |text| {
            let place = text.find('\n').unwrap() + 65;
            format!("{}{}\n{}", &text[..place], &text[place + 1..place + 5], &text[place + 5..])
        }),
        ("5.1", "armor_no_padding", "the last line without its padding", |text| text.replace('=', "")),
        ("5.1", "armor_not_canonical", "stray bits before the padding", |text| {
            let place = text.find('=').unwrap();
            format!("{}B{}", &text[..place - 1], &text[place..])
        }),
        ("5.3", "armor_white_space_before", "1025 bytes of white space before", |text| {
            " ".repeat(1025) + &text
        }),
        ("5.3", "armor_white_space_after", "1025 bytes of white space after", |text| {
            text + &" ".repeat(1025)
        }),
        ("5.3", "armor_text_after", "a letter after the end", |text| text + "x"),
        ("5.4", "armor_headers", "a PEM header", |text| text.replacen('\n', "\nVersion: 1\n\n", 1)),
        ("5.4", "armor_empty_line", "an empty line", |text| text.replacen('\n', "\n\n", 1)),
        ("5.4", "armor_end_missing", "no end line", |text| text[..text.find("-----END").unwrap()].to_owned()),
        ("5.4", "armor_end_other", "an end line with another label", |text| {
            text.replace("END BULLA", "END AGE")
        }),
        ("5.4", "armor_line_white_space", "a space at the end of a line", |text| {
            let place = text.find('\n').unwrap() + 65;
            format!("{} {}", &text[..place], &text[place..])
        }),
    ];
    for (sentence, name, fact, edit) in bad {
        facts.bad(sentence, name, fact, "malformed", || {
            let (maker, identity) = (Maker::new(), Identity::generate_x25519());
            let stanzas = for_identity(&maker.file_key, &identity);
            // A content whose armor ends with two padding characters.
            let lengths = (5..8).map(|length| armored(&maker.file(&stanzas, &content(length)), Label::Bulla));
            let text = lengths.into_iter().find(|text| text.contains("==\n")).unwrap();
            (edit(text).into_bytes(), vec![given_identity(&identity)])
        });
    }
    facts.bad("5.5", "armor_age_inside", "an age file under bulla's label", "malformed", || {
        let (file, given) = age_file();
        (armored(&file, Label::Bulla).into_bytes(), given)
    });
    facts.bad("5.5", "armor_bulla_inside", "a bulla file under age's label", "malformed", || {
        let maker = Maker::new();
        (armored(&maker.usual(PLAIN), Label::Age).into_bytes(), maker.given())
    });
}

fn age_file() -> (Vec<u8>, Vec<String>) {
    let identity = Identity::generate_x25519();
    let recipient = identity.recipient();
    let file_key = Secret::filled_by(|key| crate::primitives::random::fill(key));
    let stanza = age::stanza::wrap(&file_key, &Holder::Recipient(&recipient)).unwrap();
    let mut file = age::write(&file_key, &[stanza]);
    let (stream, nonce) = age::stream::Stream::begin(&file_key);
    let mut sealed = vec![0; PLAIN.len() + 16];
    stream.seal(0, true, PLAIN, &mut sealed).unwrap();
    file.extend(nonce);
    file.extend(sealed);
    (file, vec![given_identity(&identity)])
}

fn raw(key: &Key, context: &[u8], plain: &[u8]) -> Vec<u8> {
    cobblestone(&Secret::copy_from(key.expose_bytes()).unwrap(), context, plain)
}

fn raw_and_age(facts: &mut Facts) {
    facts.good("6.1", "raw", "a bare Cobblestone-256 message", || {
        let key = Key::generate();
        (content(20_000), raw(&key, b"", &content(20_000)), vec![given_key(&key)])
    });
    facts.good("6.1", "raw_context", "a bare message with a context", || {
        let key = Key::generate();
        (PLAIN.into(), raw(&key, b"c", PLAIN), vec![given_key(&key), format!("context: {}", hex(b"c"))])
    });
    facts.good("6.1", "raw_armor", "a bare message in armor", || {
        let key = Key::generate();
        (PLAIN.into(), armored(&raw(&key, b"", PLAIN), Label::Bulla).into_bytes(), vec![given_key(&key)])
    });
    facts.bad("6.1", "raw_other_key", "a bare message and another key", "no-key", || {
        (raw(&Key::generate(), b"", PLAIN), vec![given_key(&Key::generate())])
    });
    facts.bad("6.1", "raw_no_key", "a bare message and only an identity", "unrecognised", || {
        (raw(&Key::generate(), b"", PLAIN), vec![given_identity(&Identity::generate())])
    });
    facts.bad("6.1", "raw_cut", "a bare message cut in its salt", "unauthentic", || {
        let key = Key::generate();
        (raw(&key, b"", PLAIN)[..20].to_vec(), vec![given_key(&key)])
    });
    facts.good("6.2", "age", "an age file", || {
        let (file, given) = age_file();
        (PLAIN.into(), file, [given, vec![AGE.to_owned()]].concat())
    });
    facts.bad("6.3", "age_scrypt_most", "an age file with a work factor of 21", "over-limit", || {
        let salt = base64::encode(&[3; 16]);
        let body = base64::encode(&[4; 32]);
        let header =
            format!("age-encryption.org/v1\n-> scrypt {salt} 21\n{body}\n--- {}\n", base64::encode(&[5; 32]));
        (header.into_bytes(), vec!["passphrase: x".to_owned(), AGE.to_owned()])
    });
    facts.bad("6.4", "age_context", "a context for an age file", "usage", || {
        let (file, given) = age_file();
        (file, [given, vec![format!("context: {}", hex(b"c")), AGE.to_owned()]].concat())
    });
}
