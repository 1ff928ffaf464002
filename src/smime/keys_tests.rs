//! Content keys sealed for each kind of recipient and opened again; published messages; and what must not open.
use super::kek;
use super::unwrap::{Opener, Terms, content_key};
use super::wrap::{RsaPadding, for_certificate, for_kek, for_passphrase};
use crate::encoding::tlv;
use crate::error::{ErrorKind, Result};
use crate::formats::cms::algorithm::{Aes, Cipher};
use crate::formats::cms::certificate_id::CertificateId;
use crate::formats::cms::enveloped::{Head, Kind};
use crate::formats::cms::key_algorithm::{
    Kdf, KeyAgreement, KeyTransport, KeyWrap, shared_info, write_hkdf, write_kem,
};
use crate::formats::cms::password_algorithm::{Pbkdf2, write_password_wrap};
use crate::formats::cms::recipient::{self, DERIVATION, Encapsulating};
use crate::keys::work::Budget;
use crate::keys::{Decryption, Digest, KdfLimits, KeyKind, Passphrase, PrivateKey};
use crate::limits::{CMS_PASSPHRASES, PBKDF2_MAX_ITERATIONS};
use crate::primitives::{kdf as derive, key_wrap, password_wrap};
use crate::x509::{Authority, Certificate, Credential};

const RSA: KeyKind = KeyKind::Rsa { bits: 2048 };
const CURVES: [KeyKind; 3] = [KeyKind::P256, KeyKind::P384, KeyKind::P521];
const KEMS: [KeyKind; 3] = [KeyKind::MlKem512, KeyKind::MlKem768, KeyKind::MlKem1024];
const OTHERS: [KeyKind; 7] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::X25519,
    KeyKind::MlKem512,
    KeyKind::MlKem768,
    KeyKind::MlKem1024,
];
const CONTENT_KEY: [u8; 32] = [7; 32];

fn own(kind: KeyKind) -> Credential {
    let root = PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Example Root".parse().unwrap(), root).unwrap();
    let key = PrivateKey::generate(kind).unwrap();
    let issue = root.email(key.public(), &["bob@example.org".parse().unwrap()]).unwrap();
    Credential::new(key, [issue.sign().unwrap()]).unwrap()
}

fn opener(own: &Credential) -> Opener<'_> {
    Opener::Key(own.key(), own.certificate())
}

fn sealed_for(own: &Credential) -> Vec<u8> {
    for_certificate(own.certificate(), RsaPadding::Oaep, &CONTENT_KEY).unwrap()
}

