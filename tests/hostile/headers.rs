//! Headers: their size, their lines, the number of their stanzas, their metadata.
use bulla::file::{Decryption, Encryption, Rewrap, inspect};
use bulla::{ErrorKind, Format, Identity, Key, Passphrase, Recipients};

use super::ground::{Endless, Ground, age, bulla, stanza};

const MEBIBYTE: usize = 1 << 20;
/// What may be read ahead of a bound.
const AHEAD: usize = 128 * 1024;

/// A file for an identity, and its header's end: where the MAC line begins.
fn sealed(format: Format) -> (Vec<u8>, usize, Key, Identity) {
    let (key, identity) = (Key::generate(), Identity::generate_x25519());
    let file = Encryption::to(&identity.recipient()).format(format).bytes(b"content").unwrap();
    let mac = file.windows(5).position(|five| five == b"\n--- ").unwrap() + 1;
    (file, mac, key, identity)
}

/// Puts stanzas before the MAC line. They are well formed, so that only their number or size can be refused.
fn with_more(file: &[u8], mac: usize, more: &str) -> Vec<u8> {
    [&file[..mac], more.as_bytes(), &file[mac..]].concat()
}

/// How a file is refused, in every way of reading it.
#[track_caller]
fn refusal(key: &Key, identity: &Identity, file: &[u8]) -> ErrorKind {
    let with: [&dyn bulla::Unlock; 2] = [key, identity];
    let kind = bulla::decrypt(&with[..], file).unwrap_err().kind();
    assert_eq!(Decryption::with(&with[..]).reader(file).err().unwrap().kind(), kind);
    assert_eq!(Decryption::with(&with[..]).ranges(file, 1 << 30).err().unwrap().kind(), kind);
    let ground = Ground::new();
    let path = ground.file("sealed", file);
    ground.refuses(kind, || bulla::decrypt_file(&with[..], &path, ground.at("content")));
    ground
        .refuses(kind, || Rewrap::with(&with[..]).add(&Identity::generate_x25519().recipient()).file(&path));
    kind
}

#[test]
fn a_header_of_a_mebibyte_is_read_and_one_byte_more_is_refused() {
    for format in [Format::Bulla, Format::Age] {
        let (file, mac, key, identity) = sealed(format);
        let header = mac + "--- ".len() + 43 + 1;
        let frame = "-> g\n\n".len();
        let most = format!("-> g{}\n\n", "x".repeat(MEBIBYTE - header - frame));
        let at_the_bound = with_more(&file, mac, &most);
        // It has been read, then: its MAC is not that of so many stanzas.
        assert_eq!(refusal(&key, &identity, &at_the_bound), ErrorKind::Unauthentic);
        assert_eq!(inspect(&at_the_bound[..]).unwrap().header_length(), 1 << 20);
        let over = with_more(&file, mac, &most.replace("-> g", "-> gg"));
        assert_eq!(refusal(&key, &identity, &over), ErrorKind::OverLimit);
        assert_eq!(inspect(&over[..]).unwrap_err().kind(), ErrorKind::OverLimit);
    }
}

#[test]
fn a_header_of_1024_stanzas_is_read_and_one_more_is_refused() {
    for format in [Format::Bulla, Format::Age] {
        let (file, mac, key, identity) = sealed(format);
        let with = |count: usize| with_more(&file, mac, &"-> g\n\n".repeat(count - 1));
        assert_eq!(refusal(&key, &identity, &with(1024)), ErrorKind::Unauthentic);
        assert_eq!(inspect(&with(1024)[..]).unwrap().stanzas().len(), 1024);
        assert_eq!(refusal(&key, &identity, &with(1025)), ErrorKind::OverLimit);
        assert_eq!(refusal(&key, &identity, &with(1_000_000)), ErrorKind::OverLimit);
    }
}

