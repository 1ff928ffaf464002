//! Keys, key files and keyrings as text: their bounds, and endless ones.
use base64ct::{Base64, Encoding};
use bulla::{ErrorKind, Identity, Key, Keyring, Passphrase, Recipient, file};

use super::ground::Ground;

const MEBIBYTE: usize = 1 << 20;

fn never_asked() -> bulla::Result<Passphrase> {
    panic!("no passphrase is needed")
}

#[test]
fn a_key_file_of_a_mebibyte_is_read_and_one_byte_more_is_refused() {
    let ground = Ground::new();
    let (identity, key) = (Identity::generate_x25519(), Key::generate());
    let filled = |last: &str, length: usize| format!("#{}\n{last}", "x".repeat(length - last.len() - 2));
    let secret = identity.expose_text().unwrap();
    let recipient = identity.recipient().to_string();
    let spaces =
        |length: usize| format!("{}{}", " ".repeat(length - key.expose_text().len()), *key.expose_text());
    for (length, bound) in [(MEBIBYTE, Ok(1)), (MEBIBYTE + 1, Err(ErrorKind::OverLimit))] {
        let path = ground.file("keys", filled(&secret, length));
        let read = file::read_identities(&path, never_asked);
        assert_eq!(read.map(|keys| keys.len()).map_err(|error| error.kind()), bound);
        let path = ground.file("keys", filled(&recipient, length));
        assert_eq!(Recipient::read_file(&path).map(|keys| keys.len()).map_err(|error| error.kind()), bound);
        let path = ground.file("keys", spaces(length));
        assert_eq!(Key::read_file(&path).map(|_| 1).map_err(|error| error.kind()), bound);
        let read = file::read_keyring(&key, ground.file("keys", vec![0; length]));
        let bound = bound.err().unwrap_or(ErrorKind::NoKeyFits);
        assert_eq!(read.err().unwrap().kind(), bound);
    }
}

#[test]
#[cfg(unix)]
fn an_endless_key_file_is_refused() {
    let endless = "/dev/zero";
    let kinds = [
        Key::read_file(endless).err(),
        Recipient::read_file(endless).err(),
        file::read_identities(endless, never_asked).err(),
        file::read_keyring(&Key::generate(), endless).err(),
    ];
    assert!(kinds.iter().all(|error| error.as_ref().unwrap().kind() == ErrorKind::OverLimit));
}

#[test]
fn text_of_any_length_that_is_no_key_is_malformed() {
    for length in [0, 1, 4095, 4096, 4097, 1 << 24] {
        for text in [
            "q".repeat(length),
            format!("age1{}", "q".repeat(length)),
            "AGE-SECRET-KEY-1".repeat(length / 16),
        ] {
            assert_eq!(text.parse::<Recipient>().err().unwrap().kind(), ErrorKind::Malformed, "{length}");
            assert_eq!(text.parse::<Identity>().err().unwrap().kind(), ErrorKind::Malformed, "{length}");
            assert_eq!(text.parse::<Key>().err().unwrap().kind(), ErrorKind::Malformed, "{length}");
        }
    }
}

#[test]
fn a_recipient_of_low_order_is_no_recipient() {
    let recipient = |bytes: [u8; 32]| {
        let text =
            bech32::encode_lower::<bech32::Bech32>(bech32::Hrp::parse("age").unwrap(), &bytes).unwrap();
        text.parse::<Recipient>().map(drop).map_err(|error| error.kind())
    };
    let with = |first: u8, rest: u8, last: u8| {
        let mut bytes = [rest; 32];
        (bytes[0], bytes[31]) = (first, last);
        bytes
    };
    assert_eq!(recipient(with(9, 0, 0)), Ok(()), "the base point");
    // 0, 1 and -1; then p and p + 1, which are not reduced (RFC 7748 section 5, p = 2^255 - 19).
    for low in
        [with(0, 0, 0), with(1, 0, 0), with(0xec, 0xff, 0x7f), with(0xed, 0xff, 0x7f), with(0xee, 0xff, 0x7f)]
    {
        assert_eq!(recipient(low), Err(ErrorKind::Malformed));
    }
}

