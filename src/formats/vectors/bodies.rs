//! Section 2 of docs/file-format.md: what the stanzas hold.
use super::Facts;
use super::maker::{Maker, field, for_identity, for_passphrase, given_identity, text};
use crate::encoding::base64;
use crate::formats::envelope::stanza::Scope;
use crate::formats::header::Stanza;
use crate::keys::{Identity, KdfCost, Key, Passphrase};
use crate::primitives::{kdf, random};

const PLAIN: &[u8] = b"hello";
const X: &str = "passphrase: x";

pub(super) fn add(facts: &mut Facts) {
    symmetric(facts);
    scopes(facts);
    figures(facts);
    recipients(facts);
    metadata(facts);
}

fn with_x(maker: &Maker, stanzas: &str) -> (Vec<u8>, Vec<String>) {
    (maker.file(stanzas, PLAIN), vec![X.to_owned()])
}

fn symmetric(facts: &mut Facts) {
    facts.good("2.1", "argon2id", "a passphrase by Argon2id, least memory", || {
        let maker = Maker::new();
        let (file, given) = with_x(&maker, &maker.argon2id(8192, 1, 1));
        (PLAIN.into(), file, given)
    });
    facts.good("2.1", "argon2id_low", "a passphrase with the figures of KdfCost::Low, in NFC", || {
        let maker = Maker::new();
        let passphrase = Passphrase::new("cafe\u{301}").unwrap().cost(KdfCost::Low);
        let file = maker.file(&for_passphrase(&maker.file_key, &passphrase, Scope::Alone), PLAIN);
        (PLAIN.into(), file, vec!["passphrase: caf\u{e9}".to_owned()])
    });
    facts.good("2.1", "pbkdf2", "a passphrase by PBKDF2, fewest iterations", || {
        let maker = Maker::new();
        let (file, given) = with_x(&maker, &pbkdf2(&maker, 100_000));
        (PLAIN.into(), file, given)
    });
    for (name, fact, grow) in
        [("wrap_short", "a wrapped key of 79 bytes", false), ("wrap_long", "a wrapped key of 81 bytes", true)]
    {
        facts.bad("2.1", name, fact, "malformed", || {
            let maker = Maker::new();
            let mut stanza = stanza(&maker);
            if grow {
                stanza.body.push(0);
            } else {
                stanza.body.truncate(79);
            }
            (maker.file(&text(&stanza), PLAIN), maker.given())
        });
    }
    facts.bad("2.2", "wrap_commitment", "one bit of the commitment is wrong", "no-key", || {
        let maker = Maker::new();
        let mut stanza = stanza(&maker);
        stanza.body[0] ^= 1;
        (maker.file(&text(&stanza), PLAIN), maker.given())
    });
    facts.bad("2.2", "passphrase_wrong", "another passphrase", "no-key", || {
        let maker = Maker::new();
        (maker.file(&maker.argon2id(8192, 1, 1), PLAIN), vec!["passphrase: y".to_owned()])
    });
    facts.bad("2.3", "wrap_tag", "the commitment is right and the tag is not", "unauthentic", || {
        let maker = Maker::new();
        let mut stanza = stanza(&maker);
        stanza.body[79] ^= 1;
        (maker.file(&text(&stanza), PLAIN), maker.given())
    });
    for (name, fact, arguments) in [
        ("argon2id_too_few", "argon2id without its lanes", "argon2id SALT 8192 1"),
        ("argon2id_too_many", "argon2id with one argument more", "argon2id SALT 8192 1 1 1"),
        ("argon2id_leading_zero", "a figure with a leading zero", "argon2id SALT 8192 01 1"),
        ("argon2id_plus", "a figure with a sign", "argon2id SALT +8192 1 1"),
        ("argon2id_hex", "a figure in hexadecimal", "argon2id SALT 0x2000 1 1"),
        ("argon2id_overflow", "a figure over 32 bits", "argon2id SALT 4294975488 1 1"),
        ("argon2id_short_salt", "a salt of 15 bytes", "argon2id AAAAAAAAAAAAAAAAAAAA 8192 1 1"),
        ("argon2id_long_salt", "a salt of 18 bytes", "argon2id AAAAAAAAAAAAAAAAAAAAAAAA 8192 1 1"),
        ("pbkdf2_too_many", "pbkdf2-sha512 with one argument more", "pbkdf2-sha512 SALT 100000 1"),
        ("pbkdf2_too_few", "pbkdf2-sha512 without its count", "pbkdf2-sha512 SALT"),
    ] {
        facts.bad("2.4", name, fact, "malformed", || {
            let maker = Maker::new();
            with_x(&maker, &maker.absurd(arguments))
        });
    }
    facts.bad("2.4", "key_too_many", "key with one argument more", "malformed", || {
        let maker = Maker::new();
        let stanzas = maker.stanza().replacen('\n', " x\n", 1);
        (maker.file(&stanzas, PLAIN), maker.given())
    });
    facts.good("2.6", "figures_not_tried", "absurd figures beside the right key", || {
        let maker = Maker::new();
        let stanzas = maker.absurd("argon2id SALT 4294967295 99 99") + &maker.stanza();
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    facts.good("2.6", "argon2id_passes_16", "16 passes", || {
        let maker = Maker::new();
        let (file, given) = with_x(&maker, &maker.argon2id(8192, 16, 1));
        (PLAIN.into(), file, given)
    });
    facts.good("2.6", "argon2id_lanes_16", "16 lanes", || {
        let maker = Maker::new();
        let (file, given) = with_x(&maker, &maker.argon2id(8192, 1, 16));
        (PLAIN.into(), file, given)
    });
    facts.bad("2.5", "figure_changed", "other passes than were wrapped with", "no-key", || {
        let maker = Maker::new();
        with_x(&maker, &maker.argon2id(8192, 1, 1).replacen(" 8192 1 1 ", " 8192 2 1 ", 1))
    });
    facts.good("2.9", "key", "a key finds its stanza among those of others", || {
        let maker = Maker::new();
        let other = Maker { key: Key::generate(), file_key: copy(&maker) };
        let stanzas = other.stanza() + &maker.stanza();
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    facts.bad("2.9", "key_tag_wrong", "a right wrap under a wrong tag", "no-key", || {
        let maker = Maker::new();
        let kek = *maker.key.expose_bytes();
        let arguments = format!("key {} {}", base64::encode(&[7; 8]), base64::encode(&[8; 16]));
        (maker.file(&maker.wrapped(&kek, &arguments), PLAIN), maker.given())
    });
    for (name, fact, tag, salt) in
        [("key_tag_short", "a tag of 7 bytes", 7, 16), ("key_salt_short", "a key's salt of 15 bytes", 8, 15)]
    {
        facts.bad("2.9", name, fact, "malformed", || {
            let maker = Maker::new();
            let (tag, salt) = (base64::encode(&vec![7; tag]), base64::encode(&vec![8; salt]));
            let stanzas = maker.absurd(&format!("key {tag} {salt}"));
            (maker.file(&stanzas, PLAIN), maker.given())
        });
    }
}

fn scopes(facts: &mut Facts) {
    facts.good("2.4", "scope_alone", "a key alone", || {
        let maker = Maker::new();
        (PLAIN.into(), maker.file(&maker.scoped(Scope::Alone), PLAIN), maker.given())
    });
    facts.bad("2.4", "scope_unknown", "a scope that is neither alone nor joint", "malformed", || {
        let maker = Maker::new();
        (maker.file(&maker.stanza().replacen(" joint\n", " single\n", 1), PLAIN), maker.given())
    });
    facts.bad("2.4", "scope_capital", "ALONE is not alone", "malformed", || {
        let maker = Maker::new();
        let stanza = maker.scoped(Scope::Alone).replacen(" alone\n", " ALONE\n", 1);
        (maker.file(&stanza, PLAIN), maker.given())
    });
    for (name, fact, from, to) in [
        ("scope_raised", "a joint stanza that says alone", " joint\n", " alone\n"),
        ("scope_lowered", "an alone stanza that says joint", " alone\n", " joint\n"),
    ] {
        facts.bad("2.5", name, fact, "no-key", || {
            let maker = Maker::new();
            let scope = if from == " alone\n" { Scope::Alone } else { Scope::Joint };
            (maker.file(&maker.scoped(scope).replacen(from, to, 1), PLAIN), maker.given())
        });
    }
    facts.good("2.19", "alone_with_meta", "an alone stanza after metadata", || {
        let maker = Maker::new();
        let mut name = field(2, b"a");
        name.resize(64, 0);
        let stanzas = maker.meta(&name) + &maker.scoped(Scope::Alone);
        (PLAIN.into(), maker.file(&stanzas, PLAIN), maker.given())
    });
    facts.bad("2.19", "alone_beside_recipient", "an alone stanza beside a recipient's", "malformed", || {
        let maker = Maker::new();
        let other = for_identity(&maker.file_key, &Identity::generate_x25519());
        (maker.file(&(maker.scoped(Scope::Alone) + &other), PLAIN), maker.given())
    });
    facts.bad(
        "2.19",
        "alone_beside_unknown",
        "an alone stanza after one of an unknown type",
        "malformed",
        || {
            let maker = Maker::new();
            (maker.file(&("-> x\n\n".to_owned() + &maker.scoped(Scope::Alone)), PLAIN), maker.given())
        },
    );
    facts.bad("2.19", "alone_twice", "two alone stanzas", "malformed", || {
        let maker = Maker::new();
        let stanza = maker.scoped(Scope::Alone);
        (maker.file(&(stanza.clone() + &stanza), PLAIN), maker.given())
    });
}

fn copy(maker: &Maker) -> crate::formats::envelope::stanza::FileKey {
    crate::secret::Secret::copy_from(maker.file_key.expose()).unwrap()
}

fn stanza(maker: &Maker) -> Stanza {
    let holder = crate::keys::lock::Holder::Key(&maker.key);
    crate::formats::envelope::stanza::wrap(&maker.file_key, &holder, Scope::Joint).unwrap()
}

fn pbkdf2(maker: &Maker, iterations: u32) -> String {
    let salt = random::bytes::<16>();
    let kek = kdf::pbkdf2_sha512(b"x", &salt, iterations);
    maker.wrapped(kek.expose(), &format!("pbkdf2-sha512 {} {iterations}", base64::encode(&salt)))
}

fn figures(facts: &mut Facts) {
    for (name, fact, arguments) in [
        ("argon2id_memory_least", "memory under 8 MiB", "argon2id SALT 8191 1 1"),
        ("argon2id_memory_most", "memory over 1 GiB", "argon2id SALT 1048577 1 1"),
        ("argon2id_memory_absurd", "4 TiB of memory", "argon2id SALT 4294967295 1 1"),
        ("argon2id_passes_none", "no pass", "argon2id SALT 8192 0 1"),
        ("argon2id_passes_most", "17 passes", "argon2id SALT 8192 17 1"),
        ("argon2id_lanes_none", "no lane", "argon2id SALT 8192 1 0"),
        ("argon2id_lanes_most", "17 lanes", "argon2id SALT 8192 1 17"),
        ("argon2id_product", "5 passes over 1 GiB", "argon2id SALT 1048576 5 1"),
    ] {
        facts.bad("2.6", name, fact, "over-limit", || {
            let maker = Maker::new();
            with_x(&maker, &maker.absurd(arguments))
        });
    }
    for (name, fact, iterations) in [
        ("pbkdf2_least", "99 999 iterations", 99_999),
        ("pbkdf2_most", "10 000 001 iterations", 10_000_001u32),
    ] {
        facts.bad("2.7", name, fact, "over-limit", || {
            let maker = Maker::new();
            with_x(&maker, &maker.absurd(&format!("pbkdf2-sha512 SALT {iterations}")))
        });
    }
    facts.good("2.8", "passphrases_most", "the fourth of four passphrases", || {
        let maker = Maker::new();
        let other = Maker { key: Key::generate(), file_key: copy(&maker) };
        let others = (0..3).map(|_| other.absurd("argon2id SALT 8192 1 1")).collect::<String>();
        let (file, given) = with_x(&maker, &(others + &maker.argon2id(8192, 1, 1)));
        (PLAIN.into(), file, given)
    });
    facts.bad("2.8", "passphrases_too_many", "five passphrases", "over-limit", || {
        let maker = Maker::new();
        let others = (0..4).map(|_| maker.absurd("argon2id SALT 8192 1 1")).collect::<String>();
        with_x(&maker, &(others + &maker.argon2id(8192, 1, 1)))
    });
}

/// A stanza for an identity, after an edit of its parts.
fn for_edited(identity: &Identity, edit: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) -> (Vec<u8>, Vec<String>) {
    let maker = Maker::new();
    let stanza = for_identity(&maker.file_key, identity);
    let (line, body) = stanza.split_once('\n').unwrap();
    let (kind, enc) = line.rsplit_once(' ').unwrap();
    let mut enc = base64::decode(enc).unwrap();
    let mut body = base64::decode(&body.replace('\n', "")).unwrap();
    edit(&mut enc, &mut body);
    let stanza = Stanza::new(format!("{} {}", &kind[3..], base64::encode(&enc)), body);
    (maker.file(&text(&stanza), PLAIN), vec![given_identity(identity)])
}

fn recipients(facts: &mut Facts) {
    facts.good("2.11", "x25519", "an X25519 identity", || {
        let (maker, identity) = (Maker::new(), Identity::generate_x25519());
        let file = maker.file(&for_identity(&maker.file_key, &identity), PLAIN);
        (PLAIN.into(), file, vec![given_identity(&identity)])
    });
    facts.good("2.11", "mlkem768x25519", "a post-quantum hybrid identity", || {
        let (maker, identity) = (Maker::new(), Identity::generate());
        let file = maker.file(&for_identity(&maker.file_key, &identity), PLAIN);
        (PLAIN.into(), file, vec![given_identity(&identity)])
    });
    let classic = Identity::generate_x25519 as fn() -> Identity;
    let hybrid = Identity::generate as fn() -> Identity;
    type Edit = fn(&mut Vec<u8>, &mut Vec<u8>);
    type Case = (&'static str, &'static str, &'static str, &'static str, fn() -> Identity, Edit);
    let cases: [Case; 10] = [
        ("2.10", "x25519_enc_short", "a share of 31 bytes", "malformed", classic, |enc, _| enc.truncate(31)),
        ("2.10", "x25519_enc_long", "a share of 33 bytes", "malformed", classic, |enc, _| enc.push(0)),
        ("2.10", "mlkem_enc_short", "an enc of 1119 bytes", "malformed", hybrid, |enc, _| enc.truncate(1119)),
        ("2.10", "mlkem_enc_long", "an enc of 1121 bytes", "malformed", hybrid, |enc, _| enc.push(0)),
        ("2.11", "x25519_body_short", "a body of 47 bytes", "malformed", classic, |_, body| {
            body.truncate(47);
        }),
        ("2.11", "mlkem_body_long", "a body of 49 bytes", "malformed", hybrid, |_, body| body.push(0)),
        ("2.12", "x25519_tag", "one bit of the body is wrong", "no-key", classic, |_, body| body[47] ^= 1),
        (
            "2.12",
            "mlkem_ciphertext",
            "one bit of ML-KEM's ciphertext is wrong",
            "no-key",
            hybrid,
            |enc, _| enc[0] ^= 1,
        ),
        ("2.13", "x25519_low_order", "a share of zeros", "malformed", classic, |enc, _| enc.fill(0)),
        ("2.13", "mlkem_low_order", "a hybrid share of zeros", "malformed", hybrid, |enc, _| {
            enc[1088..].fill(0);
        }),
    ];
    for (sentence, name, fact, kind, identity, edit) in cases {
        facts.bad(sentence, name, fact, kind, || for_edited(&identity(), edit));
    }
    facts.bad("2.10", "x25519_extra", "x25519 with one argument more", "malformed", || {
        let (maker, identity) = (Maker::new(), Identity::generate_x25519());
        let stanzas = for_identity(&maker.file_key, &identity).replacen('\n', " x\n", 1);
        (maker.file(&stanzas, PLAIN), vec![given_identity(&identity)])
    });
    facts.bad("2.12", "identity_other", "an identity of somebody else", "no-key", || {
        let (maker, identity) = (Maker::new(), Identity::generate());
        let file = maker.file(&for_identity(&maker.file_key, &identity), PLAIN);
        (file, vec![given_identity(&Identity::generate())])
    });
}

fn metadata(facts: &mut Facts) {
    let modified = [&1_000_000_000u64.to_be_bytes()[..], &999_999_999u32.to_be_bytes()].concat();
    for (name, fact, says, fields) in [
        ("meta_name", "a name", r#"{"name": "letter \u00e9.txt"}"#, field(2, "letter \u{e9}.txt".as_bytes())),
        ("meta_name_longest", "a name of 1024 bytes", r#""#, field(2, &[b'n'; 1024])),
        (
            "meta_modified",
            "a time of modification",
            r#"{"modified": [1000000000, 999999999]}"#,
            field(3, &modified),
        ),
        (
            "meta_modified_early",
            "a time before 1970",
            r#"{"modified": [-1, 0]}"#,
            field(3, &[&(-1i64).to_be_bytes()[..], &[0; 4]].concat()),
        ),
        (
            "meta_media_type",
            "a media type",
            r#"{"media type": "text/plain; charset=utf-8"}"#,
            field(4, b"text/plain; charset=utf-8"),
        ),
        ("meta_directory", "a directory", r#"{"directory": true}"#, field(5, b"")),
        (
            "meta_all",
            "name, time, media type and directory",
            r#"{"name": "n", "modified": [1000000000, 999999999], "media type": "a/b", "directory": true}"#,
            [field(2, b"n"), field(3, &modified), field(4, b"a/b"), field(5, b"")].concat(),
        ),
        ("meta_full", "fields that fill 64 bytes without filling", r#""#, field(2, &[b'n'; 61])),
    ] {
        facts.good("2.16", name, fact, || {
            let maker = Maker::new();
            let mut given = maker.given();
            given.extend(Some(format!("metadata: {says}")).filter(|_| !says.is_empty()));
            (PLAIN.into(), maker.with_fields(&fields, PLAIN), given)
        });
    }
    let late = [&[0; 8][..], &1_000_000_000u32.to_be_bytes()].concat();
    for (name, fact, fields) in [
        ("meta_unknown", "an unknown tag", field(6, b"x")),
        ("meta_twice", "a tag twice", [field(5, b""), field(5, b"")].concat()),
        ("meta_descending", "tags that fall", [field(5, b""), field(2, b"n")].concat()),
        ("meta_name_empty", "an empty name", field(2, b"")),
        ("meta_name_long", "a name of 1025 bytes", field(2, &[b'n'; 1025])),
        ("meta_name_not_text", "a name that is not UTF-8", field(2, b"\xff")),
        ("meta_modified_short", "a time of 11 bytes", field(3, &modified[..11])),
        ("meta_nanoseconds", "10^9 nanoseconds", field(3, &late)),
        ("meta_media_type_control", "a control character in the media type", field(4, b"a\nb")),
        ("meta_media_type_empty", "an empty media type", field(4, b"")),
        ("meta_directory_value", "a directory with a value", field(5, b"x")),
        ("meta_field_cut", "a field longer than the metadata", vec![2, 1, 0, b'n']),
        ("meta_empty", "no field at all", vec![0]),
    ] {
        facts.bad("2.16", name, fact, "malformed", || {
            let maker = Maker::new();
            (maker.with_fields(&fields, PLAIN), maker.given())
        });
    }
    type Arrange = fn(&Maker, &str, &str) -> String;
    let cases: [(_, _, Arrange); 3] = [
        ("meta_second", "metadata after another stanza", |_, meta, key| format!("{key}{meta}")),
        ("meta_two", "metadata twice", |_, meta, key| format!("{meta}{meta}{key}")),
        ("meta_argument", "metadata with an argument", |_, meta, key| {
            format!("{}{key}", meta.replacen("-> meta", "-> meta x", 1))
        }),
    ];
    for (name, fact, arrange) in cases {
        facts.bad("2.14", name, fact, "malformed", || {
            let maker = Maker::new();
            let meta = maker.meta(&[field(5, b""), vec![0; 61]].concat());
            let stanzas = arrange(&maker, &meta, &maker.stanza());
            (maker.file(&stanzas, PLAIN), maker.given())
        });
    }
    for (name, fact, fields) in [
        ("meta_length_63", "metadata of 63 bytes", [field(5, b""), vec![0; 60]].concat()),
        ("meta_length_none", "metadata of no bytes", Vec::new()),
        (
            "meta_length_most",
            "metadata of 4160 bytes",
            [field(2, &[b'n'; 1024]), vec![0; 4160 - 1027]].concat(),
        ),
    ] {
        facts.bad("2.15", name, fact, "malformed", || {
            let maker = Maker::new();
            (maker.file(&(maker.meta(&fields) + &maker.stanza()), PLAIN), maker.given())
        });
    }
    for (name, fact, fields) in [
        ("meta_filling_not_zero", "filling that is not zero", [field(5, b""), vec![0; 60], vec![9]].concat()),
        (
            "meta_filling_long",
            "a block of filling more than is needed",
            [field(5, b""), vec![0; 125]].concat(),
        ),
    ] {
        facts.bad("2.17", name, fact, "malformed", || {
            let maker = Maker::new();
            (maker.file(&(maker.meta(&fields) + &maker.stanza()), PLAIN), maker.given())
        });
    }
    facts.bad("2.18", "meta_of_other_key", "metadata sealed with another file key", "unauthentic", || {
        let (maker, other) = (Maker::new(), Maker::new());
        let meta = other.meta(&[field(5, b""), vec![0; 61]].concat());
        (maker.file(&(meta + &maker.stanza()), PLAIN), maker.given())
    });
}