#[test]
fn what_no_reader_would_read_is_not_written() {
    let identities: Vec<Identity> = (0..1025).map(|_| Identity::generate_x25519()).collect();
    let recipients: Vec<_> = identities.iter().map(Identity::recipient).collect();
    for format in [Format::Bulla, Format::Age] {
        let seal = |count: usize| {
            Encryption::to(&Recipients::all(&recipients[..count])?).format(format).bytes(b"content")
        };
        assert_eq!(bulla::decrypt(&identities[1023], &seal(1024).unwrap()).unwrap(), b"content");
        assert_eq!(seal(1025).unwrap_err().kind(), ErrorKind::Usage);
    }
    // A post-quantum stanza has 1578 bytes: 664 fill a mebibyte.
    let recipients: Vec<_> = (0..665).map(|_| Identity::generate().recipient()).collect();
    let seal = |count: usize| bulla::encrypt(&Recipients::all(&recipients[..count])?, b"content");
    assert!(inspect(&seal(664).unwrap()[..]).is_ok());
    assert_eq!(seal(665).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn an_endless_header_is_given_up_after_a_mebibyte() {
    let (key, identity) = (Key::generate(), Identity::generate());
    let with: [&dyn bulla::Unlock; 2] = [&key, &identity];
    let line = format!("{}\n", "A".repeat(64));
    for version in ["bulla/v1\n", "age-encryption.org/v1\n"] {
        for (begin, again, most) in [
            ("x", "x", MEBIBYTE),
            ("-> a", "a", MEBIBYTE),
            ("-> ", "a ", MEBIBYTE),
            ("-> a\nA", "A", MEBIBYTE),
            ("-> a\n", &line, MEBIBYTE),
            ("--- ", "A", MEBIBYTE),
            ("-> a\n\n", "-> a\n\n", 6 * 1026),
        ] {
            let begin = [version, begin].concat();
            let mut endless = Endless::new(begin.as_bytes(), again.as_bytes());
            let error = Decryption::with(&with[..]).reader(&mut endless).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::OverLimit, "{begin}{again}…");
            assert!(endless.given <= most + AHEAD, "{begin}{again}…: {} bytes", endless.given);
            let mut endless = Endless::new(begin.as_bytes(), again.as_bytes());
            assert_eq!(inspect(&mut endless).unwrap_err().kind(), ErrorKind::OverLimit);
            assert!(endless.given <= most + AHEAD, "{begin}{again}…: {} bytes", endless.given);
        }
    }
}

#[test]
fn endless_input_that_is_no_header_is_given_up_at_once() {
    let (key, identity) = (Key::generate(), Identity::generate());
    let armor = "-----BEGIN BULLA ENCRYPTED FILE-----";
    let line = format!("{}\n", "A".repeat(64));
    for (begin, again, with_key, with_identity) in [
        ("", "\0", ErrorKind::NoKeyFits, ErrorKind::Unrecognised),
        ("", "\n", ErrorKind::NoKeyFits, ErrorKind::Unrecognised),
        ("bulla/v", "1", ErrorKind::Unsupported, ErrorKind::Unsupported),
        ("bulla/v1\r", "\n", ErrorKind::Unsupported, ErrorKind::Unsupported),
        (armor, "-", ErrorKind::Malformed, ErrorKind::Malformed),
        (&format!("{armor}\n"), "A", ErrorKind::Malformed, ErrorKind::Malformed),
        (&format!("{armor}\n"), &line, ErrorKind::NoKeyFits, ErrorKind::Unrecognised),
        (&format!("{armor}\n"), "\n", ErrorKind::Malformed, ErrorKind::Malformed),
    ] {
        let cases: [(ErrorKind, &dyn bulla::Unlock); 2] = [(with_key, &key), (with_identity, &identity)];
        for (kind, with) in cases {
            let mut endless = Endless::new(begin.as_bytes(), again.as_bytes());
            let error = Decryption::with(with).reader(&mut endless).err().unwrap();
            assert_eq!(error.kind(), kind, "{begin}{again}…");
            assert!(endless.given <= AHEAD, "{begin}{again}…: {} bytes", endless.given);
        }
    }
}

#[test]
fn five_passphrases_are_refused_whoever_tries() {
    let passphrase = Passphrase::new("wrong").unwrap();
    let line = format!("pbkdf2-sha512 {} 100000 joint", "A".repeat(22));
    let file = |count| bulla(stanza(&line, 80).repeat(count));
    let kind = |with: &dyn bulla::Unlock, count| bulla::decrypt(with, &file(count)).unwrap_err().kind();
    assert_eq!(kind(&passphrase, 4), ErrorKind::NoKeyFits);
    let all: [&dyn bulla::Unlock; 3] = [&passphrase, &Key::generate(), &Identity::generate()];
    for with in all {
        assert_eq!(kind(with, 5), ErrorKind::OverLimit);
    }
    let each: Vec<Passphrase> =
        ["a", "b", "c", "d", "e"].iter().map(|text| Passphrase::new(text).unwrap()).collect();
    let five = each.iter().skip(1).fold(Recipients::one(&each[0]), |all, next| all.and(next)).allow_shared();
    assert_eq!(bulla::encrypt(&five, b"").unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn metadata_of_a_wrong_length_are_refused_before_a_key_is_tried() {
    let other = stanza("g", 1);
    let kind = |body: usize| {
        let file = bulla(stanza("meta", body) + &other);
        bulla::decrypt(&Key::generate(), &file).unwrap_err().kind()
    };
    // Fields are a multiple of 64 bytes, 64 to 4096, and a tag is 16.
    for body in [64 + 16, 128 + 16, 4096 + 16] {
        assert_eq!(kind(body), ErrorKind::NoKeyFits, "{body}");
    }
    for body in [0, 15, 16, 16 + 63, 16 + 65, 4096 + 17, 4096 + 16 + 64, 500_000] {
        assert_eq!(kind(body), ErrorKind::Malformed, "{body}");
    }
    for stanzas in [
        stanza("meta", 80),
        stanza("meta", 80).repeat(2) + &other,
        other.clone() + &stanza("meta", 80),
        stanza("meta x", 80) + &other,
    ] {
        let error = bulla::decrypt(&Key::generate(), &bulla(&stanzas)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{stanzas}");
    }
}

#[test]
fn names_and_media_types_are_taken_up_to_their_bounds() {
    let key = Key::generate();
    let name = |length: usize| Encryption::to(&key).name(&"n".repeat(length)).bytes(b"");
    let media = |text: &str| Encryption::to(&key).media_type(text).bytes(b"");
    for sealed in [name(1), name(1024), media("t"), media(&"t".repeat(255))] {
        assert!(bulla::decrypt(&key, &sealed.unwrap()).is_ok());
    }
    for refused in
        [name(0), name(1025), name(100_000), media(""), media(&"t".repeat(256)), media("t\n"), media("é")]
    {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Usage);
    }
}

#[test]
fn white_space_round_an_armor_is_taken_up_to_1024_bytes() {
    let key = Key::generate();
    let armored = Encryption::to(&key).armor(true).bytes(b"content").unwrap();
    for white in [&b" "[..], b"\t", b"\n", b"\r\n"] {
        let spaces = |length: usize| white.iter().copied().cycle().take(length).collect::<Vec<u8>>();
        let file = |before, after| [spaces(before), armored.clone(), spaces(after)].concat();
        assert_eq!(bulla::decrypt(&key, &file(1024, 1024)).unwrap(), b"content");
        assert!(inspect_is_fine(&file(1024, 1024)));
        for file in [file(1025, 0), file(0, 1025)] {
            assert_eq!(bulla::decrypt(&key, &file).unwrap_err().kind(), ErrorKind::Malformed);
        }
        // So much that the armor is not even looked for.
        let lost = bulla::decrypt(&key, &file(100_000, 0)).unwrap_err();
        assert_eq!(lost.kind(), ErrorKind::NoKeyFits);
        assert_eq!(bulla::decrypt(&key, &file(0, 100_000)).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

/// A raw file tells nothing of itself, armored or not; it is the armor that must not be the reason.
fn inspect_is_fine(file: &[u8]) -> bool {
    inspect(file).is_err_and(|error| error.kind() == ErrorKind::Unrecognised)
}

#[test]
fn a_label_that_is_not_that_of_the_format_is_refused_by_all_who_read_it() {
    let identity = Identity::generate();
    let recipient = identity.recipient();
    for (format, own, other) in [(Format::Age, "AGE", "BULLA"), (Format::Bulla, "BULLA", "AGE")] {
        let armored = Encryption::to(&recipient).format(format).armor(true).bytes(b"x").unwrap();
        let file = String::from_utf8(armored).unwrap().replace(&format!(" {own} "), &format!(" {other} "));
        assert_eq!(bulla::decrypt(&identity, file.as_bytes()).unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(inspect(file.as_bytes()).unwrap_err().kind(), ErrorKind::Malformed);
        let ground = Ground::new();
        let path = ground.file("sealed", &file);
        let rewrapped = bulla::file::rewrap(&identity, &recipient, &path);
        assert_eq!(rewrapped.unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), file);
    }
}

#[test]
fn many_stanzas_for_many_keys_are_refused_before_all_are_compared() {
    let line = format!("key {} {} joint", "A".repeat(11), "A".repeat(22));
    let file = bulla(stanza(&line, 80).repeat(1024));
    let kind = |keys| {
        let keys: Vec<Key> = std::iter::repeat_with(Key::generate).take(keys).collect();
        bulla::decrypt(&keys, &file).unwrap_err().kind()
    };
    assert_eq!(kind(256), ErrorKind::NoKeyFits);
    assert_eq!(kind(257), ErrorKind::OverLimit);
}

#[test]
fn many_stanzas_for_many_identities_are_refused_before_all_are_tried() {
    // A share of the base point: sound, and for nobody.
    let share = "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let files = [
        bulla(stanza(&format!("x25519 {share}"), 48).repeat(1024)),
        age(stanza(&format!("X25519 {share}"), 32).repeat(1024)),
    ];
    for file in files {
        let kind = |count| {
            let identities: Vec<Identity> =
                std::iter::repeat_with(Identity::generate_x25519).take(count).collect();
            bulla::decrypt(&identities, &file).unwrap_err().kind()
        };
        assert_eq!(kind(4), ErrorKind::NoKeyFits);
        assert_eq!(kind(5), ErrorKind::OverLimit);
    }
}

#[test]
fn stanzas_of_a_known_type_and_another_form_are_refused_whoever_they_are_for() {
    let (salt, tag) = ("A".repeat(22), "A".repeat(11));
    let identity = Identity::generate();
    for (arguments, body) in [
        (format!("key {tag} {salt} joint"), 79),
        (format!("key {tag} {salt} joint"), 81),
        (format!("key {tag} {salt} x"), 80),
        (format!("key {tag} {salt}"), 80),
        (format!("key {tag} {salt} joint x"), 80),
        (format!("key {tag}A {salt} joint"), 80),
        (format!("argon2id {salt} 65536 3 joint"), 80),
        (format!("argon2id {salt} 065536 3 4 joint"), 80),
        (format!("argon2id {salt} 65536 +3 4 joint"), 80),
        (format!("argon2id {salt} 4294967296 3 4 joint"), 80),
        (format!("pbkdf2-sha512 {salt} 1e6 joint"), 80),
        (format!("pbkdf2-sha512 {salt}= 100000 joint"), 80),
        (format!("x25519 {}", "A".repeat(42)), 48),
        (format!("mlkem768x25519 {}", "A".repeat(43)), 48),
    ] {
        let file = bulla(stanza(&arguments, body));
        assert_eq!(bulla::decrypt(&identity, &file).unwrap_err().kind(), ErrorKind::Malformed, "{arguments}");
    }
    for (arguments, body) in
        [("scrypt A 10", 32), ("X25519 A", 32), ("ssh-ed25519 AAAAAA", 32), ("ssh-rsa", 256)]
    {
        let file = age(stanza(arguments, body));
        assert_eq!(bulla::decrypt(&identity, &file).unwrap_err().kind(), ErrorKind::Malformed, "{arguments}");
    }
}
