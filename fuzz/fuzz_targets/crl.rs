//! Any bytes taken for a CRL, or for a part of one that is signed: no panic, and what is listed is found, kept and told.
#![no_main]
use bulla::x509::{Certificate, Crl, CrlIssue};
use bulla::{Error, Time, Verified};
use bulla_fuzz::check_text;
use bulla_fuzz::revocation::{CA, KEY, LEAF, NOW, crl, signed};

/// Number 42, revoked.
const ENTRY: &[u8] = b"\x30\x14\x02\x01\x2a\x18\x0f20260101000000Z";

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says where the others stand; no CRL begins with it.
    [0, to_be_signed @ ..] => read(&signed(to_be_signed)),
    [1, entries @ ..] => read(&crl(entries, &[])),
    [2, extensions @ ..] => read(&crl(ENTRY, extensions)),
    text => {
        read(text);
        if let Ok(text) = std::str::from_utf8(text) {
            sound(Crl::all_from_pem(text));
        }
    }
});

fn read(der: &[u8]) {
    let Some(crl) = sound(Crl::from_der(der)) else { return };
    assert!(crl.as_der() == der);
    assert!(Crl::from_pem(&crl.to_pem()).unwrap() == crl);
    fields(&crl);
    entries(&crl);
    // Whoever signed it: the CA does, and if it is named so and can be believed, certificates are looked up.
    let believed = Crl::from_der(&signed(crl.as_signed())).and_then(|crl| crl.verify(&CA));
    let Some(verified) = sound(believed) else { return };
    look_up(&verified);
    let listed = sound(verified.find_certificate(&LEAF));
    if let Some(Some(found)) = &listed {
        assert!(found.serial() == LEAF.serial() && !crl.is_delta() && !crl.has_unknown_critical());
    }
    // What was signed by the CA can be gone on from, and loses nothing.
    if let Some(next) = sound(CrlIssue::by(&CA, &KEY).unwrap().update(verified.get())).map(CrlIssue::sign) {
        let Some(next) = sound(next) else { return };
        assert_eq!(next.revoked().count(), crl.revoked().count());
        let next = next.verify(&CA).unwrap();
        assert!(
            listed.is_none_or(|listed| next.find_certificate(&LEAF).unwrap().is_some() == listed.is_some())
        );
    }
}

fn fields(crl: &Crl) {
    sound(crl.this_update());
    sound(crl.next_update());
    sound(crl.signature_algorithm());
    sound(crl.authority_key_identifier());
    sound(crl.issuing_distribution_point());
    sound(crl.freshest_crl());
    sound(crl.check_current(Time::from_unix(NOW)));
    if let Some(Some(number)) = sound(crl.number()) {
        assert!(number <= number && !number.to_string().is_empty());
    }
    assert!(crl.is_delta() || sound(crl.delta_base()) == Some(None));
    assert!(crl.extensions().count() <= 256 && (1..=2).contains(&crl.version()));
    let _ = crl.issuer().to_string();
}

fn entries(crl: &Crl) {
    for entry in crl.revoked().take(64) {
        sound(entry.at());
        sound(entry.reason());
        sound(entry.invalidity_date());
        sound(entry.certificate_issuer());
        assert!(!entry.has_unknown_critical() || crl.has_unknown_critical());
    }
}

fn look_up(verified: &Verified<Crl, Certificate>) {
    let crl = verified.get();
    let usable = !crl.is_delta() && !crl.has_unknown_critical();
    // Each is looked for in all of them.
    for entry in crl.revoked().take(64) {
        if let Some(found) = sound(verified.find(&entry.serial())) {
            assert!(usable && found.is_none_or(|found| found.serial() == entry.serial()));
        }
    }
}

/// What succeeded, or nothing: then the error says so in one printable line.
fn sound<T>(result: Result<T, Error>) -> Option<T> {
    result.inspect_err(check_text).ok()
}