/// The certificate as recipients are named by it.
fn with_id<T>(own: &Certificate, work: impl FnOnce(&CertificateId<'_>) -> T) -> T {
    let (issuer, serial) = (own.issuer(), own.serial());
    work(&CertificateId::IssuerAndSerial(issuer.as_der(), serial.as_bytes()))
}

fn open_with(infos: &[&[u8]], openers: &[Opener<'_>], length: usize, legacy: bool) -> Result<Vec<u8>> {
    let values = [tlv::number(2), tlv::wrap(tlv::SET, infos)].concat();
    let head = Head::read(Kind::Enveloped, &values)?;
    let mut budget = Budget::new(KdfLimits::default());
    let mut terms = Terms { length, legacy, budget: &mut budget };
    Ok(content_key(&head.recipients, openers, &mut terms)?.to_vec())
}

fn open(infos: &[&[u8]], openers: &[Opener<'_>]) -> std::result::Result<Vec<u8>, ErrorKind> {
    open_with(infos, openers, CONTENT_KEY.len(), false).map_err(|error| error.kind())
}

#[test]
fn each_kind_of_key_opens_what_is_sealed_for_it_and_another_key_does_not() {
    for kind in OTHERS.into_iter().chain([RSA]) {
        let (bob, eve) = (own(kind), PrivateKey::generate(kind).unwrap());
        for length in [16, 24, 32] {
            let info = for_certificate(bob.certificate(), RsaPadding::Oaep, &CONTENT_KEY[..length]).unwrap();
            let opened = open_with(&[&info], &[opener(&bob)], length, false);
            assert_eq!(opened.unwrap(), CONTENT_KEY[..length], "{kind}");
            // A content key of another length than the cipher's is none.
            let short = open_with(&[&info], &[opener(&bob)], length + 8, false);
            assert_eq!(short.unwrap_err().kind(), ErrorKind::Unauthentic, "{kind}");
        }
        let stolen = Opener::Key(&eve, bob.certificate());
        assert_eq!(open(&[&sealed_for(&bob)], &[stolen]), Err(ErrorKind::Unauthentic), "{kind}");
    }
}

#[test]
fn a_key_that_only_signs_is_no_recipient() {
    let bob = own(KeyKind::Ed25519);
    let refused = for_certificate(bob.certificate(), RsaPadding::Oaep, &CONTENT_KEY).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Usage);
}

#[test]
fn a_known_key_opens_what_is_wrapped_under_it_by_its_name() {
    for length in [16, 24, 32] {
        let (key, other) = (vec![1; length], vec![2; length]);
        let info = for_kek(b"ours", &key, &CONTENT_KEY).unwrap();
        let with = |id, key| open(&[&info], &[Opener::Kek { id, key }]);
        assert_eq!(with(b"ours", &key), Ok(CONTENT_KEY.to_vec()));
        assert_eq!(with(b"ours", &other), Err(ErrorKind::Unauthentic));
        assert_eq!(with(b"ours", &key[1..]), Err(ErrorKind::Unauthentic));
        assert_eq!(with(b"theirs", &key), Err(ErrorKind::NoKeyFits));
    }
    assert_eq!(for_kek(b"ours", &[1; 17], &CONTENT_KEY).unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_passphrase_opens_what_is_sealed_under_it_normalised_or_as_it_was_typed() {
    let [right, typed, wrong] =
        ["caf\u{e9}", "cafe\u{301}", "tea"].map(|text| Passphrase::new(text).unwrap());
    let info = for_passphrase(&right, &CONTENT_KEY).unwrap();
    let with = |info: &[u8], openers: &[&Passphrase]| {
        let openers: Vec<_> = openers.iter().map(|passphrase| Opener::Passphrase(passphrase)).collect();
        open(&[info], &openers)
    };
    assert_eq!(with(&info, &[&wrong, &typed]), Ok(CONTENT_KEY.to_vec()));
    assert_eq!(with(&info, &[&wrong]), Err(ErrorKind::NoKeyFits));
    assert_eq!(with(&info, &[]), Err(ErrorKind::NoKeyFits));
    let old = password("cafe\u{301}".as_bytes(), 2048);
    assert_eq!(with(&old, &[&typed]), Ok(CONTENT_KEY.to_vec()));
    assert_eq!(with(&old, &[&right]), Err(ErrorKind::NoKeyFits));
}

/// As other programs write it, with so many iterations of PBKDF2-HMAC-SHA-1.
fn password(text: &[u8], iterations: u32) -> Vec<u8> {
    let how = Pbkdf2 { salt: b"12345678", iterations, prf: Digest::Sha1 };
    // What is refused before it is worked out may hold anything.
    let worked = Pbkdf2 { iterations: iterations.min(2048), ..how };
    let key = kek::of_passphrase(text, &worked, 32);
    let wrapped = password_wrap::wrap(&key, &[3; 16], &CONTENT_KEY).unwrap();
    let algorithm = write_password_wrap(Cipher::AesCbc { aes: Aes::Aes256, iv: [3; 16] });
    recipient::write_password(&how.write(DERIVATION), &algorithm, &wrapped)
}

#[test]
fn a_passphrase_that_would_cost_too_much_is_not_tried() {
    let passphrase = Passphrase::new("tea").unwrap();
    let with = |infos: &[&[u8]]| open(infos, &[Opener::Passphrase(&passphrase)]);
    // 32 bytes are two blocks of SHA-1: each iteration is made twice.
    for iterations in [PBKDF2_MAX_ITERATIONS / 2 + 1, PBKDF2_MAX_ITERATIONS, u32::MAX] {
        assert_eq!(with(&[&password(b"tea", iterations)]), Err(ErrorKind::OverLimit), "{iterations}");
    }
    let none = password(b"tea", 0);
    assert_eq!(with(&[&none]), Err(ErrorKind::Malformed));
    // The budget is of the message, and not of one try.
    let (wrong, dear) = (password(b"coffee", 2048), password(b"tea", PBKDF2_MAX_ITERATIONS / 2));
    assert_eq!(with(&[&wrong, &dear]), Err(ErrorKind::OverLimit));
    let right = password(b"tea", 2048);
    let mut all = vec![&wrong[..]; CMS_PASSPHRASES - 1];
    all.push(&right);
    assert_eq!(with(&all), Ok(CONTENT_KEY.to_vec()));
    all.insert(0, &wrong);
    assert_eq!(with(&all), Err(ErrorKind::NoKeyFits));
}

#[test]
fn a_passphrases_info_that_cannot_be_tried_does_not_hide_the_one_that_can() {
    let passphrase = Passphrase::new("tea").unwrap();
    let with = |infos: &[&[u8]]| open(infos, &[Opener::Passphrase(&passphrase)]);
    let right = password(b"tea", 2048);
    let derivation = Pbkdf2 { salt: b"12345678", iterations: 1, prf: Digest::Sha1 }.write(DERIVATION);
    let argon2 = tlv::wrap(DERIVATION, &[&tlv::wrap(tlv::OID, &[&[42, 3]]), &tlv::sequence(&[])]);
    let aes = write_password_wrap(Cipher::AesCbc { aes: Aes::Aes256, iv: [3; 16] });
    let triple_des = write_password_wrap(Cipher::TripleDesCbc { iv: [3; 8] });
    for (other, alone) in [
        (recipient::write_password(&argon2, &aes, &[0; 48]), ErrorKind::Unsupported),
        (recipient::write_password(&derivation, &triple_des, &[0; 48]), ErrorKind::Unsupported),
        (password(b"tea", u32::MAX), ErrorKind::OverLimit),
        (password(b"tea", 0), ErrorKind::Malformed),
    ] {
        let many = [&other[..]; 2 * CMS_PASSPHRASES];
        assert_eq!(with(&[&many[..], &[&right]].concat()), Ok(CONTENT_KEY.to_vec()), "{alone:?}");
        // If nothing opens, why the first of them was not tried is told.
        let wrong = password(b"coffee", 2048);
        assert_eq!(with(&[&wrong, &other, &password(b"tea", 0)]), Err(alone));
    }
    // What was spent on others is gone.
    let half = password(b"coffee", PBKDF2_MAX_ITERATIONS / 4 + 1);
    let dear = password(b"tea", PBKDF2_MAX_ITERATIONS / 4 + 1);
    assert_eq!(with(&[&half, &dear]), Err(ErrorKind::OverLimit));
}

#[test]
fn what_is_sealed_as_for_another_kind_of_key_is_refused() {
    let (rsa, curve, kem) = (own(RSA), own(KeyKind::P256), own(KeyKind::MlKem512));
    for (other, mine) in [(&rsa, &curve), (&curve, &kem), (&kem, &rsa), (&rsa, &kem), (&curve, &rsa)] {
        let made = sealed_for(other);
        let stolen = Opener::Key(mine.key(), other.certificate());
        assert_eq!(open(&[&made], &[stolen]), Err(ErrorKind::Malformed));
    }
}

#[test]
fn what_is_for_others_says_so() {
    let (bob, eve) = (own(KeyKind::P256), own(KeyKind::X25519));
    let infos = [sealed_for(&bob), for_kek(b"ours", &[1; 16], &CONTENT_KEY).unwrap()];
    let infos: Vec<&[u8]> = infos.iter().map(Vec::as_slice).collect();
    assert_eq!(open(&infos, &[opener(&eve)]), Err(ErrorKind::NoKeyFits));
    assert_eq!(open(&infos, &[]), Err(ErrorKind::NoKeyFits));
    // Several that are ours: whichever the message names.
    assert_eq!(open(&infos, &[opener(&eve), opener(&bob)]), Ok(CONTENT_KEY.to_vec()));
}

#[test]
fn forms_that_nobody_knows_are_passed_over() {
    let bob = own(KeyKind::P256);
    let other = tlv::wrap(0xa4, &[&tlv::wrap(tlv::OID, &[&[42, 3]]), &tlv::sequence(&[])]);
    let infos: [&[u8]; 3] = [&tlv::wrap(0xa9, &[b"?"]), &other, &sealed_for(&bob)];
    assert_eq!(open(&infos, &[opener(&bob)]), Ok(CONTENT_KEY.to_vec()));
    assert_eq!(open(&infos[..2], &[opener(&bob)]), Err(ErrorKind::NoKeyFits));
}

#[test]
fn only_the_first_that_names_us_is_tried() {
    for kind in [KeyKind::P256, KeyKind::MlKem768, RSA] {
        let bob = own(kind);
        let good = sealed_for(&bob);
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(open(&[&bad, &good], &[opener(&bob)]), Err(ErrorKind::Unauthentic), "{kind}");
        assert_eq!(open(&[&good, &bad], &[opener(&bob)]), Ok(CONTENT_KEY.to_vec()), "{kind}");
        // A passphrase does not help it, either.
        let passphrase = Passphrase::new("tea").unwrap();
        let both = [opener(&bob), Opener::Passphrase(&passphrase)];
        assert_eq!(open(&[&password(b"tea", 1), &bad], &both), Err(ErrorKind::Unauthentic), "{kind}");
    }
}

#[test]
fn old_padding_of_rsa_gives_a_made_up_key_and_no_error() {
    let bob = own(RSA);
    let good = for_certificate(bob.certificate(), RsaPadding::Pkcs1, &CONTENT_KEY).unwrap();
    assert_eq!(open(&[&good], &[opener(&bob)]), Ok(CONTENT_KEY.to_vec()));
    let algorithm = KeyTransport::RsaPkcs1.to_der();
    let info = |sealed: &[u8]| {
        with_id(bob.certificate(), |id| recipient::write_key_transport(id, &algorithm, sealed))
    };
    let sealed = |how, key: &[u8]| bob.key().public().encrypt_as(how, key).unwrap();
    let oaep = Decryption::RsaOaep { digest: Digest::Sha256, mask: Digest::Sha256, label: b"" };
    // Padding of another kind, a key of another length, and any number below the modulus.
    let mut wrong = vec![sealed(oaep, &CONTENT_KEY), sealed(Decryption::RsaPkcs1 { length: 16 }, &[7; 16])];
    wrong.extend((1..=20).map(|byte| vec![byte; 256]));
    for sealed in wrong {
        let made_up = open(&[&info(&sealed)], &[opener(&bob)]).unwrap();
        assert!(made_up.len() == 32 && made_up != CONTENT_KEY);
        assert_eq!(open(&[&info(&sealed)], &[opener(&bob)]), Ok(made_up), "the same for the same");
    }
    for length in [0, 255, 257] {
        assert_eq!(open(&[&info(&vec![1; length])], &[opener(&bob)]), Err(ErrorKind::Unauthentic));
    }
}

#[test]
fn oaep_opens_with_whatever_hashes_and_label_its_writer_chose() {
    let bob = own(RSA);
    for (digest, mask, label) in [
        (Digest::Sha1, Digest::Sha1, &b""[..]),
        (Digest::Sha256, Digest::Sha1, b""),
        (Digest::Sha384, Digest::Sha512, b"label"),
    ] {
        let how = Decryption::RsaOaep { digest, mask, label };
        let sealed = bob.key().public().encrypt_as(how, &CONTENT_KEY).unwrap();
        let info = |label: &[u8]| {
            let algorithm = KeyTransport::RsaOaep { digest, mask, label: label.to_vec() }.to_der();
            with_id(bob.certificate(), |id| recipient::write_key_transport(id, &algorithm, &sealed))
        };
        assert_eq!(open(&[&info(label)], &[opener(&bob)]), Ok(CONTENT_KEY.to_vec()));
        assert_eq!(open(&[&info(b"another")], &[opener(&bob)]), Err(ErrorKind::Unauthentic));
    }
}

#[test]
fn a_recipient_named_by_a_key_identifier_is_found_even_by_one_that_was_made_up() {
    let bob = own(KeyKind::P256);
    let given = bob.certificate().subject_key_identifier().unwrap().unwrap();
    let without = without_extensions(bob.certificate());
    let made_up = kek::made_up_id(tlv::key_bits(bob.certificate().public_key_info()).unwrap());
    let named = |id: &[u8], certificate: &Certificate| {
        let shared = agreeing(bob.key(), &CertificateId::KeyId(id.into()), None);
        open(&[&shared], &[Opener::Key(bob.key(), certificate)])
    };
    let key = Ok(CONTENT_KEY.to_vec());
    assert_eq!((named(&given, bob.certificate()), named(&made_up, &without)), (key.clone(), key));
    // What a certificate says counts.
    assert_eq!(named(&made_up, bob.certificate()), Err(ErrorKind::NoKeyFits));
    assert_eq!(named(&[1; 20], bob.certificate()), Err(ErrorKind::NoKeyFits));
    assert_eq!(named(&[1; 20], &without), Err(ErrorKind::NoKeyFits));
    let of_other = Certificate::from_der(own(KeyKind::P256).certificate().as_der()).unwrap();
    assert_eq!(named(&given, &of_other), Err(ErrorKind::NoKeyFits));
}

/// A certificate of old, as if it had been issued so. Its signature is not looked at here.
fn without_extensions(certificate: &Certificate) -> Certificate {
    let mut outer = tlv::only(certificate.as_der(), tlv::SEQUENCE).unwrap().inside();
    let mut tbs = outer.any().unwrap().inside();
    let fields: Vec<_> = std::iter::from_fn(|| tbs.any().ok()).filter(|field| field.tag != 0xa3).collect();
    let tbs = tlv::sequence(&fields.iter().map(|field| field.whole()).collect::<Vec<_>>());
    let rest = [outer.any().unwrap().whole(), outer.any().unwrap().whole()].concat();
    Certificate::from_der(&tlv::sequence(&[&tbs, &rest])).unwrap()
}

/// A key agreement for a recipient, with what the sender's key says about its kind and its bits.
fn agreeing(key: &PrivateKey, id: &CertificateId<'_>, sender: Option<(&[u8], &[u8])>) -> Vec<u8> {
    let how = KeyAgreement { kdf: Kdf::X963(Digest::Sha1), wrap: KeyWrap::Aes(Aes::Aes128) };
    let ephemeral = PrivateKey::generate(key.kind()).unwrap();
    let kek = kek::of_agreement(how, &ephemeral.agree(key.public()).unwrap(), None).unwrap();
    let wrapped = key_wrap::wrap(&kek, &CONTENT_KEY).unwrap();
    let (kind, bits) = sender.unwrap_or((&[], &[]));
    let kind = if kind.is_empty() { kind_of(key) } else { kind.to_vec() };
    let bits = if bits.is_empty() { tlv::key_bits(ephemeral.public().as_der()).unwrap() } else { bits };
    recipient::write_key_agreement(id, (&kind, bits), &how.to_der(), &wrapped)
}

fn kind_of(key: &PrivateKey) -> Vec<u8> {
    let mut info = tlv::only(key.public().as_der(), tlv::SEQUENCE).unwrap().inside();
    info.any().unwrap().whole().to_vec()
}

#[test]
fn a_senders_key_is_of_our_curve_and_on_it() {
    for kind in CURVES {
        let bob = own(kind);
        let with = |kind: &[u8], bits: &[u8]| {
            let info = with_id(bob.certificate(), |id| agreeing(bob.key(), id, Some((kind, bits))));
            open(&[&info], &[opener(&bob)])
        };
        let oid = tlv::wrap(tlv::OID, &[b"\x2a\x86\x48\xce\x3d\x02\x01"]);
        let null = tlv::sequence(&[&oid, &[tlv::NULL, 0]]);
        for right in [&[][..], &tlv::sequence(&[&oid]), &null] {
            assert_eq!(with(right, &[]), Ok(CONTENT_KEY.to_vec()), "{kind}");
        }
        let other = if kind == KeyKind::P256 { KeyKind::P384 } else { KeyKind::P256 };
        let other = kind_of(&PrivateKey::generate(other).unwrap());
        for wrong in
            [&other[..], &tlv::sequence(&[&oid, &[tlv::INTEGER, 1, 0]]), &tlv::sequence(&[&[6, 1, 42]])]
        {
            assert_eq!(with(wrong, &[]), Err(ErrorKind::Malformed), "{kind}");
        }
        let length = tlv::key_bits(bob.key().public().as_der()).unwrap().len();
        let mut off = vec![1; length];
        off[0] = 4;
        for wrong in
            [&off[..], &[0], &off[1..], tlv::key_bits(own(KeyKind::X25519).key().public().as_der()).unwrap()]
        {
            assert_eq!(with(&[], wrong), Err(ErrorKind::Malformed), "{kind}");
        }
    }
    let bob = own(KeyKind::X25519);
    // Of low order: every key agrees with it on zeros.
    let info = with_id(bob.certificate(), |id| agreeing(bob.key(), id, Some((&[], &[0; 32]))));
    assert_eq!(open(&[&info], &[opener(&bob)]), Err(ErrorKind::Malformed));
}

/// RFC 5753 section 7.2 and RFC 8418 section 2.2: it goes into the derivation, and is the salt of HKDF.
#[test]
fn user_keying_material_of_the_sender_counts() {
    let wrap = KeyWrap::Aes(Aes::Aes256);
    for (kind, kdf) in [
        (KeyKind::P384, Kdf::X963(Digest::Sha384)),
        (KeyKind::X25519, Kdf::X963(Digest::Sha256)),
        (KeyKind::X25519, Kdf::Hkdf(Digest::Sha512)),
    ] {
        let (bob, ephemeral) = (own(kind), PrivateKey::generate(kind).unwrap());
        let (shared, info) = (ephemeral.agree(bob.key().public()).unwrap(), shared_info(wrap, Some(b"ukm")));
        let key = match kdf {
            Kdf::X963(digest) => derive::x963(digest, &shared, &info, 32).unwrap(),
            Kdf::Hkdf(digest) => derive::hkdf(digest, &shared, b"ukm", &info, 32).unwrap(),
        };
        let sealed = key_wrap::wrap(&key, &CONTENT_KEY).unwrap();
        let kind = kind_of(&ephemeral);
        let sender = (&kind[..], tlv::key_bits(ephemeral.public().as_der()).unwrap());
        let algorithm = KeyAgreement { kdf, wrap }.to_der();
        let without =
            with_id(bob.certificate(), |id| recipient::write_key_agreement(id, sender, &algorithm, &sealed));
        let mut fields = tlv::only(&without, 0xa1).unwrap().inside();
        let [version, originator, algorithm, keys] = [(); 4].map(|()| fields.any().unwrap().whole());
        let with = |ukm: &[u8]| {
            let ukm = tlv::wrap(0xa1, &[&tlv::wrap(tlv::OCTET_STRING, &[ukm])]);
            let info = tlv::wrap(0xa1, &[version, originator, &ukm, algorithm, keys]);
            open(&[&info], &[opener(&bob)])
        };
        assert_eq!(with(b"ukm"), Ok(CONTENT_KEY.to_vec()));
        assert_eq!(with(b"other"), Err(ErrorKind::Unauthentic));
        assert_eq!(open(&[&without], &[opener(&bob)]), Err(ErrorKind::Unauthentic));
    }
}

#[test]
fn an_encapsulation_is_of_our_kind_with_the_lengths_that_it_must_have() {
    for kind in KEMS {
        let bob = own(kind);
        let made = bob.key().public().encapsulate().unwrap();
        let wrap = KeyWrap::Aes(Aes::Aes256);
        let key = kek::of_encapsulation(Digest::Sha512, &made.shared, wrap, None).unwrap();
        let wrapped = key_wrap::wrap(&key, &CONTENT_KEY).unwrap();
        let with = |kem: KeyKind, ciphertext: &[u8], kek_len, digest| {
            let (kem, kdf, wrap) = (write_kem(kem).unwrap(), write_hkdf(digest), wrap.to_der());
            let made =
                Encapsulating { kem: &kem, ciphertext, kdf: &kdf, kek_len, wrap: &wrap, wrapped: &wrapped };
            let info = with_id(bob.certificate(), |id| recipient::write_encapsulation(id, &made));
            open(&[&info], &[opener(&bob)])
        };
        let right = &made.ciphertext[..];
        assert_eq!(with(kind, right, 32, Digest::Sha512), Ok(CONTENT_KEY.to_vec()));
        assert_eq!(with(kind, right, 32, Digest::Sha256), Err(ErrorKind::Unauthentic));
        for wrong in [&right[1..], &[right, &[0]].concat(), &[]] {
            assert_eq!(with(kind, wrong, 32, Digest::Sha512), Err(ErrorKind::Unauthentic), "{kind}");
        }
        for length in [0, 16, 31, 33, 65_535, 65_536] {
            assert_eq!(with(kind, right, length, Digest::Sha512), Err(ErrorKind::Malformed), "{length}");
        }
        for other in KEMS.into_iter().filter(|other| *other != kind) {
            assert_eq!(with(other, right, 32, Digest::Sha512), Err(ErrorKind::Malformed), "{other}");
        }
    }
}

/// The example of RFC 3217 section 4.1.
#[test]
fn triple_des_unwraps_where_old_things_are_read_and_nowhere_else() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    };
    let content = hex("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98");
    let key = hex("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f");
    let wrapped = hex("690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4");
    let info = recipient::write_kek(b"old", &KeyWrap::TripleDes.to_der(), &wrapped);
    let with = |legacy| open_with(&[&info], &[Opener::Kek { id: b"old", key: &key }], 24, legacy);
    assert_eq!(with(true).unwrap(), content);
    assert_eq!(with(false).unwrap_err().kind(), ErrorKind::Unsupported);
}
