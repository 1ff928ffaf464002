//! Requests and SPKACs: what is asked for comes out again, and only the holder of the key can have asked.
use bulla::x509::{Extension, Name, Profile, Request, RequestAttribute, Spkac};
use bulla::{ErrorKind, KeyKind, PrivateKey, Result};

use crate::{key, name, refused, root};

const KINDS: [KeyKind; 4] = [KeyKind::RSA_3072, KeyKind::P384, KeyKind::Ed25519, KeyKind::MlDsa44];

#[test]
fn what_is_asked_for_comes_out_again() {
    let key = key();
    let staple = || Extension::new("1.3.6.1.5.5.7.1.24".parse().unwrap(), false, vec![0x30, 3, 2, 1, 5]);
    let request = Request::builder(&key)
        .subject(&name("CN=Bob,O=Example"))
        .email(&"bob@example.org".parse().unwrap())
        .email(&"Zoë@example.org".parse().unwrap())
        .host("*.Example.org")
        .host("2001:db8::1")
        .challenge_password("pass*word")
        .extension(staple())
        .sign()
        .unwrap();
    let request = Request::from_pem(&format!("Request:\n{}", request.to_pem())).unwrap();
    assert_eq!((request.version(), request.subject()), (1, name("CN=Bob,O=Example")));
    let addresses: Vec<String> = request.email_addresses().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["bob@example.org", "Zoë@example.org"]);
    assert_eq!(request.hosts().unwrap(), ["*.example.org", "2001:db8::1"]);
    assert_eq!(request.alternative_names().unwrap().len(), 4);
    assert_eq!(request.extensions().unwrap().first(), Some(&staple()));
    assert_eq!(request.expose_challenge_password().unwrap().unwrap().as_str(), "pass*word");
    let attributes: Vec<RequestAttribute> = request.attributes().collect();
    assert!(attributes.contains(&RequestAttribute::ChallengePassword));
    assert!(attributes.contains(&RequestAttribute::Extensions(request.extensions().unwrap())));
    assert!(!format!("{request:?} {attributes:?}").contains("pass*word"));
    let verified = request.clone().verify().unwrap();
    assert_eq!((verified.by(), verified.get()), (key.public(), &request));
}

#[test]
fn without_a_subject_it_is_the_first_name() {
    let key = key();
    let one = Request::builder(&key).host("www.example.org").sign().unwrap();
    assert_eq!(one.subject(), name("CN=www.example.org"));
    assert_eq!(one.expose_challenge_password().unwrap(), None);
    let two = Request::builder(&key).subject(&name("CN=Bob")).sign().unwrap();
    assert!(two.alternative_names().unwrap().is_empty() && two.attributes().next().is_none());
    refused(Request::builder(&key).sign(), "asks for no name");
    refused(Request::builder(&key).subject(&name("CN=x")).challenge_password("").sign(), "empty or too long");
    assert!(Request::builder(&key).host("www example").sign().is_err());
    let twice = || Extension::new("1.2.3".parse().unwrap(), false, vec![5, 0]);
    let asked = Request::builder(&key).subject(&name("CN=x")).extension(twice()).extension(twice());
    refused(asked.sign(), "there twice");
}

#[test]
fn every_bit_of_a_request_is_signed() {
    for kind in KINDS {
        let key = PrivateKey::generate(kind).unwrap();
        let request = Request::builder(&key).host("www.example.org").sign().unwrap();
        assert!(request.clone().verify().is_ok(), "{kind}");
        let der = request.as_der();
        // Each seventh byte, so that all fields have their turn.
        for at in (0..der.len()).step_by(7) {
            let mut bad = der.to_vec();
            bad[at] ^= 1;
            let opened = Request::from_der(&bad).and_then(Request::verify);
            assert!(opened.is_err(), "{kind}: byte {at} of {}", der.len());
        }
    }
}

#[test]
fn a_certificate_takes_the_key_of_a_request_and_no_name() {
    let (root, key) = (root(), key());
    let request = Request::builder(&key).subject(&name("CN=Bank")).host("bank.example").sign().unwrap();
    let profile = Profile::tls_server(&["www.example.org"]).unwrap();
    let leaf = root.from_request(profile, &request.verify().unwrap()).unwrap().sign().unwrap();
    assert_eq!(leaf.public_key().unwrap(), *key.public());
    assert_eq!(leaf.subject(), name("CN=www.example.org"));
    assert_eq!(leaf.alternative_names().unwrap().len(), 1);
}

#[test]
fn a_key_that_only_encrypts_asks_in_another_way() {
    for kind in [KeyKind::X25519, KeyKind::MlKem768] {
        let key = PrivateKey::generate(kind).unwrap();
        let request = Request::builder(&key).email(&"bob@example.org".parse().unwrap()).sign();
        refused(request, "give the public key itself to the issuer");
        assert_eq!(Spkac::sign(&key, "").unwrap_err().kind(), ErrorKind::Usage);
        // That other way.
        let leaf = root().email(key.public(), &["bob@example.org".parse().unwrap()]).unwrap().sign().unwrap();
        let usage = if kind == KeyKind::X25519 { "Key Agreement" } else { "Key Encipherment" };
        assert_eq!(leaf.key_usage().unwrap().unwrap().to_string(), usage);
        refused(root().tls_server(key.public(), &["www.example.org"]).unwrap().sign(), "cannot sign");
        refused(root().intermediate(&name("CN=x"), key.public(), 0).unwrap().sign(), "cannot sign");
    }
}