#[test]
fn a_keyring_of_4096_keys_is_read_and_one_more_is_refused() {
    let read = |keys: usize| {
        let mut text = format!("bulla-keyring/v1\nprimary {}\n", *Key::generate().expose_text());
        for _ in 1..keys {
            text += &format!("retired {}\n", *Key::generate().expose_text());
        }
        Keyring::parse(text.as_bytes()).map(|ring| ring.retired_ids().len() + 1).map_err(|error| error.kind())
    };
    assert_eq!(read(4096), Ok(4096));
    assert_eq!(read(4097), Err(ErrorKind::OverLimit));
}

#[test]
fn a_keyring_that_could_not_be_read_is_not_written() {
    let (ground, key) = (Ground::new(), Key::generate());
    let mut ring = Keyring::generate();
    (0..4096).for_each(|_| _ = ring.rotate());
    let path = ground.at("ring");
    assert!(file::write_keyring(&ring, &key, &path, false).is_err());
    assert!(!path.exists());
}

/// An SSH string (RFC 4251 section 5).
fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let length = u32::try_from(bytes.as_ref().len()).unwrap();
    [&length.to_be_bytes(), bytes.as_ref()].concat()
}

#[test]
fn rsa_keys_of_2048_to_8192_bits_are_taken() {
    let parse = |bits: usize| {
        // An odd number of so many bits; nobody can tell that it has no two prime factors.
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] >>= (8 - bits % 8) % 8;
        if bits.is_multiple_of(8) {
            number.insert(0, 0);
        }
        let wire = [string("ssh-rsa"), string([1, 0, 1]), string(number)].concat();
        let line = format!("ssh-rsa {}", Base64::encode_string(&wire));
        line.parse::<Recipient>().map(drop).map_err(|error| error.kind())
    };
    assert_eq!((parse(2048), parse(8192)), (Ok(()), Ok(())));
    for bits in [512, 1024, 2047, 8193, 16_384] {
        assert_eq!(parse(bits), Err(ErrorKind::Unsupported), "{bits}");
    }
}

/// A private key of OpenSSH that says how many rounds of bcrypt its passphrase takes; what is sealed is noise.
fn sealed_ssh_key(rounds: u32) -> Vec<u8> {
    let kdf = [string([1; 16]), rounds.to_be_bytes().to_vec()].concat();
    // A point of the curve: the base point (RFC 8032 section 5.1).
    let mut point = [0x66; 32];
    point[0] = 0x58;
    let public = [string("ssh-ed25519"), string(point)].concat();
    let parts = [string("aes256-ctr"), string("bcrypt"), string(kdf), vec![0, 0, 0, 1], string(public)];
    let wire = [&b"openssh-key-v1\0"[..], &parts.concat(), &string([9; 144])].concat();
    let text = Base64::encode_string(&wire);
    let lines: Vec<&str> =
        text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let (begin, end) = ("-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----");
    format!("{begin}\n{}\n{end}\n", lines.join("\n")).into_bytes()
}

#[test]
fn an_ssh_key_of_1000_bcrypt_rounds_is_tried_and_one_more_is_refused() {
    let kind =
        |rounds, passphrase| Identity::from_ssh(&sealed_ssh_key(rounds), passphrase).err().unwrap().kind();
    // Without a passphrase, that it wants one is what is said of a key that would be tried.
    assert_eq!(kind(1000, None), ErrorKind::Usage);
    assert_eq!(kind(1001, None), ErrorKind::OverLimit);
    assert_eq!(kind(u32::MAX, Some("x")), ErrorKind::OverLimit);
    assert_eq!(kind(1, Some("x")), ErrorKind::NoKeyFits);
    let ground = Ground::new();
    let path = ground.file("key", sealed_ssh_key(1001));
    assert_eq!(file::read_identities(path, never_asked).err().unwrap().kind(), ErrorKind::OverLimit);
}

#[test]
fn an_ssh_key_that_is_too_long_or_cut_short_is_malformed() {
    let good = sealed_ssh_key(1);
    let long = [&good[..], &[b'\n'; MEBIBYTE]].concat();
    assert_eq!(Identity::from_ssh(&long, None).err().unwrap().kind(), ErrorKind::Malformed);
    // Before that its first line could be that of another sort of key.
    let begin = "-----BEGIN OPENSSH PRIVATE KEY".len();
    for length in (begin..good.len() - 1).step_by(7) {
        let error = Identity::from_ssh(&good[..length], Some("x")).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{length}");
    }
    let line = format!("ssh-ed25519 {}", "A".repeat(MEBIBYTE));
    assert_eq!(line.parse::<Recipient>().err().unwrap().kind(), ErrorKind::Malformed);
}
