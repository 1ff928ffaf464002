//! Any bytes taken for an OCSP response, or for a part of one that is signed: no panic, and nothing is believed that is not said.
#![no_main]
use bulla::x509::OcspResponse;
use bulla::{Error, Time};
use bulla_fuzz::check_text;
use bulla_fuzz::revocation::{CA, LEAF, NOW, certificate, response, response_data};

/// The answer that the CA's number 42 is good, from CertID to nextUpdate: a seed of the same name is this.
const GOOD: &[u8] = include_bytes!("../seeds/ocsp/answer_good");

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says where the others stand; no response begins with it.
    [0, data @ ..] => read(&response(data, &[])),
    [1, answers @ ..] => read(&response(&response_data("CN=CA", answers, &[]), &[])),
    [2, extensions @ ..] => read(&response(&response_data("CN=CA", &GOOD[1..], extensions), &[])),
    [3, certificates @ ..] =>
        read(&response(&response_data("CN=Responder", &GOOD[1..], &[]), &[certificates])),
    [4, extensions @ ..] => {
        let responder = certificate(7, extensions);
        read(&response(&response_data("CN=Responder", &GOOD[1..], &[]), &[responder.as_der()]));
    }
    der => read(der),
});

fn read(der: &[u8]) {
    let Some(response) = sound(OcspResponse::from_der(der)) else { return };
    assert!(response.as_der() == der);
    sound(response.responder());
    sound(response.produced_at());
    sound(response.nonce());
    sound(response.signature_algorithm());
    let answers: Vec<_> = response.answers().filter_map(sound).collect();
    assert!(response.answers().count() <= 64 && response.certificates().count() <= 16);
    response.certificates().for_each(|certificate| drop(sound(certificate)));
    assert!(response.extensions().count() <= 256 && !response.status().to_string().is_empty());
    if let Some(checked) = sound(response.check(&LEAF, &CA, Time::from_unix(NOW))) {
        assert!(answers.contains(checked.get()) && checked.get().serial == LEAF.serial());
        assert!(checked.get().this_update.unix() <= NOW + 300);
    }
}

/// What succeeded, or nothing: then the error says so in one printable line.
fn sound<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(check_text).ok()
}