#[test]
fn an_spkac_answers_one_challenge() {
    for kind in KINDS {
        let key = PrivateKey::generate(kind).unwrap();
        let spkac = Spkac::sign(&key, "4711").unwrap();
        assert_eq!(spkac.challenge(), "4711");
        let text = format!("SPKAC={}\nCN=Bob\n", spkac.to_base64());
        let again = Spkac::from_base64(&text).unwrap();
        assert_eq!(again, spkac);
        // As forms broke it.
        let broken = spkac
            .to_base64()
            .as_bytes()
            .chunks(64)
            .map(|line| format!("{}\r\n", str::from_utf8(line).unwrap()))
            .collect::<String>();
        assert_eq!(Spkac::from_base64(&broken).unwrap(), spkac);
        assert_eq!(again.clone().verify("4711").unwrap().by(), key.public());
        for wrong in ["", "4712", "47111"] {
            assert_eq!(again.clone().verify(wrong).unwrap_err().kind(), ErrorKind::Unauthentic);
        }
        let der = spkac.as_der();
        for at in (0..der.len()).step_by(7) {
            let mut bad = der.to_vec();
            bad[at] ^= 1;
            assert!(Spkac::from_der(&bad).and_then(|bad| bad.verify("4711")).is_err(), "{kind}: byte {at}");
        }
    }
    refused(Spkac::sign(&key(), "ü"), "not ASCII");
    assert!(!format!("{:?}", Spkac::sign(&key(), "4711").unwrap()).contains("4711"));
}

/// A request without a name, and with attributes that were put together by hand.
pub(crate) fn request_with(key: &PrivateKey, attributes: &[u8]) -> Result<Request> {
    request_of(0, key, attributes)
}

fn request_of(version: u8, key: &PrivateKey, attributes: &[u8]) -> Result<Request> {
    // Of its algorithm we need to know only how it is called.
    let other = Request::builder(key).host("www.example.org").sign().unwrap();
    let info_end = other.as_der().len() - other.signature().len();
    let algorithm = match key.kind() {
        KeyKind::Ed25519 => wrap(0x30, &wrap(6, &[0x2b, 0x65, 0x70])),
        _ => wrap(0x30, &wrap(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])),
    };
    assert!(other.as_der()[..info_end].windows(algorithm.len()).any(|window| window == algorithm));
    let subject = Name::new(&[]).unwrap();
    let parts = [&[2, 1, version][..], subject.as_der(), key.public().as_der(), &wrap(0xa0, attributes)];
    let info = wrap(0x30, &parts.concat());
    let signature = wrap(3, &[&[0], &key.sign_plain(&info).unwrap()[..]].concat());
    Request::from_der(&wrap(0x30, &[info, algorithm, signature].concat()))
}

#[test]
fn a_request_of_a_version_that_there_is_not_is_read_and_not_believed() {
    for (version, verified) in
        [(0, Ok(())), (1, Err(ErrorKind::Unsupported)), (9, Err(ErrorKind::Unsupported))]
    {
        let request = request_of(version, &key(), &[]).unwrap();
        assert_eq!(request.version(), u32::from(version) + 1);
        assert_eq!(request.verify().map(drop).map_err(|error| error.kind()), verified, "{version}");
    }
}

#[test]
fn a_request_that_is_odd_in_one_place_is_read_in_the_others() {
    let key = key();
    let attribute = |id: &[u8], value: &[u8]| wrap(0x30, &[wrap(6, id), wrap(0x31, value)].concat());
    let id = |last: u8| [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9][..], &[last]].concat();
    let extension = wrap(0x30, &wrap(0x30, &[wrap(6, &[0x2a, 3]), wrap(4, b"x")].concat()));
    let make = |attributes: &[Vec<u8>]| request_with(&key, &attributes.concat()).unwrap();
    let good = make(&[attribute(&id(14), &extension), attribute(&id(2), &wrap(0x0c, b"loose"))]);
    assert_eq!(good.extensions().unwrap().len(), 1);
    assert_eq!(good.attributes().nth(1), Some(RequestAttribute::UnstructuredName("loose".into())));
    assert!(good.verify().is_ok());

    let twice = make(&[attribute(&id(14), &extension), attribute(&id(14), &extension)]);
    assert_eq!(twice.extensions().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(twice.attributes().count(), 2);
    assert!(twice.verify().is_ok());
    let one_twice = make(&[attribute(&id(14), &wrap(0x30, &extension[2..].repeat(2)))]);
    assert_eq!(one_twice.extensions().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(one_twice.alternative_names().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(one_twice.attributes().count(), 1);
    let none = make(&[
        attribute(&id(14), &[]),
        attribute(&id(7), &wrap(2, &[1])),
        attribute(&[0x2a, 3], &[5, 0, 5, 0]),
    ]);
    assert_eq!(none.extensions().unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(none.expose_challenge_password().unwrap_err().kind(), ErrorKind::Malformed);
    let values = vec![vec![5, 0]; 2];
    assert_eq!(none.attributes().last(), Some(RequestAttribute::Other("1.2.3".parse().unwrap(), values)));
    assert!(none.subject().is_empty());
}

pub(crate) fn wrap(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = match value.len() {
        short @ 0..0x80 => vec![short as u8],
        long @ 0x80..0x100 => vec![0x81, long as u8],
        long @ 0x100..0x1_0000 => vec![0x82, (long >> 8) as u8, long as u8],
        long => vec![0x83, (long >> 16) as u8, (long >> 8) as u8, long as u8],
    };
    [&[tag][..], &length, value].concat()
}
