//! Any bytes taken for a certificate, or for the extensions of one that a CA signed: no panic, and nothing is lost.
#![no_main]
use bulla::x509::{
    Certificate, Extension, ExtensionValue, Name, Purpose, Revocation, TrustAnchors, Validation,
};
use bulla::{Error, Time};
use bulla_fuzz::check_text;
use bulla_fuzz::revocation::{CA, NOW, certificate};

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says where the others stand; no certificate begins with it.
    [0, extensions @ ..] => judge(&certificate(7, extensions)),
    [1, name @ ..] => {
        if let Some(name) = sound(Name::from_der(name)) {
            names(&name);
        }
    }
    [2, text @ ..] => {
        if let Some(name) = std::str::from_utf8(text).ok().and_then(|text| sound(text.parse())) {
            names(&name);
        }
    }
    text => {
        if let Some(certificate) = sound(Certificate::from_der(text)) {
            assert!(certificate.as_der() == text);
            judge(&certificate);
        }
        if let Ok(text) = std::str::from_utf8(text) {
            sound(Certificate::all_from_pem(text));
        }
    }
});

fn names(name: &Name) {
    let again = Name::from_der(name.as_der()).unwrap();
    assert!(again == *name && again.openssl_hash() == name.openssl_hash());
    assert!(name.to_string().chars().all(|c| !c.is_control()), "{name}");
    // What is shown can be read, unless it has something that bulla would not write.
    if let Ok(read) = name.to_string().parse::<Name>() {
        assert_eq!(read, *name);
    }
}

fn judge(certificate: &Certificate) {
    assert!(Certificate::from_pem(&certificate.to_pem()).unwrap() == *certificate);
    names(&certificate.subject());
    sound(certificate.not_before());
    sound(certificate.not_after());
    sound(certificate.public_key());
    sound(certificate.signature_algorithm());
    for extension in certificate.extensions() {
        sound(extension.decode());
    }
    let anchors = TrustAnchors::new([CA.clone()]).unwrap();
    let validation = Validation::new(Purpose::Any, Revocation::Off).at(Time::from_unix(NOW));
    if let Some(trusted) = sound(validation.validate(certificate, &anchors)) {
        // Only what the CA signed, or is, and what it can be read to say.
        assert!(trusted.get().issuer() == CA.subject());
        let understood = |extension: &Extension| match extension.decode() {
            Ok(value) => !extension.is_critical() || value != ExtensionValue::Other,
            Err(_) => !extension.is_critical(),
        };
        assert!(certificate.extensions().all(|extension| understood(&extension)));
    }
    let shown = certificate.to_string();
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
}

/// What succeeded, or nothing: then the error says so in one printable line.
fn sound<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(check_text).ok()
}
