//! Any bytes taken for a certificate request or an SPKAC, or for what its holder signed: no panic, no word lost or forged.
#![no_main]
use bulla::Error;
use bulla::x509::{Request, RequestAttribute, Spkac};
use bulla_fuzz::check_text;
use bulla_fuzz::der::wrap;
use bulla_fuzz::revocation::{KEY, name, signed};

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says where the others stand; no request begins with it.
    [0, attributes @ ..] => {
        let (subject, key) = (name("CN=Bob"), KEY.public());
        let parts = [&[2, 1, 0], subject.as_der(), key.as_der(), &wrap(0xa0, &[attributes])];
        request(&signed(&wrap(0x30, &parts)), true);
    }
    [1, info @ ..] => request(&signed(info), false),
    [2, challenge @ ..] => spkac(&signed(&wrap(0x30, &[KEY.public().as_der(), challenge]))),
    [3, der @ ..] => spkac(der),
    text => {
        request(text, false);
        if let Ok(text) = std::str::from_utf8(text) {
            sound(Request::from_pem(text));
            if let Some(spkac) = sound(Spkac::from_base64(text)) {
                assert!(Spkac::from_base64(&spkac.to_base64()).unwrap() == spkac);
            }
        }
    }
});

/// `ours`: signed with the key that is in it, so that it verifies if it can be read at all.
fn request(der: &[u8], ours: bool) {
    let Some(request) = sound(Request::from_der(der)) else { return };
    assert!(request.as_der() == der);
    assert!(Request::from_pem(&request.to_pem()).unwrap() == request);
    shown(&request.to_string());
    shown(&request.subject().to_string());
    sound(request.public_key());
    sound(request.signature_algorithm());
    let extensions = sound(request.extensions()).unwrap_or_default();
    extensions.iter().for_each(|extension| shown(&extension.to_string()));
    sound(request.expose_challenge_password());
    let mut asked = Vec::new();
    for attribute in request.attributes() {
        match attribute {
            RequestAttribute::Extensions(extensions) => asked.extend(extensions),
            RequestAttribute::ChallengePassword | RequestAttribute::UnstructuredName(_) => {}
            other => assert!(matches!(other, RequestAttribute::Other(..))),
        }
    }
    // One attribute, or an error: never a part of what is asked for.
    assert!(extensions.is_empty() || extensions == asked);
    if let Some(names) = sound(request.alternative_names()) {
        names.iter().for_each(|name| shown(&name.to_string()));
        let known = request.email_addresses().unwrap().len() + request.hosts().unwrap().len();
        assert!(known <= names.len());
    }
    match sound(request.clone().verify()) {
        Some(verified) => {
            assert!(verified.get().as_der() == der && *verified.by() == request.public_key().unwrap())
        }
        None => assert!(!ours, "signed by its own key, and not verified"),
    }
}

fn spkac(der: &[u8]) {
    let Some(spkac) = sound(Spkac::from_der(der)) else { return };
    assert!(spkac.as_der() == der && spkac.challenge().is_ascii());
    shown(&spkac.to_string());
    sound(spkac.public_key());
    let challenge = spkac.challenge().to_owned();
    assert!(spkac.clone().verify(&format!("{challenge}x")).is_err());
    sound(spkac.verify(&challenge));
}

/// A text of lines that nothing in them could have begun.
fn shown(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

/// What succeeded, or nothing: then the error says so in one printable line.
fn sound<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(check_text).ok()
}
